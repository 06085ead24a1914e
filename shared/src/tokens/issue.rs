//! Issuing tokens to OAuth clients: outside of any flow, or on a ticket.

use std::sync::Arc;

use crate::auth::service::{Lookup, client_named};
use crate::domain::{
    Audience, Client, ClientId, ClientRef, Confirmation, Error, ExtraClaims, GrantType, Issuance, NotBefore, NotBeforeKey,
    NotBeforeScope, OrgId, Property, Refusal, Scope, Seconds, Secret, Service, Subject, Ticket, TicketKey, Timestamp, TokenId,
    TokenRecord,
};
use crate::platform::capabilities::{Granter, TicketRevoker};
use crate::policy::{self, ClientTokenRequest, Lifetime, RefreshOf, merged};
use crate::store::{RecordKeys, Records, TicketConsumption};
use crate::tokens::mint::{LiveGrant, Minted, Unrecorded, mint};
use crate::tokens::opaque;

/// A token that a client got.
#[derive(Debug)]
pub struct Issued {
    /// The token that was minted.
    pub minted: Minted,
    /// The client that it was issued to.
    pub client: Arc<Client>,
}

/// What may have ended all tokens of a client this second, or all of a subject: looked up with the client, so that to issue a token
/// takes no other read.
#[derive(Clone, Debug)]
pub struct RecentRevocations {
    /// The client. `None`: its number isn't known yet.
    pub client: Option<ClientId>,
    /// The resource owner. `None`: there is none, or it isn't known yet.
    pub subject: Option<Subject>,
}

impl RecentRevocations {
    /// Looks up what may have ended all tokens of the client that is named, if it is named by its number.
    pub fn of_client(client: Option<&ClientRef>, subject: Option<Subject>) -> Self {
        let client = match client {
            Some(ClientRef::Id(id)) => Some(*id),
            Some(ClientRef::Alias(_)) | None => None,
        };
        Self { client, subject }
    }
}

impl Lookup for RecentRevocations {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        let marks = NotBefore::keys_of(org, self.subject.as_ref(), self.client, None).collect();
        RecordKeys { marks, ..RecordKeys::default() }
    }
}

/// Issues a token outside of any flow: Authlete's `/auth/token/create`. The client's own grants don't matter.
///
/// # Errors
/// [`Refusal::ClientUnavailable`] if there is no such client. [`Refusal::ValueTaken`] if a value that was chosen belongs to
/// another token. Else as [`policy::issue`].
pub async fn create(
    ports: &Granter,
    service: &Service,
    found: &Records,
    client: &ClientRef,
    ask: ClientTokenRequest,
) -> Result<Issued, Error> {
    let client = client_named(ports.reader(), service, found, client).await?.ok_or(Refusal::ClientUnavailable)?;
    let grant = policy::issue(service, &client, ask, RefreshOf::Org, ports.reader().now())?;
    let grant = LiveGrant::check(ports.reader(), grant, &found.marks).await?;
    issue_to_client(ports, service, client, grant).await
}

/// Mints what was decided. Where a subject may have one token of the client only, its others end now.
pub(crate) async fn issue_to_client(
    ports: &Granter,
    service: &Service,
    client: Arc<Client>,
    grant: LiveGrant,
) -> Result<Issued, Error> {
    let minted = mint(&ports.refresher.minter, grant).await?;
    end_predecessors(ports, service, client, minted).await
}

/// Records what was signed for a client: else as [`issue_to_client`].
pub(crate) async fn record_for_client(
    ports: &Granter,
    service: &Service,
    client: Arc<Client>,
    signed: Unrecorded,
) -> Result<Issued, Error> {
    let minted = signed.record(&ports.refresher.minter).await?;
    end_predecessors(ports, service, client, minted).await
}

async fn end_predecessors(ports: &Granter, service: &Service, client: Arc<Client>, minted: Minted) -> Result<Issued, Error> {
    if let Some(mark) = predecessors(service, &client, &minted.record) {
        ports.refresher.revoke.set_not_before(&mark).await?;
    }
    Ok(Issued { minted, client })
}

/// What ends the older tokens of a client's subject, where it may have one only. To be written once the new one is recorded.
pub(crate) fn predecessors(service: &Service, client: &Client, token: &TokenRecord) -> Option<NotBefore> {
    let single = client.settings.single_token_per_subject || service.org().settings.oauth.single_token_per_subject;
    let for_client = token.issuance.as_ref().is_some_and(|issuance| issuance.for_client);
    let kind = NotBeforeScope::ClientOf(client.id, token.subject.clone());
    let key = NotBeforeKey { org: token.org.clone(), kind };
    let expires_at = service.org().mark_expiry(token.issued_at);
    (single && !for_client).then_some(NotBefore { key, not_before: token.issued_at, expires_at })
}

/// What a client asks for that must first hear from the authorization server's user.
#[derive(Clone, Debug)]
pub struct TicketRequest {
    /// Whether the client named itself by its alias.
    pub alias_used: bool,
    /// What it may have of what it asks for.
    pub scopes: Vec<Scope>,
    /// The resources that the token is for, RFC 8707.
    pub audiences: Vec<Audience>,
    /// What the authorization server attached.
    pub properties: Vec<Property>,
    /// The keys that the request proved.
    pub confirmation: Confirmation,
}

