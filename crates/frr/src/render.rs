//! From the typed configuration to lines, in the form and the order in which FRR prints them.
//!
//! What FRR does not print because it is a default is not rendered either: a line that never
//! shows up in `show running-config` would be sent again after every resynchronisation.

mod changed;
mod policy;
mod route;
mod router;

use std::fmt;

use crate::config::{BfdProfile, Config, RawSnippet, Vrf};
use crate::tree::{Node, Tree};
use crate::word::{Name, RawLine, VrfName};

pub(crate) use changed::{changed, must_be_read};
use policy::{prefix_list, route_map};
use route::static_route;
use router::router;

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Tree::from(self).fmt(f)
    }
}

impl From<&Config> for Tree {
    fn from(config: &Config) -> Self {
        let Config {
            hostname,
            vrfs,
            static_routes,
            prefix_lists,
            route_maps,
            bfd_profiles,
            routers,
            raw,
        } = config;
        let mut nodes = Vec::new();
        nodes.extend(
            hostname
                .iter()
                .map(|name| Node::leaf(format!("hostname {name}"))),
        );
        nodes.extend(GLOBAL.map(Node::leaf));
        nodes.extend(vrfs.iter().map(|(name, settings)| vrf(name, settings)));
        nodes.extend(static_routes.iter().flat_map(static_route));
        nodes.extend(bfd(bfd_profiles));
        nodes.extend(
            prefix_lists
                .iter()
                .flat_map(|(id, rules)| prefix_list(id, rules)),
        );
        nodes.extend(
            route_maps
                .iter()
                .flat_map(|(name, entries)| route_map(name, entries)),
        );
        nodes.extend(
            routers
                .iter()
                .map(|(vrf, settings)| router(vrf.as_ref(), settings, |_| true)),
        );
        let mut tree = Self { nodes };
        for RawSnippet { lines } in raw {
            tree.append(lines.iter().map(RawLine::as_str).chain(["end"]));
        }
        tree
    }
}

/// Said to every instance. A changed route-map counts after one second instead of five; a next
/// hop may be reached by the default route, as those of the fabric are.
const GLOBAL: [&str; 3] = [
    "ip nht resolve-via-default",
    "ipv6 nht resolve-via-default",
    "bgp route-map delay-timer 1",
];

fn vrf(name: &VrfName, settings: &Vrf) -> Node {
    let Vrf {
        l3vni,
        static_routes,
    } = settings;
    let mut children: Vec<Node> = static_routes.iter().flat_map(static_route).collect();
    children.extend(l3vni.iter().map(|vni| Node::leaf(format!("vni {vni}"))));
    Node {
        line: format!("vrf {name}"),
        children,
    }
}

fn bfd<'a>(profiles: impl IntoIterator<Item = (&'a Name, &'a BfdProfile)>) -> Option<Node> {
    let children: Vec<Node> = profiles
        .into_iter()
        .map(|(name, profile)| bfd_profile(name, profile))
        .collect();
    (!children.is_empty()).then(|| Node {
        line: "bfd".to_owned(),
        children,
    })
}

fn bfd_profile(name: &Name, profile: &BfdProfile) -> Node {
    let BfdProfile {
        receive_interval,
        transmit_interval,
        detect_multiplier,
        echo_interval,
        echo_mode,
        passive_mode,
        minimum_ttl,
    } = profile;
    let mut lines = Vec::new();
    lines.extend(other_than(3, *detect_multiplier, "detect-multiplier"));
    lines.extend(other_than(300, *transmit_interval, "transmit-interval"));
    lines.extend(other_than(300, *receive_interval, "receive-interval"));
    lines.extend(passive_mode.then(|| "passive-mode".to_owned()));
    lines.extend(echo_mode.then(|| "echo-mode".to_owned()));
    lines.extend(other_than(50, *echo_interval, "echo transmit-interval"));
    lines.extend(other_than(50, *echo_interval, "echo receive-interval"));
    lines.extend(other_than(254, *minimum_ttl, "minimum-ttl"));
    Node {
        line: format!("profile {name}"),
        children: lines.into_iter().map(Node::leaf).collect(),
    }
}

/// A line with a value, unless it is FRR's default, which FRR does not print.
fn other_than<T: Copy + PartialEq + fmt::Display>(
    default: T,
    value: Option<T>,
    words: &str,
) -> Option<String> {
    value
        .filter(|value| *value != default)
        .map(|value| format!("{words} {value}"))
}
