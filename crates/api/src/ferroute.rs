//! ferroute's own resources: what the controller tells the nodes, and what the nodes answer.
//!
//! A [`NodeRouter`] holds everything about one node except the service prefixes; those are in
//! [`RouteSlice`]s, which name the policies of the `NodeRouter` by id. A policy that a node does not
//! list does not hold there, and a prefix without a policy is not announced.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hash::fnv1a;

/// The label that says which agents read a [`RouteSlice`]; see [`Audience::label`].
pub const AUDIENCE_LABEL: &str = "ferroute.io/audience";

/// The annotation on a Node that repeats its index for people and for OpenPERouter's tools.
pub const NODE_INDEX_ANNOTATION: &str = "openpe.io/nodeindex";

/// The reason of a failure of all that FRR does on a node.
pub const FRR_NOT_REACHED: &str = "FRRNotReached";

/// The reason of a failure of all that the kernel does on a node.
pub const KERNEL_NOT_REACHED: &str = "KernelNotReached";

/// The desired state of one node, named as the node. Written by the controller alone.
#[derive(CustomResource, Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "ferroute.io",
    version = "v1alpha1",
    kind = "NodeRouter",
    plural = "noderouters",
    shortname = "nr",
    status = "NodeRouterStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Index","type":"integer","jsonPath":".spec.nodeIndex"}"#,
    printcolumn = r#"{"name":"VTEP","type":"string","jsonPath":".spec.underlay.vteps[0]"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Sessions","type":"string","jsonPath":".status.sessions"}"#,
    printcolumn = r#"{"name":"Routes","type":"integer","jsonPath":".status.announcedRoutes"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct NodeRouterSpec {
    /// The node's place among all nodes, from 0; decides its VTEP and veth addresses and never changes.
    pub node_index: u32,
    /// How the node's router reaches the fabric; absent on a node without an Underlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlay: Option<NodeUnderlay>,
    /// The routed overlays on this node, by VNI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub l3vnis: Vec<NodeL3vni>,
    /// The BGP speaker in the host's network namespace.
    #[serde(default)]
    pub speaker: Speaker,
}

/// An object that something here was made from; a failure is reported on it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub struct Source {
    /// The kind of the object.
    pub kind: String,
    /// The namespace of the object.
    pub namespace: String,
    /// The name of the object.
    pub name: String,
}

/// The router's connection to the fabric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeUnderlay {
    /// The Underlay this comes from.
    pub source: Source,
    /// The router's autonomous system.
    pub asn: u32,
    /// The BGP identifier of the router and of each of its VRFs.
    #[schemars(with = "String")]
    pub router_id: Ipv4Addr,
    /// The VXLAN tunnel endpoints of this node, at most one per address family.
    #[schemars(with = "Vec<String>")]
    pub vteps: Vec<IpAddr>,
    /// The host's network interfaces that become the router's.
    pub nics: Vec<String>,
    /// The sessions with the fabric's switches.
    pub neighbors: Vec<NodeNeighbor>,
}

/// One routed overlay on one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeL3vni {
    /// The L3VNI this comes from.
    pub source: Source,
    /// The name of the VRF, in the kernel and in FRR.
    pub vrf: String,
    /// The VXLAN network identifier.
    pub vni: u32,
    /// The UDP port of the tunnels.
    pub vxlan_port: u16,
    /// The tunnel endpoint on this node.
    #[schemars(with = "String")]
    pub vtep: IpAddr,
    /// The autonomous system of the VRF's BGP instance.
    pub asn: u32,
    /// The route distinguisher of the VRF on this node.
    pub route_distinguisher: String,
    /// Route targets to import beside those that FRR derives from the VNI; none: derived only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub import_route_targets: Vec<String>,
    /// Route targets to export instead of the one that FRR derives from the VNI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub export_route_targets: Vec<String>,
    /// The session with the host's speaker; absent when the overlay has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_session: Option<HostVeth>,
}

/// The veth between a VRF and the host, and the BGP session over it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostVeth {
    /// The autonomous system of the host's speaker.
    pub host_asn: u32,
    /// Addresses of the router's leg, with prefix length, at most one per family.
    #[schemars(with = "Vec<String>")]
    pub router: Vec<IpNet>,
    /// Addresses of the host's leg, in the same order.
    #[schemars(with = "Vec<String>")]
    pub host: Vec<IpNet>,
}

/// The BGP speaker in the host's network namespace.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Speaker {
    /// One BGP instance per VRF of the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routers: Vec<SpeakerRouter>,
    /// The BFD profiles that neighbors name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bfd_profiles: Vec<NodeBfdProfile>,
    /// The policies that hold on this node, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
    /// Configuration that a person wrote, appended as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raw: Vec<RawConfig>,
}

/// One BGP instance of the speaker.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpeakerRouter {
    /// The VRF of the host; absent for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf: Option<String>,
    /// The local autonomous system.
    pub asn: u32,
    /// The BGP identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub router_id: Option<Ipv4Addr>,
    /// The sessions, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbors: Vec<NodeNeighbor>,
    /// Prefixes that an FRRConfiguration originates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub prefixes: Vec<IpNet>,
    /// VRFs whose routes are imported; `default` names the default one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<String>,
}

