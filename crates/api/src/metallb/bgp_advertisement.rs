//! `BGPAdvertisement`: how the addresses of pools are announced over BGP.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{parse_community_or_alias, parse_object_name};
use crate::violation::{Report, Validate, count, within};

const SELECTORS_OR_LENGTHS: &str =
    "serviceSelectors go only with aggregationLength 32 and aggregationLengthV6 128";

/// The desired announcement.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "BGPAdvertisement",
    root = "BgpAdvertisement",
    plural = "bgpadvertisements",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "A BGPAdvertisement announces the addresses of services from some pools to some peers, with the attributes it names.",
    printcolumn = r#"{"name":"IPAddressPools","type":"string","jsonPath":".spec.ipAddressPools"}"#,
    printcolumn = r#"{"name":"IPAddressPool Selectors","type":"string","jsonPath":".spec.ipAddressPoolSelectors"}"#,
    printcolumn = r#"{"name":"Peers","type":"string","jsonPath":".spec.peers"}"#,
    printcolumn = r#"{"name":"Node Selectors","type":"string","jsonPath":".spec.nodeSelectors","priority":10}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || ((!has(self.aggregationLength) || self.aggregationLength == 32) && (!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))", SELECTORS_OR_LENGTHS))]
pub struct BgpAdvertisementSpec {
    /// The length of the prefix that an IPv4 address is announced as; shorter than 32 announces more than the address.
    #[serde(default = "host_length")]
    #[schemars(range(min = 1, max = 32))]
    pub aggregation_length: i32,
    /// The same for IPv6, up to 128.
    #[serde(rename = "aggregationLengthV6", default = "host_length_v6")]
    #[schemars(range(min = 1, max = 128))]
    pub aggregation_length_v6: i32,
    /// `LOCAL_PREF` for peers of the same AS; absent or 0: not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::any_u32")]
    pub local_pref: Option<u32>,
    /// Communities to attach: 64512:100, large:64512:1:2, or an alias that a Community gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::communities")]
    pub communities: Vec<String>,
    /// Pools to announce, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::object_names")]
    pub ip_address_pools: Vec<String>,
    /// Pools to announce, by label, beside those with a name; neither given: all pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub ip_address_pool_selectors: Vec<LabelSelector>,
    /// The nodes that announce: those that one of the selectors matches; absent or empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub node_selectors: Vec<LabelSelector>,
    /// The `BGPPeers` that hear of it; absent or empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::object_names")]
    pub peers: Vec<String>,
    /// The services whose addresses are announced; absent or empty: all of the pools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub service_selectors: Vec<LabelSelector>,
}

fn host_length() -> i32 {
    32
}

fn host_length_v6() -> i32 {
    128
}

impl Default for BgpAdvertisementSpec {
    fn default() -> Self {
        Self {
            aggregation_length: host_length(),
            aggregation_length_v6: host_length_v6(),
            local_pref: None,
            communities: Vec::new(),
            ip_address_pools: Vec::new(),
            ip_address_pool_selectors: Vec::new(),
            node_selectors: Vec::new(),
            peers: Vec::new(),
            service_selectors: Vec::new(),
        }
    }
}

impl Validate for BgpAdvertisement {
    fn check(&self, report: &mut Report) {
        report.nested("spec", &self.spec);
    }
}

impl Validate for BgpAdvertisementSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            aggregation_length,
            aggregation_length_v6,
            local_pref: _,
            communities,
            ip_address_pools,
            ip_address_pool_selectors,
            node_selectors,
            peers,
            service_selectors,
        } = self;
        let length = u64::try_from(*aggregation_length).unwrap_or_default();
        report.field("aggregationLength", within(length, 1, 32));
        let length_v6 = u64::try_from(*aggregation_length_v6).unwrap_or_default();
        report.field("aggregationLengthV6", within(length_v6, 1, 128));
        let host_routes = length == 32 && length_v6 == 128;
        report.rule(
            service_selectors.is_empty() || host_routes,
            SELECTORS_OR_LENGTHS,
        );
        report.field("communities", count(communities, 0, 1024));
        report.each("communities", communities, |c| parse_community_or_alias(c));
        for (name, list) in [("ipAddressPools", ip_address_pools), ("peers", peers)] {
            report.field(name, count(list, 0, 1024));
            report.each(name, list, |entry| parse_object_name(entry).map(drop));
        }
        for (name, selectors) in [
            ("ipAddressPoolSelectors", ip_address_pool_selectors),
            ("nodeSelectors", node_selectors),
            ("serviceSelectors", service_selectors),
        ] {
            report.field(name, count(selectors, 0, 1024));
            report.each(name, selectors, check_selector);
        }
    }
}
