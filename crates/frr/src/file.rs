//! The file with the last good configuration: for a starting FRR, and for people.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// A configuration that could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("write {}", path.display())]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

/// Replaces the file by this configuration, wholly or not at all. Passwords are in it, so only
/// its owner may read it.
pub fn save(path: &Path, config: &Config) -> Result<(), SaveError> {
    let part = path.with_extension("part");
    let written = write(&part, config).and_then(|()| rename(&part, path));
    written.map_err(|source| SaveError {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, config: &Config) -> io::Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(config.to_string().as_bytes())?;
    file.sync_all()
}
