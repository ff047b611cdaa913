//! Why frr-reload.py ends elsewhere than the model. docs/oracle.md has more on each reason.

use ferroute_frr::tree::Tree;

use super::generate::Pair;
use super::running::{ENDED, Lines, paths};

/// Something it is known to do wrong.
struct Reason {
    /// A name for the count.
    name: &'static str,
    /// Whether a line that only one of the two instances has comes of it.
    explains: fn(&Disagreement, &str) -> bool,
}

/// A pair after which the two instances differ.
pub(super) struct Disagreement {
    from: Lines,
    to: Lines,
    /// `- ` before a line that only ours runs, `+ ` before one that only the other does.
    lines: Vec<String>,
    /// What frr-reload.py wrote.
    said: String,
}

const REASONS: [Reason; 13] = [
    // When a neighbor's route-map goes and the first line to come has no text.
    Reason {
        name: "it ends with an exception (UnboundLocalError: rm_match) and has changed nothing",
        explains: |pair, _| {
            pair.said.contains("UnboundLocalError") && pair.said.contains("'rm_match'")
        },
    },
    Reason {
        name: "a daemon crashes",
        explains: |pair, _| {
            pair.lines
                .iter()
                .any(|line| line.starts_with("+ ") && line.ends_with(ENDED))
        },
    },
    // FRR 10 only hides the default instance while others take routes from it.
    Reason {
        name: "an instance that comes back has what it was told before",
        explains: |pair, line| {
            let left = line.strip_prefix("+ router bgp ");
            let instance = left.and_then(|rest| rest.split(" / ").next());
            instance.is_some_and(|id| !pair.from.contains(&format!("router bgp {id}")))
        },
    },
    // The same variable still holds the match of a line in another family.
    Reason {
        name: "a neighbor keeps a route-map in one family when it gets one in another",
        explains: |pair, line| {
            let Some((_, map)) = line.split_once(" / neighbor ") else {
                return false;
            };
            let words: Vec<&str> = map.split(' ').collect();
            let [peer, "route-map", _, direction] = words.as_slice() else {
                return false;
            };
            let start = format!(" / neighbor {peer} route-map ");
            let gets = |line: &String| line.contains(&start) && line.ends_with(direction);
            line.starts_with("+ ") && pair.to.difference(&pair.from).any(gets)
        },
    },
    // FRR removes the default instance only when no other is left, or only hides it, with its number.
    Reason {
        name: "the default instance cannot change its AS number while that of a VRF stays",
        explains: |pair, line| {
            let old = pair.from.iter().find(|line| is_default_instance(line));
            let stays = |old: &String| pair.lines.contains(&format!("+ {old}"));
            let refused = pair.said.contains("BGP instance is already running; AS is");
            (refused || old.is_some_and(stays)) && is_of_bgpd(&line[2..])
        },
    },
    Reason {
        name: "a password with a question mark at its end stays: vtysh takes it for a question",
        explains: |_, line| {
            line.starts_with("+ ") && line.contains(" password ") && line.ends_with('?')
        },
    },
    Reason {
        name: "a neighbor keeps BFD when it loses BFD and its profile",
        explains: |pair, line| {
            let profile = line
                .strip_prefix("+ ")
                .map(|line| format!("{line} profile "));
            let had = |profile: String| pair.from.iter().any(|line| line.starts_with(&profile));
            line.ends_with(" bfd") && profile.is_some_and(had)
        },
    },
    // bgpd 10 takes no notice of one that it had before; our client sets another first.
    Reason {
        name: "a route distinguisher that comes back is not taken",
        explains: |_, line| line.starts_with("- router bgp ") && line.contains(" / rd "),
    },
    // One variable says for all instances whether one is being removed.
    Reason {
        name: "a family that is not wanted stays when another BGP instance is removed",
        explains: |pair, line| {
            let is_instance =
                |line: &&String| line.starts_with("router bgp ") && !line.contains(" / ");
            let one_goes = pair
                .from
                .difference(&pair.to)
                .any(|line| is_instance(&line));
            let words = line.strip_prefix("+ ").unwrap_or_default();
            let family = words.split(" / ").take(2).collect::<Vec<_>>().join(" / ");
            let wanted = pair.to.iter().any(|line| line.starts_with(&family));
            one_goes && family.contains(" / address-family ") && !wanted
        },
    },
    // bfdd has no `no` for these.
    Reason {
        name: "a BFD profile keeps what is to be the default again",
        explains: |pair, line| {
            let profile = line
                .strip_prefix("+ ")
                .filter(|line| line.starts_with("bfd / profile "));
            profile.is_some_and(|line| pair.from.contains(line))
        },
    },
    // The one is added before the other is taken away. Our client takes the black hole away first.
    Reason {
        name: "a route that turns from a black hole to a next hop, or back, is refused",
        explains: |pair, line| {
            let both = "Route cannot have blackhole and non-blackhole nexthops simultaneously";
            line.contains("ip route ") && pair.said.contains(both)
        },
    },
    // Its file goes on at the root without leaving the last VRF.
    Reason {
        name: "a route of the default VRF is put into another VRF, too",
        explains: |pair, line| {
            let strays = |vrf: &str| {
                let inside = format!("+ {vrf} / ");
                let routes = pair
                    .lines
                    .iter()
                    .filter_map(|line| line.strip_prefix(&inside));
                routes.clone().count() > 0 && routes.clone().all(|route| pair.to.contains(route))
            };
            let vrf = line
                .strip_prefix("+ ")
                .and_then(|line| line.split(" / ").next());
            vrf.is_some_and(|vrf| vrf.starts_with("vrf ") && strays(vrf))
        },
    },
    // Its file goes from one context to the next without leaving the first, and 8.4 knows `vrf-policy` there.
    Reason {
        name: "a VRF is read as a vrf-policy of the BGP instance before it",
        explains: |pair, line| {
            let happened = pair.said.contains("vrf-policy")
                || pair
                    .lines
                    .iter()
                    .any(|line| line.contains(" / vrf-policy "));
            let traces = ["vrf-policy ", "exit-vrf-policy", "vnc defaults", "exit-vnc"];
            let strays = ["vrf ", "vni ", "ip route ", "ipv6 route "];
            happened
                && (traces
                    .iter()
                    .any(|trace| line.contains(&format!(" / {trace}")))
                    || strays.iter().any(|stray| line[2..].starts_with(stray)))
        },
    },
];

