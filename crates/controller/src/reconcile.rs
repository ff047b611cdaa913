//! The loop: take changes, plan, write. The first change goes at once; what comes while a plan is being
//! written is in the next one.

use std::time::{Duration, Instant};

use ferroute_plan::allocate::settle;
use ferroute_plan::{Plan, plan};
use ferroute_service::Health;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::Error;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::state::{Change, State};
use crate::write::Writer;

/// How long to wait after a write that failed, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

pub(crate) struct Loop {
    pub(crate) changes: mpsc::Receiver<Change>,
    pub(crate) leader: watch::Receiver<bool>,
    pub(crate) writer: Writer,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) shutdown: CancellationToken,
}

impl Loop {
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let mut state = State::default();
        let mut backoff = BACKOFF.0;
        let mut dirty = false;
        while self.next(&mut state, &mut dirty, backoff).await {
            let complete = state.is_complete();
            self.health.set_ready(complete);
            let leads = *self.leader.borrow_and_update();
            self.metrics.set_leads(leads);
            if leads {
                self.say_unreadable(&mut state);
            }
            if !(complete && leads && dirty) {
                continue;
            }
            match self.reconcile(&mut state).await {
                Ok(()) => {
                    dirty = false;
                    backoff = BACKOFF.0;
                }
                Err(error) => {
                    warn!(error = &error as &dyn std::error::Error, "will try again");
                    backoff = (backoff * 2).min(BACKOFF.1);
                }
            }
        }
        Ok(())
    }

    /// Waits for something to do and takes everything that is there; false at the end of the process.
    async fn next(&mut self, state: &mut State, dirty: &mut bool, backoff: Duration) -> bool {
        let retry = *dirty && *self.leader.borrow() && state.is_complete();
        tokio::select! {
            () = self.shutdown.cancelled() => return false,
            changed = self.leader.changed() => {
                // A new leader has to look at everything.
                *dirty = true;
                if changed.is_err() { return false; }
            }
            change = self.changes.recv() => match change {
                Some(change) => *dirty |= change(state),
                None => return false,
            },
            () = tokio::time::sleep(backoff), if retry => {}
        }
        while let Ok(change) = self.changes.try_recv() {
            *dirty |= change(state);
        }
        true
    }

    fn say_unreadable(&self, state: &mut State) {
        for (on, note) in state.unreadable.drain(..) {
            self.events.warning(on, "Unreadable", &note);
        }
    }

    /// Makes the cluster as the plan says. Addresses are written first, and announced by a second plan
    /// that sees them written.
    async fn reconcile(&self, state: &mut State) -> Result<(), Error> {
        let start = Instant::now();
        let mut plan = plan(&state.snapshot);
        let allocated = self
            .writer
            .services(state, &plan.services, &self.events)
            .await;
        settle(&mut state.snapshot, &plan.services);
        if allocated.changed {
            plan = ferroute_plan::plan(&state.snapshot);
        }
        let written = self.write(state, &plan).await;
        self.observe(&plan, start.elapsed());
        allocated.result.and(written)
    }

    async fn write(&self, state: &mut State, plan: &Plan) -> Result<(), Error> {
        // Slices before routers: a policy that goes must not leave its prefixes without one for longer
        // than it takes, and one that comes finds them there.
        let slices = self.writer.route_slices(state, &plan.route_slices).await;
        let routers = self.writer.node_routers(state, &plan.node_routers).await;
        let indexes = self.writer.node_indexes(state, &plan.indexes).await;
        let statuses = self.writer.statuses(state, plan, &self.events).await;
        slices.and(routers).and(indexes).and(statuses)
    }

    fn observe(&self, plan: &Plan, elapsed: Duration) {
        self.metrics.reconciles.inc();
        self.metrics
            .reconcile_duration
            .observe(elapsed.as_secs_f64());
        let prefixes: u32 = plan
            .route_slices
            .values()
            .map(|slice| u32::try_from(slice.entries.len()).unwrap_or(u32::MAX))
            .sum();
        self.metrics.announced_prefixes.set(f64::from(prefixes));
        self.metrics.pools.set(&plan.pools);
        let refused = plan
            .verdicts
            .iter()
            .filter(|(_, _, verdict)| verdict.refused.is_some());
        let refused = refused.count();
        self.metrics
            .refused_objects
            .set(i64::try_from(refused).unwrap_or(i64::MAX));
        if elapsed > Duration::from_secs(1) {
            info!(?elapsed, "slow reconcile");
        } else {
            debug!(?elapsed, "reconciled");
        }
    }
}
