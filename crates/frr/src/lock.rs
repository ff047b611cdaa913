//! One at a time: a starting instance that loads its last configuration, and the one that
//! configures it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(10);

/// Holds the configuration of an instance. Dropped, or with the end of the process, it is free.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing it is its purpose")] File);

impl Lock {
    /// Waits until nobody else holds it.
    pub(crate) async fn take(run_dir: &Path) -> io::Result<Self> {
        let file = File::create(run_dir.join("config.lock"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::Error(source)) => return Err(source),
            }
        }
    }

    /// Waits for no longer than this.
    pub(crate) async fn take_within(run_dir: &Path, limit: Duration) -> io::Result<Self> {
        let taken = tokio::time::timeout(limit, Self::take(run_dir)).await;
        let held = |_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("somebody has held it for {limit:?}"),
            )
        };
        taken.map_err(held)?
    }
}
