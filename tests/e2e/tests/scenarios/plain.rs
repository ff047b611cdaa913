//! What a plain MetalLB user has: pools, peers and advertisements, no Underlay; here without pods, too.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ferroute_e2e::{
    KUBECONFIG, Lab, NAMESPACE, Node, PROGRAM, Place, Service, eventually, example,
};

const LIMIT: Duration = Duration::from_mins(2);

/// The switch takes any of the nodes of its subnet with the AS that the example's Underlay has.
const MANIFESTS: &str = "
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: plain, namespace: metallb-system}
spec: {addresses: [172.31.0.0/28]}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: switch, namespace: metallb-system}
spec: {myASN: 64514, peerASN: 64512, peerAddress: 192.168.11.2}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: plain, namespace: metallb-system}
spec: {ipAddressPools: [plain], peers: [switch]}
---
apiVersion: v1
kind: Service
metadata:
  name: plain
  namespace: red
  annotations: {metallb.io/address-pool: plain}
spec:
  type: LoadBalancer
  selector: {app: nginx}
  ports: [{port: 80}]
";

/// Ends with the chart uninstalled and without the example's Underlay and peers: the next scenario brings them again.
pub(crate) fn plain_processes_serve_a_cluster_without_an_underlay(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    lab.cluster
        .helm(&["uninstall", "ferroute", "--namespace", NAMESPACE, "--wait"])?;
    for file in ["openpe.yaml", "metallb.yaml"] {
        lab.cluster.kubectl(&["delete", "-f", &example(file)])?;
    }
    let processes = start(lab)?;
    let served = serve(lab);
    let uninstalled = Place::lab().run([
        PROGRAM,
        "uninstall",
        "--kubeconfig",
        KUBECONFIG,
        "--namespace",
        NAMESPACE,
    ]);
    for process in processes {
        process.terminate()?;
    }
    lab.cluster.delete(MANIFESTS)?;
    served?;
    uninstalled?;
    let left = lab.cluster.kubectl(&[
        "get",
        "noderouters,routeslices,bgpsessionstates",
        "-A",
        "-o",
        "name",
    ])?;
    ensure!(left.trim().is_empty(), "{left}");
    Ok(())
}

/// A controller, and on each node an agent without a router and the speaker's FRR.
fn start(lab: &Lab) -> Result<Vec<Service>> {
    let api = ["--kubeconfig", KUBECONFIG, "--namespace", NAMESPACE];
    let controller = ["controller", "--listen", "127.0.0.1:9120"];
    let mut processes = vec![run(
        &Place::lab(),
        "controller",
        &[&controller[..], &api].concat(),
    )?];
    for node in lab.nodes() {
        let frr = ["frr", "--instance", "speaker"];
        processes.push(run(
            node.place(),
            &format!("{}-speaker", node.name()),
            &frr,
        )?);
        let agent = ["agent", "--node-name", node.name()];
        let name = format!("{}-agent", node.name());
        processes.push(run(node.place(), &name, &[&agent[..], &api].concat())?);
    }
    Ok(processes)
}

fn run(place: &Place, name: &str, arguments: &[&str]) -> Result<Service> {
    Service::start(place, name, &[&[PROGRAM], arguments].concat())
}

fn serve(lab: &Lab) -> Result<()> {
    lab.cluster.apply(MANIFESTS)?;
    lab.cluster.wait_for_sessions(2)?;
    let address = eventually("the service has an address", LIMIT, || {
        lab.cluster.service_address("red", "plain")
    })?;
    ensure!(
        address.starts_with("172.31.0."),
        "{address} is of another pool"
    );
    let switch = &lab.fabric.leaf_kind;
    eventually("the switch has the route of both nodes", LIMIT, || {
        let shown = switch.show(&format!("bgp ipv4 unicast {address}/32"))?;
        let both = lab
            .nodes()
            .iter()
            .all(|node| shown.contains(on_the_switch(node)));
        ensure!(both, "{shown}");
        Ok(())
    })?;
    eventually("the switch gets the page", LIMIT, || {
        let page = switch
            .place()
            .run(["curl", "--silent", "--max-time", "2", &address])?;
        ensure!(page.contains("nginx"), "{page}");
        Ok(())
    })?;
    tell(lab)?;
    lab.cluster
        .kubectl(&["delete", "service", "--namespace", "red", "plain"])?;
    eventually("the switch has lost the route", LIMIT, || {
        let table = switch.json("ip route")?;
        ensure!(
            table.get(format!("{address}/32")).is_none(),
            "{address} is left"
        );
        Ok(())
    })
    .context("withdraw")
}

/// What Prometheus reads is what is served: the services of the example, whose pools are gone, have an address of this
/// pool as well.
fn tell(lab: &Lab) -> Result<()> {
    let own = Place::lab();
    let pool = r#"metallb_allocator_addresses_in_use_total{pool="plain"} 3"#;
    let mut expected = vec![(&own, 9120, pool)];
    for node in lab.nodes() {
        let up = r#"frrk8s_bgp_session_up{peer="192.168.11.2",vrf="default"} 1"#;
        let sent = r#"frrk8s_bgp_announced_prefixes_total{peer="192.168.11.2",vrf="default"} 3"#;
        expected.extend([(node.place(), 9121, up), (node.place(), 9121, sent)]);
    }
    for (place, port, line) in expected {
        let url = format!("http://127.0.0.1:{port}/metrics");
        eventually(&format!("{url} of {place} says {line}"), LIMIT, || {
            let told = place.run(["curl", "--silent", "--fail", "--max-time", "2", &url])?;
            ensure!(told.lines().any(|told| told == line), "{told}");
            Ok(())
        })?;
    }
    Ok(())
}

/// A node's address in the switch's subnet.
fn on_the_switch(node: &Node) -> &'static str {
    match node.name() {
        "pe-kind-control-plane" => "192.168.11.3",
        _ => "192.168.11.4",
    }
}
