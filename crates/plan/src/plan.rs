//! The whole plan: what every node and every service should have, and what to say of every object.

use std::collections::{BTreeMap, BTreeSet};

use ferroute_api::ferroute::{
    NodeFailure, NodeL3vni, NodeRouterSpec, NodeUnderlay, RouteSliceSpec, Speaker,
};

use crate::advertisement::{Advertisement, NeighborIds, advertisements, announcements};
use crate::allocate::{ServicePlan, allocate};
use crate::counters::{PoolCounters, counters};
use crate::index::{self, NodeIndex};
use crate::merge::Draft;
use crate::overlay::{Overlay, overlays};
use crate::pool::pools;
use crate::request::{Request, peer_id, requests};
use crate::slices::divide;
use crate::snapshot::{Key, Kind, Node, Snapshot};
use crate::underlay::{UsedUnderlay, underlay};
use crate::verdict::{Reason, Remark, Verdicts};

/// What the cluster should be like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The index of every node.
    pub indexes: BTreeMap<String, NodeIndex>,
    /// The spec of every `NodeRouter`, by node.
    pub node_routers: BTreeMap<String, NodeRouterSpec>,
    /// The spec of every `RouteSlice`, by name.
    pub route_slices: BTreeMap<String, RouteSliceSpec>,
    /// The addresses of every service.
    pub services: BTreeMap<Key, ServicePlan>,
    /// How full every pool is.
    pub pools: BTreeMap<Key, PoolCounters>,
    /// What is said of every object.
    pub verdicts: Verdicts,
}

/// Makes the plan. The same snapshot gives the same plan.
pub fn plan(snapshot: &Snapshot) -> Plan {
    let mut verdicts = Verdicts::default();
    let indexes = indexes(snapshot);
    let pools = pools(snapshot, &mut verdicts);
    let services = allocate(snapshot, &pools);
    let advertisements = advertisements(snapshot, &pools, &mut verdicts);
    let underlay = underlay(snapshot, &mut verdicts);
    let overlays = overlays(snapshot, underlay.as_ref(), &mut verdicts);
    let requests = requests(snapshot, &mut verdicts);
    say_what_is_not_implemented(snapshot, &mut verdicts);

    let parts = Parts { snapshot, underlay, overlays, requests, advertisements };
    let node_routers: BTreeMap<_, _> = snapshot
        .nodes
        .iter()
        .filter_map(|(name, node)| Some((name, node, *indexes.get(name)?)))
        .map(|(name, node, index)| (name.clone(), parts.node_router(node, index, &mut verdicts)))
        .collect();
    say_what_nodes_report(snapshot, &node_routers, &mut verdicts);
    Plan {
        route_slices: divide(&announcements(snapshot, &parts.advertisements, &services)),
        pools: counters(&pools, &services),
        indexes,
        node_routers,
        services,
        verdicts,
    }
}

/// The `NodeRouter` knows best what index a node has; the annotation may have been edited.
fn indexes(snapshot: &Snapshot) -> BTreeMap<String, NodeIndex> {
    index::assign(snapshot.nodes.keys().map(String::as_str), |name| {
        let reported = snapshot.reports.get(name).and_then(|report| report.index);
        reported.or_else(|| snapshot.nodes.get(name).and_then(|node| node.index))
    })
}

/// Everything that is the same for all nodes.
struct Parts<'a> {
    snapshot: &'a Snapshot,
    underlay: Option<UsedUnderlay<'a>>,
    overlays: Vec<Overlay<'a>>,
    requests: Vec<Request<'a>>,
    advertisements: Vec<Advertisement<'a>>,
}

