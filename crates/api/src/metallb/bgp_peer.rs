//! `BGPPeer`: a router outside that the nodes peer with.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::ConditionedStatus;
use crate::schema;
use crate::selector::check_selector;
use crate::timers::{self, TIMERS_ORDER, Timers};
use crate::value::{
    HostVrfName, LinkName, ProfileName, Secret, parse_asn, parse_ip, parse_ipv4, parse_object_name,
};
use crate::violation::{Problem, Report, Validate, count, within};

const ONE_ASN: &str = "set exactly one of peerASN and dynamicASN";
const ONE_ADDRESS: &str = "set exactly one of peerAddress and interface";
const ONE_PASSWORD: &str = "set either password or passwordSecret, not both";
const MULTI_HOP: &str = "ebgpMultiHop is for peers of another AS";
const GRACEFUL_RESTART: &str = "enableGracefulRestart cannot be changed after creation";

/// The desired session with a router outside.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta2",
    kind = "BGPPeer",
    root = "BgpPeer",
    plural = "bgppeers",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "A BGPPeer is a router that nodes open a BGP session with, to announce the addresses of services to it.",
    printcolumn = r#"{"name":"Address","type":"string","jsonPath":".spec.peerAddress"}"#,
    printcolumn = r#"{"name":"ASN","type":"string","jsonPath":".spec.peerASN"}"#,
    printcolumn = r#"{"name":"BFD Profile","type":"string","jsonPath":".spec.bfdProfile"}"#,
    printcolumn = r#"{"name":"Multi Hops","type":"string","jsonPath":".spec.ebgpMultiHop"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("(has(self.peerASN) && self.peerASN != 0) != has(self.dynamicASN)", ONE_ASN))]
#[x_kube(validation = ("(has(self.peerAddress) && self.peerAddress != '') != has(self.interface)", ONE_ADDRESS))]
#[x_kube(validation = ("!(has(self.password) && has(self.passwordSecret) && has(self.passwordSecret.name))", ONE_PASSWORD))]
#[x_kube(validation = ("!(has(self.ebgpMultiHop) && self.ebgpMultiHop) || !((has(self.peerASN) && self.peerASN == self.myASN) || (has(self.dynamicASN) && self.dynamicASN == 'internal'))", MULTI_HOP))]
#[x_kube(validation = ("!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.keepaliveTime) <= duration(self.holdTime)", TIMERS_ORDER))]
#[x_kube(validation = ("(has(self.enableGracefulRestart) && self.enableGracefulRestart) == (has(oldSelf.enableGracefulRestart) && oldSelf.enableGracefulRestart)", GRACEFUL_RESTART))]
pub struct BgpPeerSpec {
    /// The AS number of the nodes.
    #[serde(rename = "myASN")]
    #[schemars(schema_with = "schema::asn")]
    pub my_asn: u32,
    /// The AS number of the peer; either this or dynamicASN.
    #[serde(rename = "peerASN", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::any_u32")]
    pub peer_asn: Option<u32>,
    /// The AS number that the peer sees instead of myASN.
    #[serde(rename = "localASN", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::asn")]
    pub local_asn: Option<u32>,
    /// Take the AS number that the peer says, if it is the same as (internal) or another than (external) myASN.
    #[serde(
        rename = "dynamicASN",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub dynamic_asn: Option<DynamicAsn>,
    /// The address of the peer; either this or interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ip")]
    pub peer_address: Option<String>,
    /// The device behind which the peer is, for a session without addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::link_name")]
    pub interface: Option<String>,
    /// The address of the node to open the session from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ip")]
    pub source_address: Option<String>,
    /// The TCP port of the peer.
    #[serde(default = "default_port")]
    #[schemars(schema_with = "schema::bgp_port")]
    pub peer_port: u16,
    /// How long the session lives without a message: 0 (for ever) or at least 3s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::hold_time")]
    pub hold_time: Option<String>,
    /// How often a message is sent; at most holdTime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::keepalive_time")]
    pub keepalive_time: Option<String>,
    /// How long to wait between two attempts to connect, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::connect_time")]
    pub connect_time: Option<String>,
    /// The BGP router id, an IPv4 address. All peers of a node must have the same.
    #[serde(rename = "routerID", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv4")]
    pub router_id: Option<String>,
    /// The nodes that open this session: those that one of the selectors matches; absent or empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::selectors")]
    pub node_selectors: Vec<LabelSelector>,
    /// The TCP MD5 password of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::password")]
    pub password: Option<Secret>,
    /// The Secret of type kubernetes.io/basic-auth whose `password` is the session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<SecretReference>,
    /// The `BFDProfile` that watches the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::profile_name")]
    pub bfd_profile: Option<String>,
    /// Keep routes while the peer or this end restarts. Cannot be changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enable_graceful_restart: bool,
    /// Whether the peer may be more than one hop away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ebgp_multi_hop: bool,
    /// The VRF of the host in which the session is; absent or empty: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::host_vrf")]
    pub vrf: Option<String>,
    /// Has no effect; it is there for objects of early versions.
    #[serde(rename = "disableMP", default)]
    pub disable_mp: bool,
    /// Exchange routes of both address families over this one session.
    #[serde(default)]
    pub dual_stack_address_family: bool,
}

