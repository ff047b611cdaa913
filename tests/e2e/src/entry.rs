//! Which part this process plays: the same binary is host, init, lab, node and the `on` command.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::lab::Lab;
use crate::scenario::Scenario;
use crate::{boot, guest, node, shell};

/// What happens in the lab once it is up.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    /// The scenarios whose names match the command line, in this order, as `cargo test` shows tests.
    Scenarios(&'static [Scenario]),
    /// One story; returns whether it ended well.
    Story(fn(&Lab) -> Result<()>),
}

/// The first argument of the lab's process and of a node's; no person types them.
pub(crate) const LAB_ROLE: &str = "lab:guest";
pub(crate) const NODE_ROLE: &str = "lab:node";

/// The whole program: call it from `main` and return what it returns.
pub fn main(script: Script) -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let name = arguments.first().map(Path::new).and_then(Path::file_name);
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = match rest.first().map(String::as_str) {
        _ if std::process::id() == 1 => guest::init(),
        _ if name == Some(OsStr::new("on")) => shell::on(rest),
        Some(LAB_ROLE) => guest::lab(script),
        Some(NODE_ROLE) => node::play(rest),
        _ => boot::host(script, rest),
    };
    outcome.unwrap_or_else(|error| {
        crate::say(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
