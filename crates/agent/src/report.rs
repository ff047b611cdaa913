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
