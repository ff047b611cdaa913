//! Objects that cannot be used: what is said of them, and that all the others go on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ferroute_plan::plan;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{add, complaints, documents};
use crate::demo::running;

/// Something added to the running cluster of the examples.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    case: String,
    add: Vec<Value>,
    /// All complaints after it.
    expect: BTreeMap<String, Vec<String>>,
}

#[test]
fn a_bad_object_is_named_with_its_reason_and_changes_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/bad-input.yaml");
    let yaml = fs::read_to_string(path).expect("the table");
    let cases: Vec<Story> = documents::<Vec<Story>>(&yaml).concat();
    assert!(!cases.is_empty());
    let before = plan(&running());
    for Story {
        case,
        add: objects,
        expect,
    } in cases
    {
        let mut snapshot = running();
        for object in objects {
            add(&mut snapshot, dated(object));
        }
        let after = plan(&snapshot);
        assert_eq!(complaints(&after), expect, "{case}");
        assert_eq!(after.node_routers, before.node_routers, "{case}");
        assert_eq!(after.services, before.services, "{case}");
        assert_eq!(after.route_slices, before.route_slices, "{case}");
    }
}

#[test]
fn a_prefix_that_is_too_small_stops_the_nodes_that_it_has_no_address_for() {
    let mut snapshot = running();
    let underlay = snapshot
        .underlays
        .values_mut()
        .next()
        .expect("the underlay");
    underlay.spec.vtepcidr = Some("100.65.0.0/31".to_owned());
    let after = plan(&snapshot);
    let said = "PrefixExhausted: node worker: spec.vtepcidr: 100.65.0.0/31 has no address for node index 1";
    let expected = [(
        "Underlay openperouter-system/underlay".to_owned(),
        vec![said.to_owned()],
    )];
    assert_eq!(complaints(&after), expected.into());
    let before = plan(&running());
    assert_eq!(
        after.node_routers["control-plane"],
        before.node_routers["control-plane"]
    );
    assert_eq!(after.node_routers["worker"].underlay, None);
    assert_eq!(after.node_routers["worker"].l3vnis, []);
    assert_eq!(
        after.node_routers["worker"].speaker,
        before.node_routers["worker"].speaker
    );
}

#[test]
fn a_local_prefix_that_is_too_small_leaves_out_one_overlay_of_one_node() {
    let mut snapshot = running();
    let red = snapshot
        .l3vnis
        .values_mut()
        .find(|l3vni| l3vni.spec.vni == 100)
        .expect("red");
    red.spec.localcidr.as_mut().expect("a prefix").ipv4 = Some("192.169.10.0/30".to_owned());
    let after = plan(&snapshot);
    let said =
        "PrefixExhausted: node worker: localcidr: 192.169.10.0/30 has no address for node index 1";
    let expected = [(
        "L3VNI openperouter-system/red".to_owned(),
        vec![said.to_owned()],
    )];
    assert_eq!(complaints(&after), expected.into());
    let vnis = |node: &str| {
        after.node_routers[node]
            .l3vnis
            .iter()
            .map(|l3vni| l3vni.vni)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (vnis("control-plane"), vnis("worker")),
        (vec![100, 200], vec![200])
    );
}

/// Newer than what is there, unless it says when it was made.
fn dated(mut object: Value) -> Value {
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    metadata
        .entry("creationTimestamp")
        .or_insert("2026-01-02T00:00:00Z".into());
    object
}
