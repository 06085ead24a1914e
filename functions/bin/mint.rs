//! The bundle `mint`: endpoints that mint.

use std::process::ExitCode;

use shared::embedded;

fn main() -> ExitCode {
    shared::http::lambda::main(functions::mint(), embedded::for_function)
}
