//! What the BGP sessions of an instance are doing, from `show … json`.

pub(crate) mod glance;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

pub(crate) const SHOW: &str = "show bgp vrf all neighbors json";

/// A session with a peer, configured or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The VRF it is in; `None` is the default one.
    pub vrf: Option<String>,
    /// The peer's address or interface, as configured.
    pub peer: String,
    /// The peer's AS; 0 as long as nobody knows it.
    pub remote_as: u32,
    /// How far it got.
    pub state: State,
    /// Whether it is left to the peer, which restarts gracefully, to connect again (`NSF passive`).
    pub awaits_restart: bool,
    /// Whether the peer has announced everything: it is established, and has said so (RFC 4724) in every family that both
    /// know. One that does not know graceful restart does not say it, and is taken to have.
    pub end_of_rib: bool,
    /// For how long it has been established.
    pub uptime: Option<Duration>,
    /// What BFD says, when it watches the peer.
    pub bfd: Option<BfdState>,
    /// Routes of the peer that were accepted, in all families.
    pub prefixes_received: u64,
    /// Routes sent to the peer, in all families.
    pub prefixes_sent: u64,
    /// Why it was last reset.
    pub last_reset: Option<String>,
    /// How often it was established and then lost.
    pub drops: u64,
    /// Messages since the session was configured.
    pub messages: Messages,
}

/// The state of a session in the words of RFC 4271, and of FRR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum State {
    /// Not trying.
    #[default]
    Idle,
    /// Waiting for the connection.
    Connect,
    /// Waiting before the next attempt, or for the peer's.
    Active,
    /// Waiting for the peer to introduce itself.
    OpenSent,
    /// Waiting for the peer to agree.
    OpenConfirm,
    /// Exchanging routes.
    Established,
    /// Forgetting the peer's routes.
    Clearing,
    /// About to be no more.
    Deleted,
    /// A word that is new to us.
    #[serde(other)]
    Unknown,
}

impl State {
    /// FRR's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
            Self::Clearing => "Clearing",
            Self::Deleted => "Deleted",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What BFD knows of a peer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum BfdState {
    /// It answers.
    Up,
    /// It does not.
    Down,
    /// It said that it would not.
    #[serde(rename = "Admin Down")]
    AdminDown,
    /// Nothing yet.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Messages sent and received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Messages {
    /// OPEN messages sent.
    pub opens_sent: u64,
    /// OPEN messages received.
    pub opens_recv: u64,
    /// NOTIFICATION messages sent.
    pub notifications_sent: u64,
    /// NOTIFICATION messages received.
    pub notifications_recv: u64,
    /// UPDATE messages sent.
    pub updates_sent: u64,
    /// UPDATE messages received.
    pub updates_recv: u64,
    /// KEEPALIVE messages sent.
    pub keepalives_sent: u64,
    /// KEEPALIVE messages received.
    pub keepalives_recv: u64,
    /// ROUTE-REFRESH messages sent.
    pub route_refresh_sent: u64,
    /// ROUTE-REFRESH messages received.
    pub route_refresh_recv: u64,
    /// All messages sent.
    pub total_sent: u64,
    /// All messages received.
    pub total_recv: u64,
}

/// Every VRF is an object of peers, with `vrfId` and `vrfName` among them. bgpd without any
/// instance prints nothing.
pub(crate) fn read(text: &str) -> Result<Vec<Session>, serde_json::Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let vrfs: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(text)?;
    let mut sessions = Vec::new();
    for (vrf, peers) in vrfs {
        for (peer, value) in peers.into_iter().filter(|(_, value)| value.is_object()) {
            sessions.push(Peer::deserialize(value)?.session(&vrf, peer));
        }
    }
    Ok(sessions)
}

