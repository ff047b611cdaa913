//! Parts of ferroute go away under traffic. What forwards does not depend on what decides.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ferroute_e2e::{Lab, NAMESPACE, Node, Place, Report, eventually, say};

const LIMIT: Duration = Duration::from_mins(2);
const RED: ([u8; 4], u16) = ([172, 30, 0, 10], 80);
const API_AWAY: Duration = Duration::from_mins(1);

pub(crate) fn no_packet_is_lost_when_the_controller_is_replaced(lab: &Lab) -> Result<()> {
    let report = under_traffic(lab, || lab.cluster.replace_controllers())?;
    say(format_args!("figure: controller replaced: {report}"));
    ensure!(report.lost == 0, "{report}");
    Ok(())
}

/// The controller makes them anew, and the nodes stay as they are until then.
pub(crate) fn no_packet_is_lost_when_the_node_routers_are_deleted(lab: &Lab) -> Result<()> {
    let report = under_traffic(lab, || {
        lab.cluster.kubectl(&["delete", "noderouters", "--all"])?;
        lab.cluster.wait_for_node_routers()?;
        lab.cluster.wait_for_sessions(4)
    })?;
    say(format_args!("figure: NodeRouters deleted: {report}"));
    ensure!(report.lost == 0, "{report}");
    Ok(())
}

pub(crate) fn no_packet_is_lost_when_the_agent_is_killed(lab: &Lab) -> Result<()> {
    let report = under_traffic(lab, || {
        let node = &lab.nodes()[0];
        let before = restarts(lab, node, "agent")?;
        // The brackets keep the pattern from matching the command that looks for it.
        Place::lab().run([
            "pkill",
            "-9",
            "-f",
            &format!("[a]gent --node-name={}", node.name()),
        ])?;
        eventually("the agent has restarted", LIMIT, || {
            ensure!(restarts(lab, node, "agent")? > before, "not yet");
            Ok(())
        })?;
        lab.cluster
            .ready_pods(NAMESPACE, "app.kubernetes.io/component=node", 2)
            .map(drop)
    })?;
    say(format_args!("figure: agent killed: {report}"));
    ensure!(report.lost == 0, "{report}");
    Ok(())
}

pub(crate) fn no_packet_is_lost_while_the_api_is_away(lab: &Lab) -> Result<()> {
    let report = under_traffic(lab, || {
        let api = &lab.control_plane.api;
        api.stop()?;
        // Nothing to wait for: the absence itself is what is tested.
        std::thread::sleep(API_AWAY);
        api.resume();
        eventually("the API is back", LIMIT, || lab.cluster.nodes_ready(2))?;
        lab.cluster.wait_for_node_routers()
    })?;
    say(format_args!(
        "figure: API away for {} s: {report}",
        API_AWAY.as_secs()
    ));
    ensure!(report.lost == 0, "{report}");
    Ok(())
}

/// The kernel goes on forwarding while bgpd is started again; the outage is printed, whatever it is.
pub(crate) fn traffic_comes_back_after_bgpd_is_killed(lab: &Lab) -> Result<()> {
    let node = &lab.nodes()[0];
    let report = under_traffic(lab, || {
        let before = restarts(lab, node, "frr-router")?;
        Place::lab().run(["kill", "-9", &bgpd_of_router(node)?])?;
        eventually("the router's FRR has restarted", LIMIT, || {
            ensure!(restarts(lab, node, "frr-router")? > before, "not yet");
            Ok(())
        })?;
        lab.cluster.wait_for_node_routers()?;
        lab.cluster.wait_for_sessions(4)
    })?;
    say(format_args!("figure: bgpd of one router killed: {report}"));
    Ok(())
}

pub(crate) fn traffic_comes_back_after_the_node_pod_is_replaced(lab: &Lab) -> Result<()> {
    let node = &lab.nodes()[0];
    let report = under_traffic(lab, || {
        let field = format!("--field-selector=spec.nodeName={}", node.name());
        let selector = "app.kubernetes.io/component=node";
        lab.cluster.kubectl(&[
            "delete",
            "pods",
            "--namespace",
            NAMESPACE,
            "--selector",
            selector,
            &field,
        ])?;
        lab.cluster.ready_pods(NAMESPACE, selector, 2)?;
        lab.cluster.wait_for_node_routers()?;
        lab.cluster.wait_for_sessions(4)
    })?;
    say(format_args!("figure: pod of one node replaced: {report}"));
    Ok(())
}

/// What a probe of the red service saw while something was done, and that the page still comes after it.
fn under_traffic(lab: &Lab, act: impl FnOnce() -> Result<()>) -> Result<Report> {
    lab.cluster.with_example()?;
    let host = lab.host("hostA_red");
    eventually("hostA_red gets the page", LIMIT, || {
        host.curl("172.30.0.10")
    })?;
    let probe = host.probe_http(SocketAddr::from(RED));
    let acted = act();
    let report = probe.stop()?;
    acted?;
    eventually("hostA_red gets the page again", LIMIT, || {
        host.curl("172.30.0.10")
    })?;
    Ok(report)
}

fn restarts(lab: &Lab, node: &Node, container: &str) -> Result<u64> {
    let pods = lab
        .cluster
        .pods(NAMESPACE, "app.kubernetes.io/component=node")?;
    let pod = pods
        .iter()
        .find(|pod| pod["spec"]["nodeName"] == node.name())
        .context("no pod")?;
    let containers = pod["status"]["containerStatuses"]
        .as_array()
        .context("no containers")?;
    let status = containers
        .iter()
        .find(|status| status["name"] == container)
        .with_context(|| format!("no container {container}"))?;
    status["restartCount"].as_u64().context("no restart count")
}

/// The process in the router's namespace; the speaker's bgpd is in the node's.
fn bgpd_of_router(node: &Node) -> Result<String> {
    let pids = node.place().run(["ip", "netns", "pids", "perouter"])?;
    for pid in pids.split_whitespace() {
        let name = Place::lab().run(["cat", &format!("/proc/{pid}/comm")]);
        if name.is_ok_and(|name| name.trim() == "bgpd") {
            return Ok(pid.to_owned());
        }
    }
    anyhow::bail!("no bgpd among {pids:?}")
}
