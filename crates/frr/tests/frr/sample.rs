//! Configurations that several tests use.

pub(crate) mod known;
pub(crate) mod mutation;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ferroute_frr::config::{
    Action, Bfd, BfdProfile, Config, Evpn, Family, GracefulRestart, Matches, Neighbor,
    NeighborFamily, NextHop, PeerId, PrefixRule, RemoteAs, RouteMapEntry, Router, Sets, Source,
    StaticRoute, Targets, Timers, Unicast, UpdateSource, Vrf,
};
use ferroute_frr::word::{Asn, Name, Vni, VrfName};
use ipnet::IpNet;

pub(crate) fn name(value: &str) -> Name {
    value.parse().unwrap()
}

pub(crate) fn net(value: &str) -> IpNet {
    value.parse().unwrap()
}

pub(crate) fn asn(value: &str) -> Asn {
    value.parse::<u32>().unwrap().try_into().unwrap()
}

pub(crate) fn peer(value: &str) -> PeerId {
    PeerId::Address(value.parse().unwrap())
}

pub(crate) fn vrf(value: &str) -> VrfName {
    value.parse().unwrap()
}

pub(crate) fn vni(value: u32) -> Vni {
    value.try_into().unwrap()
}

/// The instance of the default VRF.
pub(crate) fn router(config: &mut Config) -> &mut Router {
    config.routers.get_mut(&None).unwrap()
}

/// The address of the n-th service.
pub(crate) fn vip(n: u32) -> IpNet {
    IpAddr::from(Ipv4Addr::from(u32::from(Ipv4Addr::new(172, 30, 0, 0)) + n)).into()
}

/// What a route-map does that marks a network with a policy.
fn mark(tag: u32) -> BTreeMap<u16, RouteMapEntry> {
    let sets = Sets {
        tag: Some(tag),
        ..Sets::default()
    };
    [(
        1,
        RouteMapEntry {
            sets,
            ..RouteMapEntry::default()
        },
    )]
    .into()
}

fn policy(tag: u32, sets: Sets) -> RouteMapEntry {
    let matches = Matches {
        tag: Some(tag),
        ..Matches::default()
    };
    RouteMapEntry {
        matches,
        sets,
        ..RouteMapEntry::default()
    }
}

fn communities(list: &str) -> Sets {
    let communities = list.split(' ').map(|one| one.parse().unwrap()).collect();
    Sets {
        communities,
        ..Sets::default()
    }
}

fn ebgp(remote_as: &str, family: NeighborFamily) -> Neighbor {
    let mut neighbor = Neighbor::new(RemoteAs::Number(asn(remote_as)));
    neighbor.ipv4 = Some(family);
    neighbor.connect_time = Some(1);
    neighbor
}

fn out(map: &str) -> NeighborFamily {
    NeighborFamily {
        route_map_out: Some(name(map)),
        ..NeighborFamily::default()
    }
}

/// Two peers, two policies and some services.
pub(crate) fn speaker(services: u32) -> Config {
    let mut config = Config::default();
    let mut router = Router::new(asn("65000"));
    router.router_id = Some(Ipv4Addr::new(10, 0, 0, 1));
    for address in ["10.0.0.2", "10.0.0.3"] {
        let map = format!("to-{address}");
        router
            .neighbors
            .insert(peer(address), ebgp("65001", out(&map)));
        let entries = [
            (1, policy(1, communities("65000:1"))),
            (2, policy(2, Sets::default())),
        ];
        config.route_maps.insert(name(&map), entries.into());
    }
    router.networks = (0..services)
        .map(|n| (vip(n), Some(name("mark-1"))))
        .collect();
    config
        .route_maps
        .extend([1, 2].map(|tag| (name(&format!("mark-{tag}")), mark(tag))));
    config.routers.insert(None, router);
    config
}

/// Services with two marks, and one without.
pub(crate) fn marked() -> Config {
    let mut config = speaker(0);
    let router = config.routers.get_mut(&None).unwrap();
    router.neighbors.remove(&peer("10.0.0.3"));
    router.networks = [("1", Some("mark-1")), ("2", Some("mark-2")), ("3", None)]
        .map(|(n, map)| (net(&format!("172.30.0.{n}/32")), map.map(name)))
        .into();
    let first = Sets {
        large_communities: ["65000:1:1".parse().unwrap()].into(),
        ..communities("65000:1")
    };
    let entries = [
        (1, policy(1, first)),
        (2, policy(2, communities("65000:2 no-export"))),
    ];
    config
        .route_maps
        .insert(name("to-10.0.0.2"), entries.into());
    config
}

