//! The bundle `records`: endpoints that read and write records, and sign nothing.

use std::process::ExitCode;

use shared::embedded;

fn main() -> ExitCode {
    shared::lambda::main(functions::records(), functions::records_operations(), embedded::for_function)
}
