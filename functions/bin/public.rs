//! The bundle `public`: endpoints that need nothing.

use std::process::ExitCode;

use shared::lambda::Bundle;
use shared::ports::{Provides, Public};

struct Nothing;

impl Provides<Public> for Nothing {
    fn provide(&self) -> Public {
        Public
    }
}

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::public(), async |_| Ok(Nothing)).main()
}
