//! The processes of an instance.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::{Options, START, SuperviseError};
use crate::vty::{Daemon, Vty};

/// Between two looks whether a daemon listens.
const PAUSE: Duration = Duration::from_millis(5);

/// How long a daemon may take to end before it is killed.
const END: Duration = Duration::from_secs(5);

/// The daemons that were started, in that order.
#[derive(Debug, Default)]
pub(super) struct Daemons(Vec<(Daemon, Child)>);

impl Daemons {
    /// Starts one after the other: bgpd waits a whole second if zebra does not listen yet.
    pub(super) async fn start(&mut self, options: &Options) -> Result<(), SuperviseError> {
        let run_dir = options.instance_dir();
        for daemon in Daemon::ALL {
            let path = options.daemons_dir.join(daemon.name());
            // Older versions of FRR have none.
            if daemon == Daemon::Mgmtd && !path.exists() {
                continue;
            }
            let mut command = Command::new(&path);
            command.args(arguments(options, daemon)).kill_on_drop(true);
            let child = command
                .spawn()
                .map_err(|source| SuperviseError::Start { path, source })?;
            self.0.push((daemon, child));
            self.listening(&run_dir, daemon).await?;
        }
        Ok(())
    }

    /// Which were started.
    pub(super) fn started(&self) -> Vec<Daemon> {
        self.0.iter().map(|(daemon, _)| *daemon).collect()
    }

    async fn listening(&mut self, run_dir: &Path, daemon: Daemon) -> Result<(), SuperviseError> {
        let deadline = Instant::now() + START;
        loop {
            match Vty::open(run_dir, daemon).await {
                Ok(_) => return Ok(()),
                Err(source) if Instant::now() > deadline => {
                    return Err(SuperviseError::Deaf { daemon, source });
                }
                Err(_) => sleep(PAUSE).await,
            }
            self.all_run()?;
        }
    }

    /// An error that names the first daemon that does not run any more.
    fn all_run(&mut self) -> Result<(), SuperviseError> {
        for (daemon, child) in &mut self.0 {
            let daemon = *daemon;
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(SuperviseError::Ended { daemon, status }),
                Err(source) => return Err(SuperviseError::Wait { daemon, source }),
            }
        }
        Ok(())
    }

    /// Waits until a daemon ends, which is always an error.
    pub(super) async fn first_end(&mut self) -> Result<(), SuperviseError> {
        let mut children = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())
            .map_err(|source| SuperviseError::Wait {
                daemon: Daemon::Bgpd,
                source,
            })?;
        loop {
            self.all_run()?;
            children.recv().await;
        }
    }

    /// Ends all. BFD first, which tells its peers that this is no failure; then BGP.
    pub(super) async fn stop(&mut self) {
        self.0.sort_by_key(|(daemon, _)| match daemon {
            Daemon::Bfdd => 0,
            Daemon::Bgpd => 1,
            Daemon::Staticd => 2,
            Daemon::Zebra => 3,
            Daemon::Mgmtd => 4,
        });
        for (daemon, child) in &mut self.0 {
            end(*daemon, child).await;
        }
    }
}

async fn end(daemon: Daemon, child: &mut Child) {
    let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) else {
        return;
    };
    // A bgpd that is asked to end says so to its peers, and they drop its routes at once. One
    // that vanishes leaves those that agreed to graceful restart waiting for the next.
    let signal = if daemon == Daemon::Bgpd {
        Signal::SIGKILL
    } else {
        Signal::SIGTERM
    };
    if let Err(error) = kill(Pid::from_raw(pid), signal) {
        debug!(%daemon, %error, "daemon was not there to be ended");
    }
    if timeout(END, child.wait()).await.is_err() {
        warn!(%daemon, "daemon did not end in time");
        if let Err(error) = child.kill().await {
            warn!(%daemon, %error, "daemon could not be killed");
        }
    }
}

/// The command line of a daemon. It runs as root without changing its user: it needs no right
/// to, and the sockets are root's.
fn arguments(options: &Options, daemon: Daemon) -> Vec<&'static str> {
    let mut arguments = vec!["-N", options.instance.name(), "-u", "root", "-g", "frrvty"];
    // No telnet; the log goes where ours goes; descriptors are not allocated by the rlimit, which
    // may be a billion.
    arguments.extend(["-P", "0", "--log", "stdout", "--limit-fds", "100000"]);
    match daemon {
        // What zebra put into the kernel stays when it ends, and is swept when a new one has had
        // time to learn it again.
        Daemon::Zebra => arguments.extend(["-r", "-K", "120"]),
        Daemon::Bgpd if !options.listen => arguments.extend(["-p", "0"]),
        Daemon::Bgpd | Daemon::Mgmtd | Daemon::Staticd | Daemon::Bfdd => {}
    }
    arguments
}
