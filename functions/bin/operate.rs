//! The bundle `operate`: what is invoked by schedules, streams and operators, and has no route.

use std::process::ExitCode;

use shared::aws::platform::{for_auditing, for_operations};
use shared::lambda::Bundle;

fn main() -> ExitCode {
    Bundle::new()
        .operations(functions::operate(), async |config| for_operations(config))
        .operations(functions::audit(), async |_| for_auditing())
        .main()
}
