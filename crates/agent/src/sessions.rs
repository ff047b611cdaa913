//! Watches the BGP sessions of both FRR instances and tells the API of every change within a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ferroute_frr::session::{Session, State};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Error;
use crate::inbox::Inbox;
use crate::metrics::SessionLabels;
use crate::node::{Instance, Node};
use crate::session_state::SessionStates;

/// One `show` over a socket costs FRR a fraction of a millisecond.
const INTERVAL: Duration = Duration::from_millis(500);

pub(crate) async fn run(
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut watched = Watched::default();
    let mut states = SessionStates::new(&node);
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        for instance in [Instance::Router, Instance::Speaker] {
            watched.look(&node, instance, &inbox).await;
        }
        reconnect(&node, watched.of(Instance::Speaker)).await;
        observe(&node, watched.of(Instance::Speaker));
        let fabric = watched.of(Instance::Router);
        if let Some(asked) = inbox.asked() {
            states
                .write(&node, &asked.uid, watched.of(Instance::Speaker), fabric)
                .await;
        }
    }
    Ok(())
}

/// The sessions as they were seen last, by instance.
#[derive(Default)]
struct Watched {
    sessions: BTreeMap<Instance, Vec<Session>>,
}

impl Watched {
    fn of(&self, instance: Instance) -> &[Session] {
        self.sessions.get(&instance).map_or(&[], Vec::as_slice)
    }

    /// An instance that answers again after it did not has restarted: it may need its configuration.
    async fn look(&mut self, node: &Node, instance: Instance, inbox: &Inbox) {
        match ferroute_frr::session::sessions(&node.sockets(instance)).await {
            Ok(sessions) => {
                let before = self.sessions.insert(instance, sessions);
                match before {
                    Some(before) => log_changes(instance, &before, self.of(instance)),
                    None => inbox.wake(),
                }
            }
            Err(error) => {
                if self.sessions.remove(&instance).is_some() {
                    let error = &error as &dyn std::error::Error;
                    warn!(instance = instance.as_str(), error, "FRR does not answer");
                    inbox.wake();
                }
            }
        }
    }
}

/// The speaker does not listen, so it is the one that must connect to peers that restart: its own router among them.
async fn reconnect(node: &Node, sessions: &[Session]) {
    let sockets = node.sockets(Instance::Speaker);
    if let Err(error) = ferroute_frr::session::connect_to_restarting(&sockets, sessions).await {
        let error = &error as &dyn std::error::Error;
        warn!(error, "no new attempt to reach peers that restart");
    }
}

fn log_changes(instance: Instance, before: &[Session], after: &[Session]) {
    for session in after {
        let same = |other: &&Session| other.vrf == session.vrf && other.peer == session.peer;
        let was = before
            .iter()
            .find(same)
            .map_or(State::Idle, |other| other.state);
        let matters = session.state == State::Established || was == State::Established;
        if was != session.state && matters {
            let vrf = session.vrf.as_deref().unwrap_or("default");
            info!(instance = instance.as_str(), vrf, peer = session.peer, state = %session.state, "session");
        }
    }
}

fn observe(node: &Node, sessions: &[Session]) {
    let metrics = &node.metrics;
    metrics.session_up.clear();
    metrics.received_prefixes.clear();
    metrics.announced_prefixes.clear();
    for session in sessions {
        let vrf = session.vrf.clone().unwrap_or_default();
        let labels = SessionLabels {
            peer: session.peer.clone(),
            vrf,
        };
        let up = session.state == State::Established;
        metrics.session_up.get_or_create(&labels).set(i64::from(up));
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        metrics
            .received_prefixes
            .get_or_create(&labels)
            .set(gauge(session.prefixes_received));
        metrics
            .announced_prefixes
            .get_or_create(&labels)
            .set(gauge(session.prefixes_sent));
    }
}
