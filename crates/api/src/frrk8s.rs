//! `frrk8s.metallb.io/v1beta1`: the host's BGP speaker, as a person configures it and as it is.

mod advertise;
mod bgp_session_state;
mod evpn;
mod frr_configuration;
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own in the resource"
)]
mod neighbor;
mod receive;

pub use advertise::{Advertise, Allowed, CommunityPrefixes, LocalPrefPrefixes, Mode, NextHop};
pub use bgp_session_state::{BgpSessionState, BgpSessionStateSpec, BgpSessionStateStatus};
pub use evpn::{AdvertiseVnis, Evpn, EvpnL2vni, EvpnL3vni, EvpnPrefixes};
pub use frr_configuration::{
    Bgp, FrrConfiguration, FrrConfigurationSpec, Import, NamedBfdProfile, Raw, Router,
};
pub use neighbor::{AddressFamily, Neighbor};
pub use receive::{PrefixSelector, Receive, ReceiveAllowed};
