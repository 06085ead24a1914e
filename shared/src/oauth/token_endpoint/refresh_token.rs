//! `refresh_token`: RFC 6749 section 6.

use super::{GrantContext, Granted, id_token};
use crate::domain::{Denial, Error};
use crate::oauth::TokenForm;
use crate::policy::{Lifetime, RefreshRequest};
use crate::store::Records;
use crate::tokens::issue::Issued;
use crate::tokens::lookup::TokenLookup;
use crate::tokens::refresh::redeem_of_client;

/// Grants the next token of a refresh family.
pub(super) async fn grant(
    context: GrantContext<'_>,
    (lookup, found): (Option<TokenLookup>, &Records),
    form: &TokenForm,
) -> Result<Granted, Error> {
    let lookup = lookup.ok_or(Denial::RefreshTokenMissing)?;
    let resources = form.resources()?;
    let ask = RefreshRequest {
        scopes: form.scopes()?,
        lifetime: Lifetime::Default,
        refresh_lifetime: None,
        value: None,
        properties: Vec::new(),
        confirmation: context.confirmation.clone(),
        audiences: (!resources.is_empty()).then_some(resources),
        profile: context.profile()?,
    };
    let redeemed =
        redeem_of_client(context.ports, &context.service, &context.client, (&lookup, found), ask, context.replay_guards).await?;
    let issued = Issued { minted: redeemed.minted, client: context.client };
    let id_token = id_token(context.ports, context.service.org(), (&issued.minted, &issued.client), None).await?;
    Ok(Granted { issued, token_type: None, id_token })
}
