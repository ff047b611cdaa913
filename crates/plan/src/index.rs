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

/// Gives an index to every node. `recorded` are the indexes that nodes had before; of two nodes with the
/// same one the first by name keeps it, and a node without one gets the lowest that is free.
pub fn assign<'a>(
    nodes: impl Iterator<Item = &'a str>,
    recorded: impl Fn(&str) -> Option<NodeIndex>,
) -> BTreeMap<String, NodeIndex> {
    let names: BTreeSet<&str> = nodes.collect();
    let mut taken = BTreeSet::new();
    let mut indexes: BTreeMap<String, NodeIndex> = BTreeMap::new();
    for name in &names {
        if let Some(index) = recorded(name)
            && taken.insert(index)
        {
            indexes.insert((*name).to_owned(), index);
        }
    }
    let mut free = (0..).map(NodeIndex).filter(|index| !taken.contains(index));
    for name in names {
        if !indexes.contains_key(name)
            && let Some(index) = free.next()
        {
            indexes.insert(name.to_owned(), index);
        }
    }
    indexes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(nodes: &[&str], recorded: &[(&str, u32)]) -> Vec<(String, u32)> {
        let recorded: BTreeMap<_, _> = recorded.iter().copied().collect();
        assign(nodes.iter().copied(), |name| recorded.get(name).copied().map(NodeIndex))
            .into_iter()
            .map(|(name, index)| (name, index.0))
            .collect()
    }

    fn expected(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
        pairs.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect()
    }

    #[test]
    fn a_recorded_index_stays_and_a_new_node_gets_the_lowest_free_one() {
        assert_eq!(
            assigned(&["a", "b", "c"], &[("b", 0), ("c", 2)]),
            expected(&[("a", 1), ("b", 0), ("c", 2)])
        );
    }

    #[test]
    fn of_two_nodes_with_one_index_the_first_keeps_it() {
        assert_eq!(assigned(&["a", "b"], &[("a", 1), ("b", 1)]), expected(&[("a", 1), ("b", 0)]));
    }
}
