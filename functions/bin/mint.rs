//! The bundle `mint`: endpoints that mint.

use std::process::ExitCode;

use shared::aws::platform::for_minting;
use shared::lambda::Bundle;

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::mint(), for_minting).main()
}
