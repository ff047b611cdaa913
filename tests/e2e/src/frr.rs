//! A stock FRR of the fabric: its daemons in one place, told what to do by vtysh.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::unistd::{User, chown};
use serde_json::Value;

use crate::place::Place;
use crate::service::LOGS;

const DAEMONS: [&str; 3] = ["mgmtd", "zebra", "bgpd"];

/// An instance of FRR in a place of the fabric; both have the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frr {
    place: Place,
}

impl Frr {
    pub(crate) fn new(place: Place) -> Self {
        Self { place }
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Starts the daemons and gives them their configuration.
    pub(crate) fn start(&self, configuration: &str) -> Result<()> {
        let name = self.place.name();
        let (folder, sockets) = (format!("/etc/frr/{name}"), format!("/run/frr/{name}"));
        let file = format!("{folder}/frr.conf");
        for folder in [&folder, &sockets] {
            fs::create_dir_all(folder)?;
            owned_by_frr(folder)?;
        }
        fs::write(format!("{folder}/vtysh.conf"), "")?;
        fs::write(&file, configuration)?;
        for daemon in DAEMONS {
            self.start_daemon(daemon)?;
        }
        self.place.run(["vtysh", "-N", name, "-f", &file]).map(drop)
    }

    /// A daemon returns to its caller when it is ready. Its output goes nowhere: a pipe would stay open with it.
    fn start_daemon(&self, daemon: &str) -> Result<()> {
        let name = self.place.name();
        let log = format!("{LOGS}/{name}-{daemon}.log");
        fs::write(&log, "")?;
        owned_by_frr(&log)?;
        let mut command = Command::new(format!("/usr/lib/frr/{daemon}"));
        command.args([
            "-N",
            name,
            "-d",
            "--log",
            &format!("file:{log}"),
            "--log-level",
            "warn",
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let status = self.place.spawn(&mut command)?.wait()?;
        ensure!(
            status.success(),
            "{name}: {daemon} ended with {status}; see {log}"
        );
        Ok(())
    }

    /// What a `show` command writes.
    pub fn show(&self, what: &str) -> Result<String> {
        self.vtysh(&[&format!("show {what}")])
    }

    /// What a `show` command writes as JSON.
    pub fn json(&self, what: &str) -> Result<Value> {
        let text = self.vtysh(&[&format!("show {what} json")])?;
        serde_json::from_str(&text).with_context(|| format!("read `show {what} json`: {text}"))
    }

    /// Enters configuration, line by line.
    pub fn configure(&self, lines: &[&str]) -> Result<()> {
        let mut all = vec!["configure terminal"];
        all.extend(lines);
        self.vtysh(&all).map(drop)
    }

    fn vtysh(&self, commands: &[&str]) -> Result<String> {
        let mut words = vec!["vtysh", "-N", self.place.name()];
        for command in commands {
            words.extend(["-c", command]);
        }
        self.place.run(words)
    }
}

fn owned_by_frr(path: &str) -> Result<()> {
    let user = User::from_name("frr")?.context("the guest has no account frr")?;
    chown(path, Some(user.uid), Some(user.gid)).with_context(|| format!("give {path} to frr"))
}
