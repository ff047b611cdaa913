//! A neighbor of the host's speaker.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Advertise, Receive};
use crate::metallb::{DynamicAsn, SecretReference};
use crate::schema;
use crate::timers::{self, TIMERS_ORDER, TIMERS_TOGETHER, Timers};
use crate::value::{LinkName, ProfileName, Secret, parse_asn, parse_ip, parse_object_name};
use crate::violation::{Problem, Report, Validate, count, within};

const ONE_ASN: &str = "set exactly one of asn and dynamicASN";
const ONE_ADDRESS: &str = "set exactly one of address and interface";
const ONE_PASSWORD: &str = "set either password or passwordSecret, not both";
const MULTI_HOP: &str = "ebgpMultiHop is for neighbors of another AS";
const LOCAL_ASN: &str = "localASN is for neighbors of another AS";

/// A BGP session of the speaker.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("(has(self.asn) && self.asn != 0) != has(self.dynamicASN)", ONE_ASN))]
#[x_kube(validation = ("(has(self.address) && self.address != '') != has(self.interface)", ONE_ADDRESS))]
#[x_kube(validation = ("!(has(self.password) && has(self.passwordSecret) && has(self.passwordSecret.name))", ONE_PASSWORD))]
#[x_kube(validation = ("has(self.holdTime) == has(self.keepaliveTime)", TIMERS_TOGETHER))]
#[x_kube(validation = ("!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.keepaliveTime) <= duration(self.holdTime)", TIMERS_ORDER))]
pub struct Neighbor {
    /// The AS number of the neighbor; either this or dynamicASN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::any_u32")]
    pub asn: Option<u32>,
    /// Take the AS number that the neighbor says, if it is the same as (internal) or another than (external) the router's.
    #[serde(
        rename = "dynamicASN",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub dynamic_asn: Option<DynamicAsn>,
    /// The AS number that the neighbor sees instead of the router's.
    #[serde(rename = "localASN", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::asn")]
    pub local_asn: Option<u32>,
    /// The address of the neighbor; either this or interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ip")]
    pub address: Option<String>,
    /// The device behind which the neighbor is, for a session without addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::link_name")]
    pub interface: Option<String>,
    /// The address of the node to open the session from, or the device that has it.
    #[serde(
        rename = "sourceaddress",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::ip_or_link")]
    pub source_address: Option<String>,
    /// The TCP port of the neighbor; 179 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bgp_port")]
    pub port: Option<u16>,
    /// The TCP MD5 password of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::password")]
    pub password: Option<Secret>,
    /// The Secret of type kubernetes.io/basic-auth whose `password` is the session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<SecretReference>,
    /// How long the session lives without a message: 0 (for ever) or at least 3s. Goes with keepaliveTime.
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
    /// Whether the neighbor may be more than one hop away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ebgp_multi_hop: bool,
    /// The profile, of this object's bfdProfiles, that watches the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::profile_name")]
    pub bfd_profile: Option<String>,
    /// Keep routes while the neighbor or this end restarts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enable_graceful_restart: bool,
    /// What the neighbor gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_advertise: Option<Advertise>,
    /// What is taken from the neighbor; nothing unless this says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_receive: Option<Receive>,
    /// Has no effect; it is there for objects of early versions.
    #[serde(
        rename = "disableMP",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub disable_mp: bool,
    /// Exchange routes of both address families over this one session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dual_stack_address_family: bool,
    /// What kinds of routes the session carries; absent: unicast.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub address_families: Vec<AddressFamily>,
}

/// What kind of routes a session carries.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressFamily {
    Unicast,
    Evpn,
}

impl Neighbor {
    /// Hold and keepalive time; none: FRR's own.
    pub fn timers(&self) -> Result<Option<Timers>, Problem> {
        Timers::of(self.hold_time.as_deref(), self.keepalive_time.as_deref())
    }

    /// What holds between a neighbor and its router.
    pub(super) fn check_against(&self, report: &mut Report, asn: u32, prefixes: &[String]) {
        let internal = self.asn == Some(asn) || self.dynamic_asn == Some(DynamicAsn::Internal);
        report.rule(!(self.ebgp_multi_hop && internal), MULTI_HOP);
        report.rule(self.local_asn.is_none() || !internal, LOCAL_ASN);
        if let Some(advertise) = &self.to_advertise {
            report.at("toAdvertise", |report| {
                advertise.check_against(report, prefixes);
            });
        }
    }

    fn check_peer(&self, report: &mut Report) {
        let asn = self.asn.filter(|asn| *asn != 0);
        report.rule(asn.is_some() != self.dynamic_asn.is_some(), ONE_ASN);
        report.optional("localASN", self.local_asn, parse_asn);
        let address = self
            .address
            .as_deref()
            .filter(|address| !address.is_empty());
        let interface = self.interface.as_deref();
        report.rule(address.is_some() != interface.is_some(), ONE_ADDRESS);
        report.optional("address", address, parse_ip);
        report.optional("interface", interface, str::parse::<LinkName>);
        report.optional("sourceaddress", self.source_address.as_deref(), |source| {
            parse_ip(source)
                .map(drop)
                .or_else(|_| source.parse::<LinkName>().map(drop))
        });
        report.optional("port", self.port, |port| within(port, 1, 16384));
    }

    fn check_password(&self, report: &mut Report) {
        let secret = self.password_secret.as_ref();
        let named = secret.and_then(|secret| secret.name.as_deref());
        report.rule(self.password.is_none() || named.is_none(), ONE_PASSWORD);
        report.optional("password", self.password.as_ref(), Secret::password);
        report.optional("passwordSecret.name", named, parse_object_name);
    }

    fn check_timers(&self, report: &mut Report) {
        let (hold, keepalive) = (self.hold_time.as_deref(), self.keepalive_time.as_deref());
        timers::check(report, hold, keepalive);
        report.rule(hold.is_some() == keepalive.is_some(), TIMERS_TOGETHER);
        let connect = self.connect_time.as_deref();
        report.optional("connectTime", connect, timers::parse_connect_time);
    }
}

impl Validate for Neighbor {
    fn check(&self, report: &mut Report) {
        self.check_peer(report);
        self.check_password(report);
        self.check_timers(report);
        let profile = self.bfd_profile.as_deref();
        report.optional("bfdProfile", profile, str::parse::<ProfileName>);
        report.field("addressFamilies", count(&self.address_families, 0, 2));
        if let Some(advertise) = &self.to_advertise {
            report.nested("toAdvertise", advertise);
        }
        if let Some(receive) = &self.to_receive {
            report.nested("toReceive", receive);
        }
    }
}
