//! `client_credentials`: RFC 6749 section 4.4. The client asks for itself, and gets no refresh token.

use super::{Granted, Turn};
use crate::domain::{Error, GrantType, Issuance};
use crate::oauth::delegated::Form;
use crate::policy::{self, ClientAsk, RefreshOf};

pub(super) async fn grant(turn: Turn<'_>, form: &Form) -> Result<Granted, Error> {
    let org = turn.service.org();
    let issuance =
        Issuance { confirmation: turn.binding(), details: turn.details(form)?, ..Issuance::by(GrantType::ClientCredentials) };
    let ask = ClientAsk {
        scopes: policy::requested(org, &turn.client, form.scopes()?)?,
        audiences: policy::requested_resource(org, form.resources()?)?,
        profile: turn.profile()?,
        ..ClientAsk::of(issuance)
    };
    let now = turn.ports.reader().now();
    let grant = policy::issue(&turn.service, &turn.client, ask, RefreshOf::OrgAndClient, now)?;
    Ok(Granted { issued: turn.grant(grant).await?, token_type: None })
}
