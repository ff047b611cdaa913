//! Writes to the API: only what differs from what is there, several at a time.

mod index;
mod router;
mod service;
mod slice;
mod status;

use std::fmt::Debug;
use std::future::Future;

use ferroute_service::answered;
use futures::StreamExt;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::{Error, FIELD_MANAGER};

/// How many writes are under way at once.
const AT_ONCE: usize = 16;

pub(crate) struct Writer {
    pub(crate) client: Client,
    pub(crate) metrics: Metrics,
    pub(crate) leader: watch::Receiver<bool>,
    pub(crate) shutdown: CancellationToken,
}

impl Writer {
    /// Creates an object or changes those of its fields that are ours.
    async fn apply<K>(&self, api: &Api<K>, object: &K) -> Result<K, Error>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize,
    {
        let name = object.meta().name.clone().unwrap_or_default();
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(object);
        let what = format!("{} {name}", K::kind(&()));
        self.sent(what, api.patch(&name, &params, &patch)).await
    }

    async fn delete<K>(&self, api: &Api<K>, name: &str) -> Result<(), Error>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let params = DeleteParams::default();
        let deleted = async { unless_gone(api.delete(name, &params).await) };
        let what = format!("{} {name}", K::kind(&()));
        self.sent(what, deleted).await
    }

    /// Waits for the answer to a write, and counts it. A plan has many, and the lease may end between two of them.
    async fn sent<T>(
        &self,
        what: String,
        write: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Error> {
        if !*self.leader.borrow() {
            return Err(Error::NotLeading { what });
        }
        self.metrics.writes.inc();
        let written = self.shutdown.run_until_cancelled(answered(write)).await;
        let Some(written) = written else {
            return Err(Error::Ending { what });
        };
        let written = written.map_err(Error::write(what));
        if written.is_err() {
            self.metrics.write_errors.inc();
        }
        written
    }
}

/// An object that has gone in the meantime is as good as written; the watch will say so.
pub(crate) fn unless_gone<T>(written: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match written {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

/// Runs writes side by side; all of them, whatever becomes of one. A `Vec`, because a lazy iterator would
/// be part of the future and tie it to the lifetimes of a closure.
async fn side_by_side<T>(writes: Vec<impl Future<Output = T>>) -> Vec<T> {
    futures::stream::iter(writes)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// The first error of many; the others were counted, and come again if they last.
fn first_error(results: impl IntoIterator<Item = Result<(), Error>>) -> Result<(), Error> {
    results.into_iter().fold(Ok(()), Result::and)
}
