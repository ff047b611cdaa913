//! Names and other words made of text.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::error::{WordError, shown};

/// What may stand in a kind of word.
struct Rule {
    kind: &'static str,
    max: usize,
    first: fn(char) -> bool,
    rest: fn(char) -> bool,
}

impl Rule {
    fn check(&self, value: &str) -> Result<(), WordError> {
        let mut characters = value.chars();
        let kind = self.kind;
        let first = characters.next().ok_or(WordError::Empty { kind })?;
        if value.len() > self.max {
            return Err(WordError::TooLong {
                kind,
                value: shown(value),
                max: self.max,
            });
        }
        let bad_first = (!(self.first)(first)).then_some(first);
        match bad_first.or_else(|| characters.find(|c| !(self.rest)(*c))) {
            Some(found) => Err(self.forbids(value, found)),
            None => Ok(()),
        }
    }

    fn forbids(&self, value: &str, found: char) -> WordError {
        WordError::Character {
            kind: self.kind,
            value: shown(value),
            found,
        }
    }

    /// Refuses a word of the right characters that means something else.
    fn reserve(&self, value: &str, reserved: bool) -> Result<(), WordError> {
        if reserved {
            return Err(WordError::Reserved {
                kind: self.kind,
                value: shown(value),
            });
        }
        Ok(())
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name_rest(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.:/%@-".contains(c)
}

// As the kernel has it, but for letters FRR cannot hold; a `/` would be a prefix's.
fn is_interface_rest(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.%@-".contains(c)
}

fn is_vrf_rest(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

fn is_host_rest(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

fn is_password(c: char) -> bool {
    c.is_ascii_graphic()
}

// A `|` between spaces starts an output filter in FRR's command line.
fn is_line(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && c != '|'
}

fn is_raw(c: char) -> bool {
    !c.is_control()
}

const VRF_NAME: Rule = Rule {
    kind: "VRF name",
    max: 15,
    first: |c| c.is_ascii_alphabetic(),
    rest: is_vrf_rest,
};
const NAME: Rule = Rule {
    kind: "name",
    max: 63,
    first: is_name_start,
    rest: is_name_rest,
};
const INTERFACE: Rule = Rule {
    kind: "interface name",
    max: 15,
    first: is_name_start,
    rest: is_interface_rest,
};
const HOSTNAME: Rule = Rule {
    kind: "host name",
    max: 255,
    first: |c| c.is_ascii_alphanumeric(),
    rest: is_host_rest,
};
const PASSWORD: Rule = Rule {
    kind: "password",
    max: 80,
    first: is_password,
    rest: is_password,
};
const DESCRIPTION: Rule = Rule {
    kind: "description",
    max: 80,
    first: |c| c != ' ' && is_line(c),
    rest: is_line,
};
// A daemon's command buffer is 4096 bytes.
const RAW_LINE: Rule = Rule {
    kind: "configuration line",
    max: 4000,
    first: is_raw,
    rest: is_raw,
};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The word itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = WordError;

            fn try_from(value: &str) -> Result<Self, WordError> {
                value.parse()
            }
        }
    )*};
}

words! {
    /// The name of a VRF device: at most 15 bytes, a letter first. `default` is none: the
    /// default VRF is the absence of a name.
    VrfName
    /// The name of a route-map, prefix-list or BFD profile.
    Name
    /// The name of a network device; never an address, nor a word for a route without one.
    InterfaceName
    /// The name FRR goes by, also in the host name capability of BGP.
    Hostname
    /// A peer's description: printable ASCII on one line, words one space apart.
    Description
    /// One line of free configuration. It can say anything FRR understands, but only as one line.
    RawLine
}

impl FromStr for VrfName {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        VRF_NAME.check(value)?;
        // `vrf all` asks for every VRF in FRR's show commands; `import vrf route-map` is another command.
        VRF_NAME.reserve(value, matches!(value, "default" | "all" | "route-map"))?;
        Ok(Self(value.into()))
    }
}

impl FromStr for Name {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        NAME.check(value).map(|()| Self(value.into()))
    }
}

impl FromStr for InterfaceName {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        INTERFACE.check(value)?;
        // FRR reads `any` as the prefix of length 0.
        let reserved = value == "any" || value.parse::<IpAddr>().is_ok() || is_nowhere(value);
        INTERFACE.reserve(value, reserved)?;
        Ok(Self(value.into()))
    }
}

/// Where a device could stand, FRR reads these as a route that leads nowhere; the last in any case.
fn is_nowhere(value: &str) -> bool {
    matches!(value, "blackhole" | "reject") || value.eq_ignore_ascii_case("null0")
}

impl FromStr for Hostname {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        HOSTNAME.check(value).map(|()| Self(value.into()))
    }
}

impl FromStr for Description {
    type Err = WordError;

    /// White space is folded, as FRR itself does with the words of a line.
    fn from_str(value: &str) -> Result<Self, WordError> {
        let folded = value
            .split(' ')
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        DESCRIPTION.check(&folded).map(|()| Self(folded.into()))
    }
}

impl FromStr for RawLine {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        RAW_LINE.check(value)?;
        // FRR cuts this and what follows off the line: an output filter.
        if value.contains("| ") {
            return Err(RAW_LINE.forbids(value, '|'));
        }
        Ok(Self(value.into()))
    }
}

/// The TCP MD5 password of a session. It is never shown by `Debug` or by an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Box<str>);

impl Password {
    /// The secret, for the configuration line only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

impl FromStr for Password {
    type Err = WordError;

    fn from_str(value: &str) -> Result<Self, WordError> {
        PASSWORD
            .check(value)
            .map(|()| Self(value.into()))
            .map_err(masked)
    }
}

impl TryFrom<&str> for Password {
    type Error = WordError;

    fn try_from(value: &str) -> Result<Self, WordError> {
        value.parse()
    }
}

/// Nothing of a secret goes into an error: neither the value nor its offending character.
fn masked(error: WordError) -> WordError {
    let expected = "printable ASCII without spaces";
    match error {
        WordError::Empty { .. } => error,
        WordError::TooLong { kind, max, .. } => WordError::TooLong {
            kind,
            value: "***".to_owned(),
            max,
        },
        WordError::Character { kind, .. }
        | WordError::Reserved { kind, .. }
        | WordError::Form { kind, .. } => WordError::Form {
            kind,
            value: "***".to_owned(),
            expected,
        },
    }
}
