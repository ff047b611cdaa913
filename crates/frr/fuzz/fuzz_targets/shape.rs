//! What two trees have in common that differ only in the words users chose.

use ferroute_frr::tree::{Node, Tree};

/// The depth of each line and the number of its words.
pub(crate) type Shape = Vec<(usize, usize)>;

/// The shape of a tree.
pub(crate) fn shape(tree: &Tree) -> Shape {
    let mut lines = Vec::new();
    measure(&tree.nodes, 0, &mut lines);
    lines
}

fn measure(nodes: &[Node], depth: usize, lines: &mut Shape) {
    for node in nodes {
        lines.push((depth, node.line.split(char::is_whitespace).count()));
        measure(&node.children, depth + 1, lines);
    }
}

/// Whether some nodes are all among others, with all that stands in them.
pub(crate) fn holds(whole: &[Node], part: &[Node]) -> bool {
    part.iter().all(|node| {
        let mut same = whole.iter().filter(|other| other.line == node.line);
        same.any(|other| holds(&other.children, &node.children))
    })
}
