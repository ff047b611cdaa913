//! Policies as tags: a prefix is originated with the tag of the set of policies that announce it, and each
//! neighbor's route-map turns the tags that concern it into attributes.
//!
//! So the size of the configuration is that of policies times neighbors, plus one line for each prefix.

use std::collections::{BTreeMap, BTreeSet};

use ferroute_api::ferroute::Policy;
use ferroute_api::hash::fnv1a;
use ferroute_frr::config::{Action, Matches, RouteMapEntry, Sets};
use ferroute_frr::word::{Community, Name, WordError};
use ipnet::IpNet;

use super::Announced;

/// A mark that routes carry inside one FRR instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tag(u32);

impl Tag {
    /// The route-map that gives a network this tag.
    pub(super) fn route_map(self) -> Result<Name, WordError> {
        format!("vip-{:08x}", self.0).parse()
    }

    /// The entry of that route-map.
    pub(super) fn entry(self) -> RouteMapEntry {
        RouteMapEntry {
            action: Action::Permit,
            sets: Sets {
                tag: Some(self.0),
                ..Sets::default()
            },
            ..RouteMapEntry::default()
        }
    }
}

/// The sets of policies in use on this node, each with its tag, and the tag of every prefix.
#[derive(Debug, Default)]
pub(super) struct Tags<'a> {
    pub(super) sets: BTreeMap<Tag, Vec<&'a Policy>>,
    pub(super) prefixes: BTreeMap<IpNet, Tag>,
}

/// Tags the prefixes of the policies that hold here. A prefix whose policies all hold elsewhere is not
/// announced.
pub(super) fn tags<'a>(policies: &[&'a Policy], announced: &Announced) -> Tags<'a> {
    let held: BTreeMap<&str, &'a Policy> = policies
        .iter()
        .map(|policy| (policy.id.as_str(), *policy))
        .collect();
    let mut by_set: BTreeMap<BTreeSet<&str>, Vec<IpNet>> = BTreeMap::new();
    for (prefix, ids) in announced {
        let set: BTreeSet<&str> = ids
            .iter()
            .map(String::as_str)
            .filter(|id| held.contains_key(id))
            .collect();
        if !set.is_empty() {
            by_set.entry(set).or_default().push(*prefix);
        }
    }
    let mut tags = Tags::default();
    for (set, prefixes) in by_set {
        let tag = free_tag(&set, &tags.sets);
        tags.prefixes
            .extend(prefixes.into_iter().map(|prefix| (prefix, tag)));
        tags.sets.insert(
            tag,
            set.iter().filter_map(|id| held.get(id).copied()).collect(),
        );
    }
    tags
}

/// The tag of a set depends on the ids alone, so it stays when other sets come and go.
fn free_tag(set: &BTreeSet<&str>, taken: &BTreeMap<Tag, Vec<&Policy>>) -> Tag {
    let mut tag = fnv1a(set.iter().flat_map(|id| id.bytes().chain([b'\n'])));
    while tag == 0 || taken.contains_key(&Tag(tag)) {
        tag = tag.wrapping_add(1);
    }
    Tag(tag)
}

/// The entry of a neighbor's route-map for one tag, if any of its policies announces to that neighbor.
/// Communities unite; of several local preferences the highest counts.
pub(super) fn outgoing(
    tag: Tag,
    set: &[&Policy],
    peer: &str,
) -> Result<Option<RouteMapEntry>, WordError> {
    let policies: Vec<_> = set
        .iter()
        .filter(|policy| policy.peers.iter().any(|id| id == peer))
        .collect();
    if policies.is_empty() {
        return Ok(None);
    }
    let mut sets = Sets {
        local_preference: policies.iter().filter_map(|policy| policy.local_pref).max(),
        ..Sets::default()
    };
    for community in policies.iter().flat_map(|policy| &policy.communities) {
        add_community(&mut sets, community)?;
    }
    let matches = Matches {
        tag: Some(tag.0),
        ..Matches::default()
    };
    Ok(Some(RouteMapEntry {
        matches,
        sets,
        ..RouteMapEntry::default()
    }))
}

pub(super) fn add_community(sets: &mut Sets, text: &str) -> Result<(), WordError> {
    match text.parse()? {
        Community::Standard(community) => drop(sets.communities.insert(community)),
        Community::Large(community) => drop(sets.large_communities.insert(community)),
    }
    Ok(())
}
