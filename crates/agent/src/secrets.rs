//! Passwords from Secrets, read one by one: the agent may not list Secrets.

use std::collections::BTreeSet;

use ferroute_api::ferroute::{NodeNeighbor, NodeRouterSpec, SecretKey, SessionPassword};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use crate::desired::Secrets;

const TYPE: &str = "kubernetes.io/basic-auth";

/// Reads every Secret that a session of the spec needs.
pub(crate) async fn read(client: &Client, spec: &NodeRouterSpec) -> Secrets {
    let mut secrets = Secrets::new();
    for key in wanted(spec) {
        let password = read_one(client, &key).await;
        secrets.insert(key, password);
    }
    secrets
}

fn wanted(spec: &NodeRouterSpec) -> BTreeSet<SecretKey> {
    let fabric = spec
        .underlay
        .iter()
        .flat_map(|underlay| &underlay.neighbors);
    let speaker = spec
        .speaker
        .routers
        .iter()
        .flat_map(|router| &router.neighbors);
    fabric
        .chain(speaker)
        .filter_map(secret_of)
        .cloned()
        .collect()
}

fn secret_of(neighbor: &NodeNeighbor) -> Option<&SecretKey> {
    match &neighbor.password {
        Some(SessionPassword::Secret(key)) => Some(key),
        Some(SessionPassword::Value(_)) | None => None,
    }
}

async fn read_one(client: &Client, key: &SecretKey) -> Result<String, String> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &key.namespace);
    let secret = api
        .get(&key.name)
        .await
        .map_err(|error| crate::failures::chain(&error))?;
    if secret.type_.as_deref() != Some(TYPE) {
        return Err(format!("its type is not {TYPE}"));
    }
    let password = secret.data.and_then(|mut data| data.remove("password"));
    let bytes = password.ok_or("it has no key password")?.0;
    String::from_utf8(bytes).map_err(|_| "its password is not UTF-8".to_owned())
}
