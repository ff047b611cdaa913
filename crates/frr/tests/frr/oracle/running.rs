//! What an instance runs, as a set of lines behind their contexts.

use std::collections::{BTreeMap, BTreeSet};

use ferroute_frr::config::Config;
use ferroute_frr::tree::{Node, Tree};
use ferroute_frr::vty::{Daemon, Vty, VtyError};

use crate::lab::Instance;

/// Lines behind their contexts. Their order is FRR's, and a line that several daemons print is one, as in vtysh.
pub(super) type Lines = BTreeSet<String>;

/// What FRR prints of itself, and nobody configures; and its name, which vtysh tells to no daemon.
const FRAME: [&str; 7] = [
    "hostname ",
    "Building configuration",
    "Current configuration",
    "frr ",
    "log ",
    "no ip forwarding",
    "no ipv6 forwarding",
];

/// Said of a daemon instead of its configuration.
pub(super) const ENDED: &str = "does not answer";

/// What every daemon of an instance prints as its running configuration.
pub(super) async fn running(instance: &Instance) -> Lines {
    let mut lines = Lines::new();
    for daemon in Daemon::ALL {
        if !daemon.socket(&instance.dir()).exists() {
            continue;
        }
        match printed(instance, daemon).await {
            Ok(text) => lines.extend(paths(&Tree::parse(&text))),
            Err(_) => drop(lines.insert(format!("{daemon} {ENDED}"))),
        }
    }
    lines.retain(|line| {
        let is_frame = FRAME.iter().any(|frame| line.starts_with(frame));
        !is_frame && !line.contains(LEFTOVER)
    });
    without_empty_contexts(&lines)
}

async fn printed(instance: &Instance, daemon: Daemon) -> Result<String, VtyError> {
    let mut vty = Vty::open(&instance.dir(), daemon).await?;
    vty.require("show running-config").await
}

/// With `import vrf`, bgpd has route targets of its own, and prints old ones as if somebody had configured them.
const LEFTOVER: &str = " / rt vpn import ";

/// Once entered, some contexts are there, with nothing in them; and FRR 8 prints the instance of a VRF from which
/// another imports.
fn without_empty_contexts(lines: &Lines) -> Lines {
    let is_family =
        |line: &str| line.contains(" / address-family ") && line.matches(" / ").count() == 1;
    let is_of_vrf = |line: &str| {
        line.starts_with("router bgp ") && line.contains(" vrf ") && !line.contains(" / ")
    };
    let is_empty = |line: &str| {
        let inner = format!("{line} / ");
        !lines.iter().any(|other| other.starts_with(&inner))
    };
    let may_go = |line: &str| line == "bfd" || is_family(line) || is_of_vrf(line);
    let kept = lines
        .iter()
        .filter(|line| !(may_go(line) && is_empty(line)));
    kept.cloned().collect()
}

/// The lines of a tree behind their contexts.
pub(super) fn paths(tree: &Tree) -> Lines {
    let mut lines = Lines::new();
    for node in &tree.nodes {
        collect(node, "", &mut lines);
    }
    lines
}

fn collect(node: &Node, context: &str, lines: &mut Lines) {
    let path = format!("{context}{}", node.line);
    let inner = format!("{path} / ");
    for child in &node.children {
        collect(child, &inner, lines);
    }
    lines.insert(path);
}

/// The lines that only one of two has, with `-` before those of the first and `+` before those of the second.
pub(super) fn difference(one: &Lines, other: &Lines) -> Vec<String> {
    let gone = one.difference(other).map(|line| format!("- {line}"));
    let new = other.difference(one).map(|line| format!("+ {line}"));
    gone.chain(new).collect()
}

/// For each peer of the default instance, what is said of it and of the whole instance: what may reset its session.
pub(super) fn said_of_peers(config: &Config) -> BTreeMap<String, Lines> {
    let mut config = config.clone();
    config.routers.retain(|vrf, _| vrf.is_none());
    let lines = paths(&Tree::from(&config));
    let routers = config.routers.values();
    let peers = routers.flat_map(|router| router.neighbors.keys().map(ToString::to_string));
    let concerns = |line: &str, peer: &str| {
        let rest = line.split(" / ").last().unwrap_or_default();
        line.starts_with("router bgp ")
            && (rest.starts_with("router bgp")
                || rest.starts_with("bgp router-id")
                || rest.starts_with("bgp graceful-restart")
                || rest.starts_with(&format!("neighbor {peer} ")))
    };
    peers
        .map(|peer| {
            let said = lines.iter().filter(|line| concerns(line, &peer)).cloned();
            let said = said.collect();
            (peer, said)
        })
        .collect()
}
