//! The whole plan: what every node and every service should have, and what to say of every object.

use std::collections::BTreeMap;

use ferroute_api::ferroute::{NodeL3vni, NodeRouterSpec, NodeUnderlay, RouteSliceSpec};

use crate::advertisement::{advertisements, announcements};
use crate::allocate::{ServicePlan, allocate};
use crate::counters::{PoolCounters, counters};
use crate::index::{self, NodeIndex};
use crate::overlay::{Overlay, overlays};
use crate::pool::pools;
use crate::report::{say_what_is_not_implemented, say_what_nodes_report};
use crate::request::requests;
use crate::slices::divide;
use crate::snapshot::{Key, Kind, Node, Snapshot};
use crate::speaker::speakers;
use crate::underlay::{UsedUnderlay, underlay};
use crate::verdict::Verdicts;

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
    let requests = requests(snapshot, &mut verdicts);
    let mut speakers = speakers(snapshot, &requests, &advertisements, &mut verdicts);
    let underlay = underlay(snapshot, &mut verdicts);
    let overlays = overlays(snapshot, underlay.as_ref(), &mut verdicts);

    let fabric = Fabric { underlay, overlays };
    let mut node_routers = BTreeMap::new();
    for (name, node) in &snapshot.nodes {
        let Some(index) = indexes.get(name).copied() else {
            continue;
        };
        let (underlay, l3vnis) = fabric.on_node((name, node), index, &mut verdicts);
        let speaker = speakers.remove(name.as_str()).unwrap_or_default();
        let router = NodeRouterSpec {
            node_index: index.0,
            underlay,
            l3vnis,
            speaker,
        };
        node_routers.insert(name.clone(), router);
    }
    say_what_is_not_implemented(snapshot, &mut verdicts);
    say_what_nodes_report(snapshot, &node_routers, &mut verdicts);
    Plan {
        route_slices: divide(&announcements(snapshot, &advertisements, &services)),
        pools: counters(&pools, &services),
        indexes,
        node_routers,
        services,
        verdicts,
    }
}

/// The `NodeRouter` knows best what index a node has; the annotation may have been edited.
fn indexes(snapshot: &Snapshot) -> BTreeMap<String, NodeIndex> {
    let nodes = snapshot.nodes.keys().map(String::as_str);
    let reported = snapshot
        .reports
        .iter()
        .map(|(name, report)| (name, report.index));
    let annotated = snapshot.nodes.iter().map(|(name, node)| (name, node.index));
    let claims = reported.chain(annotated);
    index::assign(
        nodes,
        claims.filter_map(|(name, index)| Some((name.as_str(), index?))),
    )
}

/// The underlay and what runs over it: the same for all nodes but for the addresses.
struct Fabric<'a> {
    underlay: Option<UsedUnderlay<'a>>,
    overlays: Vec<Overlay<'a>>,
}

impl Fabric<'_> {
    fn on_node(
        &self,
        node: (&str, &Node),
        index: NodeIndex,
        verdicts: &mut Verdicts,
    ) -> (Option<NodeUnderlay>, Vec<NodeL3vni>) {
        let Some(underlay) = self.node_underlay(node, index, verdicts) else {
            return (None, Vec::new());
        };
        let l3vnis = self.node_l3vnis(node, index, &underlay, verdicts);
        (Some(underlay), l3vnis)
    }

    fn node_underlay(
        &self,
        (name, node): (&str, &Node),
        index: NodeIndex,
        verdicts: &mut Verdicts,
    ) -> Option<NodeUnderlay> {
        let used = self.underlay.filter(|used| used.selects(&node.labels))?;
        used.on_node(index)
            .map_err(|remark| verdicts.fail_on_node(Kind::Underlay, used.key, name, &remark))
            .ok()
    }

    fn node_l3vnis(
        &self,
        (name, node): (&str, &Node),
        index: NodeIndex,
        underlay: &NodeUnderlay,
        verdicts: &mut Verdicts,
    ) -> Vec<NodeL3vni> {
        let selected = self
            .overlays
            .iter()
            .filter(|overlay| overlay.selects(&node.labels));
        let mut l3vnis: Vec<_> = selected
            .filter_map(|overlay| {
                overlay.on_node(index, underlay).unwrap_or_else(|remark| {
                    verdicts.fail_on_node(Kind::L3vni, overlay.key, name, &remark);
                    None
                })
            })
            .collect();
        l3vnis.sort_by_key(|l3vni| l3vni.vni);
        l3vnis
    }
}
