//! The cluster controller: watches the cluster, plans, and writes what the plan changes.
//!
//! ```text
//! watches ─► State (one owner, no locks) ─► ferroute_plan::plan ─► write: services, slices, nodes, statuses
//!     ▲                                                                        │ answers
//!     └────────────────────────────────────────────────────────────────────────┘
//! ```
//! Every replica watches and holds the state; only the leader writes.

mod convert;
mod error;
mod events;
mod lease;
mod metrics;
mod reconcile;
mod state;
mod uninstall;
mod watch;
mod write;

use std::net::SocketAddr;

use ferroute_service::process::ProcessError;
use ferroute_service::{Health, Process};
use kube::Client;
use prometheus_client::registry::Registry;

pub use error::Error;
pub use uninstall::uninstall;

use crate::metrics::Metrics;
use crate::write::Writer;

/// The Lease that says which replica leads.
pub const LEASE: &str = "ferroute-controller";

/// The owner of the fields that the controller writes.
pub(crate) const FIELD_MANAGER: &str = "ferroute-controller";

/// What a controller is told at its start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of this replica in the Lease.
    pub identity: String,
    /// Where metrics and probes are served.
    pub listen: SocketAddr,
    /// The class of Services to serve; none: those without a class.
    pub load_balancer_class: Option<String>,
}

/// Runs until the process is told to end.
pub async fn run(client: Client, options: Options) -> Result<(), ProcessError<Error>> {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let health = Health::default();

    let mut process = Process::new();
    let shutdown = process.shutdown();
    let served =
        ferroute_service::serve(options.listen, health.clone(), registry, shutdown.clone());
    process.spawn("http server", async { Ok(served.await?) });

    let (leading, leader) = tokio::sync::watch::channel(false);
    process.spawn(
        "lease",
        lease::hold(client.clone(), options.clone(), leading, shutdown.clone()),
    );
    let changes = watch::start(&client, &options, &mut process);
    let reporter = events::reporter(&options.identity);
    let (events, event_writer) = ferroute_service::events::events(client.clone(), reporter);
    process.spawn("events", event_writer.run(shutdown.clone()));
    let writer = Writer {
        client,
        metrics: metrics.clone(),
        leader: leader.clone(),
        shutdown: shutdown.clone(),
    };
    let loop_ = reconcile::Loop {
        changes,
        leader,
        writer,
        events: events::Events(events),
        metrics,
        health,
        shutdown,
    };
    process.spawn("reconcile", loop_.run());
    process.run().await
}
