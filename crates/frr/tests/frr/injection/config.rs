//! A configuration that holds every value that its word types accept.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ferroute_frr::config::{
    Action, Bfd, BfdProfile, Config, Evpn, Family, Neighbor, NeighborFamily, PeerId, PrefixRule,
    RawSnippet, RemoteAs, RouteMapEntry, Router, Sets, Targets, UpdateSource, Vrf,
};
use ferroute_frr::word::{
    Community, Description, InterfaceName, Name, Password, RouteDistinguisher, RouteTarget, Vni,
    VrfName,
};

use crate::sample::{asn, speaker, vip};

/// How many values each kind of word accepted.
pub(crate) type Taken = BTreeMap<&'static str, usize>;

/// Those of some values that a kind accepts.
fn accepted<T: FromStr>(kind: &'static str, values: &[String], taken: &mut Taken) -> Vec<T> {
    let words: Vec<T> = values
        .iter()
        .filter_map(|value| value.parse().ok())
        .collect();
    *taken.entry(kind).or_default() += words.len();
    words
}

/// Every value as every kind of word, where it is accepted.
pub(crate) fn batch(values: &[String], taken: &mut Taken) -> Config {
    let mut config = Config::default();
    let mut router = Router::new(asn("65000"));
    neighbors(&mut router, values, taken);
    names(&mut config, &mut router, values, taken);
    targets(&mut router, values, taken);
    vrfs(&mut config, &mut router, values, taken);
    config.routers.insert(None, router);
    config
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap()
}

fn peer(n: usize) -> PeerId {
    PeerId::Address(IpAddr::from(Ipv4Addr::from(0x0a00_0000 + number(n))))
}

fn neighbor(router: &mut Router, n: usize) -> &mut Neighbor {
    let new = || Neighbor::new(RemoteAs::External);
    router.neighbors.entry(peer(n)).or_insert_with(new)
}

fn neighbors(router: &mut Router, values: &[String], taken: &mut Taken) {
    for (n, password) in accepted::<Password>("password", values, taken)
        .into_iter()
        .enumerate()
    {
        neighbor(router, n).password = Some(password);
    }
    for (n, text) in accepted::<Description>("description", values, taken)
        .into_iter()
        .enumerate()
    {
        neighbor(router, n).description = Some(text);
    }
    for (n, name) in accepted::<InterfaceName>("interface", values, taken)
        .into_iter()
        .enumerate()
    {
        neighbor(router, n).source = Some(UpdateSource::Interface(name.clone()));
        let unnumbered = Neighbor::new(RemoteAs::External);
        router.neighbors.insert(PeerId::Interface(name), unnumbered);
    }
}

fn names(config: &mut Config, router: &mut Router, values: &[String], taken: &mut Taken) {
    let communities = accepted::<Community>("community", values, taken);
    for (n, name) in accepted::<Name>("name", values, taken)
        .into_iter()
        .enumerate()
    {
        let mut entry = RouteMapEntry {
            sets: communities.get(n).map(set).unwrap_or_default(),
            ..RouteMapEntry::default()
        };
        // Lists and profiles take FRR much longer than anything else: each name is one of them.
        if n % 2 == 0 {
            let rules = [(1, PrefixRule::any(Action::Permit, Family::Ipv4))].into();
            config
                .prefix_lists
                .insert((Family::Ipv4, name.clone()), rules);
            entry.matches.ipv4_prefix_list = Some(name.clone());
        } else {
            config
                .bfd_profiles
                .insert(name.clone(), BfdProfile::default());
            neighbor(router, n).bfd = Bfd::Profile(name.clone());
        }
        config.route_maps.insert(name.clone(), [(1, entry)].into());
        router.networks.insert(vip(number(n)), Some(name.clone()));
        neighbor(router, n).ipv4 = Some(NeighborFamily {
            route_map_in: Some(name.clone()),
            route_map_out: Some(name),
            ..NeighborFamily::default()
        });
    }
}

fn set(community: &Community) -> Sets {
    let mut sets = Sets::default();
    match community {
        Community::Standard(community) => drop(sets.communities.insert(*community)),
        Community::Large(community) => drop(sets.large_communities.insert(*community)),
    }
    sets
}

fn vni(n: usize) -> Vni {
    (1 + number(n)).try_into().unwrap()
}

fn targets(router: &mut Router, values: &[String], taken: &mut Taken) {
    let mut evpn = Evpn {
        advertise_all_vni: true,
        ..Evpn::default()
    };
    for (n, rd) in accepted::<RouteDistinguisher>("rd", values, taken)
        .into_iter()
        .enumerate()
    {
        evpn.vnis.insert(
            vni(n),
            Targets {
                rd: Some(rd),
                ..Targets::default()
            },
        );
    }
    for (n, target) in accepted::<RouteTarget>("route target", values, taken)
        .into_iter()
        .enumerate()
    {
        if !target.is_wildcard() {
            evpn.vnis.entry(vni(n)).or_default().export.insert(target);
        }
    }
    router.evpn = Some(evpn);
}

fn vrfs(config: &mut Config, router: &mut Router, values: &[String], taken: &mut Taken) {
    for name in accepted::<VrfName>("VRF name", values, taken) {
        config.vrfs.insert(name.clone(), Vrf::default());
        config
            .routers
            .insert(Some(name.clone()), Router::new(asn("65000")));
        router.ipv4.imports.insert(Some(name));
    }
}

/// A model, and beside it every value as a text in free configuration.
pub(crate) fn described(values: &[String], accepted: &mut usize) -> Config {
    let mut config = speaker(3);
    let router = config.routers.get_mut(&None).unwrap();
    for n in 0..values.len() {
        neighbor(router, n).ipv6 = Some(NeighborFamily::default());
    }
    let text = |(n, value): (usize, &String)| {
        let snippet = format!("router bgp 65000\nneighbor {} description {value}", peer(n));
        RawSnippet::parse(&snippet)
            .ok()
            .filter(|snippet| snippet.lines.len() == 2)
    };
    let some = |(_, value): &(usize, &String)| !value.trim().is_empty();
    config.raw = values
        .iter()
        .enumerate()
        .filter(some)
        .filter_map(text)
        .collect();
    *accepted += config.raw.len();
    config
}
