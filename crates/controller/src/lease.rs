//! Leadership: one replica writes, the others stand by with the same state.

use kube::Client;
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
    let manager = LeaseManagerBuilder::new(client, LEASE)
        .with_namespace(&options.namespace)
        .with_parameters(LeaseParams::new(&options.identity, DURATION, GRACE))
        .build();
    let Some(manager) = shutdown.run_until_cancelled(manager).await else {
        return Ok(());
    };
    let (mut state, task) = manager.map_err(lease_error)?.watch().await;
    while let Some(Ok(())) = shutdown.run_until_cancelled(state.changed()).await {
        let leads = *state.borrow_and_update();
        info!(leads, identity = options.identity, "leadership");
        leading.send_replace(leads);
    }
    // Closing the channel makes the manager give the lease back, so that the standby need not wait.
    drop(state);
    match task.await {
        Ok(released) => released.map(drop).map_err(lease_error),
        Err(_) => Ok(()),
    }
}

fn lease_error(error: kube_lease_manager::LeaseManagerError) -> Error {
    Error::Lease(Box::new(error))
}
