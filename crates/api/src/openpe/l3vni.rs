//! L3VNI: a routed overlay, and its session with the host.

use ipnet::{Ipv4Net, Ipv6Net};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{NAMES_VRF, VRF_OR_NAME, default_vxlan_port};
use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{RouteTarget, Vni, VrfName, parse_asn, parse_ipv4_cidr, parse_ipv6_cidr};
use crate::violation::{Problem, Report, Validate, count, within};

const ONE_FORM: &str = "set either hostsession, or asn, hostasn and localcidr, not both";
const WHOLE_FORM: &str = "asn, hostasn and localcidr go together: set all or none";
const EXTERNAL: &str = "hostasn must differ from asn";
const ONE_FAMILY: &str = "set ipv4, ipv6 or both";

/// The desired routed overlay.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "openpe.openperouter.github.io",
    version = "v1alpha1",
    kind = "L3VNI",
    root = "L3vni",
    plural = "l3vnis",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "An L3VNI is a routed overlay: a VRF in the router of every node, joined to the fabric by a VNI and, if it has a session, to the host by a veth pair with BGP over it.",
    validation = (VRF_OR_NAME, NAMES_VRF),
    printcolumn = r#"{"name":"VRF","type":"string","jsonPath":".spec.vrf"}"#,
    printcolumn = r#"{"name":"VNI","type":"integer","jsonPath":".spec.vni"}"#,
    printcolumn = r#"{"name":"ASN","type":"integer","jsonPath":".spec.asn"}"#,
    printcolumn = r#"{"name":"Host ASN","type":"integer","jsonPath":".spec.hostasn"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[x_kube(validation = ("!has(self.hostsession) || !(has(self.asn) || has(self.hostasn) || has(self.localcidr))", ONE_FORM))]
#[x_kube(validation = ("has(self.asn) == has(self.hostasn) && has(self.asn) == has(self.localcidr)", WHOLE_FORM))]
#[x_kube(validation = ("!has(self.asn) || !has(self.hostasn) || self.asn != self.hostasn", EXTERNAL))]
pub struct L3vniSpec {
    /// The nodes this overlay is on; absent or empty: all.
    #[serde(
        rename = "nodeSelector",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::selector")]
    pub node_selector: Option<LabelSelector>,
    /// The name of the VRF; the object's own name if absent.
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
    /// The AS number of the router's side of the session with the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::asn")]
    pub asn: Option<u32>,
    /// The AS number of the host's side of the session; must differ from asn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::asn")]
    pub hostasn: Option<u32>,
    /// The addresses of the veth pair between router and host. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub localcidr: Option<LocalCidr>,
    /// The session with the host, as later versions write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostsession: Option<HostSession>,
    /// Route targets that routes from this VRF carry; absent: derived from AS number and VNI.
    #[serde(rename = "exportRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::export_targets")]
    pub export_rts: Vec<String>,
    /// Route targets of the routes that this VRF takes; absent: any with the VNI.
    #[serde(rename = "importRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::import_targets")]
    pub import_rts: Vec<String>,
}

/// The BGP session between the router and the host, over a veth pair.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = ("self.asn != self.hostasn", EXTERNAL))]
pub struct HostSession {
    /// The AS number of the router's side.
    #[schemars(schema_with = "schema::asn")]
    pub asn: u32,
    /// The AS number of the host's side; must differ from asn.
    #[schemars(schema_with = "schema::asn")]
    pub hostasn: u32,
    /// The addresses of the veth pair. Cannot be changed.
    pub localcidr: LocalCidr,
}

/// The addresses of a veth pair: the router has the first on every node, the host of node index i the one
/// at index + 2.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = ("has(self.ipv4) || has(self.ipv6)", ONE_FAMILY))]
#[x_kube(validation = ("self == oldSelf", "cannot be changed"))]
pub struct LocalCidr {
    /// IPv4 addresses of the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv4_link")]
    pub ipv4: Option<String>,
    /// IPv6 addresses of the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv6_link")]
    pub ipv6: Option<String>,
}

impl L3vni {
    /// The name of the VRF, not yet checked.
    pub fn vrf_name(&self) -> &str {
        let own = self.metadata.name.as_deref().unwrap_or_default();
        self.spec.vrf.as_deref().unwrap_or(own)
    }

