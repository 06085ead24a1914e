//! The answer of the device authorization endpoint: RFC 8628 section 3.2.

use serde::Serialize;

use crate::domain::Seconds;
use crate::oauth::authorization::device::DeviceAuthorization;

/// What a device shows to the person, and what it polls with.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeviceAuthorizationResponse {
    /// What the device polls with at the token endpoint.
    device_code: String,
    /// What the person types, in two halves with a hyphen between them.
    user_code: String,
    /// The page on which the person types it.
    verification_uri: String,
    /// The same with the code in it, for a QR code.
    verification_uri_complete: String,
    /// For how many seconds both codes are good.
    expires_in: u32,
    /// How many seconds the device must wait between two polls.
    interval: u32,
}

impl From<DeviceAuthorization> for DeviceAuthorizationResponse {
    fn from(begun: DeviceAuthorization) -> Self {
        let (Seconds(expires_in), Seconds(interval)) = (begun.expires_in, begun.interval);
        Self {
            device_code: begun.device_code.expose().clone(),
            user_code: begun.user_code.expose(),
            verification_uri: begun.verification_uri,
            verification_uri_complete: begun.verification_uri_complete,
            expires_in,
            interval,
        }
    }
}
