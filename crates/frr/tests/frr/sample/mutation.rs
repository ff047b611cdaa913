//! Small changes of a configuration, drawn from a list: what a day in a cluster does to it.

use std::collections::BTreeMap;

use ferroute_frr::config::{
    Action, Bfd, Config, Evpn, GracefulRestart, Neighbor, NeighborFamily, PeerId, RemoteAs,
    RouteMapEntry, Router, Source, StaticRoute, Timers, Vrf,
};

use super::{asn, everything, name, net, peer, router, static_routes, targets, via, vip, vni, vrf};
use ipnet::IpNet;

/// A change, with a number that varies it.
pub(crate) type Mutation = fn(&mut Config, u32);

pub(crate) fn red(config: &mut Config) -> Option<&mut Router> {
    config.routers.get_mut(&Some(vrf("red")))
}

fn leaf(config: &mut Config) -> &mut Neighbor {
    let leaf = everything()
        .routers
        .remove(&None)
        .unwrap()
        .neighbors
        .remove(&peer("192.168.11.2"));
    router(config)
        .neighbors
        .entry(peer("192.168.11.2"))
        .or_insert(leaf.unwrap())
}

fn family(config: &mut Config) -> &mut NeighborFamily {
    leaf(config).ipv4.get_or_insert_default()
}

pub(crate) fn evpn(config: &mut Config) -> &mut Evpn {
    router(config).evpn.get_or_insert_default()
}

pub(crate) fn entry(config: &mut Config) -> &mut RouteMapEntry {
    let map = config
        .route_maps
        .entry(name("ns/all-of_it.v4"))
        .or_default();
    map.entry(10).or_default()
}

/// Puts something there, whatever was there before.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    map.insert(key, value);
}

/// Puts something there, or takes it away.
pub(crate) fn toggle<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    if map.remove(&key).is_none() {
        map.insert(key, value);
    }
}

/// One of three values, one of which is none.
pub(crate) fn one<T>(n: u32, first: T, second: T) -> Option<T> {
    match n % 3 {
        0 => None,
        1 => Some(first),
        _ => Some(second),
    }
}

