//! The FRR instances of the node: who configures them, and the files that they start from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::NodeFailure;
use ferroute_frr::apply::{Applied, Engine};
use ferroute_frr::config::Config;
use ferroute_frr::vty::VtyError;
use tracing::{debug, info, warn};

use crate::failures;
use crate::metrics::InstanceLabels;
use crate::node::{Instance, Node};

/// How long after a change, and how often without one, FRR is asked whether it runs what it was told. It reads the whole
/// configuration, so it waits until a burst of changes is over.
const QUIET: Duration = Duration::from_secs(5);
const VERIFY: Duration = Duration::from_secs(30);

/// One FRR.
pub(crate) struct Frr {
    node: Arc<Node>,
    instance: Instance,
    engine: Engine,
    /// When to ask it what it runs.
    verify_at: Option<Instant>,
    /// What it ran otherwise, even after it was told again.
    differences: Vec<NodeFailure>,
    /// What it should start from next time, and whether the file says so.
    startable: Option<(Config, Saved)>,
    /// Whether it went away over what it was told last.
    lost: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Saved {
    Yes,
    No,
}

impl Frr {
    pub(crate) fn new(node: Arc<Node>, instance: Instance) -> Self {
        Self {
            engine: Engine::new(node.sockets(instance)),
            node,
            instance,
            verify_at: None,
            differences: Vec::new(),
            startable: None,
            lost: false,
        }
    }

    /// Makes it say what a configuration says. Nothing is written to disk: that comes after everything else.
    pub(crate) async fn apply(&mut self, config: Config) -> Vec<NodeFailure> {
        let applied = self.engine.apply(&config).await;
        self.learn(config, &applied);
        match applied {
            Ok(applied) => {
                self.count(applied.commands_sent);
                self.expect_verification(&applied);
                let refused = applied.refused.iter();
                refused
                    .map(|refused| failures::of_frr(self.instance, refused))
                    .collect()
            }
            Err(error) => {
                // It may have taken a part of this, and what it was told before is not to be put back.
                self.verify_at = None;
                vec![failures::of_part("FRRNotReached", &error)]
            }
        }
    }

    /// When [`Self::verify`] has something to do.
    pub(crate) fn verify_at(&self) -> Option<Instant> {
        self.verify_at
    }

    /// Asks FRR, when it is time, whether it runs what it was told last, and tells it again what it does not. What it
    /// runs otherwise even then.
    pub(crate) async fn verify(&mut self) -> Vec<NodeFailure> {
        if self.verify_at.is_some_and(|at| at <= Instant::now()) {
            self.verify_at = Some(Instant::now() + VERIFY);
            self.differences = self.repair().await.unwrap_or_else(|error| {
                // The next apply meets it, too, and says so.
                let error = &error as &dyn std::error::Error;
                debug!(error, "FRR did not say what it runs");
                Vec::new()
            });
        }
        self.differences.clone()
    }

    async fn repair(&mut self) -> Result<Vec<NodeFailure>, VtyError> {
        let Some((config, _)) = &self.startable else {
            return Ok(Vec::new());
        };
        let instance = self.instance.as_str();
        let drift = self.engine.drift(config).await?;
        if drift.is_empty() {
            return Ok(Vec::new());
        }
        for command in &drift {
            warn!(instance, missing = %command, "FRR does not run what it was told");
        }
        let applied = self.engine.apply(config).await?;
        let left = self.engine.drift(config).await?;
        self.count(applied.commands_sent);
        Ok(left
            .iter()
            .map(|command| failures::of_drift(self.instance, command))
            .collect())
    }

    /// A line that was refused is known already, and tried again with every apply.
    fn expect_verification(&mut self, applied: &Applied) {
        if !applied.refused.is_empty() {
            self.verify_at = None;
        } else if applied.commands_sent > 0 || self.verify_at.is_none() {
            self.verify_at = Some(Instant::now() + QUIET);
        } else {
            return;
        }
        self.differences.clear();
    }

