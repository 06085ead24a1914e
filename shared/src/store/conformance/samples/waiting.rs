//! What waits for something, or tells where something is.

use std::sync::Arc;

use super::{T0, at, client_id, confirmation, digest, id, org_id, properties, read, scope, subject};
use crate::domain::{
    Acknowledgement, Alias, AliasKey, Aliased, Approval, Audience, Authorization, AuthorizationDetails, AuthorizationError,
    AuthorizationKey, AuthorizationRequest, AuthorizationState, BackchannelRequest, Batch, BatchKey, ClientDocument,
    ClientDocumentKey, ClientUrl, DeliveryMode, DeviceRequest, ExtraClaims, ForwardedRequest, ForwardedSignIn, GrantedAccess,
    Logout, LogoutClient, LogoutHint, LogoutKey, PersonGrantKey, PersonGrantUpdate, Polling, Prompt, Remembering, ResponseMode,
    SealedSecret, Seconds, SessionId, SignIn, Thumbprint, Ticket, TicketKey, Timestamp, TokenId, UserCodeAssignment, UserCodeKey,
};
use crate::store::{CountedEvent, LogoutCompletion, RecordKeys, ReplayKey, Store, TicketConsumption};

pub(in crate::store) fn alias_key(org: &str, n: u64) -> AliasKey {
    AliasKey { org: org_id(org), hash: digest(n) }
}

/// The value number `n` is this one's.
pub(in crate::store) fn alias(org: &str, n: u64, target: Aliased) -> Alias {
    Alias { key: alias_key(org, n), target, expires_at: Some(T0.plus(Seconds::DAY)) }
}

pub(in crate::store) fn ticket(org: &str, n: u64) -> Ticket {
    Ticket {
        id: id(n),
        org: org_id(org),
        client: client_id(7),
        alias_used: true,
        scopes: vec![scope("a"), scope("b?")],
        audiences: vec![Audience::parse("https://api.example/\"x\"").unwrap()],
        properties: properties(),
        confirmation: confirmation(),
        issued_at: T0,
        expires_at: T0.plus(Ticket::LIFETIME),
        spent_by: None,
    }
}

pub(in crate::store) fn ticket_key(org: &str, n: u64) -> TicketKey {
    TicketKey { org: org_id(org), id: id(n) }
}

/// The spending of a ticket in this name, a second after it was made.
pub(in crate::store) fn spending(key: TicketKey, by: TokenId) -> TicketConsumption {
    TicketConsumption { key, by, now: at(1_000) }
}

/// An authorization that waits for its decision, and of which nothing is known but what must be.
pub(in crate::store) fn authorization(org: &str, n: u64) -> Authorization {
    Authorization {
        id: id(n),
        org: org_id(org),
        client: client_id(7),
        client_name: "7".to_owned(),
        request: AuthorizationRequest {
            redirect_uri: "https://a.example/cb".to_owned(),
            response_mode: ResponseMode::Query,
            state: None,
            scopes: Vec::new(),
            resources: Vec::new(),
            details: None,
            code_challenge: None,
            dpop_key: None,
            nonce: None,
            prompts: Vec::new(),
            max_age: None,
            authenticated_after: None,
            subject_hint: None,
            login_hint: None,
            acr_values: Vec::new(),
            acr_required: Vec::new(),
            ui_locales: Vec::new(),
            display: None,
            claims_locales: Vec::new(),
            purpose: None,
            claims: None,
        },
        browser: Some(digest(11)),
        device: None,
        backchannel: None,
        forwarded: None,
        created_at: T0,
        expires_at: at(600_000),
        state: AuthorizationState::Pending,
        revision: 0,
    }
}

/// A logout of which nothing is known but what must be.
pub(in crate::store) fn logout(org: &str, n: u64) -> Logout {
    Logout {
        id: id(n),
        org: org_id(org),
        client: None,
        hint: None,
        post_logout_redirect_uri: None,
        state: None,
        logout_hint: None,
        ui_locales: Vec::new(),
        created_at: T0,
        expires_at: T0.plus(Logout::LIFETIME),
        completed_by: None,
    }
}

