//! `urn:openid:params:grant-type:ciba`: OpenID Connect CIBA section 10.1. A client polls until the person has decided.
//!
//! Only clients of authorization servers outside use it, so Jeton's own endpoint doesn't serve it.

use super::authorization_code::{CodeLookup, ServerWord};
use super::polling::{self, PolledGrant};
use super::{GrantContext, Granted};
use crate::domain::{DeliveryMode, Denial, Error, GrantType};
use crate::oauth::TokenForm;
use crate::store::Records;
use crate::telemetry::Alarm;

const CIBA: PolledGrant = PolledGrant {
    grant: GrantType::Ciba,
    is_of: |authorization| authorization.backchannel.is_some(),
    missing: Denial::AuthReqIdMissing,
    invalid: Denial::AuthReqIdInvalid,
    expired: Denial::AuthReqIdExpired,
    denied: Denial::AuthReqIdDenied,
    failed: Denial::AuthReqIdFailed,
    pending: Denial::AuthReqIdPending,
    slow_down: Denial::AuthReqIdPolledTooOften,
    of_another: Alarm::CodeOfAnother,
};

/// Grants the token of an `auth_req_id`, once the person has accepted.
pub(in crate::oauth) async fn grant(
    context: GrantContext<'_>,
    code: (Option<&CodeLookup>, &Records),
    form: &TokenForm,
    word: ServerWord,
) -> Result<Granted, Error> {
    // Its tokens would have been pushed to it: OpenID Connect CIBA section 11.
    if DeliveryMode::registered(&context.client) == Some(DeliveryMode::Push) {
        return Err(Denial::DeliveryModeForbidsPolling.into());
    }
    polling::grant(&CIBA, context, code, form, word).await
}
