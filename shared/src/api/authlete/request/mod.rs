//! The requests of Authlete's SDKs: a file for each call, and `fields` for what they have in common.
//!
//! A type here reads a body and turns it into words of the domain. It checks the form of each field, and no more: whether a
//! request is granted is for the use case to decide.

mod authorization;
mod backchannel;
mod batch;
mod client_authorizations;
mod create;
mod decision;
mod device;
mod fields;
mod id_token;
mod introspect;
mod push;
mod revoke;
mod service;
mod token;
mod update;
mod userinfo;

pub use authorization::{
    AuthorizationFailReason, FailAuthorization, IssueAuthorization, ProcessAuthorization, TicketInfo, UpdateTicket,
};
pub use backchannel::{BackchannelFailReason, CompleteBackchannel, FailBackchannel, IssueBackchannel, ProcessBackchannel};
pub use batch::{BatchQuery, at, batch};
pub use client_authorizations::{
    AuthorizedClientsPage, ListClientAuthorizations, PostedClientAuthorizations, PostedSubject, SubjectQuery,
    UpdateClientAuthorization,
};
pub use create::{CreateToken, CreateTokenRequest};
pub use device::{AuthorizeDevice, CompleteDevice, VerifyDevice};
pub use id_token::ReissueIdToken;
pub use introspect::{Introspect, IntrospectStandard, Introspected};
pub use push::PushAuthorization;
pub use revoke::{ListTokens, Revocation, RevokeParameters, RevokeToken, Revoked, range};
pub use service::{Configuration, KeySetQuery};
pub use token::{FailReason, FailToken, IssueToken, ProcessToken};
pub use update::UpdateToken;
pub use userinfo::{IssueUserinfo, PersonTold, ProcessUserinfo};
