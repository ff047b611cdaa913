//! The manifests of `examples/metallb`, as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ferroute_api::ferroute::{NodeRouterSpec, RouteSliceSpec};
use ferroute_plan::plan;
use ferroute_plan::snapshot::{EndpointSlice, Key, Node, NodeReport, Snapshot};
use ferroute_plan::verdict::{Reason, Remark, Verdict};
use serde_json::{Value, json};

use crate::cluster::{add, addresses, apply, complaints, documents};

/// The cluster of the examples: two nodes, and no pod yet.
pub(crate) fn cluster() -> Snapshot {
    let mut snapshot = Snapshot::default();
    for file in [
        "namespaces.yaml",
        "openpe.yaml",
        "metallb.yaml",
        "workload.yaml",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples/metallb")
            .join(file);
        let yaml = fs::read_to_string(path).expect("an example");
        for document in documents::<Value>(&yaml) {
            add(&mut snapshot, document);
        }
    }
    for (n, name) in ["control-plane", "worker"].into_iter().enumerate() {
        let address = format!("172.18.0.{}", n + 2).parse().expect("an address");
        let node = Node {
            internal_ipv4: Some(address),
            ..Node::default()
        };
        snapshot.nodes.insert(name.to_owned(), node);
    }
    for (n, service) in snapshot.services.values_mut().enumerate() {
        service.cluster_ips = addresses(&[&format!("10.96.0.{}", n + 10)]);
    }
    snapshot
}

/// The same with pods on both nodes, and the addresses given.
pub(crate) fn running() -> Snapshot {
    let mut snapshot = cluster();
    for colour in ["red", "blue"] {
        let slice = EndpointSlice {
            service: format!("nginx-service-{colour}"),
            usable: true,
            usable_nodes: vec!["control-plane".to_owned(), "worker".to_owned()],
        };
        snapshot
            .endpoint_slices
            .insert(Key::new(colour, "nginx"), slice);
    }
    let planned = plan(&snapshot);
    apply(&mut snapshot, &planned);
    snapshot
}

#[test]
fn every_node_gets_its_router_and_its_speaker() {
    let planned = plan(&cluster());
    let expected: BTreeMap<String, NodeRouterSpec> = [
        ("control-plane".to_owned(), node_router(0)),
        ("worker".to_owned(), node_router(1)),
    ]
    .into();
    assert_eq!(planned.node_routers, expected);
    assert_eq!(complaints(&planned), BTreeMap::new());
}

#[test]
fn services_get_addresses_first_and_are_announced_once_they_have_them() {
    let mut snapshot = running();
    for service in snapshot.services.values_mut() {
        service.ingress.clear();
    }
    let first = plan(&snapshot);
    assert_eq!(first.route_slices, BTreeMap::new());

    apply(&mut snapshot, &first);
    let given: Vec<_> = snapshot
        .services
        .iter()
        .map(|(key, service)| (key.to_string(), service.ingress.clone()))
        .collect();
    let blue = (
        "blue/nginx-service-blue".to_owned(),
        addresses(&["172.30.0.16"]),
    );
    let red = (
        "red/nginx-service-red".to_owned(),
        addresses(&["172.30.0.10"]),
    );
    assert_eq!(given, [blue, red]);

    let slice = json!({
        "audience": "all",
        "entries": [
            {"prefix": "172.30.0.10/32", "policies": ["metallb-system/bgp-advertisement-red"]},
            {"prefix": "172.30.0.16/32", "policies": ["metallb-system/bgp-advertisement-blue"]},
        ],
    });
    let slice: RouteSliceSpec = serde_json::from_value(slice).expect("a slice");
    assert_eq!(
        plan(&snapshot).route_slices,
        BTreeMap::from([("s.all".to_owned(), slice)])
    );
}

#[test]
fn a_service_with_local_traffic_is_announced_where_its_pods_are() {
    let mut snapshot = running();
    let red = Key::new("red", "nginx-service-red");
    snapshot
        .services
        .get_mut(&red)
        .expect("the service")
        .local_traffic = true;
    let slice = snapshot
        .endpoint_slices
        .get_mut(&Key::new("red", "nginx"))
        .expect("the slice");
    slice.usable_nodes = vec!["worker".to_owned(), "gone".to_owned()];
    assert_eq!(
        announced(&snapshot),
        ["all 172.30.0.16/32", "node/worker 172.30.0.10/32"]
    );
}

#[test]
fn the_last_endpoint_withdraws_the_route() {
    let mut snapshot = running();
    let slice = snapshot
        .endpoint_slices
        .get_mut(&Key::new("red", "nginx"))
        .expect("the slice");
    slice.usable = false;
    slice.usable_nodes.clear();
    assert_eq!(announced(&snapshot), ["all 172.30.0.16/32"]);
    snapshot.endpoint_slices.clear();
    assert_eq!(announced(&snapshot), [""; 0]);
}

