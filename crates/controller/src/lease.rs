//! Leadership: one replica writes, the others stand by with the same state.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watch_object};
use kube::{Api, Client};
use kube_lease_manager::{LeaseManagerBuilder, LeaseParams};
use tokio::sync::watch::Sender;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{Error, LEASE, Options};

/// Seconds after which a leader that does not renew has lost the lease.
const DURATION: u64 = 15;
/// Seconds before that at which it renews.
const GRACE: u64 = 5;

/// Says on `leading` whether this replica leads, and gives the lease back at the shutdown.
pub(crate) async fn hold(
    client: Client,
    options: Options,
    leading: Sender<bool>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), &options.namespace);
    let mut lease = pin!(watch_object(leases, LEASE).default_backoff());
    let manager = LeaseManagerBuilder::new(client, LEASE)
        .with_namespace(&options.namespace)
        .with_parameters(LeaseParams::new(&options.identity, DURATION, GRACE))
        .build();
    let Some(manager) = shutdown.run_until_cancelled(manager).await else {
        return Ok(());
    };
    let (mut state, task) = manager.map_err(lease_error)?.watch().await;
    let mut taken = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            changed = state.changed() => if changed.is_err() { break },
            // The manager looks at the lease when it renews. Who takes it by force is heard here, at once.
            Some(lease) = lease.next() => taken = is_of_another(&lease, &options.identity),
        }
        let leads = *state.borrow_and_update() && !taken;
        if leading.send_if_modified(|led| std::mem::replace(led, leads) != leads) {
            info!(leads, identity = options.identity, "leadership");
        }
    }
    // Closing the channel makes the manager give the lease back, so that the standby need not wait.
    drop(state);
    match task.await {
        Ok(released) => released.map(drop).map_err(lease_error),
        Err(_) => Ok(()),
    }
}

/// A lease that cannot be read is left to the manager.
fn is_of_another(lease: &Result<Option<Lease>, watcher::Error>, identity: &str) -> bool {
    let Ok(Some(lease)) = lease else { return false };
    let holder = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.holder_identity.as_deref());
    holder.is_some_and(|holder| !holder.is_empty() && holder != identity)
}

fn lease_error(error: kube_lease_manager::LeaseManagerError) -> Error {
    Error::Lease(Box::new(error))
}
