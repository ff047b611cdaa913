//! Clusters to draw.

use std::collections::BTreeMap;
use std::fmt::Debug;

use ferroute_api::ferroute::NodeRouterSpec;
use ferroute_plan::index::NodeIndex;
use ferroute_plan::snapshot::{
    Balancer, EndpointSlice, FamilyPolicy, Key, Labels, Node, NodeReport, RequestedAddresses,
    Service, Snapshot,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use crate::cluster::{add, addresses};

const ADDRESSES: [&str; 7] = [
    "10.0.0.0",
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.5",
    "10.0.1.255",
    "fd00::",
    "fd00::2",
];
const RANGES: [&str; 10] = [
    "10.0.1.0/29",
    "10.0.0.0/30",
    "10.0.2.0/24",
    "fd00:1::/64",
    "10.0.0.2-10.0.0.5",
    "10.0.0.0/31",
    "10.0.1.254/31",
    "fd00::/127",
    "fd00::1-fd00::3",
    "fd00::2/127",
];
const CLUSTER_IPS: [&[&str]; 7] = [
    &["10.96.0.3"],
    &["10.96.0.1"],
    &["10.96.0.2"],
    &["fd01::1"],
    &["10.96.0.1", "fd01::1"],
    &["fd01::1", "10.96.0.1"],
    &[],
];
const NODES: [&str; 4] = ["n0", "n1", "n2", "n3"];
const POOLS: [&str; 4] = ["p0", "p1", "p2", "p3"];
const SERVICES: [&str; 3] = ["s0", "s1", "s2"];
const NAMESPACES: [&str; 4] = ["ns1", "ns1", "ns1", "ns2"];

/// Small clusters of all kinds of objects.
pub(crate) fn snapshot() -> impl Strategy<Value = Snapshot> {
    let users = [
        objects("IPAddressPool", &POOLS, pool().boxed()),
        objects("BGPPeer", &["a", "b", "c"], peer().boxed()),
        objects("BGPAdvertisement", &["x", "y"], advertisement().boxed()),
        objects("Community", &["c1", "c2"], community().boxed()),
        objects("Underlay", &["u1", "u2"], underlay().boxed()),
        objects("L3VNI", &["red", "blue", "green"], l3vni().boxed()),
        objects("FRRConfiguration", &["f1", "f2"], configuration().boxed()),
    ];
    let services = btree_map((select(&NAMESPACES), select(&SERVICES)), service(), 2..6);
    let slices = btree_map((select(&NAMESPACES), 0..5_usize), endpoint_slice(), 2..8);
    (nodes(), reports(), services, slices, users).prop_map(
        |(nodes, reports, services, slices, users)| {
            let mut cluster = Snapshot {
                nodes,
                reports,
                ..Snapshot::default()
            };
            let keyed = |(namespace, name): (&str, &str)| Key::new(namespace, name);
            cluster.services = services
                .into_iter()
                .map(|(at, service)| (keyed(at), service))
                .collect();
            let named = |(namespace, n): (&str, usize)| Key::new(namespace, format!("e{n}"));
            cluster.endpoint_slices = slices
                .into_iter()
                .map(|(at, slice)| (named(at), slice))
                .collect();
            let team = Labels::from([("team".to_owned(), "x".to_owned())]);
            cluster.namespaces =
                [("ns1".to_owned(), team), ("ns2".to_owned(), Labels::new())].into();
            users
                .into_iter()
                .flatten()
                .for_each(|object| add(&mut cluster, object));
            cluster
        },
    )
}

/// Objects of one kind in one namespace, some of them of the same age.
fn objects(
    kind: &'static str,
    names: &'static [&'static str],
    spec: BoxedStrategy<Value>,
) -> BoxedStrategy<Vec<Value>> {
    let version = match kind {
        "BGPPeer" => "metallb.io/v1beta2",
        "Underlay" | "L3VNI" => "openpe.openperouter.github.io/v1alpha1",
        "FRRConfiguration" => "frrk8s.metallb.io/v1beta1",
        _ => "metallb.io/v1beta1",
    };
    let objects = btree_map(
        select(names),
        (0..3_u8, spec),
        names.len() / 2..=names.len(),
    );
    let manifest = move |(name, (age, spec)): (&str, (u8, Value))| {
        let created = format!("2026-01-01T00:00:0{age}Z");
        let metadata = json!({"name": name, "namespace": "m", "creationTimestamp": created});
        json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    };
    objects
        .prop_map(move |objects| objects.into_iter().map(manifest).collect())
        .boxed()
}

/// One of the usual values, seldom the odd one.
fn mostly<T: Clone + Debug + 'static>(usual: &'static [T], odd: T) -> impl Strategy<Value = T> {
    prop_oneof![15 => select(usual), 1 => Just(odd)]
}

