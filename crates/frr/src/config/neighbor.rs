//! The peers of BGP instances.

use std::fmt;
use std::net::IpAddr;

use crate::word::{Asn, Description, InterfaceName, Name, Password};

/// Who a peer is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerId {
    /// A peer with an address.
    Address(IpAddr),
    /// The one peer behind an interface (unnumbered).
    Interface(InterfaceName),
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Interface(interface) => interface.fmt(f),
        }
    }
}

/// The AS a peer must be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteAs {
    /// This one.
    Number(Asn),
    /// Our own.
    Internal,
    /// Any other than our own.
    External,
}

impl fmt::Display for RemoteAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(asn) => asn.fmt(f),
            Self::Internal => f.write_str("internal"),
            Self::External => f.write_str("external"),
        }
    }
}

/// A peer of a BGP instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// Its AS.
    pub remote_as: RemoteAs,
    /// The AS we show to it instead of our own.
    pub local_as: Option<Asn>,
    /// Free text.
    pub description: Option<Description>,
    /// The port it listens on; 179 when absent.
    pub port: Option<u16>,
    /// The TCP MD5 password.
    pub password: Option<Password>,
    /// Where our side of the session starts.
    pub source: Option<UpdateSource>,
    /// It may be more than one hop away.
    pub ebgp_multihop: bool,
    /// It may be reached otherwise than by a connected route.
    pub disable_connected_check: bool,
    /// Hold and keepalive times; FRR's (180 and 60 s) when absent.
    pub timers: Option<Timers>,
    /// Seconds between attempts to connect; FRR's (120) when absent.
    pub connect_time: Option<u16>,
    /// Whether BFD watches it.
    pub bfd: Bfd,
    /// Offer graceful restart to it.
    pub graceful_restart: bool,
    /// IPv4 unicast, when spoken with it.
    pub ipv4: Option<NeighborFamily>,
    /// IPv6 unicast, when spoken with it.
    pub ipv6: Option<NeighborFamily>,
    /// EVPN, when spoken with it.
    pub evpn: Option<NeighborFamily>,
}

impl Neighbor {
    /// A peer with which no family is spoken yet.
    pub fn new(remote_as: RemoteAs) -> Self {
        Self {
            remote_as,
            local_as: None,
            description: None,
            port: None,
            password: None,
            source: None,
            ebgp_multihop: false,
            disable_connected_check: false,
            timers: None,
            connect_time: None,
            bfd: Bfd::Off,
            graceful_restart: false,
            ipv4: None,
            ipv6: None,
            evpn: None,
        }
    }
}

/// Where our side of a session starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateSource {
    /// This address.
    Address(IpAddr),
    /// The address of this interface.
    Interface(InterfaceName),
}

impl fmt::Display for UpdateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Interface(interface) => interface.fmt(f),
        }
    }
}

/// The times of a session, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Silence after which the session is down; 0 is never.
    pub hold: u16,
    /// Between two signs of life.
    pub keepalive: u16,
}

/// Whether BFD watches a peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Bfd {
    /// No.
    #[default]
    Off,
    /// With FRR's defaults.
    Default,
    /// As a profile says.
    Profile(Name),
}

/// A family spoken with a peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NeighborFamily {
    /// What is done with what it sends.
    pub route_map_in: Option<Name>,
    /// What is done with what we send.
    pub route_map_out: Option<Name>,
    /// Accept routes that went through our own AS.
    pub allowas_in: bool,
    /// Send ourselves as the next hop.
    pub next_hop_self: bool,
    /// More prefixes than this end the session.
    pub maximum_prefix: Option<u32>,
}
