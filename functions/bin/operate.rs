//! The bundle `operate`: what is invoked by schedules, streams and operators, and has no route.

use std::process::ExitCode;

use shared::embedded;

fn main() -> ExitCode {
    shared::lambda::main(Vec::new(), functions::operate(), embedded::for_function)
}
