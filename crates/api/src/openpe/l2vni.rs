//! L2VNI: a bridged overlay.

use ipnet::IpNet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NAMES_VRF, VRF_OR_NAME, default_vxlan_port};
use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{LinkName, Vni, VrfName, parse_cidr};
use crate::violation::{Problem, Report, Validate, count, within};

const ONE_GATEWAY_FORM: &str = "set either l2gatewayip or l2gatewayips, not both";
const ONE_MASTER: &str = "set either name or autocreate, not both";
const TWO_FAMILIES: &str = "must be of different address families";

/// The desired bridged overlay.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "openpe.openperouter.github.io",
    version = "v1alpha1",
    kind = "L2VNI",
    root = "L2vni",
    plural = "l2vnis",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "An L2VNI is a bridged overlay: one Ethernet segment over all nodes and the fabric, with an optional gateway that has the same address on every node.",
    validation = (VRF_OR_NAME, NAMES_VRF),
    printcolumn = r#"{"name":"VRF","type":"string","jsonPath":".spec.vrf"}"#,
    printcolumn = r#"{"name":"VNI","type":"integer","jsonPath":".spec.vni"}"#,
    printcolumn = r#"{"name":"Host Master","type":"string","jsonPath":".spec.hostmaster.name"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[x_kube(validation = ("!(has(self.l2gatewayip) && has(self.l2gatewayips))", ONE_GATEWAY_FORM))]
pub struct L2vniSpec {
    /// The nodes this overlay is on; absent or empty: all.
    #[serde(
        rename = "nodeSelector",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::selector")]
    pub node_selector: Option<LabelSelector>,
    /// The VRF that routes between this segment and others; the object's own name if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::vrf_name")]
    pub vrf: Option<String>,
    /// The VXLAN network identifier, 1 to 16777215.
    #[schemars(schema_with = "schema::vni")]
    pub vni: u32,
    /// The UDP port of VXLAN.
    #[serde(default = "default_vxlan_port")]
    #[schemars(schema_with = "schema::port")]
    pub vxlanport: u16,
    /// The bridge of the host that the host's leg joins; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostmaster: Option<HostMaster>,
    /// The gateway's address with its prefix length, the same on every node. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::gateway")]
    pub l2gatewayip: Option<String>,
    /// The gateway's addresses, one of each family, as later versions write them. Cannot be changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::gateways")]
    pub l2gatewayips: Vec<String>,
}

/// A bridge of the host.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = ("has(self.name) != (has(self.autocreate) && self.autocreate)", ONE_MASTER))]
pub struct HostMaster {
    /// The name of a bridge that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::link_name")]
    pub name: Option<String>,
    /// What kind of bridge it is.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<HostMasterType>,
    /// Make the bridge, as br-hs- and the VNI.
    #[serde(default)]
    pub autocreate: bool,
}

/// The kinds of bridges; `bridge` and `linux-bridge` are the same.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostMasterType {
    Bridge,
    LinuxBridge,
    OvsBridge,
}

impl L2vni {
    /// The name of the VRF, not yet checked.
    pub fn vrf_name(&self) -> &str {
        let own = self.metadata.name.as_deref().unwrap_or_default();
        self.spec.vrf.as_deref().unwrap_or(own)
    }

    /// The addresses of the gateway, whichever form says them.
    pub fn gateways(&self) -> Result<Vec<IpNet>, Problem> {
        let one = self.spec.l2gatewayip.iter();
        let cidrs = one.chain(&self.spec.l2gatewayips);
        cidrs.map(|cidr| parse_cidr(cidr)).collect()
    }
}

impl Validate for L2vni {
    fn check(&self, report: &mut Report) {
        if self.spec.vrf.is_none() {
            report.rule(self.vrf_name().parse::<VrfName>().is_ok(), NAMES_VRF);
        }
        report.nested("spec", &self.spec);
    }
}

impl Validate for L2vniSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            node_selector,
            vrf,
            vni,
            vxlanport,
            hostmaster,
            l2gatewayip,
            l2gatewayips,
        } = self;
        report.optional("nodeSelector", node_selector.as_ref(), check_selector);
        report.optional("vrf", vrf.as_deref(), str::parse::<VrfName>);
        report.field("vni", Vni::try_from(*vni));
        report.field("vxlanport", within(*vxlanport, 1, u16::MAX.into()));
        if let Some(master) = hostmaster {
            report.nested("hostmaster", master);
        }
        report.optional("l2gatewayip", l2gatewayip.as_deref(), parse_cidr);
        report.field("l2gatewayips", count(l2gatewayips, 0, 2));
        report.each("l2gatewayips", l2gatewayips, |cidr| parse_cidr(cidr));
        report.field("l2gatewayips", two_families(l2gatewayips));
        report.rule(
            l2gatewayip.is_none() || l2gatewayips.is_empty(),
            ONE_GATEWAY_FORM,
        );
    }
}

fn two_families(cidrs: &[String]) -> Result<(), Problem> {
    let parsed: Vec<IpNet> = cidrs.iter().flat_map(|cidr| parse_cidr(cidr)).collect();
    match parsed[..] {
        [IpNet::V4(_), IpNet::V4(_)] | [IpNet::V6(_), IpNet::V6(_)] => {
            Err(Problem::Contradiction(TWO_FAMILIES))
        }
        _ => Ok(()),
    }
}

impl Validate for HostMaster {
    fn check(&self, report: &mut Report) {
        let Self {
            name,
            kind: _,
            autocreate,
        } = self;
        report.optional("name", name.as_deref(), str::parse::<LinkName>);
        report.rule(name.is_some() != *autocreate, ONE_MASTER);
    }
}
