//! Routes of the fabric on the nodes: learned, handed on to the host, and gone when they are withdrawn.

use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, Leaf, Node, Vrf, eventually};

const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn routes_of_the_leaves_come_and_go_on_both_nodes(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for (leaf, vrf, prefix) in [
        (&lab.fabric.leaf_a, Vrf::Red, "10.101.0.0/24"),
        (&lab.fabric.leaf_b, Vrf::Red, "10.102.0.0/24"),
        (&lab.fabric.leaf_a, Vrf::Blue, "10.201.0.0/24"),
    ] {
        leaf.announce(vrf, prefix)?;
        for node in lab.nodes() {
            appears(node, leaf, vrf, prefix)?;
        }
        leaf.withdraw(vrf, prefix)?;
        for node in lab.nodes() {
            disappears(node, vrf, prefix)?;
        }
    }
    Ok(())
}

/// In the router by way of the leaf's tunnel endpoint, in the host by way of the router's leg.
fn appears(node: &Node, leaf: &Leaf, vrf: Vrf, prefix: &str) -> Result<()> {
    let gateway = match vrf {
        Vrf::Red => "192.169.10.1",
        Vrf::Blue => "192.169.11.1",
    };
    eventually(&format!("{} learns {prefix}", node.name()), LIMIT, || {
        let in_router = node
            .router()
            .run(["ip", "route", "show", "vrf", vrf.name(), prefix])?;
        ensure!(
            in_router.contains(&format!("via {} ", leaf.vtep)),
            "router: {in_router:?}"
        );
        let in_host = node.place().run(["ip", "route", "show", prefix])?;
        ensure!(
            in_host.contains(&format!("via {gateway} ")),
            "host: {in_host:?}"
        );
        Ok(())
    })
}

fn disappears(node: &Node, vrf: Vrf, prefix: &str) -> Result<()> {
    eventually(&format!("{} forgets {prefix}", node.name()), LIMIT, || {
        let in_router = node
            .router()
            .run(["ip", "route", "show", "vrf", vrf.name(), prefix])?;
        let in_host = node.place().run(["ip", "route", "show", prefix])?;
        ensure!(
            in_router.is_empty() && in_host.is_empty(),
            "{in_router:?} {in_host:?}"
        );
        Ok(())
    })
}
