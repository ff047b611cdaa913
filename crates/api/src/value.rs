//! The words of the custom resources as types: what parses here is safe to hand on, to FRR and to the kernel.

mod address;
mod community;
mod duration;
mod name;
mod number;
mod password;
mod route_target;

pub use address::{
    AddressRange, parse_cidr, parse_ip, parse_ipv4, parse_ipv4_cidr, parse_ipv6, parse_ipv6_cidr,
};
pub use community::{Community as CommunityValue, parse_alias, parse_community_or_alias};
pub use duration::parse_duration;
pub use name::{HostVrfName, LinkName, ProfileName, VrfName, parse_object_name};
pub use number::{Vni, parse_asn};
pub use password::{Password, Secret};
pub use route_target::{Administrator, RouteTarget};
