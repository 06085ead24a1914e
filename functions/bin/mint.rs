//! The bundle `mint`: endpoints that mint.

use std::process::ExitCode;

use shared::embedded;

fn main() -> ExitCode {
    shared::lambda::main(functions::mint(), Vec::new(), embedded::for_function)
}
