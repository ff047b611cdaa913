//! From the example's manifests to a page served across the fabric, told step by step.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferroute_e2e::main(ferroute_e2e::Script::Story(|_| Ok(())))
}
