//! What the controller knows of the cluster. One task owns it; watches send it changes.

use std::collections::{BTreeMap, BTreeSet};

use ferroute_api::ferroute::{NodeRouter, RouteSlice};
use ferroute_plan::index::NodeIndex;
use ferroute_plan::snapshot::{Key, NodeReport, Snapshot};
use k8s_openapi::api::core::v1::{ObjectReference, Service};
use kube::ResourceExt;

use crate::watch::KINDS;

/// A change of the state; says whether it could change the plan.
pub(crate) type Change = Box<dyn FnOnce(&mut State) -> bool + Send>;

/// The state of the cluster, and of our own objects in it.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// What the plan is made from.
    pub(crate) snapshot: Snapshot,
    /// What the writes need of Services.
    pub(crate) service_handles: BTreeMap<Key, ServiceHandle>,
    /// Our objects, as the API has them.
    pub(crate) node_routers: BTreeMap<String, NodeRouter>,
    /// Our objects, as the API has them.
    pub(crate) route_slices: BTreeMap<String, RouteSlice>,
    /// Why Services have no address, as it was said last.
    pub(crate) failed_services: BTreeMap<Key, String>,
    /// Objects that cannot be read, and what is to be said of them.
    pub(crate) unreadable: Vec<(ObjectReference, String)>,
    /// Those of them without which nothing may be planned, by their kind's name in [`listed`](Self::listed).
    pub(crate) blocking: BTreeSet<(&'static str, Key)>,
    /// The kinds whose first list is complete.
    pub(crate) listed: BTreeSet<&'static str>,
}

/// Which Service it is, and as of when.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServiceHandle {
    /// Kubectl finds the events of an object by this.
    pub(crate) uid: Option<String>,
    /// A status is only written over what was seen.
    pub(crate) version: String,
}

impl ServiceHandle {
    pub(crate) fn of(service: &Service) -> Self {
        Self {
            uid: service.uid(),
            version: service.resource_version().unwrap_or_default(),
        }
    }
}

impl State {
    /// Whether everything is known that a plan is made from.
    pub(crate) fn is_complete(&self) -> bool {
        self.listed.len() == KINDS && self.blocking.is_empty()
    }

    /// Records a `NodeRouter` as it is now, and what its node says there.
    pub(crate) fn set_node_router(&mut self, router: NodeRouter) -> bool {
        let name = router.name_any();
        let before = self.snapshot.reports.get(&name);
        let report = report(&router, before);
        self.node_routers.insert(name.clone(), router);
        self.snapshot.reports.insert(name, report.clone()) != Some(report)
    }

    /// Forgets a `NodeRouter`. Its node, if there is one, gets another one with the index in its annotation.
    pub(crate) fn remove_node_router(&mut self, name: &str) -> bool {
        let removed = self.node_routers.remove(name).is_some();
        self.snapshot.reports.remove(name);
        removed
    }
}

fn report(router: &NodeRouter, before: Option<&NodeReport>) -> NodeReport {
    let generation = router.metadata.generation.unwrap_or_default();
    let status = router.status.as_ref();
    let current = status.is_some_and(|status| status.observed_generation >= generation);
    let applied = match before {
        _ if current => Some(router.spec.clone()),
        Some(before) => before.applied.clone(),
        None => None,
    };
    NodeReport {
        index: Some(NodeIndex(router.spec.node_index)),
        applied,
        failures: status.map_or_else(Vec::new, |status| status.failures.clone()),
    }
}
