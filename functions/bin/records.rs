//! The bundle `records`: endpoints that read and write records, and sign nothing.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::platform::aws::platform::{for_authorizer, for_records};

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::records(), for_records).operations(functions::records_operations(), for_authorizer).main()
}