/// A logout of which everything is known, in words that need care.
pub(in crate::store) fn rich_logout(org: &str, n: u64) -> Logout {
    Logout {
        client: Some(LogoutClient { id: client_id(7), name: "a \"shop\"".to_owned() }),
        hint: Some(LogoutHint { subject: subject("ann \"Ä\""), session: Some(SessionId::parse("s/1#é").unwrap()) }),
        post_logout_redirect_uri: Some("https://a.example/bye?\"é\"=%20".to_owned()),
        state: Some("a \"b\" é".to_owned()),
        logout_hint: Some("ann@例え.example".to_owned()),
        ui_locales: vec!["fr-CA".to_owned(), "en".to_owned()],
        ..logout(org, n)
    }
}

pub(in crate::store) fn logout_key(org: &str, n: u64) -> LogoutKey {
    LogoutKey { org: org_id(org), id: id(n) }
}

/// The completion of a logout in this name, a second after it was asked for.
pub(in crate::store) fn completion(key: LogoutKey, by: TokenId) -> LogoutCompletion {
    LogoutCompletion { key, by, now: at(1_000) }
}

/// What is known of a device, all of it.
pub(in crate::store) fn device() -> DeviceRequest {
    DeviceRequest {
        address: Some("2001:db8::1".to_owned()),
        user_agent: Some("TV \"é\"".to_owned()),
        polling: Polling { code: digest(16), interval: Seconds(5), polled_at: Some(at(5_000)), poll: Some(id(17)) },
    }
}

/// What is known of a request for somebody elsewhere, all of it.
pub(in crate::store) fn backchannel() -> BackchannelRequest {
    let polling = Polling { code: digest(18), interval: Seconds(5), polled_at: Some(at(5_000)), poll: Some(id(17)) };
    BackchannelRequest {
        delivery: DeliveryMode::Ping,
        requested_expiry: Some(Seconds(120)),
        notification_token: Some(sealed(19)),
        acknowledgement: Some(Acknowledgement { auth_req_id: sealed(20), polling }),
    }
}

/// The secret number `n`, encrypted.
pub(in crate::store) fn sealed(n: u64) -> SealedSecret {
    SealedSecret::from_bytes(digest(n).to_vec())
}

/// What the user code number `n` stands for: the authorization of this number, for ten minutes.
pub(in crate::store) fn user_code(org: &str, n: u64, authorization: u64) -> UserCodeAssignment {
    let key = UserCodeKey { org: org_id(org), hash: digest(n) };
    UserCodeAssignment { key, authorization: id(authorization), client: client_id(7), expires_at: at(600_000) }
}

/// The event of the number `n`, which may happen three times in ten minutes.
pub(in crate::store) fn event(org: &str, n: u64) -> CountedEvent {
    CountedEvent { org: org_id(org), what: "guess", hash: digest(n), since: T0, until: at(600_000), limit: 3 }
}

pub(in crate::store) fn authorization_key(org: &str, n: u64) -> AuthorizationKey {
    AuthorizationKey { org: org_id(org), id: id(n) }
}

