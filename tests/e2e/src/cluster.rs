//! The cluster as its users see it: kubectl, helm, and the API itself where speed matters.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::control_plane::{api_ready, request};
use crate::place::Place;
use crate::wait::eventually;
use crate::watchdog::started_anew;

/// The cluster's administrator.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cluster;

impl Cluster {
    /// Runs kubectl, which must succeed, and returns what it wrote.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        patiently(|| Place::lab().run(["kubectl"].iter().chain(arguments)))
    }

    /// Runs helm, which must succeed, and returns what it wrote.
    pub fn helm(&self, arguments: &[&str]) -> Result<String> {
        patiently(|| Place::lab().run(["helm"].iter().chain(arguments)))
    }

    /// Applies manifests.
    pub fn apply(&self, manifests: &str) -> Result<String> {
        patiently(|| Place::lab().feed(["kubectl", "apply", "-f", "-"], manifests))
    }

    /// What the API server says to manifests that it must refuse.
    pub fn refusal(&self, manifests: &str) -> Result<String> {
        match self.apply(manifests) {
            Ok(accepted) => anyhow::bail!("accepted: {accepted}"),
            Err(refusal) => Ok(refusal.to_string()),
        }
    }

    /// Deletes what manifests describe, and waits until it is gone. What is not there does not matter.
    pub fn delete(&self, manifests: &str) -> Result<()> {
        let words = ["kubectl", "delete", "--ignore-not-found", "-f", "-"];
        patiently(|| Place::lab().feed(words, manifests)).map(drop)
    }

    /// Reads a path of the API, such as `/api/v1/namespaces/red/services`.
    pub fn get(&self, path: &str) -> Result<Value> {
        let text = request(path)?;
        serde_json::from_str(&text).with_context(|| format!("read {path}: {text}"))
    }

    /// The objects of the list under a path of the API.
    pub fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut list = self.get(path)?;
        serde_json::from_value(list["items"].take()).with_context(|| format!("list {path}"))
    }

    /// The address that a Service of type `LoadBalancer` has.
    pub fn service_address(&self, namespace: &str, name: &str) -> Result<String> {
        let service = self.get(&format!("/api/v1/namespaces/{namespace}/services/{name}"))?;
        let address = service
            .pointer("/status/loadBalancer/ingress/0/ip")
            .and_then(Value::as_str);
        Ok(address
            .with_context(|| format!("{namespace}/{name} has no address yet"))?
            .to_owned())
    }

    /// The pods that a label selector names, as the API gives them.
    pub fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Value>> {
        self.list(&format!(
            "/api/v1/namespaces/{namespace}/pods?labelSelector={selector}"
        ))
    }

    /// Waits until exactly `count` pods are there and all of them are ready, and returns them.
    pub fn ready_pods(&self, namespace: &str, selector: &str, count: usize) -> Result<Vec<Value>> {
        let what = format!("{count} pods {selector} in {namespace} are ready");
        eventually(&what, Duration::from_mins(2), || {
            let pods = self.pods(namespace, selector)?;
            let ready = pods
                .iter()
                .filter(|pod| has_condition(pod, "Ready"))
                .count();
            ensure!(
                ready == count && pods.len() == count,
                "{ready} of {} are ready",
                pods.len()
            );
            Ok(pods)
        })
    }

    /// Whether every node is ready.
    pub fn nodes_ready(&self, count: usize) -> Result<()> {
        let nodes = self.list("/api/v1/nodes")?;
        let ready = nodes
            .iter()
            .filter(|node| has_condition(node, "Ready"))
            .count();
        ensure!(ready == count, "{ready} of {count} nodes are ready");
        Ok(())
    }

    /// Whether the API has heard of every node lately. What it says of a node that it has not heard of is old: once the
    /// node controller notices, the node's pods are not ready, and no service is announced.
    pub fn nodes_heard(&self, count: usize) -> Result<()> {
        let leases = self.list("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")?;
        let lately = Timestamp::now() - HEARTBEATS;
        let heard = |lease: &&Value| renewed(lease).is_some_and(|time| time > lately);
        let heard = leases.iter().filter(heard).count();
        ensure!(
            heard == count,
            "{heard} of {count} nodes were heard of lately"
        );
        Ok(())
    }
}

/// Two heartbeats of a kubelet and a little more, and less than the patience of the node controller (50 s).
const HEARTBEATS: SignedDuration = SignedDuration::from_secs(25);

fn renewed(lease: &Value) -> Option<Timestamp> {
    lease["spec"]["renewTime"].as_str()?.parse().ok()
}

/// Once more when the API server is back, for what failed while it was not there (`watchdog`).
fn patiently<T>(act: impl Fn() -> Result<T>) -> Result<T> {
    let before = started_anew();
    match act() {
        Err(error) if started_anew() != before || api_ready().is_err() => {
            crate::say(format_args!("lab: once more: {error}"));
            eventually("the API is back", Duration::from_mins(1), api_ready)?;
            act()
        }
        done => done,
    }
}

/// Whether a condition in an object's status is true.
pub fn has_condition(object: &Value, kind: &str) -> bool {
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_condition_holds_only_when_its_status_is_true() {
        let object = json!({"status": {"conditions": [
            {"type": "Ready", "status": "False"}, {"type": "Accepted", "status": "True"},
        ]}});
        let found = ["Ready", "Accepted", "Missing"].map(|kind| has_condition(&object, kind));
        assert_eq!(found, [false, true, false]);
    }

    #[test]
    fn the_time_of_a_lease_is_read() {
        let lease = json!({"spec": {"renewTime": "2026-11-21T11:22:35.123456Z"}});
        assert_eq!(renewed(&lease).unwrap().as_second(), 1_795_260_155);
        assert_eq!(renewed(&json!({"spec": {}})), None);
    }
}
