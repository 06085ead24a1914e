//! `client_credentials`: RFC 6749 section 4.4. The client asks for itself, and gets no refresh token.

use super::{GrantContext, Granted};
use crate::domain::{Error, GrantType, Issuance};
use crate::oauth::TokenForm;
use crate::policy::{self, ClientTokenRequest, RefreshOf};

/// Grants a token to the client itself.
pub(super) async fn grant(context: GrantContext<'_>, form: &TokenForm) -> Result<Granted, Error> {
    let org = context.service.org();
    let issuance = Issuance {
        confirmation: context.binding(),
        details: context.details(form)?,
        platform: context.platform.clone(),
        ..Issuance::by(GrantType::ClientCredentials)
    };
    let ask = ClientTokenRequest {
        scopes: policy::requested(org, &context.client, form.scopes()?)?,
        audiences: policy::requested_resource(org, form.resources()?)?,
        profile: context.profile()?,
        ..ClientTokenRequest::new(issuance)
    };
    let now = context.ports.reader().now();
    let grant = policy::issue(&context.service, &context.client, ask, RefreshOf::OrgAndClient, now)?;
    Ok(Granted::without_id_token(context.grant(grant).await?))
}
