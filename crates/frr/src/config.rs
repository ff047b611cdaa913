//! The typed configuration of one FRR instance. Values only: what it says, not how it is written.

mod neighbor;
mod policy;
mod route;
mod router;

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use crate::word::{Hostname, Name, RawLine, Vni, VrfName, WordError};

pub use neighbor::{Bfd, Neighbor, NeighborFamily, PeerId, RemoteAs, Timers, UpdateSource};
pub use policy::{Action, Matches, PrefixRule, RouteMapEntry, Sets};
pub use route::{NextHop, StaticRoute};
pub use router::{Evpn, GracefulRestart, Router, Source, Targets, Unicast};

/// Everything one FRR instance is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The name in BGP's host name capability; the system's when absent.
    pub hostname: Option<Hostname>,
    /// What zebra knows of the VRF devices.
    pub vrfs: BTreeMap<VrfName, Vrf>,
    /// Static routes of the default VRF.
    pub static_routes: BTreeMap<IpNet, StaticRoute>,
    /// Prefix-lists by family and name, their rules by sequence number.
    pub prefix_lists: BTreeMap<(Family, Name), BTreeMap<u32, PrefixRule>>,
    /// Route-maps by name, their entries by sequence number.
    pub route_maps: BTreeMap<Name, BTreeMap<u16, RouteMapEntry>>,
    /// BFD profiles by name.
    pub bfd_profiles: BTreeMap<Name, BfdProfile>,
    /// BGP instances; `None` is the default VRF's.
    pub routers: BTreeMap<Option<VrfName>, Router>,
    /// Free configuration, in this order, after everything else.
    pub raw: Vec<RawSnippet>,
}

/// An IP family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        })
    }
}

impl Family {
    /// The family of a prefix.
    pub fn of(net: &IpNet) -> Self {
        match net {
            IpNet::V4(_) => Self::Ipv4,
            IpNet::V6(_) => Self::Ipv6,
        }
    }
}

/// A VRF as zebra sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vrf {
    /// The layer-3 VNI that carries this VRF's routes.
    pub l3vni: Option<Vni>,
    /// Its static routes.
    pub static_routes: BTreeMap<IpNet, StaticRoute>,
}

/// A BFD profile. What is absent is FRR's default (300 ms, 300 ms, 3, echo 50 ms).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BfdProfile {
    /// Least milliseconds between packets that are received.
    pub receive_interval: Option<u32>,
    /// Milliseconds between packets that are sent.
    pub transmit_interval: Option<u32>,
    /// Packets that may be lost.
    pub detect_multiplier: Option<u8>,
    /// Milliseconds between echo packets, both ways.
    pub echo_interval: Option<u32>,
    /// Whether echo packets are used.
    pub echo_mode: bool,
    /// Wait for the other side to begin.
    pub passive_mode: bool,
    /// The least TTL of a multihop packet.
    pub minimum_ttl: Option<u8>,
}

/// Free configuration of one origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawSnippet {
    /// Its lines, context lines among them.
    pub lines: Vec<RawLine>,
}

impl RawSnippet {
    /// Splits a text into lines; a tab counts as a space, a carriage return at a line's end is
    /// dropped, empty lines are too.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let text = text.replace('\t', " ");
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty());
        Ok(Self {
            lines: lines.map(str::parse).collect::<Result<_, _>>()?,
        })
    }
}
