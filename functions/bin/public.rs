//! The bundle `public`: endpoints that need nothing, but for knowing who they speak for.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::domain::Issuer;
use shared::platform::capabilities::{IssuerInfo, Provides, Public};

struct OnlyIssuer(Issuer);

impl Provides<Public> for OnlyIssuer {
    fn provide(&self) -> Public {
        Public {}
    }
}

impl Provides<IssuerInfo> for OnlyIssuer {
    fn provide(&self) -> IssuerInfo {
        IssuerInfo { issuer: self.0.clone() }
    }
}

fn main() -> ExitCode {
    Bundle::new().endpoints(functions::public(), async |config| Ok(OnlyIssuer(config.issuer))).main()
}
