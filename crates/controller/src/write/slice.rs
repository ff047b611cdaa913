//! `RouteSlice`s: new ones first, then changed ones, then those that go, so that a prefix that moves from
//! one slice to another is never in none.

use std::collections::BTreeMap;

use ferroute_api::ferroute::{AUDIENCE_LABEL, Audience, RouteSlice, RouteSliceSpec};
use kube::{Api, ResourceExt};

use super::{Writer, first_error, side_by_side};
use crate::Error;
use crate::state::State;
use crate::watch::trimmed;

impl Writer {
    pub(crate) async fn route_slices(
        &self,
        state: &mut State,
        planned: &BTreeMap<String, RouteSliceSpec>,
    ) -> Result<(), Error> {
        let (changed, new): (Vec<_>, Vec<_>) = planned
            .iter()
            .filter(|(name, spec)| {
                state.route_slices.get(*name).map(|slice| &slice.spec) != Some(*spec)
            })
            .partition(|(name, _)| state.route_slices.contains_key(*name));
        let created = self.write_slices(state, new).await;
        let updated = self.write_slices(state, changed).await;
        // Nothing goes before everything has come.
        created.and(updated)?;
        self.delete_slices(state, planned).await
    }

    async fn write_slices(
        &self,
        state: &mut State,
        slices: Vec<(&String, &RouteSliceSpec)>,
    ) -> Result<(), Error> {
        let api: Api<RouteSlice> = Api::all(self.client.clone());
        let writes = slices.into_iter().map(|(name, spec)| {
            let api = &api;
            async move { self.apply(api, &object(name, spec)).await }
        });
        let written = side_by_side(writes.collect())
            .await
            .into_iter()
            .map(|written| {
                written.map(|slice| {
                    state.route_slices.insert(slice.name_any(), trimmed(slice));
                })
            });
        first_error(written)
    }

    async fn delete_slices(
        &self,
        state: &mut State,
        planned: &BTreeMap<String, RouteSliceSpec>,
    ) -> Result<(), Error> {
        let api: Api<RouteSlice> = Api::all(self.client.clone());
        let unplanned: Vec<String> = state
            .route_slices
            .keys()
            .filter(|name| !planned.contains_key(*name))
            .cloned()
            .collect();
        let deletes = unplanned.into_iter().map(|name| {
            let api = &api;
            async move { self.delete(api, &name).await.map(|()| name) }
        });
        let gone = side_by_side(deletes.collect()).await.into_iter();
        first_error(gone.map(|gone| gone.map(|name| drop(state.route_slices.remove(&name)))))
    }
}

fn object(name: &str, spec: &RouteSliceSpec) -> RouteSlice {
    let mut slice = RouteSlice::new(name, spec.clone());
    let audience = match spec.audience.strip_prefix("node/") {
        Some(node) => Audience::Node(node.to_owned()),
        None => Audience::All,
    };
    slice.metadata.labels = Some(BTreeMap::from([(
        AUDIENCE_LABEL.to_owned(),
        audience.label(),
    )]));
    slice
}
