//! Notices a daemon that runs and does nothing any more, as watchfrr does: nobody else would start it again.

use std::path::Path;
use std::time::Duration;

use crate::vty::{Daemon, Vty, VtyError};

/// How often each daemon is asked, and how long it may take to answer: longer than any work that holds it up.
const INTERVAL: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until a daemon does not answer.
pub(super) async fn first(run_dir: &Path, daemons: &[Daemon]) -> VtyError {
    first_within(run_dir, daemons, INTERVAL, PATIENCE).await
}

async fn first_within(
    run_dir: &Path,
    daemons: &[Daemon],
    interval: Duration,
    patience: Duration,
) -> VtyError {
    loop {
        tokio::time::sleep(interval).await;
        for daemon in daemons {
            // One that cannot be reached has ended, which is noticed elsewhere.
            let opened = Vty::open_patiently(run_dir, *daemon, patience).await;
            if let Err(silent @ VtyError::Silent { .. }) = opened {
                return silent;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    const SHORT: Duration = Duration::from_millis(20);
    /// More than a busy machine needs for an answer.
    const LONG: Duration = Duration::from_secs(2);

    /// Answers every first line with success, forever.
    async fn answer(listener: UnixListener) {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let read = stream.read(&mut [0; 64]).await.unwrap();
            assert!(read > 0);
            stream.write_all(&[0, 0, 0, 0]).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_daemon_that_does_not_answer_is_named_among_those_that_do() {
        let dir = tempfile::tempdir().unwrap();
        let bind = |daemon: Daemon| UnixListener::bind(daemon.socket(dir.path())).unwrap();
        tokio::spawn(answer(bind(Daemon::Zebra)));
        // Connections are taken by the kernel, and nobody reads.
        let _deaf = bind(Daemon::Bgpd);
        let all = [Daemon::Zebra, Daemon::Staticd, Daemon::Bgpd];
        let silent = first_within(dir.path(), &all, SHORT, LONG).await;
        let VtyError::Silent { daemon, .. } = silent else {
            panic!("{silent:?}")
        };
        assert_eq!(daemon, Daemon::Bgpd);
    }

    #[tokio::test]
    async fn daemons_that_answer_or_have_ended_are_not_silent() {
        let dir = tempfile::tempdir().unwrap();
        let zebra = UnixListener::bind(Daemon::Zebra.socket(dir.path())).unwrap();
        tokio::spawn(answer(zebra));
        let all = [Daemon::Zebra, Daemon::Staticd];
        let silent = first_within(dir.path(), &all, Duration::from_millis(1), LONG * 10);
        let never = tokio::time::timeout(SHORT * 5, silent).await;
        assert!(never.is_err(), "{never:?}");
    }
}