#[test]
fn an_advertisement_or_a_pool_that_goes_withdraws_the_route() {
    let mut snapshot = running();
    let red = Key::new("metallb-system", "bgp-advertisement-red");
    let advertisement = snapshot
        .bgp_advertisements
        .remove(&red)
        .expect("the advertisement");
    assert_eq!(announced(&snapshot), ["all 172.30.0.16/32"]);
    snapshot.bgp_advertisements.insert(red, advertisement);
    snapshot
        .pools
        .remove(&Key::new("metallb-system", "address-pool-red"));
    assert_eq!(announced(&snapshot), ["all 172.30.0.16/32"]);
}

#[test]
fn a_node_that_is_excluded_holds_no_policy_and_keeps_its_sessions() {
    let mut snapshot = running();
    snapshot.nodes.get_mut("worker").expect("the node").excluded = true;
    let mut expected = node_router(1);
    expected.speaker.policies.clear();
    assert_eq!(plan(&snapshot).node_routers["worker"], expected);
}

#[test]
fn without_an_underlay_the_speaker_is_still_there() {
    let mut snapshot = cluster();
    snapshot.underlays.clear();
    let expected = NodeRouterSpec {
        underlay: None,
        l3vnis: Vec::new(),
        ..node_router(0)
    };
    let planned = plan(&snapshot);
    assert_eq!(planned.node_routers["control-plane"], expected);
    let none = "NoUnderlay: there is no Underlay with a VTEP prefix to carry it".to_owned();
    let expected = [
        "L3VNI openperouter-system/blue",
        "L3VNI openperouter-system/red",
    ]
    .map(|l3vni| (l3vni.to_owned(), vec![none.clone()]));
    assert_eq!(complaints(&planned), expected.into());
}

#[test]
fn an_object_is_pending_then_applied_or_failed_as_nodes_say() {
    let mut snapshot = cluster();
    let red = Key::new("openperouter-system", "red");
    let on_red = |snapshot: &Snapshot| {
        let planned = plan(snapshot);
        let said = planned
            .verdicts
            .get(ferroute_plan::snapshot::Kind::L3vni, &red)
            .cloned();
        said.expect("a verdict")
    };
    let verdict = |reason, message: &str| Verdict {
        nodes: Some(Remark::new(reason, message)),
        ..Verdict::default()
    };
    let pending = "not applied yet on node control-plane and 1 more";
    assert_eq!(on_red(&snapshot), verdict(Reason::Pending, pending));

    let applied = plan(&snapshot).node_routers;
    let report = |name: &str| {
        (
            name.to_owned(),
            NodeReport {
                applied: Some(applied[name].clone()),
                ..NodeReport::default()
            },
        )
    };
    snapshot.reports.extend([report("control-plane")]);
    let pending = "not applied yet on node worker";
    assert_eq!(on_red(&snapshot), verdict(Reason::Pending, pending));

    snapshot.reports.extend([report("worker")]);
    assert_eq!(
        on_red(&snapshot),
        verdict(Reason::Applied, "applied on every node")
    );

    // What is asked of a node for others is not waited for here; what is asked for this object is.
    let mut other = snapshot.clone();
    other.l3vnis.retain(|key, _| *key == red);
    other.peers.clear();
    let applied = verdict(Reason::Applied, "applied on every node");
    assert_eq!(on_red(&other), applied);
    other.l3vnis.get_mut(&red).expect("red").spec.vni += 1;
    let pending = "not applied yet on node control-plane and 1 more";
    assert_eq!(on_red(&other), verdict(Reason::Pending, pending));

    let on_worker = |snapshot: &mut Snapshot, failure: Value| {
        let failure = serde_json::from_value(failure).expect("a failure");
        let report = snapshot.reports.get_mut("worker").expect("the report");
        report.failures = vec![failure];
    };
    let nobody = json!({"kind": "", "namespace": "", "name": ""});
    let refused = json!({"source": nobody, "reason": "RefusedByFRR", "message": "a line"});
    on_worker(&mut snapshot, refused);
    assert_eq!(on_red(&snapshot), applied);
    let away = json!({"source": nobody, "reason": "FRRNotReached", "message": "no bgpd"});
    on_worker(&mut snapshot, away);
    let failed = "node worker: no bgpd";
    assert_eq!(on_red(&snapshot), verdict(Reason::NodeFailed, failed));
    let failure = json!({
        "source": {"kind": "L3VNI", "namespace": "openperouter-system", "name": "red"},
        "reason": "Kernel",
        "message": "no VRF in this kernel",
    });
    on_worker(&mut snapshot, failure);
    let failed = "node worker: no VRF in this kernel";
    assert_eq!(on_red(&snapshot), verdict(Reason::NodeFailed, failed));
}

