//! The bundle `public`: endpoints that need nothing.

use std::process::ExitCode;

use shared::ports::{Provides, Public};

struct Nothing;

impl Provides<Public> for Nothing {
    fn provide(&self) -> Public {
        Public
    }
}

fn main() -> ExitCode {
    shared::lambda::main(functions::public(), Vec::new(), |_| Ok(Nothing))
}
