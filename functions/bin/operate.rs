//! The bundle `operate`: what is invoked by schedules, streams and operators, and has no route.

use std::process::ExitCode;

use shared::embedded;
use shared::lambda::Bundle;

fn main() -> ExitCode {
    Bundle::new().operations(functions::operate(), |config| async move { embedded::for_function(&config) }).main()
}
