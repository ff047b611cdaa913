//! FRR of the lab's root file system, natively: each instance in a network namespace of its own,
//! on a private overlay, with its sockets where the test can reach them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ferroute_frr::apply::{Applied, Engine};
use ferroute_frr::config::Config;
use ferroute_frr::observe::Observer;
use ferroute_frr::session::Session;
use ferroute_frr::vty::{Daemon, Vty};
use tempfile::TempDir;

/// Waiting for FRR ends here: a machine under load is slow, a hang is forever.
const LIMIT: Duration = Duration::from_mins(1);

const START: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$LAB_ROOT,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
mkdir -p /mnt/root/run/frr
mount --rbind /proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
mount --bind "$LAB_RUN" /mnt/root/run/frr
cp "$LAB_INSTANCE" /mnt/root/instance
ip link set lo up
exec "$@"
"#;

/// Where the root file system is, in an instance's mounts.
pub(crate) const INNER_ROOT: &str = "/mnt/root";

/// A running instance. It ends with this value.
pub(crate) struct Instance {
    name: &'static str,
    run: TempDir,
    process: Child,
}

impl Instance {
    pub(crate) async fn start(name: &'static str) -> Self {
        assert!(
            nix::unistd::geteuid().is_root(),
            "root is needed for network namespaces"
        );
        let run = tempfile::tempdir().unwrap();
        let process = spawn(name, run.path());
        let mut instance = Self { name, run, process };
        instance.wait_until_it_runs().await;
        instance
    }

    /// Starts it again on the same directory, in a new namespace.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(self.name, self.run.path());
        self.wait_until_it_runs().await;
    }

    async fn wait_until_it_runs(&mut self) {
        let log = self.log_file();
        let process = &mut self.process;
        eventually("the instance runs", async || {
            let text = std::fs::read_to_string(&log).unwrap();
            assert_eq!(process.try_wait().unwrap(), None, "{text}");
            text.contains("frr is running").then_some(())
        })
        .await;
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.run.path().join(self.name)
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.run.path().join("frr.conf")
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.run.path().join("log")
    }

    /// The end of its log, without zebra's greetings.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log_file()).unwrap();
        let lines: Vec<_> = log
            .lines()
            .filter(|line| !line.contains("ZEBRA: "))
            .collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.dir())
    }

    pub(crate) fn observer(&self) -> Observer {
        Observer::new(self.dir())
    }

    pub(crate) async fn show(&self, line: &str) -> String {
        let mut vty = Vty::open(&self.dir(), Daemon::Bgpd).await.unwrap();
        vty.require(line).await.unwrap()
    }

    pub(crate) async fn session(&self, peer: &str) -> Option<Session> {
        self.observer()
            .sessions()
            .await
            .unwrap()
            .into_iter()
            .find(|session| session.peer == peer)
    }

    pub(crate) fn kill_daemon(&self, daemon: &str) {
        self.signal_daemon(daemon, "KILL");
    }

    pub(crate) fn signal_daemon(&self, daemon: &str, signal: &str) {
        let pid = std::fs::read_to_string(self.dir().join(format!("{daemon}.pid"))).unwrap();
        run("kill", &["-s", signal, pid.trim()]);
    }

    /// Waits for the supervisor to end by itself.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let process = &mut self.process;
        eventually("the instance ends", async || process.try_wait().unwrap()).await
    }

    /// Runs `ip` in the instance's network namespace.
    pub(crate) fn ip(&self, arguments: &str) {
        let pid = self.process.id().to_string();
        let words = arguments.split(' ');
        run(
            "nsenter",
            &["-t", &pid, "-n", "ip"]
                .into_iter()
                .chain(words)
                .collect::<Vec<_>>(),
        );
    }

    /// Runs a program of the instance's own root file system, in its namespaces.
    pub(crate) fn inside(&self, program: &[&str]) -> std::process::Output {
        let pid = self.process.id().to_string();
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid, "-m", "-n", "-r", "-w"]);
        command.args(program).output().unwrap()
    }

    /// Where its root file system can be seen from outside.
    pub(crate) fn root(&self) -> PathBuf {
        format!("/proc/{}/root", self.process.id()).into()
    }

    /// Whether its daemons run.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Lays a cable named `wire` to another instance, with an address on each side.
    pub(crate) fn connect(&self, other: &Self, own: &str, others: &str) {
        let peer = format!(
            "link add wire type veth peer name wire netns {}",
            other.process.id()
        );
        self.ip(&peer);
        for (instance, address) in [(self, own), (other, others)] {
            instance.ip(&format!("address add {address} dev wire"));
            instance.ip("link set wire up");
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        run("kill", &["-s", "TERM", &self.process.id().to_string()]);
        self.process.wait().unwrap();
    }
}

fn spawn(name: &str, run_dir: &Path) -> Child {
    let log = std::fs::File::create(run_dir.join("log")).unwrap();
    let words = ["chroot", INNER_ROOT, "/instance", name, "/run/frr/frr.conf"];
    let mut command = in_namespaces(run_dir, &words);
    command.stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().unwrap()
}

/// A command in new namespaces with a root file system of their own.
pub(crate) fn in_namespaces(run_dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["-m", "-n", "sh", "-c", START, "start"])
        .args(words)
        .env("LAB_ROOT", lab_root())
        .env("LAB_RUN", run_dir)
        .env("LAB_INSTANCE", example())
        .stdin(Stdio::null());
    command
}

/// The version of FRR that is tested.
pub(crate) fn frr_version() -> String {
    std::env::var("FERROUTE_LAB_FRR").unwrap_or_else(|_| "10.3".to_owned())
}

/// The root file system with that version, made if it is not there yet.
pub(crate) fn lab_root() -> PathBuf {
    if let Some(root) = std::env::var_os("FERROUTE_LAB_ROOT") {
        return root.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hack/lab/frr.sh");
    let made = Command::new(script)
        .arg(frr_version())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "the lab's root file system was not made"
    );
    String::from_utf8(made.stdout).unwrap().trim().into()
}

/// The example that supervises an instance; cargo builds it along with the tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/instance");
    assert!(
        example.exists(),
        "not built yet: `cargo test` without a target, or `--example instance`"
    );
    example
}

pub(crate) fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(
        done.status.success() || program == "kill",
        "{program} {arguments:?}: {said}"
    );
}

/// Waits until a condition gives a value.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(start.elapsed() < LIMIT, "after {LIMIT:?}: not {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Applies, and demands that nothing was refused and that FRR runs what was desired.
pub(crate) async fn apply(engine: &mut Engine, desired: &Config) -> usize {
    let Applied {
        commands_sent,
        refused,
    } = engine.apply(desired).await.unwrap();
    assert_eq!(refused, []);
    assert_eq!(engine.drift(desired).await.unwrap(), []);
    commands_sent
}

/// A route as bgpd prints it, if it has one to this prefix.
pub(crate) async fn route(peer: &Instance, prefix: &str) -> Option<serde_json::Value> {
    let text = peer
        .show(&format!("show bgp ipv4 unicast {prefix} json"))
        .await;
    let route: serde_json::Value = serde_json::from_str(&text).unwrap();
    route["paths"].is_array().then_some(route)
}