    /// The session with the host, whichever form says it; none: the overlay does not reach the host.
    pub fn host_session(&self) -> Option<HostSession> {
        let flat = || {
            Some(HostSession {
                asn: self.spec.asn?,
                hostasn: self.spec.hostasn?,
                localcidr: self.spec.localcidr.clone()?,
            })
        };
        self.spec.hostsession.clone().or_else(flat)
    }
}

impl LocalCidr {
    /// The IPv4 prefix, if there is one.
    pub fn ipv4_net(&self) -> Result<Option<Ipv4Net>, Problem> {
        self.ipv4.as_deref().map(parse_ipv4_link).transpose()
    }

    /// The IPv6 prefix, if there is one.
    pub fn ipv6_net(&self) -> Result<Option<Ipv6Net>, Problem> {
        self.ipv6.as_deref().map(parse_ipv6_link).transpose()
    }
}

fn parse_ipv4_link(value: &str) -> Result<Ipv4Net, Problem> {
    let long = Problem::malformed("an IPv4 CIDR with a length of at most 30", value);
    let net = parse_ipv4_cidr(value)?;
    (net.prefix_len() <= 30).then_some(net).ok_or(long)
}

fn parse_ipv6_link(value: &str) -> Result<Ipv6Net, Problem> {
    let long = Problem::malformed("an IPv6 CIDR with a length of at most 126", value);
    let net = parse_ipv6_cidr(value)?;
    (net.prefix_len() <= 126).then_some(net).ok_or(long)
}

impl Validate for L3vni {
    fn check(&self, report: &mut Report) {
        if self.spec.vrf.is_none() {
            report.rule(self.vrf_name().parse::<VrfName>().is_ok(), NAMES_VRF);
        }
        report.nested("spec", &self.spec);
    }
}

impl Validate for L3vniSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            node_selector,
            vrf,
            vni,
            vxlanport,
            asn,
            hostasn,
            localcidr,
            hostsession,
            export_rts,
            import_rts,
        } = self;
        report.optional("nodeSelector", node_selector.as_ref(), check_selector);
        report.optional("vrf", vrf.as_deref(), str::parse::<VrfName>);
        report.field("vni", Vni::try_from(*vni));
        report.field("vxlanport", within(*vxlanport, 1, u16::MAX.into()));
        report.optional("asn", *asn, parse_asn);
        report.optional("hostasn", *hostasn, parse_asn);
        report.rule(asn.is_none() || asn != hostasn, EXTERNAL);
        if let Some(localcidr) = localcidr {
            report.nested("localcidr", localcidr);
        }
        if let Some(session) = hostsession {
            report.nested("hostsession", session);
        }
        self.check_form(report);
        report.field("exportRTs", count(export_rts, 0, 100));
        report.each("exportRTs", export_rts, |rt| RouteTarget::exact(rt));
        report.field("importRTs", count(import_rts, 0, 100));
        report.each("importRTs", import_rts, |rt| rt.parse::<RouteTarget>());
    }
}

impl L3vniSpec {
    fn check_form(&self, report: &mut Report) {
        let flat = [
            self.asn.is_some(),
            self.hostasn.is_some(),
            self.localcidr.is_some(),
        ];
        report.rule(
            self.hostsession.is_none() || !flat.contains(&true),
            ONE_FORM,
        );
        report.rule(flat == [flat[0]; 3], WHOLE_FORM);
    }
}

impl Validate for HostSession {
    fn check(&self, report: &mut Report) {
        let Self {
            asn,
            hostasn,
            localcidr,
        } = self;
        report.field("asn", parse_asn(*asn));
        report.field("hostasn", parse_asn(*hostasn));
        report.rule(asn != hostasn, EXTERNAL);
        report.nested("localcidr", localcidr);
    }
}

impl Validate for LocalCidr {
    fn check(&self, report: &mut Report) {
        let Self { ipv4, ipv6 } = self;
        report.rule(ipv4.is_some() || ipv6.is_some(), ONE_FAMILY);
        report.optional("ipv4", ipv4.as_deref(), parse_ipv4_link);
        report.optional("ipv6", ipv6.as_deref(), parse_ipv6_link);
    }
}
