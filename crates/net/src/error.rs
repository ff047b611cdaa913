//! What can fail, with what was attempted and on what.

use std::{io, path::PathBuf};

use crate::{Change, LinkName, Space, Vni};

/// A failure of this crate. The source says what the system answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("open network namespace {}", path.display())]
    Namespace { path: PathBuf, source: io::Error },
    #[error("make network namespace {}", path.display())]
    MakeNamespace { path: PathBuf, source: io::Error },
    #[error("enter network namespace {} with {threads} threads, only one may run", path.display())]
    Threads { path: PathBuf, threads: usize },
    #[error("set sysctl {name} from {current:?} to {value:?}")]
    Sysctl {
        name: String,
        current: String,
        value: &'static str,
        source: io::Error,
    },
    #[error("read sysctl {name}")]
    ReadSysctl { name: String, source: io::Error },
    #[error("open a netlink socket in the {space} namespace")]
    Socket { space: Space, source: io::Error },
    #[error("read {what} of the {space} namespace")]
    Observe {
        what: &'static str,
        space: Space,
        source: io::Error,
    },
    #[error("the notifications of the {space} namespace ended")]
    WatchEnded { space: Space },
    #[error("network namespace {} was replaced by another", path.display())]
    NamespaceReplaced { path: PathBuf },
    #[error("{change}")]
    Apply {
        change: Box<Change>,
        source: io::Error,
    },
    #[error("create VRF {vrf}: this kernel has no VRF support (CONFIG_NET_VRF)")]
    NoVrf { vrf: LinkName },
    #[error("{change}: a link of that name or VNI exists and is not ours")]
    Foreign { change: Box<Change> },
    #[error("nic {nic} not found on this node")]
    NicMissing { nic: LinkName },
    #[error(
        "nic {nic} is a port of {controller}, to which it could not be given back: take it out first"
    )]
    NicIsPort { nic: LinkName, controller: LinkName },
    #[error("record of NIC {nic} in {}", path.display())]
    Record {
        nic: LinkName,
        path: PathBuf,
        source: io::Error,
    },
    #[error("state directory {}", path.display())]
    StateDir { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Why a part of a [`crate::Desired`] contradicts another and is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("VNI {0} is desired twice")]
    VniInUse(Vni),
    #[error("VRF {vrf} already belongs to VNI {vni}")]
    VrfInUse { vrf: LinkName, vni: Vni },
    #[error("VRF name {0} is reserved")]
    VrfReserved(LinkName),
}
