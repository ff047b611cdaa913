//! ferroute: one program, a subcommand for each role.

mod args;
mod role;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    match role::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            role::say_failure(&error);
            ExitCode::FAILURE
        }
    }
}
