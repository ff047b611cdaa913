//! A node of one's own for a test: a thread with a host namespace, a mount namespace and a router namespace that
//! all vanish with it.

use std::{
    net::IpAddr,
    path::PathBuf,
    process::{Command, Output},
    thread,
    time::Duration,
};

use ferroute_net::{
    Desired, HostBridge, Kernel, KernelOptions, L2Overlay, L3Overlay, LinkName, Outcome, Underlay,
    Veth, Vni,
};
use ipnet::IpNet;
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};

pub(crate) struct Node {
    directory: tempfile::TempDir,
}

/// Runs a test on a fresh node. Needs root, and fails without.
pub(crate) fn on_a_node(test: impl AsyncFnOnce(Node) + Send) {
    thread::scope(|scope| scope.spawn(|| run(test)).join()).unwrap_or_else(|panic| {
        std::panic::resume_unwind(panic);
    });
}

fn run(test: impl AsyncFnOnce(Node)) {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("these tests need root");
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).unwrap();
    let node = Node {
        directory: tempfile::tempdir().unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let limit = Duration::from_mins(2);
        tokio::time::timeout(limit, test(node))
            .await
            .expect("the test should end");
    });
}

impl Node {
    pub(crate) fn netns(&self) -> PathBuf {
        self.directory.path().join("netns/perouter")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// A kernel on a prepared namespace.
    pub(crate) async fn kernel(&self) -> Kernel {
        ferroute_net::prepare(&self.netns()).unwrap();
        let options = KernelOptions {
            netns: self.netns(),
            state_dir: self.state_dir(),
        };
        Kernel::open(options).await.unwrap()
    }

    /// `ip` in the host.
    pub(crate) fn host(&self, arguments: &str) -> String {
        output(self.command("ip").args(arguments.split_whitespace()))
    }

    /// `ip` in the router's namespace.
    pub(crate) fn router(&self, arguments: &str) -> String {
        output(self.nsenter().arg("ip").args(arguments.split_whitespace()))
    }

    /// What `ip` in the router's namespace complains about.
    pub(crate) fn router_fails(&self, arguments: &str) -> String {
        let output = self
            .nsenter()
            .arg("ip")
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        assert!(!output.status.success(), "ip {arguments} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn ping_from_host(&self, address: &str) {
        output(self.command("ping").args(["-c", "1", "-W", "10", address]));
    }

    pub(crate) fn read_in_host(&self, path: &str) -> String {
        output(self.command("cat").arg(path)).trim().to_owned()
    }

    pub(crate) fn read_in_router(&self, path: &str) -> String {
        output(self.nsenter().args(["cat", path])).trim().to_owned()
    }

    pub(crate) fn sysctl_in_router(&self, path: &str, value: &str) {
        output(
            self.nsenter()
                .args(["sh", "-c", &format!("echo {value} > /proc/sys/net/{path}")]),
        );
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.directory.path());
        command
    }

    fn nsenter(&self) -> Command {
        let mut command = self.command("nsenter");
        command.arg(format!("--net={}", self.netns().display()));
        command
    }
}

fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap()
}

/// Waits until nothing is noticed for a moment that is longer than the kernel holds notifications back.
pub(crate) async fn quiet(kernel: &Kernel) {
    let moment = Duration::from_millis(1200);
    while tokio::time::timeout(moment, kernel.changed()).await.is_ok() {}
}

/// Reconciles and expects that nothing is left to do.
pub(crate) async fn converge(kernel: &Kernel, desired: &Desired) -> Outcome {
    let outcome = kernel.reconcile(desired).await.unwrap();
    assert!(outcome.is_converged(), "{outcome:#?}");
    outcome
}

/// The changes as they are logged.
pub(crate) fn lines(outcome: &Outcome) -> Vec<String> {
    outcome.changes.iter().map(ToString::to_string).collect()
}

pub(crate) fn failures(outcome: &Outcome) -> Vec<String> {
    outcome
        .failures
        .iter()
        .map(|failure| format!("{}: {}", failure.subject, failure.error))
        .collect()
}

pub(crate) fn vni(vni: u32) -> Vni {
    Vni::new(vni).unwrap()
}

pub(crate) fn name(name: &str) -> LinkName {
    LinkName::new(name).unwrap()
}

pub(crate) fn ip(ip: &str) -> IpAddr {
    ip.parse().unwrap()
}

pub(crate) fn net(net: &str) -> IpNet {
    net.parse().unwrap()
}

pub(crate) fn underlay(nics: &[&str]) -> Underlay {
    Underlay {
        nics: nics.iter().copied().map(name).collect(),
        vteps: vec![ip("100.65.0.1"), ip("fd00:65::1")],
    }
}

/// A layer 2 overlay with a host bridge of ours and gateways of both families.
pub(crate) fn segment(number: u32) -> L2Overlay {
    L2Overlay {
        vni: vni(number),
        vxlan_port: 4789,
        vtep: ip("100.65.0.1"),
        vrf: None,
        gateway: vec![net("192.0.2.1/24"), net("2001:db8::1/64")],
        host_bridge: Some(HostBridge::Managed),
    }
}

/// A layer 3 overlay with a leg in the host.
pub(crate) fn red() -> L3Overlay {
    L3Overlay {
        vni: vni(300),
        vrf: name("red"),
        vxlan_port: 4789,
        vtep: ip("100.65.0.1"),
        veth: Some(Veth {
            host: vec![net("192.169.10.2/24"), net("2001:db8:10::2/64")],
            router: vec![net("192.169.10.1/24"), net("2001:db8:10::1/64")],
        }),
    }
}
