//! The last state that was asked for, on disk: the agent starts from it while the API is away.

use std::path::{Path, PathBuf};

use crate::inbox::Asked;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("parse {}", path.display())]
    Parse {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("write {}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
}

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("asked.json")
}

/// What was asked last; `None` on a node that never was asked anything.
pub(crate) fn load(state_dir: &Path) -> Result<Option<Asked>, StoreError> {
    let path = file(state_dir);
    match std::fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(asked) => Ok(Some(asked)),
            Err(source) => Err(StoreError::Parse { path, source }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path, source }),
    }
}

/// Replaces the file as a whole, so that a crash leaves the old or the new one.
pub(crate) fn save(state_dir: &Path, asked: &Asked) -> Result<(), StoreError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let path = file(state_dir);
    let part = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let bytes = serde_json::to_vec(asked)?;
        // Passwords of sessions are inside.
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(&bytes)?;
        std::fs::rename(&part, &path)
    };
    write().map_err(|source| StoreError::Write {
        path: path.clone(),
        source,
    })
}
