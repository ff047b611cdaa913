//! Addresses that follow from a node's index: nothing is stored, so nothing can be lost.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::index::NodeIndex;

/// A prefix has no address left for a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{prefix} has no address for node index {index}")]
pub struct Exhausted {
    /// The prefix.
    pub prefix: IpNet,
    /// The node that it is too small for.
    pub index: NodeIndex,
}

/// The addresses of the two ends of a veth, with the prefix length of the local CIDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VethAddresses {
    /// The router's leg: the same on every node.
    pub router: IpNet,
    /// The host's leg.
    pub host: IpNet,
}

/// The VTEP of a node: address `index + 1` of the prefix, so never the network address.
pub fn vtep(prefix: IpNet, index: NodeIndex) -> Result<IpAddr, Exhausted> {
    nth(prefix, u128::from(index.0) + 1).ok_or(Exhausted { prefix, index })
}

/// The legs of a veth. A prefix that begins with a zero (`192.169.10.0/24`) gives the router `.1` and
/// the hosts `.2` and on; any other is used from its first address, as OpenPERouter does.
pub fn veth(prefix: IpNet, index: NodeIndex) -> Result<VethAddresses, Exhausted> {
    let first = u128::from(last_byte(prefix.network()) == 0);
    let exhausted = Exhausted { prefix, index };
    let leg = |n| nth(prefix, n).and_then(|address| IpNet::new(address, prefix.prefix_len()).ok());
    let router = leg(first).ok_or_else(|| exhausted.clone())?;
    let host = leg(first + 1 + u128::from(index.0)).ok_or(exhausted)?;
    Ok(VethAddresses { router, host })
}

/// The BGP identifier of a node: address `index + 1` of the prefix.
pub fn router_id(prefix: IpNet, index: NodeIndex) -> Result<Ipv4Addr, Exhausted> {
    match nth(prefix, u128::from(index.0) + 1) {
        Some(IpAddr::V4(address)) => Ok(address),
        Some(IpAddr::V6(_)) | None => Err(Exhausted { prefix, index }),
    }
}

/// The address at `offset` in the prefix; of IPv4, the broadcast address is not one.
fn nth(prefix: IpNet, offset: u128) -> Option<IpAddr> {
    match prefix {
        IpNet::V4(net) => {
            let address = u32::from(net.network()).checked_add(u32::try_from(offset).ok()?)?;
            let last = u32::from(net.broadcast());
            let usable = address < last || (net.prefix_len() >= 31 && address == last);
            usable.then(|| IpAddr::V4(address.into()))
        }
        IpNet::V6(net) => {
            let address = u128::from(net.network()).checked_add(offset)?;
            (address <= u128::from(net.broadcast())).then(|| IpAddr::V6(address.into()))
        }
    }
}

fn last_byte(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[15],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn the_vtep_is_never_the_network_address() {
        assert_eq!(
            vtep(net("100.65.0.0/24"), NodeIndex(0))
                .unwrap()
                .to_string(),
            "100.65.0.1"
        );
        assert_eq!(
            vtep(net("100.65.0.0/24"), NodeIndex(253))
                .unwrap()
                .to_string(),
            "100.65.0.254"
        );
        assert!(vtep(net("100.65.0.0/24"), NodeIndex(254)).is_err());
        assert_eq!(
            vtep(net("fd00::/64"), NodeIndex(1)).unwrap().to_string(),
            "fd00::2"
        );
    }

    #[test]
    fn the_router_leg_is_the_same_on_every_node_and_the_host_leg_is_not() {
        for (prefix, index, router, host) in [
            ("192.169.10.0/24", 0, "192.169.10.1/24", "192.169.10.2/24"),
            ("192.169.10.0/24", 1, "192.169.10.1/24", "192.169.10.3/24"),
            (
                "192.169.10.16/28",
                0,
                "192.169.10.16/28",
                "192.169.10.17/28",
            ),
            ("2001:db8::/64", 1, "2001:db8::1/64", "2001:db8::3/64"),
        ] {
            let expected = VethAddresses {
                router: net(router),
                host: net(host),
            };
            assert_eq!(
                veth(net(prefix), NodeIndex(index)),
                Ok(expected),
                "{prefix} {index}"
            );
        }
        assert!(veth(net("192.169.10.0/30"), NodeIndex(1)).is_err());
    }
}
