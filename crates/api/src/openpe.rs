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

fn default_vxlan_port() -> u16 {
    DEFAULT_VXLAN_PORT
}
