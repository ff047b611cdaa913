//! A node of the cluster: its own mounts, network, host name and control groups; containerd, kubelet and kube-proxy.

mod files;
mod images;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

use crate::console::stage;
use crate::control_plane::{KUBECONFIG, READY};
use crate::entry::NODE_ROLE;
use crate::guest::enable_controllers;
use crate::place::Place;
use crate::service::Service;
use crate::wait::eventually;
use crate::wiring::CONTROL_PLANE;

/// Each node writes a file of its name here when it has its images.
const READY_NODES: &str = "/etc/kubernetes/nodes";

/// The process that each node's namespaces are found by.
const PROCESSES: &str = "/run/nodes";

/// What makes a node this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    /// Decides its addresses on every network.
    number: u8,
    pub(crate) port: &'static str,
    pub(crate) switch_port: &'static str,
}

pub(crate) const SPECS: [Spec; 2] = [
    Spec {
        name: "pe-kind-control-plane",
        number: 1,
        port: "node1",
        switch_port: "kindctrlpl",
    },
    Spec {
        name: "pe-kind-worker",
        number: 2,
        port: "node2",
        switch_port: "kindworker",
    },
];

impl Spec {
    fn named(name: &str) -> Result<&'static Self> {
        SPECS
            .iter()
            .find(|spec| spec.name == name)
            .with_context(|| format!("no node {name}"))
    }

    pub(crate) fn address(&self) -> String {
        format!("10.255.0.{}", self.number)
    }

    fn address6(&self) -> String {
        format!("fd00:10:255::{}", self.number)
    }

    fn pods(&self) -> String {
        format!("10.244.{}.0/24", self.number)
    }

    fn pods6(&self) -> String {
        format!("fd00:10:244:{}::/64", self.number)
    }

    /// How everybody else on the nodes' network reaches this node's pods.
    pub(crate) fn routes(&self) -> [String; 2] {
        [
            format!("route add {} via {}", self.pods(), self.address()),
            format!("route add {} via {}", self.pods6(), self.address6()),
        ]
    }

    fn links(&self) -> String {
        let (address, address6) = (self.address(), self.address6());
        let mut lines = format!(
            "link set lo up\n\
             link set eth0 up\n\
             addr add {address}/24 dev eth0\n\
             addr add {address6}/64 dev eth0 nodad\n\
             route add default via {CONTROL_PLANE}\n\
             link set toswitch up\n\
             addr add 192.168.11.{}/24 dev toswitch\n",
            self.number + 2,
        );
        for other in SPECS.iter().filter(|other| *other != self) {
            lines.extend(other.routes().map(|route| route + "\n"));
        }
        lines
    }
}

/// A node as scenarios see it.
#[derive(Debug, Clone)]
pub struct Node {
    place: Place,
    address: String,
}

impl Node {
    /// Starts the node's process; it brings itself up.
    pub(crate) fn start(spec: &Spec) -> Result<Self> {
        fs::create_dir_all(READY_NODES)?;
        fs::create_dir_all(group(spec.name))?;
        let child = Command::new("/proc/self/exe")
            .args([NODE_ROLE, spec.name])
            .spawn()?;
        fs::create_dir_all(PROCESSES)?;
        fs::write(Path::new(PROCESSES).join(spec.name), child.id().to_string())?;
        Ok(Self {
            place: Place::node(spec.name, child.id()),
            address: spec.address(),
        })
    }

    pub fn name(&self) -> &str {
        self.place.name()
    }

    /// Its address among the nodes.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The node's own namespaces, as a shell on it would see them.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The namespace of the node's provider-edge router.
    pub fn router(&self) -> Place {
        self.place.inner_network("perouter")
    }

    pub(crate) fn has_images(&self) -> Result<()> {
        ensure!(
            Path::new(READY_NODES).join(self.name()).exists(),
            "{} has not said so",
            self.name()
        );
        Ok(())
    }
}

