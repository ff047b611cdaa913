//! The life of the chart: upgraded under traffic, and uninstalled without a trace on the nodes.

use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, NAMESPACE, eventually};

const LIMIT: Duration = Duration::from_mins(2);

/// Ends with the chart uninstalled: the next scenario that needs it installs it again.
pub(crate) fn an_uninstalled_chart_leaves_the_nodes_as_they_were(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    lab.cluster.helm(&[
        "uninstall",
        "ferroute",
        "--namespace",
        NAMESPACE,
        "--wait",
        "--timeout",
        "3m",
    ])?;
    for (node, address) in lab
        .nodes()
        .iter()
        .zip(["192.168.11.3/24", "192.168.11.4/24"])
    {
        let nic = node
            .place()
            .run(["ip", "-o", "address", "show", "dev", "toswitch"])?;
        ensure!(nic.contains(address), "{}: {nic}", node.name());
        let links = node.place().run(["ip", "-o", "link", "show"])?;
        ensure!(!links.contains(": host-"), "{}: {links}", node.name());
        let routes = node.place().run(["ip", "route", "show", "proto", "bgp"])?;
        ensure!(routes.is_empty(), "{}: {routes}", node.name());
    }
    let annotations = lab.cluster.kubectl(&[
        "get",
        "nodes",
        "--output",
        "jsonpath={.items[*].metadata.annotations}",
    ])?;
    ensure!(
        !annotations.contains("openpe.io/nodeindex"),
        "{annotations}"
    );
    let left = lab.cluster.kubectl(&[
        "get",
        "noderouters,routeslices,bgpsessionstates",
        "-A",
        "--output",
        "name",
    ])?;
    ensure!(left.trim().is_empty(), "{left}");
    let users =
        lab.cluster
            .kubectl(&["get", "underlays,l3vnis,bgppeers", "-A", "--output", "name"])?;
    ensure!(users.contains("underlay"), "the user's objects are gone");
    Ok(())
}

pub(crate) fn an_installed_chart_finds_the_users_objects_again(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    eventually("hostA_red gets the page", LIMIT, || {
        lab.host("hostA_red").curl("172.30.0.10")
    })
    .map(drop)
}

pub(crate) fn an_upgrade_with_other_values_keeps_the_addresses(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let before = lab.cluster.service_address("red", "nginx-service-red")?;
    let chart = ferroute_e2e::chart();
    lab.cluster.helm(&[
        "upgrade",
        "ferroute",
        &chart,
        "--namespace",
        NAMESPACE,
        "--set",
        "log.level=debug",
        "--wait",
        "--timeout",
        "3m",
    ])?;
    ensure!(
        lab.cluster.service_address("red", "nginx-service-red")? == before,
        "the address has moved"
    );
    lab.cluster.wait_for_sessions(4)?;
    eventually("hostA_red gets the page", LIMIT, || {
        lab.host("hostA_red").curl("172.30.0.10")
    })
    .map(drop)
}
