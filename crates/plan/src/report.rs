//! What has to be said of objects that are used: what is not done, and what the nodes say.

use std::collections::BTreeMap;

use ferroute_api::ferroute::{
    FRR_NOT_REACHED, KERNEL_NOT_REACHED, NodeFailure, NodeL3vni, NodeNeighbor, NodeRouterSpec,
    NodeUnderlay, Source, Speaker,
};

use crate::snapshot::{Kind, Snapshot};
use crate::verdict::{Reason, Remark, Verdicts};

/// Kinds that are read but not acted on are refused with a sentence, never passed over in silence.
pub(crate) fn say_what_is_not_implemented(snapshot: &Snapshot, verdicts: &mut Verdicts) {
    let l2vnis = snapshot.l2vnis.keys().map(|key| (Kind::L2vni, key));
    let l2_advertisements = snapshot
        .l2_advertisements
        .keys()
        .map(|key| (Kind::L2Advertisement, key));
    for (kind, key) in l2vnis.chain(l2_advertisements) {
        let message = format!("this version of ferroute does not act on {}", kind.as_str());
        verdicts.refuse(kind, key, Remark::new(Reason::NotImplemented, message));
    }
}

/// Puts what the agents say on the objects that it is about. An object waits for those nodes alone that were not yet
/// told what is planned of it, or have not done it.
pub(crate) fn say_what_nodes_report(
    snapshot: &Snapshot,
    planned: &BTreeMap<String, NodeRouterSpec>,
    verdicts: &mut Verdicts,
) {
    for (kind, key, verdict) in verdicts.iter_mut() {
        if is_made_by_nodes(kind) && verdict.refused.is_none() && verdict.nodes.is_none() {
            verdict.nodes = Some(standing(snapshot, planned, kind, &key.source(kind)));
        }
    }
}

fn standing(
    snapshot: &Snapshot,
    planned: &BTreeMap<String, NodeRouterSpec>,
    kind: Kind,
    source: &Source,
) -> Remark {
    let nothing = NodeRouterSpec::default();
    let mut pending = Vec::new();
    for (node, spec) in planned {
        let report = snapshot.reports.get(node);
        let wanted = part(spec, kind, source);
        let mut failures = report.into_iter().flat_map(|report| &report.failures);
        if let Some(failure) = failures.find(|failure| concerns(failure, source, &wanted)) {
            let message = format!("node {node}: {}", failure.message);
            return Remark::new(Reason::NodeFailed, message);
        }
        let applied = report.and_then(|report| report.applied.as_ref());
        if wanted != part(applied.unwrap_or(&nothing), kind, source) {
            pending.push(node.as_str());
        }
    }
    progress(&pending)
}

fn is_made_by_nodes(kind: Kind) -> bool {
    match kind {
        Kind::Underlay | Kind::L3vni | Kind::BgpPeer | Kind::FrrConfiguration => true,
        Kind::L2vni
        | Kind::IpAddressPool
        | Kind::BgpAdvertisement
        | Kind::L2Advertisement
        | Kind::BfdProfile
        | Kind::Community
        | Kind::Service => false,
    }
}

/// What a node is asked to do for one object.
#[derive(Default, PartialEq)]
struct Part<'a> {
    underlay: Option<&'a NodeUnderlay>,
    l3vnis: Vec<&'a NodeL3vni>,
    /// With the autonomous system of their instance.
    neighbors: Vec<(u32, &'a NodeNeighbor)>,
    /// Not all that an `FRRConfiguration` asks for says where it is from.
    speaker: Option<&'a Speaker>,
}

fn part<'a>(spec: &'a NodeRouterSpec, kind: Kind, source: &Source) -> Part<'a> {
    let speaker = &spec.speaker;
    match kind {
        Kind::Underlay => Part {
            underlay: spec.underlay.as_ref().filter(|u| u.source == *source),
            ..Part::default()
        },
        Kind::L3vni => Part {
            l3vnis: spec.l3vnis.iter().filter(|v| v.source == *source).collect(),
            ..Part::default()
        },
        Kind::FrrConfiguration => Part {
            speaker: Some(speaker),
            ..Part::default()
        },
        _ => {
            let neighbors = speaker.routers.iter().flat_map(|router| {
                let neighbors = router.neighbors.iter();
                neighbors.map(|neighbor| (router.asn, neighbor))
            });
            let of_source =
                |(_, neighbor): &(u32, &NodeNeighbor)| neighbor.sources.contains(source);
            Part {
                neighbors: neighbors.filter(of_source).collect(),
                ..Part::default()
            }
        }
    }
}

/// Whether a failure is an object's: it names the object, or a whole part of the node that the object needs. Lines that
/// FRR does not take name nobody; free ones are likelier to be wrong than those that ferroute makes.
fn concerns(failure: &NodeFailure, source: &Source, part: &Part<'_>) -> bool {
    if failure.source != Source::default() {
        return failure.source == *source;
    }
    let is_free = |speaker: &Speaker| speaker.raw.iter().any(|raw| raw.source == *source);
    match failure.reason.as_str() {
        FRR_NOT_REACHED | KERNEL_NOT_REACHED => *part != Part::default(),
        _ => part.speaker.is_some_and(is_free),
    }
}

fn progress(pending: &[&str]) -> Remark {
    match pending.first() {
        None => Remark::new(Reason::Applied, "applied on every node"),
        Some(first) => {
            let more = pending.len() - 1;
            let others = if more == 0 {
                String::new()
            } else {
                format!(" and {more} more")
            };
            Remark::new(
                Reason::Pending,
                format!("not applied yet on node {first}{others}"),
            )
        }
    }
}
