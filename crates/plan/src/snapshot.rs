//! Everything the plan is made from: the cluster's objects, cut down to what matters here.
//!
//! The maps are ordered by key, so the plan cannot depend on the order in which objects arrived.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ferroute_api::ferroute::{NodeFailure, NodeRouterSpec, Source};
use ferroute_api::frrk8s::FrrConfiguration;
use ferroute_api::metallb::{
    BfdProfile, BgpAdvertisement, BgpPeer, Community, IpAddressPool, L2Advertisement,
};
use ferroute_api::openpe::{L2vni, L3vni, Underlay};
use kube::ResourceExt;

use crate::index::NodeIndex;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// The name of a namespaced object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// A key of borrowed parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// The same as a reference with a kind.
    pub fn source(&self, kind: Kind) -> Source {
        Source {
            kind: kind.as_str().to_owned(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The kinds of objects that users write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the kind of its name")]
pub enum Kind {
    Underlay,
    L3vni,
    L2vni,
    IpAddressPool,
    BgpPeer,
    BgpAdvertisement,
    L2Advertisement,
    BfdProfile,
    Community,
    FrrConfiguration,
    Service,
}

impl Kind {
    /// As manifests spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Underlay => "Underlay",
            Self::L3vni => "L3VNI",
            Self::L2vni => "L2VNI",
            Self::IpAddressPool => "IPAddressPool",
            Self::BgpPeer => "BGPPeer",
            Self::BgpAdvertisement => "BGPAdvertisement",
            Self::L2Advertisement => "L2Advertisement",
            Self::BfdProfile => "BFDProfile",
            Self::Community => "Community",
            Self::FrrConfiguration => "FRRConfiguration",
            Self::Service => "Service",
        }
    }
}

/// Objects that users wrote, of one kind.
pub type Objects<K> = BTreeMap<Key, K>;

/// The objects, oldest first: of two that exclude each other the older one holds.
pub fn oldest_first<K: ResourceExt>(objects: &Objects<K>) -> Vec<(&Key, &K)> {
    let mut sorted: Vec<_> = objects.iter().collect();
    sorted
        .sort_by_key(|(key, object)| (object.creation_timestamp().map(|created| created.0), *key));
    sorted
}

/// The state of the cluster.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each holds the objects of its name")]
pub struct Snapshot {
    pub nodes: BTreeMap<String, Node>,
    pub namespaces: BTreeMap<String, Labels>,
    pub services: BTreeMap<Key, Service>,
    pub endpoint_slices: BTreeMap<Key, EndpointSlice>,
    pub underlays: Objects<Underlay>,
    pub l3vnis: Objects<L3vni>,
    pub l2vnis: Objects<L2vni>,
    pub pools: Objects<IpAddressPool>,
    pub peers: Objects<BgpPeer>,
    pub bgp_advertisements: Objects<BgpAdvertisement>,
    pub l2_advertisements: Objects<L2Advertisement>,
    pub bfd_profiles: Objects<BfdProfile>,
    pub communities: Objects<Community>,
    pub frr_configurations: Objects<FrrConfiguration>,
    /// What each node's agent said last, by node.
    pub reports: BTreeMap<String, NodeReport>,
}

/// A node of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its labels.
    pub labels: Labels,
    /// Its index in the annotation, if there is one.
    pub index: Option<NodeIndex>,
    /// Whether its network is said to be unavailable, or a label keeps load balancers away.
    pub excluded: bool,
    /// Its internal IPv4 address: the BGP identifier of its speaker.
    pub internal_ipv4: Option<Ipv4Addr>,
}

/// What a node's `NodeRouter` holds already.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeReport {
    /// The index that it was given.
    pub index: Option<NodeIndex>,
    /// What the agent has dealt with last; none of it until the agent has said so.
    pub applied: Option<NodeRouterSpec>,
    /// What the agent could not apply.
    pub failures: Vec<NodeFailure>,
}

/// A Service, of any type: one that was a load balancer may have to give its address back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Who gives it its addresses.
    pub balancer: Balancer,
    /// Its labels.
    pub labels: Labels,
    /// The cluster's own addresses for it; they decide the address families.
    pub cluster_ips: Vec<IpAddr>,
    /// Whether it takes two address families, and how strongly.
    pub family_policy: FamilyPolicy,
    /// Whether only nodes with an endpoint of their own may take its traffic.
    pub local_traffic: bool,
    /// Addresses that it asks for, as they were written.
    pub requested_addresses: RequestedAddresses,
    /// The pool that it asks for.
    pub requested_pool: Option<String>,
    /// Services with the same key may share an address.
    pub sharing_key: Option<String>,
    /// Which pods are behind it; services with local traffic share only with the same pods.
    pub pod_selector: String,
    /// What it listens on.
    pub ports: Vec<(String, i32)>,
    /// The addresses that its status has.
    pub ingress: Vec<IpAddr>,
    /// Whether the status has something that is not an address of ours, as a host name.
    pub foreign_ingress: bool,
    /// The pool that its status' addresses are from, as the annotation says.
    pub allocated_from: Option<String>,
    /// Whether it has asked for nothing else since it got its addresses: of those that share one, another must give way.
    pub settled: bool,
}

impl Service {
    /// The service as it is now, settled if it was before and asks for nothing else of those that share its addresses.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        self.settled = before.settled
            && self.balancer == before.balancer
            && self.local_traffic == before.local_traffic
            && self.sharing_key == before.sharing_key
            && self.pod_selector == before.pod_selector
            && self.ports == before.ports;
        self
    }
}

/// Who gives a Service its addresses: its type and class tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balancer {
    /// Nobody: it is of another type, or about to go.
    #[default]
    None,
    /// We do.
    Ours,
    /// Somebody else, for another class.
    OfOthers,
}

/// `ipFamilyPolicy` of a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyPolicy {
    /// One family.
    #[default]
    SingleStack,
    /// Two where there are two.
    PreferDualStack,
    /// Two or none.
    RequireDualStack,
}

/// Addresses that a Service asks for, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestedAddresses {
    /// Any will do.
    #[default]
    Any,
    /// By the annotation or by `spec.loadBalancerIP`, as written there.
    Written(String),
    /// By both, which is refused.
    Twice,
}

/// The endpoints in one `EndpointSlice`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSlice {
    /// The name of the Service; the namespace is the slice's own.
    pub service: String,
    /// Whether any endpoint can take traffic, on a known node or not.
    pub usable: bool,
    /// The nodes with an endpoint that can take traffic.
    pub usable_nodes: Vec<String>,
}