/// One BGP session, of the router with the fabric or of the speaker with any peer.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of a BGP session"
)]
pub struct NodeNeighbor {
    /// `address` or `interface`, with `%vrf` behind it in a VRF; unique on the node's speaker.
    pub id: String,
    /// The objects that ask for this session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The address of the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// The interface of an unnumbered session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The peer's autonomous system: a number, `internal` or `external`.
    pub remote_asn: String,
    /// The autonomous system that the peer sees instead of the instance's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_asn: Option<u32>,
    /// The peer's TCP port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The address that the session is opened from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub source_address: Option<IpAddr>,
    /// The password of TCP MD5, or where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SessionPassword>,
    /// Hold time and keepalive interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers: Option<SessionTimers>,
    /// Seconds between attempts to connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_seconds: Option<u16>,
    /// Whether an external peer may be more than one hop away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ebgp_multi_hop: bool,
    /// Whether BFD watches the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bfd: Option<SessionBfd>,
    /// Whether routes are kept while the peer restarts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub graceful_restart: bool,
    /// Whether IPv4 unicast is exchanged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv4: bool,
    /// Whether IPv6 unicast is exchanged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv6: bool,
    /// What is accepted from the peer.
    #[serde(default)]
    pub accept: Accept,
    /// What is announced beside the service prefixes.
    #[serde(default)]
    pub announce: Announce,
}

/// Where the password of a session is.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionPassword {
    /// The password itself, as a `password` field gave it.
    Value(String),
    /// A Secret of type `kubernetes.io/basic-auth`, key `password`.
    Secret(SecretKey),
}

// The derived one would put the password into logs.
impl std::fmt::Debug for SessionPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(<masked>)"),
            Self::Secret(key) => f.debug_tuple("Secret").field(key).finish(),
        }
    }
}

/// The name of a Secret.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub struct SecretKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Hold time and keepalive interval of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionTimers {
    /// Seconds without a message after which the session is down; 0: never.
    pub hold_seconds: u16,
    /// Seconds between keepalive messages.
    pub keepalive_seconds: u16,
}

/// BFD on a session.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SessionBfd {
    /// The profile; absent for FRR's defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// What is accepted from a peer; by default nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Accept {
    /// Whether everything is accepted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// The prefixes that are accepted otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<PrefixMatch>,
}

/// A prefix and the lengths of those inside it that match too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PrefixMatch {
    /// The prefix.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// The greatest length that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub le: Option<u8>,
    /// The least length that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ge: Option<u8>,
}

/// What an FRRConfiguration announces to a peer; by default nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Announce {
    /// The prefixes, with their attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<AnnouncedPrefix>,
}

/// One prefix that an FRRConfiguration announces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedPrefix {
    /// The prefix.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// LOCAL_PREF, for internal peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<u32>,
    /// Communities: `1234:5678` or `large:1:2:3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub communities: Vec<String>,
}

/// A BFD profile; absent fields have FRR's defaults.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeBfdProfile {
    /// The name that neighbors use.
    pub name: String,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_interval: Option<u32>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transmit_interval: Option<u32>,
    /// Packets lost before the peer is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect_multiplier: Option<u8>,
    /// Milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_interval: Option<u32>,
    /// Whether echo packets are sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub echo_mode: bool,
    /// Whether the peer has to begin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passive_mode: bool,
    /// The least TTL of a multi-hop peer's packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_ttl: Option<u8>,
}

/// How the prefixes that name this policy are announced on this node.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The id that RouteSlices name: `namespace/name` of the BGPAdvertisement.
    pub id: String,
    /// The ids of the neighbors that get the prefixes.
    pub peers: Vec<String>,
    /// LOCAL_PREF, for internal peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<u32>,
    /// Communities: `1234:5678` or `large:1:2:3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub communities: Vec<String>,
}

/// Configuration that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RawConfig {
    /// The FRRConfiguration it comes from.
    pub source: Source,
    /// The text, line by line.
    pub text: String,
}

/// What a node says of itself. Written by that node's agent alone.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRouterStatus {
    /// The generation of the spec that was applied last.
    #[serde(default)]
    pub observed_generation: i64,
    /// `Ready`: the node is as the spec and the route slices say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Established sessions of all, as `4/5`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sessions: String,
    /// Service prefixes announced by this node.
    #[serde(default)]
    pub announced_routes: u32,
    /// The sessions with the fabric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fabric_sessions: Vec<FabricSession>,
    /// What could not be applied, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<NodeFailure>,
}

/// A session of the router with the fabric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FabricSession {
    /// The peer's address or interface.
    pub peer: String,
    /// FRR's word for the state.
    pub state: String,
}

/// Something that a node could not apply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct NodeFailure {
    /// The object that asked for it; empty when it is the node's own.
    pub source: Source,
    /// One word for programs.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// Up to a hundred prefixes and the policies that announce them. Written by the controller alone.
#[derive(
    CustomResource, Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema,
)]
#[kube(
    group = "ferroute.io",
    version = "v1alpha1",
    kind = "RouteSlice",
    plural = "routeslices",
    shortname = "rslice",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Audience","type":"string","jsonPath":".spec.audience"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct RouteSliceSpec {
    /// The agents that read it: `all`, or `node/<name>`.
    pub audience: String,
    /// The prefixes, in order.
    pub entries: Vec<RouteEntry>,
}

/// One prefix of a [`RouteSlice`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RouteEntry {
    /// The prefix to announce.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// The ids of the policies that announce it.
    pub policies: Vec<String>,
}

/// Who reads a [`RouteSlice`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Every agent.
    All,
    /// The agent of the node of this name.
    Node(String),
}

impl Audience {
    /// The value of [`AUDIENCE_LABEL`]: labels end at 63 characters, names of nodes at 253.
    pub fn label(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Node(name) if name.len() <= 58 => format!("node-{name}"),
            Self::Node(name) => format!("node-{}-{:08x}", name_head(name), fnv1a(name.bytes())),
        }
    }
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Node(name) => write!(f, "node/{name}"),
        }
    }
}

/// The first 48 characters, without a dot or dash at the end, where a label allows neither.
fn name_head(name: &str) -> &str {
    name.get(..48).unwrap_or(name).trim_end_matches(['.', '-'])
}
