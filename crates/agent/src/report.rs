//! What the agent says of the node: the status of its `NodeRouter`.

use std::time::{Duration, Instant};

use ferroute_api::condition::{Verdict, conditions};
use ferroute_api::ferroute::{NodeFailure, NodeRouter, NodeRouterStatus};
use ferroute_service::answered;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tracing::warn;

use crate::inbox::Asked;
use crate::node::Node;

const FIELD_MANAGER: &str = "ferroute-agent";

/// How often a count alone is news. A write for each Service, from each node, would be the API's largest load.
const COUNTS: Duration = Duration::from_secs(5);

/// Remembers what was said last, so that only news is written.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    /// The uid of the `NodeRouter` that it was said of.
    of: String,
    said: Option<(Instant, NodeRouterStatus)>,
    /// When to say what was not said yet.
    due: Option<Instant>,
}

impl Reporter {
    /// Says what has been applied. A report that cannot be written is made again.
    pub(crate) async fn report(
        &mut self,
        node: &Node,
        asked: &Asked,
        failures: &[NodeFailure],
        announced: usize,
    ) {
        self.turn_to(&asked.uid);
        // Without a NodeRouter there is nothing to report on.
        if asked.uid.is_empty() {
            return;
        }
        let status = self.status(asked, failures, announced);
        self.due = self.when(&status);
        if self.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        let api: Api<NodeRouter> = Api::all(node.client.clone());
        let patch = Patch::Apply(json!({
            "apiVersion": "ferroute.io/v1alpha1",
            "kind": "NodeRouter",
            "metadata": { "name": node.options.node },
            "status": status,
        }));
        let params = PatchParams::apply(FIELD_MANAGER).force();
        match answered(api.patch_status(&node.options.node, &params, &patch)).await {
            Ok(_) => {
                self.said = Some((Instant::now(), status));
                self.due = None;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "status not written");
                self.due = Some(Instant::now() + COUNTS);
            }
        }
    }

    /// Of another `NodeRouter`, or of none, nothing was said and nothing is due.
    fn turn_to(&mut self, uid: &str) {
        if self.of != uid {
            *self = Self {
                of: uid.to_owned(),
                ..Self::default()
            };
        }
    }

    /// When a report is due that waits for its time.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// When to say a status: never again, at once, or later if only a count differs.
    fn when(&self, status: &NodeRouterStatus) -> Option<Instant> {
        let Some((at, said)) = &self.said else {
            return Some(Instant::now());
        };
        if said == status {
            return None;
        }
        let count_alone = NodeRouterStatus {
            announced_routes: said.announced_routes,
            ..status.clone()
        } == *said;
        Some(if count_alone { *at + COUNTS } else { *at })
    }

    fn status(
        &self,
        asked: &Asked,
        failures: &[NodeFailure],
        announced: usize,
    ) -> NodeRouterStatus {
        let said = self
            .said
            .as_ref()
            .map(|(_, said)| said.conditions.as_slice());
        let verdict = match failures.first() {
            None => Verdict::ready("kernel and FRR are as asked"),
            Some(first) => Verdict::not_ready("Failed", summary(first, failures.len() - 1)),
        };
        let now = Time(jiff::Timestamp::now());
        NodeRouterStatus {
            observed_generation: asked.generation,
            conditions: conditions(
                said.unwrap_or_default(),
                &[verdict],
                Some(asked.generation),
                &now,
            ),
            announced_routes: u32::try_from(announced).unwrap_or(u32::MAX),
            failures: failures.to_vec(),
            // Those are written by who watches the sessions.
            sessions: String::new(),
            fabric_sessions: Vec::new(),
        }
    }
}

fn summary(first: &NodeFailure, more: usize) -> String {
    match more {
        0 => first.message.clone(),
        more => format!("{}; and {more} more", first.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uid: &str) -> Asked {
        Asked {
            uid: uid.to_owned(),
            ..Asked::default()
        }
    }

    #[tokio::test]
    async fn without_a_node_router_no_report_is_due() {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::of_test(dir.path());
        let mut reporter = Reporter::default();
        reporter.report(&node, &asked("first"), &[], 0).await;
        assert!(reporter.due().is_some(), "nobody took it");
        reporter.report(&node, &asked(""), &[], 0).await;
        assert_eq!(reporter.due(), None);
    }

    #[test]
    fn a_node_router_made_anew_is_told_what_the_one_before_was_told() {
        let mut reporter = Reporter::default();
        reporter.turn_to("first");
        let status = reporter.status(&asked("first"), &[], 0);
        reporter.said = Some((Instant::now(), status.clone()));
        assert_eq!(reporter.when(&status), None);
        reporter.turn_to("second");
        assert!(reporter.when(&status).is_some());
    }
}
