//! The little that tells whether a session has changed: a sixth of the text of a whole look, and a seventh of the
//! time.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

pub(crate) const SHOW: &str = "show bgp vrf all summary json";

/// VRF, peer, state, and how often it was lost. The routes are not among it: they change all the time.
pub(crate) type Glance = BTreeSet<(String, String, String, u64)>;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Family {
    peers: BTreeMap<String, Peer>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Peer {
    state: String,
    connections_dropped: u64,
}

/// Every VRF is an object of families; what is no object there is a setting.
pub(crate) fn read(text: &str) -> Result<Glance, serde_json::Error> {
    if text.is_empty() {
        return Ok(Glance::default());
    }
    let vrfs: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(text)?;
    let mut glance = Glance::default();
    for (vrf, families) in vrfs {
        for family in families.into_values().filter(Value::is_object) {
            let Family { peers } = Family::deserialize(family)?;
            let seen = |(
                peer,
                Peer {
                    state,
                    connections_dropped,
                },
            )| { (vrf.clone(), peer, state, connections_dropped) };
            glance.extend(peers.into_iter().map(seen));
        }
    }
    Ok(glance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_is_read_from_the_summary_that_bgpd_prints() {
        let peer = r#"{"hostname":"vm","remoteAs":65002,"msgRcvd":6,"peerUptimeMsec":6000,"pfxRcd":1,"pfxSnt":2,
            "state":"Established","peerState":"OK","connectionsEstablished":2,"connectionsDropped":1,"idType":"ipv4"}"#;
        let text = format!(
            r#"{{"default":{{"ipv4Unicast":{{"routerId":"10.0.0.1","peers":{{"10.0.0.2":{peer}}},"totalPeers":1}},
            "l2VpnEvpn":{{"peers":{{"10.0.0.2":{peer}}}}}}},
            "red":{{"ipv4Unicast":{{"peers":{{"eth0":{{"state":"Idle","connectionsDropped":0}}}}}}}}}}"#
        );
        let seen = |vrf: &str, peer: &str, state: &str, drops| {
            (vrf.to_owned(), peer.to_owned(), state.to_owned(), drops)
        };
        let expected = [
            seen("default", "10.0.0.2", "Established", 1),
            seen("red", "eth0", "Idle", 0),
        ];
        assert_eq!(read(&text).unwrap(), expected.into());
    }

    #[test]
    fn nothing_is_seen_of_a_bgpd_without_an_instance() {
        assert!(read("").unwrap().is_empty());
        assert!(read("{}").unwrap().is_empty());
    }
}
