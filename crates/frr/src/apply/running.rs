//! What the daemons run, as one tree of what is ours to configure.

use std::collections::HashSet;

use super::owner::{is_anybodys, owners, owners_within};
use super::session::Sessions;
use crate::tree::{Node, Tree};
use crate::vty::{Daemon, VtyError};

/// Reads `show running-config` of every daemon. Lines that FRR has by itself are left out, unless
/// they are desired too.
pub(super) async fn running(sessions: &mut Sessions, desired: &Tree) -> Result<Tree, VtyError> {
    let lines: HashSet<&str> = desired
        .nodes
        .iter()
        .map(|node| node.line.as_str())
        .collect();
    let mut running = Tree::default();
    for (daemon, text) in sessions.show("show running-config").await? {
        let mut nodes = Tree::parse(&text).nodes;
        nodes.extend(unprinted(&text));
        nodes.retain(|node| !is_foreign(&node.line) || lines.contains(node.line.as_str()));
        for node in &mut nodes {
            drop_number(node, &lines);
        }
        nodes.retain_mut(|node| {
            let Node { line, children } = node;
            // Whoever took a line of free configuration prints it, and nobody else knows of it.
            let took = is_anybodys(line) && lines.contains(line.as_str());
            let owns = |candidates| took || sessions.owner(candidates) == Some(daemon);
            children.retain(|child| owns(owners_within(line, &child.line)));
            owns(owners(line)) || !children.is_empty()
        });
        nodes
            .iter_mut()
            .flat_map(|node| &mut node.children)
            .for_each(|node| {
                drop_leftovers(node);
                respell(node);
            });
        merge(&mut running, nodes);
    }
    if sessions.owner(owners("vrf")) == Some(Daemon::Zebra) {
        merge(&mut running, empty_vrfs(desired));
    }
    Ok(running)
}

/// The VRFs of which nothing is said. zebra does not print them, mgmtd does.
fn empty_vrfs(desired: &Tree) -> Vec<Node> {
    let nodes = desired.nodes.iter();
    let empty = nodes.filter(|node| node.line.starts_with("vrf ") && node.children.is_empty());
    empty.cloned().collect()
}

/// Adds what a daemon prints. Two of them print each VRF, one with its VNI, one with its routes.
fn merge(running: &mut Tree, printed: Vec<Node>) {
    let (vrfs, others): (Vec<_>, Vec<_>) = printed
        .into_iter()
        .partition(|node| node.line.starts_with("vrf "));
    for vrf in vrfs {
        match running.nodes.iter_mut().find(|node| node.line == vrf.line) {
            Some(known) => known.children.extend(vrf.children),
            None => running.nodes.push(vrf),
        }
    }
    running.nodes.extend(others);
}

/// Lines at the root that FRR prints by itself or that are nobody's to take away.
const FOREIGN: [&str; 20] = [
    "frr ",
    "log ",
    "service ",
    "hostname ",
    "domainname ",
    "password ",
    "enable ",
    "debug ",
    "agentx",
    "username ",
    "banner ",
    "interface ",
    "line vty",
    "mgmt ",
    "zebra ",
    "fpm ",
    "ip forwarding",
    "ipv6 forwarding",
    "Building configuration",
    "Current configuration",
];

fn is_foreign(line: &str) -> bool {
    let line = line.strip_prefix("no ").unwrap_or(line);
    FOREIGN.iter().any(|words| line.starts_with(words))
}

/// With `import vrf`, bgpd has route targets of its own. After another router id it prints the old
/// ones as if somebody had configured them, even when nothing is imported any more.
fn drop_leftovers(family: &mut Node) {
    family
        .children
        .retain(|node| !node.line.starts_with("rt vpn import "));
}

/// Before FRR 10, the greatest number of hops is printed.
fn respell(line: &mut Node) {
    if line.line.ends_with(" ebgp-multihop 255") {
        line.line.truncate(line.line.len() - " 255".len());
    }
}

/// FRR numbers the rules of lists that somebody wrote freely without numbers.
fn drop_number(node: &mut Node, desired: &HashSet<&str>) {
    let Some((list, numbered)) = node.line.split_once(" seq ") else {
        return;
    };
    let Some((_, rule)) = numbered.split_once(' ') else {
        return;
    };
    let freely = format!("{list} {rule}");
    if desired.contains(freely.as_str()) && !desired.contains(node.line.as_str()) {
        node.line = freely;
    }
}

/// Since FRR 10 next hops are resolved by the default route unless something else is printed.
fn unprinted(text: &str) -> Vec<Node> {
    let lines: HashSet<&str> = text.lines().map(str::trim).collect();
    let implied = lines.iter().any(|line| line.starts_with("frr version 1"));
    let silent =
        |line: &&str| !lines.contains(line) && !lines.contains(format!("no {line}").as_str());
    let hidden = ["ip nht resolve-via-default", "ipv6 nht resolve-via-default"];
    hidden
        .into_iter()
        .filter(|_| implied)
        .filter(silent)
        .map(Node::leaf)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_number_of_hops_is_not_said() {
        let respelled = |text: &str| {
            let mut line = Node::leaf(text);
            respell(&mut line);
            line.line
        };
        let (long, short) = (
            "neighbor 10.0.0.1 ebgp-multihop 255",
            "neighbor 10.0.0.1 ebgp-multihop",
        );
        assert_eq!(respelled(long), short);
        assert_eq!(
            respelled("neighbor 10.0.0.1 ebgp-multihop 25"),
            "neighbor 10.0.0.1 ebgp-multihop 25"
        );
    }

    #[test]
    fn a_vrf_that_two_daemons_print_is_one() {
        let mut running = Tree::parse("vrf red\n vni 100\nexit-vrf\n");
        let routes = "vrf red\n ip route 10.0.0.0/8 blackhole\nexit-vrf\n";
        merge(&mut running, Tree::parse(routes).nodes);
        assert_eq!(
            running,
            Tree::parse("vrf red\n vni 100\n ip route 10.0.0.0/8 blackhole\nexit-vrf\n")
        );
    }

    #[test]
    fn a_vrf_of_which_nothing_is_said_is_taken_to_be_there() {
        let desired = Tree::parse("vrf red\n vni 100\nexit-vrf\nvrf blue\nexit-vrf\n");
        assert_eq!(empty_vrfs(&desired), [Node::leaf("vrf blue")]);
    }
}
