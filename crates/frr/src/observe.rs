//! Looks at what an instance is doing. Nothing is changed here but for sessions that are told to try again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::bfd::{self, BfdId, BfdPeer, Status};
use crate::evpn::{self, Announced, Vni};
use crate::session::glance::{self, Glance};
use crate::session::{self, Session};
use crate::vty::{Code, Daemon, Vty, VtyError};

/// How old messages and routes may be that are counted of sessions that stand as before.
const COUNTED: Duration = Duration::from_secs(5);

/// Why something is not known.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// A daemon could not be asked.
    #[error("ask {daemon} what it does")]
    Vty {
        /// Who.
        daemon: Daemon,
        /// Why not.
        source: VtyError,
    },
    /// A daemon printed something else.
    #[error("read what {daemon} printed for {line:?}")]
    Json {
        /// Who.
        daemon: Daemon,
        /// What it was asked.
        line: &'static str,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
}

/// One instance, seen over a connection to each daemon that stays open between two looks.
#[derive(Debug)]
pub struct Observer {
    run_dir: PathBuf,
    open: BTreeMap<Daemon, Vty>,
    kept: Option<Kept>,
    bfd: Vec<(BfdId, Status)>,
}

/// The BGP sessions as they were read last.
#[derive(Debug)]
struct Kept {
    glance: Glance,
    read: Instant,
    sessions: Vec<Session>,
}

impl Kept {
    /// Whether they are good for this glance. A peer that restarts must be seen as it is: attempts to reach it are
    /// made anew at every look.
    fn serves(&self, glance: &Glance) -> bool {
        self.glance == *glance
            && self.read.elapsed() < COUNTED
            && !self.sessions.iter().any(|session| session.awaits_restart)
    }
}

impl Observer {
    /// Of the instance whose sockets are in this directory. Connects when it first looks.
    pub fn new(run_dir: impl Into<PathBuf>) -> Self {
        Self {
            run_dir: run_dir.into(),
            open: BTreeMap::new(),
            kept: None,
            bfd: Vec::new(),
        }
    }

    /// The BGP sessions of every VRF.
    pub async fn sessions(&mut self) -> Result<Vec<Session>, ObserveError> {
        self.read(Daemon::Bgpd, session::SHOW, session::read).await
    }

    /// The same at a seventh of the price while every session stands as before, for one who looks all the time:
    /// what is counted may be five seconds old then.
    pub async fn glance_at_sessions(&mut self) -> Result<Vec<Session>, ObserveError> {
        let kept = self.kept.take();
        let glance = self.read(Daemon::Bgpd, glance::SHOW, glance::read).await?;
        let kept = match kept.filter(|kept| kept.serves(&glance)) {
            Some(kept) => kept,
            None => Kept {
                glance,
                read: Instant::now(),
                sessions: self.sessions().await?,
            },
        };
        Ok(self.kept.insert(kept).sessions.clone())
    }

    /// The BFD sessions of every VRF.
    pub async fn bfd_peers(&mut self) -> Result<Vec<BfdPeer>, ObserveError> {
        let mut peers = self.read(Daemon::Bfdd, bfd::SHOW, bfd::read).await?;
        self.note_bfd(&peers);
        if !peers.is_empty() {
            let counted = self
                .read(Daemon::Bfdd, bfd::SHOW_COUNTERS, bfd::read_counters)
                .await?;
            bfd::count(&mut peers, &counted);
        }
        Ok(peers)
    }

    /// bgpd shows BFD's state with its sessions, and not at a glance.
    fn note_bfd(&mut self, peers: &[BfdPeer]) {
        let seen: Vec<_> = peers
            .iter()
            .map(|peer| (peer.id.clone(), peer.status))
            .collect();
        if self.bfd != seen {
            self.bfd = seen;
            self.kept = None;
        }
    }

    /// The VNIs.
    pub async fn vnis(&mut self) -> Result<Vec<Vni>, ObserveError> {
        let known = self.read(Daemon::Zebra, evpn::SHOW, evpn::read).await?;
        let announced = if known.is_empty() {
            Announced::default()
        } else {
            self.read(Daemon::Bgpd, evpn::SHOW_ANNOUNCED, evpn::read_announced)
                .await?
        };
        Ok(evpn::judge(known, &announced))
    }

    /// Connects again to peers of the default VRF that restart. What they announced before stays until they have
    /// said what they announce now, or until their restart time is over.
    ///
    /// bgpd leaves it to such a peer to connect as soon as its own first attempt has failed. One that does not
    /// listen would wait for the whole restart time (120 s).
    pub async fn connect_to_restarting(
        &mut self,
        sessions: &[Session],
    ) -> Result<(), ObserveError> {
        let restarting = sessions
            .iter()
            .filter(|session| session.awaits_restart && session.vrf.is_none());
        for session in restarting {
            let line = format!("clear bgp {}", session.peer);
            self.ask(Daemon::Bgpd, &line).await?;
        }
        Ok(())
    }

    async fn read<T>(
        &mut self,
        daemon: Daemon,
        line: &'static str,
        parse: fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<T, ObserveError> {
        let text = self.ask(daemon, line).await?;
        parse(&text).map_err(|source| ObserveError::Json {
            daemon,
            line,
            source,
        })
    }

    /// A connection is kept only after an answer: what follows a missing one may be the answer to the line before.
    async fn ask(&mut self, daemon: Daemon, line: &str) -> Result<String, ObserveError> {
        let error = |source| ObserveError::Vty { daemon, source };
        let mut vty = match self.open.remove(&daemon) {
            Some(vty) if !vty.is_closed() => vty,
            _ => Vty::open(&self.run_dir, daemon).await.map_err(error)?,
        };
        let reply = vty.send(line).await.map_err(error)?;
        let text = match reply.code {
            Code::Success => reply.text,
            // So some daemons say that they have nothing of the kind.
            Code::Warning => String::new(),
            _ => {
                return Err(error(VtyError::Refused {
                    daemon,
                    line: line.to_owned(),
                    reason: reply.reason(),
                }));
            }
        };
        self.open.insert(daemon, vty);
        Ok(text)
    }
}
