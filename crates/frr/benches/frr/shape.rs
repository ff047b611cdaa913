//! The configurations: one peer and N services, as ferroute and as MetalLB write them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ferroute_frr::config::{
    Action, Config, Family, Matches, Neighbor, NeighborFamily, PeerId, PrefixRule, RawSnippet,
    RemoteAs, RouteMapEntry, Router, Sets,
};
use ferroute_frr::word::{Asn, Name};
use ipnet::IpNet;

use crate::peer;

/// Who writes like this.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A `network` line with a mark for each service; the peer's route-map looks at the mark.
    Ferroute,
    /// A `network` line and a rule of the peer's prefix-list for each service, numbered without gaps.
    MetalLb,
    /// Routes of a kernel table, redistributed: nothing for each service.
    Table,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ferroute => "ferroute",
            Self::MetalLb => "MetalLB",
            Self::Table => "kernel table",
        })
    }
}

/// The kernel table of [`Shape::Table`].
pub(crate) const TABLE: u32 = 900;

/// The address of the n-th service.
pub(crate) fn service(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(172, 30, 0, 0)) + n)
}

impl Shape {
    /// With these services, by number.
    pub(crate) fn config(self, services: &[u32]) -> Config {
        let mut config = Config::default();
        let mut router = Router::new(Asn::try_from(65000).unwrap());
        router.router_id = Some(Ipv4Addr::new(10, 0, 0, 1));
        router.neighbors = [(peer_id(), neighbor())].into();
        match self {
            Self::Ferroute => marked(&mut config, &mut router, services),
            Self::MetalLb => listed(&mut config, &mut router, services),
            Self::Table => redistributed(&mut config),
        }
        config.routers.insert(None, router);
        config
    }
}

fn peer_id() -> PeerId {
    PeerId::Address(peer::ADDRESS.parse().unwrap())
}

fn neighbor() -> Neighbor {
    let mut neighbor = Neighbor::new(RemoteAs::External);
    neighbor.connect_time = Some(1);
    neighbor.ipv4 = Some(NeighborFamily {
        route_map_out: Some(name("out")),
        ..NeighborFamily::default()
    });
    neighbor
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn net(n: u32) -> IpNet {
    IpAddr::from(service(n)).into()
}

fn only(entry: RouteMapEntry) -> BTreeMap<u16, RouteMapEntry> {
    [(1, entry)].into()
}

fn community() -> Sets {
    Sets {
        communities: ["65000:1".parse().unwrap()].into(),
        ..Sets::default()
    }
}

fn marked(config: &mut Config, router: &mut Router, services: &[u32]) {
    let networks = services.iter().map(|n| (net(*n), Some(name("mark"))));
    router.networks = networks.collect();
    let tag = Some(1);
    let sets = Sets {
        tag,
        ..Sets::default()
    };
    let mark = RouteMapEntry {
        sets,
        ..RouteMapEntry::default()
    };
    let matches = Matches {
        tag,
        ..Matches::default()
    };
    let out = RouteMapEntry {
        matches,
        sets: community(),
        ..RouteMapEntry::default()
    };
    config.route_maps = [(name("mark"), only(mark)), (name("out"), only(out))].into();
}

fn listed(config: &mut Config, router: &mut Router, services: &[u32]) {
    router.networks = services.iter().map(|n| (net(*n), None)).collect();
    let rules = services
        .iter()
        .zip(1..)
        .map(|(n, seq)| (seq, PrefixRule::exact(Action::Permit, net(*n))));
    config.prefix_lists = [((Family::Ipv4, name("services")), rules.collect())].into();
    let matches = Matches {
        ipv4_prefix_list: Some(name("services")),
        ..Matches::default()
    };
    let out = RouteMapEntry {
        matches,
        sets: community(),
        ..RouteMapEntry::default()
    };
    config.route_maps = [(name("out"), only(out))].into();
}

fn redistributed(config: &mut Config) {
    let out = RouteMapEntry {
        sets: community(),
        ..RouteMapEntry::default()
    };
    config.route_maps = [(name("out"), only(out))].into();
    let raw = format!(
        "router bgp 65000\n address-family ipv4 unicast\n  redistribute table-direct {TABLE}\n"
    );
    config.raw = vec![RawSnippet::parse(&raw).unwrap()];
}
