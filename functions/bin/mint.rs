//! The bundle `mint`: endpoints that mint.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::platform::aws::platform::for_minting;

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::mint(), for_minting).main()
}
