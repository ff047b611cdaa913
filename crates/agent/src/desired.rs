//! From what the controller asks to what kernel and FRR should hold. Pure: values in, values out.
//!
//! A part that cannot be expressed in validated words is left out and becomes a [`NodeFailure`] on the
//! object it came from; everything else is still made.

mod kernel;
mod neighbor;
mod policy;
mod router;
mod speaker;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use ferroute_api::ferroute::{NodeFailure, NodeRouterSpec, SecretKey, Source};
use ipnet::IpNet;

/// Service prefixes with the ids of the policies that announce them.
pub type Announced = BTreeMap<IpNet, BTreeSet<String>>;

/// The passwords that Secrets hold; one that could not be read says why.
pub type Secrets = BTreeMap<SecretKey, Result<String, String>>;

/// What a node should hold.
#[derive(Debug, Default)]
pub struct Desired {
    /// Namespaces, links and addresses.
    pub kernel: ferroute_net::Desired,
    /// The FRR instance in the router's namespace.
    pub router: ferroute_frr::Config,
    /// The FRR instance in the host's namespace.
    pub speaker: ferroute_frr::Config,
    /// Prefixes that the speaker announces.
    pub announced: usize,
    /// What was left out.
    pub failures: Vec<NodeFailure>,
}

/// What a node should hold for a spec and the prefixes of its route slices.
pub fn desired(spec: &NodeRouterSpec, announced: &Announced, secrets: &Secrets) -> Desired {
    let mut failures = Vec::new();
    let mut kernel = kernel::kernel(spec, &mut failures);
    let router = router::router(spec, secrets, &mut failures);
    // A tunnel without its EVPN instance serves nobody, and bgpd has crashed over one (FRR issue 22851).
    kernel.overlays.retain(|overlay| {
        let mut vrfs = router.vrfs.values();
        vrfs.any(|vrf| vrf.l3vni.is_some_and(|vni| vni.get() == overlay.vni.get()))
    });
    let (speaker, announced) = speaker::speaker(spec, announced, secrets, &mut failures);
    Desired {
        kernel,
        router,
        speaker,
        announced,
        failures,
    }
}

/// A failure of something that came from `source`.
fn failure(source: &Source, reason: &str, message: impl Into<String>) -> NodeFailure {
    NodeFailure {
        source: source.clone(),
        reason: reason.to_owned(),
        message: message.into(),
    }
}

/// Keeps what can be made and records what cannot.
fn keep<T, E: std::fmt::Display>(
    result: Result<T, E>,
    source: &Source,
    failures: &mut Vec<NodeFailure>,
) -> Option<T> {
    result
        .map_err(|error| failures.push(failure(source, "Invalid", error.to_string())))
        .ok()
}