/// An authorization of whose request everything is known, in words that need care.
pub(in crate::store) fn rich_authorization(org: &str, n: u64) -> Authorization {
    let text = |text: &str| Some(text.to_owned());
    Authorization {
        client_name: "a \"shop\"".to_owned(),
        request: AuthorizationRequest {
            redirect_uri: "https://a.example/cb?\"é\"=%20".to_owned(),
            response_mode: ResponseMode::FormPost,
            state: text("a \"b\" é"),
            scopes: vec![scope("openid"), scope("b?")],
            resources: vec![Audience::parse("https://api.example/\"x\"").unwrap()],
            details: Some(details()),
            code_challenge: Some(Thumbprint(digest(12))),
            dpop_key: Some(Thumbprint(digest(13))),
            nonce: text("n\"é"),
            prompts: Prompt::ALL.to_vec(),
            max_age: Some(Seconds(300)),
            authenticated_after: Some(at(-1)),
            subject_hint: Some(subject("ann \"Ä\"")),
            login_hint: text("ann@例え.example"),
            acr_values: vec!["1".to_owned(), "urn:acr \"é\"".to_owned()],
            acr_required: vec!["2".to_owned()],
            ui_locales: vec!["fr-CA".to_owned(), "en".to_owned()],
            display: text("page"),
            claims_locales: vec!["de".to_owned(), "fr".to_owned()],
            purpose: text("To send \"é\""),
            claims: Some(claims(r#"{"userinfo":{"email":null},"n":1.50}"#)),
        },
        forwarded: Some(ForwardedRequest { context: text("the \"é\"") }),
        ..authorization(org, n)
    }
}

/// Every state, first with all that it can say, then with no more than it must.
pub(in crate::store) fn states() -> Vec<AuthorizationState> {
    let (verifier, code) = (digest(14), digest(15));
    let mut states = vec![AuthorizationState::Pushed, AuthorizationState::Pending];
    states.extend([Some("\"é\""), None].map(|text| {
        let told = text.map(str::to_owned);
        AuthorizationState::Failed { decision: id(83), description: told.clone(), error_uri: told }
    }));
    for approval in [approval(), least_approval()] {
        let approval = Box::new(approval);
        states.push(AuthorizationState::Accepted { approval: approval.clone(), verifier });
        states.push(AuthorizationState::Issued { approval, code });
    }
    states.extend(AuthorizationError::ALL.iter().map(|error| {
        let (description, error_uri) = (Some("No \"é\"".to_owned()), Some("https://a.example/\"é\"".to_owned()));
        AuthorizationState::Denied { error: *error, description, error_uri, verifier }
    }));
    let (error, description, error_uri) = (AuthorizationError::AccessDenied, None, None);
    states.push(AuthorizationState::Denied { error, description, error_uri, verifier });
    states.extend([Some(id(82)), None].map(|family| AuthorizationState::Redeemed { code, token: id(81), family }));
    states
}

/// The authorization number `n` a step further: its code has become this token.
pub(in crate::store) fn redeemed(org: &str, n: u64, token: TokenId) -> Authorization {
    let state = AuthorizationState::Redeemed { code: digest(15), token, family: None };
    authorization(org, n).moved_to(state, at(60_000))
}

/// What ann grants to a client at this moment, for good.
pub(in crate::store) fn person_grant(org: &str, granted_at: Timestamp) -> PersonGrantUpdate {
    PersonGrantUpdate {
        key: PersonGrantKey { org: org_id(org), subject: subject("ann"), client: client_id(7) },
        access: GrantedAccess::new(&[scope("read")], &[]),
        remembering: Remembering::Adds,
        granted_at,
        now: granted_at,
    }
}

/// How a person signed in, with everything that can be known of it.
pub(in crate::store) fn sign_in() -> SignIn {
    SignIn {
        audience: "a \"shop\"".to_owned(),
        resources: vec![Audience::parse("https://a.example").unwrap(), Audience::parse("urn:b").unwrap()],
        amr: vec!["pwd".to_owned(), "é\"".to_owned()],
        session: Some(SessionId::parse("s-1").unwrap()),
        requested: Some(claims(r#"{"id_token":{"acr":null}}"#)),
        claims: Some(claims(r#"{"email":"ann@例え.example","n":1.50}"#)),
        id_token_claims: Some(claims(r#"{"tenant":"a\"b"}"#)),
        access_token_claims: Some(claims(r#"{"plan":"é"}"#)),
        forwarded: Some(Box::new(forwarded_sign_in())),
    }
}

fn forwarded_sign_in() -> ForwardedSignIn {
    ForwardedSignIn {
        told_subject: Some(subject("pair \"Ä\"")),
        id_token_header: Some(claims(r#"{"x":"é"}"#)),
        has_audience_list: true,
        consented_claims: vec!["email".to_owned(), "é\"".to_owned()],
    }
}

fn approval() -> Approval {
    Approval {
        scopes: vec![scope("openid"), scope("b?")],
        resources: vec![Audience::parse("https://api.example/\"x\"").unwrap()],
        details: Some(details()),
        auth_time: Some(at(-60_000)),
        acr: Some("urn:acr \"é\"".to_owned()),
        amr: vec!["pwd".to_owned(), "é\"".to_owned()],
        session: Some(SessionId::parse("s/1#é").unwrap()),
        claims: Some(claims(r#"{"email":"ann@例え.example","n":1.50}"#)),
        id_token_claims: Some(claims(r#"{"tenant":"a\"b"}"#)),
        access_token_claims: Some(claims(r#"{"plan":"é"}"#)),
        forget: true,
        token_duration: Some(Seconds(600)),
        refresh_token_duration: Some(Seconds(6_000)),
        properties: properties(),
        forwarded: Some(Box::new(forwarded_sign_in())),
        ..least_approval()
    }
}

fn least_approval() -> Approval {
    Approval {
        subject: subject("auth0|Ann \"Ä\""),
        scopes: Vec::new(),
        resources: Vec::new(),
        details: None,
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        session: None,
        claims: None,
        id_token_claims: None,
        access_token_claims: None,
        forget: false,
        token_duration: None,
        refresh_token_duration: None,
        properties: Vec::new(),
        forwarded: None,
        decided_at: at(1_234),
    }
}

fn details() -> AuthorizationDetails {
    AuthorizationDetails::from_json(r#"[{"n":1.50,"type":"a\"b"}]"#.to_owned())
}

fn claims(json: &str) -> ExtraClaims {
    ExtraClaims::from_json(json.to_owned())
}

/// The use of the value number `n`, remembered for a minute.
pub(in crate::store) fn used(org: &str, n: u64) -> ReplayKey {
    ReplayKey { org: org_id(org), purpose: "dpop", hash: digest(n), now: at(0), until: at(60_000) }
}

pub(in crate::store) fn batch(org: &str, n: u64) -> Batch {
    Batch { id: id(n), org: org_id(org), tokens: 250, parts: 3, done: Vec::new(), failure: None, created_at: T0, updated_at: T0 }
}

pub(in crate::store) fn batch_key(org: &str, n: u64) -> BatchKey {
    BatchKey { org: org_id(org), id: id(n) }
}

/// Whose a value is.
pub(in crate::store) async fn find_alias(store: &Arc<dyn Store>, key: &AliasKey) -> Option<Aliased> {
    read(store, RecordKeys { aliases: vec![key.clone()], ..RecordKeys::default() }).await.aliases.remove(key)
}

/// Reads one ticket, or nothing.
pub(in crate::store) async fn find_ticket(store: &Arc<dyn Store>, key: &TicketKey) -> Option<Ticket> {
    read(store, RecordKeys { tickets: vec![key.clone()], ..RecordKeys::default() }).await.tickets.remove(key)
}

/// What a user code stands for.
pub(in crate::store) async fn find_user_code(store: &Arc<dyn Store>, key: &UserCodeKey) -> Option<UserCodeAssignment> {
    read(store, RecordKeys { user_codes: vec![key.clone()], ..RecordKeys::default() }).await.user_codes.remove(key)
}

/// The document of the client number `n`.
pub(in crate::store) fn client_document(org: &str, n: u64) -> ClientDocument {
    ClientDocument {
        key: ClientDocumentKey { org: org_id(org), hash: digest(n) },
        url: ClientUrl::parse(&format!("https://client.example/{n}?x=y")).unwrap(),
        body: r#"{"client_name":"a \"shop\" é"}"#.to_owned(),
        etag: Some("W/\"x\"".to_owned()),
        fetched_at: at(0),
        fresh_until: at(300_000),
    }
}

/// Reads one document of a client, or nothing.
pub(in crate::store) async fn find_client_document(store: &Arc<dyn Store>, key: &ClientDocumentKey) -> Option<ClientDocument> {
    let wanted = RecordKeys { client_documents: vec![key.clone()], ..RecordKeys::default() };
    read(store, wanted).await.client_documents.remove(key)
}

/// Reads one authorization, or nothing.
pub(in crate::store) async fn find_authorization(store: &Arc<dyn Store>, key: &AuthorizationKey) -> Option<Authorization> {
    read(store, RecordKeys { authorizations: vec![key.clone()], ..RecordKeys::default() }).await.authorizations.remove(key)
}

/// Reads one logout, or nothing.
pub(in crate::store) async fn find_logout(store: &Arc<dyn Store>, key: &LogoutKey) -> Option<Logout> {
    read(store, RecordKeys { logouts: vec![key.clone()], ..RecordKeys::default() }).await.logouts.remove(key)
}
