//! Changes as messages to the kernel. Pure.

use std::{net::IpAddr, os::fd::RawFd};

use ipnet::IpNet;
use rtnetlink::{
    LinkBridge, LinkBridgePort, LinkMessageBuilder, LinkUnspec, LinkVeth, LinkVrf, LinkVxlan,
    RouteMessageBuilder,
    packet_route::{
        AddressFamily,
        address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage},
        link::{
            AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoVeth, LinkAttribute,
            LinkMessage,
        },
        route::{RouteAttribute, RouteMessage, RouteProtocol, RouteScope, RouteType, RouteVia},
    },
};

use crate::{Family, Kind, Link, Mac, Mtu, Place, Route, Unreachable, names, parse};

/// The worst distance (255) and 8192 as metric, as the kernel's documentation of VRFs recommends: every other
/// route of the table wins, and zebra reads the high byte as a distance.
const LAST_RESORT: u32 = 0xff00_2000;

/// Creates a link that is marked as ours from its first moment. `router` is the namespace of a veth's other leg.
pub(crate) fn create(place: &Place, link: &Link, router: RawFd) -> LinkMessage {
    let name = place.name.as_str();
    match &link.kind {
        Kind::Vrf { table } => marked(LinkVrf::new(name, table.get()), link).build(),
        Kind::Bridge => marked(LinkMessageBuilder::<LinkBridge>::new(name), link).build(),
        Kind::Vxlan {
            vni,
            port,
            local,
            learning,
        } => {
            let vxlan = LinkVxlan::new(name, vni.get())
                .port(*port)
                .learning(*learning);
            let vxlan = match local {
                Some(IpAddr::V4(local)) => vxlan.local(*local),
                Some(IpAddr::V6(local)) => vxlan.local6(*local),
                None => vxlan,
            };
            marked(vxlan, link).build()
        }
        Kind::Veth { .. } => {
            let other = names::other_leg(place, link.vni);
            let peer = LinkUnspec::new_with_name(other.name.as_str()).setns_by_fd(router);
            let peer = InfoData::Veth(InfoVeth::Peer(marked(peer, link).build()));
            let leg = LinkVeth::new(name, other.name.as_str()).set_info_data(peer);
            marked(leg, link).build()
        }
    }
}

fn marked<T>(builder: LinkMessageBuilder<T>, link: &Link) -> LinkMessageBuilder<T> {
    let builder = builder.link_group(names::group(link.vni));
    let builder = match link.mtu {
        Some(Mtu(mtu)) => builder.mtu(mtu),
        None => builder,
    };
    match link.mac {
        Some(Mac(mac)) => builder.address(mac.to_vec()),
        None => builder,
    }
}

pub(crate) fn disable_link_local(index: u32) -> LinkMessage {
    let mode = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
    let families = vec![AfSpecUnspec::Inet6(vec![mode])];
    LinkUnspec::new_with_index(index)
        .append_extra_attribute(LinkAttribute::AfSpecUnspec(families))
        .build()
}

pub(crate) fn evpn_port(index: u32) -> LinkMessage {
    LinkBridgePort::new(index)
        .learning(false)
        .neigh_suppress(true)
        .build()
}

/// An address that is usable at once: a tunnel endpoint or a gateway that all nodes share would fail duplicate
/// address detection.
pub(crate) fn address(index: u32, address: IpNet) -> AddressMessage {
    let ip = address.addr();
    let mut message = AddressMessage::default();
    message.header.index = index;
    message.header.prefix_len = address.prefix_len();
    message.attributes = vec![AddressAttribute::Local(ip), AddressAttribute::Address(ip)];
    match ip {
        IpAddr::V4(_) => message.header.family = AddressFamily::Inet,
        IpAddr::V6(_) => {
            message.header.family = AddressFamily::Inet6;
            message.header.flags = AddressHeaderFlags::Nodad;
            message
                .attributes
                .push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
    }
    if let IpNet::V4(v4) = address
        && v4.prefix_len() < 31
    {
        message
            .attributes
            .push(AddressAttribute::Broadcast(v4.broadcast()));
    }
    message
}

/// Marked as if an ICMP redirect had made it, the one kind of route that zebra overlooks. One that it reads before
/// it knows the table's VRF goes into a table of the default VRF, which it still uses after the VRF is gone and its
/// table is freed: it crashes in `rib_process_dplane_results` (seen with FRR 10.3; as FRR issue 18699).
pub(crate) fn unreachable(route: Unreachable) -> RouteMessage {
    let Unreachable { table, family } = route;
    let mut message = RouteMessageBuilder::<IpAddr>::new()
        .table_id(table.get())
        .kind(RouteType::Unreachable)
        .protocol(RouteProtocol::IcmpRedirect)
        .priority(LAST_RESORT)
        .build();
    message.header.address_family = parse::address_family(family);
    message
}

/// A route of the host through a NIC. Its parts came from the kernel, so they are of one family.
pub(crate) fn route(index: u32, route: &Route) -> RouteMessage {
    let Route {
        gateway,
        destination,
        source,
        metric,
        protocol,
        scope,
        onlink,
    } = route;
    let family = match destination {
        IpNet::V4(_) => Family::V4,
        IpNet::V6(_) => Family::V6,
    };
    let mut builder = RouteMessageBuilder::<IpAddr>::new()
        .output_interface(index)
        .protocol(RouteProtocol::from(*protocol))
        .scope(RouteScope::from(*scope));
    if *onlink {
        builder = builder.onlink();
    }
    let mut message = builder.build();
    message.header.address_family = parse::address_family(family);
    message.header.destination_prefix_length = destination.prefix_len();
    let attributes = [
        Some(RouteAttribute::Destination(destination.addr().into())),
        gateway.map(|gateway| via(family, gateway)),
        source.map(|source| RouteAttribute::PrefSource(source.into())),
        metric.map(RouteAttribute::Priority),
    ];
    message.attributes.extend(attributes.into_iter().flatten());
    message
}

/// An IPv4 route may go through an IPv6 gateway, which has an attribute of its own.
fn via(family: Family, gateway: IpAddr) -> RouteAttribute {
    match (family, gateway) {
        (Family::V4, IpAddr::V6(gateway)) => RouteAttribute::Via(RouteVia::Inet6(gateway)),
        (Family::V4 | Family::V6, gateway) => RouteAttribute::Gateway(gateway.into()),
    }
}
