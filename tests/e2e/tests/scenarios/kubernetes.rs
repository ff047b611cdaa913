//! The cluster without ferroute: pods, their images and the network between them.

use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, eventually};

const WEB: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web, namespace: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: 'nginx:1.25'}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

pub(crate) fn pods_run_on_both_nodes_and_answer_through_their_service(lab: &Lab) -> Result<()> {
    lab.cluster.apply(WEB)?;
    let pods = lab.cluster.ready_pods("web", "app=web", 2)?;
    let service = lab.cluster.get("/api/v1/namespaces/web/services/web")?;
    let address = service["spec"]["clusterIP"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for node in lab.nodes() {
        for pod in &pods {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let what = format!("{} reaches {name} through the service", node.name());
            eventually(&what, Duration::from_mins(1), || {
                let answer = node.place().curl(&format!("http://{address}/who"))?;
                ensure!(answer.starts_with(name), "{answer}");
                Ok(())
            })?;
        }
    }
    lab.cluster.delete(WEB)
}
