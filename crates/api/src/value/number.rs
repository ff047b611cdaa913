//! VNIs and AS numbers.

use crate::violation::{Problem, within};

/// A VXLAN network identifier: 24 bits, not zero.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Vni(u32);

impl Vni {
    pub const MAX: u32 = 0x00ff_ffff;

    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Vni {
    type Error = Problem;

    fn try_from(value: u32) -> Result<Self, Problem> {
        within(value, 1, Self::MAX.into()).map(|()| Self(value))
    }
}

/// An AS number: 32 bits, not zero.
pub fn parse_asn(value: u32) -> Result<u32, Problem> {
    within(value, 1, u32::MAX.into()).map(|()| value)
}
