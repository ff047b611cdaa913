//! Peers of the default instance whose sessions are really up: another FRR on the same wire.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ferroute_frr::config::{
    Bfd, Config, Neighbor, NeighborFamily, PeerId, RemoteAs, Router, Timers, UpdateSource,
};

use crate::lab::{Instance, apply};
use crate::sample::mutation::{Mutation, one, toggle};
use crate::sample::{asn, name, router};

/// How many there are; the last two are spoken to over IPv6.
const PEERS: u32 = 6;

/// The address of the n-th session at the peer, and at our side: a peer tells sessions apart by the other end.
fn ends(n: u32) -> (IpAddr, IpAddr) {
    let end = |side: u32| match n {
        0..4 => format!("10.88.{side}.{}", n + 1),
        _ => format!("fd00:88::{side}:{}", n + 1),
    };
    (end(0).parse().unwrap(), end(1).parse().unwrap())
}

fn neighbor(n: u32) -> Neighbor {
    let mut neighbor = Neighbor::new(RemoteAs::Number(asn("65088")));
    neighbor.source = Some(UpdateSource::Address(ends(n).1));
    neighbor.connect_time = Some(1);
    neighbor.ipv4 = Some(NeighborFamily::default());
    neighbor
}

/// Adds all of them.
pub(crate) fn plug_in(config: &mut Config) {
    for n in 0..PEERS {
        router(config)
            .neighbors
            .insert(PeerId::Address(ends(n).0), neighbor(n));
    }
}

/// Lays the wire, and configures the other end.
pub(crate) async fn connect(instance: &Instance, peer: &Instance) {
    instance.connect(peer, "10.88.1.1/16", "10.88.0.1/16");
    for n in 1..PEERS {
        let (theirs, ours) = ends(n);
        for (side, address) in [(instance, ours), (peer, theirs)] {
            let add = match address {
                IpAddr::V4(_) => format!("address add {address}/16 dev wire"),
                IpAddr::V6(_) => format!("address add {address}/64 dev wire nodad"),
            };
            side.ip(&add);
        }
    }
    apply(&mut peer.engine(), &other_end()).await;
}

fn other_end() -> Config {
    let mut router = Router::new(asn("65088"));
    router.router_id = Some("10.88.0.1".parse().unwrap());
    for n in 0..PEERS {
        let (theirs, ours) = ends(n);
        let mut neighbor = Neighbor::new(RemoteAs::External);
        neighbor.source = Some(UpdateSource::Address(theirs));
        neighbor.connect_time = Some(1);
        neighbor.ipv4 = Some(NeighborFamily::default());
        neighbor.ipv6 = Some(NeighborFamily::default());
        router.neighbors.insert(PeerId::Address(ours), neighbor);
    }
    Config {
        routers: BTreeMap::from([(None, router)]),
        ..Config::default()
    }
}

/// One of the peers, put back if it was taken away.
fn peer(config: &mut Config, n: u32) -> &mut Neighbor {
    let n = n % PEERS;
    let id = PeerId::Address(ends(n).0);
    let neighbors = &mut router(config).neighbors;
    neighbors.entry(id).or_insert_with(|| neighbor(n))
}

/// The peers whose sessions can come up.
pub(crate) fn able(config: &Config) -> Vec<String> {
    let Some(router) = config.routers.get(&None) else {
        return vec![];
    };
    let is_able = |n: &u32| {
        let neighbor = router.neighbors.get(&PeerId::Address(ends(*n).0));
        let known = [RemoteAs::External, RemoteAs::Number(asn("65088"))];
        neighbor.is_some_and(|neighbor| known.contains(&neighbor.remote_as))
    };
    let peers = (0..PEERS).filter(is_able);
    peers.map(|n| ends(n).0.to_string()).collect()
}

fn family(config: &mut Config, n: u32) -> &mut NeighborFamily {
    peer(config, n).ipv4.get_or_insert_default()
}

pub(super) const MUTATIONS: [Mutation; 15] = [
    |c, n| {
        let id = PeerId::Address(ends(n % PEERS).0);
        toggle(&mut router(c).neighbors, id, neighbor(n % PEERS));
    },
    |c, n| {
        peer(c, n).description = one(n / 8, "one".parse().unwrap(), "two words".parse().unwrap());
    },
    |c, n| {
        let remote_as = one(n / 8, RemoteAs::External, RemoteAs::Number(asn("65089")));
        peer(c, n).remote_as = remote_as.unwrap_or(RemoteAs::Number(asn("65088")));
    },
    |c, n| {
        let (long, short) = ((90, 30), (9, 3));
        let timers = one(n / 8, long, short);
        peer(c, n).timers = timers.map(|(hold, keepalive)| Timers { hold, keepalive });
    },
    |c, n| peer(c, n).connect_time = one(n / 8, 1, 2),
    |c, n| {
        peer(c, n).bfd = one(n / 8, Bfd::Default, Bfd::Profile(name("fast"))).unwrap_or_default();
    },
    |c, n| peer(c, n).graceful_restart = n / 8 % 2 == 0,
    |c, n| peer(c, n).ebgp_multihop = n / 8 % 2 == 0,
    |c, n| peer(c, n).disable_connected_check = n / 8 % 2 == 0,
    |c, n| peer(c, n).ipv6 = one(n / 8, NeighborFamily::default(), NeighborFamily::default()),
    |c, n| peer(c, n).local_as = one(n / 8, asn("64998"), asn("64997")),
    |c, n| family(c, n).route_map_in = one(n / 8, name("ns/all-of_it.v4"), name("other")),
    |c, n| family(c, n).route_map_out = one(n / 8, name("ns/all-of_it.v4"), name("other")),
    |c, n| family(c, n).next_hop_self = n / 8 % 2 == 0,
    |c, n| family(c, n).maximum_prefix = one(n / 8, 7, 8),
];
