//! What a node's kernel should hold, in the words of EVPN. Built by the agent, never stored.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{LinkName, Vni};

/// Everything that the kernel of one node should hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// Absent: no tunnel endpoint, and every NIC goes back to the host as it was.
    pub underlay: Option<Underlay>,
    /// The layer 3 overlays: a VRF and an EVPN router interface each.
    pub overlays: Vec<L3Overlay>,
    /// The layer 2 overlays: a stretched bridge each.
    pub l2: Vec<L2Overlay>,
}

/// How the node reaches the fabric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Underlay {
    /// Links of the host that belong to the router as long as there is an underlay.
    pub nics: Vec<LinkName>,
    /// The node's tunnel endpoints, one address per family, on the router's loopback.
    pub vteps: Vec<IpAddr>,
}

/// A layer 3 VNI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L3Overlay {
    pub vni: Vni,
    pub vrf: LinkName,
    pub vxlan_port: u16,
    pub vtep: IpAddr,
    /// Absent: the VRF has no leg in the host.
    pub veth: Option<Veth>,
}

/// The addresses of both legs between host and router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Veth {
    pub host: Vec<IpNet>,
    pub router: Vec<IpNet>,
}

/// A layer 2 VNI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L2Overlay {
    pub vni: Vni,
    pub vxlan_port: u16,
    pub vtep: IpAddr,
    /// The VRF that routes for this segment, if one does.
    pub vrf: Option<LinkName>,
    /// The segment's gateway addresses, the same on every node.
    pub gateway: Vec<IpNet>,
    /// Absent: the host leg is the user's to attach, and stays where it was put.
    pub host_bridge: Option<HostBridge>,
}

/// The bridge of the host that the host leg of a layer 2 overlay joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostBridge {
    /// A bridge that somebody else makes and keeps.
    Existing(LinkName),
    /// A bridge of ours, `br-hs-<vni>`, which lives as long as the overlay.
    Managed,
}
