//! An underlay NIC as it was in the host, so that it can be given back as it was taken.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{LinkName, Mtu};

/// The state of a NIC before we moved it. Written to disk before the move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NicRecord {
    pub name: LinkName,
    pub mtu: Mtu,
    pub up: bool,
    pub group: u32,
    pub addresses: Vec<IpNet>,
    /// The configured routes through this NIC, which the kernel drops when it leaves the host.
    pub routes: Vec<Route>,
}

/// A configured route of the main table through one NIC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Route {
    // Routes without a gateway sort first: they are what makes the gateways of the others reachable.
    pub gateway: Option<IpAddr>,
    pub destination: IpNet,
    pub source: Option<IpAddr>,
    pub metric: Option<u32>,
    /// `rtm_protocol`: who configured it.
    pub protocol: u8,
    /// `rtm_scope`
    pub scope: u8,
    pub onlink: bool,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.destination)?;
        if let Some(gateway) = self.gateway {
            write!(f, " via {gateway}")?;
        }
        Ok(())
    }
}
