//! BGP instances.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::{Family, Neighbor, PeerId};
use crate::word::{Asn, Name, RouteDistinguisher, RouteTarget, Vni, VrfName};

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
