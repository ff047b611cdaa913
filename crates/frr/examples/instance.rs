//! Runs one FRR instance in the network namespace it is called in: `instance router|speaker FILE`.

use std::path::PathBuf;

use ferroute_frr::supervise::{Instance, Options, run};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_ansi(false).init();
    let mut arguments = std::env::args().skip(1);
    let instance = match arguments.next().as_deref() {
        Some("router") => Instance::Router,
        Some("speaker") => Instance::Speaker,
        _ => return Err("usage: instance router|speaker FILE".into()),
    };
    let config_file = PathBuf::from(arguments.next().ok_or("which configuration file?")?);
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        terminate.recv().await;
    };
    Ok(run(&Options::new(instance, config_file), shutdown).await?)
}
