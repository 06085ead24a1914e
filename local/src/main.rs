//! `jeton`: the whole API in one process.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    local::run(local::Options::parse())
}
