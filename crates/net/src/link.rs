//! A link of the kernel as this crate sees it: where it is, what it is, what it carries.

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, Ipv6Addr},
};

use ipnet::IpNet;

use crate::{LinkName, Mtu, TableId, Vni};

/// The two network namespaces of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    Host,
    Router,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Router => "router",
        })
    }
}

/// A link's name and the namespace it is in. Indexes are looked up when a change is applied, never kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub space: Space,
    pub name: LinkName,
}

impl Place {
    pub const fn host(name: LinkName) -> Self {
        Self {
            space: Space::Host,
            name,
        }
    }

    pub const fn router(name: LinkName) -> Self {
        Self {
            space: Space::Router,
            name,
        }
    }

    /// The loopback of the router, which holds the tunnel endpoints.
    pub(crate) fn loopback() -> Self {
        Self::router(LinkName::loopback())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.space, self.name)
    }
}

/// What a link is. None of it can change while the link lives: another kind is another link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Vrf {
        table: TableId,
    },
    Bridge,
    Vxlan {
        vni: Vni,
        port: u16,
        local: Option<IpAddr>,
        learning: bool,
    },
    /// One leg of a pair; `paired` if the other leg is the one of the same VNI in the other namespace.
    Veth {
        paired: bool,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vrf { table } => write!(f, "VRF with table {table}"),
            Self::Bridge => f.write_str("bridge"),
            Self::Vxlan {
                vni,
                port,
                local: Some(local),
                ..
            } => {
                write!(f, "VXLAN {vni} from {local} to port {port}")
            }
            Self::Vxlan {
                vni,
                port,
                local: None,
                ..
            } => write!(f, "VXLAN {vni} to port {port}"),
            Self::Veth { .. } => f.write_str("veth pair"),
        }
    }
}

/// A link of ours. In a target, an absent or `Unmanaged` value means that any will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub vni: Vni,
    pub kind: Kind,
    pub mac: Option<Mac>,
    pub mtu: Option<Mtu>,
    pub up: bool,
    pub attachment: Attachment,
    /// Whether the kernel makes IPv6 link-local addresses by itself. A target that says `true` leaves it alone.
    pub link_local: bool,
    /// Whether it is a bridge port that neither learns nor floods neighbor discovery: EVPN does both. A target
    /// that says `false` leaves it alone.
    pub evpn_port: bool,
    pub addresses: BTreeSet<IpNet>,
}

impl Link {
    /// A link as the kernel makes it: down, alone, without addresses.
    pub(crate) const fn fresh(vni: Vni, kind: Kind) -> Self {
        Self {
            vni,
            kind,
            mac: None,
            mtu: None,
            up: false,
            attachment: Attachment::Detached,
            link_local: true,
            evpn_port: false,
            addresses: BTreeSet::new(),
        }
    }
}

/// What a link is a port of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attachment {
    /// Not ours to decide; never observed.
    Unmanaged,
    Detached,
    To(LinkName),
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmanaged => f.write_str("wherever it is"),
            Self::Detached => f.write_str("nothing"),
            Self::To(controller) => controller.fmt(f),
        }
    }
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Self; 2] = [Self::V4, Self::V6];
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The default route of a VRF's table that ends a lookup there: without it, a packet for which the VRF has no
/// route would go on to the main table and out of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unreachable {
    pub table: TableId,
    pub family: Family,
}

/// A link-layer address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The router MAC of a node in a layer 3 VNI. The same after every restart, because remote nodes hold it in
    /// their type-5 routes, and different for each endpoint and VNI.
    pub fn router(vtep: IpAddr, vni: Vni) -> Self {
        let vtep = match vtep {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let [_, _, mut mac @ ..] = fnv1a(vtep, vni).to_be_bytes();
        // Locally administered, unicast.
        mac[0] = mac[0] & 0xfc | 0x02;
        Self(mac)
    }

    /// The MAC of a layer 2 segment's gateway, the same on every node so that a workload can move.
    pub const fn gateway(vni: Vni) -> Self {
        let [a, b, c, d] = (vni.get() + 1).to_be_bytes();
        Self([0x00, 0xf3, a, b, c, d])
    }
}

/// FNV-1a: the standard library's hashers may differ between releases, and this value is on the wire.
fn fnv1a(vtep: Ipv6Addr, vni: Vni) -> u64 {
    let bytes = vtep.octets().into_iter().chain(vni.get().to_be_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(f, ":{byte:02x}"))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_mac_is_stable_local_and_different_per_endpoint_and_vni() {
        let vni = |vni| Vni::new(vni).unwrap();
        let vtep = |vtep: &str| vtep.parse::<IpAddr>().unwrap();
        let mac = Mac::router(vtep("100.65.0.1"), vni(100));
        assert_eq!(mac.to_string(), "8e:82:fb:c6:84:eb");
        assert_eq!(mac.0[0] & 0x03, 0x02);
        assert_ne!(mac, Mac::router(vtep("100.65.0.2"), vni(100)));
        assert_ne!(mac, Mac::router(vtep("100.65.0.1"), vni(200)));
        assert_ne!(mac, Mac::router(vtep("fd00::1"), vni(100)));
    }

    #[test]
    fn a_gateway_mac_is_the_one_that_openperouter_uses() {
        assert_eq!(
            Mac::gateway(Vni::new(110).unwrap()).to_string(),
            "00:f3:00:00:00:6f"
        );
    }
}
