//! Snapshots from manifests, and what a controller makes of a plan.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ferroute_plan::Plan;
use ferroute_plan::allocate::settle;
use ferroute_plan::snapshot::{Balancer, Key, Kind, Objects, Service, Snapshot};
use ferroute_plan::verdict::{Reason, Remark, Verdict};
use kube::ResourceExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The documents of a YAML file.
pub(crate) fn documents<T: DeserializeOwned>(yaml: &str) -> Vec<T> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    documents
        .map(|document| T::deserialize(document).expect("a document"))
        .collect()
}

/// Adds an object of a user, or replaces it.
pub(crate) fn add(snapshot: &mut Snapshot, manifest: Value) {
    let kind = manifest["kind"].as_str().expect("a kind").to_owned();
    match kind.as_str() {
        "Underlay" => insert(&mut snapshot.underlays, manifest),
        "L3VNI" => insert(&mut snapshot.l3vnis, manifest),
        "L2VNI" => insert(&mut snapshot.l2vnis, manifest),
        "IPAddressPool" => insert(&mut snapshot.pools, manifest),
        "BGPPeer" => insert(&mut snapshot.peers, manifest),
        "BGPAdvertisement" => insert(&mut snapshot.bgp_advertisements, manifest),
        "L2Advertisement" => insert(&mut snapshot.l2_advertisements, manifest),
        "BFDProfile" => insert(&mut snapshot.bfd_profiles, manifest),
        "Community" => insert(&mut snapshot.communities, manifest),
        "FRRConfiguration" => insert(&mut snapshot.frr_configurations, manifest),
        "Namespace" => drop(snapshot.namespaces.insert(name(&manifest), BTreeMap::new())),
        "Service" => {
            let namespace = manifest["metadata"]["namespace"]
                .as_str()
                .expect("a namespace");
            let service = Service {
                balancer: Balancer::Ours,
                ..Service::default()
            };
            snapshot
                .services
                .insert(Key::new(namespace, name(&manifest)), service);
        }
        "Deployment" => {}
        other => panic!("no test knows {other}"),
    }
}

fn name(manifest: &Value) -> String {
    manifest["metadata"]["name"]
        .as_str()
        .expect("a name")
        .to_owned()
}

fn insert<K: DeserializeOwned + ResourceExt>(objects: &mut Objects<K>, manifest: Value) {
    let object: K = serde_json::from_value(manifest).expect("an object of its kind");
    let namespace = object.namespace().expect("a namespace");
    objects.insert(Key::new(namespace, object.name_any()), object);
}

/// Writes the plan's addresses and indexes into the snapshot, as the controller does into the cluster.
pub(crate) fn apply(snapshot: &mut Snapshot, plan: &Plan) {
    for (key, service) in &mut snapshot.services {
        if service.balancer == Balancer::OfOthers {
            continue;
        }
        let planned = &plan.services[key];
        service.ingress.clone_from(&planned.addresses);
        service.allocated_from = planned.pool.as_ref().map(|pool| pool.name.clone());
        service.foreign_ingress = false;
    }
    settle(snapshot, &plan.services);
    for (name, node) in &mut snapshot.nodes {
        node.index = plan.indexes.get(name).copied();
    }
}

/// The complaints of a plan, by `Kind namespace/name`: all but "applied" and "pending".
pub(crate) fn complaints(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let all = plan
        .verdicts
        .iter()
        .map(|(kind, key, verdict)| (shown(kind, key), said(verdict)));
    all.filter(|(_, said)| !said.is_empty()).collect()
}

fn shown(kind: Kind, key: &Key) -> String {
    format!("{} {key}", kind.as_str())
}

fn said(
    Verdict {
        refused,
        unresolved,
        not_implemented,
        nodes,
    }: &Verdict,
) -> Vec<String> {
    let word = |Remark { reason, message }: &Remark| format!("{reason}: {message}");
    let nodes = nodes
        .iter()
        .filter(|remark| !matches!(remark.reason, Reason::Applied | Reason::Pending));
    let refused = refused.iter().map(word);
    let unresolved = unresolved
        .iter()
        .map(|text| format!("{}: {text}", Reason::NotFound));
    let missing = not_implemented
        .iter()
        .map(|text| format!("{}: {text}", Reason::NotImplemented));
    refused
        .chain(unresolved)
        .chain(missing)
        .chain(nodes.map(word))
        .collect()
}

/// Addresses, as they are written.
pub(crate) fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts
        .iter()
        .map(|text| text.parse().expect("an address"))
        .collect()
}
