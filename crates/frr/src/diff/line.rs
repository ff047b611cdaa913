//! What FRR makes of single lines: which replaces which, and what takes one away.

use crate::tree::{Scope, is_static_route};

/// Lines that replace one another: two lines of one pattern whose `$` words agree. `*` is a word
/// that may differ, `**` any number of them. The first pattern that fits counts.
fn patterns(scope: Scope) -> &'static [&'static str] {
    match scope {
        Scope::Root => &[
            "hostname *",
            "bgp route-map delay-timer *",
            "ip prefix-list $ seq $ **",
            "ipv6 prefix-list $ seq $ **",
            "route-map $ * $",
        ],
        Scope::Router => &[
            "bgp router-id *",
            "bgp graceful-restart restart-time *",
            "coalesce-time *",
            "neighbor $ local-as **",
            "neighbor $ description **",
            "neighbor $ bfd profile *",
            "neighbor $ password **",
            "neighbor $ port *",
            "neighbor $ ebgp-multihop **",
            "neighbor $ update-source *",
            "neighbor $ timers connect *",
            "neighbor $ timers * *",
        ],
        Scope::AddressFamily => &[
            "network $ **",
            "neighbor $ route-map * in",
            "neighbor $ route-map * out",
            "neighbor $ maximum-prefix **",
            "neighbor $ allowas-in **",
            "rd *",
        ],
        Scope::EvpnVni => &["rd *"],
        Scope::RouteMap => &[
            "description **",
            "match ip address prefix-list *",
            "match ipv6 address prefix-list *",
            "match tag *",
            "set ip next-hop *",
            "set ipv6 next-hop global *",
            "set community **",
            "set large-community **",
            "set local-preference *",
            "set metric *",
            "set tag *",
            "on-match **",
            "call *",
        ],
        Scope::BfdProfile => &[
            "detect-multiplier *",
            "transmit-interval *",
            "receive-interval *",
            "echo transmit-interval *",
            "echo receive-interval *",
            "minimum-ttl *",
        ],
        // FRR 8 takes no other VNI for a VRF that has one.
        Scope::Vrf | Scope::Bfd | Scope::Other => &[],
    }
}

/// What a line sets, if another line of its context may set it again: the words that stay.
pub(super) fn slot(scope: Scope, line: &str) -> Option<String> {
    patterns(scope)
        .iter()
        .find_map(|pattern| fit(pattern, line))
}

fn fit(pattern: &str, line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let mut slot = pattern.to_owned();
    for expected in pattern.split(' ') {
        match (expected, words.next()) {
            ("**", _) => return Some(slot),
            ("*", Some(_)) => {}
            ("$", Some(word)) => {
                slot.push(' ');
                slot.push_str(word);
            }
            (literal, Some(word)) if literal == word => {}
            _ => return None,
        }
    }
    words.next().is_none().then_some(slot)
}

/// A rule of a prefix-list without its number.
pub(super) fn rule(line: &str) -> Option<String> {
    let (list, numbered) = line.split_once(" seq ")?;
    let (_, rule) = numbered.split_once(' ')?;
    let is_list = list.starts_with("ip prefix-list ") || list.starts_with("ipv6 prefix-list ");
    is_list.then(|| format!("{list} {rule}"))
}

/// Whether a static route must go before those of the same prefix come: FRR takes no next hop
/// beside a black hole. Any other goes after them, so that there always is one.
pub(super) fn is_in_the_way(line: &str, wanted: impl Fn(&str) -> bool) -> bool {
    if !is_static_route(line) {
        return false;
    }
    let words: Vec<&str> = line.split(' ').take(4).collect();
    match words.as_slice() {
        [_, _, _, "blackhole" | "reject" | "Null0"] => true,
        [ip, route, net, _] => wanted(&format!("{ip} {route} {net} blackhole")),
        _ => false,
    }
}

/// The peer of a line of a BGP instance.
pub(crate) fn peer(line: &str) -> Option<&str> {
    let line = line.strip_prefix("no ").unwrap_or(line);
    line.strip_prefix("neighbor ")?.split(' ').next()
}

/// The peer that a line defines: without this line there is no such neighbor.
pub(crate) fn definition(line: &str) -> Option<&str> {
    let (peer, rest) = line.strip_prefix("neighbor ")?.split_once(' ')?;
    let defines = rest == "peer-group" || rest.starts_with("remote-as ");
    (defines || rest.starts_with("interface")).then_some(peer)
}

/// Whether bgpd connects to a peer on this line at once, offering the families that it knows by then: others that
/// come later end the session again (seen with 10.3).
pub(super) fn connects(line: &str) -> bool {
    fit("neighbor $ timers connect *", line).is_some()
}

/// The line that takes a line away.
pub(super) fn negation(scope: Scope, line: &str) -> String {
    if let Some(positive) = line.strip_prefix("no ") {
        return positive.to_owned();
    }
    let negative = match (scope, definition(line)) {
        (Scope::Router, Some(peer)) => undefined(peer, line),
        (Scope::BfdProfile, _) => bfd_default(line),
        _ => None,
    };
    negative.unwrap_or_else(|| format!("no {line}"))
}

fn undefined(peer: &str, line: &str) -> Option<String> {
    let rest = line
        .strip_prefix("neighbor ")?
        .strip_prefix(peer)?
        .trim_start();
    let word = rest.split(' ').next().filter(|word| *word != "remote-as");
    Some(match word {
        None => format!("no neighbor {peer}"),
        Some(word) => format!("no neighbor {peer} {word}"),
    })
}

/// bfdd has no `no` for these: they go back to what they were.
fn bfd_default(line: &str) -> Option<String> {
    let defaults = [
        "detect-multiplier 3",
        "transmit-interval 300",
        "receive-interval 300",
        "echo transmit-interval 50",
        "echo receive-interval 50",
    ];
    let slot_of = |line| slot(Scope::BfdProfile, line);
    let own = slot_of(line)?;
    defaults
        .into_iter()
        .find(|line| slot_of(line).as_ref() == Some(&own))
        .map(str::to_owned)
}
