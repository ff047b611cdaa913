//! Static routes.

use ipnet::IpNet;

use crate::config::StaticRoute;
use crate::tree::Node;

pub(super) fn static_route((net, route): (&IpNet, &StaticRoute)) -> Vec<Node> {
    let words = match net {
        IpNet::V4(_) => "ip route",
        IpNet::V6(_) => "ipv6 route",
    };
    let net = net.trunc();
    let line = |via: &dyn std::fmt::Display| Node::leaf(format!("{words} {net} {via}"));
    match route {
        StaticRoute::Blackhole => vec![line(&"blackhole")],
        StaticRoute::Via(hops) => hops.iter().map(|hop| line(hop)).collect(),
    }
}
