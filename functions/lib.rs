//! The endpoints and operations: one room each, and one type in it.
//!
//! Folder and file are its name everywhere: `agilicus.create_token` is `agilicus/create_token.rs`, and the `Handler` of its
//! function. The `operationId` of an endpoint follows from it.

pub mod agilicus;
pub mod authlete;
pub mod jeton;
pub mod oauth;

use shared::api::http::Entry;
use shared::api::lambda::OperationEntry;
use shared::platform::capabilities::{
    Auditor, Authorizer, BatchWorker, Provides, Public, SignalCollector, SignalPusher, StatusPublisher,
};
use shared::platform::{HasKeyMaking, HasMinting, HasQueue, HasRecords, HasSignals, HasSignedSignals};

/// Makes two functions of a list of endpoints: what serves them, and what knows where they are without their code.
macro_rules! endpoints {
    (
        $(#[$about:meta])*
        pub fn $serving:ident<P: $($bound:path),+>() and $knowing:ident:
        $(Entry::for_endpoint::<$endpoint:ty>(),)+
    ) => {
        $(#[$about])*
        pub fn $serving<P: $($bound +)+>() -> Vec<Entry<P>> {
            vec![$(Entry::for_endpoint::<$endpoint>()),+]
        }

        fn $knowing<P>() -> Vec<Entry<P>> {
            vec![$(Entry::elsewhere::<$endpoint>()),+]
        }
    };
}

endpoints! {
    /// What the bundle `public` serves: nothing of it reaches AWS.
    pub fn public<P: Provides<Public>>() and public_elsewhere:
        Entry::for_endpoint::<authlete::healthcheck::Healthcheck>(),
        Entry::for_endpoint::<jeton::health::Health>(),
        Entry::for_endpoint::<jeton::explain_error::ExplainError>(),
        Entry::for_endpoint::<jeton::openapi::Openapi>(),
        Entry::for_endpoint::<jeton::get_api_key_pattern::GetApiKeyPattern>(),
}

endpoints! {
    /// What the bundle `records` serves: it reaches the tables, and signs nothing.
    pub fn records<P: HasRecords>() and records_elsewhere:
        Entry::for_endpoint::<agilicus::list_tokens::ListTokens>(),
        Entry::for_endpoint::<agilicus::introspect_token::IntrospectToken>(),
        Entry::for_endpoint::<agilicus::introspect_self::IntrospectSelf>(),
        Entry::for_endpoint::<agilicus::introspect_all_sub_orgs::IntrospectAllSubOrgs>(),
        Entry::for_endpoint::<agilicus::validate_token_request::ValidateTokenRequest>(),
        Entry::for_endpoint::<agilicus::revoke_token::RevokeToken>(),
        Entry::for_endpoint::<agilicus::bulk_revoke_tokens::BulkRevokeTokens>(),
        Entry::for_endpoint::<agilicus::agilicus_jwks::AgilicusJwks>(),
        Entry::for_endpoint::<authlete::get_token_batch::GetTokenBatch>(),
        Entry::for_endpoint::<authlete::fail_token::FailToken>(),
        Entry::for_endpoint::<authlete::process_authorization::ProcessAuthorization>(),
        Entry::for_endpoint::<authlete::push_authorization::PushAuthorization>(),
        Entry::for_endpoint::<authlete::authorize_device::AuthorizeDevice>(),
        Entry::for_endpoint::<authlete::verify_device::VerifyDevice>(),
        Entry::for_endpoint::<authlete::complete_device::CompleteDevice>(),
        Entry::for_endpoint::<authlete::process_backchannel::ProcessBackchannel>(),
        Entry::for_endpoint::<authlete::issue_backchannel::IssueBackchannel>(),
        Entry::for_endpoint::<authlete::fail_backchannel::FailBackchannel>(),
        Entry::for_endpoint::<authlete::complete_backchannel::CompleteBackchannel>(),
        Entry::for_endpoint::<authlete::issue_authorization::IssueAuthorization>(),
        Entry::for_endpoint::<authlete::fail_authorization::FailAuthorization>(),
        Entry::for_endpoint::<authlete::get_authorization_ticket::GetAuthorizationTicket>(),
        Entry::for_endpoint::<authlete::update_authorization_ticket::UpdateAuthorizationTicket>(),
        Entry::for_endpoint::<authlete::update_token::UpdateToken>(),
        Entry::for_endpoint::<authlete::delete_token::DeleteToken>(),
        Entry::for_endpoint::<authlete::revoke_token::RevokeToken>(),
        Entry::for_endpoint::<authlete::list_tokens::ListTokens>(),
        Entry::for_endpoint::<authlete::introspect_token::IntrospectToken>(),
        Entry::for_endpoint::<authlete::process_userinfo::ProcessUserinfo>(),
        Entry::for_endpoint::<authlete::introspect_token_standard::IntrospectTokenStandard>(),
        Entry::for_endpoint::<authlete::process_revocation::ProcessRevocation>(),
        Entry::for_endpoint::<authlete::create_client::CreateClient>(),
        Entry::for_endpoint::<authlete::get_client::GetClient>(),
        Entry::for_endpoint::<authlete::list_clients::ListClients>(),
        Entry::for_endpoint::<authlete::update_client::UpdateClient>(),
        Entry::for_endpoint::<authlete::delete_client::DeleteClient>(),
        Entry::for_endpoint::<authlete::refresh_client_secret::RefreshClientSecret>(),
        Entry::for_endpoint::<authlete::update_client_secret::UpdateClientSecret>(),
        Entry::for_endpoint::<authlete::update_client_lock::UpdateClientLock>(),
        Entry::for_endpoint::<authlete::get_requestable_scopes::GetRequestableScopes>(),
        Entry::for_endpoint::<authlete::put_requestable_scopes::PutRequestableScopes>(),
        Entry::for_endpoint::<authlete::update_requestable_scopes::UpdateRequestableScopes>(),
        Entry::for_endpoint::<authlete::delete_requestable_scopes::DeleteRequestableScopes>(),
        Entry::for_endpoint::<authlete::list_client_authorizations::ListClientAuthorizations>(),
        Entry::for_endpoint::<authlete::post_client_authorizations::PostClientAuthorizations>(),
        Entry::for_endpoint::<authlete::update_client_authorization::UpdateClientAuthorization>(),
        Entry::for_endpoint::<authlete::delete_client_authorization::DeleteClientAuthorization>(),
        Entry::for_endpoint::<authlete::end_client_authorization::EndClientAuthorization>(),
        Entry::for_endpoint::<authlete::get_granted_scopes::GetGrantedScopes>(),
        Entry::for_endpoint::<authlete::post_get_granted_scopes::PostGetGrantedScopes>(),
        Entry::for_endpoint::<authlete::delete_granted_scopes::DeleteGrantedScopes>(),
        Entry::for_endpoint::<authlete::post_delete_granted_scopes::PostDeleteGrantedScopes>(),
        Entry::for_endpoint::<authlete::get_jwks::GetJwks>(),
        Entry::for_endpoint::<authlete::get_configuration::GetConfiguration>(),
        Entry::for_endpoint::<authlete::post_configuration::PostConfiguration>(),
        Entry::for_endpoint::<oauth::authorize::Authorize>(),
        Entry::for_endpoint::<oauth::post_authorize::PostAuthorize>(),
        Entry::for_endpoint::<oauth::continue_authorization::ContinueAuthorization>(),
        Entry::for_endpoint::<oauth::push_authorization::PushAuthorization>(),
        Entry::for_endpoint::<oauth::authorize_device::AuthorizeDevice>(),
        Entry::for_endpoint::<oauth::get_userinfo::GetUserinfo>(),
        Entry::for_endpoint::<oauth::post_userinfo::PostUserinfo>(),
        Entry::for_endpoint::<oauth::logout::Logout>(),
        Entry::for_endpoint::<oauth::post_logout::PostLogout>(),
        Entry::for_endpoint::<oauth::metadata::GetMetadata>(),
        Entry::for_endpoint::<oauth::openid_configuration::OpenIdConfiguration>(),
        Entry::for_endpoint::<oauth::resource_metadata::GetResourceMetadata>(),
        Entry::for_endpoint::<oauth::org_resource_metadata::GetOrgResourceMetadata>(),
        Entry::for_endpoint::<oauth::revoke::Revoke>(),
        Entry::for_endpoint::<oauth::register_client::RegisterClient>(),
        Entry::for_endpoint::<oauth::get_registration::GetRegistration>(),
        Entry::for_endpoint::<oauth::update_registration::UpdateRegistration>(),
        Entry::for_endpoint::<oauth::delete_registration::DeleteRegistration>(),
        Entry::for_endpoint::<oauth::ssf_configuration::SsfConfiguration>(),
        Entry::for_endpoint::<oauth::get_event_stream::GetEventStream>(),
        Entry::for_endpoint::<oauth::delete_event_stream::DeleteEventStream>(),
        Entry::for_endpoint::<oauth::get_stream_status::GetStreamStatus>(),
        Entry::for_endpoint::<oauth::add_subject::AddSubject>(),
        Entry::for_endpoint::<oauth::remove_subject::RemoveSubject>(),
        Entry::for_endpoint::<jeton::get_authorization::GetAuthorization>(),
        Entry::for_endpoint::<jeton::find_authorization::FindAuthorization>(),
        Entry::for_endpoint::<jeton::accept_authorization::AcceptAuthorization>(),
        Entry::for_endpoint::<jeton::deny_authorization::DenyAuthorization>(),
        Entry::for_endpoint::<jeton::list_grants::ListGrants>(),
        Entry::for_endpoint::<jeton::delete_grant::DeleteGrant>(),
        Entry::for_endpoint::<jeton::delete_grants::DeleteGrants>(),
        Entry::for_endpoint::<jeton::end_session::EndSession>(),
        Entry::for_endpoint::<jeton::get_logout::GetLogout>(),
        Entry::for_endpoint::<jeton::complete_logout::CompleteLogout>(),
        Entry::for_endpoint::<jeton::jwks::Jwks>(),
        Entry::for_endpoint::<jeton::get_status_list::GetStatusList>(),
        Entry::for_endpoint::<jeton::list_orgs::ListOrgs>(),
        Entry::for_endpoint::<jeton::get_token::GetToken>(),
        Entry::for_endpoint::<jeton::delete_token::DeleteToken>(),
        Entry::for_endpoint::<jeton::create_revocation::CreateRevocation>(),
        Entry::for_endpoint::<jeton::put_org::PutOrg>(),
        Entry::for_endpoint::<jeton::patch_org::PatchOrg>(),
        Entry::for_endpoint::<jeton::get_org::GetOrg>(),
        Entry::for_endpoint::<jeton::delete_org::DeleteOrg>(),
        Entry::for_endpoint::<jeton::list_issuers::ListIssuers>(),
        Entry::for_endpoint::<jeton::test_issuer::TestIssuer>(),
        Entry::for_endpoint::<jeton::refresh_org_secret::RefreshOrgSecret>(),
        Entry::for_endpoint::<jeton::list_members::ListMembers>(),
        Entry::for_endpoint::<jeton::put_member::PutMember>(),
        Entry::for_endpoint::<jeton::get_member::GetMember>(),
        Entry::for_endpoint::<jeton::patch_member::PatchMember>(),
        Entry::for_endpoint::<jeton::delete_member::DeleteMember>(),
        Entry::for_endpoint::<jeton::list_clients::ListClients>(),
        Entry::for_endpoint::<jeton::create_client::CreateClient>(),
        Entry::for_endpoint::<jeton::get_client::GetClient>(),
        Entry::for_endpoint::<jeton::put_client::PutClient>(),
        Entry::for_endpoint::<jeton::patch_client::PatchClient>(),
        Entry::for_endpoint::<jeton::delete_client::DeleteClient>(),
        Entry::for_endpoint::<jeton::list_client_secrets::ListClientSecrets>(),
        Entry::for_endpoint::<jeton::create_client_secret::CreateClientSecret>(),
        Entry::for_endpoint::<jeton::delete_client_secret::DeleteClientSecret>(),
        Entry::for_endpoint::<jeton::list_api_keys::ListApiKeys>(),
        Entry::for_endpoint::<jeton::create_api_key::CreateApiKey>(),
        Entry::for_endpoint::<jeton::get_api_key::GetApiKey>(),
        Entry::for_endpoint::<jeton::patch_api_key::PatchApiKey>(),
        Entry::for_endpoint::<jeton::delete_api_key::DeleteApiKey>(),
        Entry::for_endpoint::<jeton::rotate_api_key::RotateApiKey>(),
        Entry::for_endpoint::<jeton::delete_previous_api_key::DeletePreviousApiKey>(),
        Entry::for_endpoint::<jeton::report_leaked_keys::ReportLeakedKeys>(),
}

/// What the bundle `records` has besides: it reads, and has no route.
pub fn records_operations<P: Provides<Authorizer>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<jeton::authorizer::Authorizer>()]
}

