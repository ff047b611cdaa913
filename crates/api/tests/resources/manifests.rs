//! config/crd holds what the code says.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ferroute_api::crds::{manifests, write_crds};

/// Set to write the manifests instead of comparing them.
const WRITE: &str = "FERROUTE_WRITE_CRDS";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config/crd")
}

fn on_disk() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder()).expect("config/crd");
    let file = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy();
        let text = fs::read_to_string(&path).expect("a manifest");
        (name.into_owned(), text)
    };
    entries
        .map(|entry| file(entry.expect("an entry").path()))
        .collect()
}

#[test]
fn the_manifests_in_config_crd_are_those_of_the_code() {
    if std::env::var_os(WRITE).is_some() {
        write_crds(&folder()).expect("the manifests are written");
    }
    let fresh: BTreeMap<String, String> = manifests().expect("manifests").into_iter().collect();
    let stored = on_disk();
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&stored), names(&fresh));
    for (name, text) in &fresh {
        assert!(stored[name] == *text, "{name} is stale; run `make crds`");
    }
}
