//! What the agent says of the node: the status of its `NodeRouter`.

use ferroute_api::condition::{Verdict, conditions};
use ferroute_api::ferroute::{NodeFailure, NodeRouter, NodeRouterStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use tracing::warn;

use crate::inbox::Asked;
use crate::node::Node;

const FIELD_MANAGER: &str = "ferroute-agent";

/// Remembers what was said last, so that only news is written.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    said: Option<NodeRouterStatus>,
}

impl Reporter {
    /// Says what has been applied. A report that cannot be written is made again at the next reconcile.
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
        if self.said.as_ref() == Some(&status) {
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
        match api.patch_status(&node.options.node, &params, &patch).await {
            Ok(_) => self.said = Some(status),
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                "status not written"
            ),
        }
    }

    fn status(
        &self,
        asked: &Asked,
        failures: &[NodeFailure],
        announced: usize,
    ) -> NodeRouterStatus {
        let said = self.said.clone().unwrap_or_default();
        let verdict = match failures.first() {
            None => Verdict::ready("kernel and FRR are as asked"),
            Some(first) => Verdict::not_ready("Failed", summary(first, failures.len() - 1)),
        };
        let now = Time(jiff::Timestamp::now());
        NodeRouterStatus {
            observed_generation: asked.generation,
            conditions: conditions(&said.conditions, &[verdict], Some(asked.generation), &now),
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
