//! Connections to all daemons of an instance, each in its configuration.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Refused;
use super::owner::owners_of;
use crate::diff::{Command, without_secret};
use crate::tree::Scope;
use crate::vty::{Code, Daemon, Reply, Vty, VtyError};

/// The connections to an instance.
#[derive(Debug)]
pub(super) struct Sessions {
    run_dir: PathBuf,
    patience: Duration,
    by_daemon: BTreeMap<Daemon, Session>,
    new: bool,
    /// Contexts that a daemon did not open; what stands in them is not tried.
    closed: HashSet<Vec<String>>,
}

/// A connection that is in the configuration, and in which context of it.
#[derive(Debug)]
struct Session {
    vty: Vty,
    path: Vec<String>,
}

impl Sessions {
    /// Connects to every daemon. mgmtd need not be there: before FRR 10 it was not.
    pub(super) async fn open(run_dir: &Path, patience: Duration) -> Result<Self, VtyError> {
        let mut by_daemon = BTreeMap::new();
        for daemon in Daemon::ALL {
            if daemon != Daemon::Mgmtd || daemon.socket(run_dir).exists() {
                by_daemon.insert(daemon, Session::open(run_dir, daemon, patience).await?);
            }
        }
        let run_dir = run_dir.to_owned();
        Ok(Self {
            run_dir,
            patience,
            by_daemon,
            new: true,
            closed: HashSet::new(),
        })
    }

    /// Whether nothing was sent over them yet: nobody knows what the daemons run.
    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    /// The same, now with a known configuration behind them.
    pub(super) fn settled(self) -> Self {
        Self {
            new: false,
            closed: HashSet::new(),
            ..self
        }
    }

    /// Whether every daemon still listens.
    pub(super) fn are_up(&self) -> bool {
        self.by_daemon
            .values()
            .all(|session| !session.vty.is_closed())
    }

    /// The first of some daemons that is there.
    pub(super) fn owner(&self, candidates: &[Daemon]) -> Option<Daemon> {
        candidates
            .iter()
            .copied()
            .find(|daemon| self.by_daemon.contains_key(daemon))
    }

    /// What each daemon prints, over connections of their own: these are in the configuration.
    pub(super) async fn show(&self, line: &str) -> Result<Vec<(Daemon, String)>, VtyError> {
        let mut printed = Vec::new();
        for daemon in self.by_daemon.keys() {
            let opened = Vty::open_patiently(&self.run_dir, *daemon, self.patience).await;
            let mut vty = opened.map_err(|error| gone(*daemon, error))?;
            printed.push((*daemon, vty.require(line).await?));
        }
        Ok(printed)
    }

    /// Sends a line to one daemon, outside of every context.
    pub(super) async fn at_root(&mut self, daemon: Daemon, line: &str) -> Result<(), VtyError> {
        match self.by_daemon.get_mut(&daemon) {
            Some(session) => session.at_root(line).await,
            None => Ok(()),
        }
    }

    /// Sends a command to the daemon that knows it.
    pub(super) async fn send(&mut self, command: &Command) -> Result<Option<Refused>, VtyError> {
        if (1..=command.context.len()).any(|n| self.closed.contains(&command.context[..n])) {
            return Ok(None);
        }
        let mut refused = None;
        for daemon in owners_of(command) {
            let Some(session) = self.by_daemon.get_mut(daemon) else {
                continue;
            };
            let reply = session.send(command).await?;
            if reply.code == Code::Success {
                return Ok(None);
            }
            let understood = reply.code != Code::NoMatch;
            refused = refused.filter(|_| !understood).or(Some(reply.reason()));
            if understood {
                break;
            }
        }
        self.closed.insert(
            command
                .context
                .iter()
                .cloned()
                .chain([command.line.clone()])
                .collect(),
        );
        let reason = refused.unwrap_or_else(|| "no such daemon".to_owned());
        Ok(Some(Refused {
            line: command.to_string(),
            // FRR repeats a line that it does not know.
            reason: without_secret(&reason),
        }))
    }
}

