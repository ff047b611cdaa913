//! A neighbor of an Underlay.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::metallb::BfdProfileSpec;
use crate::schema;
use crate::timers::{self, TIMERS_ORDER, TIMERS_TOGETHER};
use crate::value::{Secret, parse_asn, parse_ip, parse_object_name};
use crate::violation::{Report, Validate, within};

const ONE_PASSWORD: &str = "set either password or passwordSecret, not both";
const EXTERNAL: &str = "hostasn must differ from asn";

/// A BGP session of the router with a switch of the fabric.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[x_kube(validation = ("!has(self.hostasn) || self.hostasn != self.asn", EXTERNAL))]
#[x_kube(validation = ("!(has(self.password) && has(self.passwordSecret))", ONE_PASSWORD))]
#[x_kube(validation = ("has(self.holdTime) == has(self.keepaliveTime)", TIMERS_TOGETHER))]
#[x_kube(validation = ("!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.keepaliveTime) <= duration(self.holdTime)", TIMERS_ORDER))]
pub struct Neighbor {
    /// The AS number of the switch.
    #[schemars(schema_with = "schema::asn")]
    pub asn: u32,
    /// Has no effect; it is there for objects of early versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::any_u32")]
    pub hostasn: Option<u32>,
    /// The address of the switch.
    #[schemars(schema_with = "schema::ip")]
    pub address: String,
    /// The TCP port of the switch; 179 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bgp_port")]
    pub port: Option<u16>,
    /// The TCP MD5 password of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::password")]
    pub password: Option<Secret>,
    /// The Secret of type kubernetes.io/basic-auth whose `password` is the session's.
    #[serde(
        rename = "passwordSecret",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::object_name")]
    pub password_secret: Option<String>,
    /// How long the session lives without a message: 0 (for ever) or at least 3s. Goes with keepaliveTime.
    #[serde(rename = "holdTime", default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::hold_time")]
    pub hold_time: Option<String>,
    /// How often a message is sent; at most holdTime.
    #[serde(
        rename = "keepaliveTime",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::keepalive_time")]
    pub keepalive_time: Option<String>,
    /// How long to wait between two attempts to connect, in whole seconds.
    #[serde(
        rename = "connectTime",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "schema::connect_time")]
    pub connect_time: Option<String>,
    /// Whether the switch may be more than one hop away.
    #[serde(
        rename = "ebgpMultiHop",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub ebgp_multi_hop: bool,
    /// Watch the session with BFD; an empty object takes the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bfd: Option<BfdProfileSpec>,
}

impl Validate for Neighbor {
    fn check(&self, report: &mut Report) {
        let Self {
            asn,
            hostasn,
            address,
            port,
            password,
            password_secret,
            hold_time,
            keepalive_time,
            connect_time,
            ebgp_multi_hop: _,
            bfd,
        } = self;
        report.field("asn", parse_asn(*asn));
        report.rule(*hostasn != Some(*asn), EXTERNAL);
        report.field("address", parse_ip(address));
        report.optional("port", *port, |port| within(port, 1, 16384));
        report.optional("password", password.as_ref(), Secret::password);
        report.optional(
            "passwordSecret",
            password_secret.as_deref(),
            parse_object_name,
        );
        report.rule(
            password.is_none() || password_secret.is_none(),
            ONE_PASSWORD,
        );
        timers::check(report, hold_time.as_deref(), keepalive_time.as_deref());
        report.rule(
            hold_time.is_some() == keepalive_time.is_some(),
            TIMERS_TOGETHER,
        );
        report.optional(
            "connectTime",
            connect_time.as_deref(),
            timers::parse_connect_time,
        );
        if let Some(bfd) = bfd {
            report.nested("bfd", bfd);
        }
    }
}
