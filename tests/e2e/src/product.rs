//! ferroute as its users have it: the chart, the example's manifests, and what they see of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cluster::{Cluster, has_condition};
use crate::guest::REPOSITORY;
use crate::node::Node;
use crate::wait::eventually;

/// The namespace that the chart is installed in.
pub const NAMESPACE: &str = "ferroute-system";

/// ferroute's program, for what runs outside of pods.
pub const PROGRAM: &str = "/mnt/ferroute";

/// What the chart brings.
const NODE_PODS: &str = "/apis/apps/v1/namespaces/ferroute-system/daemonsets/ferroute-node";

/// What the example brings and scenarios take away.
const EXAMPLE: [&str; 4] = [
    "/apis/openpe.openperouter.github.io/v1alpha1/namespaces/openperouter-system/underlays/underlay",
    "/apis/openpe.openperouter.github.io/v1alpha1/namespaces/openperouter-system/l3vnis/red",
    "/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers/peerred",
    "/api/v1/namespaces/red/services/nginx-service-red",
];

/// Machines differ by a factor of three, and all of the lab shares one processor.
const LIMIT: Duration = Duration::from_mins(2);

/// Where the example's manifests are, for `kubectl apply -f`.
pub fn example(file: &str) -> String {
    format!("{REPOSITORY}/examples/metallb/{file}")
}

/// Which pods are the controllers'.
pub const CONTROLLERS: &str = "app.kubernetes.io/component=controller";

/// Where the chart is, for helm.
pub fn chart() -> String {
    format!("{REPOSITORY}/charts/ferroute")
}

impl Cluster {
    /// Installs the chart and waits until its pods are ready.
    pub fn install(&self) -> Result<String> {
        let output = self.helm(&[
            "upgrade",
            "--install",
            "ferroute",
            &chart(),
            "--namespace",
            NAMESPACE,
            "--create-namespace",
        ])?;
        self.ready_pods(NAMESPACE, CONTROLLERS, 2)?;
        self.ready_pods(NAMESPACE, "app.kubernetes.io/component=node", 2)?;
        Ok(output)
    }

    /// Applies the example as it is.
    pub fn apply_example(&self) -> Result<()> {
        for file in [
            "namespaces.yaml",
            "openpe.yaml",
            "metallb.yaml",
            "workload.yaml",
        ] {
            self.kubectl(&["apply", "-f", &example(file)])?;
        }
        Ok(())
    }

    /// Installs the chart and applies the example, if that is not done yet, and waits until all of it works.
    pub fn with_example(&self) -> Result<()> {
        if self.get(NODE_PODS).is_err() {
            self.install()?;
        }
        if EXAMPLE.iter().any(|path| self.get(path).is_err()) {
            self.apply_example()?;
        }
        self.wait_for_sessions(4)?;
        self.ready_pods("red", "app=nginx", 2)?;
        self.ready_pods("blue", "app=nginx", 2)?;
        Ok(())
    }

    /// Waits until that many sessions of speakers are established, and no other is there.
    pub fn wait_for_sessions(&self, count: usize) -> Result<()> {
        eventually(&format!("{count} sessions are established"), LIMIT, || {
            let states = self.session_states()?;
            let up = states
                .iter()
                .filter(|state| state["status"]["bgpStatus"] == "Established")
                .count();
            ensure!(
                up == count && states.len() == count,
                "{up} of {} are",
                states.len()
            );
            Ok(())
        })
    }

    /// Every `BGPSessionState`.
    pub fn session_states(&self) -> Result<Vec<Value>> {
        self.list("/apis/frrk8s.metallb.io/v1beta1/bgpsessionstates")
    }

    /// Deletes the controllers' pods and waits for those that follow them.
    pub fn replace_controllers(&self) -> Result<()> {
        let of = ["--namespace", NAMESPACE, "--selector", CONTROLLERS];
        self.kubectl(&[&["delete", "pods"][..], &of].concat())?;
        self.ready_pods(NAMESPACE, CONTROLLERS, 2).map(drop)
    }

    /// The `NodeRouter` of a node.
    pub fn node_router(&self, node: &str) -> Result<Value> {
        self.get(&format!("/apis/ferroute.io/v1alpha1/noderouters/{node}"))
    }

    /// Waits until every node has applied what it is asked, without a failure.
    pub fn wait_for_node_routers(&self) -> Result<()> {
        eventually("every node is as asked", LIMIT, || {
            let routers = self.list("/apis/ferroute.io/v1alpha1/noderouters")?;
            ensure!(routers.len() == 2, "{} NodeRouters", routers.len());
            for router in &routers {
                let seen = &router["status"]["observedGeneration"];
                let current =
                    *seen == router["metadata"]["generation"] && has_condition(router, "Ready");
                ensure!(
                    current,
                    "{} is not: {}",
                    router["metadata"]["name"],
                    router["status"]
                );
            }
            Ok(())
        })
    }

    /// The message of a condition of an object: `None` if it does not have it with that status.
    pub fn condition(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
        condition: &str,
    ) -> Result<Value> {
        let text = self.kubectl(&[
            "get",
            kind,
            "--namespace",
            namespace,
            name,
            "--output",
            "json",
        ])?;
        let object: Value = serde_json::from_str(&text)?;
        let conditions = object
            .pointer("/status/conditions")
            .and_then(Value::as_array);
        let found = conditions
            .into_iter()
            .flatten()
            .find(|found| found["type"] == condition);
        found
            .cloned()
            .with_context(|| format!("{kind} {name} has no condition {condition}"))
    }
}

/// An FRR instance of a node, asked through its pod as a person would: `node.frr("router", &["-c", "show bgp"])`.
impl Node {
    pub fn frr(&self, instance: &str, words: &[&str]) -> Result<String> {
        let field = format!("--field-selector=spec.nodeName={}", self.name());
        let selector = "--selector=app.kubernetes.io/component=node";
        let pod = Cluster.kubectl(&[
            "get",
            "pods",
            "--namespace",
            NAMESPACE,
            selector,
            &field,
            "--output",
            "name",
        ])?;
        let container = format!("frr-{instance}");
        let mut all = vec![
            "exec",
            "--namespace",
            NAMESPACE,
            pod.trim(),
            "--container",
            &container,
            "--",
        ];
        all.extend(["vtysh", "-N", instance]);
        all.extend(words);
        Cluster.kubectl(&all)
    }
}
