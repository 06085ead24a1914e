//! The bundle `mint`: endpoints that mint.

use std::process::ExitCode;

use shared::embedded;
use shared::lambda::Bundle;

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::mint(), |config| async move { embedded::for_function(&config) }).main()
}