/// The place of a node that another process of the lab started.
pub(crate) fn running(spec: &Spec) -> Result<Place> {
    let process = fs::read_to_string(Path::new(PROCESSES).join(spec.name))?;
    Ok(Place::node(spec.name, process.parse()?))
}

fn group(name: &str) -> PathBuf {
    Path::new("/sys/fs/cgroup").join(name)
}

/// The node's process: makes the namespaces around itself, then runs the node's programs in them.
pub(crate) fn play(arguments: &[String]) -> Result<ExitCode> {
    let spec = Spec::named(arguments.get(1).context("a node without a name")?)?;
    // The control group comes first: the new namespace's root is where the process is.
    fs::write(group(spec.name).join("cgroup.procs"), "0")?;
    Place::network(spec.name).enter()?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWCGROUP)
        .context("make the node's namespaces")?;
    sethostname(spec.name)?;
    mounts()?;
    own_group()?;
    network(spec)?;
    files::write(spec)?;
    run(spec)
}

fn mounts() -> Result<()> {
    let change = |target: &str, flags| {
        mount(None::<&str>, target, None::<&str>, flags, None::<&str>)
            .with_context(|| format!("change the mounts below {target}"))
    };
    change("/", MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    for (kind, target) in [
        ("sysfs", "/sys"),
        ("cgroup2", "/sys/fs/cgroup"),
        ("tmpfs", "/run"),
        ("tmpfs", "/var/lib"),
        ("tmpfs", "/etc/cni"),
    ] {
        fs::create_dir_all(target)?;
        mount(
            Some(kind),
            target,
            Some(kind),
            MsFlags::empty(),
            None::<&str>,
        )
        .with_context(|| format!("mount {target}"))?;
    }
    for folder in [
        "/run/netns",
        "/var/lib/containerd",
        "/var/lib/kubelet",
        "/etc/cni/net.d",
    ] {
        fs::create_dir_all(folder)?;
    }
    // A pod may make mounts that its node sees: network namespaces have names that way.
    change("/", MsFlags::MS_REC | MsFlags::MS_SHARED)
}

/// Control groups are enabled for children only where no process is: the node's own move one level down.
fn own_group() -> Result<()> {
    let root = Path::new("/sys/fs/cgroup");
    fs::create_dir(root.join("node"))?;
    fs::write(root.join("node/cgroup.procs"), "0")?;
    enable_controllers(root)
}

fn network(spec: &Spec) -> Result<()> {
    let here = Place::lab();
    here.ip(&spec.links())?;
    here.sysctl("net/ipv4/ip_forward", "1")?;
    here.sysctl("net/ipv6/conf/all/forwarding", "1")?;
    here.feed(["nft", "-f", "-"], &files::masquerade(spec))
        .map(drop)
}

fn run(spec: &Spec) -> Result<ExitCode> {
    let name = |program| format!("{}-{program}", spec.name);
    let here = Place::lab();
    let containerd = ["containerd", "--config", files::CONTAINERD];
    let _containerd = Service::start(&here, &name("containerd"), &containerd)?;
    images::import()?;
    fs::write(Path::new(READY_NODES).join(spec.name), "")?;
    stage(format_args!("{} has its images", spec.name));
    eventually("the API is ready", Duration::from_mins(3), || {
        Ok(fs::metadata(READY).map(drop)?)
    })?;
    let config = format!("--kubeconfig={KUBECONFIG}");
    let host = format!("--hostname-override={}", spec.name);
    let address = format!("--node-ip={},{}", spec.address(), spec.address6());
    let kubelet = [
        "kubelet",
        &config,
        "--config",
        files::KUBELET,
        &host,
        &address,
    ];
    let _kubelet = Service::start(&here, &name("kubelet"), &kubelet)?;
    let proxy = [
        "kube-proxy",
        &config,
        &host,
        "--proxy-mode=nftables",
        "--cluster-cidr=10.244.0.0/16,fd00:10:244::/48",
        "--conntrack-max-per-core=0",
        "--conntrack-min=0",
    ];
    let _proxy = Service::start(&here, &name("kube-proxy"), &proxy)?;
    loop {
        std::thread::park();
    }
}
