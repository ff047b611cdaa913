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

use crate::{Error, FIELD_MANAGER, LEASE};

/// How long the agents may take to give everything back.
const LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(500);

/// Empties every node and deletes what is ours. Nodes that do not answer are named, and the rest goes on:
/// an uninstall must not hang on a node that is off.
pub async fn uninstall(client: Client, namespace: &str) -> Result<(), Error> {
    take_lease(&client, namespace).await?;
    let routers: Api<NodeRouter> = Api::all(client.clone());
    empty(&routers).await?;
    for node in wait_until_empty(&routers).await? {
        warn!(
            node,
            "the agent did not answer; its network namespace and devices may be left"
        );
    }
    delete_all(&client).await?;
    let leases: Api<Lease> = Api::namespaced(client, namespace);
    ignore_missing(leases.delete(LEASE, &DeleteParams::default()).await)
        .map_err(Error::write(LEASE))
}

/// Controllers stand still while somebody else holds the lease.
async fn take_lease(client: &Client, namespace: &str) -> Result<(), Error> {
    let api: Api<Lease> = Api::namespaced(client.clone(), namespace);
    let now = MicroTime(jiff::Timestamp::now());
    let mut lease = Lease::default();
    lease.metadata.name = Some(LEASE.to_owned());
    lease.spec = Some(LeaseSpec {
        holder_identity: Some("uninstall".to_owned()),
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

async fn empty(routers: &Api<NodeRouter>) -> Result<(), Error> {
    let params = PatchParams::apply(FIELD_MANAGER).force();
    for router in list(routers).await? {
        let name = router.name_any();
        let spec = NodeRouterSpec {
            node_index: router.spec.node_index,
            ..NodeRouterSpec::default()
        };
        let patch = Patch::Apply(NodeRouter::new(&name, spec));
        routers
            .patch(&name, &params, &patch)
            .await
            .map_err(Error::write(name))?;
    }
    Ok(())
}

/// The nodes that have not answered within the limit.
async fn wait_until_empty(routers: &Api<NodeRouter>) -> Result<Vec<String>, Error> {
    let start = Instant::now();
    loop {
        let waiting: Vec<String> = list(routers)
            .await?
            .iter()
            .filter(|router| !is_current(router))
            .map(ResourceExt::name_any)
            .collect();
        if waiting.is_empty() || start.elapsed() > LIMIT {
            return Ok(waiting);
        }
        tokio::time::sleep(POLL).await;
    }
}

fn is_current(router: &NodeRouter) -> bool {
    router
        .status
        .as_ref()
        .map(|status| status.observed_generation)
        == router.metadata.generation
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

fn ignore_missing<T>(deleted: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match deleted {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}
