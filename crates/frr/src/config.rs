//! The typed configuration of one FRR instance. Values only: what it says, not how it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::word::{
    Asn, Description, Hostname, InterfaceName, LargeCommunity, Name, Password, RawLine,
    RouteDistinguisher, RouteTarget, StandardCommunity, Vni, VrfName, WordError,
};

/// Everything one FRR instance is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The name in BGP's host name capability; the system's when absent.
    pub hostname: Option<Hostname>,
    /// What zebra knows of the VRF devices.
    pub vrfs: BTreeMap<VrfName, Vrf>,
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
}

/// Whether a rule lets a route through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Accept.
    #[default]
    Permit,
    /// Reject.
    Deny,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        })
    }
}

/// One rule of a prefix-list. Its prefix is of the list's family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixRule {
    /// What happens to a prefix that matches.
    pub action: Action,
    /// The prefix that covers those that match.
    pub net: IpNet,
    /// The shortest length that matches.
    pub ge: Option<u8>,
    /// The longest length that matches.
    pub le: Option<u8>,
}

impl PrefixRule {
    /// Exactly this prefix.
    pub fn exact(action: Action, net: IpNet) -> Self {
        Self {
            action,
            net,
            ge: None,
            le: None,
        }
    }

    /// Every prefix of a family.
    pub fn any(action: Action, family: Family) -> Self {
        let (net, le) = match family {
            Family::Ipv4 => (IpNet::from(ipnet::Ipv4Net::default()), 32),
            Family::Ipv6 => (IpNet::from(ipnet::Ipv6Net::default()), 128),
        };
        Self {
            action,
            net,
            ge: None,
            le: Some(le),
        }
    }
}

/// One entry of a route-map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteMapEntry {
    /// What happens to a route that matches.
    pub action: Action,
    /// What a route must be; an empty one matches all.
    pub matches: Matches,
    /// What is changed in the route.
    pub sets: Sets,
    /// Go on with the next entry instead of ending here.
    pub on_match_next: bool,
}

/// The conditions of a route-map entry. All must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// An IPv4 route whose prefix this list permits.
    pub ipv4_prefix_list: Option<Name>,
    /// An IPv6 route whose prefix this list permits.
    pub ipv6_prefix_list: Option<Name>,
    /// The mark set by the route's own route-map.
    pub tag: Option<u32>,
}

/// The changes of a route-map entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    /// A mark that stays in this router: BGP does not carry it.
    pub tag: Option<u32>,
    /// Communities to add.
    pub communities: BTreeSet<StandardCommunity>,
    /// Large communities to add.
    pub large_communities: BTreeSet<LargeCommunity>,
    /// The preference inside the AS.
    pub local_preference: Option<u32>,
    /// The next hop of IPv4 routes.
    pub ipv4_next_hop: Option<Ipv4Addr>,
    /// The global next hop of IPv6 routes.
    pub ipv6_next_hop: Option<Ipv6Addr>,
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

/// A BGP instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Router {
    /// Its AS number. Another one is another instance: FRR cannot change it.
    pub asn: Asn,
    /// Its identifier; FRR chooses one when absent.
    pub router_id: Option<Ipv4Addr>,
    /// Graceful restart of the whole instance.
    pub graceful_restart: Option<GracefulRestart>,
    /// Its peers.
    pub neighbors: BTreeMap<PeerId, Neighbor>,
    /// The prefixes it originates, each with the route-map that marks it.
    pub networks: BTreeMap<IpNet, Option<Name>>,
    /// The rest of IPv4 unicast.
    pub ipv4: Unicast,
    /// The rest of IPv6 unicast.
    pub ipv6: Unicast,
    /// EVPN, when it takes part in it.
    pub evpn: Option<Evpn>,
}

impl Router {
    /// An instance that does nothing yet.
    pub fn new(asn: Asn) -> Self {
        Self {
            asn,
            router_id: None,
            graceful_restart: None,
            neighbors: BTreeMap::new(),
            networks: BTreeMap::new(),
            ipv4: Unicast::default(),
            ipv6: Unicast::default(),
            evpn: None,
        }
    }
}

/// Graceful restart of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GracefulRestart {
    /// Offer it to every peer, not only to those that ask for it themselves.
    pub enabled: bool,
    /// Seconds that peers keep the routes; 120 when absent.
    pub restart_time: Option<u16>,
    /// Say that forwarding went on during the restart.
    pub preserve_forwarding: bool,
}

/// A unicast family of an instance, beside its networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unicast {
    /// VRFs whose routes are taken over; `None` is the default VRF.
    pub imports: BTreeSet<Option<VrfName>>,
    /// Sources of other routes that are originated.
    pub redistribute: BTreeMap<Source, Option<Name>>,
}

/// Where redistributed routes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Prefixes of the interfaces.
    Connected,
    /// The kernel's table.
    Kernel,
    /// Static routes of FRR.
    Static,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected",
            Self::Kernel => "kernel",
            Self::Static => "static",
        })
    }
}

/// EVPN of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evpn {
    /// Announce every VNI of the kernel (the underlay's instance).
    pub advertise_all_vni: bool,
    /// Announce the addresses of the bridges.
    pub advertise_svi_ip: bool,
    /// Families of this VRF whose routes are announced as type 5.
    pub advertise: BTreeSet<Family>,
    /// Rd and route targets of this VRF.
    pub targets: Targets,
    /// Rd and route targets of single layer-2 VNIs (the underlay's instance).
    pub vnis: BTreeMap<Vni, Targets>,
}

/// A route distinguisher and route targets; FRR derives what is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// The route distinguisher.
    pub rd: Option<RouteDistinguisher>,
    /// What is imported.
    pub import: BTreeSet<RouteTarget>,
    /// What is attached. A wildcard has no meaning here and FRR refuses it.
    pub export: BTreeSet<RouteTarget>,
}

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
