//! What the lab is made of, built by the scripts of `hack/` or found in their cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The project's folder.
pub(crate) fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

/// Cargo's output folder, which it marks as one that backups should skip.
pub(crate) fn target() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let marked = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    Ok(marked
        .context("this program is not in a folder that cargo made")?
        .to_owned())
}

/// The parts that every lab shares.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) root: PathBuf,
    pub(crate) kernel: PathBuf,
    pub(crate) kubernetes: PathBuf,
    pub(crate) images: PathBuf,
}

impl Parts {
    /// Builds what is missing (minutes, with progress, once) and finds the rest.
    pub(crate) fn prepare() -> Result<Self> {
        script("setup.sh", &[])?;
        Ok(Self {
            root: script("lab/rootfs.sh", &[])?,
            kernel: script("lab/kernel.sh", &[])?,
            kubernetes: script("lab/kubernetes.sh", &[])?,
            images: script("lab/images.sh", &[])?,
        })
    }
}

/// The release binary, or the one that `FERROUTE_BINARY` names.
pub(crate) fn product(target: &Path) -> Result<PathBuf> {
    let binary = std::env::var_os("FERROUTE_BINARY")
        .map_or_else(|| target.join("release/ferroute"), PathBuf::from);
    let built = binary.exists();
    ensure!(
        built,
        "{} is not there: run `cargo build --release -p ferroute` first, or name another by FERROUTE_BINARY",
        binary.display()
    );
    Ok(binary)
}

/// Makes the product's image.
pub(crate) fn product_image(binary: &Path, out: &Path) -> Result<()> {
    script("image.sh", &[binary, out]).map(drop)
}

/// Runs a script of `hack/` and returns the path it printed; what it says goes to the terminal.
fn script(name: &str, arguments: &[&Path]) -> Result<PathBuf> {
    let path = repository().join("hack").join(name);
    let output = Command::new(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("run {}", path.display()))?;
    ensure!(output.status.success(), "{} failed", path.display());
    Ok(PathBuf::from(
        String::from_utf8_lossy(&output.stdout).trim(),
    ))
}
