//! From Kubernetes' objects to what the plan needs of them.

use std::net::IpAddr;

use ferroute_api::ferroute::NODE_INDEX_ANNOTATION;
use ferroute_plan::index::NodeIndex;
use ferroute_plan::snapshot::{self, Balancer, FamilyPolicy, RequestedAddresses};
use k8s_openapi::api::core::v1::{Node, Service, ServiceSpec};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};
use kube::ResourceExt;

/// The annotation in which a Service's status says from which pool its addresses are.
pub(crate) const ALLOCATED_FROM: &str = "metallb.io/ip-allocated-from-pool";

const EXCLUDED_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

pub(crate) fn service(object: &Service, class: Option<&str>) -> snapshot::Service {
    let spec = object.spec.clone().unwrap_or_default();
    let (ingress, foreign_ingress) = ingress(object);
    snapshot::Service {
        balancer: balancer(object, &spec, class),
        labels: object.labels().clone(),
        cluster_ips: cluster_ips(&spec),
        family_policy: family_policy(&spec),
        local_traffic: spec.external_traffic_policy.as_deref() == Some("Local"),
        requested_addresses: requested_addresses(object, &spec),
        requested_pool: annotation(object, "address-pool").filter(|pool| !pool.is_empty()),
        sharing_key: annotation(object, "allow-shared-ip").filter(|key| !key.is_empty()),
        pod_selector: format!("{:?}", spec.selector.unwrap_or_default()),
        ports: spec
            .ports
            .into_iter()
            .flatten()
            .map(|port| (port.protocol.unwrap_or_else(|| "TCP".to_owned()), port.port))
            .collect(),
        ingress,
        foreign_ingress,
        allocated_from: object.annotations().get(ALLOCATED_FROM).cloned(),
        settled: false,
    }
}

fn balancer(object: &Service, spec: &ServiceSpec, class: Option<&str>) -> Balancer {
    let is_ours = spec.load_balancer_class.as_deref() == class;
    match spec.type_.as_deref() {
        Some("LoadBalancer") if !is_ours => Balancer::OfOthers,
        Some("LoadBalancer") if object.metadata.deletion_timestamp.is_none() => Balancer::Ours,
        _ => Balancer::None,
    }
}

/// MetalLB's annotation; the newer prefix counts before the older.
fn annotation(object: &Service, name: &str) -> Option<String> {
    let annotations = object.annotations();
    ["metallb.io", "metallb.universe.tf"]
        .iter()
        .find_map(|prefix| annotations.get(&format!("{prefix}/{name}")).cloned())
}

fn cluster_ips(spec: &ServiceSpec) -> Vec<IpAddr> {
    let several = spec.cluster_ips.iter().flatten();
    let one = spec
        .cluster_ip
        .iter()
        .filter(|_| spec.cluster_ips.is_none());
    several
        .chain(one)
        .filter_map(|text| text.parse().ok())
        .collect()
}

fn family_policy(spec: &ServiceSpec) -> FamilyPolicy {
    match spec.ip_family_policy.as_deref() {
        Some("PreferDualStack") => FamilyPolicy::PreferDualStack,
        Some("RequireDualStack") => FamilyPolicy::RequireDualStack,
        Some(_) | None => FamilyPolicy::SingleStack,
    }
}

fn requested_addresses(object: &Service, spec: &ServiceSpec) -> RequestedAddresses {
    let annotated = annotation(object, "loadBalancerIPs").filter(|text| !text.is_empty());
    let in_spec = spec
        .load_balancer_ip
        .clone()
        .filter(|text| !text.is_empty());
    match (annotated, in_spec) {
        (None, None) => RequestedAddresses::Any,
        (Some(text), None) | (None, Some(text)) => RequestedAddresses::Written(text),
        (Some(_), Some(_)) => RequestedAddresses::Twice,
    }
}

/// The addresses in the status, and whether there is anything else.
fn ingress(object: &Service) -> (Vec<IpAddr>, bool) {
    let entries = object
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref())
        .and_then(|balancer| balancer.ingress.clone())
        .unwrap_or_default();
    let addresses: Vec<IpAddr> = entries
        .iter()
        .filter_map(|entry| entry.ip.as_deref().and_then(|text| text.parse().ok()))
        .collect();
    let foreign = addresses.len() != entries.len();
    (addresses, foreign)
}

