//! The bundle `operate`: what is invoked by schedules, streams and operators, and has no route.

use std::process::ExitCode;

use shared::aws::platform::{for_auditing, for_operations};
use shared::lambda::Bundle;

fn main() -> ExitCode {
    Bundle::new().operations(functions::operate(), for_operations).operations(functions::audit(), for_auditing).main()
}
