//! Events on this node's `NodeRouter`, for `kubectl describe`.

use ferroute_service::events;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Reporter};

use crate::news::News;

/// What the agent says about the sessions of its node.
pub(crate) struct Events {
    pub(crate) node: String,
    pub(crate) events: events::Events,
}

/// As whom the agent of a node says it.
pub(crate) fn reporter(node: &str) -> Reporter {
    Reporter {
        controller: "ferroute.io/agent".to_owned(),
        instance: Some(node.to_owned()),
    }
}

impl Events {
    /// Tells news on the `NodeRouter` of this uid.
    pub(crate) fn put(&self, uid: String, news: &News) {
        self.events
            .put(reference(&self.node, uid, news), event(news));
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
        note: Some(news.note()),
        action: cause.to_owned(),
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
