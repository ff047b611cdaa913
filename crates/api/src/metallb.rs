//! `metallb.io`: pools of addresses, and who hears of them.

mod bfd_profile;
mod bgp_advertisement;
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own in the resource"
)]
mod bgp_peer;
mod community;
mod ip_address_pool;
mod l2_advertisement;

pub use bfd_profile::{BfdProfile, BfdProfileSpec};
pub use bgp_advertisement::{BgpAdvertisement, BgpAdvertisementSpec};
pub use bgp_peer::{BgpPeer, BgpPeerSpec, DynamicAsn, SecretReference};
pub use community::{Community, CommunityAlias, CommunitySpec};
pub use ip_address_pool::{
    IpAddressPool, IpAddressPoolSpec, IpAddressPoolStatus, ServiceAllocation,
};
pub use l2_advertisement::{L2Advertisement, L2AdvertisementSpec, NodePreference};
