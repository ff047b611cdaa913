//! The lab alone, for a person: `cargo run -p ferroute-e2e --bin lab -- --keep` gives a shell in it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ferroute_e2e::main(ferroute_e2e::Script::Story(|_| Ok(())))
}