endpoints! {
    /// What the bundle `mint` serves: it reaches the tables, and the signing keys.
    pub fn mint<P: HasMinting>() and mint_elsewhere:
        Entry::for_endpoint::<agilicus::create_token::CreateToken>(),
        Entry::for_endpoint::<agilicus::reissue_token::ReissueToken>(),
        Entry::for_endpoint::<agilicus::refresh_token::RefreshToken>(),
        Entry::for_endpoint::<authlete::process_token::ProcessToken>(),
        Entry::for_endpoint::<authlete::issue_token::IssueToken>(),
        Entry::for_endpoint::<authlete::issue_userinfo::IssueUserinfo>(),
        Entry::for_endpoint::<authlete::reissue_id_token::ReissueIdToken>(),
        Entry::for_endpoint::<authlete::create_token::CreateToken>(),
        Entry::for_endpoint::<oauth::token::Token>(),
        Entry::for_endpoint::<oauth::introspect::Introspect>(),
        Entry::for_endpoint::<oauth::poll_signals::PollSignals>(),
}

endpoints! {
    /// What the bundle `operate` serves: it reaches the tables, and hands work over.
    pub fn queueing<P: HasQueue>() and queueing_elsewhere:
        Entry::for_endpoint::<authlete::create_token_batch::CreateTokenBatch>(),
}

