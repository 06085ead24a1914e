//! What the SDK takes: types to the letter, nothing ever `null`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::time::Rfc3339;
use crate::domain::{Family, HostPermissions, Member, Timestamp, TokenRecord};
use crate::encoding::ExposedSecret;
use crate::tokens::introspect::Active;
use crate::tokens::list::{Listing, Row};
use crate::tokens::mint::Minted;

/// A new token in its signed form: `RawToken` of the SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RawToken<'a> {
    token: ExposedSecret<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<ExposedSecret<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_validity: Option<TimeValidity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(inline))]
struct TimeValidity {
    duration: u32,
}

impl<'a> RawToken<'a> {
    /// Hands over what was minted, and the member if that was asked for.
    pub fn from_minted(minted: &'a Minted, member: Option<&'a Member>) -> Self {
        Self {
            token: ExposedSecret(&minted.token),
            refresh_token: minted.refresh_token.as_ref().map(ExposedSecret),
            session: minted.session().map(crate::domain::SessionId::as_str),
            time_validity: minted.lifetime().map(|lifetime| TimeValidity { duration: lifetime.0 }),
            user: member.map(User::from_member),
        }
    }
}

/// `User`: `type` tells the SDK which class to make, so it is always there.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct User<'a> {
    id: &'a str,
    org_id: &'a str,
    r#type: &'static str,
    enabled: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    roles: BTreeMap<&'a str, Vec<&'a str>>,
    created: Rfc3339,
    updated: Rfc3339,
}

impl<'a> User<'a> {
    fn from_member(member: &'a Member) -> Self {
        let profile = &member.profile;
        let full_name =
            profile.first_name.as_ref().zip(profile.last_name.as_ref()).map(|(first, last)| format!("{first} {last}"));
        Self {
            id: member.subject.as_str(),
            org_id: member.org.as_str(),
            r#type: member.kind.as_str(),
            enabled: member.enabled,
            status: if member.enabled { "active" } else { "disabled" },
            email: profile.email.as_deref(),
            first_name: profile.first_name.as_deref(),
            last_name: profile.last_name.as_deref(),
            full_name,
            display_name: profile.display_name.as_deref(),
            external_id: profile.external_id.as_deref(),
            roles: member
                .roles
                .iter()
                .map(|(app, roles)| (app.as_str(), roles.iter().map(crate::domain::Role::as_str).collect()))
                .collect(),
            created: Rfc3339(member.created_at),
            updated: Rfc3339(member.updated_at),
        }
    }
}

/// `Token`: an introspection, or a row of the list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the names are those of the API")]
pub struct Token<'a> {
    jti: String,
    sub: &'a str,
    org: &'a str,
    root_org: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<BTreeMap<&'a str, [&'a str; 1]>>,
    iat: Rfc3339,
    /// A date and time as `iat`; empty if the token doesn't expire.
    exp: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schemars(with = "Vec<crate::encoding::EchoedRequest<super::hosts::Host>>"))]
    hosts: Vec<&'a RawValue>,
    aud: Vec<&'a str>,
    session: &'a str,
    scopes: Vec<&'a str>,
    /// Only in lists: what people call the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creating_sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creating_org: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masquerading: bool,
    /// Only of a refresh token: the newest access token that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_jti: Option<String>,
    /// Only of a refresh token: `refresh_token`. It opens nothing, so it has no scopes, roles, audiences or hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_use: Option<&'static str>,
    /// Only in lists: the token whose bearer had it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Rfc3339>,
    /// Only of an API key: `api_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Only of an API key: the hour in which an API last asked about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Rfc3339>,
}

/// The `kind` of an API key.
const API_KEY: &str = "api_key";

impl<'a> Token<'a> {
    /// The view of an access token. The SDK reads `iat` and `exp` as strings; of a token that does not expire `exp` is `""`.
    pub fn from_record(record: &'a TokenRecord, member: Option<&'a Member>) -> Self {
        Self {
            jti: record.id.to_string(),
            sub: record.subject.as_str(),
            org: record.org.as_str(),
            root_org: record.root_org.as_str(),
            sub_email: email(member),
            roles: Some(record.roles.iter().map(|(app, role)| (app.as_str(), [role.as_str()])).collect()),
            iat: Rfc3339(record.issued_at),
            exp: record.expires_at.map(|end| Rfc3339(end).to_string()).unwrap_or_default(),
            hosts: hosts(&record.hosts),
            aud: record.audiences.iter().map(crate::domain::Audience::as_str).collect(),
            session: record.session.as_ref().map_or("", |session| session.id.as_str()),
            scopes: record.scopes.iter().map(crate::domain::Scope::as_str).collect(),
            label: None,
            creating_sub: record.creator.as_ref().map(|creator| creator.subject.as_str()),
            creating_org: record.creator.as_ref().map(|creator| creator.org.as_str()),
            masquerading: record.masquerading,
            refresh_token_jti: None,
            token_use: None,
            created_by: None,
            revoked: None,
            updated: None,
            kind: None,
            last_used: None,
        }
    }

