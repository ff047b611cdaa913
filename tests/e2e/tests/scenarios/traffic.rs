//! The example's services, from the hosts of the fabric.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, eventually};

const LIMIT: Duration = Duration::from_mins(1);
const RED: &str = "172.30.0.10";
const BLUE: &str = "172.30.0.16";

pub(crate) fn hosts_reach_the_service_of_their_tenant_and_no_other(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for (tenant, own, other) in [("red", RED, BLUE), ("blue", BLUE, RED)] {
        for side in ["A", "B"] {
            let host = lab.host(&format!("host{side}_{tenant}"));
            let page = eventually(&format!("{host} gets its page"), LIMIT, || host.curl(own))?;
            ensure!(page.contains("Welcome to nginx!"), "{host} got {page}");
            let leak = host.curl(other);
            ensure!(leak.is_err(), "{host} reaches the other tenant's {other}");
        }
    }
    Ok(())
}

/// The access logs of the pods tell who answered.
pub(crate) fn requests_reach_the_pods_of_both_nodes(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let host = lab.host("hostB_red");
    eventually("pods of both nodes have answered", LIMIT, || {
        for _ in 0..10 {
            host.curl(RED)?;
        }
        let mut nodes = BTreeSet::new();
        for pod in lab.cluster.pods("red", "app=nginx")? {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let log = lab.cluster.kubectl(&["logs", "--namespace", "red", name])?;
            if log.contains("GET / HTTP") {
                nodes.insert(pod["spec"]["nodeName"].to_string());
            }
        }
        ensure!(nodes.len() == 2, "only on {nodes:?}");
        Ok(())
    })
}

pub(crate) fn replies_find_their_way_by_learned_routes(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for node in lab.nodes() {
        for (prefix, gateway) in [
            ("192.168.20.0/24", "192.169.10.1"),
            ("192.169.20.0/24", "192.169.10.1"),
            ("192.168.21.0/24", "192.169.11.1"),
            ("192.169.21.0/24", "192.169.11.1"),
        ] {
            eventually(
                &format!("{} has learned {prefix}", node.name()),
                LIMIT,
                || {
                    let route = node.place().run(["ip", "route", "show", prefix])?;
                    let learned =
                        route.contains(&format!("via {gateway} ")) && route.contains("proto bgp");
                    ensure!(learned, "{route:?}");
                    Ok(())
                },
            )?;
        }
    }
    Ok(())
}