/// Whether bgpd would read it. It reads no more of a file in which it refused to enter an instance.
fn is_of_bgpd(line: &str) -> bool {
    let first = [
        "router bgp ",
        "bgp ",
        "route-map ",
        "ip prefix-list ",
        "ipv6 prefix-list ",
    ];
    first.iter().any(|words| line.starts_with(words))
}

fn is_default_instance(line: &str) -> bool {
    line.starts_with("router bgp ") && !line.contains(" / ") && !line.contains(" vrf ")
}

impl Disagreement {
    pub(super) fn new(pair: &Pair, lines: &[String], said: &str) -> Self {
        let [from, to] = [&pair.from, &pair.to].map(|config| paths(&Tree::from(config)));
        Self {
            from,
            to,
            lines: lines.to_vec(),
            said: said.to_owned(),
        }
    }

    /// A reason for every line; none if one line has no reason.
    pub(super) fn reasons(&self) -> Option<Vec<&'static str>> {
        let reason = |line: &String| {
            let mut reasons = REASONS.iter();
            let found = reasons.find(|reason| (reason.explains)(self, line));
            found.map(|reason| reason.name)
        };
        let mut names: Vec<_> = self.lines.iter().map(reason).collect::<Option<_>>()?;
        names.sort_unstable();
        names.dedup();
        Some(names)
    }
}
