//! The EVPN part of a router.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;
use crate::value::{RouteTarget, Vni};
use crate::violation::{Report, Validate, count};

/// What a router announces and takes over EVPN.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Evpn {
    /// Whether the VNIs of the node are announced.
    #[serde(
        rename = "advertiseVNIs",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub advertise_vnis: Option<AdvertiseVnis>,
    /// Announce the addresses of the bridges, too.
    #[serde(
        rename = "advertiseSVI",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub advertise_svi: Option<bool>,
    /// Bridged overlays with targets of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub l2vnis: Vec<EvpnL2vni>,
    /// The routed overlay of the router's VRF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l3vni: Option<EvpnL3vni>,
}

/// Which VNIs are announced.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum AdvertiseVnis {
    Disabled,
    All,
}

/// A bridged overlay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct EvpnL2vni {
    /// The VXLAN network identifier, 1 to 16777215.
    #[schemars(schema_with = "schema::vni")]
    pub vni: u32,
    /// The route distinguisher; absent: derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::route_distinguisher")]
    pub rd: Option<String>,
    /// Route targets of the routes to take; absent: derived.
    #[serde(rename = "importRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cheap_import_targets")]
    pub import_rts: Vec<String>,
    /// Route targets to attach; absent: derived.
    #[serde(rename = "exportRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cheap_export_targets")]
    pub export_rts: Vec<String>,
}

/// A routed overlay.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct EvpnL3vni {
    /// The VXLAN network identifier, 1 to 16777215.
    #[schemars(schema_with = "schema::vni")]
    pub vni: u32,
    /// The route distinguisher; absent: derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::route_distinguisher")]
    pub rd: Option<String>,
    /// Route targets of the routes to take; absent: derived.
    #[serde(rename = "importRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cheap_import_targets")]
    pub import_rts: Vec<String>,
    /// Route targets to attach; absent: derived.
    #[serde(rename = "exportRTs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::cheap_export_targets")]
    pub export_rts: Vec<String>,
    /// Which routes of the VRF are announced.
    #[serde(
        rename = "advertisePrefixes",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    #[schemars(length(min = 1, max = 1))]
    pub advertise_prefixes: Vec<EvpnPrefixes>,
}

/// Which routes of a VRF are announced.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EvpnPrefixes {
    Unicast,
}

impl Validate for Evpn {
    fn check(&self, report: &mut Report) {
        let Self {
            advertise_vnis: _,
            advertise_svi: _,
            l2vnis,
            l3vni,
        } = self;
        report.field("l2vnis", count(l2vnis, 0, 10));
        report.nested_each("l2vnis", l2vnis);
        if let Some(l3vni) = l3vni {
            report.nested("l3vni", l3vni);
        }
    }
}

impl Validate for EvpnL2vni {
    fn check(&self, report: &mut Report) {
        let Self {
            vni,
            rd,
            import_rts,
            export_rts,
        } = self;
        report.field("vni", Vni::try_from(*vni));
        check_targets(report, rd.as_deref(), import_rts, export_rts);
    }
}

impl Validate for EvpnL3vni {
    fn check(&self, report: &mut Report) {
        let Self {
            vni,
            rd,
            import_rts,
            export_rts,
            advertise_prefixes,
        } = self;
        report.field("vni", Vni::try_from(*vni));
        check_targets(report, rd.as_deref(), import_rts, export_rts);
        report.field("advertisePrefixes", count(advertise_prefixes, 0, 1));
    }
}

fn check_targets(report: &mut Report, rd: Option<&str>, import: &[String], export: &[String]) {
    report.optional("rd", rd, RouteTarget::exact);
    report.field("importRTs", count(import, 0, 100));
    report.each("importRTs", import, |target| target.parse::<RouteTarget>());
    report.field("exportRTs", count(export, 0, 100));
    report.each("exportRTs", export, |target| RouteTarget::exact(target));
}
