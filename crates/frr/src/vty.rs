//! A client of a daemon's vty socket.
//!
//! A request is a line and a NUL. A reply is text (which has no NUL), three NULs and a code.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The longest a daemon may take to answer one line. A commit of mgmtd asks other daemons.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon of FRR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Daemon {
    /// Configuration of zebra and of all lists, since FRR 10.
    Mgmtd,
    /// The kernel's routes and devices.
    Zebra,
    /// Static routes.
    Staticd,
    /// BGP.
    Bgpd,
    /// BFD.
    Bfdd,
}

impl Daemon {
    /// All of them, in the order in which they are started.
    pub const ALL: [Self; 5] = [
        Self::Mgmtd,
        Self::Zebra,
        Self::Staticd,
        Self::Bfdd,
        Self::Bgpd,
    ];

    /// The name of the program and of its socket.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mgmtd => "mgmtd",
            Self::Zebra => "zebra",
            Self::Staticd => "staticd",
            Self::Bgpd => "bgpd",
            Self::Bfdd => "bfdd",
        }
    }

    /// Its socket in an instance's directory.
    pub fn socket(self, run_dir: &Path) -> PathBuf {
        run_dir.join(format!("{}.vty", self.name()))
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A conversation with a daemon that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum VtyError {
    /// No daemon listens there.
    #[error("connect to {}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody knows whether somebody else is configuring the instance.
    #[error("lock the configuration in {}", path.display())]
    Lock {
        /// The instance's directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The daemon ended or closed the connection.
    #[error("talk to {daemon}")]
    Talk {
        /// Who.
        daemon: Daemon,
        /// Why.
        source: io::Error,
    },
    /// No answer came.
    #[error("{daemon} did not answer within {patience:?}")]
    Silent {
        /// Who.
        daemon: Daemon,
        /// How long it was waited for.
        patience: Duration,
    },
    /// A line that every daemon must accept was refused.
    #[error("{daemon} refused {line:?}: {reason}")]
    Refused {
        /// Who.
        daemon: Daemon,
        /// What it was told.
        line: String,
        /// What it said.
        reason: String,
    },
}

/// A daemon's answer to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What became of the line.
    pub code: Code,
    /// What the daemon printed, without white space around it.
    pub text: String,
}

impl Reply {
    /// The daemon's reason, or the meaning of its code if it gave none.
    pub(crate) fn reason(self) -> String {
        if self.text.is_empty() {
            format!("{:?}", self.code)
        } else {
            self.text
        }
    }
}

/// The codes of `lib/command.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Done.
    Success,
    /// Understood and not done, or not wholly.
    Warning,
    /// No such command here.
    NoMatch,
    /// The daemon will answer later; not an end.
    Suspended,
    /// Understood, and refused.
    Failed,
    /// Any other.
    Other(u8),
}

impl From<u8> for Code {
    fn from(code: u8) -> Self {
        match code {
            0 => Self::Success,
            1 => Self::Warning,
            2 => Self::NoMatch,
            12 => Self::Suspended,
            13 => Self::Failed,
            other => Self::Other(other),
        }
    }
}

/// A connection to a daemon.
#[derive(Debug)]
pub struct Vty {
    daemon: Daemon,
    patience: Duration,
    stream: UnixStream,
    received: Vec<u8>,
}

impl Vty {
    /// Connects, and enables the commands that change things.
    pub async fn open(run_dir: &Path, daemon: Daemon) -> Result<Self, VtyError> {
        Self::open_patiently(run_dir, daemon, PATIENCE).await
    }

    /// The same, with the longest that an answer may take.
    pub async fn open_patiently(
        run_dir: &Path,
        daemon: Daemon,
        patience: Duration,
    ) -> Result<Self, VtyError> {
        let path = daemon.socket(run_dir);
        let connected = UnixStream::connect(&path).await;
        let stream = connected.map_err(|source| VtyError::Connect { path, source })?;
        let mut vty = Self {
            daemon,
            patience,
            stream,
            received: Vec::new(),
        };
        vty.require("enable").await?;
        Ok(vty)
    }

    /// Whose connection this is.
    pub fn daemon(&self) -> Daemon {
        self.daemon
    }

    /// Sends one line and waits for the answer.
    pub async fn send(&mut self, line: &str) -> Result<Reply, VtyError> {
        let Self {
            daemon, patience, ..
        } = *self;
        match timeout(patience, self.exchange(line)).await {
            Ok(answer) => answer.map_err(|source| VtyError::Talk { daemon, source }),
            Err(_) => Err(VtyError::Silent { daemon, patience }),
        }
    }

    /// Sends a line that must be accepted, and gives back what is printed.
    pub async fn require(&mut self, line: &str) -> Result<String, VtyError> {
        let reply = self.send(line).await?;
        match reply.code {
            Code::Success => Ok(reply.text),
            _ => Err(VtyError::Refused {
                daemon: self.daemon,
                line: line.to_owned(),
                reason: reply.reason(),
            }),
        }
    }

    /// Whether the daemon has closed the connection since the last answer.
    pub fn is_closed(&self) -> bool {
        match self.stream.try_read(&mut [0; 1]) {
            Err(e) => e.kind() != io::ErrorKind::WouldBlock,
            // An end, or a word out of turn: neither is a conversation to go on with.
            Ok(_) => true,
        }
    }

    async fn exchange(&mut self, line: &str) -> io::Result<Reply> {
        let mut request = Vec::with_capacity(line.len() + 1);
        request.extend_from_slice(line.as_bytes());
        request.push(0);
        self.stream.write_all(&request).await?;
        loop {
            match take_reply(&mut self.received) {
                Some(Reply {
                    code: Code::Suspended,
                    ..
                }) => {}
                Some(reply) => return Ok(reply),
                None => self.receive().await?,
            }
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Takes a whole reply from what was received, if there is one.
fn take_reply(received: &mut Vec<u8>) -> Option<Reply> {
    let end = received.iter().position(|byte| *byte == 0)?;
    let code = Code::from(*received.get(end + 3)?);
    let text = String::from_utf8_lossy(&received[..end]).trim().to_owned();
    received.drain(..end + 4);
    Some(Reply { code, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_taken_only_when_it_is_whole() {
        let whole = b"% nonsense\n\0\0\0\x02".to_vec();
        for cut in 0..whole.len() {
            let mut part = whole[..cut].to_vec();
            assert_eq!(take_reply(&mut part), None, "after {cut} bytes");
            assert_eq!(part, whole[..cut]);
        }
        let mut received = [whole, b"next".to_vec()].concat();
        let reply = Reply {
            code: Code::NoMatch,
            text: "% nonsense".to_owned(),
        };
        assert_eq!(take_reply(&mut received), Some(reply));
        assert_eq!(received, b"next");
    }
}
