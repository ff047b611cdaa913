//! An instance that Debian's frr-reload.py configures.

use std::time::{Duration, Instant};

use ferroute_frr::config::Config;

use crate::lab::{Instance, eventually};

/// What `frr-reload.py` did with a configuration.
pub(super) struct Reloaded {
    pub(super) took: Duration,
    pub(super) succeeded: bool,
    /// What it wrote about errors.
    pub(super) said: String,
}

/// What a fresh FRR prints by itself. A file without it asks for its removal.
const OWN: &str = "no ip forwarding\nno ipv6 forwarding\n";

/// Starts an instance of which vtysh knows where its files are.
pub(super) async fn start() -> Instance {
    let instance = Instance::start("router").await;
    let directory = instance.root().join("etc/frr/router");
    std::fs::create_dir_all(&directory).unwrap();
    for file in ["vtysh.conf", "frr.conf"] {
        std::fs::write(directory.join(file), "").unwrap();
    }
    instance
}

/// Has `frr-reload.py` make the instance say what the configuration says.
pub(super) fn reload(instance: &Instance, config: &Config) -> Reloaded {
    let mut text = format!("{OWN}{config}");
    if config.hostname.is_none() {
        text = format!("hostname {}\n{text}", own_name());
    }
    // Under this name it is not asked to write the file anew.
    std::fs::write(instance.root().join("etc/frr/frr.conf"), text).unwrap();
    let start = Instant::now();
    let script = "/usr/lib/frr/frr-reload.py";
    let file = "/etc/frr/frr.conf";
    let done = instance.inside(&[
        "/usr/bin/python3",
        script,
        "--reload",
        "--pathspace",
        "router",
        file,
    ]);
    Reloaded {
        took: start.elapsed(),
        succeeded: done.status.success(),
        said: [complaints(&done.stdout), complaints(&done.stderr)].join("\n"),
    }
}

/// Without what vtysh says of its progress.
fn complaints(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let progress = |line: &&str| {
        line.ends_with("sending configuration")
            || line.ends_with("] done")
            || line.starts_with("Waiting for children")
    };
    let lines = text.lines();
    let said: Vec<_> = lines
        .filter(|line| !progress(line) && !line.is_empty())
        .collect();
    said.join("\n")
}

fn own_name() -> String {
    let name = nix::sys::utsname::uname().unwrap();
    name.nodename().to_str().unwrap().to_owned()
}

/// Brings the instance to a configuration by our own client, or by a new instance if that fails.
pub(super) async fn repair(instance: &mut Instance, config: &Config) {
    if !(instance.is_running() && repaired(instance, config).await) {
        *instance = start().await;
        eventually("a new instance is configured", async || {
            repaired(instance, config).await.then_some(())
        })
        .await;
    }
}

async fn repaired(instance: &Instance, config: &Config) -> bool {
    let mut engine = instance.engine();
    let applied = engine.apply(config).await;
    let clean = applied.is_ok_and(|applied| applied.refused.is_empty());
    clean
        && engine
            .drift(config)
            .await
            .is_ok_and(|drift| drift.is_empty())
}