/// Keeps a token request until the authorization server decides, and returns its ticket.
///
/// # Errors
/// Only a fault: the store can't be written.
pub async fn ticket(ports: &Granter, client: &Client, ask: TicketRequest) -> Result<(Secret<String>, Ticket), Error> {
    let now = ports.reader().now();
    let (value, id) = opaque::generate(now, None, &*ports.refresher.minter.entropy)?;
    let TicketRequest { alias_used, scopes, audiences, properties, confirmation } = ask;
    let ticket = Ticket {
        id,
        org: client.org.clone(),
        client: client.id,
        alias_used,
        scopes,
        audiences,
        properties,
        confirmation,
        issued_at: now,
        expires_at: now.plus(Ticket::LIFETIME),
        spent_by: None,
    };
    ports.tickets.put_ticket(&ticket).await?;
    Ok((value, ticket))
}

/// What the authorization server says of its user.
#[derive(Clone, Debug)]
pub struct TicketIssue {
    /// The user whom the authorization server has authenticated.
    pub subject: Subject,
    /// Laid over the properties of the token request, by key.
    pub properties: Vec<Property>,
    /// What a JWT says besides.
    pub extra_claims: Option<ExtraClaims>,
    /// The value that was chosen for the access token.
    pub value: Option<Secret<String>>,
    /// How long the access token shall live.
    pub lifetime: Lifetime,
    /// How long the refresh token shall live.
    pub refresh_lifetime: Option<Seconds>,
}

/// A ticket as it is presented.
#[derive(Clone, Debug)]
pub struct TicketValue(pub Secret<String>);

impl TicketValue {
    fn key(&self, org: &OrgId) -> Option<TicketKey> {
        opaque::id_of(self.0.expose()).map(|id| TicketKey { org: org.clone(), id })
    }
}

impl Lookup for TicketValue {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        RecordKeys { tickets: self.key(org).into_iter().collect(), ..RecordKeys::default() }
    }
}

/// Issues a token on a ticket, which is spent with it: both or neither. Authlete's `/auth/token/issue`.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket is unknown, expired or spent. Else as [`create`].
pub async fn issue(
    ports: &Granter,
    service: &Service,
    found: &Records,
    ticket: &TicketValue,
    word: TicketIssue,
) -> Result<Issued, Error> {
    let ticket = good_ticket(service, found, ticket, ports.reader().now())?;
    let key = (ticket.org.clone(), ticket.client);
    let marks = NotBefore::keys_of(&ticket.org, Some(&word.subject), Some(ticket.client), None).collect();
    let wanted = RecordKeys { clients: vec![key.clone()], marks, ..RecordKeys::default() };
    let mut found = ports.reader().tokens.read(&wanted).await?;
    let client = found.clients.remove(&key).ok_or(Refusal::TicketRejected)?;
    let issuance = Issuance {
        alias_used: ticket.alias_used,
        properties: merged(&ticket.properties, word.properties),
        confirmation: ticket.confirmation.clone(),
        ..Issuance::by(GrantType::Password)
    };
    let ask = ClientTokenRequest {
        subject: Some(word.subject),
        scopes: ticket.scopes.clone(),
        audiences: ticket.audiences.clone(),
        lifetime: word.lifetime,
        refresh_lifetime: word.refresh_lifetime,
        value: word.value,
        extra_claims: word.extra_claims,
        ticket: Some(ticket.key()),
        ..ClientTokenRequest::new(issuance)
    };
    let grant = policy::issue(service, &client, ask, RefreshOf::OrgAndClient, ports.reader().now())?;
    let grant = LiveGrant::check(ports.reader(), grant, &found.marks).await?;
    issue_to_client(ports, service, client, grant).await
}

/// Spends a ticket on which no token shall be issued: Authlete's `/auth/token/fail`.
///
/// # Errors
/// [`Refusal::TicketRejected`] if the ticket is unknown, expired or spent.
pub async fn fail(ports: &TicketRevoker, service: &Service, found: &Records, ticket: &TicketValue) -> Result<(), Error> {
    let now = ports.reader.now();
    let ticket = good_ticket(service, found, ticket, now)?;
    let by = TokenId::generate(now, Some(ticket.id.shard()), &*ports.entropy)?;
    let spent = ports.tickets.spend_ticket(&TicketConsumption { key: ticket.key(), by, now }).await?;
    if spent { Ok(()) } else { Err(Refusal::TicketRejected.into()) }
}

fn good_ticket<'a>(service: &Service, found: &'a Records, ticket: &TicketValue, now: Timestamp) -> Result<&'a Ticket, Refusal> {
    let key = ticket.key(service.id()).ok_or(Refusal::TicketRejected)?;
    found.tickets.get(&key).filter(|ticket| ticket.is_good(now)).ok_or(Refusal::TicketRejected)
}
