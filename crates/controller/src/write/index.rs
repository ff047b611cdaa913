//! The annotation on Nodes that repeats their index.

use std::collections::BTreeMap;

use ferroute_api::ferroute::NODE_INDEX_ANNOTATION;
use ferroute_plan::index::NodeIndex;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Writer, first_error, side_by_side};
use crate::state::State;
use crate::{Error, FIELD_MANAGER};

impl Writer {
    pub(crate) async fn node_indexes(
        &self,
        state: &mut State,
        indexes: &BTreeMap<String, NodeIndex>,
    ) -> Result<(), Error> {
        let differing = indexes.iter().filter(|(name, index)| {
            state
                .snapshot
                .nodes
                .get(*name)
                .is_some_and(|node| node.index != Some(**index))
        });
        let writes = differing.map(|(name, index)| self.node_index(name, *index));
        let written = side_by_side(writes.collect())
            .await
            .into_iter()
            .map(|written| {
                written.map(|(name, index)| {
                    if let Some(node) = state.snapshot.nodes.get_mut(name) {
                        node.index = Some(index);
                    }
                })
            });
        first_error(written)
    }

    async fn node_index<'n>(
        &self,
        name: &'n str,
        index: NodeIndex,
    ) -> Result<(&'n str, NodeIndex), Error> {
        let api: Api<Node> = Api::all(self.client.clone());
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let annotation = json!({ NODE_INDEX_ANNOTATION: index.to_string() });
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotation } }));
        let write = api.patch_metadata(name, &params, &patch);
        self.sent(format!("Node {name}"), write).await?;
        Ok((name, index))
    }
}