fn nodes() -> impl Strategy<Value = BTreeMap<String, Node>> {
    let node = (
        select(&["1", "2"]),
        option::of(0..4_u32),
        prop::bool::weighted(0.1),
        1..5_u8,
    );
    let node = node.prop_map(|(rack, index, excluded, host)| Node {
        labels: Labels::from([("rack".to_owned(), rack.to_owned())]),
        index: index.map(NodeIndex),
        excluded,
        internal_ipv4: Some([192, 0, 2, host].into()),
    });
    btree_map(select(&NODES).prop_map(str::to_owned), node, 2..=4)
}

fn reports() -> impl Strategy<Value = BTreeMap<String, NodeReport>> {
    let report = (option::of(0..4_u32), any::<bool>()).prop_map(|(index, applied)| NodeReport {
        index: index.map(NodeIndex),
        applied: applied.then(NodeRouterSpec::default),
        failures: Vec::new(),
    });
    btree_map(select(&NODES).prop_map(str::to_owned), report, 0..=4)
}

fn service() -> impl Strategy<Value = Service> {
    let cluster_ips = select(&CLUSTER_IPS);
    let policy = prop_oneof![
        6 => Just(FamilyPolicy::SingleStack),
        6 => Just(FamilyPolicy::PreferDualStack),
        1 => Just(FamilyPolicy::RequireDualStack),
    ];
    let ports = subsequence(vec![80, 443, 53], 1..3);
    let asks = (requested(), option::weighted(0.1, select(&POOLS)));
    let shares = (
        option::weighted(0.5, select(&["k", "l"])),
        any::<bool>(),
        select(&["a", "b"]),
    );
    let status = (
        had(),
        option::of(select(&POOLS)),
        any::<bool>(),
        any::<bool>(),
    );
    let own = (
        prop::bool::weighted(0.9),
        select(&["x", "y"]),
        cluster_ips,
        policy,
        ports,
    );
    (own, asks, shares, status).prop_map(|(own, asks, shares, status)| Service {
        balancer: if own.0 {
            Balancer::Ours
        } else {
            Balancer::None
        },
        labels: Labels::from([("team".to_owned(), own.1.to_owned())]),
        cluster_ips: addresses(own.2),
        family_policy: own.3,
        ports: own
            .4
            .into_iter()
            .map(|port| ("TCP".to_owned(), port))
            .collect(),
        requested_addresses: asks.0,
        requested_pool: asks.1.map(str::to_owned),
        sharing_key: shares.0.map(str::to_owned),
        local_traffic: shares.1,
        pod_selector: shares.2.to_owned(),
        ingress: addresses(&status.0),
        allocated_from: status.1.map(str::to_owned),
        settled: status.3,
        foreign_ingress: status.2,
    })
}

/// The addresses in a status: often the same few.
fn had() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        3 => Just(Vec::new()),
        3 => select(&ADDRESSES[..3]).prop_map(|address| vec![address]),
        1 => vec(select(&ADDRESSES), 1..3),
    ]
}

fn requested() -> impl Strategy<Value = RequestedAddresses> {
    let one = select(&ADDRESSES).prop_map(|text| RequestedAddresses::Written(text.to_owned()));
    let two = Just(RequestedAddresses::Written("10.0.0.1,fd00::1".to_owned()));
    prop_oneof![
        24 => Just(RequestedAddresses::Any),
        2 => one,
        1 => two,
        1 => Just(RequestedAddresses::Twice),
    ]
}

fn endpoint_slice() -> impl Strategy<Value = EndpointSlice> {
    let nodes = subsequence(NODES.to_vec(), 0..=3);
    (select(&SERVICES), nodes, any::<bool>()).prop_map(|(service, nodes, nowhere)| EndpointSlice {
        service: service.to_owned(),
        usable: nowhere || !nodes.is_empty(),
        usable_nodes: nodes.into_iter().map(str::to_owned).collect(),
    })
}

fn pool() -> impl Strategy<Value = Value> {
    let scope = prop_oneof![
        6 => Just(Value::Null),
        1 => Just(json!({"namespaces": ["ns1"]})),
        1 => Just(json!({"namespaceSelectors": [{"matchLabels": {"team": "x"}}], "priority": 2})),
        1 => Just(json!({"serviceSelectors": [{"matchLabels": {"team": "y"}}], "priority": 1})),
    ];
    let ranges = vec(mostly(&RANGES, "10.0.0.9-10.0.0.1"), 1..3);
    (
        ranges,
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.2),
        scope,
    )
        .prop_map(|(ranges, auto, careful, scope)| {
            let spec = json!({"addresses": ranges, "autoAssign": auto, "avoidBuggyIPs": careful});
            with(&spec, [("serviceAllocation", scope)])
        })
}

