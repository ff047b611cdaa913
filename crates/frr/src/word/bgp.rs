//! Numbers of BGP and EVPN in the form in which FRR prints them.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use super::error::{WordError, shown};

fn form(kind: &'static str, value: &str, expected: &'static str) -> WordError {
    WordError::Form {
        kind,
        value: shown(value),
        expected,
    }
}

/// An autonomous system number, 1..=4294967295.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asn(u32);

impl Asn {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Asn {
    type Error = WordError;

    fn try_from(value: u32) -> Result<Self, WordError> {
        match value {
            0 => Err(form("AS number", "0", "1..=4294967295")),
            _ => Ok(Self(value)),
        }
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A VXLAN network identifier, 1..=16777215.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vni(u32);

impl Vni {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Vni {
    type Error = WordError;

    fn try_from(value: u32) -> Result<Self, WordError> {
        match value {
            1..=0x00ff_ffff => Ok(Self(value)),
            _ => Err(form("VNI", &value.to_string(), "1..=16777215")),
        }
    }
}

impl fmt::Display for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A community of RFC 1997, ordered as FRR orders them: by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StandardCommunity(u32);

impl StandardCommunity {
    /// The community `high:low`.
    pub const fn new(high: u16, low: u16) -> Self {
        Self((high as u32) << 16 | low as u32)
    }
}

/// FRR prints these by name, whichever way they were written.
const WELL_KNOWN: [(u32, &str); 14] = [
    (0xffff_0000, "graceful-shutdown"),
    (0xffff_0001, "accept-own"),
    (0xffff_0002, "route-filter-translated-v4"),
    (0xffff_0003, "route-filter-v4"),
    (0xffff_0004, "route-filter-translated-v6"),
    (0xffff_0005, "route-filter-v6"),
    (0xffff_0006, "llgr-stale"),
    (0xffff_0007, "no-llgr"),
    (0xffff_0008, "accept-own-nexthop"),
    (0xffff_029a, "blackhole"),
    (0xffff_ff01, "no-export"),
    (0xffff_ff02, "no-advertise"),
    (0xffff_ff03, "local-AS"),
    (0xffff_ff04, "no-peer"),
];

impl fmt::Display for StandardCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match WELL_KNOWN.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{}:{}", self.0 >> 16, self.0 & 0xffff),
        }
    }
}

impl FromStr for StandardCommunity {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        let named = WELL_KNOWN
            .iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(value));
        if let Some((number, _)) = named {
            return Ok(Self(*number));
        }
        let numbers = value.split_once(':').and_then(|(high, low)| {
            Some(Self::new(
                decimal(high)?.try_into().ok()?,
                decimal(low)?.try_into().ok()?,
            ))
        });
        numbers.ok_or_else(|| form("community", value, "AS:N or the name of a well-known one"))
    }
}

/// A community of RFC 8092.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LargeCommunity {
    /// The AS number that gives the other two a meaning.
    pub global: u32,
    /// The first local part.
    pub local1: u32,
    /// The second local part.
    pub local2: u32,
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            global,
            local1,
            local2,
        } = self;
        write!(f, "{global}:{local1}:{local2}")
    }
}

impl FromStr for LargeCommunity {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        let parts: Option<Vec<u32>> = value.split(':').map(decimal).collect();
        match parts.as_deref() {
            Some(&[global, local1, local2]) => Ok(Self {
                global,
                local1,
                local2,
            }),
            _ => Err(form("large community", value, "A:B:C")),
        }
    }
}

/// A community as a user writes it: `AS:N`, the name of a well-known one, `A:B:C`, or
/// `large:A:B:C`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Community {
    /// Four bytes.
    Standard(StandardCommunity),
    /// Twelve bytes.
    Large(LargeCommunity),
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard(community) => community.fmt(f),
            Self::Large(community) => community.fmt(f),
        }
    }
}

impl FromStr for Community {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        let large = value.strip_prefix("large:");
        match large.or_else(|| (value.matches(':').count() == 2).then_some(value)) {
            Some(large) => large.parse().map(Self::Large),
            None => value.parse().map(Self::Standard),
        }
    }
}

/// `administrator:number`, eight bytes with the type: an IPv4 address or a four-byte AS number
/// leaves two bytes for the number, a two-byte AS number four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Administered {
    Address(Ipv4Addr, u16),
    Asn4(u32, u16),
    Asn2(u16, u32),
}

impl Administered {
    fn parse(value: &str) -> Option<Self> {
        let (administrator, number) = value.split_once(':')?;
        let number = decimal(number)?;
        if let Ok(address) = administrator.parse() {
            return Some(Self::Address(address, number.try_into().ok()?));
        }
        let asn = decimal(administrator)?;
        match u16::try_from(asn) {
            Ok(asn) => Some(Self::Asn2(asn, number)),
            Err(_) => Some(Self::Asn4(asn, number.try_into().ok()?)),
        }
    }
}

impl fmt::Display for Administered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address, number) => write!(f, "{address}:{number}"),
            Self::Asn4(asn, number) => write!(f, "{asn}:{number}"),
            Self::Asn2(asn, number) => write!(f, "{asn}:{number}"),
        }
    }
}

/// A route distinguisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteDistinguisher(Administered);

impl RouteDistinguisher {
    /// The form of RFC 7432: the router's own address and a number.
    pub fn of_address(address: Ipv4Addr, number: u16) -> Self {
        Self(Administered::Address(address, number))
    }
}

impl fmt::Display for RouteDistinguisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RouteDistinguisher {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        let parsed = Administered::parse(value).map(Self);
        parsed.ok_or_else(|| form("route distinguisher", value, "AS:N or IPv4:N"))
    }
}

/// A route target; `*:N` (any AS) only makes sense for import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteTarget(Target);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    Exact(Administered),
    AnyAsn(u32),
}

impl RouteTarget {
    /// `*:number`: that number whatever the AS. A refusal of FRR when used for export.
    pub fn any_asn(number: u32) -> Self {
        Self(Target::AnyAsn(number))
    }

    /// Whether this is `*:N`.
    pub fn is_wildcard(self) -> bool {
        matches!(self.0, Target::AnyAsn(_))
    }
}

impl fmt::Display for RouteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Target::Exact(exact) => exact.fmt(f),
            Target::AnyAsn(number) => write!(f, "*:{number}"),
        }
    }
}

impl FromStr for RouteTarget {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        let target = match value.strip_prefix("*:") {
            Some(number) => decimal(number).map(Target::AnyAsn),
            None => Administered::parse(value).map(Target::Exact),
        };
        target
            .map(Self)
            .ok_or_else(|| form("route target", value, "AS:N, IPv4:N or *:N"))
    }
}

/// A decimal number without a sign (`str::parse` takes `+1`, FRR does not).
fn decimal(value: &str) -> Option<u32> {
    value
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| value.parse().ok())?
}
