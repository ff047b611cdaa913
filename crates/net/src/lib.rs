//! The kernel side of a node: namespace, links, addresses, sysctls; observed, diffed, applied.
//!
//! The pure part turns a [`Desired`] and an [`Observed`] into an ordered list of [`Change`]s and never
//! touches the system. The rest reads the kernel, applies the changes and watches for drift. What does not
//! carry our mark is never changed or deleted.

mod apply;
mod blocked;
mod change;
mod desired;
mod diff;
mod error;
mod kernel;
mod link;
mod message;
mod names;
mod namespace;
mod nic;
mod observe;
mod observed;
mod parse;
mod socket;
mod state;
mod sysctl;
mod target;
mod types;
mod watch;

pub use change::{Change, Step, Subject};
pub use desired::{Desired, HostBridge, L2Overlay, L3Overlay, Underlay, Veth};
pub use diff::diff;
pub use error::{Error, Refusal};
pub use kernel::{Failure, Kernel, KernelOptions, Outcome};
pub use link::{Attachment, Family, Kind, Link, Mac, Place, Space, Unreachable};
pub use names::{host_bridge, host_leg, router_bridge, router_leg, vxlan};
pub use namespace::{Prepared, enter, prepare};
pub use nic::{NicRecord, Route};
pub use observed::{Loopback, Nic, Observed};
pub use sysctl::Written;
pub use target::{Refused, Target};
pub use types::{InvalidName, InvalidVni, LinkName, Mtu, TableId, Vni};
