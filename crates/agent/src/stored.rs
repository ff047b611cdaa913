//! What the agent knew last, on disk: the next one starts from it while the API is away.

use std::path::{Path, PathBuf};

use ferroute_api::ferroute::SecretKey;
use serde::{Deserialize, Serialize};

use crate::inbox::Asked;

/// What is kept from one agent to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// What was asked.
    #[serde(flatten)]
    pub(crate) asked: Asked,
    /// The passwords of Secrets: a session with one must not wait for the API.
    #[serde(default)]
    pub(crate) passwords: Vec<(SecretKey, String)>,
}

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

/// What was kept last; `None` on a node that never was asked anything.
pub(crate) fn load(state_dir: &Path) -> Result<Option<Stored>, StoreError> {
    let path = file(state_dir);
    match std::fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(stored) => Ok(Some(stored)),
            Err(source) => Err(StoreError::Parse { path, source }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Read { path, source }),
    }
}

/// Replaces the file as a whole, so that a crash leaves the old or the new one.
pub(crate) fn save(state_dir: &Path, stored: &Stored) -> Result<(), StoreError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let path = file(state_dir);
    let part = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let bytes = serde_json::to_vec(stored)?;
        // Passwords of sessions are inside.
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(&bytes)?;
        // Or the new name may be on disk before what it stands for.
        file.sync_all()?;
        std::fs::rename(&part, &path)
    };
    write().map_err(|source| StoreError::Write {
        path: path.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded_again() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()).unwrap(), None);
        let key = SecretKey {
            namespace: "metallb-system".to_owned(),
            name: "tor".to_owned(),
        };
        let stored = Stored {
            passwords: vec![(key, "secret".to_owned())],
            ..Stored::default()
        };
        save(dir.path(), &stored).unwrap();
        assert_eq!(load(dir.path()).unwrap(), Some(stored));
    }

    #[test]
    fn a_file_of_an_agent_that_kept_no_passwords_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let old = serde_json::to_vec(&Asked::default()).unwrap();
        std::fs::write(file(dir.path()), old).unwrap();
        assert_eq!(load(dir.path()).unwrap(), Some(Stored::default()));
    }
}
