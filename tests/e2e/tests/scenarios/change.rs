//! A change costs what changed: the sessions and the traffic of others do not notice it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ferroute_e2e::{Lab, Node, eventually, say};
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);
const RED: ([u8; 4], u16) = ([172, 30, 0, 10], 80);

const GREEN: &str = "
apiVersion: openpe.openperouter.github.io/v1alpha1
kind: L3VNI
metadata: {name: green, namespace: openperouter-system}
spec:
  asn: 64514
  vni: 300
  localcidr: {ipv4: 192.169.12.0/24}
  hostasn: 64515
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: peergreen, namespace: metallb-system}
spec: {myASN: 64515, peerASN: 64514, peerAddress: 192.169.12.1}
";

pub(crate) fn a_third_overlay_comes_and_goes_without_a_lost_packet_or_session(
    lab: &Lab,
) -> Result<()> {
    lab.cluster.with_example()?;
    let host = lab.host("hostA_red");
    eventually("hostA_red gets the page", LIMIT, || {
        host.curl("172.30.0.10")
    })?;
    let before = all_sessions(lab)?;
    let probe = host.probe_http(SocketAddr::from(RED));
    lab.cluster.apply(GREEN)?;
    lab.cluster.wait_for_sessions(6)?;
    lab.cluster.delete(GREEN)?;
    lab.cluster.wait_for_sessions(4)?;
    lab.cluster.wait_for_node_routers()?;
    let report = probe.stop()?;
    say(format_args!(
        "figure: third overlay added and deleted: {report}"
    ));
    let reset = reset(&before, &all_sessions(lab)?);
    ensure!(reset.is_empty(), "reset: {reset:?}");
    ensure!(report.lost == 0, "{report}");
    Ok(())
}

/// The service's route is there again as soon as the agent has looked: it does so every half minute.
pub(crate) fn what_somebody_changes_in_frr_by_hand_is_put_right(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let node = &lab.nodes()[0];
    let announces = || -> Result<bool> {
        let configuration = node.frr("speaker", &["-c", "show running-config"])?;
        Ok(configuration.contains("network 172.30.0.10/32"))
    };
    eventually("the speaker announces the service", LIMIT, || {
        ensure!(announces()?, "not yet");
        Ok(())
    })?;
    let lines = [
        "configure terminal",
        "router bgp 64515",
        "address-family ipv4 unicast",
        "no network 172.30.0.10/32",
    ];
    let words: Vec<&str> = lines.iter().flat_map(|line| ["-c", line]).collect();
    node.frr("speaker", &words)?;
    ensure!(!announces()?, "nothing was changed");
    eventually("the speaker announces the service again", LIMIT, || {
        ensure!(announces()?, "not yet");
        Ok(())
    })
}

/// The sessions that are not the same any more. bgpd adds up two clocks in whole seconds, so what it says differs by one.
fn reset(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> Vec<String> {
    let same = |name, since: i64| {
        let now = after.get(name);
        now.is_some_and(|now| now.abs_diff(since) <= 1)
    };
    let gone = before.iter().filter(|(name, since)| !same(*name, **since));
    gone.map(|(name, since)| format!("{name}: {since}, now {:?}", after.get(name)))
        .collect()
}

/// When each session of the two nodes was established, by FRR's own clock.
fn all_sessions(lab: &Lab) -> Result<BTreeMap<String, i64>> {
    let mut all = BTreeMap::new();
    for node in lab.nodes() {
        for instance in ["router", "speaker"] {
            all.extend(sessions(node, instance)?);
        }
    }
    Ok(all)
}

fn sessions(node: &Node, instance: &str) -> Result<BTreeMap<String, i64>> {
    let text = node.frr(instance, &["-c", "show bgp vrf all neighbors json"])?;
    let vrfs: Value = serde_json::from_str(&text)?;
    let mut sessions = BTreeMap::new();
    for (vrf, neighbors) in vrfs.as_object().context("an object of VRFs")? {
        let peers = neighbors.as_object().into_iter().flatten();
        for (peer, state) in peers.filter(|(_, state)| state.is_object()) {
            let name = format!("{} {instance} {vrf} {peer}", node.name());
            let since = state["bgpTimerUpEstablishedEpoch"].as_i64();
            let since = since.with_context(|| format!("{name} is {}", state["bgpState"]))?;
            sessions.insert(name, since);
        }
    }
    Ok(sessions)
}
