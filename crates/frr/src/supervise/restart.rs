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
use crate::observe::Observer;
use crate::session::{Session, State};
use crate::tree::{Node, Tree};
use crate::vrf::wait_until_known;
use crate::vty::{Daemon, Vty, VtyError};

/// The longest the fabric is kept waiting for a host, and the hosts for the fabric.
const LIMIT: Duration = Duration::from_secs(5);

/// How long zebra may take to find the devices of the VRFs; a node that has just booted has none, and nobody to wait for.
const DEVICES: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(20);

/// Keeps bgpd from telling the peers of an instance that it has announced everything. It is not in the configuration that
/// bgpd prints.
const NO_END: &str = "bgp graceful-restart disable-eor";

/// Loads a tree into daemons that have no configuration.
pub(super) async fn load(run_dir: &Path, tree: &Tree) -> Result<Applied, VtyError> {
    let mut engine = Engine::unlocked(run_dir);
    if !has_hosts(run_dir, tree).await? {
        return engine.load(tree).await;
    }
    engine.load(&hosts_only(tree)).await?;
    wait_for(run_dir, "hosts", |session| session.vrf.is_some()).await;
    let applied = engine.load(tree).await?;
    wait_for(run_dir, "fabric", |session| session.vrf.is_none()).await;
    tell_hosts_of_the_end(run_dir, tree).await?;
    Ok(applied)
}

/// Whether there are peers in VRFs, and their VRFs on this machine.
async fn has_hosts(run_dir: &Path, tree: &Tree) -> Result<bool, VtyError> {
    let names: Vec<String> = host_routers(tree)
        .filter_map(vrf_of)
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Ok(false);
    }
    let known = wait_until_known(run_dir, &names, DEVICES).await?;
    if !known {
        debug!(?names, "VRFs without a device: nobody to wait for");
    }
    Ok(known)
}

/// A tree without the peers of the default instance, and with VRFs whose peers are not told of the end.
fn hosts_only(tree: &Tree) -> Tree {
    let mut tree = tree.clone();
    for router in tree.nodes.iter_mut().filter(|node| is_router(node)) {
        if vrf_of(router).is_none() {
            without_peers(&mut router.children);
        } else {
            router.children.insert(0, Node::leaf(NO_END));
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
            Ok(sessions) if sessions.iter().filter(|s| is_one(s)).all(has_spoken) => {
                return debug!(whom, after = ?start.elapsed(), "every peer has spoken");
            }
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => return warn!(error = &error as &dyn std::error::Error, "no sessions"),
        }
    }
    warn!(whom, after = ?LIMIT, "not every peer has spoken");
}

fn has_spoken(session: &Session) -> bool {
    session.state == State::Established && session.end_of_rib
}

/// bgpd sends the end of an announcement after an update, so it is asked to announce again.
async fn tell_hosts_of_the_end(run_dir: &Path, tree: &Tree) -> Result<(), VtyError> {
    let mut vty = Vty::open(run_dir, Daemon::Bgpd).await?;
    vty.require("configure terminal").await?;
    for router in host_routers(tree) {
        vty.require(&router.line).await?;
        vty.require(&format!("no {NO_END}")).await?;
    }
    vty.require("end").await?;
    for vrf in host_routers(tree).filter_map(vrf_of) {
        vty.require(&format!("clear bgp vrf {vrf} * soft out"))
            .await?;
    }
    Ok(())
}

/// The instances of VRFs that have peers.
fn host_routers(tree: &Tree) -> impl Iterator<Item = &Node> {
    tree.nodes.iter().filter(|node| {
        vrf_of(node).is_some() && node.children.iter().any(|line| peer(&line.line).is_some())
    })
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
";

    #[test]
    fn the_hosts_come_without_the_fabric_and_hear_of_no_end() {
        assert_eq!(hosts_only(&Tree::parse(FILE)), Tree::parse(HOSTS));
    }

    #[test]
    fn hosts_are_the_peers_of_vrfs() {
        let of = |text| host_routers(&Tree::parse(text)).count();
        assert_eq!(of(FILE), 1);
        assert_eq!(of("router bgp 64514 vrf red\nexit\n"), 0);
        assert_eq!(
            of("router bgp 64514\n neighbor 10.0.0.1 remote-as 1\nexit\n"),
            0
        );
    }
}
