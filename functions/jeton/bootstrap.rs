//! `jeton.bootstrap`: no route. Invoked once, by someone with rights of IAM: `sam remote invoke`.

use shared::admin::bootstrap;
use shared::api::jeton::operate;
use shared::api::lambda::Operation;
use shared::domain::Error;
use shared::platform::capabilities::Bootstrapper;

/// Makes the first keys, org, administrator and token, or gives the administrator its office back.
#[derive(Debug)]
pub struct Bootstrap;

impl Operation for Bootstrap {
    const NAME: &'static str = "jeton.bootstrap";
    type Ports = Bootstrapper;
    type Input = operate::Bootstrap;
    type Output = operate::Bootstrapped;

    async fn handle(ports: &Bootstrapper, event: Self::Input) -> Result<Self::Output, Error> {
        Ok(operate::Bootstrapped::from_founded(&bootstrap::found(ports, event.ask()?).await?))
    }
}
