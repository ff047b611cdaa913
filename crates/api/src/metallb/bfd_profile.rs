//! `BFDProfile`: how a session is watched.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::condition::ConditionedStatus;
use crate::schema;
use crate::value::ProfileName;
use crate::violation::{Report, Validate, within};

const SHORT_NAME: &str = "the name of a BFDProfile has at most 63 characters";

/// The timers of BFD; what is absent takes FRR's default.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "BFDProfile",
    root = "BfdProfile",
    plural = "bfdprofiles",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "A BFDProfile says how fast a BGP session notices that its peer is gone.",
    validation = ("self.metadata.name.size() <= 63", SHORT_NAME),
    printcolumn = r#"{"name":"Passive Mode","type":"boolean","jsonPath":".spec.passiveMode"}"#,
    printcolumn = r#"{"name":"Transmit Interval","type":"integer","jsonPath":".spec.transmitInterval"}"#,
    printcolumn = r#"{"name":"Receive Interval","type":"integer","jsonPath":".spec.receiveInterval"}"#,
    printcolumn = r#"{"name":"Multiplier","type":"integer","jsonPath":".spec.detectMultiplier"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct BfdProfileSpec {
    /// The shortest interval between packets that this end takes, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bfd_interval")]
    pub receive_interval: Option<u32>,
    /// The shortest interval between packets that this end sends, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bfd_interval")]
    pub transmit_interval: Option<u32>,
    /// How many packets may be lost before the peer counts as gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bfd_multiplier")]
    pub detect_multiplier: Option<u32>,
    /// The shortest interval between echo packets, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::bfd_interval")]
    pub echo_interval: Option<u32>,
    /// Send echo packets, which the peer's kernel returns. IPv4 and single hop only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_mode: Option<bool>,
    /// Wait for the peer to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passive_mode: Option<bool>,
    /// The smallest time to live of a packet from a peer that is several hops away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ttl")]
    pub minimum_ttl: Option<u32>,
}

impl Validate for BfdProfile {
    fn check(&self, report: &mut Report) {
        let name = self.metadata.name.as_deref().unwrap_or_default();
        report.rule(name.parse::<ProfileName>().is_ok(), SHORT_NAME);
        report.nested("spec", &self.spec);
    }
}

impl Validate for BfdProfileSpec {
    fn check(&self, report: &mut Report) {
        let Self {
            receive_interval,
            transmit_interval,
            detect_multiplier,
            echo_interval,
            echo_mode: _,
            passive_mode: _,
            minimum_ttl,
        } = self;
        let interval = |value| within(value, 10, 60_000);
        report.optional("receiveInterval", *receive_interval, interval);
        report.optional("transmitInterval", *transmit_interval, interval);
        report.optional("echoInterval", *echo_interval, interval);
        report.optional("detectMultiplier", *detect_multiplier, |value| {
            within(value, 2, 255)
        });
        report.optional("minimumTtl", *minimum_ttl, |value| within(value, 1, 254));
    }
}
