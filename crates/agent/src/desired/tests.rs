//! What is asked, and what becomes of it, in files of `cases/`: `asked.yaml` leads to `expected`.
//! `FERROUTE_WRITE_EXPECTED=1` writes what is made now, for a person to read before it is kept.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ferroute_api::ferroute::{NodeRouterSpec, SecretKey};
use serde::Deserialize;

use super::{Announced, Desired, Secrets, desired};

const WRITE: &str = "FERROUTE_WRITE_EXPECTED";

#[derive(Deserialize)]
struct Asked {
    spec: NodeRouterSpec,
    #[serde(default)]
    prefixes: Announced,
    /// Passwords by `namespace/name`; an empty one could not be read.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

#[test]
fn what_is_asked_leads_to_what_is_expected() {
    let mut cases = 0;
    for case in folders() {
        let asked = asked(&case.join("asked.yaml"));
        let made = desired(&asked.spec, &asked.prefixes, &secrets(&asked.secrets));
        let (text, expected) = (written(&made), case.join("expected"));
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&expected, &text).unwrap();
        }
        assert_eq!(text, read(&expected), "{}", case.display());
        cases += 1;
    }
    assert!(cases > 0, "no cases");
}

fn folders() -> impl Iterator<Item = PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/desired/cases");
    let entries = std::fs::read_dir(cases).unwrap();
    entries.map(|entry| entry.unwrap().path())
}

/// By way of JSON, as the API has it: YAML writes enums in another way.
fn asked(path: &Path) -> Asked {
    let value: serde_json::Value = serde_yaml::from_str(&read(path)).unwrap();
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn secrets(passwords: &BTreeMap<String, String>) -> Secrets {
    let key = |path: &str| {
        let (namespace, name) = path.split_once('/').unwrap();
        SecretKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    };
    let password = |text: &String| match text.as_str() {
        "" => Err("not found".to_owned()),
        text => Ok(text.to_owned()),
    };
    passwords
        .iter()
        .map(|(path, text)| (key(path), password(text)))
        .collect()
}

fn written(made: &Desired) -> String {
    let mut text = String::new();
    for failure in &made.failures {
        let source = &failure.source;
        let (kind, namespace, name) = (&source.kind, &source.namespace, &source.name);
        let (reason, message) = (&failure.reason, &failure.message);
        writeln!(text, "{kind} {namespace}/{name}: {reason}: {message}").unwrap();
    }
    writeln!(text, "announced: {}", made.announced).unwrap();
    writeln!(text, "\n=== kernel\n{:#?}", made.kernel).unwrap();
    writeln!(text, "\n=== router\n{}", made.router).unwrap();
    write!(text, "\n=== speaker\n{}", made.speaker).unwrap();
    text
}
