//! Route targets and distinguishers: an administrator and a number, `64512:100` or `192.0.2.1:100`.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::violation::Problem;

/// Who the number belongs to. The three share 48 bits, so the number's size depends on it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Administrator {
    Asn(u32),
    Address(Ipv4Addr),
    /// `*`: any administrator; only where routes are imported.
    Any,
}

/// A route target (or a route distinguisher: they are written alike).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RouteTarget {
    pub administrator: Administrator,
    pub number: u32,
}

impl RouteTarget {
    /// One that names its administrator, as an exported route target must.
    pub fn exact(value: &str) -> Result<Self, Problem> {
        let target: Self = value.parse()?;
        match target.administrator {
            Administrator::Any => Err(malformed(value)),
            Administrator::Asn(_) | Administrator::Address(_) => Ok(target),
        }
    }
}

fn malformed(value: &str) -> Problem {
    Problem::malformed("a route target such as 64512:100 or 192.0.2.1:100", value)
}

impl FromStr for RouteTarget {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        parts(value).ok_or_else(|| malformed(value))
    }
}

fn parts(value: &str) -> Option<RouteTarget> {
    let (administrator, number) = value.split_once(':')?;
    let administrator = administrator_of(administrator)?;
    let number = digits(number).filter(|n| *n <= largest_number(administrator))?;
    Some(RouteTarget {
        administrator,
        number,
    })
}

fn administrator_of(text: &str) -> Option<Administrator> {
    if text == "*" {
        return Some(Administrator::Any);
    }
    let address = text.parse().ok().map(Administrator::Address);
    address.or_else(|| digits(text).map(Administrator::Asn))
}

fn largest_number(administrator: Administrator) -> u32 {
    match administrator {
        Administrator::Asn(asn) if asn <= u16::MAX.into() => u32::MAX,
        Administrator::Asn(_) | Administrator::Address(_) => u16::MAX.into(),
        Administrator::Any => u32::MAX,
    }
}

fn digits(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for RouteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match self.administrator {
            Administrator::Asn(asn) => write!(f, "{asn}:{number}"),
            Administrator::Address(address) => write!(f, "{address}:{number}"),
            Administrator::Any => write!(f, "*:{number}"),
        }
    }
}