endpoints! {
    /// What the bundle `operate` serves besides: it makes and changes event streams, and seals what receivers want to be sent with signals.
    pub fn streaming<P: HasSignedSignals>() and streaming_elsewhere:
        Entry::for_endpoint::<oauth::create_event_stream::CreateEventStream>(),
        Entry::for_endpoint::<oauth::patch_event_stream::PatchEventStream>(),
        Entry::for_endpoint::<oauth::put_event_stream::PutEventStream>(),
}

endpoints! {
    /// What the bundle `operate` serves, too: it has what waits in event streams sent, and reaches no key.
    pub fn signalling<P: HasSignals>() and signalling_elsewhere:
        Entry::for_endpoint::<oauth::set_stream_status::SetStreamStatus>(),
        Entry::for_endpoint::<oauth::verify_event_stream::VerifyEventStream>(),
}

/// What the bundle `operate` has: a queue hands it work.
pub fn queue_work<P: Provides<BatchWorker>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<authlete::work_on_batch::WorkOnBatch>()]
}

/// What the bundle `operate` has: schedules, streams and operators invoke it.
pub fn operate<P: HasKeyMaking>() -> Vec<OperationEntry<P>> {
    vec![
        OperationEntry::for_operation::<jeton::bootstrap::Bootstrap>(),
        OperationEntry::for_operation::<jeton::rotate_keys::RotateKeys>(),
    ]
}

