//! The bundle `records`: endpoints that read and write records, and sign nothing.

use std::process::ExitCode;

use shared::embedded;

fn main() -> ExitCode {
    shared::http::lambda::main(functions::records(), embedded::for_function)
}
