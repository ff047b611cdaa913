//! A router that starts again hears its hosts before it speaks to the fabric.
//!
//! The fabric keeps what a restarting router announced until it says that it has announced everything (RFC 4724, section
//! 4.1). bgpd says so for EVPN as soon as it has heard its peers of the default instance; what the hosts announce in
//! their VRFs comes later, and until then the fabric would have dropped it.

use std::path::Path;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::diff::{is_router, peer, vrf_of};
use crate::observe::Observer;
use crate::session::{Session, State};
use crate::tree::{Node, Tree};
use crate::vrf::wait_until_known;

/// The longest the fabric is kept waiting for a host.
const LIMIT: Duration = Duration::from_secs(5);

/// How long zebra may take to find the devices of the VRFs; a node that has just booted has none, and nobody to wait for.
const DEVICES: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(20);

/// A configuration without the peers of the default instance, if there are peers in VRFs to wait for.
pub(super) fn without_fabric(tree: &Tree) -> Option<Tree> {
    let waits = vrfs(tree).next().is_some();
    let mut tree = waits.then(|| tree.clone())?;
    let routers = tree.nodes.iter_mut().filter(|node| is_router(node));
    for router in routers.filter(|router| vrf_of(router).is_none()) {
        without_peers(&mut router.children);
    }
    Some(tree)
}

/// Takes away what is said of peers, in address families as well.
fn without_peers(lines: &mut Vec<Node>) {
    lines.retain(|node| peer(&node.line).is_none());
    for node in lines {
        without_peers(&mut node.children);
    }
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
    let with_peers = tree.nodes.iter().filter(|router| {
        router
            .children
            .iter()
            .any(|node| peer(&node.line).is_some())
    });
    with_peers.filter_map(vrf_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: &str = "router bgp 64514
 bgp router-id 10.0.0.1
 neighbor 192.168.11.2 remote-as 64512
 neighbor 192.168.11.2 timers connect 5
 address-family l2vpn evpn
  neighbor 192.168.11.2 activate
  advertise-all-vni
 exit-address-family
exit
";
    const HOST: &str = "router bgp 64514 vrf red
 neighbor 192.169.10.2 remote-as 64515
exit
";

    #[test]
    fn the_fabric_waits_for_hosts() {
        let tree = Tree::parse(&[ROUTER, HOST].concat());
        let fabric = |line: &&str| !line.contains("neighbor 192.168");
        let alone: Vec<_> = ROUTER.lines().filter(fabric).collect();
        let expected = Tree::parse(&[&alone.join("\n"), "\n", HOST].concat());
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
