//! A person inside the lab: the shell that `--keep` gives, and the `on` command.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::console::say;
use crate::node;
use crate::place::Place;
use crate::wiring;

const CONSOLE: &str = "/dev/tty0";

const WELCOME: &str = "
The lab stays up. Try:
  kubectl get pods -A -o wide
  on hostA_red curl 172.30.0.10
  on leafA vtysh -N leafA -c 'show bgp l2vpn evpn'
  on pe-kind-worker ip addr            on pe-kind-worker/perouter ip route show vrf red
The lab ends when you leave this shell (exit, or Ctrl-D).
";

/// Runs a shell on the console until the person leaves it.
pub(crate) fn interactive(terminal: Option<&str>) -> Result<()> {
    say(WELCOME);
    let console = || {
        File::options()
            .read(true)
            .write(true)
            .open(CONSOLE)
            .context(CONSOLE)
    };
    if let Some((rows, columns)) = terminal.and_then(|size| size.split_once(' ')) {
        let mut stty = Command::new("stty");
        stty.args(["rows", rows, "columns", columns])
            .stdin(console()?)
            .status()?;
    }
    // Job control needs a terminal of its own; `setsid` makes the console that.
    Command::new("setsid")
        .args(["--ctty", "--wait", "bash", "--noprofile", "--norc", "-i"])
        .env("PS1", "lab:\\w# ")
        .current_dir(crate::guest::REPOSITORY)
        .stdin(console()?)
        .stdout(console()?)
        .stderr(console()?)
        .status()
        .context("start a shell")?;
    Ok(())
}

/// `on PLACE COMMAND…`: becomes the command, in that place.
pub(crate) fn on(arguments: &[String]) -> Result<ExitCode> {
    let [name, program, rest @ ..] = arguments else {
        say(format_args!(
            "usage: on PLACE COMMAND…\nplaces: {}",
            names().join(" ")
        ));
        return Ok(ExitCode::FAILURE);
    };
    find(name)?.enter()?;
    Err(Command::new(program).args(rest).exec()).with_context(|| format!("run {program}"))
}

fn names() -> Vec<String> {
    let nodes = node::SPECS
        .iter()
        .flat_map(|spec| [spec.name.to_owned(), format!("{}/perouter", spec.name)]);
    wiring::MACHINES
        .map(str::to_owned)
        .into_iter()
        .chain(nodes)
        .collect()
}

fn find(name: &str) -> Result<Place> {
    let (outer, inner) = name
        .split_once('/')
        .map_or((name, None), |(outer, inner)| (outer, Some(inner)));
    let place = match node::SPECS.iter().find(|spec| spec.name == outer) {
        Some(spec) => node::running(spec)?,
        None => Place::network(outer),
    };
    Ok(inner.map_or_else(|| place.clone(), |inner| place.inner_network(inner)))
}
