//! Whatever a custom resource says, it stays one word of one line.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ferroute_frr::config::RawSnippet;
use ferroute_frr::word::{
    Community, Description, Hostname, InterfaceName, Name, Password, RawLine, RouteDistinguisher,
    RouteTarget, VrfName, WordError,
};
use proptest::prelude::*;

/// Text with what an attacker would try in it.
fn hostile() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("\n"),
        Just("\r"),
        Just("\0"),
        Just(" "),
        Just("\t"),
        Just("\u{85}"),
        Just("\u{2028}"),
        Just("!"),
        Just("#"),
        Just("|"),
        Just("exit"),
        Just("neighbor 6.6.6.6 remote-as 666"),
        Just("red"),
        Just("10"),
        Just(":"),
        Just("*"),
        Just("65000:1"),
        Just("-"),
        Just("é"),
    ];
    prop_oneof![
        proptest::collection::vec(bits, 0..6).prop_map(|bits| bits.concat()),
        any::<String>()
    ]
}

fn is_word<T: FromStr + Display>(text: &str) -> bool {
    text.parse::<T>()
        .map_or(true, |word| is_one_word(&word.to_string()))
}

fn is_one_word(rendered: &str) -> bool {
    !rendered.is_empty() && rendered.chars().all(|c| c.is_ascii_graphic())
}

proptest! {
    #[test]
    fn a_word_is_one_word(text in hostile()) {
        prop_assert!(is_word::<VrfName>(&text));
        prop_assert!(is_word::<Name>(&text));
        prop_assert!(is_word::<InterfaceName>(&text));
        prop_assert!(is_word::<Hostname>(&text));
        prop_assert!(is_word::<Community>(&text));
        prop_assert!(is_word::<RouteDistinguisher>(&text));
        prop_assert!(is_word::<RouteTarget>(&text));
    }

    #[test]
    fn a_text_is_one_line(text in hostile()) {
        for rendered in [text.parse::<Description>().map(|line| line.to_string()), text.parse::<RawLine>().map(|line| line.to_string())] {
            prop_assert!(!rendered.unwrap_or_default().contains(char::is_control));
        }
    }

    #[test]
    fn a_password_is_nowhere_but_in_the_configuration(text in "[a-z]{8,20}( [a-z]+)?") {
        let shown = match text.parse::<Password>() {
            Ok(password) => format!("{password:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains(&text), "{shown}");
    }
}

fn refused<T: FromStr<Err = WordError> + Debug>(text: &str) -> String {
    text.parse::<T>().unwrap_err().to_string()
}

#[test]
fn a_refusal_shows_the_value_escaped_and_says_what_is_wrong() {
    assert_eq!(
        refused::<VrfName>("red\nx"),
        r#"VRF name "red\nx" contains '\n'"#
    );
    assert_eq!(
        refused::<VrfName>("default"),
        r#"VRF name "default" is reserved"#
    );
    assert_eq!(
        refused::<VrfName>("a-name-of-16-char"),
        r#"VRF name "a-name-of-16-char" is longer than 15 bytes"#
    );
    assert_eq!(refused::<Name>(""), "a name must not be empty");
    assert_eq!(
        refused::<InterfaceName>("10.0.0.1"),
        r#"interface name "10.0.0.1" is reserved"#
    );
    for nowhere in ["blackhole", "reject", "NULL0"] {
        assert!(refused::<InterfaceName>(nowhere).ends_with("is reserved"));
    }
    assert_eq!(
        refused::<InterfaceName>("10.0.0.0/8"),
        r#"interface name "10.0.0.0/8" contains '/'"#
    );
    assert_eq!(
        refused::<InterfaceName>("any"),
        r#"interface name "any" is reserved"#
    );
    assert_eq!(
        refused::<VrfName>("route-map"),
        r#"VRF name "route-map" is reserved"#
    );
    assert_eq!(
        refused::<Community>("65536:1"),
        r#""65536:1" is not a community: expected AS:N or the name of a well-known one"#
    );
    assert_eq!(
        refused::<Password>("a b"),
        "*** is not a password: expected printable ASCII without spaces"
    );
}

#[test]
fn numbers_are_written_as_frr_prints_them() {
    let community = |text: &str| text.parse::<Community>().unwrap().to_string();
    assert_eq!(community("65535:65281"), "no-export");
    assert_eq!(community("local-as"), "local-AS");
    assert_eq!(community("large:1:2:3"), "1:2:3");
    assert_eq!(community("0065000:01"), "65000:1");
    let target = |text: &str| {
        text.parse::<RouteTarget>()
            .map(|target| target.to_string())
            .ok()
    };
    assert_eq!(target("*:100").as_deref(), Some("*:100"));
    assert_eq!(target("70000:65535").as_deref(), Some("70000:65535"));
    assert_eq!(target("70000:65536"), None);
    assert_eq!(target("10.0.0.1:65536"), None);
    assert_eq!(
        target("65000:4294967295").as_deref(),
        Some("65000:4294967295")
    );
}

#[test]
fn a_snippet_of_free_configuration_is_split_into_lines() {
    let snippet = RawSnippet::parse("router bgp 1\r\n\tneighbor x peer-group\n\nexit\n").unwrap();
    let lines: Vec<String> = snippet.lines.iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["router bgp 1", " neighbor x peer-group", "exit"]);
    RawSnippet::parse("a\0b").unwrap_err();
    RawSnippet::parse("bgp as-path access-list x permit ^1$|2$").unwrap();
    RawSnippet::parse("neighbor x description a | include x").unwrap_err();
}
