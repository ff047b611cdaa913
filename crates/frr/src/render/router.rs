//! BGP instances and their neighbors.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::config::{
    Bfd, Evpn, Family, GracefulRestart, Neighbor, NeighborFamily, PeerId, RemoteAs, Router,
    Targets, Timers, Unicast,
};
use crate::tree::Node;
use crate::word::{Asn, Name, VrfName};

/// An instance, with those of its networks that are wanted.
pub(super) fn router(
    vrf: Option<&VrfName>,
    router: &Router,
    wanted: impl Fn(&IpNet) -> bool,
) -> Node {
    let Router {
        asn,
        router_id,
        graceful_restart,
        neighbors,
        networks,
        ipv4,
        ipv6,
        evpn,
    } = router;
    let networks: Vec<_> = networks.iter().filter(|(net, _)| wanted(net)).collect();
    let mut children = Vec::new();
    children.extend(
        router_id
            .iter()
            .map(|id| Node::leaf(format!("bgp router-id {id}"))),
    );
    children.extend(ALWAYS.map(Node::leaf));
    children.extend(
        graceful_restart
            .iter()
            .flat_map(restart_lines)
            .map(Node::leaf),
    );
    children.extend(
        neighbors
            .iter()
            .flat_map(|(id, peer)| neighbor_lines(*asn, id, peer))
            .map(leaf),
    );
    children.extend(unicast(Family::Ipv4, &networks, ipv4, neighbors));
    children.extend(unicast(Family::Ipv6, &networks, ipv6, neighbors));
    children.extend(evpn_family(evpn.as_ref(), neighbors));
    Node {
        line: header(*asn, vrf),
        children,
    }
}

fn header(asn: Asn, vrf: Option<&VrfName>) -> String {
    match vrf {
        None => format!("router bgp {asn}"),
        Some(vrf) => format!("router bgp {asn} vrf {vrf}"),
    }
}

/// Said to every instance: policy is always ours, so a session needs no route-map to work; a
/// network needs no route in the kernel; a family is spoken only where it is asked for; and an
/// update waits for no others to go along with it.
const ALWAYS: [&str; 4] = [
    "no bgp ebgp-requires-policy",
    "no bgp default ipv4-unicast",
    "coalesce-time 0",
    "no bgp network import-check",
];

fn leaf(line: String) -> Node {
    Node::leaf(line)
}

fn restart_lines(restart: &GracefulRestart) -> Vec<String> {
    let GracefulRestart {
        enabled,
        restart_time,
        preserve_forwarding,
    } = restart;
    let mut lines = Vec::new();
    lines.extend(super::other_than(
        120,
        *restart_time,
        "bgp graceful-restart restart-time",
    ));
    lines.extend(enabled.then(|| "bgp graceful-restart".to_owned()));
    lines.extend(preserve_forwarding.then(|| "bgp graceful-restart preserve-fw-state".to_owned()));
    lines
}

fn neighbor_lines(own: Asn, id: &PeerId, neighbor: &Neighbor) -> Vec<String> {
    let Neighbor {
        remote_as,
        local_as,
        description,
        port,
        password,
        source,
        ebgp_multihop,
        disable_connected_check,
        timers,
        connect_time,
        bfd,
        graceful_restart,
        ipv4: _,
        ipv6: _,
        evpn: _,
    } = neighbor;
    let definition = match id {
        PeerId::Address(_) => format!("remote-as {remote_as}"),
        PeerId::Interface(_) => format!("interface remote-as {remote_as}"),
    };
    let mut lines = vec![definition];
    lines.extend(local_as.map(|asn| format!("local-as {asn} no-prepend replace-as")));
    lines.extend(
        description
            .as_ref()
            .map(|text| format!("description {text}")),
    );
    lines.extend(bfd_lines(bfd));
    lines.extend(
        password
            .as_ref()
            .map(|secret| format!("password {}", secret.expose())),
    );
    lines.extend(super::other_than(179, *port, "port"));
    // FRR does not keep it for a peer of the own AS, which may be anywhere.
    lines.extend(
        (*ebgp_multihop && !is_internal(*remote_as, own)).then(|| "ebgp-multihop".to_owned()),
    );
    lines.extend(disable_connected_check.then(|| "disable-connected-check".to_owned()));
    lines.extend(
        source
            .as_ref()
            .map(|source| format!("update-source {source}")),
    );
    lines.extend(timers.map(|Timers { hold, keepalive }| format!("timers {keepalive} {hold}")));
    lines.extend(connect_time.map(|seconds| format!("timers connect {seconds}")));
    lines.extend(graceful_restart.then(|| "graceful-restart".to_owned()));
    lines
        .into_iter()
        .map(|line| format!("neighbor {id} {line}"))
        .collect()
}

fn is_internal(remote_as: RemoteAs, own: Asn) -> bool {
    match remote_as {
        RemoteAs::Number(asn) => asn == own,
        RemoteAs::Internal => true,
        RemoteAs::External => false,
    }
}

