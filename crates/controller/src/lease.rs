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

/// Who takes the lease before the chart goes. A controller that has heard of it does not lead any more until it is
/// started again: between the end of the uninstallation and its own it would make anew what was removed.
pub(crate) const UNINSTALL: &str = "uninstall";

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
            Some(lease) = lease.next() => {
                let holder = holder(&lease);
                taken = holder.is_some_and(|holder| holder != options.identity);
                if holder == Some(UNINSTALL) { break; }
            }
        }
        let leads = *state.borrow_and_update() && !taken;
        if leading.send_if_modified(|led| std::mem::replace(led, leads) != leads) {
            info!(leads, identity = options.identity, "leadership");
        }
    }
    leading.send_replace(false);
    // Closing the channel makes the manager give the lease back, so that the standby need not wait.
    drop(state);
    if let Ok(released) = task.await {
        released.map_err(lease_error)?;
    }
    shutdown.cancelled().await;
    Ok(())
}

/// Who holds the lease. One that cannot be read is left to the manager.
fn holder(lease: &Result<Option<Lease>, watcher::Error>) -> Option<&str> {
    let lease = lease.as_ref().ok()?.as_ref()?;
    let holder = lease.spec.as_ref()?.holder_identity.as_deref()?;
    (!holder.is_empty()).then_some(holder)
}

fn lease_error(error: kube_lease_manager::LeaseManagerError) -> Error {
    Error::Lease(Box::new(error))
}