pub(crate) const MUTATIONS: [Mutation; 56] = [
    |c, n| {
        toggle(
            &mut router(c).networks,
            vip(n % 5),
            Some(name("ns/all-of_it.v4")),
        );
    },
    |c, n| toggle(&mut router(c).networks, vip(n % 5), None),
    |c, n| drop(router(c).networks.insert(vip(n % 5), None)),
    |c, n| {
        drop(
            router(c)
                .networks
                .insert(vip(n % 5), Some(name("ns/all-of_it.v4"))),
        );
    },
    |c, n| {
        toggle(
            &mut router(c).networks,
            net(&format!("fd00:9::{}/128", n % 3)),
            None,
        );
    },
    |c, n| {
        toggle(
            &mut router(c).neighbors,
            peer(&format!("10.9.0.{}", n % 3)),
            plain(n),
        );
    },
    |c, n| {
        toggle(
            &mut router(c).neighbors,
            PeerId::Interface(format!("eth{}", n % 3).parse().unwrap()),
            plain(n),
        );
    },
    |c, _| drop(router(c).neighbors.remove(&peer("192.168.11.2"))),
    |c, n| {
        leaf(c).remote_as = one(n, RemoteAs::Internal, RemoteAs::External)
            .unwrap_or(RemoteAs::Number(asn("64512")));
    },
    |c, _| leaf(c).local_as = None,
    |c, n| leaf(c).description = one(n, "one".parse().unwrap(), "two words".parse().unwrap()),
    |c, n| leaf(c).port = one(n, 1179, 179),
    |c, n| leaf(c).password = one(n, "one".parse().unwrap(), "tw|o#!".parse().unwrap()),
    |c, n| {
        leaf(c).timers = one(
            n,
            Timers {
                hold: 9,
                keepalive: 3,
            },
            Timers {
                hold: 0,
                keepalive: 0,
            },
        );
    },
    |c, n| leaf(c).connect_time = one(n, 1, 120),
    |c, n| leaf(c).bfd = one(n, Bfd::Default, Bfd::Profile(name("fast"))).unwrap_or_default(),
    |c, n| leaf(c).bfd = Bfd::Profile(name(["fast", "defaults"][n as usize % 2])),
    |c, n| leaf(c).graceful_restart = n % 2 == 0,
    |c, n| leaf(c).ebgp_multihop = n % 2 == 0,
    |c, n| leaf(c).disable_connected_check = n % 2 == 0,
    |c, _| leaf(c).source = None,
    |c, _| leaf(c).ipv4 = None,
    |c, _| leaf(c).ipv6 = None,
    |c, _| leaf(c).evpn = None,
    |c, n| family(c).route_map_in = one(n, name("ns/all-of_it.v4"), name("other")),
    |c, n| family(c).route_map_out = one(n, name("ns/all-of_it.v4"), name("other")),
    |c, n| family(c).allowas_in = n % 2 == 0,
    |c, n| family(c).next_hop_self = n % 2 == 0,
    |c, n| family(c).maximum_prefix = one(n, 7, 8),
    |c, n| router(c).router_id = one(n, "1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap()),
    |c, n| {
        router(c).graceful_restart = one(
            n,
            GracefulRestart {
                enabled: true,
                ..Default::default()
            },
            GracefulRestart {
                restart_time: one(n, 60, 61),
                preserve_forwarding: true,
                enabled: false,
            },
        );
    },
    |c, n| {
        toggle(
            &mut router(c).ipv4.redistribute,
            Source::Kernel,
            one(n, name("other"), name("ns/all-of_it.v4")),
        );
    },
    |c, n| {
        drop(
            router(c)
                .ipv4
                .redistribute
                .insert(Source::Connected, one(n, name("other"), name("x"))),
        );
    },
    |c, _| router(c).evpn = None,
    |c, n| every_vni(evpn(c), n % 2 == 0),
    |c, n| one_vni(evpn(c), n),
    |c, _| drop(c.routers.remove(&Some(vrf("red")))),
    |c, n| {
        if red(c).is_none() {
            put(
                &mut c.routers,
                Some(vrf("red")),
                Router::new(asn(["64514", "64515"][n as usize % 2])),
            );
        }
    },
    |c, n| {
        toggle(
            &mut c.routers,
            Some(vrf("green")),
            Router::new(asn(["64514", "64515"][n as usize % 2])),
        );
    },
    |c, n| targets_of(red(c), n),
    |c, n| red(c).map_or((), |red| toggle(&mut red.networks, vip(n % 5), None)),
    |c, n| {
        put(
            &mut c.vrfs,
            vrf("red"),
            Vrf {
                l3vni: one(n, vni(100), vni(101)),
                static_routes: static_routes(),
            },
        );
    },
    |c, n| reroute(&mut c.static_routes, n),
    |c, n| reroute(&mut c.vrfs.entry(vrf("red")).or_default().static_routes, n),
    |c, n| {
        drop(
            c.static_routes
                .remove(&net(["10.7.1.2/16", "10.8.0.0/16"][n as usize % 2])),
        );
    },
    |c, _| c.vrfs.retain(|name, _| *name != vrf("blue")),
    |c, n| entry(c).action = one(n, Action::Deny, Action::Permit).unwrap_or_default(),
    |c, n| entry(c).matches.tag = one(n, 7, 8),
    |c, n| entry(c).sets.tag = one(n, 9, 10),
    |c, n| entry(c).sets.local_preference = one(n, 100, 200),
    |c, n| {
        entry(c).sets.communities = one(n, "1:1".parse().unwrap(), "no-export".parse().unwrap())
            .into_iter()
            .collect();
    },
    |c, n| {
        entry(c).sets.large_communities =
            one(n, "1:1:1".parse().unwrap(), "1:1:2".parse().unwrap())
                .into_iter()
                .collect();
    },
    |c, n| entry(c).on_match_next = n % 2 == 0,
    |c, n| {
        toggle(
            &mut c.route_maps,
            name("other"),
            [(1 + (n % 3) as u16, RouteMapEntry::default())].into(),
        );
    },
    |c, n| {
        c.prefix_lists
            .values_mut()
            .for_each(|rules| rules.retain(|seq, _| (seq + n) % 7 != 0));
    },
    |c, n| {
        c.bfd_profiles.values_mut().for_each(|profile| {
            profile.detect_multiplier = one(n, 3, 4);
            profile.echo_mode = n % 2 == 0;
            profile.minimum_ttl = one(n, 254, 10);
        });
    },
];

/// FRR takes what concerns VNIs only where all are announced.
fn every_vni(evpn: &mut Evpn, wanted: bool) {
    evpn.advertise_all_vni = wanted;
    evpn.advertise_svi_ip &= wanted;
    evpn.vnis.retain(|_, _| wanted);
}

fn one_vni(evpn: &mut Evpn, n: u32) {
    evpn.advertise_all_vni = true;
    toggle(&mut evpn.vnis, vni(300 + n % 2), targets());
}

fn targets_of(red: Option<&mut Router>, n: u32) {
    let full = Evpn {
        targets: targets(),
        ..Evpn::default()
    };
    if let Some(red) = red {
        red.evpn = one(n, Evpn::default(), full);
    }
}

/// Another way for one of the prefixes.
fn reroute(routes: &mut BTreeMap<IpNet, StaticRoute>, n: u32) {
    let prefix = net(["10.7.1.2/16", "10.8.0.0/16", "fd00:7::/64"][n as usize % 3]);
    let ways: [&[&str]; 3] = match prefix {
        IpNet::V4(_) => [&["10.0.0.9"], &["10.0.0.9", "eth8"], &["10.0.0.8", "eth7"]],
        IpNet::V6(_) => [&["fd00::8"], &["fd00::9", "eth8"], &["eth7"]],
    };
    let way = ways.get((n / 3) as usize % 4).map(|hops| via(hops));
    put(routes, prefix, way.unwrap_or(StaticRoute::Blackhole));
}

fn plain(n: u32) -> Neighbor {
    let mut neighbor = Neighbor::new(RemoteAs::Number(asn("65001")));
    neighbor.ipv4 = one(
        n,
        NeighborFamily::default(),
        NeighborFamily {
            allowas_in: true,
            ..NeighborFamily::default()
        },
    );
    neighbor
}

/// An endless walk through the mutations, the same for the same seed: one to three at a time.
pub(crate) struct Walk(u32);

impl Walk {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A linear congruential generator; its high bits are the better ones.
    pub(crate) fn draw(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}

impl Iterator for Walk {
    type Item = Vec<(usize, u32)>;

    fn next(&mut self) -> Option<Self::Item> {
        let count = 1 + self.draw() % 3;
        Some(
            (0..count)
                .map(|_| (self.draw() as usize % MUTATIONS.len(), self.draw()))
                .collect(),
        )
    }
}
