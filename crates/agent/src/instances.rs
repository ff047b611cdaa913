//! The FRR instances of the node: who configures them, and the files that they start from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::{FRR_NOT_REACHED, NodeFailure};
use ferroute_frr::apply::{Applied, Engine};
use ferroute_frr::config::Config;
use ferroute_frr::diff::Command;
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
    /// The commands that would make it run those, if they have changed nothing a second time: FRR says such a line in
    /// other words, or does without it.
    accepted: Vec<Command>,
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
            accepted: Vec::new(),
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
                vec![failures::of_part(FRR_NOT_REACHED, &error)]
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
        if drift == self.accepted {
            self.engine.accept(config);
            return Ok(self.ignored(&drift));
        }
        for command in &drift {
            warn!(instance, missing = %command, "FRR does not run what it was told");
        }
        let applied = self.engine.apply(config).await?;
        let left = self.engine.drift(config).await?;
        self.accepted.clear();
        if is_as_before(&drift, &left) {
            self.engine.accept(config);
            self.accepted.clone_from(&left);
        }
        self.count(applied.commands_sent);
        Ok(self.ignored(&left))
    }

    fn ignored(&self, left: &[Command]) -> Vec<NodeFailure> {
        left.iter()
            .map(|command| failures::of_drift(self.instance, command))
            .collect()
    }

    /// Whether it runs something otherwise that it may run when it is told again.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        !self.differences.is_empty() && self.accepted.is_empty()
    }

    /// A line that was refused is known already, and tried again with every apply.
    fn expect_verification(&mut self, applied: &Applied) {
        if !applied.refused.is_empty() {
            self.verify_at = None;
            self.accepted.clear();
        } else if applied.commands_sent > 0 || self.verify_at.is_none() {
            self.verify_at = Some(Instant::now() + QUIET);
        } else {
            return;
        }
        // What it has ignored twice it ignores until it is seen to run it.
        if self.accepted.is_empty() {
            self.differences.clear();
        }
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

/// Whether FRR does without the same lines as before. What it says in their place may have another number each time.
fn is_as_before(drift: &[Command], left: &[Command]) -> bool {
    let added = |command: &&Command| !command.line.starts_with("no ");
    let missing = drift.iter().filter(added);
    drift.len() == left.len() && missing.eq(left.iter().filter(added))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ferroute_frr::config::Router;
    use ferroute_frr::vty::Daemon;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{UnixListener, UnixStream};

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

    /// A speaker whose daemons take every line, and print none. They end with the test.
    pub(crate) fn daemons_that_print_nothing(dir: &std::path::Path) {
        for daemon in Daemon::ALL {
            let sockets = dir.join(Instance::Speaker.as_str());
            std::fs::create_dir_all(&sockets).unwrap();
            let listener = UnixListener::bind(daemon.socket(&sockets)).unwrap();
            tokio::spawn(async move {
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(say_yes(connection));
                }
            });
        }
    }

    async fn say_yes(connection: UnixStream) {
        let (lines, mut answers) = connection.into_split();
        let mut lines = BufReader::new(lines).split(0);
        while let Ok(Some(_)) = lines.next_segment().await {
            answers.write_all(&[0; 4]).await.unwrap();
        }
    }

    async fn sent_and_ignored(frr: &mut Frr) -> (u64, usize) {
        frr.apply(config(1)).await;
        frr.verify_at = Some(Instant::now());
        let ignored = frr.verify().await.len();
        let instance = frr.instance.as_str();
        let commands = &frr.node.metrics.frr_commands;
        let sent = commands.get_or_create(&InstanceLabels { instance }).get();
        (sent, ignored)
    }

    #[test]
    fn a_line_that_frr_numbers_anew_each_time_is_missing_as_before() {
        let command = |line: &str| Command {
            context: Arc::new([]),
            line: line.to_owned(),
        };
        let drift = |number: u32| {
            [
                command("ip prefix-list free permit 10.1.1.1/8"),
                command(&format!(
                    "no ip prefix-list free seq {number} permit 10.0.0.0/8"
                )),
            ]
        };
        assert!(is_as_before(&drift(5), &drift(10)));
        assert!(!is_as_before(&drift(5), &drift(5)[..1]));
        assert!(!is_as_before(&drift(5)[..1], &drift(5)[1..]));
    }

    #[tokio::test]
    async fn what_frr_ignores_twice_is_said_and_not_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        daemons_that_print_nothing(dir.path());
        let mut frr = frr(dir.path());
        let (sent, ignored) = sent_and_ignored(&mut frr).await;
        assert!(ignored > 0);
        assert!(!frr.is_worth_another_try());
        for _ in 0..2 {
            assert_eq!(sent_and_ignored(&mut frr).await, (sent, ignored));
        }
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
