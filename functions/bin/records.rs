//! The bundle `records`: endpoints that read and write records, and sign nothing.

use std::process::ExitCode;

use shared::embedded;
use shared::lambda::Bundle;

fn main() -> ExitCode {
    let platform = |config| async move { embedded::for_function(&config) };
    Bundle::new().endpoints(functions::records(), platform).operations(functions::records_operations(), platform).main()
}
