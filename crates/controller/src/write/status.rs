//! Conditions on the objects of users, with an event where one turns bad.

use ferroute_api::condition::{self, ConditionType, conditions};
use ferroute_plan::snapshot::{Key, Kind};
use ferroute_plan::verdict::{Reason, Verdict};
use ferroute_plan::{Plan, PoolCounters};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};

use super::{Writer, first_error, side_by_side, unless_gone};
use crate::events::{Events, api_version, reference};
use crate::state::State;
use crate::{Error, FIELD_MANAGER};

/// A status that has to be written.
struct Write {
    kind: Kind,
    key: Key,
    uid: Option<String>,
    status: Value,
    /// Conditions that have turned bad: reason and message.
    bad_news: Vec<(String, String)>,
    conditions: Vec<Condition>,
    counters: Option<PoolCounters>,
}

impl Writer {
    /// Writes the conditions that differ, and takes what was written into the state.
    pub(crate) async fn statuses(
        &self,
        state: &mut State,
        plan: &Plan,
        events: &Events,
    ) -> Result<(), Error> {
        let now = Time(jiff::Timestamp::now());
        let differing: Vec<Write> = plan
            .verdicts
            .iter()
            .filter_map(|(kind, key, verdict)| {
                let counters = plan
                    .pools
                    .get(key)
                    .filter(|_| kind == Kind::IpAddressPool)
                    .copied();
                differing(state, kind, key, verdict, counters, &now)
            })
            .collect();
        say_failed_services(state, plan, events);
        let writes = differing
            .into_iter()
            .map(|write| self.status(write, events));
        let written = side_by_side(writes.collect()).await.into_iter();
        first_error(written.map(|written| written.map(|write| take(state, write))))
    }

    async fn status(&self, write: Write, events: &Events) -> Result<Write, Error> {
        let Write { kind, key, .. } = &write;
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &key.namespace, &resource(*kind));
        let object = json!({
            "apiVersion": api_version(*kind),
            "kind": kind.as_str(),
            "metadata": { "name": key.name, "namespace": key.namespace },
            "status": write.status,
        });
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(object);
        let written = async { unless_gone(api.patch_status(&key.name, &params, &patch).await) };
        let what = format!("status of {} {key}", kind.as_str());
        self.sent(what, written).await?;
        for (reason, message) in &write.bad_news {
            let on = reference(*kind, key, write.uid.clone());
            events.warning(on, reason, message);
        }
        Ok(write)
    }
}

/// Services have no condition of ours: an event says why one has no address.
fn say_failed_services(state: &mut State, plan: &Plan, events: &Events) {
    let served = |key: &Key| plan.services.contains_key(key);
    state.failed_services.retain(|key, _| served(key));
    for (key, service) in &plan.services {
        let remark = service.remark.as_ref();
        let said = state.failed_services.get(key);
        match remark {
            Some(remark) if said != Some(&remark.message) => {
                let handle = state.service_handles.get(key);
                let uid = handle.and_then(|handle| handle.uid.clone());
                let on = reference(Kind::Service, key, uid);
                events.warning(on, remark.reason.as_str(), &remark.message);
                state
                    .failed_services
                    .insert(key.clone(), remark.message.clone());
            }
            Some(_) => {}
            None => drop(state.failed_services.remove(key)),
        }
    }
}

fn resource(kind: Kind) -> ApiResource {
    let (group, version) = api_version(kind).split_once('/').unwrap_or(("", "v1"));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind.as_str()))
}

fn differing(
    state: &State,
    kind: Kind,
    key: &Key,
    verdict: &Verdict,
    counters: Option<PoolCounters>,
    now: &Time,
) -> Option<Write> {
    let (meta, old) = state.object(kind, key)?;
    let new = conditions(old, &verdicts(verdict), meta.generation, now);
    if old == new && (counters.is_none() || state.counters(key) == counters) {
        return None;
    }
    Some(Write {
        kind,
        key: key.clone(),
        uid: meta.uid.clone(),
        status: status(&new, counters),
        bad_news: bad_news(old, &new),
        conditions: new,
        counters,
    })
}

fn status(conditions: &[Condition], counters: Option<PoolCounters>) -> Value {
    let mut status = json!({ "conditions": conditions });
    if let Some(PoolCounters {
        assigned_ipv4,
        assigned_ipv6,
        available_ipv4,
        available_ipv6,
    }) = counters
    {
        status["assignedIPv4"] = assigned_ipv4.into();
        status["assignedIPv6"] = assigned_ipv6.into();
        status["availableIPv4"] = available_ipv4.into();
        status["availableIPv6"] = available_ipv6.into();
    }
    status
}

