//! What a real API server says: it takes the CRDs, and its rules decide as those in Rust do.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cases::{Case, refused, testdata};
use crate::cluster::{Cluster, text};

#[test]
fn an_apiserver_takes_the_crds_and_decides_as_the_rules_in_rust_do() {
    let cluster = Cluster::start();
    install(&cluster);
    accepts_the_manifests_of_the_demo(&cluster);
    accepts_the_samples(&cluster);
    refuses_new_objects_as_the_cases_say(&cluster);
    refuses_updates_as_the_cases_say(&cluster);
    refuses_fields_that_do_not_exist(&cluster);
    shows_sessions_in_the_columns_people_know(&cluster);
}

fn repository(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join(path);
    path.to_str().expect("a UTF-8 path").to_owned()
}

fn install(cluster: &Cluster) {
    let said = cluster.must(&["apply", "--server-side", "-f", &repository("config/crd")]);
    assert!(!said.contains("Warning"), "{said}");
    cluster.must(&[
        "wait",
        "crd",
        "--all",
        "--for=condition=Established",
        "--timeout=60s",
    ]);
}

fn accepts_the_manifests_of_the_demo(cluster: &Cluster) {
    for file in ["namespaces.yaml", "openpe.yaml", "metallb.yaml"] {
        let path = repository(&format!("examples/metallb/{file}"));
        let said = cluster.must(&["apply", "-f", &path]);
        assert!(!said.contains("Warning"), "{said}");
    }
}

fn accepts_the_samples(cluster: &Cluster) {
    let file = cluster.file("samples", &manifest(&testdata("samples.yaml")));
    let said = cluster.must(&["create", "-f", &file]);
    assert!(!said.contains("Warning"), "{said}");
}

fn manifest(objects: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()
}

fn refuses_new_objects_as_the_cases_say(cluster: &Cluster) {
    let mut cases = refused();
    cases.retain(|case| case.before.is_none());
    let objects: Vec<Value> = cases.iter().map(|case| case.object.clone()).collect();
    let file = cluster.file("refused", &manifest(&objects));
    let output = cluster.kubectl(&[
        "create",
        "--dry-run=server",
        "--validate=false",
        "-f",
        &file,
    ]);
    let errors = text(&output.stderr);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| complaint(case, &errors))
        .collect();
    assert!(wrong.is_empty(), "{}\nin {errors}", wrong.join("\n"));
}

/// What the server says otherwise than the case expects.
fn complaint(case: &Case, errors: &str) -> Option<String> {
    let name = case.object["metadata"]["name"].as_str().expect("a name");
    let quoted = format!("\"{name}\"");
    let mut lines = errors.lines();
    let said = lines
        .find(|line| line.contains(&quoted))
        .unwrap_or_default();
    let field = if case.path.is_empty() {
        "<nil>"
    } else {
        &case.path
    };
    let refused = said.contains(&format!("{field}: "));
    let expected = if case.unseen {
        said.is_empty()
    } else {
        refused
    };
    (!expected).then(|| format!("{} ({}): {said}", case.name, case.path))
}

fn refuses_updates_as_the_cases_say(cluster: &Cluster) {
    for case in refused() {
        let Some(before) = &case.before else { continue };
        let old = cluster.file("before", &before.to_string());
        cluster.must(&["create", "-f", &old]);
        let new = cluster.file("after", &case.object.to_string());
        let output = cluster.kubectl(&["replace", "-f", &new]);
        let errors = text(&output.stderr);
        let expected = errors.contains(&case.path) && errors.contains(&case.says);
        assert!(expected, "{}: {errors}", case.name);
    }
}

fn refuses_fields_that_do_not_exist(cluster: &Cluster) {
    let mut object = testdata("samples.yaml").remove(0);
    object["spec"]["vtepcdir"] = json!("100.65.0.0/24");
    let file = cluster.file("misspelt", &object.to_string());
    let output = cluster.kubectl(&["apply", "--dry-run=server", "-f", &file]);
    let errors = text(&output.stderr);
    assert!(
        errors.contains("unknown field \"spec.vtepcdir\""),
        "{errors}"
    );
}

fn shows_sessions_in_the_columns_people_know(cluster: &Cluster) {
    let state = json!({
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "BGPSessionState",
        "metadata": { "name": "node-a-1" },
        "spec": {},
    });
    let file = cluster.file("state", &state.to_string());
    cluster.must(&["create", "-f", &file]);
    let status = json!({ "status": {
        "node": "node-a",
        "peer": "192.0.2.1",
        "bgpStatus": "Established",
        "bfdStatus": "N/A",
    }});
    let patch = status.to_string();
    let kind = "bgpsessionstates.frrk8s.metallb.io";
    let to_status = ["--subresource=status", "--type=merge", "-p", &patch];
    cluster.must(&[&["patch", kind, "node-a-1"], &to_status[..]].concat());
    let table = cluster.must(&["get", kind]);
    let words: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        words,
        [
            vec!["NAME", "NODE", "PEER", "VRF", "BGP", "BFD"],
            vec!["node-a-1", "node-a", "192.0.2.1", "Established", "N/A"],
        ]
    );
}