pub(crate) fn endpoint_slice(object: &EndpointSlice) -> snapshot::EndpointSlice {
    let usable = || {
        object
            .endpoints
            .iter()
            .filter(|endpoint| is_usable(endpoint))
    };
    let mut nodes: Vec<String> = usable()
        .filter_map(|endpoint| endpoint.node_name.clone())
        .collect();
    nodes.sort();
    nodes.dedup();
    snapshot::EndpointSlice {
        service: object
            .labels()
            .get("kubernetes.io/service-name")
            .cloned()
            .unwrap_or_default(),
        usable: usable().next().is_some(),
        usable_nodes: nodes,
    }
}

/// Ready, or not said to be unready, or still serving while it terminates.
fn is_usable(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().is_none_or(|conditions| {
        conditions.ready != Some(false) || conditions.serving == Some(true)
    })
}

pub(crate) fn node(object: &Node) -> snapshot::Node {
    let status = object.status.clone().unwrap_or_default();
    let unavailable = status
        .conditions
        .iter()
        .flatten()
        .any(|condition| condition.type_ == "NetworkUnavailable" && condition.status == "True");
    let mut internal = status
        .addresses
        .iter()
        .flatten()
        .filter(|address| address.type_ == "InternalIP");
    snapshot::Node {
        labels: object.labels().clone(),
        index: object
            .annotations()
            .get(NODE_INDEX_ANNOTATION)
            .and_then(|text| text.parse().ok())
            .map(NodeIndex),
        excluded: unavailable || object.labels().contains_key(EXCLUDED_LABEL),
        internal_ipv4: internal.find_map(|address| address.address.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_is_ours_by_type_and_class() {
        let (any, mine) = (json!("LoadBalancer"), json!("ours"));
        let of =
            |type_: &serde_json::Value, class: &serde_json::Value, our_class, deleted: bool| {
                let deleted = deleted.then_some("2026-01-01T00:00:00Z");
                let object = json!({
                    "metadata": {"name": "s", "deletionTimestamp": deleted},
                    "spec": {"type": type_, "loadBalancerClass": class},
                });
                service(&serde_json::from_value(object).unwrap(), our_class).balancer
            };
        let none = serde_json::Value::Null;
        assert_eq!(of(&any, &none, None, false), Balancer::Ours);
        assert_eq!(of(&any, &none, None, true), Balancer::None);
        assert_eq!(of(&json!("ClusterIP"), &none, None, false), Balancer::None);
        assert_eq!(of(&any, &json!("other"), None, false), Balancer::OfOthers);
        assert_eq!(of(&any, &json!("other"), None, true), Balancer::OfOthers);
        assert_eq!(of(&any, &mine, Some("ours"), false), Balancer::Ours);
        assert_eq!(of(&any, &none, Some("ours"), false), Balancer::OfOthers);
    }

    #[test]
    fn an_empty_annotation_asks_for_nothing() {
        let annotations = json!({
            "metallb.io/address-pool": "",
            "metallb.universe.tf/allow-shared-ip": "",
            "metallb.universe.tf/loadBalancerIPs": "",
        });
        let object = json!({"metadata": {"name": "s", "annotations": annotations}});
        let converted = service(&serde_json::from_value(object).unwrap(), None);
        assert_eq!(converted.requested_pool, None);
        assert_eq!(converted.sharing_key, None);
        assert_eq!(converted.requested_addresses, RequestedAddresses::Any);
    }

    #[test]
    fn an_endpoint_counts_when_ready_or_serving() {
        for (conditions, expected) in [
            (json!({}), true),
            (json!({"ready": true}), true),
            (json!({"ready": false}), false),
            (
                json!({"ready": false, "serving": true, "terminating": true}),
                true,
            ),
            (json!({"ready": true, "serving": false}), true),
        ] {
            let object = serde_json::from_value(json!({
                "metadata": {"labels": {"kubernetes.io/service-name": "s"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["10.0.0.1"], "nodeName": "n1", "conditions": conditions}],
            }));
            assert_eq!(
                endpoint_slice(&object.unwrap()).usable,
                expected,
                "{conditions}"
            );
        }
    }

    #[test]
    fn a_host_name_in_the_status_is_not_an_address_of_ours() {
        let object: Service = serde_json::from_value(json!({
            "status": {"loadBalancer": {"ingress": [{"hostname": "a.example"}, {"ip": "192.0.2.1"}]}},
        }))
        .unwrap();
        let converted = service(&object, None);
        assert_eq!(converted.ingress, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert!(converted.foreign_ingress);
    }
}
