//! An FRR in namespaces that outlive it, so that it can be started again under the same peer.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ferroute_frr::vty::Daemon;

use crate::lab;
use crate::meter::resident;

/// Namespaces with a root file system, and perhaps an FRR in them.
pub(crate) struct Instance {
    run: tempfile::TempDir,
    holder: Child,
    supervisor: Option<Child>,
}

/// The name of the instance; it does not listen.
const NAME: &str = "speaker";

impl Instance {
    /// The namespaces, without FRR.
    pub(crate) async fn prepared() -> Self {
        let run = tempfile::tempdir().unwrap();
        let ready = run.path().join("ready");
        let script = "touch /mnt/root/run/frr/ready; exec sleep infinity";
        let holder = lab::in_namespaces(run.path(), &["sh", "-c", script]).spawn();
        lab::eventually("the namespaces", async || ready.exists().then_some(())).await;
        Self {
            run,
            holder: holder.unwrap(),
            supervisor: None,
        }
    }

    /// With FRR, which has no configuration.
    pub(crate) async fn started() -> Self {
        let mut instance = Self::prepared().await;
        instance.exec();
        instance.runs().await;
        instance
    }

    /// Starts FRR as the product does, without waiting for it.
    pub(crate) fn exec(&mut self) {
        let log = std::fs::File::create(self.run.path().join("log")).unwrap();
        let mut command = self.inside(&["/instance", NAME, "/run/frr/frr.conf"]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.supervisor = Some(command.spawn().unwrap());
    }

    /// Waits until FRR has its configuration.
    pub(crate) async fn runs(&self) {
        let log = self.run.path().join("log");
        lab::eventually("FRR runs", async || {
            let text = std::fs::read_to_string(&log).unwrap();
            text.contains("frr is running").then_some(())
        })
        .await;
    }

    /// Kills every daemon at once.
    pub(crate) fn crash(&mut self) {
        for pid in self.daemons() {
            lab::run("kill", &["-9", &pid.to_string()]);
        }
        if let Some(mut supervisor) = self.supervisor.take() {
            supervisor.wait().unwrap();
        }
    }

    /// A command in the namespaces and the root file system.
    pub(crate) fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &self.pid().to_string(), "-m", "-n"])
            .args(["chroot", lab::INNER_ROOT])
            .args(words)
            .stdin(Stdio::null());
        command
    }

    /// A process in the namespaces.
    pub(crate) fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// The directory of the sockets.
    pub(crate) fn dir(&self) -> PathBuf {
        self.run.path().join(NAME)
    }

    /// A file that FRR sees in `/run/frr`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.run.path().join(name)
    }

    /// The processes of the daemons.
    pub(crate) fn daemons(&self) -> Vec<u32> {
        Daemon::ALL.map(|daemon| pid_in(&self.dir(), daemon)).into()
    }

    /// Resident memory of a daemon in kB.
    pub(crate) fn resident(&self, daemon: Daemon) -> u64 {
        resident(pid_in(&self.dir(), daemon))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(mut supervisor) = self.supervisor.take() {
            lab::run("kill", &[&supervisor.id().to_string()]);
            supervisor.wait().unwrap();
        }
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
    }
}

fn pid_in(dir: &Path, daemon: Daemon) -> u32 {
    let path = dir.join(format!("{}.pid", daemon.name()));
    let text = std::fs::read_to_string(path).unwrap();
    text.trim().parse().unwrap()
}