/// What the bundle `operate` has, too: the streams of the tables and a schedule invoke it, and it signs.
pub fn status_lists<P: Provides<StatusPublisher>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<jeton::publish_status_lists::PublishStatusLists>()]
}

/// What the bundle `operate` has, too: a queue hands it events, of which it makes signals.
pub fn signal_collecting<P: Provides<SignalCollector>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<jeton::collect_signals::CollectSignals>()]
}

/// What the bundle `operate` has, too: a queue hands it streams, whose signals it signs and pushes.
pub fn signal_pushing<P: Provides<SignalPusher>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<jeton::push_signals::PushSignals>()]
}

/// What the bundle `operate` has besides: the streams of the tables invoke it.
pub fn audit<P: Provides<Auditor>>() -> Vec<OperationEntry<P>> {
    vec![OperationEntry::for_operation::<jeton::audit::Audit>()]
}

/// All functions without a route that stand on the store. [`audit`] doesn't.
pub fn operations<P: HasKeyMaking + HasSignals + Provides<Authorizer>>() -> Vec<OperationEntry<P>> {
    let signals = signal_collecting().into_iter().chain(signal_pushing());
    records_operations().into_iter().chain(queue_work()).chain(operate()).chain(status_lists()).chain(signals).collect()
}

/// The whole API: for the local server, for tests, for documents that are made from it.
pub fn catalogue<P: HasMinting + HasQueue + HasSignals>() -> Vec<Entry<P>> {
    public().into_iter().chain(records()).chain(mint()).chain(queueing()).chain(streaming()).chain(signalling()).collect()
}

/// Where each endpoint of the API is, for the function that gets the requests that no route leads to.
pub fn elsewhere<P>() -> Vec<Entry<P>> {
    let operate = [queueing_elsewhere(), streaming_elsewhere(), signalling_elsewhere()];
    [public_elsewhere(), records_elsewhere(), mint_elsewhere()].into_iter().chain(operate).flatten().collect()
}