fn rack() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(Value::Null),
        1 => Just(json!({"matchLabels": {"rack": "1"}})),
        1 => Just(json!({"matchLabels": {"rack": "2"}})),
    ]
}

/// A spec with more fields; those that are null are left out.
fn with<const N: usize>(spec: &Value, fields: [(&str, Value); N]) -> Value {
    let mut object: Map<String, Value> = spec.as_object().cloned().unwrap_or_default();
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
    object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

/// One selector as a list.
fn listed(selector: &Value) -> Value {
    if selector.is_null() {
        Value::Null
    } else {
        json!([selector])
    }
}

fn peer() -> impl Strategy<Value = Value> {
    let asns = (mostly(&[64515], 64516), mostly(&[64512, 64512, 64513], 0));
    let address = select(&["192.168.0.1", "192.168.0.2", "fd02::1"]);
    (asns, address, rack()).prop_map(|((mine, theirs), address, rack)| {
        let spec = json!({"myASN": mine, "peerASN": theirs, "peerAddress": address});
        with(&spec, [("nodeSelectors", listed(&rack))])
    })
}

fn advertisement() -> impl Strategy<Value = Value> {
    let pools = option::weighted(0.3, subsequence(POOLS.to_vec(), 1..3));
    let peers = option::weighted(0.3, subsequence(vec!["a", "b", "z"], 1..3));
    let community = select(&["64512:1", "gold", "silver"]);
    let length = mostly(&[32, 24], 0);
    (pools, peers, community, length, rack()).prop_map(|(pools, peers, community, length, rack)| {
        let spec = json!({"communities": [community], "aggregationLength": length});
        let fields = [
            ("ipAddressPools", json!(pools)),
            ("peers", json!(peers)),
            ("nodeSelectors", listed(&rack)),
        ];
        with(&spec, fields)
    })
}

fn community() -> impl Strategy<Value = Value> {
    let alias = (
        select(&["gold", "silver"]),
        mostly(&["64512:2", "64512:3"], "none"),
    );
    let alias = alias.prop_map(|(name, value)| json!({"name": name, "value": value}));
    vec(alias, 1..3).prop_map(|aliases| json!({"communities": aliases}))
}

fn underlay() -> impl Strategy<Value = Value> {
    let prefix = mostly(
        &["100.65.0.0/24", "100.65.0.0/30", "fd03::/64"],
        "100.65.0.0",
    );
    (prefix, mostly(&[64514], 0), rack()).prop_map(|(prefix, asn, rack)| {
        let neighbors = json!([{"asn": 64512, "address": "192.168.11.2"}]);
        let spec =
            json!({"asn": asn, "vtepcidr": prefix, "nics": ["eth1"], "neighbors": neighbors});
        with(&spec, [("nodeSelector", rack)])
    })
}

fn l3vni() -> impl Strategy<Value = Value> {
    let vrf = option::of(select(&["red", "blue"]));
    let vni = mostly(&[100, 65_636, 200], 0);
    let prefix = option::of(select(&[
        "192.169.10.0/24",
        "192.169.10.0/29",
        "192.169.11.0/30",
        "100.65.0.8/29",
    ]));
    let host = mostly(&[64515], 64514);
    (vrf, vni, prefix, host, rack()).prop_map(|(vrf, vni, prefix, host, rack)| {
        let session = prefix
            .map(|prefix| json!({"asn": 64514, "hostasn": host, "localcidr": {"ipv4": prefix}}));
        let fields = [
            ("vrf", json!(vrf)),
            ("hostsession", json!(session)),
            ("nodeSelector", rack),
        ];
        with(&json!({"vni": vni}), fields)
    })
}

fn configuration() -> impl Strategy<Value = Value> {
    let asns = (mostly(&[64515], 64516), select(&[64512, 64513]));
    let address = select(&["192.168.0.1", "192.168.0.2"]);
    let mode = select(&["all", "filtered"]);
    let vrf = option::weighted(0.2, Just("mgmt"));
    (asns, address, mode, vrf, rack()).prop_map(|((mine, theirs), address, mode, vrf, rack)| {
        let allowed = json!({"mode": mode});
        let neighbor =
            json!({"address": address, "asn": theirs, "toReceive": {"allowed": allowed}});
        let router = with(
            &json!({"asn": mine, "neighbors": [neighbor]}),
            [("vrf", json!(vrf))],
        );
        with(
            &json!({"bgp": {"routers": [router]}}),
            [("nodeSelector", rack)],
        )
    })
}
