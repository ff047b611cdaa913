//! Which daemon a line belongs to.

use crate::diff::Command;
use crate::tree::is_static_route;
use crate::vty::Daemon;

/// The first words of lines at the root, and whose they are. bgpd reads its own copy of lists
/// and route-maps; no other daemon here uses any, so nobody else is told.
const OWNERS: [(&str, &[Daemon]); 13] = [
    ("router bgp", BGPD),
    ("route-map", BGPD),
    ("ip prefix-list", BGPD),
    ("ipv6 prefix-list", BGPD),
    ("bgp", BGPD),
    ("hostname", BGPD),
    ("bfd", &[Daemon::Bfdd]),
    ("vrf", ZEBRA),
    ("interface", ZEBRA),
    ("ip nht", ZEBRA),
    ("ipv6 nht", ZEBRA),
    ("ip route", STATIC),
    ("ipv6 route", STATIC),
];

const BGPD: &[Daemon] = &[Daemon::Bgpd];
/// Since FRR 10 mgmtd reads these for zebra, and zebra itself does not know them any more.
const ZEBRA: &[Daemon] = &[Daemon::Mgmtd, Daemon::Zebra];

/// The same for staticd.
const STATIC: &[Daemon] = &[Daemon::Mgmtd, Daemon::Staticd];

/// The daemons to try, in this order, for what stands at or below this line of the root.
/// Free configuration may be anybody's.
pub(super) fn owners(root: &str) -> &'static [Daemon] {
    let root = root.strip_prefix("no ").unwrap_or(root);
    let owner = OWNERS.iter().find(|(words, _)| begins_with(root, words));
    owner.map_or(&Daemon::ALL, |(_, daemons)| daemons)
}

/// Whether nobody knows whose this line of the root is: each daemon is tried.
pub(super) fn is_anybodys(root: &str) -> bool {
    owners(root) == Daemon::ALL
}

/// The daemons to try for a command.
pub(super) fn owners_of(command: &Command) -> &'static [Daemon] {
    match command.context.first() {
        Some(root) => owners_within(root, &command.line),
        None => owners(&command.line),
    }
}

/// The daemons to try for a line in a context of the root. A VRF is zebra's, and its static
/// routes are not.
pub(super) fn owners_within(root: &str, line: &str) -> &'static [Daemon] {
    if is_static_route(line) {
        STATIC
    } else {
        owners(root)
    }
}

fn begins_with(line: &str, words: &str) -> bool {
    line.strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
