//! The verbs of the kernel: what a plan is made of, what is logged and counted.

use std::fmt;

use ipnet::IpNet;

use crate::{
    Attachment, Link, LinkName, Mac, Mtu, NicRecord, Place, Route, Space, Unreachable, Vni,
};

/// One write to the kernel (or, for the record of a NIC, to the disk).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Makes a link, down and alone, with its MTU and MAC. A veth pair is made from its host leg.
    Create {
        place: Place,
        link: Box<Link>,
    },
    Delete {
        place: Place,
    },
    SetMac {
        place: Place,
        mac: Mac,
    },
    SetMtu {
        place: Place,
        mtu: Mtu,
    },
    DisableLinkLocal {
        place: Place,
    },
    Attach {
        place: Place,
        to: Attachment,
    },
    SetEvpnPort {
        place: Place,
    },
    SetUp {
        place: Place,
    },
    AddAddress {
        place: Place,
        address: IpNet,
    },
    RemoveAddress {
        place: Place,
        address: IpNet,
    },
    AddUnreachable(Unreachable),
    RemoveUnreachable(Unreachable),
    /// Writes to disk what the NIC is, before anything is done to it.
    SaveNic(Box<NicRecord>),
    /// Moves a NIC and marks it in the same request.
    MoveNic {
        nic: LinkName,
        to: Space,
    },
    SetNicGroup {
        nic: LinkName,
        group: u32,
    },
    RestoreRoute {
        nic: LinkName,
        route: Box<Route>,
    },
    /// Drops the record: the NIC is the host's again.
    ForgetNic {
        nic: LinkName,
    },
}

impl Change {
    /// The verb, as a metric label.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Delete { .. } => "delete",
            Self::SetMac { .. } => "set-mac",
            Self::SetMtu { .. } => "set-mtu",
            Self::DisableLinkLocal { .. } => "disable-link-local",
            Self::Attach { .. } => "attach",
            Self::SetEvpnPort { .. } => "set-evpn-port",
            Self::SetUp { .. } => "set-up",
            Self::AddAddress { .. } => "add-address",
            Self::RemoveAddress { .. } => "remove-address",
            Self::AddUnreachable(_) => "add-unreachable",
            Self::RemoveUnreachable(_) => "remove-unreachable",
            Self::SaveNic(_) => "save-nic",
            Self::MoveNic { .. } => "move-nic",
            Self::SetNicGroup { .. } => "set-nic-group",
            Self::RestoreRoute { .. } => "restore-route",
            Self::ForgetNic { .. } => "forget-nic",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { place, link } => write!(f, "create {} {place}", link.kind),
            Self::Delete { place } => write!(f, "delete {place}"),
            Self::SetMac { place, mac } => write!(f, "set MAC of {place} to {mac}"),
            Self::SetMtu { place, mtu } => write!(f, "set MTU of {place} to {mtu}"),
            Self::DisableLinkLocal { place } => {
                write!(f, "disable link-local addresses of {place}")
            }
            Self::Attach { place, to } => write!(f, "attach {place} to {to}"),
            Self::SetEvpnPort { place } => write!(f, "leave learning on {place} to EVPN"),
            Self::SetUp { place } => write!(f, "set {place} up"),
            Self::AddAddress { place, address } => write!(f, "add address {address} to {place}"),
            Self::RemoveAddress { place, address } => {
                write!(f, "remove address {address} from {place}")
            }
            Self::AddUnreachable(Unreachable { table, family }) => {
                write!(f, "add unreachable {family} default to table {table}")
            }
            Self::RemoveUnreachable(Unreachable { table, family }) => {
                write!(f, "remove unreachable {family} default from table {table}")
            }
            Self::SaveNic(record) => write!(f, "record the state of NIC {}", record.name),
            Self::MoveNic { nic, to } => write!(f, "move NIC {nic} to the {to} namespace"),
            Self::SetNicGroup { nic, group } => write!(f, "set group of NIC {nic} to {group}"),
            Self::RestoreRoute { nic, route } => {
                write!(f, "restore route {route} through NIC {nic}")
            }
            Self::ForgetNic { nic } => write!(f, "forget the record of NIC {nic}"),
        }
    }
}

/// What a change is done for. One that fails is reported on its subject; the others go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The router's loopback and tunnel endpoints.
    Underlay,
    Nic(LinkName),
    Vni(Vni),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Underlay => f.write_str("underlay"),
            Self::Nic(nic) => write!(f, "nic {nic}"),
            Self::Vni(vni) => write!(f, "vni {vni}"),
        }
    }
}

/// A change and what it is done for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub subject: Subject,
    pub change: Change,
}
