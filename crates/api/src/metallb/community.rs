//! Community: names for BGP communities.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::ConditionedStatus;
use crate::schema;
use crate::value::{CommunityValue, parse_alias};
use crate::violation::{Report, Validate, count};

/// The desired names.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "metallb.io",
    version = "v1beta1",
    kind = "Community",
    plural = "communities",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "A Community gives names to BGP communities, for BGPAdvertisements to use."
)]
pub struct CommunitySpec {
    /// The names and what they stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub communities: Vec<CommunityAlias>,
}

/// A name for a community.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CommunityAlias {
    /// The name.
    #[schemars(schema_with = "schema::community_alias")]
    pub name: String,
    /// The community: 64512:100 or large:64512:1:2.
    #[schemars(schema_with = "schema::checked_community")]
    pub value: String,
}

impl Validate for Community {
    fn check(&self, report: &mut Report) {
        report.at("spec", |report| {
            let aliases = &self.spec.communities;
            report.field("communities", count(aliases, 0, 1024));
            report.nested_each("communities", aliases);
            report.distinct("communities", aliases.iter().map(|alias| &alias.name));
        });
    }
}

impl Validate for CommunityAlias {
    fn check(&self, report: &mut Report) {
        let Self { name, value } = self;
        report.field("name", parse_alias(name));
        report.field("value", value.parse::<CommunityValue>());
    }
}
