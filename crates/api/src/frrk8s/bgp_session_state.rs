//! `BGPSessionState`: what a node says of one of its sessions.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nothing is desired: the object is written by ferroute.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "frrk8s.metallb.io",
    version = "v1beta1",
    kind = "BGPSessionState",
    root = "BgpSessionState",
    plural = "bgpsessionstates",
    namespaced,
    status = "BgpSessionStateStatus",
    derive = "PartialEq",
    doc = "A BGPSessionState is the state of one BGP session of one node. ferroute writes it.",
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#,
    printcolumn = r#"{"name":"Peer","type":"string","jsonPath":".status.peer"}"#,
    printcolumn = r#"{"name":"VRF","type":"string","jsonPath":".status.vrf"}"#,
    printcolumn = r#"{"name":"BGP","type":"string","jsonPath":".status.bgpStatus"}"#,
    printcolumn = r#"{"name":"BFD","type":"string","jsonPath":".status.bfdStatus"}"#
)]
pub struct BgpSessionStateSpec {}

/// The state of a session.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BgpSessionStateStatus {
    /// The state of BGP: Established, Active, Connect, …
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bgp_status: String,
    /// The state of BFD: Up, Down, or N/A where it does not watch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bfd_status: String,
    /// The node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// The address of the peer, or the device behind which it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub peer: String,
    /// The VRF; empty for the default one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vrf: String,
}
