//! The endpoints and operations: one room each, and one type in it.
//!
//! Folder and file are its name everywhere: `agilicus.create_token` is `agilicus/create_token.rs`, the `Handler` of its
//! function and, of an endpoint, its `operationId`.

pub mod agilicus;
pub mod authlete;
pub mod jeton;
pub mod oauth;

use shared::api::http::Entry;
use shared::api::lambda::OperationEntry;
use shared::platform::capabilities::{Announcer, Auditor, BatchWorker, Guard, Provides, Public};
use shared::platform::{HasKeyMaking, HasMinting, HasQueue, HasRecords};

/// What the bundle `public` serves: nothing of it reaches AWS.
pub fn public<P: Provides<Public> + Provides<Announcer>>() -> Vec<Entry<P>> {
    vec![
        Entry::of::<authlete::healthcheck::Healthcheck>(),
        Entry::of::<jeton::health::Health>(),
        Entry::of::<jeton::explain_error::ExplainError>(),
        Entry::of::<jeton::openapi::Openapi>(),
        Entry::of::<oauth::metadata::GetMetadata>(),
        Entry::of::<oauth::openid_configuration::OpenIdConfiguration>(),
    ]
}

/// What the bundle `records` serves: it reaches the tables, and signs nothing.
pub fn records<P: HasRecords>() -> Vec<Entry<P>> {
    vec![
        Entry::of::<agilicus::list_tokens::ListTokens>(),
        Entry::of::<agilicus::introspect_token::IntrospectToken>(),
        Entry::of::<agilicus::introspect_self::IntrospectSelf>(),
        Entry::of::<agilicus::introspect_all_sub_orgs::IntrospectAllSubOrgs>(),
        Entry::of::<agilicus::validate_token_request::ValidateTokenRequest>(),
        Entry::of::<agilicus::revoke_token::RevokeToken>(),
        Entry::of::<agilicus::bulk_revoke_tokens::BulkRevokeTokens>(),
        Entry::of::<agilicus::agilicus_jwks::AgilicusJwks>(),
        Entry::of::<authlete::get_token_batch::GetTokenBatch>(),
        Entry::of::<authlete::fail_token::FailToken>(),
        Entry::of::<authlete::update_token::UpdateToken>(),
        Entry::of::<authlete::delete_token::DeleteToken>(),
        Entry::of::<authlete::revoke_token::RevokeToken>(),
        Entry::of::<authlete::list_tokens::ListTokens>(),
        Entry::of::<authlete::introspect_token::IntrospectToken>(),
        Entry::of::<authlete::introspect_token_standard::IntrospectTokenStandard>(),
        Entry::of::<authlete::process_revocation::ProcessRevocation>(),
        Entry::of::<authlete::create_client::CreateClient>(),
        Entry::of::<authlete::get_client::GetClient>(),
        Entry::of::<authlete::list_clients::ListClients>(),
        Entry::of::<authlete::update_client::UpdateClient>(),
        Entry::of::<authlete::delete_client::DeleteClient>(),
        Entry::of::<authlete::refresh_client_secret::RefreshClientSecret>(),
        Entry::of::<authlete::update_client_secret::UpdateClientSecret>(),
        Entry::of::<authlete::update_client_lock::UpdateClientLock>(),
        Entry::of::<authlete::get_jwks::GetJwks>(),
        Entry::of::<authlete::get_configuration::GetConfiguration>(),
        Entry::of::<authlete::post_configuration::PostConfiguration>(),
        Entry::of::<oauth::revoke::Revoke>(),
        Entry::of::<oauth::register_client::RegisterClient>(),
        Entry::of::<oauth::get_registration::GetRegistration>(),
        Entry::of::<oauth::update_registration::UpdateRegistration>(),
        Entry::of::<oauth::delete_registration::DeleteRegistration>(),
        Entry::of::<jeton::jwks::Jwks>(),
        Entry::of::<jeton::put_org::PutOrg>(),
        Entry::of::<jeton::get_org::GetOrg>(),
        Entry::of::<jeton::delete_org::DeleteOrg>(),
        Entry::of::<jeton::refresh_org_secret::RefreshOrgSecret>(),
        Entry::of::<jeton::list_members::ListMembers>(),
        Entry::of::<jeton::put_member::PutMember>(),
        Entry::of::<jeton::get_member::GetMember>(),
        Entry::of::<jeton::delete_member::DeleteMember>(),
    ]
}

/// What the bundle `records` has besides: it reads, and has no route.
pub fn records_operations<P: Provides<Guard>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::of::<jeton::authorizer::Authorizer>()]
}

/// What the bundle `mint` serves: it reaches the tables, and the signing keys.
pub fn mint<P: HasMinting>() -> Vec<Entry<P>> {
    vec![
        Entry::of::<agilicus::create_token::CreateToken>(),
        Entry::of::<agilicus::reissue_token::ReissueToken>(),
        Entry::of::<agilicus::refresh_token::RefreshToken>(),
        Entry::of::<authlete::process_token::ProcessToken>(),
        Entry::of::<authlete::issue_token::IssueToken>(),
        Entry::of::<authlete::create_token::CreateToken>(),
        Entry::of::<oauth::token::Token>(),
        Entry::of::<oauth::introspect::Introspect>(),
    ]
}

/// What the bundle `operate` serves: it reaches the tables, and hands work over.
pub fn queueing<P: HasQueue>() -> Vec<Entry<P>> {
    vec![Entry::of::<authlete::create_token_batch::CreateTokenBatch>()]
}

/// What the bundle `operate` has: a queue hands it work.
pub fn queue_work<P: Provides<BatchWorker>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::of::<authlete::work_on_batch::WorkOnBatch>()]
}

/// What the bundle `operate` has: schedules, streams and operators invoke it.
pub fn operate<P: HasKeyMaking>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::of::<jeton::bootstrap::Bootstrap>(), OperationEntry::of::<jeton::rotate_keys::RotateKeys>()]
}

/// What the bundle `operate` has besides: the streams of the tables invoke it.
pub fn audit<P: Provides<Auditor>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::of::<jeton::audit::Audit>()]
}

/// All functions without a route that stand on the store. [`audit`] doesn't.
pub fn operations<P: HasKeyMaking + Provides<Guard>>() -> Vec<OperationEntry<P>> {
    records_operations().into_iter().chain(queue_work()).chain(operate()).collect()
}

/// The whole API: for the local server, for tests, for documents that are made from it.
pub fn catalogue<P: HasMinting + HasQueue>() -> Vec<Entry<P>> {
    public().into_iter().chain(records()).chain(mint()).chain(queueing()).collect()
}
