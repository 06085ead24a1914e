//! `jeton.rotate_keys`: no route. Invoked by a schedule, and by hand.

use shared::admin::rotation;
use shared::api::jeton::operate;
use shared::api::lambda::Operation;
use shared::domain::Error;
use shared::platform::capabilities::Rotator;

/// Makes the key that signs next when it is time for it, and parts with those that have retired.
#[derive(Debug)]
pub struct RotateKeys;

impl Operation for RotateKeys {
    const NAME: &'static str = "jeton.rotate_keys";
    type Ports = Rotator;
    type Input = operate::RotateKeys;
    type Output = operate::RotatedKeys;

    async fn handle(ports: &Rotator, event: Self::Input) -> Result<Self::Output, Error> {
        let ring = rotation::rotate(ports, &event.ask()).await?;
        Ok(operate::RotatedKeys::from_ring(&ring, ports.clock.now()))
    }
}
