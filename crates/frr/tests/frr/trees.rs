//! Rendering, parsing and diff, on configurations that are near to one another.

use ferroute_frr::config::Config;
use ferroute_frr::diff::diff;
use ferroute_frr::tree::Tree;

use crate::sample::everything;
use crate::sample::mutation::{MUTATIONS, Walk};

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

#[test]
fn the_sample_renders_as_the_file_of_the_test_data() {
    assert_eq!(
        everything().to_string(),
        include_str!("../../testdata/everything.conf")
    );
}
