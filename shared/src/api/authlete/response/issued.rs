//! What the answers of `/auth/token` and `/auth/token/issue` tell of a new token.

use serde::Serialize;

use super::{end, resources, scopes, subject, token_type};
use crate::api::authlete::content::TokenContent;
use crate::api::authlete::details::AuthzDetailsView;
use crate::api::authlete::property::{Pair, Property};
use crate::domain::{Fault, Issuance, Org, Seconds, Secret};
use crate::encoding::ExposedSecret;
use crate::tokens::issue::Issued;

/// A new token, for the authorization server.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken<'a> {
    response_content: String,
    access_token: ExposedSecret<'a>,
    access_token_expires_at: i64,
    access_token_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt_access_token: Option<ExposedSecret<'a>>,
    #[serde(flatten)]
    refresh: Option<IssuedRefreshToken<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<ExposedSecret<'a>>,
    client_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_alias: Option<&'a str>,
    client_id_alias_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Vec<Property<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token_resources: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<AuthzDetailsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_attributes: Option<Vec<Pair<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Authlete's members")]
struct IssuedRefreshToken<'a> {
    refresh_token: ExposedSecret<'a>,
    refresh_token_expires_at: i64,
    refresh_token_duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_scopes: Option<Vec<&'a str>>,
}

impl<'a> IssuedToken<'a> {
    /// Shows a token of a client of `org`. `alias_used` says how the client named itself; `presented` is the refresh token,
    /// which may stay the same; `id_token` comes with it where a person has signed in.
    ///
    /// # Errors
    /// A [`Fault`] if the record is no client's, or if what is kept in it as JSON isn't.
    pub fn from_issued(
        issued: &'a Issued,
        org: &'a Org,
        alias_used: bool,
        (presented, id_token): (Option<&'a Secret<String>>, Option<&'a Secret<String>>),
    ) -> Result<Self, Fault> {
        let (minted, client, issuance) = (&issued.minted, &issued.client, issued.grant()?);
        let record = &minted.record;
        let refresh_token = minted.refresh_token.as_ref().or(presented).filter(|_| minted.family.is_some());
        let (token, lifetime) = ((&minted.token, token_type(record)), minted.lifetime());
        let content = TokenContent::new(token, lifetime, &record.scopes, refresh_token, &issuance.properties);
        let content = TokenContent { id_token: id_token.map(ExposedSecret), ..content };
        let refresh = refresh_token.zip(minted.family.as_ref()).map(|(token, family)| IssuedRefreshToken {
            refresh_token: ExposedSecret(token),
            refresh_token_expires_at: end(Some(family.expires_at)),
            refresh_token_duration: family.expires_at.since(record.issued_at.whole_second()).0,
            refresh_token_scopes: scopes(&family.scopes),
        });
        Ok(Self {
            response_content: content.text()?,
            access_token: ExposedSecret(minted.value.as_ref().unwrap_or(&minted.token)),
            access_token_expires_at: end(record.expires_at),
            access_token_duration: lifetime.map_or(0, |Seconds(seconds)| seconds),
            jwt_access_token: minted.is_jwt.then_some(ExposedSecret(&minted.token)),
            refresh,
            id_token: id_token.map(ExposedSecret),
            client_id: client.id.as_number(),
            client_id_alias: client.settings.alias.as_deref(),
            client_id_alias_used: alias_used,
            subject: subject(record),
            scopes: scopes(&record.scopes),
            properties: Property::list(&issuance.properties),
            access_token_resources: resources(&record.audiences),
            authorization_details: AuthzDetailsView::from_details(issuance.details.as_ref())?,
            service_attributes: Pair::list(&org.settings.oauth.attributes),
            client_attributes: Pair::list(&client.settings.attributes),
            session_id: record.session.as_ref().map(|session| session.id.as_str()),
        })
    }
}

impl Issued {
    /// How the client got it, which is recorded of every client's token.
    pub(super) fn grant(&self) -> Result<&Issuance, Fault> {
        self.minted.record.issuance.as_deref().ok_or_else(|| Fault::internal("telling how a client got its token"))
    }
}
