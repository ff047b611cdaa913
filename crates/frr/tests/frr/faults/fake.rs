//! Sockets like those of FRR's daemons, behind which nobody configures anything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ferroute_frr::apply::Engine;
use ferroute_frr::vty::Daemon;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// How each connection is answered.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    /// At once, and always with success.
    Well,
    /// After a while.
    Late(Duration),
    /// So many times, then never again.
    Silent(usize),
    /// So many times, then it is closed.
    Closing(usize),
    /// So many times, then it is closed amid an answer.
    CutOff(usize),
}

/// All daemons of an instance. They end with this value.
pub(crate) struct FakeFrr {
    run: TempDir,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl FakeFrr {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let run = tempfile::tempdir().unwrap();
        let behaviour = Arc::new(Mutex::new(behaviour));
        for daemon in Daemon::ALL {
            let listener = UnixListener::bind(daemon.socket(run.path())).unwrap();
            tokio::spawn(listen(listener, Arc::clone(&behaviour)));
        }
        Self { run, behaviour }
    }

    /// From the next connection on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Lets nobody in any more, as daemons that end.
    pub(crate) fn stop_listening(&self) {
        for daemon in Daemon::ALL {
            std::fs::remove_file(daemon.socket(self.run.path())).unwrap();
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(self.run.path())
    }
}

async fn listen(listener: UnixListener, behaviour: Arc<Mutex<Behaviour>>) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let behaviour = *behaviour.lock().unwrap();
        tokio::spawn(converse(connection, behaviour));
    }
}

/// Ends when the client does: a write to it fails.
async fn converse(mut connection: UnixStream, behaviour: Behaviour) {
    let mut answered = 0;
    let mut byte = [0];
    while connection.read_exact(&mut byte).await.is_ok() {
        if byte != [0] {
            continue;
        }
        let answer: &[u8] = match behaviour {
            Behaviour::Silent(most) if answered >= most => &[],
            Behaviour::Closing(most) if answered >= most => return,
            Behaviour::CutOff(most) if answered >= most => {
                connection.write_all(b"text\0\0").await.unwrap();
                return;
            }
            Behaviour::Late(pause) => {
                tokio::time::sleep(pause).await;
                b"\0\0\0\0"
            }
            _ => b"\0\0\0\0",
        };
        answered += 1;
        if connection.write_all(answer).await.is_err() {
            return;
        }
    }
}
