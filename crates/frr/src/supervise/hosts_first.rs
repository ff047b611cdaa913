//! A router that starts again hears its hosts before it speaks to the fabric.
//!
//! The fabric keeps what a restarting router announced until it says that it has announced everything (RFC 4724, section
//! 4.1). bgpd says so for EVPN as soon as it has heard its peers of the default instance; what the hosts announce in
//! their VRFs comes later, and until then the fabric would have dropped it.

use std::path::Path;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::diff::{definition, is_router, vrf_of};
use crate::observe::Observer;
use crate::session::{Session, State};
use crate::tree::{Node, Tree};
use crate::vrf::wait_until_known;

/// The longest the fabric is kept waiting for a host.
const LIMIT: Duration = Duration::from_secs(5);

/// How long zebra may take to find the devices of the VRFs; a node that has just booted has none, and nobody to wait for.
const DEVICES: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(20);

/// A configuration with the peers of the default instance shut down, if there are peers in VRFs to wait for.
pub(super) fn without_fabric(tree: &Tree) -> Option<Tree> {
    let waits = vrfs(tree).next().is_some();
    let mut tree = waits.then(|| tree.clone())?;
    let routers = tree.nodes.iter_mut().filter(|node| is_router(node));
    for router in routers.filter(|router| vrf_of(router).is_none()) {
        let lines = std::mem::take(&mut router.children);
        for node in lines {
            let peer = peer(&node).map(str::to_owned);
            router.children.push(node);
            let shutdown = peer.map(|peer| Node::leaf(format!("neighbor {peer} shutdown")));
            router.children.extend(shutdown);
        }
    }
    Some(tree)
}

/// Waits until every peer in a VRF has said that it has announced everything.
pub(super) async fn wait_for_hosts(run_dir: &Path, tree: &Tree) {
    let names: Vec<String> = vrfs(tree).map(str::to_owned).collect();
    match wait_until_known(run_dir, &names, DEVICES).await {
        Ok(true) => {}
        Ok(false) => return debug!(?names, "VRFs without a device: nobody to wait for"),
        Err(error) => return warn!(error = &error as &dyn std::error::Error, "no VRFs"),
    }
    let start = Instant::now();
    let mut observer = Observer::new(run_dir);
    while start.elapsed() < LIMIT {
        match observer.sessions().await {
            Ok(sessions) if sessions.iter().all(has_spoken) => {
                return debug!(after = ?start.elapsed(), "every host has spoken");
            }
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => return warn!(error = &error as &dyn std::error::Error, "no sessions"),
        }
    }
    warn!(after = ?LIMIT, "not every host has spoken");
}

fn has_spoken(session: &Session) -> bool {
    session.vrf.is_none() || session.state == State::Established && session.end_of_rib
}

/// The VRFs with peers.
fn vrfs(tree: &Tree) -> impl Iterator<Item = &str> {
    let with_peers = tree
        .nodes
        .iter()
        .filter(|router| router.children.iter().any(|line| peer(line).is_some()));
    with_peers.filter_map(vrf_of)
}

/// The peer that a line of an instance defines.
fn peer(node: &Node) -> Option<&str> {
    definition(&node.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: &str = "router bgp 64514
 neighbor 192.168.11.2 remote-as 64512
 neighbor 192.168.11.2 timers connect 5
exit
";
    const HOST: &str = "router bgp 64514 vrf red
 neighbor 192.169.10.2 remote-as 64515
exit
";

    #[test]
    fn the_fabric_waits_for_hosts() {
        let tree = Tree::parse(&[ROUTER, HOST].concat());
        let expected = ROUTER.replace(
            " neighbor 192.168.11.2 timers",
            " neighbor 192.168.11.2 shutdown\n neighbor 192.168.11.2 timers",
        );
        let expected = Tree::parse(&[&expected, HOST].concat());
        assert_eq!(without_fabric(&tree), Some(expected));
    }

    #[test]
    fn without_hosts_nothing_waits() {
        assert_eq!(without_fabric(&Tree::parse(ROUTER)), None);
        let empty = "router bgp 64514 vrf red\nexit\n";
        assert_eq!(
            without_fabric(&Tree::parse(&[ROUTER, empty].concat())),
            None
        );
    }
}
