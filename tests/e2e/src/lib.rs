//! The lab: a real two-node Kubernetes cluster and a real EVPN fabric inside one user-mode Linux process.
//!
//! One binary plays every part. Started by a person it prepares and boots the guest with itself as init; in the guest
//! it is process 1, the lab, each node, and the `on` command. `README.md` beside this crate says how to use it.

mod boot;
mod build;
mod cluster;
mod console;
mod control_plane;
mod entry;
mod evidence;
mod fabric;
mod frr;
mod guest;
mod lab;
mod node;
mod place;
mod probe;
mod processor;
mod product;
mod scenario;
mod service;
mod shell;
mod wait;
mod watchdog;
mod wiring;

pub use cluster::{Cluster, has_condition};
pub use console::say;
pub use control_plane::{ControlPlane, KUBECONFIG, api_command};
pub use entry::{Script, main};
pub use fabric::{Fabric, Leaf, Vrf};
pub use frr::Frr;
pub use lab::Lab;
pub use node::Node;
pub use place::{Output, Place};
pub use probe::{Probe, Report};
pub use product::{CONTROLLERS, NAMESPACE, PROGRAM, chart, example};
pub use scenario::Scenario;
pub use service::Service;
pub use wait::eventually;
