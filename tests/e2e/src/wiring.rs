//! Every cable of the lab, laid by one `ip` process: the fabric's links, the switch, and the nodes' two.

use anyhow::Result;

use crate::node;
use crate::place::Place;

/// The machines of the fabric.
pub(crate) const MACHINES: [&str; 8] = [
    "spine",
    "leafA",
    "leafB",
    "leafkind",
    "hostA_red",
    "hostA_blue",
    "hostB_red",
    "hostB_blue",
];

/// Where the control plane is on the nodes' network.
pub(crate) const CONTROL_PLANE: &str = "10.255.0.254";

/// The fabric's links: a machine and its interface, twice.
const LINKS: [[&str; 4]; 7] = [
    ["spine", "eth1", "leafA", "eth1"],
    ["spine", "eth2", "leafB", "eth1"],
    ["spine", "eth3", "leafkind", "eth1"],
    ["leafA", "ethred", "hostA_red", "eth1"],
    ["leafA", "ethblue", "hostA_blue", "eth1"],
    ["leafB", "ethred", "hostB_red", "eth1"],
    ["leafB", "ethblue", "hostB_blue", "eth1"],
];

/// The switch that the nodes' underlay and leafkind plug into.
const SWITCH: &str = "leafkind-switch";

/// Makes all namespaces and links. Addresses are each machine's own business.
pub(crate) fn lay() -> Result<()> {
    let names = MACHINES
        .into_iter()
        .chain(node::SPECS.map(|spec| spec.name));
    let mut lines: Vec<String> = names.map(|name| format!("netns add {name}")).collect();
    lines.extend(LINKS.map(|[one, here, other, there]| {
        format!("link add {here} netns {one} type veth peer name {there} netns {other}")
    }));
    for bridge in ["nodes", SWITCH] {
        lines.push(format!("link add {bridge} type bridge mcast_snooping 0"));
        lines.push(format!("link set {bridge} up"));
    }
    lines.push("link set lo up".to_owned());
    lines.push(format!("addr add {CONTROL_PLANE}/24 dev nodes"));
    lines.push("addr add fd00:10:255::fe/64 dev nodes nodad".to_owned());
    lines.extend(plug(SWITCH, "leaf2", "leafkind", "toswitch"));
    for spec in &node::SPECS {
        lines.extend(plug("nodes", spec.port, spec.name, "eth0"));
        lines.extend(plug(SWITCH, spec.switch_port, spec.name, "toswitch"));
        lines.extend(spec.routes());
    }
    Place::lab().ip(&lines.join("\n"))
}

/// Plugs a machine's interface into a port of a bridge.
fn plug(bridge: &str, port: &str, machine: &str, interface: &str) -> [String; 2] {
    [
        format!("link add {port} type veth peer name {interface} netns {machine}"),
        format!("link set {port} master {bridge} up"),
    ]
}
