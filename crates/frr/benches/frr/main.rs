//! What a change costs, by our engine and by frr-reload.py, side by side on the same configurations:
//! `make bench-frr`. docs/benchmarks.md has the figures.
//!
//! Everything runs in a process namespace of its own, so that its last process number tells how many were started.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measures, and stops when it cannot"
)]

mod client;
mod instance;
#[path = "../../tests/frr/lab.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod lab;
mod meter;
mod peer;
mod report;
mod restart;
mod rounds;
mod shape;

use std::os::unix::process::CommandExt;
use std::process::Command;

use rounds::Size;

/// Set for the process inside of the namespace.
const INSIDE: &str = "FERROUTE_BENCH_INSIDE";

fn main() {
    if std::env::var_os(INSIDE).is_none() {
        enter();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let quick = std::env::var_os("QUICK").is_some_and(|quick| !quick.is_empty());
    runtime.block_on(async {
        report::version();
        report::changes_header();
        for size in Size::all(quick) {
            rounds::run(size).await;
        }
        restart::run(if quick { 3 } else { 20 }).await;
    });
}

/// Starts this program again in a process namespace.
fn enter() -> ! {
    let program = std::env::current_exe().unwrap();
    let failed = Command::new("unshare")
        .args(["--pid", "--fork", "--mount", "--mount-proc", "--kill-child"])
        .arg(program)
        .env(INSIDE, "1")
        .exec();
    eprintln!("unshare: {failed}");
    std::process::exit(1)
}
