//! `jeton`: the whole API in one process, and its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::run()
}
