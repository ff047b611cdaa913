//! The parts of two configurations that differ.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{GLOBAL, bfd, prefix_list, route_map, router, static_route, vrf};
use crate::config::{Config, Router};
use crate::tree::{Node, Tree};
use crate::word::VrfName;

/// The trees of two configurations without what is the same in both: the cost of a change is
/// that of the change, however many networks there are.
pub(crate) fn changed(old: &Config, new: &Config) -> (Tree, Tree) {
    // A line of free configuration may be said by the model, too, and must outlive it there.
    if !(old.raw.is_empty() && new.raw.is_empty()) {
        return if old == new {
            Default::default()
        } else {
            (old.into(), new.into())
        };
    }
    (part(old, new), part(new, old))
}

/// What of one configuration is not the same in the other.
fn part(one: &Config, other: &Config) -> Tree {
    let Config {
        hostname,
        vrfs,
        static_routes,
        prefix_lists,
        route_maps,
        bfd_profiles,
        routers,
        raw: _,
    } = one;
    let mut nodes: Vec<Node> = GLOBAL.map(Node::leaf).into();
    nodes.extend(
        hostname
            .iter()
            .map(|name| Node::leaf(format!("hostname {name}"))),
    );
    nodes.extend(differing(vrfs, &other.vrfs).map(|(name, settings)| vrf(name, settings)));
    nodes.extend(differing(static_routes, &other.static_routes).flat_map(static_route));
    nodes.extend(bfd(differing(bfd_profiles, &other.bfd_profiles)));
    let lists = differing(prefix_lists, &other.prefix_lists);
    nodes.extend(lists.flat_map(|(id, rules)| prefix_list(id, rules)));
    let maps = differing(route_maps, &other.route_maps);
    nodes.extend(maps.flat_map(|(name, entries)| route_map(name, entries)));
    nodes.extend(
        routers.iter().filter_map(|(vrf, settings)| {
            router_part(vrf.as_ref(), settings, other.routers.get(vrf))
        }),
    );
    Tree { nodes }
}

/// Whether only what runs can tell what is to be done: an instance becomes another (its AS number changes, or it comes
/// or goes), or there are other free lines.
pub(crate) fn must_be_read(one: &Config, other: &Config) -> bool {
    let asns = |config: &Config| -> Vec<_> {
        let routers = config.routers.iter();
        routers
            .map(|(vrf, router)| (vrf.clone(), router.asn))
            .collect()
    };
    // What a free line does is FRR's word: `rou bgp 1` makes what `no rou bgp 1` need not take away.
    asns(one) != asns(other) || one.raw != other.raw
}

fn router_part(vrf: Option<&VrfName>, one: &Router, other: Option<&Router>) -> Option<Node> {
    let Some(other) = other else {
        return Some(router(vrf, one, |_| true));
    };
    let differs = |net: &IpNet| one.networks.get(net) != other.networks.get(net);
    (one != other).then(|| router(vrf, one, differs))
}

fn differing<'a, K: Ord, V: PartialEq>(
    one: &'a BTreeMap<K, V>,
    other: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    one.iter()
        .filter(|(key, value)| other.get(key) != Some(value))
}
