//! A real kube-apiserver with its etcd, on loopback, with the binaries of the lab. Nothing of it stays.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where Kubernetes' binaries are, when they are not the lab's.
const KUBERNETES: &str = "FERROUTE_LAB_KUBERNETES";
/// Where the root file system with etcd is, when it is not the lab's.
const ROOTFS: &str = "FERROUTE_LAB_ROOTFS";

const TOKEN: &str = "for-this-test-only";
const STARTUP: Duration = Duration::from_mins(3);

/// The two processes and what they wrote; both end with it.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    kubernetes: PathBuf,
    server: String,
    processes: Vec<Child>,
}

impl Cluster {
    /// Starts both and waits until they answer.
    pub(crate) fn start() -> Self {
        let shared_memory = Path::new("/dev/shm");
        let folder = TempDir::new_in(shared_memory).expect("a folder in /dev/shm");
        let [client, peer, server] = free_ports();
        let mut cluster = Self {
            folder,
            kubernetes: lab(KUBERNETES, "kubernetes.sh"),
            server: format!("https://127.0.0.1:{server}"),
            processes: Vec::new(),
        };
        let etcd = format!("http://127.0.0.1:{client}");
        let command = cluster.etcd(&etcd, &format!("http://127.0.0.1:{peer}"));
        cluster.spawn("etcd", command);
        let command = cluster.apiserver(&etcd, server);
        cluster.spawn("kube-apiserver", command);
        cluster.wait_until_ready();
        cluster
    }

    /// Runs kubectl as the administrator.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Output {
        Command::new(self.kubernetes.join("kubectl"))
            .args(["--insecure-skip-tls-verify", "--server", &self.server])
            .args(["--token", TOKEN, "--cache-dir", &self.path("cache")])
            .args(arguments)
            .output()
            .expect("kubectl")
    }

    /// Runs kubectl, which must succeed, and gives its output.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let output = self.kubectl(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "kubectl {arguments:?}: {err}");
        format!("{out}{err}")
    }

    /// Writes a file that kubectl can read.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().expect("a UTF-8 path").to_owned()
    }

    /// etcd under its own loader, so that it does not matter which libc this machine has.
    fn etcd(&self, client: &str, peer: &str) -> Command {
        let rootfs = lab(ROOTFS, "rootfs.sh");
        let libraries = rootfs.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
        let mut command = Command::new(loader(&libraries));
        command
            .args(["--library-path".as_ref(), libraries.as_os_str()])
            .arg(rootfs.join("usr/bin/etcd"))
            .args(["--unsafe-no-fsync", "--data-dir", &self.path("etcd")])
            .args([
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
            ])
            .args([
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
            ])
            .arg(format!("--initial-cluster=default={peer}"));
        command
    }

    fn apiserver(&self, etcd: &str, port: u16) -> Command {
        let tokens = self.file("tokens", &format!("{TOKEN},admin,1,system:masters"));
        // The certificate it makes for itself signs service accounts, too: there are none here.
        let key = self.path("certificates/apiserver.key");
        let mut command = Command::new(self.kubernetes.join("kube-apiserver"));
        command
            .args(["--bind-address=127.0.0.1", "--advertise-address=192.0.2.1"])
            .arg(format!("--secure-port={port}"))
            .args(["--etcd-servers", etcd, "--token-auth-file", &tokens])
            .args(["--cert-dir", &self.path("certificates")])
            .args([
                "--endpoint-reconciler-type=none",
                "--authorization-mode=RBAC",
            ])
            .arg("--service-cluster-ip-range=10.96.0.0/16")
            .arg("--service-account-issuer=https://kubernetes.default")
            .args(["--service-account-key-file", &key])
            .args(["--service-account-signing-key-file", &key]);
        command
    }

    fn spawn(&mut self, name: &str, mut command: Command) {
        let log = File::create(self.path(&format!("{name}.log"))).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        self.processes.push(child);
    }

    fn wait_until_ready(&mut self) {
        let start = Instant::now();
        while !self.kubectl(&["get", "--raw", "/readyz"]).status.success() {
            let ended = |child: &mut Child| child.try_wait().expect("a process").is_some();
            let ended = self.processes.iter_mut().any(ended);
            assert!(!ended && start.elapsed() < STARTUP, "{}", self.logs());
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn logs(&self) -> String {
        let logs = ["etcd", "kube-apiserver"].map(|name| {
            let log = fs::read_to_string(self.path(&format!("{name}.log"))).expect("a log");
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            format!("{name}: {}", last.join("\n"))
        });
        logs.join("\n")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            process.kill().expect("the process can be killed");
            process.wait().expect("the process ends");
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn free_ports() -> [u16; 3] {
    let sockets = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    sockets.map(|socket| socket.local_addr().expect("an address").port())
}

fn loader(libraries: &Path) -> PathBuf {
    let entries = fs::read_dir(libraries).expect("the libraries of the root file system");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let is_loader = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy();
        name.starts_with("ld-linux")
    };
    paths.find(is_loader).expect("a loader")
}

/// A folder that a variable names, or the lab's script makes and prints.
fn lab(variable: &str, script: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os(variable) {
        return PathBuf::from(folder);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../hack/lab")
        .join(script);
    let output = Command::new(&path)
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(output.status.success(), "{} failed", path.display());
    PathBuf::from(text(&output.stdout).trim())
}
