//! `IPAddressPool`: addresses for services.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;
use crate::selector::check_selector;
use crate::value::{AddressRange, parse_object_name};
use crate::violation::{Problem, Report, Validate, count};

/// The desired pool.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "IPAddressPool",
    root = "IpAddressPool",
    plural = "ipaddresspools",
    namespaced,
    status = "IpAddressPoolStatus",
    derive = "PartialEq",
    doc = "An IPAddressPool holds the addresses that services of type LoadBalancer get. It announces none: that takes an advertisement.",
    printcolumn = r#"{"name":"Auto Assign","type":"boolean","jsonPath":".spec.autoAssign"}"#,
    printcolumn = r#"{"name":"Avoid Buggy IPs","type":"boolean","jsonPath":".spec.avoidBuggyIPs"}"#,
    printcolumn = r#"{"name":"Addresses","type":"string","jsonPath":".spec.addresses"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct IpAddressPoolSpec {
    /// The addresses: CIDRs, or ranges such as 192.0.2.10-192.0.2.20; both families may be there.
    #[schemars(schema_with = "schema::address_ranges")]
    pub addresses: Vec<String>,
    /// Give addresses to services that do not ask for this pool.
    #[serde(default = "yes")]
    pub auto_assign: bool,
    /// Leave out IPv4 addresses that end in .0 or .255, which some routers mistake for others.
    #[serde(rename = "avoidBuggyIPs", default)]
    pub avoid_buggy_ips: bool,
    /// Which services may have an address of this pool; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_allocation: Option<ServiceAllocation>,
}

/// The services that a pool is for, and its place among the pools for them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAllocation {
    /// The smaller, the sooner this pool is used; absent or 0: last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Namespaces of the services, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::object_names")]
    pub namespaces: Vec<String>,
    /// Namespaces of the services, by label, beside those with a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub namespace_selectors: Vec<LabelSelector>,
    /// The services, by label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub service_selectors: Vec<LabelSelector>,
}

/// What is left of a pool.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct IpAddressPoolStatus {
    /// IPv4 addresses that services have.
    #[serde(rename = "assignedIPv4", default)]
    pub assigned_ipv4: i64,
    /// IPv6 addresses that services have.
    #[serde(rename = "assignedIPv6", default)]
    pub assigned_ipv6: i64,
    /// IPv4 addresses that are free.
    #[serde(rename = "availableIPv4", default)]
    pub available_ipv4: i64,
    /// IPv6 addresses that are free.
    #[serde(rename = "availableIPv6", default)]
    pub available_ipv6: i64,
    /// What ferroute says of this pool, one condition of each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}

fn yes() -> bool {
    true
}

impl Default for IpAddressPoolSpec {
    fn default() -> Self {
        Self {
            addresses: Vec::new(),
            auto_assign: yes(),
            avoid_buggy_ips: false,
            service_allocation: None,
        }
    }
}

impl IpAddressPool {
    /// The ranges of the pool, in the order written.
    pub fn ranges(&self) -> Result<Vec<AddressRange>, Problem> {
        let addresses = self.spec.addresses.iter();
        addresses.map(|range| range.parse()).collect()
    }
}

impl Validate for IpAddressPool {
    fn check(&self, report: &mut Report) {
        report.nested("spec", &self.spec);
    }
}

impl Validate for IpAddressPoolSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            addresses,
            auto_assign: _,
            avoid_buggy_ips: _,
            service_allocation,
        } = self;
        report.field("addresses", count(addresses, 1, 1024));
        report.each("addresses", addresses, |range| {
            range.parse::<AddressRange>()
        });
        report.field("addresses", disjoint(addresses));
        if let Some(allocation) = service_allocation {
            report.nested("serviceAllocation", allocation);
        }
    }
}

fn disjoint(addresses: &[String]) -> Result<(), Problem> {
    let mut ranges: Vec<AddressRange> = addresses.iter().flat_map(|text| text.parse()).collect();
    ranges.sort_unstable();
    let overlap = ranges.windows(2).find(|pair| pair[0].overlaps(&pair[1]));
    match overlap {
        Some(pair) => Err(Problem::Overlap { range: pair[1] }),
        None => Ok(()),
    }
}

impl Validate for ServiceAllocation {
    fn check(&self, report: &mut Report) {
        let Self {
            priority: _,
            namespaces,
            namespace_selectors,
            service_selectors,
        } = self;
        report.field("namespaces", count(namespaces, 0, 1024));
        report.each("namespaces", namespaces, |name| {
            parse_object_name(name).map(drop)
        });
        report.distinct("namespaces", namespaces);
        for (name, selectors) in [
            ("namespaceSelectors", namespace_selectors),
            ("serviceSelectors", service_selectors),
        ] {
            report.field(name, count(selectors, 0, 1024));
            report.each(name, selectors, check_selector);
        }
    }
}
