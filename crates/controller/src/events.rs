//! Events on the objects of users, for `kubectl describe`.

use ferroute_plan::snapshot::{Key, Kind};
use ferroute_service::events;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Reporter};

/// What the controller says to users about their objects.
pub(crate) struct Events(pub(crate) events::Events);

/// As whom this replica of the controller says it.
pub(crate) fn reporter(identity: &str) -> Reporter {
    Reporter {
        controller: "ferroute.io/controller".to_owned(),
        instance: Some(identity.to_owned()),
    }
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
            note: Some(note.to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        self.0.put(on, event);
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