impl Parts<'_> {
    fn node_router(&self, node: &Node, index: NodeIndex, verdicts: &mut Verdicts) -> NodeRouterSpec {
        let underlay = self.node_underlay(node, index, verdicts);
        let l3vnis = underlay
            .as_ref()
            .map_or(Vec::new(), |underlay| self.node_l3vnis(node, index, underlay, verdicts));
        let speaker = self.speaker(node, verdicts);
        NodeRouterSpec { node_index: index.0, underlay, l3vnis, speaker }
    }

    fn node_underlay(
        &self,
        node: &Node,
        index: NodeIndex,
        verdicts: &mut Verdicts,
    ) -> Option<NodeUnderlay> {
        let used = self.underlay.filter(|used| used.selects(&node.labels))?;
        used.on_node(index)
            .map_err(|remark| verdicts.fail_on_node(Kind::Underlay, used.key, remark))
            .ok()
    }

    fn node_l3vnis(
        &self,
        node: &Node,
        index: NodeIndex,
        underlay: &NodeUnderlay,
        verdicts: &mut Verdicts,
    ) -> Vec<NodeL3vni> {
        let selected = self.overlays.iter().filter(|overlay| overlay.selects(&node.labels));
        let mut l3vnis: Vec<_> = selected
            .filter_map(|overlay| {
                overlay.on_node(index, underlay).unwrap_or_else(|remark| {
                    verdicts.fail_on_node(Kind::L3vni, overlay.key, remark);
                    None
                })
            })
            .collect();
        l3vnis.sort_by_key(|l3vni| l3vni.vni);
        l3vnis
    }

    fn speaker(&self, node: &Node, verdicts: &mut Verdicts) -> Speaker {
        let mut draft = Draft::default();
        let mut neighbors = NeighborIds::new();
        for request in self.requests.iter().filter(|request| request.selects(&node.labels)) {
            match draft.add(request) {
                Ok(()) => neighbors.extend(self.neighbor_id(request)),
                Err(message) => {
                    verdicts.refuse(request.kind, request.key, Remark::new(Reason::Conflict, message));
                }
            }
        }
        let mut speaker = draft.finish();
        for router in &mut speaker.routers {
            // Left to itself FRR takes the highest address of the host, and drops every session when
            // a veth brings a higher one.
            router.router_id = router.router_id.or(node.internal_ipv4);
        }
        if !node.excluded {
            let held = self.advertisements.iter();
            speaker.policies = held.filter_map(|held| held.on_node(&node.labels, &neighbors)).collect();
            speaker.policies.sort_by(|a, b| a.id.cmp(&b.id));
        }
        speaker
    }

    fn neighbor_id<'k>(&self, request: &Request<'k>) -> Option<(&'k Key, String)> {
        let peer = self.snapshot.peers.get(request.key).filter(|_| request.kind == Kind::BgpPeer)?;
        Some((request.key, peer_id(peer)))
    }
}

/// Kinds that are read but not acted on are refused with a sentence, never passed over in silence.
fn say_what_is_not_implemented(snapshot: &Snapshot, verdicts: &mut Verdicts) {
    let refuse = |kind: Kind, keys: Vec<&Key>, verdicts: &mut Verdicts| {
        for key in keys {
            let message = format!("this version of ferroute does not act on {}", kind.as_str());
            verdicts.refuse(kind, key, Remark::new(Reason::NotImplemented, message));
        }
    };
    refuse(Kind::L2vni, snapshot.l2vnis.keys().collect(), verdicts);
    refuse(Kind::L2Advertisement, snapshot.l2_advertisements.keys().collect(), verdicts);
    for key in snapshot.bfd_profiles.keys() {
        verdicts.of(Kind::BfdProfile, key);
    }
    for key in snapshot.communities.keys() {
        verdicts.of(Kind::Community, key);
    }
    for (key, peer) in &snapshot.peers {
        if peer.spec.disable_mp {
            let said = &mut verdicts.of(Kind::BgpPeer, key).not_implemented;
            said.push("spec.disableMP: deprecated, without effect".to_owned());
        }
    }
}

/// Puts what the agents say on the objects that it is about.
fn say_what_nodes_report(
    snapshot: &Snapshot,
    node_routers: &BTreeMap<String, NodeRouterSpec>,
    verdicts: &mut Verdicts,
) {
    let pending: BTreeSet<&str> = node_routers
        .keys()
        .map(String::as_str)
        .filter(|node| snapshot.reports.get(*node).is_none_or(|report| !report.current))
        .collect();
    for (kind, key, verdict) in verdicts.iter_mut() {
        if !is_made_by_nodes(kind) || verdict.refused.is_some() || verdict.nodes.is_some() {
            continue;
        }
        let source = key.source(kind);
        let failed = snapshot.reports.iter().find_map(|(node, report)| {
            let failure = report.failures.iter().find(|failure| failure.source == source)?;
            Some(failed_on(node, failure))
        });
        verdict.nodes = Some(failed.unwrap_or_else(|| progress(&pending)));
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

fn failed_on(node: &str, failure: &NodeFailure) -> Remark {
    Remark::new(Reason::NodeFailed, format!("node {node}: {}", failure.message))
}

fn progress(pending: &BTreeSet<&str>) -> Remark {
    match pending.first() {
        None => Remark::new(Reason::Applied, "applied on every node"),
        Some(first) => {
            let more = pending.len() - 1;
            let others = if more == 0 { String::new() } else { format!(" and {more} more") };
            Remark::new(Reason::Pending, format!("not applied yet on node {first}{others}"))
        }
    }
}
