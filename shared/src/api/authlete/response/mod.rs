//! The answers that Authlete's SDKs read: a file for each call.
//!
//! Every answer has a result and an action, which tells the authorization server what to do next. Where the action isn't the good
//! one, an answer has nothing else but the text to send on. Each file maps every refusal to its action, so a new
//! [`Refusal`](crate::domain::Refusal) must be dealt with in each of them.

mod asked;
mod authorization;
mod backchannel;
mod batch;
mod client_authorizations;
mod create;
mod device;
mod exchange;
mod id_token;
mod introspect;
mod issued;
mod list;
mod push;
mod revoke;
mod scope;
mod service;
mod standard;
mod ticket;
mod token;
mod update;
mod userinfo;

use crate::api::oauth::token::token_type;
use crate::domain::{Audience, Scope, Timestamp, TokenRecord};

pub use authorization::{
    AuthorizationAction, AuthorizationFailResponse, AuthorizationIssueResponse, AuthorizationResponse, TicketAction,
    TicketInfoResponse, TicketUpdateResponse,
};
pub use backchannel::{
    BackchannelAction, BackchannelCompleteAction, BackchannelCompleteResponse, BackchannelFailAction, BackchannelFailResponse,
    BackchannelIssueAction, BackchannelIssueResponse, BackchannelResponse,
};
pub use batch::{BatchAccepted, BatchStatusResponse};
pub use client_authorizations::{ClientAuthorizationListResponse, ClientAuthorizationResponse, GrantedScopesResponse};
pub use create::{CreateAction, TokenCreateResponse};
pub use device::{
    CompletionAction, DeviceAction, DeviceAuthorizationResponse, DeviceCompleteResponse, DeviceVerificationResponse,
    VerificationAction,
};
pub use id_token::{IdTokenReissueResponse, ReissueAction};
pub use introspect::{IntrospectionAction, IntrospectionResponse};
pub use issued::IssuedToken;
pub use list::TokenListResponse;
pub use push::{PushAction, PushedAuthorizationResponse};
pub use revoke::{RevocationAction, RevocationResponse, TokenRevokeResponse};
pub use service::Metadata;
pub use standard::{StandardIntrospectionAction, StandardIntrospectionResponse, active};
pub use ticket::{FailAction, IssueAction, TokenFailResponse, TokenIssueResponse};
pub use token::{Requested, TokenAction, TokenResponse};
pub use update::{TokenUpdateResponse, UpdateAction};
pub use userinfo::{UserinfoAction, UserinfoIssueAction, UserinfoIssueResponse, UserinfoResponse};

/// Scopes by name. `None` if there are none.
fn scopes(scopes: &[Scope]) -> Option<Vec<&str>> {
    (!scopes.is_empty()).then(|| scopes.iter().map(Scope::as_str).collect())
}

/// Resources. `None` if there are none.
fn resources(audiences: &[Audience]) -> Option<Vec<&str>> {
    (!audiences.is_empty()).then(|| audiences.iter().map(Audience::as_str).collect())
}

/// Milliseconds, and zero for what never ends.
fn end(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::as_ms)
}

/// The resource owner, if there is one.
fn subject(record: &TokenRecord) -> Option<&str> {
    let has_owner = record.issuance.as_ref().is_some_and(|issuance| !issuance.for_client);
    has_owner.then(|| record.subject.as_str())
}

/// `tokenId`: stays the same through refreshes and new values.
fn token_id(record: &TokenRecord) -> String {
    record.family.unwrap_or(record.id).to_string()
}

#[cfg(test)]
mod tests;
