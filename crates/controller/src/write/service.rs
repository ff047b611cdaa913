//! The addresses of Services: status, annotation and event.

use std::collections::BTreeMap;

use ferroute_plan::allocate::ServicePlan;
use ferroute_plan::snapshot::{Balancer, Key, Kind, Service};
use k8s_openapi::api::core::v1;
use kube::Api;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Writer, first_error, side_by_side};
use crate::convert::ALLOCATED_FROM;
use crate::events::{Events, reference};
use crate::state::{ServiceHandle, State};
use crate::{Error, FIELD_MANAGER};

/// What became of the Services.
pub(crate) struct Allocated {
    /// Whether the state has new addresses.
    pub(crate) changed: bool,
    /// The first write that failed.
    pub(crate) result: Result<(), Error>,
}

impl Writer {
    /// Writes the addresses that differ, and takes what was written into the state.
    pub(crate) async fn services(
        &self,
        state: &mut State,
        plans: &BTreeMap<Key, ServicePlan>,
        events: &Events,
    ) -> Allocated {
        let writes = plans.iter().filter_map(|(key, plan)| {
            let service = state.snapshot.services.get(key)?;
            let version = &state.service_handles.get(key)?.version;
            differs(service, plan).then(|| self.service(key, plan, version, events))
        });
        let mut changed = false;
        let mut results = Vec::new();
        for written in side_by_side(writes.collect()).await {
            results.push(written.map(|(key, plan, object)| {
                changed = true;
                take(state, &key, &plan, &object);
            }));
        }
        Allocated {
            changed,
            result: first_error(results),
        }
    }

    async fn service(
        &self,
        key: &Key,
        plan: &ServicePlan,
        version: &str,
        events: &Events,
    ) -> Result<(Key, ServicePlan, v1::Service), Error> {
        let api: Api<v1::Service> = Api::namespaced(self.client.clone(), &key.namespace);
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(patch(plan, version));
        let write = api.patch_status(&key.name, &params, &patch);
        let object = self.sent(format!("Service {key}"), write).await?;
        say(key, plan, object.uid(), events);
        Ok((key.clone(), plan.clone(), object))
    }
}

/// Whether a status has other addresses than the plan. One that somebody else serves, or may serve, is left alone: the
/// annotation is `MetalLB`'s as well.
fn differs(service: &Service, plan: &ServicePlan) -> bool {
    let pool = plan.pool.as_ref().map(|pool| pool.name.as_str());
    let was_ours = service.allocated_from.is_some();
    let (ours, stale) = match service.balancer {
        Balancer::Ours => (true, service.foreign_ingress),
        Balancer::None => (was_ours, false),
        Balancer::OfOthers => (false, false),
    };
    ours && (service.ingress != plan.addresses
        || service.allocated_from.as_deref() != pool
        || (stale && !plan.addresses.is_empty()))
}

/// The version makes the API refuse a write over something that was not seen.
fn patch(plan: &ServicePlan, version: &str) -> Value {
    let ingress: Vec<_> = plan
        .addresses
        .iter()
        .map(|address| json!({ "ip": address }))
        .collect();
    json!({
        "metadata": {
            "resourceVersion": version,
            "annotations": { ALLOCATED_FROM: plan.pool.as_ref().map(|pool| &pool.name) },
        },
        "status": { "loadBalancer": { "ingress": ingress } },
    })
}

fn say(key: &Key, plan: &ServicePlan, uid: Option<String>, events: &Events) {
    let on = reference(Kind::Service, key, uid);
    if let Some(pool) = &plan.pool {
        let addresses: Vec<_> = plan.addresses.iter().map(ToString::to_string).collect();
        let note = format!("Assigned {} from pool {}", addresses.join(", "), pool.name);
        events.normal(on, "IPAllocated", &note);
    } else {
        let note = "The service has no address any more";
        events.normal(on, "ClearAssignment", note);
    }
}

fn take(state: &mut State, key: &Key, plan: &ServicePlan, object: &v1::Service) {
    if let Some(service) = state.snapshot.services.get_mut(key) {
        service.ingress.clone_from(&plan.addresses);
        service.foreign_ingress = false;
        service.allocated_from = plan.pool.as_ref().map(|pool| pool.name.clone());
    }
    state
        .service_handles
        .insert(key.clone(), ServiceHandle::of(object));
}
