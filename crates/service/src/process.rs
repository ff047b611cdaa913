//! The life of a process: its tasks, and how it ends.
//!
//! A task that ends, ends the process: a controller whose lease task is dead must not go on as if it
//! led. The supervisor (kubelet, systemd) starts it again.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// The tasks of a process.
#[derive(Debug)]
pub struct Process<E> {
    tasks: JoinSet<(&'static str, Result<(), E>)>,
    shutdown: CancellationToken,
}

/// Why a process ended, other than by a signal.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError<E: std::error::Error + 'static> {
    /// Signals cannot be heard.
    #[error("listen for signals")]
    Signals(#[source] std::io::Error),
    /// A task failed.
    #[error("{task} failed")]
    Failed {
        /// Which.
        task: &'static str,
        /// Why.
        source: E,
    },
    /// A task that should run for ever did not.
    #[error("{task} ended early")]
    Ended {
        /// Which.
        task: &'static str,
    },
    /// A task panicked.
    #[error("a task panicked")]
    Panicked(#[source] JoinError),
}

impl<E: std::error::Error + Send + 'static> Process<E> {
    /// A process without tasks.
    pub fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            shutdown: CancellationToken::new(),
        }
    }

    /// Cancelled when the process should end; each task watches it.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Starts a task that runs until the process ends.
    pub fn spawn<F>(&mut self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.tasks.spawn(async move { (name, task.await) });
    }

    /// Runs until a signal asks for the end or a task ends, then lets the other tasks finish.
    pub async fn run(mut self) -> Result<(), ProcessError<E>> {
        let mut terminate = signal(SignalKind::terminate()).map_err(ProcessError::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(ProcessError::Signals)?;
        let first = tokio::select! {
            _ = terminate.recv() => { info!("terminating"); None }
            _ = interrupt.recv() => { info!("interrupted"); None }
            ended = self.tasks.join_next() => ended,
        };
        let asked = first.is_none();
        self.shutdown.cancel();
        let mut outcome = first.map_or(Ok(()), |ended| verdict(ended, asked));
        while let Some(ended) = self.tasks.join_next().await {
            outcome = outcome.and(verdict(ended, true));
        }
        outcome
    }
}

/// Ready when a signal asks this process to end: for a process that has no tasks of its own.
pub fn terminated() -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("terminating"),
            _ = interrupt.recv() => info!("interrupted"),
        }
    })
}

impl<E: std::error::Error + Send + 'static> Default for Process<E> {
    fn default() -> Self {
        Self::new()
    }
}

fn verdict<E: std::error::Error>(
    ended: Result<(&'static str, Result<(), E>), JoinError>,
    asked: bool,
) -> Result<(), ProcessError<E>> {
    match ended {
        Ok((_, Ok(()))) if asked => Ok(()),
        Ok((task, Ok(()))) => Err(ProcessError::Ended { task }),
        Ok((task, Err(source))) => Err(ProcessError::Failed { task, source }),
        Err(panicked) => Err(ProcessError::Panicked(panicked)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("broken")]
    struct Broken;

    #[tokio::test]
    async fn a_task_that_fails_ends_the_process_and_the_other_tasks() {
        let mut process = Process::new();
        let shutdown = process.shutdown();
        process.spawn("bad", async { Err(Broken) });
        process.spawn("patient", async move {
            shutdown.cancelled().await;
            Ok(())
        });
        let ended = process.run().await;
        assert!(
            matches!(ended, Err(ProcessError::Failed { task: "bad", .. })),
            "{ended:?}"
        );
    }

    #[tokio::test]
    async fn a_task_that_ends_early_is_an_error() {
        let mut process = Process::<Broken>::new();
        process.spawn("short", async { Ok(()) });
        let ended = process.run().await;
        assert!(
            matches!(ended, Err(ProcessError::Ended { task: "short" })),
            "{ended:?}"
        );
    }
}
