//! The bundle `public`: endpoints that need nothing.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::platform::capabilities::{Provides, Public};

struct Nothing;

impl Provides<Public> for Nothing {
    fn provide(&self) -> Public {
        Public {}
    }
}

fn main() -> ExitCode {
    Bundle::new().endpoints_among(functions::elsewhere, functions::public(), async |_| Ok(Nothing)).main()
}