/// How an AS number that the peer says must relate to one's own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DynamicAsn {
    Internal,
    External,
}

/// The name of a Secret.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct SecretReference {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::object_name")]
    pub name: Option<String>,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::object_name")]
    pub namespace: Option<String>,
}

fn default_port() -> u16 {
    179
}

impl BgpPeer {
    /// Hold and keepalive time; none: FRR's own.
    pub fn timers(&self) -> Result<Option<Timers>, Problem> {
        let Self { spec, .. } = self;
        Timers::of(spec.hold_time.as_deref(), spec.keepalive_time.as_deref())
    }
}

impl Validate for BgpPeer {
    fn check(&self, report: &mut Report) {
        report.nested("spec", &self.spec);
    }
}

impl BgpPeerSpec {
    fn check_asns(&self, report: &mut Report) {
        report.field("myASN", parse_asn(self.my_asn));
        let peer_asn = self.peer_asn.filter(|asn| *asn != 0);
        report.rule(peer_asn.is_some() != self.dynamic_asn.is_some(), ONE_ASN);
        report.optional("localASN", self.local_asn, parse_asn);
        let same = peer_asn == Some(self.my_asn);
        let internal = same || self.dynamic_asn == Some(DynamicAsn::Internal);
        report.rule(!(self.ebgp_multi_hop && internal), MULTI_HOP);
    }

    fn check_addresses(&self, report: &mut Report) {
        let address = non_empty(self.peer_address.as_deref());
        let interface = self.interface.as_deref();
        report.rule(address.is_some() != interface.is_some(), ONE_ADDRESS);
        report.optional("peerAddress", address, parse_ip);
        report.optional("interface", interface, str::parse::<LinkName>);
        report.optional("sourceAddress", self.source_address.as_deref(), parse_ip);
        report.field("peerPort", within(self.peer_port, 1, 16384));
        report.optional("routerID", self.router_id.as_deref(), parse_ipv4);
        let vrf = non_empty(self.vrf.as_deref());
        report.optional("vrf", vrf, str::parse::<HostVrfName>);
    }

    fn check_password(&self, report: &mut Report) {
        let secret = self.password_secret.as_ref();
        let named = secret.and_then(|secret| secret.name.as_deref());
        report.rule(self.password.is_none() || named.is_none(), ONE_PASSWORD);
        report.optional("password", self.password.as_ref(), Secret::password);
        report.optional("passwordSecret.name", named, parse_object_name);
    }
}

impl Validate for BgpPeerSpec {
    fn check(&self, report: &mut Report) {
        self.check_asns(report);
        self.check_addresses(report);
        self.check_password(report);
        let (hold, keepalive) = (self.hold_time.as_deref(), self.keepalive_time.as_deref());
        timers::check(report, hold, keepalive);
        let connect = self.connect_time.as_deref();
        report.optional("connectTime", connect, timers::parse_connect_time);
        report.field("nodeSelectors", count(&self.node_selectors, 0, 1024));
        report.each("nodeSelectors", &self.node_selectors, check_selector);
        let profile = self.bfd_profile.as_deref();
        report.optional("bfdProfile", profile, str::parse::<ProfileName>);
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
