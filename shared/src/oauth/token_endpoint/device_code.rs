//! `urn:ietf:params:oauth:grant-type:device_code`: RFC 8628 section 3.4. A device polls until the person has decided.

use super::authorization_code::{CodeLookup, ServerWord};
use super::polling::{self, PolledGrant};
use super::{GrantContext, Granted};
use crate::domain::{Denial, Error, GrantType};
use crate::oauth::TokenForm;
use crate::store::Records;
use crate::telemetry::Alarm;

const DEVICE_CODE: PolledGrant = PolledGrant {
    grant: GrantType::DeviceCode,
    is_of: |authorization| authorization.device.is_some(),
    missing: Denial::DeviceCodeMissing,
    invalid: Denial::DeviceCodeInvalid,
    expired: Denial::DeviceCodeExpired,
    denied: Denial::DeviceAccessDenied,
    // The person hasn't come so far as to decide.
    failed: Denial::DeviceCodeExpired,
    pending: Denial::AuthorizationPending,
    slow_down: Denial::SlowDown,
    of_another: Alarm::DeviceCodeOfAnother,
};

/// Grants the token of a device code, once the person has accepted.
pub(in crate::oauth) async fn grant(
    context: GrantContext<'_>,
    code: (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    word: ServerWord,
) -> Result<Granted, Error> {
    polling::grant(&DEVICE_CODE, context, code, form, word).await
}
