//! What a neighbor gets, and with which attributes.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;
use crate::value::{CommunityValue, parse_cidr, parse_ipv4, parse_ipv6};
use crate::violation::{Problem, Report, Validate, count};
use ipnet::IpNet;

/// What a neighbor gets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Advertise {
    /// Which of the router's prefixes.
    #[serde(default)]
    pub allowed: Allowed,
    /// The next hop to announce instead of the node's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<NextHop>,
    /// Prefixes that get a `LOCAL_PREF`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub with_local_pref: Vec<LocalPrefPrefixes>,
    /// Prefixes that get a community.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub with_community: Vec<CommunityPrefixes>,
}

/// Which prefixes pass.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Allowed {
    /// The prefixes that pass in mode filtered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cidrs")]
    pub prefixes: Vec<String>,
    /// Whether all prefixes pass, or those that the list names.
    #[serde(default)]
    pub mode: Mode,
}

/// Whether all prefixes pass, or those that a list names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    All,
    #[default]
    Filtered,
}

/// The next hops to announce.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct NextHop {
    /// For IPv4 routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv4")]
    pub ipv4: Option<String>,
    /// For IPv6 routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv6")]
    pub ipv6: Option<String>,
}

/// Prefixes and the `LOCAL_PREF` they get.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalPrefPrefixes {
    /// The prefixes, of those that are allowed.
    #[schemars(schema_with = "schema::some_cidrs")]
    pub prefixes: Vec<String>,
    /// The `LOCAL_PREF`.
    #[schemars(schema_with = "schema::any_u32")]
    pub local_pref: u32,
}

/// Prefixes and the community they get.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CommunityPrefixes {
    /// The prefixes, of those that are allowed.
    #[schemars(schema_with = "schema::some_cidrs")]
    pub prefixes: Vec<String>,
    /// The community: 64512:100 or large:64512:1:2.
    #[schemars(schema_with = "schema::community")]
    pub community: String,
}

impl Advertise {
    /// What holds between the prefixes of a neighbor and those of its router.
    pub(super) fn check_against(&self, report: &mut Report, originated: &[String]) {
        let known = nets(originated);
        let allowed = match self.allowed.mode {
            Mode::All => known,
            Mode::Filtered => {
                report.each("allowed.prefixes", &self.allowed.prefixes, |prefix| {
                    is_among(&known, prefix, "one of the router's prefixes")
                });
                nets(&self.allowed.prefixes)
            }
        };
        let is_allowed = |prefix: &String| is_among(&allowed, prefix, "one that is allowed");
        let mut preferred = BTreeSet::new();
        for (index, with) in self.with_local_pref.iter().enumerate() {
            let at = format!("withLocalPref[{index}].prefixes");
            report.each(&at, &with.prefixes, |prefix| {
                is_allowed(prefix)?;
                let first = net(prefix).is_none_or(|net| preferred.insert(net));
                let twice = Problem::malformed("a prefix without another LOCAL_PREF", prefix);
                first.then_some(()).ok_or(twice)
            });
        }
        for (index, with) in self.with_community.iter().enumerate() {
            let at = format!("withCommunity[{index}].prefixes");
            report.each(&at, &with.prefixes, is_allowed);
        }
    }
}

fn net(prefix: &str) -> Option<IpNet> {
    parse_cidr(prefix).ok().map(|net| net.trunc())
}

fn nets(prefixes: &[String]) -> BTreeSet<IpNet> {
    prefixes.iter().filter_map(|prefix| net(prefix)).collect()
}

/// What is not a prefix at all is said elsewhere.
fn is_among(nets: &BTreeSet<IpNet>, prefix: &str, what: &'static str) -> Result<(), Problem> {
    let is_one = net(prefix).is_none_or(|net| nets.contains(&net));
    is_one
        .then_some(())
        .ok_or_else(|| Problem::malformed(what, prefix))
}

impl Validate for Advertise {
    fn check(&self, report: &mut Report) {
        let Self {
            allowed,
            next_hop,
            with_local_pref,
            with_community,
        } = self;
        report.field("allowed.prefixes", count(&allowed.prefixes, 0, 1024));
        report.each("allowed.prefixes", &allowed.prefixes, |p| parse_cidr(p));
        if let Some(NextHop { ipv4, ipv6 }) = next_hop {
            report.optional("nextHop.ipv4", ipv4.as_deref(), parse_ipv4);
            report.optional("nextHop.ipv6", ipv6.as_deref(), parse_ipv6);
        }
        report.field("withLocalPref", count(with_local_pref, 0, 256));
        report.nested_each("withLocalPref", with_local_pref);
        report.field("withCommunity", count(with_community, 0, 256));
        report.nested_each("withCommunity", with_community);
    }
}

impl Validate for LocalPrefPrefixes {
    fn check(&self, report: &mut Report) {
        let Self {
            prefixes,
            local_pref: _,
        } = self;
        report.field("prefixes", count(prefixes, 1, 1024));
        report.each("prefixes", prefixes, |prefix| parse_cidr(prefix));
    }
}

impl Validate for CommunityPrefixes {
    fn check(&self, report: &mut Report) {
        let Self {
            prefixes,
            community,
        } = self;
        report.field("prefixes", count(prefixes, 1, 1024));
        report.each("prefixes", prefixes, |prefix| parse_cidr(prefix));
        report.field("community", community.parse::<CommunityValue>());
    }
}
