//! Looks at both FRR instances and tells whom it concerns of every change within a second: the API, metrics, and the
//! reconciler when FRR has restarted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_frr::observe::Observer;
use ferroute_frr::session::Session;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Error;
use crate::events::Events;
use crate::inbox::Inbox;
use crate::news::Newsroom;
use crate::node::{Instance, Node};
use crate::seen::Seen;
use crate::session_state::Sessions;

/// A look at an instance whose sessions stand as before costs it a few milliseconds with 100 of them.
const INTERVAL: Duration = Duration::from_millis(500);

/// The watch over both instances.
pub(crate) struct Watch {
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    observers: BTreeMap<Instance, Observer>,
    /// What was seen last of the instances that answer.
    seen: BTreeMap<Instance, Seen>,
    newsroom: Newsroom,
    states: watch::Sender<Sessions>,
    events: Events,
}

impl Watch {
    pub(crate) fn new(
        node: Arc<Node>,
        inbox: Arc<Inbox>,
        states: watch::Sender<Sessions>,
        events: Events,
    ) -> Self {
        let observers = Instance::ALL
            .map(|instance| (instance, Observer::new(node.sockets(instance))))
            .into();
        Self {
            node,
            inbox,
            observers,
            seen: BTreeMap::new(),
            newsroom: Newsroom::default(),
            states,
            events,
        }
    }

    /// Runs until the shutdown.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            for instance in Instance::ALL {
                self.look(instance).await;
            }
            self.reconnect().await;
            self.states.send_replace(Sessions {
                speaker: self.sessions(Instance::Speaker).to_vec(),
                router: self.sessions(Instance::Router).to_vec(),
            });
        }
        Ok(())
    }

    fn sessions(&self, instance: Instance) -> &[Session] {
        self.seen
            .get(&instance)
            .map_or(&[], |seen| seen.sessions.as_slice())
    }

    /// An instance that answers again after it did not has restarted: it may need its configuration.
    async fn look(&mut self, instance: Instance) {
        let Some(observer) = self.observers.get_mut(&instance) else {
            return;
        };
        let looked = Seen::look(observer).await;
        let answered_before = self.seen.remove(&instance).is_some();
        let answers = looked.is_ok();
        match looked {
            Ok(seen) => {
                self.node.metrics.of(instance).set(seen.clone());
                self.seen.insert(instance, seen);
            }
            Err(error) => {
                self.node.metrics.of(instance).set(Seen::default());
                if answered_before {
                    let error = &error as &dyn std::error::Error;
                    warn!(instance = instance.as_str(), error, "FRR does not answer");
                }
            }
        }
        if answers != answered_before {
            self.inbox.wake();
        }
        self.tell(instance);
    }

    fn tell(&mut self, instance: Instance) {
        let seen = self.seen.get(&instance);
        for news in self.newsroom.news(instance, seen, Instant::now()) {
            info!(reason = news.reason(), note = news.note(), "news of FRR");
            if let Some(uid) = self.inbox.owner() {
                self.events.put(uid, &news);
            }
        }
    }

    /// The speaker does not listen, so it is the one that must connect to peers that restart: its own router among
    /// them.
    async fn reconnect(&mut self) {
        let speaker = Instance::Speaker;
        let (Some(observer), Some(seen)) =
            (self.observers.get_mut(&speaker), self.seen.get(&speaker))
        else {
            return;
        };
        if let Err(error) = observer.connect_to_restarting(&seen.sessions).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, "no new attempt to reach peers that restart");
        }
    }
}
