//! Words that may stand in FRR's configuration: values that were checked once, at the edge.
//!
//! A newline in a password or a space in a VRF name would be another command. Every type here
//! renders to exactly one word of one line (a [`Description`] and a [`RawLine`] to one line).

mod bgp;
mod error;
mod text;

pub use bgp::{
    Asn, Community, LargeCommunity, RouteDistinguisher, RouteTarget, StandardCommunity, Vni,
};
pub use error::WordError;
pub use text::{Description, Hostname, InterfaceName, Name, Password, RawLine, VrfName};