    /// Routes from these peers came over a device that is not there any more.
    pub(crate) async fn forget(&mut self, asn: u32, peers: &[IpAddr]) {
        if let Err(error) = self.engine.forget(asn, peers).await {
            let error = &error as &dyn std::error::Error;
            debug!(error, "no FRR that could hold stale routes");
        }
    }

    /// Brings the file up to date.
    pub(crate) fn save(&mut self) {
        let Some((config, saved @ Saved::No)) = &mut self.startable else {
            return;
        };
        match ferroute_frr::file::save(&self.node.frr_conf(self.instance), config) {
            Ok(()) => *saved = Saved::Yes,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "frr.conf not saved");
            }
        }
    }

    /// An FRR that went away over a configuration must not start from it: nor when it is tried again while FRR is still
    /// away, nor from another one that may have the same line. One that is not there yet should start from the newest.
    fn learn(&mut self, config: Config, applied: &Result<Applied, VtyError>) {
        match applied {
            Ok(_) => {
                self.lost = false;
                self.start_from(config);
            }
            Err(VtyError::Connect { .. }) if !self.lost => self.start_from(config),
            // Neither comes to sending a line.
            Err(VtyError::Connect { .. } | VtyError::Lock { .. }) => {}
            Err(VtyError::Talk { .. } | VtyError::Silent { .. } | VtyError::Refused { .. }) => {
                self.lost = true;
            }
        }
    }

    fn start_from(&mut self, config: Config) {
        if self.startable.as_ref().map(|(startable, _)| startable) != Some(&config) {
            self.startable = Some((config, Saved::No));
        }
    }

    fn count(&self, commands: usize) {
        let instance = self.instance.as_str();
        let sent = u64::try_from(commands).unwrap_or(u64::MAX);
        let counter = &self.node.metrics.frr_commands;
        counter
            .get_or_create(&InstanceLabels { instance })
            .inc_by(sent);
        if commands > 0 {
            info!(instance, commands, "configured FRR");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroute_frr::config::Router;
    use ferroute_frr::vty::Daemon;

    fn frr(dir: &std::path::Path) -> Frr {
        Frr::new(Arc::new(Node::of_test(dir)), Instance::Speaker)
    }

    fn config(asn: u32) -> Config {
        let router = Router::new(asn.try_into().unwrap());
        Config {
            routers: [(None, router)].into(),
            ..Config::default()
        }
    }

    fn away() -> Result<Applied, VtyError> {
        Err(VtyError::Connect {
            path: "bgpd.vty".into(),
            source: std::io::ErrorKind::ConnectionRefused.into(),
        })
    }

    fn went_away() -> Result<Applied, VtyError> {
        Err(VtyError::Talk {
            daemon: Daemon::Bgpd,
            source: std::io::ErrorKind::UnexpectedEof.into(),
        })
    }

    fn startable(frr: &Frr) -> Option<&Config> {
        frr.startable.as_ref().map(|(config, _)| config)
    }

    #[tokio::test]
    async fn what_was_told_before_is_not_put_back_after_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let mut frr = frr(dir.path());
        frr.verify_at = Some(Instant::now());
        assert_eq!(frr.apply(config(1)).await.len(), 1, "it is not there");
        assert_eq!(frr.verify_at(), None);
    }

    #[tokio::test]
    async fn an_frr_that_is_not_there_yet_starts_from_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let mut frr = frr(dir.path());
        frr.learn(config(1), &away());
        frr.learn(config(2), &away());
        assert_eq!(startable(&frr), Some(&config(2)));
    }

    #[tokio::test]
    async fn an_frr_does_not_start_from_what_it_went_away_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut frr = frr(dir.path());
        frr.learn(config(1), &Ok(Applied::default()));
        frr.learn(config(2), &went_away());
        // Tried again while it is away, and with one thing more to say.
        for asn in [2, 3] {
            frr.learn(config(asn), &away());
            assert_eq!(startable(&frr), Some(&config(1)));
        }
        frr.learn(config(3), &Ok(Applied::default()));
        frr.learn(config(4), &away());
        assert_eq!(startable(&frr), Some(&config(4)));
    }
}