/// A verdict as conditions.
fn verdicts(verdict: &Verdict) -> Vec<condition::Verdict> {
    let Verdict {
        refused,
        unresolved,
        not_implemented,
        nodes,
    } = verdict;
    let mut said = vec![match refused {
        Some(remark) => condition::Verdict::refused(remark.reason.as_str(), &remark.message),
        None => condition::Verdict::accepted(),
    }];
    if refused.is_none() {
        said.extend(nodes.as_ref().map(|remark| match remark.reason {
            Reason::Applied => condition::Verdict::ready(&remark.message),
            other => condition::Verdict::not_ready(other.as_str(), &remark.message),
        }));
    }
    let unresolved = (!unresolved.is_empty()).then(|| (Reason::NotFound, unresolved.join("; ")));
    let not_implemented = (!not_implemented.is_empty()).then(|| {
        let fields = not_implemented.join("; ");
        (
            Reason::NotImplemented,
            format!("this version of ferroute does not act on: {fields}"),
        )
    });
    if let Some((reason, message)) = join(unresolved, not_implemented) {
        said.push(condition::Verdict::degraded(reason.as_str(), message));
    }
    said
}

/// The first reason, the messages of both.
fn join(
    one: Option<(Reason, String)>,
    other: Option<(Reason, String)>,
) -> Option<(Reason, String)> {
    match (one, other) {
        (Some((reason, one)), Some((_, other))) => Some((reason, format!("{one}; {other}"))),
        (one, other) => one.or(other),
    }
}

/// What a person should hear of: conditions that are bad now and were not before, or for another reason.
fn bad_news(old: &[Condition], new: &[Condition]) -> Vec<(String, String)> {
    let said = |condition: &Condition| {
        old.iter().any(|before| {
            before.type_ == condition.type_
                && before.status == condition.status
                && before.message == condition.message
        })
    };
    new.iter()
        .filter(|condition| is_bad(condition) && !said(condition))
        .map(|condition| (condition.reason.clone(), condition.message.clone()))
        .collect()
}

/// Waiting for nodes is no bad news: it passes.
fn is_bad(condition: &Condition) -> bool {
    let bad_status = if condition.type_ == ConditionType::Degraded.as_str() {
        "True"
    } else {
        "False"
    };
    condition.status == bad_status && condition.reason != Reason::Pending.as_str()
}

fn take(state: &mut State, write: Write) {
    if let Some(counters) = write.counters {
        state.set_counters(&write.key, counters);
    }
    state.set_conditions(write.kind, &write.key, write.conditions);
}

/// Metadata, conditions and counters of an object of a user.
impl State {
    /// How full a pool is, as its status says.
    fn counters(&self, pool: &Key) -> Option<PoolCounters> {
        let status = self.snapshot.pools.get(pool)?.status.as_ref()?;
        Some(PoolCounters {
            assigned_ipv4: status.assigned_ipv4,
            assigned_ipv6: status.assigned_ipv6,
            available_ipv4: status.available_ipv4,
            available_ipv6: status.available_ipv6,
        })
    }

    fn set_counters(&mut self, pool: &Key, counters: PoolCounters) {
        if let Some(object) = self.snapshot.pools.get_mut(pool) {
            let status = object.status.get_or_insert_default();
            status.assigned_ipv4 = counters.assigned_ipv4;
            status.assigned_ipv6 = counters.assigned_ipv6;
            status.available_ipv4 = counters.available_ipv4;
            status.available_ipv6 = counters.available_ipv6;
        }
    }

    fn object(&self, kind: Kind, key: &Key) -> Option<(&ObjectMeta, &[Condition])> {
        macro_rules! of {
            ($objects:ident) => {{
                let object = self.snapshot.$objects.get(key)?;
                let conditions = object
                    .status
                    .as_ref()
                    .map_or(&[][..], |status| &status.conditions);
                Some((&object.metadata, conditions))
            }};
        }
        match kind {
            Kind::Underlay => of!(underlays),
            Kind::L3vni => of!(l3vnis),
            Kind::L2vni => of!(l2vnis),
            Kind::IpAddressPool => of!(pools),
            Kind::BgpPeer => of!(peers),
            Kind::BgpAdvertisement => of!(bgp_advertisements),
            Kind::L2Advertisement => of!(l2_advertisements),
            Kind::BfdProfile => of!(bfd_profiles),
            Kind::Community => of!(communities),
            Kind::FrrConfiguration => of!(frr_configurations),
            Kind::Service => None,
        }
    }

    fn set_conditions(&mut self, kind: Kind, key: &Key, conditions: Vec<Condition>) {
        macro_rules! of {
            ($objects:ident) => {
                if let Some(object) = self.snapshot.$objects.get_mut(key) {
                    object.status.get_or_insert_default().conditions = conditions;
                }
            };
        }
        match kind {
            Kind::Underlay => of!(underlays),
            Kind::L3vni => of!(l3vnis),
            Kind::L2vni => of!(l2vnis),
            Kind::IpAddressPool => of!(pools),
            Kind::BgpPeer => of!(peers),
            Kind::BgpAdvertisement => of!(bgp_advertisements),
            Kind::L2Advertisement => of!(l2_advertisements),
            Kind::BfdProfile => of!(bfd_profiles),
            Kind::Community => of!(communities),
            Kind::FrrConfiguration => of!(frr_configurations),
            Kind::Service => {}
        }
    }
}