/// What bgpd prints of a peer, as far as it matters here.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Peer {
    remote_as: u32,
    bgp_state: State,
    /// How an active session waits.
    bgp_state_is: String,
    bgp_timer_up_msec: u64,
    address_family_info: BTreeMap<String, Counters>,
    #[serde(rename = "peerBfdInfo")]
    bfd: Option<BfdInfo>,
    last_reset_due_to: Option<String>,
    connections_dropped: u64,
    message_stats: Messages,
    graceful_restart_info: GracefulRestartInfo,
    neighbor_capabilities: Capabilities,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Capabilities {
    /// By family.
    multiprotocol_extensions: BTreeMap<String, Extension>,
    /// Present if the peer knows graceful restart.
    graceful_restart_remote_timer_msecs: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Extension {
    advertised_and_received: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct GracefulRestartInfo {
    /// Families, each with `true`.
    end_of_rib_recv: BTreeMap<String, bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Counters {
    accepted_prefix_counter: u64,
    sent_prefix_counter: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BfdInfo {
    status: BfdState,
}

impl Peer {
    fn has_announced_everything(&self) -> bool {
        let Capabilities {
            multiprotocol_extensions,
            graceful_restart_remote_timer_msecs,
        } = &self.neighbor_capabilities;
        let ended = &self.graceful_restart_info.end_of_rib_recv;
        let mut common = multiprotocol_extensions
            .iter()
            .filter(|(_, extension)| extension.advertised_and_received);
        graceful_restart_remote_timer_msecs.is_none()
            || common.all(|(family, _)| ended.contains_key(family))
    }

    fn session(self, vrf: &str, peer: String) -> Session {
        let families = || self.address_family_info.values();
        let established = self.bgp_state == State::Established;
        Session {
            vrf: (vrf != "default").then(|| vrf.to_owned()),
            peer,
            remote_as: self.remote_as,
            state: self.bgp_state,
            awaits_restart: self.bgp_state_is == "passiveNSF",
            end_of_rib: established && self.has_announced_everything(),
            uptime: established.then(|| Duration::from_millis(self.bgp_timer_up_msec)),
            prefixes_received: families()
                .map(|family| family.accepted_prefix_counter)
                .sum(),
            prefixes_sent: families().map(|family| family.sent_prefix_counter).sum(),
            bfd: self.bfd.map(|bfd| bfd.status),
            last_reset: self.last_reset_due_to,
            drops: self.connections_dropped,
            messages: self.message_stats,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_of_a_vrf_is_read_from_what_bgpd_prints() {
        let text = r#"{"red":{"vrfId":5,"vrfName":"red","10.0.0.2":{"remoteAs":65001,
            "bgpState":"Established","bgpTimerUpMsec":2000,
            "addressFamilyInfo":{"ipv4Unicast":{"acceptedPrefixCounter":3,"sentPrefixCounter":4}},
            "gracefulRestartInfo":{"endOfRibRecv":{"ipv4Unicast":true}},
            "connectionsDropped":2,"messageStats":{"opensSent":1},"peerBfdInfo":{"status":"Up"}}}}"#;
        let session = Session {
            vrf: Some("red".to_owned()),
            peer: "10.0.0.2".to_owned(),
            remote_as: 65001,
            state: State::Established,
            awaits_restart: false,
            end_of_rib: true,
            uptime: Some(Duration::from_secs(2)),
            bfd: Some(BfdState::Up),
            prefixes_received: 3,
            prefixes_sent: 4,
            last_reset: None,
            drops: 2,
            messages: Messages {
                opens_sent: 1,
                ..Messages::default()
            },
        };
        assert_eq!(read(text).unwrap(), [session]);
    }

    #[test]
    fn a_peer_that_restarts_is_awaited() {
        let text = r#"{"default":{"10.0.0.1":{"bgpState":"Active","bgpStateIs":"passiveNSF"},
            "10.0.0.2":{"bgpState":"Active","bgpStateIs":"passive"}}}"#;
        let awaited: Vec<_> = read(text)
            .unwrap()
            .iter()
            .map(|s| s.awaits_restart)
            .collect();
        assert_eq!(awaited, [true, false]);
    }

    #[test]
    fn a_peer_has_announced_everything_when_it_has_said_so_in_every_common_family() {
        let both = r#""advertisedAndReceived":true"#;
        let ended = |evpn: &str, restarts: &str, ended: &str| {
            let text = format!(
                r#"{{"default":{{"10.0.0.2":{{"bgpState":"Established",
                "neighborCapabilities":{{"multiprotocolExtensions":
                {{"ipv4Unicast":{{{both}}},"l2VpnEvpn":{{{evpn}}}}}{restarts}}},
                "gracefulRestartInfo":{{"endOfRibRecv":{{{ended}}}}}}}}}}}"#
            );
            read(&text).unwrap()[0].end_of_rib
        };
        let restarts = r#","gracefulRestartRemoteTimerMsecs":120000"#;
        assert!(ended(
            both,
            restarts,
            r#""ipv4Unicast":true,"l2VpnEvpn":true"#
        ));
        assert!(!ended(both, restarts, r#""ipv4Unicast":true"#));
        assert!(ended(
            r#""advertised":true"#,
            restarts,
            r#""ipv4Unicast":true"#
        ));
        assert!(!ended(both, restarts, ""));
        assert!(ended(both, "", ""));
    }

    #[test]
    fn a_state_that_is_new_to_us_is_not_an_error() {
        let text = r#"{"default":{"vrfId":0,"eth0":{"bgpState":"Musing"}}}"#;
        assert_eq!(read(text).unwrap()[0].state, State::Unknown);
    }
}
