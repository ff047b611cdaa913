//! Addresses, prefixes and the ranges of a pool.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::violation::Problem;

const A_CIDR: &str = "a CIDR";
const AN_IP: &str = "an IP address";
const A_RANGE: &str = "a CIDR, or the first and the last address of a range joined by '-'";

/// A prefix. The address need not be the network's own: `192.0.2.1/24` is one.
pub fn parse_cidr(value: &str) -> Result<IpNet, Problem> {
    let net: IpNet = value
        .parse()
        .map_err(|_| Problem::malformed(A_CIDR, value))?;
    unmapped(net.addr(), A_CIDR, value).map(|_| net)
}

/// An IPv4 prefix.
pub fn parse_ipv4_cidr(value: &str) -> Result<Ipv4Net, Problem> {
    value
        .parse()
        .map_err(|_| Problem::malformed("an IPv4 CIDR", value))
}

/// An IPv6 prefix.
pub fn parse_ipv6_cidr(value: &str) -> Result<Ipv6Net, Problem> {
    let net: Ipv6Net = value
        .parse()
        .map_err(|_| Problem::malformed("an IPv6 CIDR", value))?;
    unmapped(net.addr().into(), "an IPv6 CIDR", value).map(|_| net)
}

/// An address without zone; IPv4 written as IPv6 is refused, as the API server refuses it.
pub fn parse_ip(value: &str) -> Result<IpAddr, Problem> {
    let address = value
        .parse()
        .map_err(|_| Problem::malformed(AN_IP, value))?;
    unmapped(address, AN_IP, value)
}

/// An IPv4 address.
pub fn parse_ipv4(value: &str) -> Result<Ipv4Addr, Problem> {
    value
        .parse()
        .map_err(|_| Problem::malformed("an IPv4 address", value))
}

/// An IPv6 address.
pub fn parse_ipv6(value: &str) -> Result<Ipv6Addr, Problem> {
    match parse_ip(value) {
        Ok(IpAddr::V6(address)) => Ok(address),
        Ok(IpAddr::V4(_)) | Err(_) => Err(Problem::malformed("an IPv6 address", value)),
    }
}

fn unmapped(address: IpAddr, expected: &'static str, value: &str) -> Result<IpAddr, Problem> {
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Err(Problem::malformed(expected, value)),
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(address),
    }
}

/// Consecutive addresses of one family, both ends included; the first is never after the last.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    pub fn first(&self) -> IpAddr {
        self.first
    }

    pub fn last(&self) -> IpAddr {
        self.last
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && (self.first..=self.last).contains(&address)
    }

    /// Whether the two have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first.is_ipv4() == other.first.is_ipv4()
            && self.first <= other.last
            && other.first <= self.last
    }

    fn between(first: IpAddr, last: IpAddr) -> Option<Self> {
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }
}

impl From<IpNet> for AddressRange {
    fn from(net: IpNet) -> Self {
        Self {
            first: net.network(),
            last: net.broadcast(),
        }
    }
}

impl FromStr for AddressRange {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        let malformed = || Problem::malformed(A_RANGE, value);
        let Some((first, last)) = value.split_once('-') else {
            return parse_cidr(value.trim())
                .map(Self::from)
                .map_err(|_| malformed());
        };
        let first = parse_ip(first.trim()).map_err(|_| malformed())?;
        let last = parse_ip(last.trim()).map_err(|_| malformed())?;
        Self::between(first, last).ok_or_else(malformed)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    #[test]
    fn a_prefix_is_a_range_with_its_first_and_last_address() {
        assert_eq!(range("192.0.2.77/24"), range("192.0.2.0 - 192.0.2.255"));
        assert_eq!(range("fd00::/127").to_string(), "fd00::-fd00::1");
    }

    #[test]
    fn ranges_overlap_only_within_a_family() {
        let table = [
            ("192.0.2.0/25", "192.0.2.127-192.0.2.130", true),
            ("192.0.2.0/25", "192.0.2.128/25", false),
            ("0.0.0.0/0", "::/0", false),
        ];
        for (one, other, expected) in table {
            assert_eq!(
                range(one).overlaps(&range(other)),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                range(other).overlaps(&range(one)),
                expected,
                "{other} {one}"
            );
        }
    }

    #[test]
    fn a_range_contains_its_ends_and_nothing_of_the_other_family() {
        let pool = range("192.0.2.10-192.0.2.12");
        let inside = ["192.0.2.9", "192.0.2.10", "192.0.2.12", "192.0.2.13", "::"]
            .map(|address| pool.contains(address.parse().unwrap()));
        assert_eq!(inside, [false, true, true, false, false]);
    }
}
