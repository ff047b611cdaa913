//! Static routes.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use crate::word::InterfaceName;

/// What becomes of the packets to a prefix. FRR takes no next hop beside a black hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StaticRoute {
    /// They are dropped.
    Blackhole,
    /// They go to one of these; with none there is no route.
    Via(BTreeSet<NextHop>),
}

/// A next hop of a static route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextHop {
    /// The router with this address, which is of the prefix's family.
    Address(IpAddr),
    /// Whoever is behind this interface.
    Interface(InterfaceName),
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Interface(interface) => interface.fmt(f),
        }
    }
}
