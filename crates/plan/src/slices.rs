//! How announced prefixes are divided into [`RouteSlice`](ferroute_api::ferroute::RouteSlice)s.
//!
//! A slice that would hold more than [`MAX_ENTRIES`] is split in two by the next bit of a hash of the
//! prefix, so the division depends on the set of prefixes alone, and one prefix more changes one slice.

use std::collections::{BTreeMap, BTreeSet};

use ferroute_api::ferroute::{Audience, RouteEntry, RouteSliceSpec};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

/// The most prefixes in a slice.
pub const MAX_ENTRIES: usize = 100;

/// Policies by prefix, by audience.
pub type Announcements = BTreeMap<Audience, BTreeMap<IpNet, BTreeSet<String>>>;

/// Divides the announcements into slices, by name of the slice.
pub fn divide(announcements: &Announcements) -> BTreeMap<String, RouteSliceSpec> {
    let mut slices = BTreeMap::new();
    for (audience, prefixes) in announcements {
        let entries: Vec<_> = prefixes
            .iter()
            .map(|(prefix, ids)| Hashed::new(*prefix, ids))
            .collect();
        split(audience, "", entries, &mut slices);
    }
    slices
}

struct Hashed {
    hash: u64,
    entry: RouteEntry,
}

impl Hashed {
    fn new(prefix: IpNet, policies: &BTreeSet<String>) -> Self {
        let digest = Sha256::digest(prefix.to_string());
        let hash = digest
            .iter()
            .take(8)
            .fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        Self {
            hash,
            entry: RouteEntry {
                prefix,
                policies: policies.iter().cloned().collect(),
            },
        }
    }

    /// The bit of the hash that divides slices whose names have `depth` bits.
    fn bit(&self, depth: usize) -> bool {
        self.hash << depth >> 63 == 1
    }
}

fn split(
    audience: &Audience,
    bits: &str,
    entries: Vec<Hashed>,
    slices: &mut BTreeMap<String, RouteSliceSpec>,
) {
    let depth = bits.len();
    if entries.len() > MAX_ENTRIES && depth < 64 {
        let (ones, zeros) = entries.into_iter().partition(|entry| entry.bit(depth));
        split(audience, &format!("{bits}0"), zeros, slices);
        split(audience, &format!("{bits}1"), ones, slices);
    } else if !entries.is_empty() {
        let entries = entries.into_iter().map(|hashed| hashed.entry).collect();
        let spec = RouteSliceSpec {
            audience: audience.to_string(),
            entries,
        };
        slices.insert(name(audience, bits), spec);
    }
}

/// The bits come first: nothing before the first dot can be part of a node's name.
fn name(audience: &Audience, bits: &str) -> String {
    match audience {
        Audience::All => format!("s{bits}.all"),
        Audience::Node(node) => format!("s{bits}.node.{node}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcements(count: u32) -> Announcements {
        let ids = BTreeSet::from(["ns/ad".to_owned()]);
        let prefixes = (0..count)
            .map(|n| {
                (
                    IpNet::from(std::net::IpAddr::V4((0x0a00_0000 + n).into())),
                    ids.clone(),
                )
            })
            .collect();
        BTreeMap::from([(Audience::All, prefixes)])
    }

    #[test]
    fn no_slice_is_larger_than_the_limit_and_no_prefix_is_lost() {
        let slices = divide(&announcements(10_000));
        assert!(
            slices
                .values()
                .all(|slice| slice.entries.len() <= MAX_ENTRIES)
        );
        let prefixes: BTreeSet<_> = slices
            .values()
            .flat_map(|slice| &slice.entries)
            .map(|entry| entry.prefix)
            .collect();
        assert_eq!(prefixes.len(), 10_000);
    }

    #[test]
    fn one_prefix_more_changes_one_slice() {
        let before = divide(&announcements(10_000));
        let after = divide(&announcements(10_001));
        let changed = after
            .iter()
            .filter(|(name, spec)| before.get(*name) != Some(*spec))
            .count();
        let removed = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .count();
        // Two and one where the slice has to split.
        assert!(
            (changed, removed) == (1, 0) || (changed, removed) == (2, 1),
            "{changed} {removed}"
        );
    }

    #[test]
    fn few_prefixes_are_one_slice_of_their_audience() {
        let slices = divide(&announcements(2));
        assert_eq!(slices.keys().collect::<Vec<_>>(), ["s.all"]);
    }
}
