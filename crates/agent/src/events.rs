//! Events on this node's `NodeRouter`, for `kubectl describe`.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Error;
use crate::news::News;
use crate::node::Node;

/// How many events may wait to be written. More than that at once are news to nobody.
const WAITING: usize = 1024;

/// The longest note that the API takes.
const NOTE_MAX: usize = 1024;

/// The longest action that the API takes.
const ACTION_MAX: usize = 128;

/// Takes events and never waits: a look at the sessions is not held up by the words about the last.
pub(crate) struct Events {
    node: String,
    waiting: Sender<(ObjectReference, Event)>,
}

/// Writes the events that were taken.
pub(crate) struct EventWriter {
    recorder: Recorder,
    waiting: Receiver<(ObjectReference, Event)>,
}

/// Where events are put, and who writes them.
pub(crate) fn events(node: &Node) -> (Events, EventWriter) {
    let name = node.options.node.clone();
    let reporter = Reporter {
        controller: "ferroute.io/agent".to_owned(),
        instance: Some(name.clone()),
    };
    let recorder = Recorder::new(node.client.clone(), reporter);
    let (sender, waiting) = channel(WAITING);
    let events = Events {
        node: name,
        waiting: sender,
    };
    (events, EventWriter { recorder, waiting })
}

impl Events {
    /// Tells news on the `NodeRouter` of this uid.
    pub(crate) fn put(&self, uid: String, news: &News) {
        let told = (reference(&self.node, uid, news), event(news));
        if self.waiting.try_send(told).is_err() {
            let reason = news.reason();
            warn!(
                reason,
                note = news.note(),
                "event not written: too many are waiting"
            );
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

/// The recorder counts an event up instead of writing another if all but the note is the same. So the session is the
/// part of the `NodeRouter` that is meant, and what FRR gave as the cause is the action.
fn event(news: &News) -> Event {
    let cause = news.why.as_deref().unwrap_or("Observe");
    Event {
        type_: if news.up {
            EventType::Normal
        } else {
            EventType::Warning
        },
        reason: news.reason().to_owned(),
        note: Some(news.note().chars().take(NOTE_MAX).collect()),
        action: cause.chars().take(ACTION_MAX).collect(),
        secondary: None,
    }
}

fn reference(node: &str, uid: String, news: &News) -> ObjectReference {
    ObjectReference {
        api_version: Some("ferroute.io/v1alpha1".to_owned()),
        kind: Some("NodeRouter".to_owned()),
        name: Some(node.to_owned()),
        uid: Some(uid),
        field_path: Some(format!("{{{}}}", news.of)),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::news::{Of, What};
    use crate::node::Instance;

    fn down(peer: &str) -> News {
        News {
            of: Of {
                instance: Instance::Speaker,
                vrf: None,
                what: What::Bgp(peer.to_owned()),
            },
            up: false,
            why: Some("Hold Timer Expired".to_owned()),
        }
    }

    #[test]
    fn an_event_names_the_session_and_its_cause() {
        let event = event(&down("10.0.0.2"));
        assert_eq!(event.reason, "SessionDown");
        assert_eq!(event.type_, EventType::Warning);
        let note = "speaker: BGP session with 10.0.0.2 in VRF default is down: Hold Timer Expired";
        assert_eq!(event.note.as_deref(), Some(note));
        assert_eq!(event.action, "Hold Timer Expired");
    }

    #[test]
    fn two_sessions_are_not_counted_as_one() {
        let of = |peer| reference("node-1", "uid".to_owned(), &down(peer));
        assert_ne!(of("10.0.0.2"), of("10.0.0.3"));
        assert_eq!(of("10.0.0.2").name, of("10.0.0.3").name);
    }
}