/// A router with one peer.
pub(crate) fn neighbor(own: &str, address: &str, remote_as: &str) -> Config {
    let mut router = Router::new(asn(own));
    router.router_id = Some(Ipv4Addr::new(10, 0, 0, 2));
    router
        .neighbors
        .insert(peer(address), ebgp(remote_as, NeighborFamily::default()));
    Config {
        routers: [(None, router)].into(),
        ..Config::default()
    }
}

/// The same instances as in [`everything`], with nothing in them.
pub(crate) fn minimal() -> Config {
    let routers = [
        (None, Router::new(asn("64514"))),
        (Some(vrf("red")), Router::new(asn("64514"))),
    ];
    Config {
        routers: routers.into(),
        ..Config::default()
    }
}

/// Every setting of the model, most of them other than FRR's default.
pub(crate) fn everything() -> Config {
    Config {
        hostname: Some("node-1.example".parse().unwrap()),
        vrfs: [
            (
                vrf("red"),
                Vrf {
                    l3vni: Some(vni(100)),
                    static_routes: static_routes(),
                },
            ),
            (
                vrf("blue"),
                Vrf {
                    l3vni: Some(vni(200)),
                    ..Vrf::default()
                },
            ),
        ]
        .into(),
        static_routes: static_routes(),
        prefix_lists: prefix_lists(),
        route_maps: route_maps(),
        bfd_profiles: bfd_profiles(),
        routers: [(None, underlay()), (Some(vrf("red")), overlay())].into(),
        raw: vec![],
    }
}

fn static_routes() -> BTreeMap<IpNet, StaticRoute> {
    [
        ("10.7.1.2/16", via(&["10.0.0.9", "eth7"])),
        ("10.8.0.0/16", StaticRoute::Blackhole),
        ("fd00:7::/64", via(&["fd00::9"])),
        ("fd00:8::/64", StaticRoute::Blackhole),
    ]
    .map(|(prefix, route)| (net(prefix), route))
    .into()
}

pub(crate) fn via(hops: &[&str]) -> StaticRoute {
    let hop = |word: &&str| match word.parse() {
        Ok(address) => NextHop::Address(address),
        Err(_) => NextHop::Interface(word.parse().unwrap()),
    };
    StaticRoute::Via(hops.iter().map(hop).collect())
}

fn prefix_lists() -> BTreeMap<(Family, Name), BTreeMap<u32, PrefixRule>> {
    let rule = |prefix: &str, ge, le| PrefixRule {
        action: Action::Deny,
        net: net(prefix),
        ge,
        le,
    };
    let v4 = [
        (5, rule("10.1.2.3/8", Some(16), Some(24))),
        (10, PrefixRule::exact(Action::Permit, net("10.0.0.0/8"))),
        (15, rule("0.0.0.0/0", None, Some(24))),
        (20, PrefixRule::any(Action::Permit, Family::Ipv4)),
    ];
    let v6 = [
        (5, rule("fd00::/8", Some(64), None)),
        (10, PrefixRule::any(Action::Permit, Family::Ipv6)),
    ];
    let long = (1..=100)
        .map(|n| (n, PrefixRule::exact(Action::Permit, vip(n))))
        .collect();
    [
        ((Family::Ipv4, name("some")), v4.into()),
        ((Family::Ipv6, name("some")), v6.into()),
        ((Family::Ipv4, name("long")), long),
    ]
    .into()
}

fn route_maps() -> BTreeMap<Name, BTreeMap<u16, RouteMapEntry>> {
    let full = RouteMapEntry {
        action: Action::Permit,
        matches: Matches {
            ipv4_prefix_list: Some(name("some")),
            ipv6_prefix_list: Some(name("some")),
            tag: Some(7),
        },
        sets: Sets {
            tag: Some(8),
            communities: ["no-export", "65535:666", "64514:1"]
                .map(|c| c.parse().unwrap())
                .into(),
            large_communities: ["2:3:4", "1:2:3"].map(|c| c.parse().unwrap()).into(),
            local_preference: Some(300),
            ipv4_next_hop: Some(Ipv4Addr::new(10, 9, 9, 9)),
            ipv6_next_hop: Some("fd00::9".parse().unwrap()),
        },
        on_match_next: true,
    };
    let deny = RouteMapEntry {
        action: Action::Deny,
        ..RouteMapEntry::default()
    };
    [(name("ns/all-of_it.v4"), [(10, full), (20, deny)].into())].into()
}