/// A daemon that was there and listens no more has ended, perhaps over what it was told: it is not one that has yet to start.
fn gone(daemon: Daemon, error: VtyError) -> VtyError {
    match error {
        VtyError::Connect { source, .. } => VtyError::Talk { daemon, source },
        other => other,
    }
}

/// How often, and after which pause, FRR is asked again to remove an instance: bgpd hears from
/// zebra only after a moment that the VNI of its VRF is gone.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(25);

impl Session {
    async fn open(run_dir: &Path, daemon: Daemon, patience: Duration) -> Result<Self, VtyError> {
        let mut vty = Vty::open_patiently(run_dir, daemon, patience).await?;
        vty.require("configure terminal").await?;
        Ok(Self {
            vty,
            path: Vec::new(),
        })
    }

    async fn send(&mut self, command: &Command) -> Result<Reply, VtyError> {
        if let Some(refusal) = self.enter(&command.context).await? {
            return Ok(refusal);
        }
        let mut reply = self.vty.send(&command.line).await?;
        for _ in 0..ATTEMPTS {
            if !is_too_early(command, &reply) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            reply = self.vty.send(&command.line).await?;
        }
        if opens(&command.context, &command.line) {
            if reply.code == Code::Success {
                self.path.push(command.line.clone());
            }
        } else if !stays(&command.line) {
            self.start_over().await?;
        }
        Ok(reply)
    }

    /// Goes to the root from wherever the daemon is.
    async fn start_over(&mut self) -> Result<(), VtyError> {
        self.path.clear();
        self.vty.send("end").await?;
        self.vty.require("configure terminal").await.map(drop)
    }

    /// Goes to a context by the shortest way. The daemon's answer if it does not open one.
    async fn enter(&mut self, context: &[String]) -> Result<Option<Reply>, VtyError> {
        let common = self
            .path
            .iter()
            .zip(context)
            .take_while(|(a, b)| a == b)
            .count();
        while self.path.len() > common {
            self.vty.require("exit").await?;
            self.path.pop();
        }
        for line in &context[common..] {
            let reply = self.vty.send(line).await?;
            if reply.code != Code::Success {
                return Ok(Some(reply));
            }
            self.path.push(line.clone());
        }
        Ok(None)
    }

    async fn at_root(&mut self, line: &str) -> Result<(), VtyError> {
        self.enter(&[]).await?;
        self.vty.require(line).await.map(drop)
    }
}

fn is_too_early(command: &Command, reply: &Reply) -> bool {
    reply.code != Code::Success
        && command.line.starts_with("no router bgp ")
        && reply.text.to_ascii_lowercase().contains("l3vni")
}

/// First words of lines that leave the connection where it is. After any other line, which somebody wrote freely, the
/// daemon may be elsewhere: it takes `rou b 1` for `router bgp 1` and `exi` for `exit`.
const STAY: [&str; 28] = [
    "no",
    "ip",
    "ipv6",
    "bgp",
    "hostname",
    "coalesce-time",
    "neighbor",
    "network",
    "redistribute",
    "import",
    "advertise",
    "advertise-all-vni",
    "advertise-svi-ip",
    "rd",
    "route-target",
    "on-match",
    "match",
    "set",
    "description",
    "detect-multiplier",
    "transmit-interval",
    "receive-interval",
    "passive-mode",
    "echo-mode",
    "echo",
    "minimum-ttl",
    "call",
    "shutdown",
];

fn stays(line: &str) -> bool {
    line.split(' ').next().is_some_and(|word| STAY.contains(&word))
        // `vni N` opens a context in EVPN, and does not in a VRF.
        || line.starts_with("vni ")
}

/// Whether a line changes the context of the connection it is sent over.
fn opens(context: &[String], line: &str) -> bool {
    let scope = context
        .iter()
        .try_fold(Scope::Root, |scope, line| scope.opened_by(line));
    scope.is_some_and(|scope| scope.opened_by(line).is_some())
}
