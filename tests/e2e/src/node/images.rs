//! A node's images: the lab's own and the product's, from archives. Nothing is ever pulled.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::files::SOCKET;
use crate::guest::{IMAGES, LAB_FOLDER};
use crate::place::Place;
use crate::wait::eventually;

/// Waits for containerd and gives it every image.
pub(super) fn import() -> Result<()> {
    eventually("containerd listens", Duration::from_mins(1), || {
        ensure!(Path::new(SOCKET).exists(), "{SOCKET} is not there");
        Ok(())
    })?;
    for archive in [
        format!("{IMAGES}/pause.tar"),
        format!("{IMAGES}/nginx.tar"),
        format!("{LAB_FOLDER}/ferroute.tar"),
    ] {
        Place::lab().run(["ctr", "--namespace", "k8s.io", "images", "import", &archive])?;
    }
    Ok(())
}
