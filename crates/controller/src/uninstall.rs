//! What goes before the chart does: every node is emptied, then our objects are deleted.

use std::time::{Duration, Instant};

use ferroute_api::ferroute::{NODE_INDEX_ANNOTATION, NodeRouter, NodeRouterSpec, RouteSlice};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tracing::{info, warn};

use crate::lease::UNINSTALL;
use crate::write::unless_gone;
use crate::{Error, FIELD_MANAGER, LEASE};

/// How long the agents may take to give everything back.
const LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(500);
/// How many looks in a row have to find every node empty.
const LOOKS: u32 = 2;

/// Empties every node and deletes what is ours. Nodes that do not answer are named, and the rest goes on:
/// an uninstall must not hang on a node that is off.
pub async fn uninstall(client: Client, namespace: &str) -> Result<(), Error> {
    take_lease(&client, namespace).await?;
    let routers: Api<NodeRouter> = Api::all(client.clone());
    for node in empty(&routers).await? {
        warn!(
            node,
            "the agent did not answer; its network namespace and devices may be left"
        );
    }
    delete_all(&client).await?;
    let leases: Api<Lease> = Api::namespaced(client, namespace);
    unless_gone(leases.delete(LEASE, &DeleteParams::default()).await).map_err(Error::write(LEASE))
}

/// Controllers stand still while somebody else holds the lease.
async fn take_lease(client: &Client, namespace: &str) -> Result<(), Error> {
    let api: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let now = MicroTime(jiff::Timestamp::now());
    let mut lease = Lease::default();
    lease.metadata.name = Some(LEASE.to_owned());
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(UNINSTALL.to_owned()),
        lease_duration_seconds: Some(3600),
        acquire_time: Some(now.clone()),
        renew_time: Some(now),
        ..LeaseSpec::default()
    });
    let params = PatchParams::apply("ferroute-uninstall").force();
    api.patch(LEASE, &params, &Patch::Apply(lease))
        .await
        .map_err(Error::write(LEASE))?;
    info!("took the leader lease");
    Ok(())
}

/// Asks every node for nothing until it has answered; the nodes that have not within the limit. It asks again
/// when a controller that had yet to hear of the lease undid it.
async fn empty(routers: &Api<NodeRouter>) -> Result<Vec<String>, Error> {
    let start = Instant::now();
    let mut emptied = 0;
    loop {
        let listed = list(routers).await?;
        for router in listed.iter().filter(|router| !is_emptied(router)) {
            ask_for_nothing(routers, router).await?;
        }
        let waiting: Vec<String> = listed
            .iter()
            .filter(|router| !(is_emptied(router) && has_answered(router)))
            .map(ResourceExt::name_any)
            .collect();
        emptied = if waiting.is_empty() { emptied + 1 } else { 0 };
        if emptied == LOOKS || start.elapsed() > LIMIT {
            return Ok(waiting);
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn ask_for_nothing(routers: &Api<NodeRouter>, router: &NodeRouter) -> Result<(), Error> {
    let name = router.name_any();
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(NodeRouter::new(&name, nothing(router)));
    let patched = routers.patch(&name, &params, &patch).await;
    patched.map(drop).map_err(Error::write(name))
}

fn nothing(router: &NodeRouter) -> NodeRouterSpec {
    NodeRouterSpec {
        node_index: router.spec.node_index,
        ..NodeRouterSpec::default()
    }
}

fn is_emptied(router: &NodeRouter) -> bool {
    router.spec == nothing(router)
}

/// Whether the node has made what it was asked for last, and all of it.
fn has_answered(router: &NodeRouter) -> bool {
    router.status.as_ref().is_some_and(|status| {
        Some(status.observed_generation) == router.metadata.generation && status.failures.is_empty()
    })
}

async fn list(routers: &Api<NodeRouter>) -> Result<Vec<NodeRouter>, Error> {
    let listed = routers.list(&ListParams::default()).await;
    Ok(listed.map_err(Error::read("NodeRouters"))?.items)
}

async fn delete_all(client: &Client) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let annotation = json!({ NODE_INDEX_ANNOTATION: null });
    let patch = Patch::Merge(json!({ "metadata": { "annotations": annotation } }));
    for node in nodes
        .list_metadata(&ListParams::default())
        .await
        .map_err(Error::read("Nodes"))?
    {
        let name = node.name_any();
        let params = PatchParams::default();
        nodes
            .patch_metadata(&name, &params, &patch)
            .await
            .map_err(Error::write(name))?;
    }
    let all = (DeleteParams::default(), ListParams::default());
    let slices: Api<RouteSlice> = Api::all(client.clone());
    slices
        .delete_collection(&all.0, &all.1)
        .await
        .map_err(Error::write("RouteSlices"))?;
    // The session states belong to the NodeRouters and go with them.
    let routers: Api<NodeRouter> = Api::all(client.clone());
    routers
        .delete_collection(&all.0, &all.1)
        .await
        .map_err(Error::write("NodeRouters"))?;
    Ok(())
}
