//! `L2Advertisement`: which node answers for the addresses of pools with ARP and neighbor discovery.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{LinkName, parse_object_name};
use crate::violation::{Report, Validate, count, within};

/// The desired announcement.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "L2Advertisement",
    plural = "l2advertisements",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "An L2Advertisement has one node answer ARP and neighbor discovery for the addresses of services from some pools.",
    printcolumn = r#"{"name":"IPAddressPools","type":"string","jsonPath":".spec.ipAddressPools"}"#,
    printcolumn = r#"{"name":"IPAddressPool Selectors","type":"string","jsonPath":".spec.ipAddressPoolSelectors"}"#,
    printcolumn = r#"{"name":"Interfaces","type":"string","jsonPath":".spec.interfaces"}"#,
    printcolumn = r#"{"name":"Node Selectors","type":"string","jsonPath":".spec.nodeSelectors","priority":10}"#
)]
#[serde(rename_all = "camelCase")]
pub struct L2AdvertisementSpec {
    /// Pools to announce, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::object_names")]
    pub ip_address_pools: Vec<String>,
    /// Pools to announce, by label, beside those with a name; neither given: all pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub ip_address_pool_selectors: Vec<LabelSelector>,
    /// The nodes that may answer: those that one of the selectors matches; absent or empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub node_selectors: Vec<LabelSelector>,
    /// The devices that answer; absent or empty: all of the node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::link_names")]
    pub interfaces: Vec<String>,
    /// The services whose addresses are announced; absent or empty: all of the pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub service_selectors: Vec<LabelSelector>,
    /// Among the nodes that may answer, those to choose first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub preferred_node_selectors: Vec<NodePreference>,
}

/// A weight for the nodes that a selector matches.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct NodePreference {
    /// How much it counts, 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub weight: i32,
    /// The nodes it is for.
    #[schemars(schema_with = "schema::selector")]
    pub preference: LabelSelector,
}

impl Validate for L2Advertisement {
    fn check(&self, report: &mut Report) {
        report.nested("spec", &self.spec);
    }
}

impl Validate for L2AdvertisementSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            ip_address_pools,
            ip_address_pool_selectors,
            node_selectors,
            interfaces,
            service_selectors,
            preferred_node_selectors,
        } = self;
        report.field("ipAddressPools", count(ip_address_pools, 0, 1024));
        report.each("ipAddressPools", ip_address_pools, |name| {
            parse_object_name(name).map(drop)
        });
        report.each("interfaces", interfaces, |name| name.parse::<LinkName>());
        report.distinct("interfaces", interfaces);
        for (name, selectors) in [
            ("ipAddressPoolSelectors", ip_address_pool_selectors),
            ("nodeSelectors", node_selectors),
            ("serviceSelectors", service_selectors),
        ] {
            report.field(name, count(selectors, 0, 1024));
            report.each(name, selectors, check_selector);
        }
        report.field(
            "preferredNodeSelectors",
            count(preferred_node_selectors, 0, 1024),
        );
        report.nested_each("preferredNodeSelectors", preferred_node_selectors);
    }
}

impl Validate for NodePreference {
    fn check(&self, report: &mut Report) {
        let Self { weight, preference } = self;
        let weight = u64::try_from(*weight).unwrap_or_default();
        report.field("weight", within(weight, 1, 100));
        report.field("preference", check_selector(preference));
    }
}
