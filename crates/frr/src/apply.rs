//! Makes a running FRR say what a configuration says.

mod batch;
mod owner;
mod running;
mod session;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::diff::{Command, diff};
use crate::lock::Lock;
use crate::render::{changed, must_be_read};
use crate::tree::Tree;
use crate::vty::{PATIENCE, VtyError};

use batch::send;
use running::running;
use session::Sessions;

/// What became of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The lines that were sent, without those that only enter a context.
    pub commands_sent: usize,
    /// Those that FRR did not take. Everything else is in force.
    pub refused: Vec<Refused>,
}

/// A line that FRR did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The line behind its contexts; a password is not shown.
    pub line: String,
    /// FRR's own words; a password is not shown.
    pub reason: String,
}

impl Applied {
    /// Counts what was done after this. What was refused before has been tried again.
    fn end_with(&mut self, last: Self) {
        self.commands_sent += last.commands_sent;
        self.refused = last.refused;
    }
}

/// The one that configures an FRR instance.
///
/// It asks the daemons what they run when it does not know (at first, after a daemon restarted,
/// after a refusal, where BGP instances come and go). Else it compares with what it applied last, at the cost of the difference.
#[derive(Debug)]
pub struct Engine {
    run_dir: PathBuf,
    patience: Duration,
    locking: bool,
    sessions: Option<Sessions>,
    applied: Option<Config>,
}

impl Engine {
    /// For the instance whose sockets are in this directory. Nothing is connected yet.
    pub fn new(run_dir: impl Into<PathBuf>) -> Self {
        Self {
            run_dir: run_dir.into(),
            patience: PATIENCE,
            locking: true,
            sessions: None,
            applied: None,
        }
    }

    /// With another limit than 30 seconds to the time that an answer, or the end of another's configuring, may take.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// For one who holds the instance's configuration already.
    pub(crate) fn unlocked(run_dir: impl Into<PathBuf>) -> Self {
        Self {
            locking: false,
            ..Self::new(run_dir)
        }
    }

    /// Makes the instance say what `desired` says. An error leaves it in between: apply again.
    pub async fn apply(&mut self, desired: &Config) -> Result<Applied, VtyError> {
        let last = self.applied.take();
        let _lock = self.lock().await?;
        let mut sessions = self.sessions().await?;
        if sessions.is_new() {
            batch::release(&mut sessions).await?;
        }
        let last = last.filter(|last| !sessions.is_new() && !must_be_read(last, desired));
        let commands = match &last {
            Some(last) => {
                let (have, want) = changed(last, desired);
                diff(&have, &want)
            }
            None => missing(&mut sessions, &Tree::from(desired)).await?,
        };
        let mut applied = send(&mut sessions, &commands).await?;
        if commands.iter().any(is_instance) {
            sessions = sessions.settled();
            let left = missing(&mut sessions, &Tree::from(desired)).await?;
            applied.end_with(send(&mut sessions, &left).await?);
        }
        if applied.refused.is_empty() {
            self.applied = Some(desired.clone());
        }
        self.sessions = Some(sessions.settled());
        Ok(applied)
    }

    /// Makes the instance say what a tree says: that of the file it was last good with.
    pub async fn load(&mut self, tree: &Tree) -> Result<Applied, VtyError> {
        self.applied = None;
        let _lock = self.lock().await?;
        let mut sessions = self.sessions().await?;
        let commands = missing(&mut sessions, tree).await?;
        let applied = send(&mut sessions, &commands).await?;
        self.sessions = Some(sessions.settled());
        Ok(applied)
    }

    /// What would have to be sent for the instance to say what `desired` says, by its own account:
    /// whether somebody else has changed it, or FRR has taken a line without meaning it. If so, the next [`apply`]
    /// compares with what runs, not with what it applied last.
    ///
    /// [`apply`]: Self::apply
    pub async fn drift(&mut self, desired: &Config) -> Result<Vec<Command>, VtyError> {
        let mut sessions = self.sessions().await?;
        let commands = missing(&mut sessions, &Tree::from(desired)).await?;
        self.sessions = Some(sessions);
        self.applied = self.applied.take().filter(|_| commands.is_empty());
        Ok(commands)
    }

    /// Takes what the instance runs for what `desired` says, although it says it otherwise: the next [`apply`] sends what
    /// is new since then, and not once more what would change nothing.
    ///
    /// [`apply`]: Self::apply
    pub fn accept(&mut self, desired: &Config) {
        self.applied = Some(desired.clone());
    }

    /// What the instance runs, as far as it is configured by us.
    pub async fn running(&mut self) -> Result<Tree, VtyError> {
        let mut sessions = self.sessions().await?;
        let tree = running(&mut sessions, &Tree::default()).await?;
        self.sessions = Some(sessions);
        Ok(tree)
    }

    /// Makes the default instance forget what peers announced before, which it keeps for those that restart
    /// gracefully. Peers that it does not know have nothing to forget.
    ///
    /// What came over a device that was made anew since then stays unreachable: bgpd takes the same route for no
    /// change, and zebra keeps the index of the device that is gone (seen with 10.3).
    pub async fn forget(&mut self, asn: u32, peers: &[IpAddr]) -> Result<(), VtyError> {
        let _lock = self.lock().await?;
        let mut sessions = self.sessions().await?;
        let context: Arc<[String]> = Arc::new([format!("router bgp {asn}")]);
        for peer in peers {
            for line in ["neighbor {} shutdown", "no neighbor {} shutdown"] {
                let line = line.replace("{}", &peer.to_string());
                let context = Arc::clone(&context);
                if sessions.send(&Command { context, line }).await?.is_some() {
                    break;
                }
            }
        }
        self.sessions = Some(sessions);
        Ok(())
    }

    async fn lock(&self) -> Result<Option<Lock>, VtyError> {
        if !self.locking {
            return Ok(None);
        }
        let locked = Lock::take_within(&self.run_dir, self.patience).await;
        let path = || self.run_dir.clone();
        locked.map(Some).map_err(|source| VtyError::Lock {
            path: path(),
            source,
        })
    }

    /// The sessions that are up, or new ones. They are taken out, so that an error drops them.
    async fn sessions(&mut self) -> Result<Sessions, VtyError> {
        match self.sessions.take().filter(Sessions::are_up) {
            Some(sessions) => Ok(sessions),
            None => Sessions::open(&self.run_dir, self.patience).await,
        }
    }
}

/// The commands that lead from what runs to a tree.
async fn missing(sessions: &mut Sessions, desired: &Tree) -> Result<Vec<Command>, VtyError> {
    Ok(diff(&running(sessions, desired).await?, desired))
}

/// Whether a BGP instance comes or goes. FRR 10 does not remove the default one while others take
/// routes from it, it hides it; and when it is wanted again, some of what it was told before is still
/// in force. So after these, what runs is looked at once more.
fn is_instance(command: &Command) -> bool {
    let line = command.line.strip_prefix("no ").unwrap_or(&command.line);
    command.context.is_empty() && line.starts_with("router bgp ")
}
