//! Events on the objects of users, for `kubectl describe`.

use ferroute_plan::snapshot::{Key, Kind};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tracing::warn;

/// The longest note that the API takes.
const NOTE_MAX: usize = 1024;

pub(crate) struct Events {
    recorder: Recorder,
}

impl Events {
    pub(crate) fn new(client: Client, identity: &str) -> Self {
        let instance = Some(identity.to_owned());
        let reporter = Reporter {
            controller: "ferroute.io/controller".to_owned(),
            instance,
        };
        Self {
            recorder: Recorder::new(client, reporter),
        }
    }

    /// Something went as asked.
    pub(crate) async fn normal(&self, on: ObjectReference, reason: &str, note: String) {
        self.publish(EventType::Normal, on, reason, note).await;
    }

    /// Something did not go as asked.
    pub(crate) async fn warning(&self, on: ObjectReference, reason: &str, note: String) {
        self.publish(EventType::Warning, on, reason, note).await;
    }

    /// An event that cannot be written is no reason to stop.
    async fn publish(&self, type_: EventType, on: ObjectReference, reason: &str, note: String) {
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note.chars().take(NOTE_MAX).collect()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, &on).await {
            warn!(
                error = &error as &dyn std::error::Error,
                reason, "event not written"
            );
        }
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