fn bfd_profiles() -> BTreeMap<Name, BfdProfile> {
    let fast = BfdProfile {
        receive_interval: Some(50),
        transmit_interval: Some(60),
        detect_multiplier: Some(5),
        echo_interval: Some(70),
        echo_mode: true,
        passive_mode: true,
        minimum_ttl: Some(250),
    };
    let defaults = BfdProfile {
        receive_interval: Some(300),
        transmit_interval: Some(300),
        detect_multiplier: Some(3),
        echo_interval: Some(50),
        minimum_ttl: Some(254),
        ..BfdProfile::default()
    };
    [(name("fast"), fast), (name("defaults"), defaults)].into()
}

fn underlay() -> Router {
    let mut router = Router::new(asn("64514"));
    router.router_id = Some(Ipv4Addr::new(10, 0, 0, 1));
    router.graceful_restart = Some(GracefulRestart {
        enabled: true,
        restart_time: Some(90),
        preserve_forwarding: true,
    });
    router.neighbors.insert(peer("192.168.11.2"), leaf());
    router
        .neighbors
        .insert(peer("fd00::2"), Neighbor::new(RemoteAs::External));
    let mut unnumbered = Neighbor::new(RemoteAs::External);
    unnumbered.bfd = Bfd::Default;
    unnumbered.ipv6 = Some(NeighborFamily::default());
    router
        .neighbors
        .insert(PeerId::Interface("eth7".parse().unwrap()), unnumbered);
    router.networks.insert(net("100.65.0.1/32"), None);
    router
        .networks
        .insert(net("10.1.2.3/24"), Some(name("ns/all-of_it.v4")));
    router.networks.insert(net("fd00:1::1/128"), None);
    router
        .ipv4
        .redistribute
        .insert(Source::Connected, Some(name("ns/all-of_it.v4")));
    router.evpn = Some(Evpn {
        advertise_all_vni: true,
        advertise_svi_ip: true,
        vnis: [(vni(300), targets())].into(),
        ..Evpn::default()
    });
    router
}

fn leaf() -> Neighbor {
    let family = NeighborFamily {
        route_map_in: Some(name("ns/all-of_it.v4")),
        route_map_out: Some(name("ns/all-of_it.v4")),
        allowas_in: true,
        next_hop_self: true,
        maximum_prefix: Some(1000),
    };
    Neighbor {
        remote_as: RemoteAs::Number(asn("64512")),
        local_as: Some(asn("64999")),
        description: Some("the  leaf, left".parse().unwrap()),
        port: Some(1179),
        password: Some("s3cret|!#\"'$?".parse().unwrap()),
        source: Some(UpdateSource::Address("192.168.11.3".parse().unwrap())),
        ebgp_multihop: true,
        disable_connected_check: true,
        timers: Some(Timers {
            hold: 180,
            keepalive: 60,
        }),
        connect_time: Some(120),
        bfd: Bfd::Profile(name("fast")),
        graceful_restart: true,
        ipv4: Some(family.clone()),
        ipv6: Some(family),
        evpn: Some(NeighborFamily {
            allowas_in: true,
            ..NeighborFamily::default()
        }),
    }
}

pub(crate) fn targets() -> Targets {
    Targets {
        rd: Some("10.0.0.1:100".parse().unwrap()),
        import: ["64514:100", "70000:5", "10.0.0.1:7"]
            .map(|t| t.parse().unwrap())
            .into(),
        export: ["64514:100"].map(|t| t.parse().unwrap()).into(),
    }
}

fn overlay() -> Router {
    let mut router = Router::new(asn("64514"));
    let mut host = ebgp("64515", NeighborFamily::default());
    host.source = Some(UpdateSource::Interface("pe-100".parse().unwrap()));
    router.neighbors.insert(peer("192.169.10.2"), host);
    router.ipv4 = Unicast {
        imports: [Some(vrf("blue")), None].into(),
        redistribute: [(Source::Connected, None), (Source::Kernel, None)].into(),
    };
    router.ipv6.redistribute.insert(Source::Static, None);
    let mut targets = targets();
    targets.import.insert("*:100".parse().unwrap());
    router.evpn = Some(Evpn {
        advertise: [Family::Ipv4, Family::Ipv6].into(),
        targets,
        ..Evpn::default()
    });
    router
}
