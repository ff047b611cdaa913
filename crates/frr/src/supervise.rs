//! Runs the daemons of one FRR instance, until one of them ends or it is told to stop.
//!
//! Nothing is restarted here: when a daemon ends, all end, and who runs us starts anew.

mod daemons;
mod restart;
mod silence;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tracing::{info, warn};

use crate::lock::Lock;
use crate::tree::Tree;
use crate::vty::{Daemon, VtyError};

use daemons::Daemons;
use restart::Untold;

/// Which of a node's two instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instance {
    /// The provider edge, in its own network namespace.
    Router,
    /// The host's, with the announcements of services.
    Speaker,
}

impl Instance {
    /// Its path space: the name of its directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Speaker => "speaker",
        }
    }
}

/// How to run an instance. The caller is in its network namespace already.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which one.
    pub instance: Instance,
    /// Where FRR was built to keep its run-time files; each instance has a directory in it.
    pub run_dir: PathBuf,
    /// Where the programs are.
    pub daemons_dir: PathBuf,
    /// The configuration to start with, if the file is there.
    pub config_file: PathBuf,
    /// Whether peers may connect to us. Else only we connect to them.
    pub listen: bool,
}

impl Options {
    /// FRR as Debian installs it.
    pub fn new(instance: Instance, config_file: impl Into<PathBuf>) -> Self {
        Self {
            instance,
            run_dir: PathBuf::from("/var/run/frr"),
            daemons_dir: PathBuf::from("/usr/lib/frr"),
            config_file: config_file.into(),
            listen: instance == Instance::Router,
        }
    }

    /// The directory of the instance's sockets: what [`Engine::new`](crate::apply::Engine::new) wants.
    pub fn instance_dir(&self) -> PathBuf {
        self.run_dir.join(self.instance.name())
    }
}

/// Why an instance is no more.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// Its directory could not be made or locked.
    #[error("prepare {}", path.display())]
    Prepare {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("start {}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A daemon ended.
    #[error("{daemon} ended: {status}")]
    Ended {
        /// Who.
        daemon: Daemon,
        /// How.
        status: ExitStatus,
    },
    /// A daemon could not be waited for.
    #[error("wait for {daemon}")]
    Wait {
        /// Who.
        daemon: Daemon,
        /// Why.
        source: io::Error,
    },
    /// A daemon runs and does not listen.
    #[error("{daemon} does not answer after {} s", START.as_secs())]
    Deaf {
        /// Who.
        daemon: Daemon,
        /// The last attempt.
        source: VtyError,
    },
    /// A daemon has stopped answering.
    #[error("a daemon hangs")]
    Hangs(#[source] VtyError),
    /// The configuration file could not be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration could not be loaded.
    #[error("load {}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VtyError,
    },
}

/// The longest a daemon may take to listen.
const START: Duration = Duration::from_secs(30);

/// Starts the daemons, loads the last configuration, and watches until `shutdown` is ready
/// (which is no error) or a daemon ends or hangs (which is one).
pub async fn run(
    options: &Options,
    shutdown: impl Future<Output = ()>,
) -> Result<(), SuperviseError> {
    let run_dir = options.instance_dir();
    let prepare = |source| SuperviseError::Prepare {
        path: run_dir.clone(),
        source,
    };
    std::fs::create_dir_all(&run_dir).map_err(prepare)?;
    // Nobody else configures daemons that are about to load an older configuration.
    let lock = Lock::take(&run_dir).await.map_err(prepare)?;
    let mut daemons = Daemons::default();
    let running = async {
        daemons.start(options).await?;
        let untold = load(&run_dir, &options.config_file).await?;
        drop(lock);
        info!(instance = options.instance.name(), "frr is running");
        let told = async {
            untold.tell(&run_dir).await;
            std::future::pending().await
        };
        let started = daemons.started();
        tokio::select! {
            ended = daemons.first_end() => ended,
            silent = silence::first(&run_dir, &started) => Err(SuperviseError::Hangs(silent)),
            never = told => never,
        }
    };
    let ended = tokio::select! {
        ended = running => ended,
        () = shutdown => Ok(()),
    };
    daemons.stop().await;
    ended
}

async fn load(run_dir: &Path, config_file: &Path) -> Result<Untold, SuperviseError> {
    let text = match std::fs::read_to_string(config_file) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Untold::default()),
        Err(source) => {
            return Err(SuperviseError::Read {
                path: config_file.to_owned(),
                source,
            });
        }
    };
    let loaded = restart::load(run_dir, &Tree::parse(&text)).await;
    let (applied, untold) = loaded.map_err(|source| SuperviseError::Load {
        path: config_file.to_owned(),
        source,
    })?;
    for refused in &applied.refused {
        warn!(
            line = refused.line,
            reason = refused.reason,
            "configuration line refused"
        );
    }
    info!(
        commands = applied.commands_sent,
        "last configuration loaded"
    );
    Ok(untold)
}
