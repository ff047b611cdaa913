//! The sessions of the example: with the fabric, between router and speaker, and as the API tells of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ferroute_e2e::{Lab, eventually, say};

const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn both_nodes_are_established_with_their_switch(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    eventually("leafkind has both nodes", LIMIT, || {
        let summary = lab.fabric.leaf_kind.json("bgp l2vpn evpn summary")?;
        for address in ["192.168.11.3", "192.168.11.4"] {
            let state = &summary["peers"][address]["state"];
            ensure!(state == "Established", "{address} is {state}");
        }
        Ok(())
    })?;
    for node in lab.nodes() {
        let router = lab.cluster.node_router(node.name())?;
        let fabric = &router["status"]["fabricSessions"][0];
        ensure!(
            fabric["peer"] == "192.168.11.2" && fabric["state"] == "Established",
            "{fabric}"
        );
    }
    Ok(())
}

pub(crate) fn the_host_sessions_of_both_overlays_are_established(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for node in lab.nodes() {
        for peer in ["192.169.10.1", "192.169.11.1"] {
            let states = lab.cluster.session_states()?;
            let state = states
                .iter()
                .map(|state| &state["status"])
                .find(|status| status["node"] == node.name() && status["peer"] == peer)
                .with_context(|| format!("{} has no BGPSessionState of {peer}", node.name()))?;
            let expected = state["bgpStatus"] == "Established" && state["bfdStatus"] == "N/A";
            ensure!(expected, "{state}");
        }
    }
    Ok(())
}

/// A session is shut down in the router; the API must say so soon, and soon say that it is back.
pub(crate) fn the_api_tells_of_a_session_within_two_seconds(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let node = &lab.nodes()[0];
    let flap = |line: &str| {
        let words = [
            "-c",
            "configure terminal",
            "-c",
            "router bgp 64514 vrf red",
            "-c",
            line,
        ];
        node.frr("router", &words)
    };
    flap("neighbor 192.169.10.2 shutdown")?;
    let down = told(lab, node.name(), false)?;
    flap("no neighbor 192.169.10.2 shutdown")?;
    eventually("the session is back", LIMIT, || {
        let summary = node.frr("speaker", &["-c", "show bgp summary json"])?;
        let summary: serde_json::Value = serde_json::from_str(&summary)?;
        let state = &summary["ipv4Unicast"]["peers"]["192.169.10.1"]["state"];
        ensure!(state == "Established", "{state}");
        Ok(())
    })?;
    let up = told(lab, node.name(), true)?;
    say(format_args!(
        "figure: API told of session down after {} ms, of up after {} ms",
        down.as_millis(),
        up.as_millis()
    ));
    let bound = Duration::from_secs(2);
    ensure!(down <= bound && up <= bound, "down {down:?}, up {up:?}");
    lab.cluster.wait_for_sessions(4)?;
    described(lab, node.name())
}

/// `kubectl describe` has the story, of both of the node's ends.
fn described(lab: &Lab, node: &str) -> Result<()> {
    let (red, router) = ("192.169.10.1 in VRF default", "192.169.10.2 in VRF red");
    eventually("the events are described", LIMIT, || {
        let text = lab.cluster.kubectl(&["describe", "noderouter", node])?;
        for (reason, story) in [
            (
                "SessionDown",
                format!("router: BGP session with {router} is down"),
            ),
            (
                "SessionUp",
                format!("router: BGP session with {router} is up"),
            ),
            (
                "SessionDown",
                format!("speaker: BGP session with {red} is down"),
            ),
            (
                "SessionUp",
                format!("speaker: BGP session with {red} is up"),
            ),
        ] {
            let mut lines = text.lines();
            let told = lines.any(|line| line.contains(reason) && line.contains(&story));
            ensure!(told, "no {reason}, {story}, in\n{text}");
        }
        Ok(())
    })
}

/// How long the API takes to say that the red session of a node is up, or is not.
fn told(lab: &Lab, node: &str, up: bool) -> Result<Duration> {
    let start = Instant::now();
    eventually("the API tells", LIMIT, || {
        let states = lab.cluster.session_states()?;
        let red = states
            .iter()
            .find(|state| {
                state["status"]["node"] == node && state["status"]["peer"] == "192.169.10.1"
            })
            .context("no state")?;
        let said = &red["status"]["bgpStatus"];
        ensure!((said == "Established") == up, "{said}");
        Ok(())
    })?;
    Ok(start.elapsed())
}
