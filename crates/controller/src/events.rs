//! Events on the objects of users, for `kubectl describe`.

use ferroute_plan::snapshot::{Key, Kind};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Error;

/// The longest note that the API takes.
const NOTE_MAX: usize = 1024;

/// How many events may wait to be written. More than that at once are news to nobody.
const WAITING: usize = 4096;

type News = (ObjectReference, Event);

/// Takes events and never waits: a route is not held up by the words about it.
pub(crate) struct Events {
    waiting: Sender<News>,
}

/// Writes the events that were taken.
pub(crate) struct EventWriter {
    recorder: Recorder,
    waiting: Receiver<News>,
}

/// Where events are put, and who writes them.
pub(crate) fn events(client: Client, identity: &str) -> (Events, EventWriter) {
    let reporter = Reporter {
        controller: "ferroute.io/controller".to_owned(),
        instance: Some(identity.to_owned()),
    };
    let recorder = Recorder::new(client, reporter);
    let (sender, waiting) = channel(WAITING);
    (
        Events { waiting: sender },
        EventWriter { recorder, waiting },
    )
}

impl Events {
    /// Something went as asked.
    pub(crate) fn normal(&self, on: ObjectReference, reason: &str, note: &str) {
        self.put(EventType::Normal, on, reason, note);
    }

    /// Something did not go as asked.
    pub(crate) fn warning(&self, on: ObjectReference, reason: &str, note: &str) {
        self.put(EventType::Warning, on, reason, note);
    }

    fn put(&self, type_: EventType, on: ObjectReference, reason: &str, note: &str) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note.chars().take(NOTE_MAX).collect()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if self.waiting.try_send((on, event)).is_err() {
            warn!(reason, note, "event not written: too many are waiting");
        }
    }
}

impl EventWriter {
    /// Runs until the shutdown.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        while let Some(Some((on, event))) = shutdown.run_until_cancelled(self.waiting.recv()).await
        {
            if let Err(error) = self.recorder.publish(&event, &on).await {
                let error = &error as &dyn std::error::Error;
                warn!(error, reason = event.reason, "event not written");
            }
        }
        Ok(())
    }
}

/// A reference to an object of a user.
pub(crate) fn reference(kind: Kind, key: &Key, uid: Option<String>) -> ObjectReference {
    ObjectReference {
        api_version: Some(api_version(kind).to_owned()),
        kind: Some(kind.as_str().to_owned()),
        namespace: Some(key.namespace.clone()),
        name: Some(key.name.clone()),
        uid,
        ..ObjectReference::default()
    }
}

/// Group and version under which a kind is written.
pub(crate) fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::Underlay | Kind::L3vni | Kind::L2vni => "openpe.openperouter.github.io/v1alpha1",
        Kind::BgpPeer => "metallb.io/v1beta2",
        Kind::IpAddressPool
        | Kind::BgpAdvertisement
        | Kind::L2Advertisement
        | Kind::BfdProfile
        | Kind::Community => "metallb.io/v1beta1",
        Kind::FrrConfiguration => "frrk8s.metallb.io/v1beta1",
        Kind::Service => "v1",
    }
}