fn bfd_lines(bfd: &Bfd) -> Vec<String> {
    match bfd {
        Bfd::Off => vec![],
        Bfd::Default => vec!["bfd".to_owned()],
        Bfd::Profile(name) => vec!["bfd".to_owned(), format!("bfd profile {name}")],
    }
}

fn unicast(
    family: Family,
    networks: &[(&IpNet, &Option<Name>)],
    settings: &Unicast,
    neighbors: &BTreeMap<PeerId, Neighbor>,
) -> Option<Node> {
    let Unicast {
        imports,
        redistribute,
    } = settings;
    let own = networks.iter().filter(|(net, _)| Family::of(net) == family);
    let mut lines: Vec<String> = own.map(|(net, map)| network(net, map.as_ref())).collect();
    lines.extend(
        redistribute
            .iter()
            .map(|(source, map)| with_map(format!("redistribute {source}"), map.as_ref())),
    );
    lines.extend(family_lines(neighbors, |neighbor| match family {
        Family::Ipv4 => neighbor.ipv4.as_ref(),
        Family::Ipv6 => neighbor.ipv6.as_ref(),
    }));
    lines.extend(imports.iter().map(|vrf| match vrf {
        None => "import vrf default".to_owned(),
        Some(vrf) => format!("import vrf {vrf}"),
    }));
    address_family(
        &format!("{family} unicast"),
        lines.into_iter().map(leaf).collect(),
    )
}

fn network(net: &IpNet, map: Option<&Name>) -> String {
    with_map(format!("network {}", net.trunc()), map)
}

fn with_map(line: String, map: Option<&Name>) -> String {
    match map {
        None => line,
        Some(map) => format!("{line} route-map {map}"),
    }
}

fn family_lines<'a>(
    neighbors: &'a BTreeMap<PeerId, Neighbor>,
    family: impl Fn(&'a Neighbor) -> Option<&'a NeighborFamily>,
) -> Vec<String> {
    let spoken = neighbors
        .iter()
        .filter_map(|(id, neighbor)| Some((id, family(neighbor)?)));
    spoken
        .flat_map(|(id, family)| neighbor_family(id, family))
        .collect()
}

fn neighbor_family(id: &PeerId, family: &NeighborFamily) -> Vec<String> {
    let NeighborFamily {
        route_map_in,
        route_map_out,
        allowas_in,
        next_hop_self,
        maximum_prefix,
    } = family;
    let mut lines = vec!["activate".to_owned()];
    lines.extend(next_hop_self.then(|| "next-hop-self".to_owned()));
    lines.extend(maximum_prefix.map(|most| format!("maximum-prefix {most}")));
    lines.extend(allowas_in.then(|| "allowas-in".to_owned()));
    lines.extend(
        route_map_in
            .as_ref()
            .map(|map| format!("route-map {map} in")),
    );
    lines.extend(
        route_map_out
            .as_ref()
            .map(|map| format!("route-map {map} out")),
    );
    lines
        .into_iter()
        .map(|line| format!("neighbor {id} {line}"))
        .collect()
}

fn evpn_family(evpn: Option<&Evpn>, neighbors: &BTreeMap<PeerId, Neighbor>) -> Option<Node> {
    let mut children: Vec<Node> = family_lines(neighbors, |neighbor| neighbor.evpn.as_ref())
        .into_iter()
        .map(leaf)
        .collect();
    if let Some(evpn) = evpn {
        children.extend(evpn_nodes(evpn));
    }
    address_family("l2vpn evpn", children)
}

fn evpn_nodes(evpn: &Evpn) -> Vec<Node> {
    let Evpn {
        advertise_all_vni,
        advertise_svi_ip,
        advertise,
        targets,
        vnis,
    } = evpn;
    let mut nodes = Vec::new();
    nodes.extend(advertise_all_vni.then(|| Node::leaf("advertise-all-vni")));
    nodes.extend(advertise_svi_ip.then(|| Node::leaf("advertise-svi-ip")));
    nodes.extend(vnis.iter().map(|(vni, targets)| Node {
        line: format!("vni {vni}"),
        children: target_lines(targets),
    }));
    nodes.extend(
        advertise
            .iter()
            .map(|family| leaf(format!("advertise {family} unicast"))),
    );
    nodes.extend(target_lines(targets));
    nodes
}

fn target_lines(targets: &Targets) -> Vec<Node> {
    let Targets { rd, import, export } = targets;
    let mut lines = Vec::new();
    lines.extend(rd.map(|rd| format!("rd {rd}")));
    lines.extend(
        import
            .iter()
            .map(|target| format!("route-target import {target}")),
    );
    lines.extend(
        export
            .iter()
            .map(|target| format!("route-target export {target}")),
    );
    lines.into_iter().map(leaf).collect()
}

/// A family in which nothing is said is not printed.
fn address_family(name: &str, children: Vec<Node>) -> Option<Node> {
    (!children.is_empty()).then(|| Node {
        line: format!("address-family {name}"),
        children,
    })
}
