//! Leadership: one replica writes, the others stand by with the same state.

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use kube_lease_manager::{LeaseManagerBuilder, LeaseParams};
use tokio::sync::watch::Sender;
use tokio::time::{Instant, timeout};
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
/// A leader that has not heard of its renewal for so long begins no write: it comes before another one may begin.
const TRUST: Duration = Duration::from_secs(DURATION - 2);
/// How long the API may take to tell of the lease, and the pause between two questions.
const LOOK: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);

/// Says on `leading` whether this replica leads, and gives the lease back at the shutdown.
pub(crate) async fn hold(
    client: Client,
    options: Options,
    leading: Sender<bool>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), &options.namespace);
    let mut lease = pin!(watch_object(leases.clone(), LEASE).default_backoff());
    let manager = LeaseManagerBuilder::new(client, LEASE)
        .with_namespace(&options.namespace)
        .with_parameters(LeaseParams::new(&options.identity, DURATION, GRACE))
        .build();
    let Some(manager) = shutdown.run_until_cancelled(manager).await else {
        return Ok(());
    };
    let (mut state, task) = manager.map_err(lease_error)?.watch().await;
    let mut until = None;
    let mut look_at = None;
    loop {
        // The manager looks at the lease when it renews, and goes on believing in it while the API is away. Who takes it by
        // force is heard here at once; that it was renewed is heard, or else asked for before its time is over.
        let seen = tokio::select! {
            () = shutdown.cancelled() => break,
            changed = state.changed() => {
                if changed.is_err() { break }
                look(&leases).await
            }
            Some(lease) = lease.next() => lease.ok(),
            () = sleep_until(look_at) => look(&leases).await,
        };
        if let Some(lease) = seen {
            let lease = lease.as_ref();
            if lease.and_then(holder) == Some(UNINSTALL) {
                break;
            }
            until = lease.and_then(|lease| trusted_until(lease, &options.identity));
        }
        let (believed, now) = (*state.borrow_and_update(), Instant::now());
        until = until.filter(|until| *until > now);
        look_at = believed.then(|| next_look(until, now));
        let leads = believed && until.is_some();
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

/// The lease as the API has it; `None` if it does not answer soon.
async fn look(leases: &Api<Lease>) -> Option<Option<Lease>> {
    let answer = timeout(LOOK, leases.get_opt(LEASE)).await;
    answer.ok()?.ok()
}

/// Early enough for an answer before the lease is not trusted any more, and not without a pause.
fn next_look(until: Option<Instant>, now: Instant) -> Instant {
    let early = until.and_then(|until| until.checked_sub(LOOK));
    early.unwrap_or(now).max(now + PAUSE)
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}

/// How long a lease makes this replica the leader; not at all if it is another's, or was renewed too long ago.
fn trusted_until(lease: &Lease, identity: &str) -> Option<Instant> {
    if holder(lease) != Some(identity) {
        return None;
    }
    let renewed = lease.spec.as_ref()?.renew_time.as_ref()?.0;
    let age = jiff::Timestamp::now().duration_since(renewed);
    let left = TRUST.checked_sub(age.try_into().unwrap_or_default())?;
    Some(Instant::now() + left)
}

/// For ever without an instant.
async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn lease_error(error: kube_lease_manager::LeaseManagerError) -> Error {
    Error::Lease(Box::new(error))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    use super::*;

    fn renewed(holder: &str, seconds_ago: i64) -> Lease {
        let time = jiff::Timestamp::now() - SignedDuration::from_secs(seconds_ago);
        let spec = LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            renew_time: Some(MicroTime(time)),
            ..LeaseSpec::default()
        };
        Lease {
            spec: Some(spec),
            ..Lease::default()
        }
    }

    #[tokio::test]
    async fn a_lease_is_trusted_by_its_holder_until_shortly_before_it_ends() {
        let left = |lease| trusted_until(&lease, "me").map(|until| until - Instant::now());
        let fresh = left(renewed("me", 3)).unwrap() + Duration::from_secs(3);
        assert!(fresh <= TRUST && fresh + Duration::from_secs(2) > TRUST);
        assert!(left(renewed("me", 14)).is_none());
        assert!(left(renewed("another", 0)).is_none());
        assert!(left(Lease::default()).is_none());
    }

    #[tokio::test]
    async fn the_lease_is_asked_for_before_its_time_is_over_and_not_without_a_pause() {
        let now = Instant::now();
        let until = now + Duration::from_secs(10);
        assert_eq!(next_look(Some(until), now), until - LOOK);
        assert_eq!(next_look(Some(now + LOOK), now), now + PAUSE);
        assert_eq!(next_look(None, now), now + PAUSE);
    }
}
