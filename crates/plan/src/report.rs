//! What has to be said of objects that are used: what is not done, and what the nodes say.

use std::collections::BTreeSet;

use ferroute_api::ferroute::NodeFailure;

use crate::snapshot::{Key, Kind, Snapshot};
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

/// Puts what the agents say on the objects that it is about.
pub(crate) fn say_what_nodes_report(snapshot: &Snapshot, verdicts: &mut Verdicts) {
    let pending: BTreeSet<&str> = snapshot
        .nodes
        .keys()
        .map(String::as_str)
        .filter(|node| {
            snapshot
                .reports
                .get(*node)
                .is_none_or(|report| !report.current)
        })
        .collect();
    for (kind, key, verdict) in verdicts.iter_mut() {
        if !is_made_by_nodes(kind) || verdict.refused.is_some() || verdict.nodes.is_some() {
            continue;
        }
        verdict.nodes = Some(failure(snapshot, kind, key).unwrap_or_else(|| progress(&pending)));
    }
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

/// The failure of the first node, by name, that could not apply an object.
fn failure(snapshot: &Snapshot, kind: Kind, key: &Key) -> Option<Remark> {
    let source = key.source(kind);
    let reports = snapshot
        .reports
        .iter()
        .filter(|(node, _)| snapshot.nodes.contains_key(*node));
    reports
        .flat_map(|(node, report)| report.failures.iter().map(move |failure| (node, failure)))
        .find(|(_, failure)| failure.source == source)
        .map(|(node, NodeFailure { message, .. })| {
            Remark::new(Reason::NodeFailed, format!("node {node}: {message}"))
        })
}

fn progress(pending: &BTreeSet<&str>) -> Remark {
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
