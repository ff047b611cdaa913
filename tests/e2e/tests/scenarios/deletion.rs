//! What is deleted is withdrawn within five seconds and leaves nothing behind; what comes back works again.
//!
//! Every scenario ends with the example as it was.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, Node, eventually, example, say};

/// What a person may wait for a withdrawal.
const WITHDRAWN: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_mins(1);
const RED: &str = "172.30.0.10";
const ROUTE: &str = "172.30.0.10/32";

pub(crate) fn a_deleted_service_is_withdrawn_and_comes_back(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    works(lab)?;
    lab.cluster.kubectl(&[
        "delete",
        "service",
        "--namespace",
        "red",
        "nginx-service-red",
    ])?;
    withdrawn(lab, "service", || route_is_gone(lab))?;
    restore(lab, "workload.yaml")
}

pub(crate) fn a_service_without_endpoints_is_withdrawn_and_comes_back(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    works(lab)?;
    let scale = |replicas: &str| {
        let replicas = format!("--replicas={replicas}");
        lab.cluster.kubectl(&[
            "scale",
            "deployment",
            "--namespace",
            "red",
            "nginx-deployment",
            &replicas,
        ])
    };
    scale("0")?;
    eventually("the endpoints are gone", LIMIT, || {
        let slices = lab.cluster.kubectl(&[
            "get",
            "endpointslices",
            "--namespace",
            "red",
            "--output",
            "jsonpath={.items[*].endpoints[*].addresses}",
        ])?;
        ensure!(slices.trim().is_empty(), "{slices}");
        Ok(())
    })?;
    withdrawn(lab, "last endpoint", || route_is_gone(lab))?;
    scale("2")?;
    lab.cluster.ready_pods("red", "app=nginx", 2)?;
    works(lab)
}

pub(crate) fn a_deleted_l3vni_leaves_nothing_and_comes_back(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    works(lab)?;
    lab.cluster.kubectl(&[
        "delete",
        "l3vni",
        "--namespace",
        "openperouter-system",
        "red",
    ])?;
    withdrawn(lab, "L3VNI", || {
        route_is_gone(lab)?;
        lab.nodes()
            .iter()
            .try_for_each(|node| overlay_is_gone(node, "red", 100))
    })?;
    for node in lab.nodes() {
        frr_has_forgotten(node, "red", 100)?;
    }
    restore(lab, "openpe.yaml")
}

pub(crate) fn a_deleted_peer_is_withdrawn_and_comes_back(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    works(lab)?;
    lab.cluster.kubectl(&[
        "delete",
        "bgppeer",
        "--namespace",
        "metallb-system",
        "peerred",
    ])?;
    // The FRRConfiguration `receive-all` still asks for the session: only the announcement goes.
    withdrawn(lab, "BGPPeer", || route_is_gone(lab))?;
    let without = lab.cluster.condition(
        "bgpadvertisement",
        "metallb-system",
        "bgp-advertisement-red",
        "Degraded",
    )?;
    let message = without["message"].as_str().unwrap_or_default();
    ensure!(message.contains("peerred"), "{without}");
    restore(lab, "metallb.yaml")
}

pub(crate) fn a_deleted_underlay_gives_the_nic_back_and_comes_back(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    works(lab)?;
    lab.cluster.kubectl(&[
        "delete",
        "underlay",
        "--namespace",
        "openperouter-system",
        "underlay",
    ])?;
    withdrawn(lab, "Underlay", || {
        route_is_gone(lab)?;
        for (node, address) in lab
            .nodes()
            .iter()
            .zip(["192.168.11.3/24", "192.168.11.4/24"])
        {
            let nic = node
                .place()
                .run(["ip", "-o", "address", "show", "dev", "toswitch"])?;
            ensure!(nic.contains(address), "{}: {nic}", node.name());
            overlay_is_gone(node, "red", 100)?;
            overlay_is_gone(node, "blue", 200)?;
        }
        Ok(())
    })?;
    for node in lab.nodes() {
        frr_has_forgotten(node, "red", 100)?;
        frr_has_forgotten(node, "blue", 200)?;
    }
    restore(lab, "openpe.yaml")?;
    lab.cluster.wait_for_sessions(4)
}

/// The page comes, and the fabric has the route of both nodes.
fn works(lab: &Lab) -> Result<()> {
    eventually("leafA has the route of both nodes", LIMIT, || {
        let routes = lab
            .fabric
            .leaf_a
            .frr()
            .show("bgp l2vpn evpn route type prefix")?;
        let paths = routes.matches("[32]:[172.30.0.10]").count();
        ensure!(paths == 2, "{paths} routes");
        Ok(())
    })?;
    eventually("hostA_red gets the page", LIMIT, || {
        lab.host("hostA_red").curl(RED)
    })
    .map(drop)
}

fn restore(lab: &Lab, file: &str) -> Result<()> {
    lab.cluster.kubectl(&["apply", "-f", &example(file)])?;
    let start = Instant::now();
    works(lab)?;
    say(format_args!(
        "figure: works again {:.1} s after apply",
        start.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// Waits until something is gone, and says how long it took.
fn withdrawn(lab: &Lab, what: &str, gone: impl Fn() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    eventually(&format!("{what}: everything of it is gone"), LIMIT, gone)?;
    let took = start.elapsed();
    say(format_args!(
        "figure: {what} withdrawn after {} ms",
        took.as_millis()
    ));
    ensure!(took <= WITHDRAWN, "{what}: withdrawn only after {took:?}");
    ensure!(
        lab.host("hostA_red").curl(RED).is_err(),
        "{what}: the page still comes"
    );
    Ok(())
}

fn route_is_gone(lab: &Lab) -> Result<()> {
    for leaf in [&lab.fabric.leaf_a, &lab.fabric.leaf_b] {
        let table = leaf.frr().json("ip route vrf red")?;
        ensure!(
            table.get(ROUTE).is_none(),
            "{} still has the route",
            leaf.frr().place()
        );
    }
    Ok(())
}

fn overlay_is_gone(node: &Node, vrf: &str, vni: u32) -> Result<()> {
    let links = node.place().run(["ip", "-o", "link", "show"])?;
    ensure!(
        !links.contains(&format!("host-{vni}@")),
        "{}: host-{vni} is left",
        node.name()
    );
    let links = node.router().run(["ip", "-o", "link", "show"])?;
    for name in [
        vrf.to_owned(),
        format!("pe-{vni}"),
        format!("br-pe-{vni}"),
        format!("vni{vni}"),
    ] {
        let left = links.contains(&format!(": {name}:")) || links.contains(&format!(": {name}@"));
        ensure!(!left, "{}: {name} is left", node.name());
    }
    Ok(())
}

/// Looked at after the clock has stopped: `kubectl exec` takes a second or more in the lab.
fn frr_has_forgotten(node: &Node, vrf: &str, vni: u32) -> Result<()> {
    let running = node.frr("router", &["-c", "show running-config"])?;
    for line in [
        format!("router bgp 64514 vrf {vrf}"),
        format!(" vni {vni}\n"),
    ] {
        ensure!(
            !running.contains(&line),
            "{}: FRR still has {line:?}",
            node.name()
        );
    }
    Ok(())
}