#[test]
fn the_index_that_a_node_router_holds_counts_before_annotations() {
    use ferroute_plan::index::NodeIndex;
    let mut snapshot = cluster();
    let mine = NodeReport {
        index: Some(NodeIndex(1)),
        ..NodeReport::default()
    };
    snapshot.reports.insert("worker".to_owned(), mine);
    for node in snapshot.nodes.values_mut() {
        node.index = Some(NodeIndex(1));
    }
    let indexes: Vec<_> = plan(&snapshot).indexes.into_iter().collect();
    let expected = [("control-plane", 0), ("worker", 1)];
    assert_eq!(
        indexes,
        expected.map(|(name, index)| (name.to_owned(), NodeIndex(index)))
    );
}

#[test]
fn vnis_that_are_alike_in_16_bits_have_distinguishers_of_their_own() {
    let mut snapshot = cluster();
    let manifest = json!({
        "apiVersion": "openpe.openperouter.github.io/v1alpha1",
        "kind": "L3VNI",
        "metadata": {"name": "green", "namespace": "z", "creationTimestamp": "2026-01-02T00:00:00Z"},
        "spec": {"vni": 65_636},
    });
    add(&mut snapshot, manifest);
    let routers = plan(&snapshot).node_routers;
    let distinguishers: Vec<_> = routers["worker"]
        .l3vnis
        .iter()
        .map(|l3vni| (l3vni.vni, l3vni.route_distinguisher.as_str()))
        .collect();
    let expected = [
        (100, "100.65.0.2:100"),
        (200, "100.65.0.2:200"),
        (65_636, "100.65.0.2:101"),
    ];
    assert_eq!(distinguishers, expected);
}

/// Audience and prefix of all entries.
fn announced(snapshot: &Snapshot) -> Vec<String> {
    let slices = plan(snapshot).route_slices;
    let entries = slices.values().flat_map(|slice| {
        slice
            .entries
            .iter()
            .map(|entry| format!("{} {}", slice.audience, entry.prefix))
    });
    entries.collect()
}

fn node_router(index: u32) -> NodeRouterSpec {
    let vtep = format!("100.65.0.{}", index + 1);
    let source = |kind: &str, name: &str| json!({"kind": kind, "namespace": "openperouter-system", "name": name});
    let l3vni = |name: &str, vni: u32, net: &str| {
        json!({
            "source": source("L3VNI", name),
            "vrf": name,
            "vni": vni,
            "vxlanPort": 4789,
            "vtep": vtep,
            "asn": 64514,
            "routeDistinguisher": format!("{vtep}:{vni}"),
            "hostSession": {
                "hostAsn": 64515,
                "router": [format!("{net}.1/24")],
                "host": [format!("{net}.{}/24", index + 2)],
            },
        })
    };
    let neighbor = |address: &str, peer: &str| {
        json!({
            "id": address,
            "sources": [
                {"kind": "BGPPeer", "namespace": "metallb-system", "name": peer},
                {"kind": "FRRConfiguration", "namespace": "frr-k8s-system", "name": "receive-all"},
            ],
            "address": address,
            "remoteAsn": "64514",
            "ipv4": true,
            "accept": {"all": true},
        })
    };
    let policy = |colour: &str, peer: &str| json!({"id": format!("metallb-system/bgp-advertisement-{colour}"), "peers": [peer]});
    let spec = json!({
        "nodeIndex": index,
        "underlay": {
            "source": source("Underlay", "underlay"),
            "asn": 64514,
            "routerId": vtep,
            "vteps": [vtep],
            "nics": ["toswitch"],
            "neighbors": [{
                "id": "192.168.11.2",
                "sources": [source("Underlay", "underlay")],
                "address": "192.168.11.2",
                "remoteAsn": "64512",
                "ipv4": true,
            }],
        },
        "l3vnis": [l3vni("red", 100, "192.169.10"), l3vni("blue", 200, "192.169.11")],
        "speaker": {
            "routers": [{
                "asn": 64515,
                "routerId": format!("172.18.0.{}", index + 2),
                "neighbors": [neighbor("192.169.10.1", "peerred"), neighbor("192.169.11.1", "peerblue")],
            }],
            "policies": [policy("blue", "192.169.11.1"), policy("red", "192.169.10.1")],
        },
    });
    serde_json::from_value(spec).expect("a NodeRouter")
}
