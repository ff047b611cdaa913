//! Several objects that ask for one speaker.

use ferroute_api::ferroute::Speaker;
use ferroute_plan::snapshot::{Labels, Node, Snapshot};
use ferroute_plan::{Plan, plan};
use serde_json::{Value, json};

use crate::cluster::{add, complaints};

#[test]
fn what_two_objects_say_of_one_neighbor_is_united() {
    let mut cluster = cluster();
    add(
        &mut cluster,
        peer(
            "p",
            json!({"peerAddress": "2001:DB8::1", "bfdProfile": "fast"}),
        ),
    );
    add(
        &mut cluster,
        object("m", "BFDProfile", "fast", &json!({"receiveInterval": 50})),
    );
    let receive = json!({"allowed": {"prefixes": [{"prefix": "10.1.2.3/8", "le": 24}]}});
    let send = json!({
        "allowed": {"prefixes": ["10.9.0.0/16"]},
        "withLocalPref": [{"prefixes": ["10.9.0.0/16"], "localPref": 7}],
        "withCommunity": [{"prefixes": ["10.9.0.0/16"], "community": "64512:2"}],
    });
    let neighbor = json!({"address": "2001:db8:0::1", "asn": 64512, "holdTime": "9s", "keepaliveTime": "3s", "toReceive": receive, "toAdvertise": send});
    add(&mut cluster, configuration("c", &neighbor));
    let expected = json!({
        "routers": [{
            "asn": 64515,
            // Of the name of a node without an IPv4 address.
            "routerId": "4.53.220.0",
            "prefixes": ["10.9.0.0/16"],
            "neighbors": [{
                "id": "2001:db8::1",
                "sources": [
                    {"kind": "BGPPeer", "namespace": "m", "name": "p"},
                    {"kind": "FRRConfiguration", "namespace": "m", "name": "c"},
                ],
                "address": "2001:db8::1",
                "remoteAsn": "64512",
                "timers": {"holdSeconds": 9, "keepaliveSeconds": 3},
                "bfd": {"profile": "fast"},
                "ipv6": true,
                "accept": {"prefixes": [{"prefix": "10.0.0.0/8", "le": 24}]},
                "announce": {"prefixes": [{"prefix": "10.9.0.0/16", "localPref": 7, "communities": ["64512:2"]}]},
            }],
        }],
        "bfdProfiles": [{"name": "fast", "receiveInterval": 50}],
    });
    let planned = plan(&cluster);
    assert_eq!(planned.node_routers["n1"].speaker, speaker(expected));
    assert_eq!(complaints(&planned), [].into());
}

#[test]
fn an_object_too_large_to_tell_a_node_is_refused_alone() {
    let mut cluster = cluster();
    add(&mut cluster, peer("p", json!({"peerAddress": "10.0.0.1"})));
    let prefixes: Vec<_> = (0..1024)
        .map(|n| format!("10.{}.{}.0/24", n / 256, n % 256))
        .collect();
    let neighbor = |n: u32| {
        let send = json!({"allowed": {"mode": "all"}});
        json!({"address": format!("192.0.2.{n}"), "asn": 64512, "toAdvertise": send})
    };
    let neighbors: Vec<_> = (1..64).map(neighbor).collect();
    let routers = json!([{"asn": 64515, "prefixes": prefixes, "neighbors": neighbors}]);
    let spec = json!({"bgp": {"routers": routers}});
    add(
        &mut cluster,
        object("m", "FRRConfiguration", "large", &spec),
    );
    let planned = plan(&cluster);
    assert_eq!(remote_asns(&planned)[0], ("n1", vec!["64512"]));
    let complaints = complaints(&planned);
    let said = &complaints["FRRConfiguration m/large"][0];
    assert!(
        said.starts_with("Conflict: ") && said.contains("bytes to tell a node"),
        "{said}"
    );
}

#[test]
fn a_contradiction_on_one_node_leaves_the_object_out_there_only() {
    let mut cluster = cluster();
    let here = json!({"matchLabels": {"rack": "1"}});
    add(
        &mut cluster,
        peer(
            "a-here",
            json!({"peerAddress": "10.0.0.1", "peerASN": 64512, "nodeSelectors": [here]}),
        ),
    );
    add(
        &mut cluster,
        peer(
            "b-all",
            json!({"peerAddress": "10.0.0.1", "peerASN": 64513}),
        ),
    );
    let planned = plan(&cluster);
    assert_eq!(
        remote_asns(&planned),
        [("n1", vec!["64512"]), ("n2", vec!["64513"])]
    );
    let said =
        "Conflict: node n1: neighbor 10.0.0.1: remote AS 64513, where another object has 64512";
    assert_eq!(
        complaints(&planned),
        [("BGPPeer m/b-all".to_owned(), vec![said.to_owned()])].into()
    );
}

