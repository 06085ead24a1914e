//! `refresh_token`: RFC 6749 section 6.

use super::{Granted, Sighted, Turn};
use crate::domain::{Denial, Error};
use crate::oauth::delegated::Form;
use crate::policy::{Lifetime, RefreshAsk};
use crate::tokens::issue::Issued;
use crate::tokens::refresh::redeem_of_client;

pub(super) async fn grant(turn: Turn<'_>, (sought, found): Sighted<'_>, form: &Form) -> Result<Granted, Error> {
    let sought = sought.ok_or(Denial::RefreshTokenMissing)?;
    let resources = form.resources()?;
    let ask = RefreshAsk {
        scopes: form.scopes()?,
        lifetime: Lifetime::Default,
        refresh_lifetime: None,
        value: None,
        properties: Vec::new(),
        confirmation: turn.confirmation.clone(),
        audiences: (!resources.is_empty()).then_some(resources),
        profile: turn.profile()?,
    };
    let redeemed = redeem_of_client(turn.ports, &turn.service, &turn.client, (&sought, found), ask, turn.single_uses).await?;
    Ok(Granted { issued: Issued { minted: redeemed.minted, client: turn.client }, token_type: None })
}
