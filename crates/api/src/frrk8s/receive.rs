//! What is taken from a neighbor.

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Mode;
use crate::schema;
use crate::value::parse_cidr;
use crate::violation::{Problem, Report, Validate, count, within};

const ORDER: &str = "ge must not exceed le";
const LENGTH: &str = "ge must not be shorter than the prefix";
const FAMILY: &str = "le and ge of an IPv4 prefix are at most 32";

/// What is taken from a neighbor.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Receive {
    /// Which prefixes.
    #[serde(default)]
    pub allowed: ReceiveAllowed,
}

/// Which prefixes are taken.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ReceiveAllowed {
    /// The prefixes that are taken in mode filtered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub prefixes: Vec<PrefixSelector>,
    /// Whether all prefixes are taken, or those that the list names.
    #[serde(default)]
    pub mode: Mode,
}

/// A prefix, or all inside it whose length is within bounds.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct PrefixSelector {
    /// The prefix.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(schema_with = "schema::cheap_cidr")]
    pub prefix: String,
    /// The greatest length that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::prefix_length")]
    pub le: Option<u32>,
    /// The smallest length that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::prefix_length")]
    pub ge: Option<u32>,
}

impl Validate for Receive {
    fn check(&self, report: &mut Report) {
        let ReceiveAllowed { prefixes, mode: _ } = &self.allowed;
        report.at("allowed", |report| {
            report.field("prefixes", count(prefixes, 0, 1024));
            report.nested_each("prefixes", prefixes);
        });
    }
}

impl Validate for PrefixSelector {
    fn check(&self, report: &mut Report) {
        let Self { prefix, le, ge } = self;
        report.optional("le", *le, |le| within(le, 1, 128));
        report.optional("ge", *ge, |ge| within(ge, 1, 128));
        if let (Some(le), Some(ge)) = (le, ge) {
            report.rule(ge <= le, ORDER);
        }
        match parse_cidr(prefix) {
            Ok(net) => self.check_lengths(report, net),
            Err(problem) => report.field::<()>("prefix", Err::<_, Problem>(problem)),
        }
    }
}

impl PrefixSelector {
    fn check_lengths(&self, report: &mut Report, net: IpNet) {
        let short = [self.le, self.ge].iter().flatten().all(|n| *n <= 32);
        report.rule(short || matches!(net, IpNet::V6(_)), FAMILY);
        let longer = self.ge.is_none_or(|ge| ge >= u32::from(net.prefix_len()));
        report.rule(longer, LENGTH);
    }
}
