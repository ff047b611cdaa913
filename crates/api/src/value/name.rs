//! Names: of network devices, VRFs, BFD profiles and Kubernetes objects.

use std::fmt;
use std::str::FromStr;

use crate::violation::Problem;

/// `IFNAMSIZ` without its terminator.
const LINK_NAME_MAX: usize = 15;
/// FRR's `BFD_PROFILE_NAME_LEN` without its terminator.
const PROFILE_NAME_MAX: usize = 63;
const OBJECT_NAME_MAX: usize = 253;

/// Names that mean something else to Linux or FRR.
const RESERVED: [&str; 4] = ["all", "default", "lo", "vrf"];
/// Names that mean something else to FRR where a VRF of the host is meant: every VRF, that without one, a route-map.
const RESERVED_BY_FRR: [&str; 3] = ["all", "default", "route-map"];
/// Prefixes of the devices that ferroute makes for a VNI; longest first.
const DEVICE_PREFIXES: [&str; 5] = ["br-hs-", "br-pe-", "host-", "pe-", "vni"];

macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word! {
    /// The name of a network device: a letter, then letters, digits, `.`, `_` and `-`; at most 15.
    LinkName
}
word! {
    /// The name of a VRF that ferroute makes: as [`LinkName`] without dots, and free of other meanings.
    VrfName
}
word! {
    /// The name of a VRF that the host has: as [`LinkName`], and free of other meanings.
    HostVrfName
}
word! {
    /// The name of a BFD profile: letters, digits, `.`, `_` and `-`; at most 63.
    ProfileName
}

impl FromStr for LinkName {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        if is_word(value, LINK_NAME_MAX, ".-_") && starts_with_letter(value) {
            Ok(Self(value.to_owned()))
        } else {
            Err(Problem::malformed(
                "a device name (a letter, then letters, digits, '.', '_', '-'; at most 15)",
                value,
            ))
        }
    }
}

impl FromStr for VrfName {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        if !is_word(value, LINK_NAME_MAX, "-_") || !starts_with_letter(value) {
            return Err(Problem::malformed(
                "a VRF name (a letter, then letters, digits, '_', '-'; at most 15)",
                value,
            ));
        }
        if RESERVED.contains(&value) || is_device_of_a_vni(value) {
            return Err(Problem::malformed("a VRF name that is not reserved", value));
        }
        Ok(Self(value.to_owned()))
    }
}

impl FromStr for HostVrfName {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        value.parse::<LinkName>()?;
        if RESERVED_BY_FRR.contains(&value) {
            return Err(Problem::malformed("a VRF name that is not reserved", value));
        }
        Ok(Self(value.to_owned()))
    }
}

impl FromStr for ProfileName {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        if is_word(value, PROFILE_NAME_MAX, ".-_") {
            Ok(Self(value.to_owned()))
        } else {
            Err(Problem::malformed(
                "a BFD profile name (letters, digits, '.', '_', '-'; at most 63)",
                value,
            ))
        }
    }
}

/// The name of a Kubernetes object: a DNS subdomain.
pub fn parse_object_name(value: &str) -> Result<&str, Problem> {
    if value.len() <= OBJECT_NAME_MAX && value.split('.').all(is_dns_label) {
        Ok(value)
    } else {
        Err(Problem::malformed("the name of an object", value))
    }
}

fn is_dns_label(label: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !label.is_empty()
        && label.chars().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_word(value: &str, max: usize, punctuation: &str) -> bool {
    let first = value.chars().next();
    first.is_some_and(|c| c.is_ascii_alphanumeric())
        && value.len() <= max
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}

fn starts_with_letter(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_device_of_a_vni(value: &str) -> bool {
    let number = DEVICE_PREFIXES
        .iter()
        .find_map(|prefix| value.strip_prefix(prefix));
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}
