//! Good objects are read whole and accepted; bad ones are refused with their field and the reason.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cases::{Case, Parsed, documents, parse, refused, testdata};
use ferroute_api::crds::crds;
use serde_json::Value;

#[test]
fn samples_come_back_as_they_were() {
    for sample in testdata("samples.yaml") {
        let Some(Parsed::Read { verdict, written }) = parse(&sample) else {
            panic!("unreadable: {sample:#}");
        };
        assert_eq!(verdict, Ok(()), "{sample:#}");
        assert_eq!(written, sample);
    }
}

#[test]
fn the_manifests_of_the_demo_lose_nothing_and_are_accepted() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/metallb");
    let files = ["openpe.yaml", "metallb.yaml"].map(|file| documents(&folder.join(file)));
    let objects = files.concat();
    assert_eq!(objects.len(), 10);
    for object in objects {
        let Some(Parsed::Read { verdict, written }) = parse(&object) else {
            panic!("unreadable: {object:#}");
        };
        assert_eq!(verdict, Ok(()), "{object:#}");
        assert!(holds(&written, &object), "{object:#} became {written:#}");
    }
}

/// Whether `whole` has all of `part`, and beside it at most what has a default.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|whole| holds(whole, value))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| holds(w, p))
        }
        _ => whole == part,
    }
}

#[test]
fn every_field_of_every_kind_is_in_a_sample() {
    let mut set = BTreeSet::new();
    for sample in testdata("samples.yaml") {
        let kind = sample["kind"].as_str().expect("a kind");
        fields_of_object(&sample["spec"], &format!("{kind}.spec"), &mut set);
    }
    let mut known = BTreeSet::new();
    for crd in crds() {
        let kind = &crd.spec.names.kind;
        let crd = serde_json::to_value(&crd).expect("JSON");
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let ours = crd["spec"]["group"] == "ferroute.io" || kind == "BGPSessionState";
        if !ours {
            fields_of_schema(spec, &format!("{kind}.spec"), &mut known);
        }
    }
    let missing: Vec<_> = known.difference(&set).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

fn fields_of_object(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                fields_of_object(value, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                fields_of_object(item, path, found);
            }
        }
        _ => {}
    }
}

fn fields_of_schema(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    // Kubernetes' own type; its fields are not ours to cover.
    if schema["properties"].get("matchLabels").is_some() {
        return;
    }
    if !schema["items"].is_null() {
        fields_of_schema(&schema["items"], path, found);
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    for (name, property) in properties {
        let path = format!("{path}.{name}");
        fields_of_schema(property, &path, found);
        found.insert(path);
    }
}

#[test]
fn every_refused_object_says_which_field_and_why() {
    let cases = refused();
    let new_objects = cases.iter().filter(|case| case.before.is_none());
    let wrong: Vec<String> = new_objects.filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What ferroute says otherwise than the case expects.
fn complaint(case: &Case) -> Option<String> {
    let seen = match parse(&case.object).expect("a kind of ours") {
        Parsed::Unreadable(error) => {
            return (!error.contains(&case.says)).then(|| format!("{}: {error}", case.name));
        }
        Parsed::Read { verdict, .. } => verdict,
    };
    let violations = seen.err().map(|found| found.0).unwrap_or_default();
    let expected = violations.len() == 1
        && violations[0].path == case.path
        && violations[0].problem.to_string().contains(&case.says);
    (!expected).then(|| format!("{}: {violations:#?}", case.name))
}
