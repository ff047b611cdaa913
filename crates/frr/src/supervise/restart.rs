//! Loads the file of a router that starts again, in an order in which nobody drops a route of it.
//!
//! Peers keep what a restarting router announced until it says that it has announced everything (RFC 4724, section
//! 4.1). bgpd says so to each peer as soon as it has heard the peers of the same VRF. But the fabric is to be told of what
//! hosts announce in their VRFs, and the hosts of what the fabric announces in the default instance. So the hosts are
//! heard first, and told of the end last.

use std::path::Path;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::apply::{Applied, Engine};
use crate::diff::{is_router, peer, vrf_of};
use crate::lock::Lock;
use crate::observe::Observer;
use crate::session::Session;
use crate::tree::{Node, Tree};
use crate::vrf::wait_until_known;
use crate::vty::{Daemon, Vty, VtyError};

/// The longest the fabric is kept waiting for a host, and the hosts for the fabric; the latter after everything is loaded.
const LIMIT: Duration = Duration::from_secs(5);

/// How long zebra may take to find the devices of the VRFs; a node that has just booted has none, and nobody to wait for.
const DEVICES: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(20);

/// Keeps bgpd from telling the peers of an instance that it has announced everything. It is not in the configuration that
/// bgpd prints, and bgpd looks at it without a pause as long as peers wait.
const NO_END: &str = "bgp graceful-restart disable-eor";

/// Loads a tree into daemons that have no configuration, and gives back whose hosts are to be told of the end.
pub(super) async fn load(run_dir: &Path, tree: &Tree) -> Result<(Applied, Untold), VtyError> {
    let mut engine = Engine::unlocked(run_dir);
    let routers = tree.nodes.iter().filter(|node| is_host_router(node));
    let routers: Vec<&Node> = routers.collect();
    if !have_devices(run_dir, &routers).await {
        return Ok((engine.load(tree).await?, Untold::default()));
    }
    engine.load(&hosts_only(tree)).await?;
    wait_for(run_dir, "hosts", |session| session.vrf.is_some()).await;
    let applied = engine.load(tree).await?;
    let untold = routers.iter().map(|node| node.line.clone()).collect();
    Ok((applied, Untold(untold)))
}

/// The instances of VRFs whose peers are not told of the end.
#[derive(Debug, Default)]
pub(super) struct Untold(Vec<String>);

impl Untold {
    /// Waits for the fabric and tells them. bgpd would keep it from them for ever, so what goes wrong stops nothing else.
    pub(super) async fn tell(self, run_dir: &Path) {
        if self.0.is_empty() {
            return;
        }
        wait_for(run_dir, "fabric", |session| session.vrf.is_none()).await;
        if let Err(error) = self.allow_the_end(run_dir).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, "hosts keep stale routes until their timers end");
        }
    }

    /// An instance that somebody has removed meanwhile would be made anew by its line.
    async fn allow_the_end(self, run_dir: &Path) -> Result<(), VtyError> {
        let lock = Lock::take(run_dir).await;
        let _lock = lock.map_err(|source| VtyError::Lock {
            path: run_dir.to_owned(),
            source,
        })?;
        let mut vty = Vty::open(run_dir, Daemon::Bgpd).await?;
        let running = vty.require("show running-config").await?;
        vty.require("configure terminal").await?;
        for router in &self.0 {
            if running.lines().any(|line| line == router) {
                vty.require(router).await?;
                vty.require(&format!("no {NO_END}")).await?;
            }
        }
        Ok(())
    }
}

/// Whether there are routers of hosts, and their VRFs on this machine.
async fn have_devices(run_dir: &Path, routers: &[&Node]) -> bool {
    let names = routers.iter().filter_map(|node| vrf_of(node));
    let names: Vec<String> = names.map(str::to_owned).collect();
    if names.is_empty() {
        return false;
    }
    match wait_until_known(run_dir, &names, DEVICES).await {
        Ok(true) => return true,
        Ok(false) => debug!(?names, "VRFs without a device: nobody to wait for"),
        Err(error) => warn!(error = &error as &dyn std::error::Error, "no VRFs"),
    }
    false
}

/// Whether it is the instance of a VRF and has peers.
fn is_host_router(node: &Node) -> bool {
    vrf_of(node).is_some() && node.children.iter().any(|line| peer(&line.line).is_some())
}

/// A tree without the peers of the default instance, and with VRFs whose peers are not told of the end.
fn hosts_only(tree: &Tree) -> Tree {
    let mut tree = tree.clone();
    for router in tree.nodes.iter_mut().filter(|node| is_router(node)) {
        if is_host_router(router) {
            router.children.insert(0, Node::leaf(NO_END));
        } else {
            without_peers(&mut router.children);
        }
    }
    tree
}

/// Takes away what is said of peers, in address families as well.
fn without_peers(lines: &mut Vec<Node>) {
    lines.retain(|node| peer(&node.line).is_none());
    for node in lines {
        without_peers(&mut node.children);
    }
}

/// Waits until each of these peers has said that it has announced everything.
async fn wait_for(run_dir: &Path, whom: &str, is_one: impl Fn(&Session) -> bool) {
    let start = Instant::now();
    let mut observer = Observer::new(run_dir);
    while start.elapsed() < LIMIT {
        match observer.sessions().await {
            Ok(sessions) if sessions.iter().filter(|s| is_one(s)).all(|s| s.end_of_rib) => {
                return debug!(whom, after = ?start.elapsed(), "every peer has spoken");
            }
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => return warn!(error = &error as &dyn std::error::Error, "no sessions"),
        }
    }
    warn!(whom, after = ?LIMIT, "not every peer has spoken");
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "router bgp 64514
 bgp router-id 10.0.0.1
 neighbor 192.168.11.2 remote-as 64512
 neighbor 192.168.11.2 timers connect 5
 address-family l2vpn evpn
  neighbor 192.168.11.2 activate
  advertise-all-vni
 exit-address-family
exit
router bgp 64514 vrf red
 neighbor 192.169.10.2 remote-as 64515
exit
router bgp 64514 vrf without-hosts
 bgp router-id 10.0.0.1
exit
";

    const HOSTS: &str = "router bgp 64514
 bgp router-id 10.0.0.1
 address-family l2vpn evpn
  advertise-all-vni
 exit-address-family
exit
router bgp 64514 vrf red
 bgp graceful-restart disable-eor
 neighbor 192.169.10.2 remote-as 64515
exit
router bgp 64514 vrf without-hosts
 bgp router-id 10.0.0.1
exit
";

    #[test]
    fn the_hosts_come_without_the_fabric_and_hear_of_no_end() {
        assert_eq!(hosts_only(&Tree::parse(FILE)), Tree::parse(HOSTS));
    }

    #[test]
    fn hosts_are_the_peers_of_vrfs() {
        let found = |text| Tree::parse(text).nodes.iter().any(is_host_router);
        assert!(found(FILE));
        assert!(!found("router bgp 64514 vrf red\nexit\n"));
        assert!(!found(
            "router bgp 64514\n neighbor 10.0.0.1 remote-as 1\nexit\n"
        ));
    }
}
