//! Which daemon a line belongs to.

use crate::diff::Command;
use crate::vty::Daemon;

/// The first words of lines at the root, and whose they are. bgpd reads its own copy of lists
/// and route-maps; no other daemon here uses any, so nobody else is told.
const OWNERS: [(&str, &[Daemon]); 12] = [
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
    ("ip route", &[Daemon::Mgmtd, Daemon::Staticd]),
];

const BGPD: &[Daemon] = &[Daemon::Bgpd];
/// Since FRR 10 mgmtd reads these for zebra, and zebra itself does not know them any more.
const ZEBRA: &[Daemon] = &[Daemon::Mgmtd, Daemon::Zebra];

/// The daemons to try, in this order, for what stands at or below this line of the root.
/// Free configuration may be anybody's.
pub(super) fn owners(root: &str) -> &'static [Daemon] {
    let root = root.strip_prefix("no ").unwrap_or(root);
    let owner = OWNERS.iter().find(|(words, _)| begins_with(root, words));
    owner.map_or(&Daemon::ALL, |(_, daemons)| daemons)
}

/// The daemons to try for a command.
pub(super) fn owners_of(command: &Command) -> &'static [Daemon] {
    owners(command.context.first().unwrap_or(&command.line))
}

fn begins_with(line: &str, words: &str) -> bool {
    line.strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
