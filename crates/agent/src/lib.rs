//! The node agent: watches what the controller asks of its node, makes kernel and FRR so, and reports.
//!
//! ```text
//! watch ─► Inbox ─► desired (pure) ─► FRR router, then kernel │ FRR speaker ─► report
//!            ▲ netlink, sessions ─► session states, events, metrics
//! ```

pub mod desired;
mod events;
mod failures;
mod inbox;
mod instances;
mod links;
mod metrics;
mod news;
mod node;
mod passwords;
mod reconcile;
mod report;
mod seen;
mod session_state;
mod sessions;
mod stored;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ferroute_service::{Health, Process};
use kube::Client;
use prometheus_client::registry::Registry;

use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::node::Node;

/// What an agent is told at its start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The node that it is on.
    pub node: String,
    /// The namespace for objects that have to be in one.
    pub namespace: String,
    /// Where state is kept that must survive the pod.
    pub state_dir: PathBuf,
    /// The folder with a folder of sockets for each FRR instance.
    pub frr_run_dir: PathBuf,
    /// The router's network namespace; without one the node is a speaker alone.
    pub netns: Option<PathBuf>,
    /// Where metrics and probes are served.
    pub listen: SocketAddr,
}

/// Why an agent ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HTTP server.
    #[error(transparent)]
    Serve(#[from] ferroute_service::health::ServeError),
    /// The state folder cannot be made.
    #[error("state directory {}", path.display())]
    StateDir {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Runs until the process is told to end.
pub async fn run(
    client: Client,
    options: Options,
) -> Result<(), ferroute_service::process::ProcessError<Error>> {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let health = Health::default();
    let inbox = Arc::new(Inbox::default());
    let node = Arc::new(Node {
        client,
        options,
        metrics,
    });

    let mut process = Process::new();
    let shutdown = process.shutdown();
    let served = ferroute_service::serve(
        node.options.listen,
        health.clone(),
        registry,
        shutdown.clone(),
    );
    process.spawn("http server", async { Ok(served.await?) });
    process.spawn(
        "node router watch",
        watch::node_router(Arc::clone(&node), Arc::clone(&inbox), shutdown.clone()),
    );
    process.spawn(
        "route slice watch",
        watch::route_slices(Arc::clone(&node), Arc::clone(&inbox), shutdown.clone()),
    );
    process.spawn(
        "reconcile",
        reconcile::run(
            Arc::clone(&node),
            Arc::clone(&inbox),
            health,
            shutdown.clone(),
        ),
    );
    let name = node.options.node.clone();
    let (events, event_writer) =
        ferroute_service::events::events(node.client.clone(), events::reporter(&name));
    process.spawn("events", event_writer.run(shutdown.clone()));
    let (states, state_writer) = session_state::states(&node);
    process.spawn(
        "session states",
        state_writer.run(Arc::clone(&node), Arc::clone(&inbox), shutdown.clone()),
    );
    let events = events::Events { node: name, events };
    let watch = sessions::Watch::new(node, inbox, states, events);
    process.spawn("sessions", watch.run(shutdown));
    process.run().await
}