    /// The view of whatever was introspected.
    pub fn of_active(active: &'a Active) -> Self {
        match active {
            Active::Access { record, member } => Self::from_record(record, Some(member)),
            Active::ApiKey { record, member, name, used_at } => Self {
                kind: Some(API_KEY),
                label: Some(name),
                last_used: used_at.map(Rfc3339),
                ..Self::from_record(record, Some(member))
            },
            Active::Refresh { family, member } => Self::of_family(family, member),
        }
    }

    /// A row of the list: with the two members that only the command line reads.
    pub fn of_row(row: &'a Row) -> Self {
        let key = row.api_key.as_deref();
        let updated: Timestamp = row.record.revoked_at.unwrap_or(row.record.issued_at);
        Self {
            label: key.map(|key| &*key.name).or(row.record.label.as_ref().map(crate::domain::Label::as_str)),
            kind: key.map(|_| API_KEY),
            last_used: key.and_then(|key| key.used_at).map(Rfc3339),
            created_by: row.record.created_by.map(|id| id.to_string()),
            revoked: Some(row.revoked),
            updated: Some(Rfc3339(updated)),
            ..Self::from_record(&row.record, None)
        }
    }

    /// Leaves out `roles`, if that is asked for.
    #[must_use]
    pub fn without_roles(mut self, exclude: bool) -> Self {
        self.roles = self.roles.filter(|_| !exclude);
        self
    }

    /// The view of a refresh token. Nobody who takes it for an access token finds anything that it opens.
    fn of_family(family: &'a Family, member: &'a Member) -> Self {
        Self {
            jti: family.id.to_string(),
            sub: family.subject.as_str(),
            org: family.org.as_str(),
            root_org: family.root_org.as_str(),
            sub_email: email(Some(member)),
            roles: Some(BTreeMap::new()),
            iat: Rfc3339(family.issued_at),
            exp: Rfc3339(family.expires_at).to_string(),
            hosts: Vec::new(),
            aud: Vec::new(),
            session: family.session.as_ref().map_or("", |session| session.id.as_str()),
            scopes: Vec::new(),
            label: None,
            creating_sub: family.creator.as_ref().map(|creator| creator.subject.as_str()),
            creating_org: family.creator.as_ref().map(|creator| creator.org.as_str()),
            masquerading: family.masquerading,
            refresh_token_jti: Some(family.token.to_string()),
            token_use: Some("refresh_token"),
            created_by: None,
            revoked: None,
            updated: None,
            kind: None,
            last_used: None,
        }
    }
}

fn email(member: Option<&Member>) -> Option<&str> {
    member.and_then(|member| member.profile.email.as_deref())
}

/// Hosts as they were given: text that was JSON when it was taken, so nothing is lost.
fn hosts(hosts: &[HostPermissions]) -> Vec<&RawValue> {
    hosts.iter().filter_map(|host| serde_json::from_str(host.as_json()).ok()).collect()
}

/// A page of a listing: `ListTokensResponse` of the SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ListTokensResponse"))]
pub struct ListTokens<'a> {
    limit: usize,
    tokens: Vec<Token<'a>>,
    /// Where the listing goes on: the `after` of the next request. Absent: this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<'a> ListTokens<'a> {
    /// Shows a page, and the limit that was in force.
    pub fn from_listing(listing: &'a Listing, limit: usize) -> Self {
        Self { limit, tokens: listing.rows.iter().map(Token::of_row).collect(), next: listing.next.map(|id| id.to_string()) }
    }
}

/// A token as each sub-org sees it: `ManyOrgTokenIntrospectResponse` of the SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ManyOrgTokenIntrospectResponse"))]
pub struct ManyOrgs<'a> {
    /// The token as its own org sees it.
    pub primary_token: Token<'a>,
    /// What it would be in the orgs below.
    pub sub_org_results: Vec<Token<'a>>,
}

/// How many tokens a mass revocation ended: `BulkTokenRevokeResponse` of the SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BulkTokenRevokeResponse"))]
pub struct BulkRevoked {
    /// How many live tokens were hit.
    pub number_of_tokens_revoked: u64,
}

/// An error with its code: `ErrorMessage` of the SDK.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ErrorMessage<'a> {
    /// A short code for programs, such as `TOKEN_EXPIRED`.
    pub error_code: &'a str,
    /// What the caller can do.
    pub error_message: &'a str,
}
