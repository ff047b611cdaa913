//! Underlay: how the router of a node reaches the fabric.

use ipnet::{IpNet, Ipv4Net};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Neighbor;
use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{LinkName, parse_asn, parse_cidr, parse_ipv4_cidr};
use crate::violation::{Problem, Report, Validate, count};

const ONE_VTEP_CIDR: &str = "set either vtepcidr or evpn.vtepcidr, not both";
const EXTERNAL: &str = "the asn of a neighbor must differ from the asn of the underlay";
const DEFAULT_ROUTER_IDS: &str = "10.0.0.0/24";

/// The desired connection of the nodes' routers with the fabric.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "openpe.openperouter.github.io",
    version = "v1alpha1",
    kind = "Underlay",
    plural = "underlays",
    shortname = "ul",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "An Underlay says how the router of every node reaches the fabric: which network device it takes over, which switches it peers with, and where its tunnel endpoint lies.",
    printcolumn = r#"{"name":"ASN","type":"integer","jsonPath":".spec.asn"}"#,
    printcolumn = r#"{"name":"NICs","type":"string","jsonPath":".spec.nics"}"#,
    printcolumn = r#"{"name":"Neighbors","type":"string","jsonPath":".spec.neighbors[*].address"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[x_kube(validation = ("!(has(self.vtepcidr) && has(self.evpn) && has(self.evpn.vtepcidr))", ONE_VTEP_CIDR))]
#[x_kube(validation = ("!has(self.neighbors) || self.neighbors.all(n, !has(n.asn) || n.asn != self.asn)", EXTERNAL))]
pub struct UnderlaySpec {
    /// The nodes this underlay is for; absent or empty: all. No node may have two.
    #[serde(
        rename = "nodeSelector",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::selector")]
    pub node_selector: Option<LabelSelector>,
    /// The AS number of the routers, towards the fabric.
    #[schemars(schema_with = "schema::asn")]
    pub asn: u32,
    /// Where the tunnel endpoints lie: the node with index i, counted from 0, gets address i + 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::cidr")]
    pub vtepcidr: Option<String>,
    /// The same, as later versions write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evpn: Option<Evpn>,
    /// Where the BGP router ids lie, one for each node as for tunnel endpoints; 10.0.0.0/24 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv4_cidr")]
    pub routeridcidr: Option<String>,
    /// The switches to peer with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["address"]))]
    pub neighbors: Vec<Neighbor>,
    /// The network devices of the host that the router takes over, with their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::link_names")]
    pub nics: Vec<String>,
}

/// The tunnel endpoints, as later versions write them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Evpn {
    /// Where the tunnel endpoints lie: the node with index i, counted from 0, gets address i + 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::cidr")]
    pub vtepcidr: Option<String>,
    /// The device whose address is the tunnel endpoint, instead of one from a CIDR.
    #[serde(
        rename = "vtepInterface",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::link_name")]
    pub vtep_interface: Option<String>,
}

impl Underlay {
    /// Where the tunnel endpoints lie, whichever form says it; none: no overlay can be made.
    pub fn vtep_cidr(&self) -> Result<Option<IpNet>, Problem> {
        let later = || self.spec.evpn.as_ref()?.vtepcidr.as_deref();
        let cidr = self.spec.vtepcidr.as_deref().or_else(later);
        cidr.map(parse_cidr).transpose()
    }

    /// Where the router ids lie.
    pub fn router_id_cidr(&self) -> Result<Ipv4Net, Problem> {
        parse_ipv4_cidr(
            self.spec
                .routeridcidr
                .as_deref()
                .unwrap_or(DEFAULT_ROUTER_IDS),
        )
    }
}

impl Validate for Underlay {
    fn check(&self, report: &mut Report) {
        report.nested("spec", &self.spec);
    }
}

impl Validate for UnderlaySpec {
    fn check(&self, report: &mut Report) {
        let Self {
            node_selector,
            asn,
            vtepcidr,
            evpn,
            routeridcidr,
            neighbors,
            nics,
        } = self;
        report.optional("nodeSelector", node_selector.as_ref(), check_selector);
        report.field("asn", parse_asn(*asn));
        report.optional("vtepcidr", vtepcidr.as_deref(), parse_cidr);
        report.optional("routeridcidr", routeridcidr.as_deref(), parse_ipv4_cidr);
        let later = evpn.as_ref().and_then(|evpn| evpn.vtepcidr.as_ref());
        report.rule(vtepcidr.is_none() || later.is_none(), ONE_VTEP_CIDR);
        report.rule(neighbors.iter().all(|n| n.asn != *asn), EXTERNAL);
        if let Some(evpn) = evpn {
            report.nested("evpn", evpn);
        }
        report.field("neighbors", count(neighbors, 0, 128));
        report.nested_each("neighbors", neighbors);
        report.distinct("neighbors", neighbors.iter().map(|n| &n.address));
        report.each("nics", nics, |nic| nic.parse::<LinkName>());
        report.distinct("nics", nics);
    }
}

impl Validate for Evpn {
    fn check(&self, report: &mut Report) {
        let Self {
            vtepcidr,
            vtep_interface,
        } = self;
        report.optional("vtepcidr", vtepcidr.as_deref(), parse_cidr);
        report.optional(
            "vtepInterface",
            vtep_interface.as_deref(),
            str::parse::<LinkName>,
        );
    }
}
