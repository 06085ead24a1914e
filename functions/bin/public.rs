//! The bundle `public`: endpoints that need nothing, but for knowing who they speak for.

use std::process::ExitCode;

use shared::api::lambda::Bundle;
use shared::platform::capabilities::{IssuerInfo, Provides, Public};
use shared::platform::config;

struct OnlyIssuer(IssuerInfo);

impl Provides<Public> for OnlyIssuer {
    fn provide(&self) -> Public {
        Public {}
    }
}

impl Provides<IssuerInfo> for OnlyIssuer {
    fn provide(&self) -> IssuerInfo {
        self.0.clone()
    }
}

fn main() -> ExitCode {
    let platform = async |config: config::Config| {
        let (client_certificates, mtls_url) = (config::client_certificates()?, config::mtls_url()?);
        Ok(OnlyIssuer(IssuerInfo { issuer: config.issuer, client_certificates, mtls_url }))
    };
    Bundle::new().endpoints_among(functions::elsewhere, functions::public(), platform).main()
}
