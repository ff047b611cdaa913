//! Messages of the kernel as the values of this crate. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use rtnetlink::packet_route::{
    AddressFamily,
    address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage},
    link::{
        AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoBridgePort, InfoData, InfoKind,
        InfoPortData, InfoVrf, InfoVxlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
    },
    route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteProtocol, RouteType, RouteVia,
    },
};

use crate::{Family, Kind, LinkName, Mac, Mtu, Route, TableId, Unreachable, Vni};

/// The addresses of a namespace by the index of their link.
pub(crate) type Addresses = BTreeMap<u32, BTreeSet<IpNet>>;

/// A link as the kernel tells it, ours or not.
#[derive(Debug, Clone)]
pub(crate) struct RawLink {
    pub(crate) index: u32,
    pub(crate) name: LinkName,
    pub(crate) group: u32,
    pub(crate) up: bool,
    pub(crate) mtu: Mtu,
    pub(crate) mac: Option<Mac>,
    pub(crate) controller: Option<u32>,
    /// For a leg of a pair, the index of the other in the namespace where that is.
    pub(crate) peer: Option<u32>,
    /// Absent for a kind that we never make.
    pub(crate) kind: Option<Kind>,
    pub(crate) link_local: bool,
    pub(crate) evpn_port: bool,
}

impl RawLink {
    /// A message without a name is about something else than the link (bridge ports, for one).
    pub(crate) fn parse(message: &LinkMessage) -> Option<Self> {
        let mut link = Self {
            index: message.header.index,
            name: LinkName::trusted(String::new()),
            group: 0,
            up: message.header.flags.contains(LinkFlags::Up),
            mtu: Mtu(0),
            mac: None,
            controller: None,
            peer: None,
            kind: None,
            link_local: true,
            evpn_port: false,
        };
        for attribute in &message.attributes {
            link.read(attribute);
        }
        (!link.name.as_str().is_empty()).then_some(link)
    }

    fn read(&mut self, attribute: &LinkAttribute) {
        match attribute {
            LinkAttribute::IfName(name) => self.name = LinkName::trusted(name.clone()),
            LinkAttribute::Group(group) => self.group = *group,
            LinkAttribute::Mtu(mtu) => self.mtu = Mtu(*mtu),
            LinkAttribute::Address(mac) => self.mac = mac.as_slice().try_into().ok().map(Mac),
            LinkAttribute::Controller(index) => self.controller = Some(*index),
            LinkAttribute::Link(index) => self.peer = Some(*index),
            LinkAttribute::AfSpecUnspec(families) => self.link_local = makes_link_local(families),
            LinkAttribute::LinkInfo(infos) => {
                self.kind = kind(infos);
                self.evpn_port = infos.iter().any(is_evpn_port);
            }
            _ => {}
        }
    }
}

fn makes_link_local(families: &[AfSpecUnspec]) -> bool {
    !families.iter().any(|family| {
        matches!(family, AfSpecUnspec::Inet6(attributes)
            if attributes.contains(&AfSpecInet6::AddrGenMode(In6AddrGenMode::None)))
    })
}

fn is_evpn_port(info: &LinkInfo) -> bool {
    matches!(info, LinkInfo::PortData(InfoPortData::BridgePort(port))
        if port.contains(&InfoBridgePort::Learning(false))
            && port.contains(&InfoBridgePort::NeighSupress(true)))
}

fn kind(infos: &[LinkInfo]) -> Option<Kind> {
    let kind = infos.iter().find_map(|info| {
        if let LinkInfo::Kind(kind) = info {
            Some(kind)
        } else {
            None
        }
    });
    let data = infos.iter().find_map(|info| {
        if let LinkInfo::Data(data) = info {
            Some(data)
        } else {
            None
        }
    });
    match (kind?, data) {
        (InfoKind::Bridge, _) => Some(Kind::Bridge),
        // Whether both legs are where they belong is seen when both namespaces are known.
        (InfoKind::Veth, _) => Some(Kind::Veth { paired: false }),
        (InfoKind::Vrf, Some(InfoData::Vrf(infos))) => vrf(infos),
        (InfoKind::Vxlan, Some(InfoData::Vxlan(infos))) => vxlan(infos),
        _ => None,
    }
}

fn vrf(infos: &[InfoVrf]) -> Option<Kind> {
    infos.iter().find_map(|info| match info {
        InfoVrf::TableId(table) => Some(Kind::Vrf {
            table: TableId::reported(*table),
        }),
        _ => None,
    })
}