#[test]
fn the_older_of_two_objects_counts() {
    let mut cluster = cluster();
    let with = |name: &str, asn: u32, created: &str| {
        let mut object = peer(name, json!({"peerAddress": "10.0.0.1", "peerASN": asn}));
        object["metadata"]["creationTimestamp"] = created.into();
        object
    };
    add(&mut cluster, with("a", 64512, "2026-01-02T00:00:00Z"));
    add(&mut cluster, with("b", 64513, "2026-01-01T00:00:00Z"));
    assert_eq!(
        remote_asns(&plan(&cluster)),
        [("n1", vec!["64513"]), ("n2", vec!["64513"])]
    );
}

#[test]
fn a_peer_with_a_profile_that_is_not_there_says_so() {
    let mut cluster = cluster();
    add(
        &mut cluster,
        object("m", "BFDProfile", "bad", &json!({"detectMultiplier": 1})),
    );
    add(
        &mut cluster,
        peer(
            "p",
            json!({"peerAddress": "10.0.0.1", "bfdProfile": "bad", "disableMP": true}),
        ),
    );
    let invalid = "Invalid: spec.detectMultiplier: must be 2 to 255, not 1";
    let unknown = "NotFound: spec.bfdProfile: there is no usable BFDProfile bad";
    let without = "NotImplemented: spec.disableMP: deprecated, without effect";
    let expected = [
        ("BFDProfile m/bad".to_owned(), vec![invalid.to_owned()]),
        (
            "BGPPeer m/p".to_owned(),
            vec![unknown.to_owned(), without.to_owned()],
        ),
    ];
    assert_eq!(complaints(&plan(&cluster)), expected.into());
}

#[test]
fn an_advertisement_becomes_a_policy_for_the_peers_of_its_namespace() {
    let mut cluster = cluster();
    add(&mut cluster, peer("p", json!({"peerAddress": "10.0.0.1"})));
    add(
        &mut cluster,
        peer(
            "q",
            json!({"peerAddress": "10.0.0.2", "vrf": "blue", "nodeSelectors": [{"matchLabels": {"rack": "1"}}]}),
        ),
    );
    let mut elsewhere = peer("r", json!({"peerAddress": "10.0.0.3"}));
    elsewhere["metadata"]["namespace"] = "other".into();
    add(&mut cluster, elsewhere);
    add(
        &mut cluster,
        object(
            "m",
            "Community",
            "names",
            &json!({"communities": [{"name": "gold", "value": "64512:9"}]}),
        ),
    );
    let spec =
        json!({"communities": ["gold", "large:1:2:3", "64512:10", "64512:9"], "localPref": 200});
    add(&mut cluster, object("m", "BGPAdvertisement", "all", &spec));
    let only_q = json!({"peers": ["q"], "localPref": 0});
    add(
        &mut cluster,
        object("m", "BGPAdvertisement", "only-q", &only_q),
    );
    let policies = |node: &str| plan(&cluster).node_routers[node].speaker.policies.clone();
    let communities = json!(["64512:10", "64512:9", "large:1:2:3"]);
    let all = |peers: Value| json!({"id": "m/all", "peers": peers, "localPref": 200, "communities": communities});
    let on_n1 = json!([all(json!(["10.0.0.1", "10.0.0.2%blue"])), {"id": "m/only-q", "peers": ["10.0.0.2%blue"]}]);
    assert_eq!(
        policies("n1"),
        serde_json::from_value::<Vec<_>>(on_n1).expect("policies")
    );
    let on_n2 = json!([all(json!(["10.0.0.1"]))]);
    assert_eq!(
        policies("n2"),
        serde_json::from_value::<Vec<_>>(on_n2).expect("policies")
    );
}

fn cluster() -> Snapshot {
    let rack = |rack: &str| Node {
        labels: Labels::from([("rack".into(), rack.into())]),
        ..Node::default()
    };
    Snapshot {
        nodes: [("n1".into(), rack("1")), ("n2".into(), rack("2"))].into(),
        ..Snapshot::default()
    }
}

fn object(namespace: &str, kind: &str, name: &str, spec: &Value) -> Value {
    let version = if kind == "BGPPeer" {
        "metallb.io/v1beta2"
    } else {
        "metallb.io/v1beta1"
    };
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn peer(name: &str, mut spec: Value) -> Value {
    let fields = spec.as_object_mut().expect("a spec");
    fields.entry("myASN").or_insert(64515.into());
    fields.entry("peerASN").or_insert(64512.into());
    object("m", "BGPPeer", name, &spec)
}

fn configuration(name: &str, neighbor: &Value) -> Value {
    let router = json!({"asn": 64515, "prefixes": ["10.9.0.0/16"], "neighbors": [neighbor]});
    json!({
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "FRRConfiguration",
        "metadata": {"name": name, "namespace": "m"},
        "spec": {"bgp": {"routers": [router]}},
    })
}

fn speaker(value: Value) -> Speaker {
    serde_json::from_value(value).expect("a speaker")
}

fn remote_asns(planned: &Plan) -> Vec<(&str, Vec<&str>)> {
    let routers = planned.node_routers.iter();
    routers
        .map(|(node, router)| {
            let neighbors = router
                .speaker
                .routers
                .iter()
                .flat_map(|router| &router.neighbors);
            (
                node.as_str(),
                neighbors
                    .map(|neighbor| neighbor.remote_asn.as_str())
                    .collect(),
            )
        })
        .collect()
}
