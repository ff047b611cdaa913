//! The agent's only watches: its own `NodeRouter`, and the route slices for everybody or for its node.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use ferroute_api::ferroute::{AUDIENCE_LABEL, Audience, NodeRouter, RouteEntry, RouteSlice};
use futures::StreamExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Error;
use crate::inbox::{AskedRouter, Inbox};
use crate::node::Node;

/// After how many seconds a watch is begun anew: a connection on which nothing comes any more is found out by then.
const RENEWAL: u32 = 60;

pub(crate) async fn node_router(
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let api: Api<NodeRouter> = Api::all(node.client.clone());
    let config = config().fields(&format!("metadata.name={}", node.options.node));
    let events = pin!(watcher(api, config).default_backoff());
    // An initial list without the object says that there is none.
    let mut listed = AskedRouter::default();
    each(events, shutdown, |event| match event {
        Event::Init => listed = AskedRouter::default(),
        Event::InitApply(router) => listed = content(router),
        Event::InitDone => inbox.set_router(std::mem::take(&mut listed)),
        Event::Apply(router) => inbox.set_router(content(router)),
        Event::Delete(_) => inbox.set_router(AskedRouter::default()),
    })
    .await;
    Ok(())
}

fn config() -> watcher::Config {
    watcher::Config::default().timeout(RENEWAL)
}

fn content(router: NodeRouter) -> AskedRouter {
    AskedRouter {
        generation: router.metadata.generation.unwrap_or_default(),
        uid: router.uid().unwrap_or_default(),
        spec: router.spec,
    }
}

pub(crate) async fn route_slices(
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let api: Api<RouteSlice> = Api::all(node.client.clone());
    let own = Audience::Node(node.options.node.clone()).label();
    let audiences = format!("{AUDIENCE_LABEL} in ({},{own})", Audience::All.label());
    let events = pin!(watcher(api, config().labels(&audiences)).default_backoff());
    let mut listed: BTreeMap<String, Vec<RouteEntry>> = BTreeMap::new();
    each(events, shutdown, |event| match event {
        Event::Init => listed.clear(),
        Event::InitApply(slice) => drop(listed.insert(slice.name_any(), slice.spec.entries)),
        Event::InitDone => inbox.set_slices(std::mem::take(&mut listed)),
        Event::Apply(slice) => inbox.set_slice(slice.name_any(), Some(slice.spec.entries)),
        Event::Delete(slice) => inbox.set_slice(slice.name_any(), None),
    })
    .await;
    Ok(())
}

/// Hands on the events of a watch until the shutdown. The watch itself tries again after an error.
async fn each<K>(
    mut events: impl futures::Stream<Item = Result<Event<K>, watcher::Error>> + Unpin,
    shutdown: CancellationToken,
    mut handle: impl FnMut(Event<K>),
) {
    while let Some(Some(event)) = cancelled_or(&shutdown, events.next()).await {
        match event {
            Ok(event) => handle(event),
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                "watch interrupted"
            ),
        }
    }
}

async fn cancelled_or<T>(
    shutdown: &CancellationToken,
    future: impl Future<Output = T>,
) -> Option<T> {
    shutdown.run_until_cancelled(future).await
}