fn vxlan(infos: &[InfoVxlan]) -> Option<Kind> {
    let (mut id, mut port, mut local, mut learning) = (None, 0, None, false);
    for info in infos {
        match info {
            InfoVxlan::Id(vni) => id = Vni::new(*vni).ok(),
            InfoVxlan::Port(number) => port = *number,
            InfoVxlan::Local(address) => local = Some(IpAddr::V4(*address)),
            InfoVxlan::Local6(address) => local = Some(IpAddr::V6(*address)),
            InfoVxlan::Learning(on) => learning = *on,
            _ => {}
        }
    }
    Some(Kind::Vxlan {
        vni: id?,
        port,
        local,
        learning,
    })
}

pub(crate) fn addresses<'a>(messages: impl Iterator<Item = &'a AddressMessage>) -> Addresses {
    let mut addresses = Addresses::new();
    for message in messages {
        if let Some(address) = address(message) {
            addresses
                .entry(message.header.index)
                .or_default()
                .insert(address);
        }
    }
    addresses
}

/// A configured address: not one that the kernel made by itself (link-local, loopback, from a router
/// advertisement).
fn address(message: &AddressMessage) -> Option<IpNet> {
    let mut address = None;
    let mut permanent = message.header.flags.contains(AddressHeaderFlags::Permanent);
    for attribute in &message.attributes {
        match attribute {
            // The local end; without one, as for IPv6, the address itself.
            AddressAttribute::Local(local) => address = Some(*local),
            AddressAttribute::Address(ip) => address = address.or(Some(*ip)),
            AddressAttribute::Flags(flags) => permanent = flags.contains(AddressFlags::Permanent),
            _ => {}
        }
    }
    let address = address.filter(|address| is_configured(*address, permanent))?;
    IpNet::new(address, message.header.prefix_len).ok()
}

fn is_configured(address: IpAddr, permanent: bool) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback(),
        IpAddr::V6(address) => {
            permanent && !address.is_loopback() && !address.is_unicast_link_local()
        }
    }
}

/// The unreachable default that a message tells, if its table is one of ours.
pub(crate) fn unreachable(message: &RouteMessage) -> Option<Unreachable> {
    let header = &message.header;
    if header.kind != RouteType::Unreachable || header.destination_prefix_length != 0 {
        return None;
    }
    let family = match header.address_family {
        AddressFamily::Inet => Family::V4,
        AddressFamily::Inet6 => Family::V6,
        _ => return None,
    };
    let table = TableId::reported(table(message));
    table.vni().map(|_| Unreachable { table, family })
}

fn table(message: &RouteMessage) -> u32 {
    let attribute = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::Table(table) => Some(*table),
            _ => None,
        });
    attribute.unwrap_or_else(|| u32::from(message.header.table))
}

/// A route that someone configured. Not one that the kernel or a routing daemon makes again by itself.
pub(crate) fn configured_route(message: &RouteMessage) -> Option<Route> {
    let header = &message.header;
    let protocol = configuring_protocol(header.protocol)?;
    if header.kind != RouteType::Unicast {
        return None;
    }
    let any: IpAddr = match header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let mut route = Route {
        gateway: None,
        destination: IpNet::new(any, 0).ok()?,
        source: None,
        metric: None,
        protocol,
        scope: header.scope.into(),
        onlink: header.flags.contains(RouteFlags::Onlink),
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => {
                route.destination = IpNet::new(ip(to)?, header.destination_prefix_length).ok()?;
            }
            RouteAttribute::Gateway(gateway) => route.gateway = ip(gateway),
            RouteAttribute::Via(RouteVia::Inet6(gateway)) => {
                route.gateway = Some((*gateway).into());
            }
            RouteAttribute::PrefSource(source) => route.source = ip(source),
            RouteAttribute::Priority(metric) => route.metric = Some(*metric),
            // A part of it goes through other links.
            RouteAttribute::MultiPath(_) => return None,
            _ => {}
        }
    }
    Some(route)
}

/// The number of a protocol that stands for configuration.
const fn configuring_protocol(protocol: RouteProtocol) -> Option<u8> {
    match protocol {
        RouteProtocol::Unspec => Some(0),
        RouteProtocol::Boot => Some(3),
        RouteProtocol::Static => Some(4),
        RouteProtocol::Dhcp => Some(16),
        _ => None,
    }
}

const fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

pub(crate) const fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}
