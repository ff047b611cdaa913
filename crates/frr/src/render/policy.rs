//! Prefix-lists and route-maps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use ipnet::IpNet;

use crate::config::{Action, Family, Matches, PrefixRule, RouteMapEntry, Sets};
use crate::tree::Node;
use crate::word::Name;

pub(super) fn prefix_list(
    (family, name): &(Family, Name),
    rules: &BTreeMap<u32, PrefixRule>,
) -> Vec<Node> {
    let ip = match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ipv6",
    };
    let line = |(seq, rule)| format!("{ip} prefix-list {name} seq {seq} {}", prefix_rule(rule));
    rules.iter().map(line).map(Node::leaf).collect()
}

fn prefix_rule(rule: &PrefixRule) -> String {
    let PrefixRule {
        action,
        net,
        ge,
        le,
    } = rule;
    if is_any(net, *ge, *le) {
        return format!("{action} any");
    }
    let ge = ge.map(|ge| format!(" ge {ge}")).unwrap_or_default();
    let le = le.map(|le| format!(" le {le}")).unwrap_or_default();
    format!("{action} {}{ge}{le}", net.trunc())
}

/// FRR prints "everything of the family" as `any`.
fn is_any(net: &IpNet, ge: Option<u8>, le: Option<u8>) -> bool {
    net.prefix_len() == 0 && ge.is_none() && le == Some(net.max_prefix_len())
}

pub(super) fn route_map(name: &Name, entries: &BTreeMap<u16, RouteMapEntry>) -> Vec<Node> {
    entries
        .iter()
        .map(|(seq, entry)| route_map_entry(name, *seq, entry))
        .collect()
}

fn route_map_entry(name: &Name, seq: u16, entry: &RouteMapEntry) -> Node {
    let RouteMapEntry {
        action,
        matches,
        sets,
        on_match_next,
    } = entry;
    let mut lines = Vec::new();
    // A deny ends the route-map, and FRR refuses to hear that it should go on.
    lines.extend((*on_match_next && *action == Action::Permit).then(|| "on-match next".to_owned()));
    lines.extend(match_lines(matches));
    lines.extend(set_lines(sets));
    Node {
        line: format!("route-map {name} {action} {seq}"),
        children: lines.into_iter().map(Node::leaf).collect(),
    }
}

fn match_lines(matches: &Matches) -> impl Iterator<Item = String> {
    let Matches {
        ipv4_prefix_list,
        ipv6_prefix_list,
        tag,
    } = matches;
    [
        valued("match ip address prefix-list", ipv4_prefix_list.as_ref()),
        valued("match ipv6 address prefix-list", ipv6_prefix_list.as_ref()),
        valued("match tag", tag.as_ref()),
    ]
    .into_iter()
    .flatten()
}

fn set_lines(sets: &Sets) -> impl Iterator<Item = String> {
    let Sets {
        tag,
        communities,
        large_communities,
        local_preference,
        ipv4_next_hop,
        ipv6_next_hop,
    } = sets;
    [
        valued("set ip next-hop", ipv4_next_hop.as_ref()),
        valued("set ipv6 next-hop global", ipv6_next_hop.as_ref()),
        additive("set community", communities),
        additive("set large-community", large_communities),
        valued("set local-preference", local_preference.as_ref()),
        valued("set tag", tag.as_ref()),
    ]
    .into_iter()
    .flatten()
}

fn valued(words: &str, value: Option<&impl Display>) -> Option<String> {
    value.map(|value| format!("{words} {value}"))
}

fn additive(words: &str, values: &BTreeSet<impl Display>) -> Option<String> {
    let list = values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ");
    (!values.is_empty()).then(|| format!("{words} {list} additive"))
}
