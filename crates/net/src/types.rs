//! The words of the kernel that may come from a user, as types that only hold what the kernel accepts.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `IFNAMSIZ` without the terminating zero.
const LONGEST_NAME: usize = 15;

/// The name of a network link that is safe to hand to the kernel, to sysctl paths and to FRR.
///
/// At most 15 graphic ASCII characters, without `/` and `:` (refused by the kernel) and `%` (which makes the
/// kernel invent a name); never `lo`, which is no one's to use, nor a word that sysctl paths reserve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkName(String);

/// Why a string is not a [`LinkName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("a link name has 1 to {LONGEST_NAME} characters, {0:?} has not")]
    Length(String),
    #[error(
        "the link name {0:?} has a character other than graphic ASCII without '/', ':' and '%'"
    )]
    Character(String),
    #[error("the link name {0:?} is reserved")]
    Reserved(String),
}

impl LinkName {
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(InvalidName::Length(name));
        }
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"/:%".contains(&byte))
        {
            return Err(InvalidName::Character(name));
        }
        if ["lo", "all", "default", ".", ".."].contains(&name.as_str()) {
            return Err(InvalidName::Reserved(name));
        }
        Ok(Self(name))
    }

    /// A name that the kernel or our own naming scheme made, so that it needs no check.
    pub(crate) const fn trusted(name: String) -> Self {
        Self(name)
    }

    /// The loopback link of every namespace, which no user can name.
    pub(crate) fn loopback() -> Self {
        Self("lo".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LinkName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<LinkName> for String {
    fn from(name: LinkName) -> Self {
        name.0
    }
}

impl std::str::FromStr for LinkName {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A VXLAN network identifier: 24 bits, zero excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vni(u32);

/// Why a number is not a [`Vni`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a VNI is between 1 and 16777215, {0} is not")]
pub struct InvalidVni(u32);

impl Vni {
    pub const MAX: u32 = (1 << 24) - 1;

    pub const fn new(vni: u32) -> Result<Self, InvalidVni> {
        if vni == 0 || vni > Self::MAX {
            return Err(InvalidVni(vni));
        }
        Ok(Self(vni))
    }

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Vni {
    type Error = InvalidVni;

    fn try_from(vni: u32) -> Result<Self, Self::Error> {
        Self::new(vni)
    }
}

impl fmt::Display for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The routing table of a VRF, from a range of our own: the VNI decides it, so that every node and every start
/// chooses the same one, and it can never be one of the kernel's (253 to 255) or a hand-picked small number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(u32);

impl TableId {
    const FIRST: u32 = 100_000;

    pub const fn of(vni: Vni) -> Self {
        Self(Self::FIRST + vni.get())
    }

    /// Any table that the kernel reports; it may be one that no VNI of ours has.
    pub(crate) const fn reported(table: u32) -> Self {
        Self(table)
    }

    /// The VNI whose table this is, if it is in our range.
    pub(crate) fn vni(self) -> Option<Vni> {
        self.0
            .checked_sub(Self::FIRST)
            .and_then(|vni| Vni::new(vni).ok())
    }

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest packet that a link carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mtu(pub u32);

impl fmt::Display for Mtu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_name_holds_only_what_the_kernel_and_frr_take_as_one_word() {
        let refused = [
            "",
            "sixteen-chars-16",
            "a b",
            "a\nb",
            "a/b",
            "a:b",
            "eth%d",
            "é",
            "a\0",
            "lo",
            "all",
            "default",
            ".",
            "..",
            "\t",
        ];
        for name in refused {
            assert!(LinkName::new(name).is_err(), "{name:?} was accepted");
        }
        for name in ["red", "toswitch", "eth0.100", "fifteen-chars15", "_"] {
            assert_eq!(LinkName::new(name).map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn a_vni_has_24_bits_and_is_not_zero() {
        assert_eq!(Vni::new(0), Err(InvalidVni(0)));
        assert_eq!(Vni::new(1 << 24), Err(InvalidVni(1 << 24)));
        assert_eq!(Vni::new(Vni::MAX).map(Vni::get), Ok(16_777_215));
    }

    #[test]
    fn a_table_leads_back_to_its_vni_and_the_kernels_tables_do_not() {
        let vni = Vni::new(100).unwrap();
        assert_eq!(TableId::of(vni).get(), 100_100);
        assert_eq!(TableId::of(vni).vni(), Some(vni));
        for table in [0, 1, 253, 254, 255, 100_000] {
            assert_eq!(TableId::reported(table).vni(), None);
        }
    }
}
