//! Events on objects of the cluster, for `kubectl describe`.

use std::fmt;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, Recorder, Reporter};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::answered;

/// How many events may wait to be written. More than that at once are news to nobody.
const WAITING: usize = 4096;

/// The longest note that the API takes.
const NOTE_MAX: usize = 1024;

/// The longest action that the API takes.
const ACTION_MAX: usize = 128;

/// Takes events and never waits: what they tell of is not held up by the words about it.
#[derive(Debug)]
pub struct Events {
    waiting: Sender<(ObjectReference, Event)>,
}

/// Writes the events that were taken.
pub struct EventWriter {
    recorder: Recorder,
    waiting: Receiver<(ObjectReference, Event)>,
}

/// Where events are put, and who writes them. `kubectl get events` shows the reporter.
pub fn events(client: Client, reporter: Reporter) -> (Events, EventWriter) {
    let recorder = Recorder::new(client, reporter);
    let (sender, waiting) = channel(WAITING);
    (
        Events { waiting: sender },
        EventWriter { recorder, waiting },
    )
}

impl fmt::Debug for EventWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWriter")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Takes an event on an object. What is longer than the API takes is cut.
    pub fn put(&self, on: ObjectReference, event: Event) {
        if let Err(untaken) = self.waiting.try_send((on, cut(event))) {
            let (_, Event { reason, note, .. }) = untaken.into_inner();
            warn!(reason, note, "event not written: too many are waiting");
        }
    }
}

impl EventWriter {
    /// Runs until the shutdown. An event that cannot be written is logged, so it never fails.
    pub async fn run<E>(mut self, shutdown: CancellationToken) -> Result<(), E> {
        while let Some(Some((on, event))) = shutdown.run_until_cancelled(self.waiting.recv()).await
        {
            let published = answered(self.recorder.publish(&event, &on));
            if let Some(Err(error)) = shutdown.run_until_cancelled(published).await {
                let error = &error as &dyn std::error::Error;
                warn!(error, reason = event.reason, "event not written");
            }
        }
        Ok(())
    }
}

fn cut(event: Event) -> Event {
    Event {
        note: event.note.map(|note| note.chars().take(NOTE_MAX).collect()),
        action: event.action.chars().take(ACTION_MAX).collect(),
        ..event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::runtime::events::EventType;
    use std::time::Duration;
    use tokio::net::TcpListener;

    fn event() -> Event {
        Event {
            type_: EventType::Warning,
            reason: "SessionDown".to_owned(),
            note: Some("ü".repeat(5000)),
            action: "Observe".repeat(100),
            secondary: None,
        }
    }

    /// An API server that lets itself be connected to, and says nothing.
    async fn standing_still() -> (TcpListener, Client) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = kube::Config::new(url.parse().unwrap());
        (listener, Client::try_from(config).unwrap())
    }

    #[tokio::test]
    async fn an_api_that_stands_still_does_not_hold_up_the_shutdown() {
        let (listener, client) = standing_still().await;
        let (events, writer) = events(client, "test".into());
        events.put(ObjectReference::default(), event());
        let shutdown = CancellationToken::new();
        let asked = async {
            let (_connection, _) = listener.accept().await.unwrap();
            shutdown.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = writer.run::<std::io::Error>(shutdown.clone()) => ended.unwrap(),
            () = asked => {}
            () = tokio::time::sleep(Duration::from_secs(2)) => panic!("still writing"),
        }
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let cut = cut(event());
        assert_eq!(cut.note, Some("ü".repeat(NOTE_MAX)));
        assert_eq!(cut.action.len(), ACTION_MAX);
    }

    #[test]
    fn one_event_too_many_is_dropped_and_nobody_waits() {
        let (sender, mut waiting) = channel(1);
        let events = Events { waiting: sender };
        for _ in 0..2 {
            events.put(ObjectReference::default(), event());
        }
        assert!(waiting.try_recv().is_ok());
        assert!(waiting.try_recv().is_err());
    }
}
