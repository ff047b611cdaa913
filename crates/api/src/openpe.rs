//! `openpe.openperouter.github.io/v1alpha1`: the provider edge, its underlay and its overlays.

mod l2vni;
mod l3vni;
mod neighbor;
mod underlay;

pub use l2vni::{HostMaster, HostMasterType, L2vni, L2vniSpec};
pub use l3vni::{HostSession, L3vni, L3vniSpec, LocalCidr};
pub use neighbor::Neighbor;
pub use underlay::{Evpn, Underlay, UnderlaySpec};

/// The port of VXLAN when a VNI names none.
pub const DEFAULT_VXLAN_PORT: u16 = 4789;

/// What the name of a VNI without `vrf` must be, as a rule on the whole object.
const VRF_OR_NAME: &str = "has(self.spec.vrf) || (self.metadata.name.size() <= 15 && self.metadata.name.matches('^[a-zA-Z][a-zA-Z0-9_-]*$') && !(self.metadata.name in ['all', 'default', 'lo', 'vrf']) && !self.metadata.name.matches('^(br-hs-|br-pe-|host-|pe-|vni)[0-9]+$'))";
const NAMES_VRF: &str = "an object without spec.vrf names its VRF: at most 15 letters, digits, '_' and '-', a letter first, and not a reserved name";

fn default_vxlan_port() -> u16 {
    DEFAULT_VXLAN_PORT
}
