//! Which sessions were reset.

use std::collections::BTreeMap;

use ferroute_frr::vty::{Daemon, Vty};
use serde_json::Value;

use super::running::Lines;
use crate::lab::Instance;

/// How often each session that is up now was established.
pub(crate) type Sessions = BTreeMap<String, u64>;

/// The sessions of the default instance that are up.
pub(crate) async fn sessions(instance: &Instance) -> Sessions {
    let mut vty = Vty::open(&instance.dir(), Daemon::Bgpd).await.unwrap();
    // Without an instance it is a complaint instead.
    let text = vty.send("show bgp neighbors json").await.unwrap().text;
    let Ok(Value::Object(peers)) = serde_json::from_str(&text) else {
        return Sessions::new();
    };
    let up = peers
        .into_iter()
        .filter(|(_, peer)| peer["bgpState"] == "Established");
    up.map(|(peer, state)| {
        let count = state["connectionsEstablished"].as_u64();
        (peer, count.expect("a number"))
    })
    .collect()
}

/// What was looked at, and what should not have happened.
#[derive(Default)]
pub(super) struct Flaps {
    pub(super) looked_at: usize,
    pub(super) reset: Vec<String>,
}

/// Compares the sessions of peers of which the same is said before and after.
pub(super) fn flaps(
    before: &Sessions,
    after: &Sessions,
    from: &BTreeMap<String, Lines>,
    to: &BTreeMap<String, Lines>,
) -> Flaps {
    let mut flaps = Flaps::default();
    for (peer, count) in before {
        if !(from.contains_key(peer) && from.get(peer) == to.get(peer)) {
            continue;
        }
        flaps.looked_at += 1;
        if after.get(peer) != Some(count) {
            flaps.reset.push(peer.clone());
        }
    }
    flaps
}
