//! The index of each node: the lowest that is free, and the same for as long as the node exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A node's place among all nodes, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub u32);

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Gives an index to every node. `claims` are the indexes that nodes had before, the best kept ones first:
/// the first claim of a node counts, and of two nodes with one index the first claim wins. A node that is
/// left without gets the lowest that is free.
pub(crate) fn assign<'a>(
    nodes: impl Iterator<Item = &'a str>,
    claims: impl Iterator<Item = (&'a str, NodeIndex)>,
) -> BTreeMap<String, NodeIndex> {
    let mut waiting: BTreeSet<&str> = nodes.collect();
    let mut taken = BTreeSet::new();
    let mut indexes = BTreeMap::new();
    for (name, index) in claims {
        if waiting.contains(name) && taken.insert(index) {
            waiting.remove(name);
            indexes.insert(name.to_owned(), index);
        }
    }
    let free = (0..).map(NodeIndex).filter(|index| !taken.contains(index));
    indexes.extend(waiting.into_iter().map(str::to_owned).zip(free));
    indexes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(nodes: &[&str], claims: &[(&str, u32)]) -> Vec<(String, u32)> {
        let claims = claims
            .iter()
            .map(|(name, index)| (*name, NodeIndex(*index)));
        let indexes = assign(nodes.iter().copied(), claims);
        indexes
            .into_iter()
            .map(|(name, index)| (name, index.0))
            .collect()
    }

    fn expected(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
        pairs
            .iter()
            .map(|(name, index)| ((*name).to_owned(), *index))
            .collect()
    }

    #[test]
    fn a_recorded_index_stays_and_a_new_node_gets_the_lowest_free_one() {
        assert_eq!(
            assigned(&["a", "b", "c"], &[("b", 0), ("c", 2)]),
            expected(&[("a", 1), ("b", 0), ("c", 2)])
        );
    }

    #[test]
    fn of_two_nodes_with_one_index_the_first_claim_wins() {
        assert_eq!(
            assigned(&["a", "b"], &[("b", 1), ("a", 1)]),
            expected(&[("a", 0), ("b", 1)])
        );
    }

    #[test]
    fn the_index_of_a_node_that_has_gone_is_free() {
        assert_eq!(assigned(&["b"], &[("a", 0)]), expected(&[("b", 0)]));
    }
}
