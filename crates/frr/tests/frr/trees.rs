//! Rendering, parsing and diff, on configurations that are near to one another.

use std::path::Path;

use ferroute_frr::config::Config;
use ferroute_frr::diff::diff;
use ferroute_frr::tree::Tree;

use crate::sample::mutation::{MUTATIONS, Walk};
use crate::sample::{everything, speaker};

/// Configurations a few changes apart.
fn walk(steps: usize) -> impl Iterator<Item = Config> {
    let mut config = everything();
    Walk::new(11).take(steps).map(move |changes| {
        for (index, n) in changes {
            MUTATIONS[index](&mut config, n);
        }
        config.clone()
    })
}

#[test]
fn what_is_rendered_is_read_as_the_same_tree() {
    for config in walk(500) {
        assert_eq!(Tree::parse(&config.to_string()), Tree::from(&config));
    }
}

#[test]
fn indentation_means_nothing() {
    let text = everything().to_string();
    let flat: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(Tree::parse(&flat.join("\n")), Tree::from(&everything()));
}

#[test]
fn there_is_nothing_to_do_from_a_configuration_to_itself() {
    for config in walk(500) {
        assert_eq!(diff(&Tree::from(&config), &Tree::from(&config)), []);
    }
}

#[test]
fn a_password_is_not_shown_in_a_command() {
    let commands = diff(&Tree::default(), &Tree::from(&everything()));
    let shown: Vec<String> = commands.iter().map(ToString::to_string).collect();
    assert!(shown.contains(&"router bgp 64514 / neighbor 192.168.11.2 password ***".to_owned()));
    assert!(!shown.iter().any(|line| line.contains("s3cret")));
}

/// Compares with a file of the test data. `FERROUTE_BLESS=1` writes the file instead.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("FERROUTE_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
    }
    assert_eq!(
        text,
        std::fs::read_to_string(path).unwrap(),
        "{}",
        path.display()
    );
}

#[test]
fn configurations_render_as_the_files_of_the_test_data() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    golden(&data.join("everything.conf"), &everything().to_string());
    golden(&data.join("speaker.conf"), &speaker(3).to_string());
}

/// `testdata/<case>`: from `running.conf` to `desired.conf` by `commands`.
#[test]
fn differences_are_the_commands_of_the_test_data() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let entries = std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let cases: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(!cases.is_empty());
    for case in cases {
        let tree = |file| Tree::parse(&std::fs::read_to_string(case.join(file)).unwrap());
        let commands = diff(&tree("running.conf"), &tree("desired.conf"));
        let lines: Vec<String> = commands
            .iter()
            .map(|command| format!("{command}\n"))
            .collect();
        golden(&case.join("commands"), &lines.concat());
    }
}
