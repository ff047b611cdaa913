//! What the BFD sessions of an instance are doing, from `show bfd peers … json`.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;

pub(crate) const SHOW: &str = "show bfd peers json";
pub(crate) const SHOW_COUNTERS: &str = "show bfd peers counters json";

/// A BFD session with a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BfdPeer {
    /// Between whom.
    pub id: BfdId,
    /// How far it got.
    pub status: Status,
    /// Why it went down last, in FRR's words; `None` if it never did.
    pub diagnostic: Option<String>,
    /// What has been sent, received and seen since the session was made.
    pub counters: Counters,
}

/// What tells one BFD session from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BfdId {
    /// The VRF it is in; `None` is the default one.
    pub vrf: Option<String>,
    /// The peer's address.
    pub peer: IpAddr,
    /// Our own, if it matters.
    pub local: Option<IpAddr>,
    /// The interface to the peer, if it matters.
    pub interface: Option<String>,
    /// Whether routers are between.
    pub multihop: bool,
}

impl BfdId {
    /// The peer's address; a link-local one with its interface, as it says nothing without.
    pub fn peer_name(&self) -> String {
        match (self.peer, &self.interface) {
            (IpAddr::V6(address), Some(interface)) if address.is_unicast_link_local() => {
                format!("{address}%{interface}")
            }
            (address, _) => address.to_string(),
        }
    }
}

/// The state of a session in the words of FRR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Both hear each other.
    Up,
    /// We hear the peer.
    Init,
    /// We do not.
    Down,
    /// It is switched off here.
    Shutdown,
    /// A word that is new to us.
    #[default]
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Init => "init",
            Self::Down => "down",
            Self::Shutdown => "shutdown",
            Self::Unknown => "unknown",
        })
    }
}

/// Packets and events of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Counters {
    /// Control packets received.
    pub control_packet_input: u64,
    /// Control packets sent.
    pub control_packet_output: u64,
    /// Echo packets received.
    pub echo_packet_input: u64,
    /// Echo packets sent.
    pub echo_packet_output: u64,
    /// How often it came up.
    pub session_up: u64,
    /// How often it went down.
    pub session_down: u64,
    /// How often other daemons were told.
    pub zebra_notifications: u64,
}

/// What bfdd prints in both answers.
#[derive(Deserialize)]
struct PrintedId {
    #[serde(default)]
    vrf: String,
    peer: IpAddr,
    local: Option<IpAddr>,
    interface: Option<String>,
    #[serde(default)]
    multihop: bool,
}

impl PrintedId {
    fn id(self) -> BfdId {
        BfdId {
            vrf: (!matches!(self.vrf.as_str(), "" | "default")).then_some(self.vrf),
            peer: self.peer,
            local: self.local,
            interface: self.interface,
            multihop: self.multihop,
        }
    }
}

#[derive(Deserialize)]
struct Printed {
    #[serde(flatten)]
    id: PrintedId,
    #[serde(default)]
    status: Status,
    diagnostic: Option<String>,
}

#[derive(Deserialize)]
struct PrintedCounters {
    #[serde(flatten)]
    id: PrintedId,
    #[serde(flatten)]
    counters: Counters,
}

/// The sessions, with nothing counted yet.
pub(crate) fn read(text: &str) -> Result<Vec<BfdPeer>, serde_json::Error> {
    let printed: Vec<Printed> = list(text)?;
    Ok(printed
        .into_iter()
        .map(|printed| BfdPeer {
            id: printed.id.id(),
            status: printed.status,
            diagnostic: printed.diagnostic.filter(|diagnostic| diagnostic != "ok"),
            counters: Counters::default(),
        })
        .collect())
}

pub(crate) fn read_counters(text: &str) -> Result<Vec<(BfdId, Counters)>, serde_json::Error> {
    let printed: Vec<PrintedCounters> = list(text)?;
    Ok(printed
        .into_iter()
        .map(|printed| (printed.id.id(), printed.counters))
        .collect())
}

/// Puts the counters to their sessions. One that is new since the other answer has no counters yet.
pub(crate) fn count(peers: &mut [BfdPeer], counted: &[(BfdId, Counters)]) {
    for peer in peers {
        let counters = counted.iter().find(|(id, _)| *id == peer.id);
        peer.counters = counters.map_or(Counters::default(), |(_, counters)| *counters);
    }
}

fn list<T: for<'a> Deserialize<'a>>(text: &str) -> Result<Vec<T>, serde_json::Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests;
