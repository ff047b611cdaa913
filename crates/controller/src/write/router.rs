//! `NodeRouter`s: one for each node.

use std::collections::BTreeMap;

use ferroute_api::ferroute::{NodeRouter, NodeRouterSpec};
use kube::Api;

use super::{Writer, first_error, side_by_side};
use crate::Error;
use crate::state::State;

impl Writer {
    /// Writes those that differ and deletes those of nodes that are gone.
    pub(crate) async fn node_routers(
        &self,
        state: &mut State,
        planned: &BTreeMap<String, NodeRouterSpec>,
    ) -> Result<(), Error> {
        let api: Api<NodeRouter> = Api::all(self.client.clone());
        let changed: Vec<_> = planned
            .iter()
            .filter(|(name, spec)| {
                state.node_routers.get(*name).map(|router| &router.spec) != Some(*spec)
            })
            .map(|(name, spec)| NodeRouter::new(name, spec.clone()))
            .collect();
        let writes = changed.iter().map(|router| self.apply(&api, router));
        let written = side_by_side(writes.collect())
            .await
            .into_iter()
            .map(|written| {
                written.map(|router| {
                    state.set_node_router(router);
                })
            });
        first_error(written)?;
        self.delete_node_routers(&api, state, planned).await
    }

    async fn delete_node_routers(
        &self,
        api: &Api<NodeRouter>,
        state: &mut State,
        planned: &BTreeMap<String, NodeRouterSpec>,
    ) -> Result<(), Error> {
        let gone: Vec<String> = state
            .node_routers
            .keys()
            .filter(|name| !planned.contains_key(*name))
            .cloned()
            .collect();
        let deleted = side_by_side(gone.iter().map(|name| self.delete(api, name)).collect()).await;
        for (name, deleted) in gone.iter().zip(&deleted) {
            if deleted.is_ok() {
                state.remove_node_router(name);
            }
        }
        first_error(deleted)
    }
}
