//! The FRR instances of the node: who configures them, and the files that they start from.

use std::net::IpAddr;
use std::sync::Arc;

use ferroute_api::ferroute::NodeFailure;
use ferroute_frr::apply::{Applied, Engine};
use ferroute_frr::config::Config;
use ferroute_frr::vty::VtyError;
use tracing::{debug, info, warn};

use crate::failures;
use crate::metrics::InstanceLabels;
use crate::node::{Instance, Node};

/// One FRR.
pub(crate) struct Frr {
    node: Arc<Node>,
    instance: Instance,
    engine: Engine,
    /// What it should start from next time, and whether the file says so.
    startable: Option<(Config, Saved)>,
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
            startable: None,
        }
    }

    /// Makes it say what a configuration says. Nothing is written to disk: that comes after everything else.
    pub(crate) async fn apply(&mut self, config: Config) -> Vec<NodeFailure> {
        let applied = self.engine.apply(&config).await;
        if is_startable(&applied) {
            self.start_from(config);
        }
        match applied {
            Ok(applied) => {
                self.count(applied.commands_sent);
                let refused = applied.refused.iter();
                refused
                    .map(|refused| failures::of_frr(self.instance, refused))
                    .collect()
            }
            Err(error) => vec![failures::of_part("FRRNotReached", &error)],
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

/// An FRR that went away over a configuration must not start from it; one that is not there yet should.
fn is_startable(applied: &Result<Applied, VtyError>) -> bool {
    matches!(applied, Ok(_) | Err(VtyError::Connect { .. }))
}
