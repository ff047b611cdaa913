//! `FRRConfiguration`: routers and neighbors of the host's speaker.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evpn, Neighbor};
use crate::condition::ConditionedStatus;
use crate::metallb::BfdProfileSpec;
use crate::schema;
use crate::selector::check_selector;
use crate::value::{HostVrfName, ProfileName, parse_asn, parse_cidr, parse_ipv4};
use crate::violation::{Problem, Report, Validate, count};

/// The desired configuration of the speaker on some nodes. All objects for a node are merged.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "frrk8s.metallb.io",
    version = "v1beta1",
    kind = "FRRConfiguration",
    root = "FrrConfiguration",
    plural = "frrconfigurations",
    namespaced,
    status = "ConditionedStatus",
    derive = "PartialEq",
    doc = "An FRRConfiguration configures the BGP speaker of the host on some nodes: routers, neighbors, and what is sent and taken. All objects for a node are merged."
)]
#[serde(rename_all = "camelCase")]
pub struct FrrConfigurationSpec {
    /// The BGP part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bgp: Option<Bgp>,
    /// The nodes this is for; absent or empty: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::selector")]
    pub node_selector: Option<LabelSelector>,
    /// Text in FRR's own syntax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

/// Text in FRR's own syntax, which is appended as it stands.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Raw {
    /// The order among the texts of several objects, smallest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 262_144))]
    pub raw_config: Option<String>,
}

/// The BGP part of a configuration.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bgp {
    /// BFD profiles that the neighbors of this object may name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub bfd_profiles: Vec<NamedBfdProfile>,
    /// The BGP instances, one for a VRF.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub routers: Vec<Router>,
}

/// A BFD profile and its name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct NamedBfdProfile {
    /// The name that neighbors use.
    #[schemars(schema_with = "schema::profile_name")]
    pub name: String,
    #[serde(flatten)]
    pub profile: BfdProfileSpec,
}

/// A BGP instance.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Router {
    /// The AS number of the nodes.
    #[schemars(schema_with = "schema::asn")]
    pub asn: u32,
    /// The BGP router id, an IPv4 address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ipv4")]
    pub id: Option<String>,
    /// The VRF of the host; absent or empty: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::host_vrf")]
    pub vrf: Option<String>,
    /// The sessions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub neighbors: Vec<Neighbor>,
    /// Prefixes that the nodes originate; neighbors get those that toAdvertise allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cidrs")]
    pub prefixes: Vec<String>,
    /// VRFs whose routes are taken over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub imports: Vec<Import>,
    /// The EVPN part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evpn: Option<Evpn>,
}

/// A VRF whose routes are taken over.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Import {
    /// Its name; `default` is the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::host_vrf")]
    pub vrf: Option<String>,
}

impl FrrConfiguration {
    /// The BGP instances; none if the object has no BGP part.
    pub fn routers(&self) -> &[Router] {
        self.spec.bgp.as_ref().map_or(&[], |bgp| &bgp.routers)
    }
}

impl Validate for FrrConfiguration {
    fn check(&self, report: &mut Report) {
        let FrrConfigurationSpec {
            bgp,
            node_selector,
            raw,
        } = &self.spec;
        report.at("spec", |report| {
            report.optional("nodeSelector", node_selector.as_ref(), check_selector);
            if let Some(bgp) = bgp {
                report.nested("bgp", bgp);
            }
            let text = raw.as_ref().and_then(|raw| raw.raw_config.as_deref());
            report.optional("raw.rawConfig", text, text_of_frr);
        });
    }
}

/// Whoever may write an `FRRConfiguration` may configure FRR; so only what is no text at all is refused.
fn text_of_frr(text: &str) -> Result<(), Problem> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(odd) {
        Err(Problem::MalformedSecret {
            expected: "text without control characters",
        })
    } else {
        Ok(())
    }
}

impl Validate for Bgp {
    fn check(&self, report: &mut Report) {
        let Self {
            bfd_profiles,
            routers,
        } = self;
        report.field("bfdProfiles", count(bfd_profiles, 0, 64));
        report.nested_each("bfdProfiles", bfd_profiles);
        report.distinct("bfdProfiles", bfd_profiles.iter().map(|p| &p.name));
        report.field("routers", count(routers, 0, 50));
        report.nested_each("routers", routers);
        report.distinct(
            "routers",
            routers.iter().map(|r| r.vrf.as_deref().unwrap_or_default()),
        );
        for (index, router) in routers.iter().enumerate() {
            report.at(&format!("routers[{index}]"), |report| {
                router.check_profiles(report, bfd_profiles);
            });
        }
    }
}

impl Validate for NamedBfdProfile {
    fn check(&self, report: &mut Report) {
        let Self { name, profile } = self;
        report.field("name", name.parse::<ProfileName>());
        profile.check(report);
    }
}

impl Router {
    fn check_profiles(&self, report: &mut Report, profiles: &[NamedBfdProfile]) {
        for (index, neighbor) in self.neighbors.iter().enumerate() {
            let known = |name: &str| profiles.iter().any(|profile| profile.name == name);
            report.optional(
                &format!("neighbors[{index}].bfdProfile"),
                neighbor.bfd_profile.as_deref(),
                |name| {
                    let unknown = Problem::malformed("one of this object's bfdProfiles", name);
                    known(name).then_some(()).ok_or(unknown)
                },
            );
        }
    }
}

impl Validate for Router {
    fn check(&self, report: &mut Report) {
        let Self {
            asn,
            id,
            vrf,
            neighbors,
            prefixes,
            imports,
            evpn,
        } = self;
        report.field("asn", parse_asn(*asn));
        report.optional("id", id.as_deref(), parse_ipv4);
        report.optional("vrf", non_empty(vrf.as_deref()), str::parse::<HostVrfName>);
        report.field("neighbors", count(neighbors, 0, 256));
        report.nested_each("neighbors", neighbors);
        for (index, neighbor) in neighbors.iter().enumerate() {
            report.at(&format!("neighbors[{index}]"), |report| {
                neighbor.check_against(report, *asn, prefixes);
            });
        }
        report.field("prefixes", count(prefixes, 0, 1024));
        report.each("prefixes", prefixes, |prefix| parse_cidr(prefix));
        report.field("imports", count(imports, 0, 64));
        report.each("imports", imports, |import| match import.vrf.as_deref() {
            None | Some("" | "default") => Ok(()),
            Some(vrf) => vrf.parse::<HostVrfName>().map(drop),
        });
        if let Some(evpn) = evpn {
            report.nested("evpn", evpn);
        }
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
