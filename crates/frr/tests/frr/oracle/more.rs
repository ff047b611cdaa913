//! Changes of what the short walk leaves alone.

use ferroute_frr::config::{
    Action, BfdProfile, Config, Family, PrefixRule, RawSnippet, RouteMapEntry, Source, UpdateSource,
};

use crate::sample::mutation::{Mutation, entry, evpn, one, red, toggle};
use crate::sample::{asn, name, net, router, vip, vni, vrf};

pub(super) const MORE: [Mutation; 18] = [
    |c, n| {
        c.hostname = one(
            n,
            "node-1.example".parse().unwrap(),
            "other".parse().unwrap(),
        );
    },
    |c, n| {
        let rules = c.prefix_lists.entry(list(n)).or_default();
        toggle(
            rules,
            100 + n / 3 % 4,
            PrefixRule::exact(Action::Permit, prefix(n)),
        );
    },
    |c, n| {
        for rule in c.prefix_lists.entry(list(n)).or_default().values_mut() {
            rule.action = [Action::Permit, Action::Deny][n as usize / 3 % 2];
        }
    },
    |c, n| drop(c.prefix_lists.remove(&list(n))),
    |c, n| {
        for profile in c.bfd_profiles.values_mut() {
            profile.receive_interval = one(n, 300, 100);
            profile.transmit_interval = one(n / 3, 300, 100);
            profile.echo_interval = one(n / 9, 50, 100);
            profile.passive_mode = n % 2 == 0;
        }
    },
    |c, n| {
        toggle(
            &mut c.bfd_profiles,
            name(["slow", "slower"][n as usize % 2]),
            BfdProfile::default(),
        );
    },
    |c, n| {
        let asn = asn(["64514", "64514", "64515"][n as usize % 3]);
        c.raw.clear();
        c.routers.values_mut().for_each(|router| router.asn = asn);
    },
    |c, n| {
        let evpn = evpn(c);
        evpn.advertise_svi_ip = n % 2 == 0 && evpn.advertise_all_vni;
    },
    |c, n| {
        let family = [Family::Ipv4, Family::Ipv6][n as usize % 2];
        if let Some(evpn) = red(c).and_then(|red| red.evpn.as_mut())
            && !evpn.advertise.remove(&family)
        {
            evpn.advertise.insert(family);
        }
    },
    |c, n| {
        let other = [None, Some(vrf("blue")), Some(vrf("green"))][n as usize % 3].clone();
        if let Some(red) = red(c)
            && !red.ipv4.imports.remove(&other)
        {
            red.ipv4.imports.insert(other);
        }
    },
    |c, n| {
        let source = [Source::Connected, Source::Kernel, Source::Static][n as usize % 3];
        toggle(
            &mut router(c).ipv6.redistribute,
            source,
            one(n / 3, name("other"), name("x")),
        );
    },
    |c, n| {
        entry(c).matches.ipv4_prefix_list = one(n, name("some"), name("long"));
        entry(c).matches.ipv6_prefix_list = one(n / 3, name("some"), name("none"));
    },
    |c, n| {
        entry(c).sets.ipv4_next_hop = one(n, [10, 9, 9, 8].into(), [10, 9, 9, 9].into());
        entry(c).sets.ipv6_next_hop = one(
            n / 3,
            "fd00::8".parse().unwrap(),
            "fd00::9".parse().unwrap(),
        );
    },
    |c, n| {
        let entries = c.route_maps.entry(name("ns/all-of_it.v4")).or_default();
        toggle(entries, 30 + (n % 3) as u16, RouteMapEntry::default());
    },
    |c, n| {
        if let Some(host) = red(c).and_then(|red| red.neighbors.values_mut().next()) {
            host.source = one(n, "10.1.1.1".parse().unwrap(), "10.1.1.2".parse().unwrap())
                .map(UpdateSource::Address);
            host.description = one(n / 3, "a host".parse().unwrap(), "another".parse().unwrap());
        }
    },
    |c, n| c.vrfs.entry(vrf("green")).or_default().l3vni = one(n, vni(102), vni(103)),
    |c, _| drop(c.vrfs.remove(&vrf("green"))),
    free,
];

fn list(n: u32) -> (Family, ferroute_frr::word::Name) {
    match n % 3 {
        0 => (Family::Ipv4, name("some")),
        1 => (Family::Ipv4, name("long")),
        _ => (Family::Ipv6, name("some")),
    }
}

fn prefix(n: u32) -> ipnet::IpNet {
    match n % 3 {
        2 => net(&format!("fd00:{}::/64", n % 5)),
        _ => vip(n % 5),
    }
}

/// Free configuration that continues what the model says, and some that is all its own.
fn free(config: &mut Config, n: u32) {
    let own = router(config).asn;
    let text = match n % 4 {
        0 => String::new(),
        1 => format!(
            "router bgp {own}\n neighbor 10.9.0.7 remote-as 65007\n neighbor 10.9.0.7 description free\n"
        ),
        2 => "bgp community-list standard free seq 5 permit 65000:1\n".to_owned(),
        _ => format!(
            "ip route 10.66.0.0/16 10.0.0.9 200\nrouter bgp {own}\n address-family ipv4 unicast\n  network 10.66.0.0/16\n"
        ),
    };
    config.raw = vec![RawSnippet::parse(&text).unwrap()];
    config.raw.retain(|snippet| !snippet.lines.is_empty());
}
