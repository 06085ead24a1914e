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
    shared::http::lambda::main(functions::public(), |_| Ok(Nothing))
}
