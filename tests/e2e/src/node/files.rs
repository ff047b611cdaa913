//! What a node's programs read: containerd, the container network, the kubelet, and what leaves the cluster.

use std::fs;

use anyhow::Result;
use serde_json::json;

use super::Spec;

pub(super) const CONTAINERD: &str = "/run/containerd.toml";
pub(super) const KUBELET: &str = "/run/kubelet.json";
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";

/// crun starts containers in a fraction of runc's processor time.
const CONTAINERD_CONFIG: &str = r#"
version = 2
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing",
  "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp",
]

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "crun"
"#;

pub(super) fn write(spec: &Spec) -> Result<()> {
    fs::write(CONTAINERD, CONTAINERD_CONFIG)?;
    fs::write("/etc/cni/net.d/10-lab.conflist", pod_network(spec))?;
    fs::write(KUBELET, kubelet(spec))?;
    Ok(())
}

fn pod_network(spec: &Spec) -> String {
    json!({
        "cniVersion": "1.0.0",
        "name": "lab",
        "plugins": [{
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": true,
            "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": spec.pods()}], [{"subnet": spec.pods6()}]],
                "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
            },
        }],
    })
    .to_string()
}

fn kubelet(spec: &Spec) -> String {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": true}, "webhook": {"enabled": false}},
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": format!("unix://{SOCKET}"),
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "50Mi"},
        "failSwapOn": false,
        // Both cost processor time that one processor does not have to spare.
        "localStorageCapacityIsolation": false,
        "imageGCHighThresholdPercent": 100,
        // The nodes share a file system, and a kubelet removes the logs of pods that it does not know.
        "podLogsDir": format!("/var/log/pods/{}", spec.name),
        // The guest has no resolver to hand on to pods.
        "resolvConf": "",
    })
    .to_string()
}

/// What pods send out of the cluster leaves with the node's address, as with other container networks.
pub(super) fn masquerade(spec: &Spec) -> String {
    let (pods, pods6) = (spec.pods(), spec.pods6());
    format!(
        "table inet lab {{
           chain postrouting {{
             type nat hook postrouting priority srcnat;
             ip saddr {pods} ip daddr != {{ 10.244.0.0/16, 10.255.0.0/24 }} masquerade
             ip6 saddr {pods6} ip6 daddr != {{ fd00:10:244::/48, fd00:10:255::/64 }} masquerade
           }}
         }}"
    )
}
