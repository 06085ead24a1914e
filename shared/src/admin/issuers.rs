//! The issuers of assertions that an org trusts, and the clients that are workloads of them: what one side says must not leave the other
//! without what it relies on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Map, Value};

use crate::auth::assertion::inspection::{Inspection, PresentedFrom, Terms, keys_of};
use crate::auth::assertion::subject::{self, Named};
use crate::auth::assertion::{Finding, IdJag, Purpose, Rule};
use crate::auth::client::document::document_key;
use crate::auth::client::federated::{identity_of, is_at, judge_networks_of_identity, limit_scopes};
use crate::auth::client::identity_hash;
use crate::auth::service::{Lookup as _, client_named};
use crate::domain::{
    AssertionIssuer, AssertionSettings, Audience, Client, ClientAuthMethod, ClientId, ClientKind, ClientRef, ClientUrl, Day,
    Error, Fault, FederatedIdentity, FederationProblem, GrantType, Issuance, OpenIssuer, Org, OrgId, Refusal, Scope, Seconds,
    Secret, Service, Subject, Timestamp,
};
use crate::jose::foreign::{Claims, WrongType};
use crate::jose::jws::ProtectedHeader;
use crate::keys::remote::{KeyReading, NoKeys};
use crate::platform::capabilities::{DirectoryReader, IssuerTester, Reader};
use crate::policy::{self, ClientTokenRequest, RefreshOf, SubjectBounds, TokenProfile};
use crate::store::attempts::AttemptLimit;
use crate::store::{ReadDirectory, RecordKeys, Records, ReplayKey};

/// How many clients are read at once.
const AT_ONCE: usize = 500;

/// Checks that the org trusts the issuer of each identity, and that strangers can't be one.
///
/// # Errors
/// [`FederationProblem::IssuerUnknown`] and [`FederationProblem::OpenToStrangers`], with the entry of the client.
pub(crate) fn ensure_identities_are_known(
    settings: &AssertionSettings,
    identities: &[FederatedIdentity],
) -> Result<(), FederationProblem> {
    for (n, identity) in identities.iter().enumerate() {
        let issuer = settings.assertion_issuers.iter().find(|issuer| issuer.issuer == identity.issuer);
        let issuer = issuer.ok_or_else(|| FederationProblem::IssuerUnknown { field: format!("federated[{n}].issuer") })?;
        if let Some(open) = OpenIssuer::find(&issuer.issuer).filter(|_| issuer.lets_strangers_be(identity)) {
            return Err(open.problem(&format!("federated[{n}]")));
        }
    }
    Ok(())
}

/// Checks that no client of the org loses an issuer that it names, or conditions without which strangers could be it. The clients are
/// read only if an issuer goes, or one of which strangers have tokens is changed.
///
/// # Errors
/// [`FederationProblem::IssuerInUse`] and [`FederationProblem::ClientsNeedConditions`], with the clients.
pub(crate) async fn ensure_clients_keep_theirs(
    directory: &dyn ReadDirectory,
    org: &OrgId,
    before: &AssertionSettings,
    after: &AssertionSettings,
) -> Result<(), Error> {
    let changes: Vec<_> = before.assertion_issuers.iter().filter_map(|issuer| Loss::from_change(issuer, after)).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let (mut in_use, mut open) = (Vec::new(), Vec::new());
    walk_clients(directory, org, |client| {
        if changes.iter().any(|change| change.takes_issuer_of(&client)) {
            in_use.push(client.id);
        }
        if changes.iter().any(|change| change.opens(&client)) {
            open.push(client.id);
        }
        if in_use.len() + open.len() < FederationProblem::MAX_NAMED { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .await?;
    if !in_use.is_empty() {
        return Err(FederationProblem::IssuerInUse(in_use).into());
    }
    if open.is_empty() { Ok(()) } else { Err(FederationProblem::ClientsNeedConditions(open).into()) }
}

/// Reads the clients of an org, page by page, until one of them is the last that has to be seen.
async fn walk_clients(
    directory: &dyn ReadDirectory,
    org: &OrgId,
    mut see: impl FnMut(Client) -> ControlFlow<()> + Send,
) -> Result<(), Fault> {
    let mut last = None;
    loop {
        let clients = directory.clients(org, last, AT_ONCE).await?;
        last = clients.last().map(|client| client.id).filter(|_| clients.len() == AT_ONCE);
        if clients.into_iter().try_for_each(&mut see).is_break() || last.is_none() {
            return Ok(());
        }
    }
}

/// An issuer that an org trusts, and what has become of it.
#[derive(Debug)]
pub struct IssuerReport {
    /// The issuer, as the settings of the org have it.
    pub issuer: AssertionIssuer,
    /// Whether it, or the identity of a client at it, lets strangers in, as older versions allowed. That counts for nothing.
    pub is_open_to_strangers: bool,
    /// Its keys, as they can be had now. `None`: it is disabled, so that they aren't read.
    pub keys: Option<Result<KeyReading, NoKeys>>,
    /// How many clients of the org have an identity at it.
    pub clients: u64,
    /// The day on which one of them was last given a token for its platform's. `None`: no use was noted.
    pub last_used: Option<Day>,
}

/// Lists the issuers that an org trusts, in the order of its settings, with their keys. Keys that aren't in memory are read now, all at once.
///
/// # Errors
/// Only a [`Fault`] of the store. Keys that can't be had are part of the report.
pub async fn list(ports: &DirectoryReader, org: &OrgId, settings: AssertionSettings) -> Result<Vec<IssuerReport>, Fault> {
    let reader = &ports.reader;
    let reports = settings.assertion_issuers.into_iter().map(|issuer| async move {
        let keys = if issuer.enabled { Some(keys_of(&issuer, &reader.key_sets, None, reader.now()).await) } else { None };
        IssuerReport { is_open_to_strangers: issuer.is_open_to_strangers(), issuer, keys, clients: 0, last_used: None }
    });
    let mut reports = join_all(reports).await;
    let mut workloads = Vec::new();
    walk_clients(&*ports.directory, org, |client| {
        if !client.settings.federated.is_empty() {
            workloads.push(((client.org, client.id), client.settings.federated));
        }
        ControlFlow::Continue(())
    })
    .await?;
    let mut uses = HashMap::new();
    for some in workloads.chunks(RecordKeys::MAX_KEYS) {
        let clients = some.iter().map(|(key, _)| key.clone()).collect();
        uses.extend(reader.tokens.read(&RecordKeys { clients, ..RecordKeys::default() }).await?.credential_uses);
    }
    for report in &mut reports {
        let issuer = &report.issuer;
        for (client, identities) in &workloads {
            let mut here = identities.iter().filter(|identity| identity.issuer == issuer.issuer).peekable();
            report.clients += u64::from(here.peek().is_some());
            for identity in here {
                report.is_open_to_strangers |= issuer.lets_strangers_be(identity);
                let last_used = uses.get(client).and_then(|uses| uses.last_used(identity_hash(identity)));
                report.last_used = report.last_used.max(last_used);
            }
        }
    }
    Ok(reports)
}

/// Reads the keys of all issuers that are enabled.
///
/// # Errors
/// [`FederationProblem::IssuerUnreadable`] with the first whose keys can't be had.
pub(crate) async fn ensure_keys_can_be_read(reader: &Reader, settings: &AssertionSettings) -> Result<(), FederationProblem> {
    let issuers = settings.assertion_issuers.iter().enumerate().filter(|(_, issuer)| issuer.enabled);
    let read = issuers.map(|(n, issuer)| async move {
        let field = || format!("settings.assertion_issuers[{n}].{}", issuer.keys.field());
        let unreadable = |no_keys: NoKeys| FederationProblem::IssuerUnreadable { field: field(), why: no_keys.to_string() };
        keys_of(issuer, &reader.key_sets, None, reader.now()).await.map_err(unreadable).map(drop)
    });
    join_all(read).await.into_iter().collect()
}

/// What clients can lose with an issuer.
enum Loss<'a> {
    /// The issuer itself, which is gone.
    Issuer(&'a AssertionIssuer),
    /// Its conditions, in place of which there are others.
    Conditions(&'a AssertionIssuer),
}

impl<'a> Loss<'a> {
    fn from_change(issuer: &'a AssertionIssuer, after: &'a AssertionSettings) -> Option<Self> {
        let kept = after.assertion_issuers.iter().find(|other| other.issuer == issuer.issuer);
        let Some(kept) = kept else { return Some(Self::Issuer(issuer)) };
        let is_open = OpenIssuer::find(&issuer.issuer).is_some();
        (is_open && kept.claims != issuer.claims).then_some(Self::Conditions(kept))
    }

    fn takes_issuer_of(&self, client: &Client) -> bool {
        match self {
            Self::Issuer(issuer) => client.settings.federated.iter().any(|identity| identity.issuer == issuer.issuer),
            Self::Conditions(_) => false,
        }
    }

    fn opens(&self, client: &Client) -> bool {
        match self {
            Self::Issuer(_) => false,
            Self::Conditions(issuer) => {
                let mut of_issuer = client.settings.federated.iter().filter(|identity| identity.issuer == issuer.issuer);
                of_issuer.any(|identity| issuer.lets_strangers_be(identity))
            }
        }
    }
}

/// A token that an administrator asks about.
#[derive(Debug)]
pub struct TokenTest {
    /// The token, as the platform gave it.
    pub token: Secret<String>,
    /// The client that would present it. `None`: each client that names the issuer.
    pub client: Option<ClientId>,
    /// What it would be used for.
    pub purpose: Purpose,
    /// From where it would be presented. `None`: networks aren't judged.
    pub address: Option<IpAddr>,
}

/// What came of the rules for a token.
#[derive(Debug)]
pub struct TokenReport {
    /// All rules in their order, with what came of each. `None`: it wasn't judged.
    pub checks: Vec<(Rule, Option<Result<(), Finding>>)>,
    /// The issuer that the org trusts.
    pub issuer: Option<String>,
    /// The client that presents the token, or that it authenticates.
    pub client: Option<ClientId>,
    /// The place of the identity in the client's `federated`, where the token authenticates it.
    pub identity: Option<usize>,
    /// What the header says.
    pub header: Option<ProtectedHeader>,
    /// What the claims say.
    pub claims: Option<Map<String, Value>>,
    /// The keys that were read.
    pub keys: Option<KeyReading>,
    /// What the client would get for it. `None`: nothing.
    pub would_issue: Option<WouldIssue>,
}

/// What a client would get without asking for anything in particular.
#[derive(Debug)]
pub struct WouldIssue {
    /// The subject of the token.
    pub subject: Subject,
    /// The scopes of the token.
    pub scopes: Vec<Scope>,
    /// For how long it would live.
    pub expires_in: Seconds,
}

impl TokenReport {
    /// Returns the first rule that is broken, and why.
    pub fn first_broken(&self) -> Option<(Rule, &Finding)> {
        self.checks.iter().find_map(|(rule, judged)| match judged {
            Some(Err(finding)) => Some((*rule, finding)),
            Some(Ok(())) | None => None,
        })
    }
}

/// How many tokens an org may have judged in a minute: who has more is guessing.
const MAX_TESTS_PER_MINUTE: u32 = 60;

/// Judges a token by all rules, for an administrator of the org. The test is counted. Nothing else is written, used up or issued; the keys of
/// the issuer may be read. `found` is what was read when the caller was authenticated: the settings for assertions, and the client.
///
/// # Errors
/// [`Refusal::NotFound`] if the org has no such client. [`Refusal::TooManyAttempts`] after 60 tests in a minute. Fails if the store can't be
/// read or written.
pub async fn test(tester: &IssuerTester, service: &Service, mut found: Records, asked: &TokenTest) -> Result<TokenReport, Error> {
    let ports = &tester.directory;
    let (reader, org) = (&ports.reader, service.org());
    let tests = AttemptLimit { org: &org.id, what: "test", by: "all", limit: MAX_TESTS_PER_MINUTE, window: Seconds(60) };
    tests.count(&*tester.counts, reader.now()).await?;
    let settings = found.assertion_settings.remove(&org.id).unwrap_or_default();
    let named = match asked.client {
        Some(id) => Some(found.clients.remove(&(org.id.clone(), id)).ok_or(Refusal::NotFound("client"))?),
        None => None,
    };
    let terms = Terms {
        settings: &settings,
        client: asked.client,
        purpose: asked.purpose,
        here: reader.keys.issuer(),
        from: asked.address.map_or(PresentedFrom::Unsaid, |address| PresentedFrom::Address(Some(address))),
        now: reader.now(),
    };
    let mut inspection = Inspection::begin(asked.token.expose(), terms);
    inspection.go_on(&reader.key_sets, true).await;
    let (mut client, mut identity, mut subject) = (None, None, None);
    if let Some((_, issuer)) = inspection.issuer() {
        match asked.purpose {
            Purpose::ClientAssertion { .. } | Purpose::Grant => {
                let candidates = match named {
                    Some(named) => vec![named],
                    None => clients_of(&*ports.directory, &org.id, issuer).await?,
                };
                match matching(&inspection, issuer, candidates) {
                    Ok((matching, place)) => {
                        inspection.note(Rule::Subject, Ok(()));
                        judge_networks_of_identity(&mut inspection, &matching, place);
                        inspection.judge_networks(matching.settings.allowed_networks.as_ref(), "allowed_cidrs".to_owned());
                        inspection.note(Rule::Client, may(org, &matching, asked.purpose));
                        (client, identity) = (Some(matching), Some(place));
                    }
                    Err(finding) => inspection.note(Rule::Subject, Err(finding)),
                }
            }
            Purpose::SubjectToken { .. } | Purpose::IdJag => {
                client = match (named, inspection.claims()) {
                    (None, Some(claims)) if asked.purpose == Purpose::IdJag => client_in(reader, service, claims).await?,
                    (named, _) => named,
                };
                subject = judge_subject(&mut inspection, issuer, reader, org, asked.purpose).await?;
                if let Some(presenter) = &client {
                    inspection.judge_networks(presenter.settings.allowed_networks.as_ref(), "allowed_cidrs".to_owned());
                }
                judge_presenter(&mut inspection, issuer, org, client.as_deref(), asked.purpose);
            }
        }
        if issuer.reusable {
            inspection.note(Rule::Reuse, Ok(()));
        } else if let Some(used) = inspection.replay_key(&org.id) {
            inspection.note(Rule::Reuse, ensure_unused(ports, &used).await?);
        }
    }
    let is_taken = inspection.first_broken().is_none();
    let would_issue = match (&client, inspection.issuer(), inspection.claims()) {
        (Some(client), Some((_, issuer)), Some(claims)) if is_taken => {
            would_issue(service, client, (issuer, claims), (asked.purpose, subject), ports)
        }
        _ => None,
    };
    let checks = Rule::ALL.iter().map(|rule| (*rule, inspection.judged(*rule).map(|judged| judged.map_err(Clone::clone))));
    Ok(TokenReport {
        checks: checks.collect(),
        issuer: inspection.issuer().map(|(_, issuer)| issuer.issuer.clone()),
        client: client.as_ref().map(|client| client.id),
        identity,
        header: inspection.header().cloned(),
        claims: inspection.claims().map(|claims| claims.as_members().clone()),
        keys: inspection.keys().cloned(),
        would_issue,
    })
}

/// Whether a token that is good only once was not used yet. To look uses nothing up.
async fn ensure_unused(ports: &DirectoryReader, used: &ReplayKey) -> Result<Result<(), Finding>, Fault> {
    let wanted = RecordKeys { uses: vec![used.key()], ..RecordKeys::default() };
    let found = ports.reader.tokens.read(&wanted).await?;
    let is_used = found.uses.get(&used.key()).is_some_and(|until| *until >= used.now);
    let rule = "The token was used before, and its issuer isn't reusable. Ask the platform for another token.";
    Ok(if is_used { Err(Finding::new(rule)) } else { Ok(()) })
}

/// The clients of an org that name an issuer, and that may present its tokens.
async fn clients_of(directory: &dyn ReadDirectory, org: &OrgId, issuer: &AssertionIssuer) -> Result<Vec<Arc<Client>>, Fault> {
    let may_present = |client: &Client| issuer.clients.as_ref().is_none_or(|clients| clients.contains(&client.id));
    let mut of_issuer = Vec::new();
    walk_clients(directory, org, |client| {
        if is_at(&client, issuer) && may_present(&client) {
            of_issuer.push(Arc::new(client));
        }
        ControlFlow::Continue(())
    })
    .await?;
    Ok(of_issuer)
}

/// The first client that the token authenticates, with the identity; or why it isn't the first of them all.
fn matching(
    inspection: &Inspection<'_>,
    issuer: &AssertionIssuer,
    candidates: Vec<Arc<Client>>,
) -> Result<(Arc<Client>, usize), Finding> {
    let mut nearest = None;
    for client in candidates {
        match identity_of(inspection, &client, issuer) {
            Ok(identity) => return Ok((client, identity)),
            Err(finding) => nearest = nearest.or(Some(finding)),
        }
    }
    Err(nearest.unwrap_or_else(|| Finding {
        detail: "No client of the org has a federated identity of this issuer.".to_owned(),
        field: Some("federated".to_owned()),
        ..Finding::default()
    }))
}

/// Whether a client may use its platform's token so.
fn may(org: &Org, client: &Client, purpose: Purpose) -> Result<(), Finding> {
    if client.settings.auth_method != ClientAuthMethod::PrivateKeyJwt {
        return about("auth_method", "The auth_method of the client must be private_key_jwt.");
    }
    may_use(org, client, (purpose == Purpose::Grant).then_some(GrantType::JwtBearer))
}

/// Whether a client is enabled and may use a grant, if there is one.
fn may_use(org: &Org, client: &Client, grant: Option<GrantType>) -> Result<(), Finding> {
    let lacks_it = |grants: &[GrantType]| grant.filter(|grant| !grants.contains(grant));
    if !client.enabled {
        return about("enabled", "The client is disabled.");
    }
    if let Some(grant) = lacks_it(&client.settings.grants) {
        return about("grants", &format!("The grants of the client must have {}.", grant.as_str()));
    }
    if let Some(grant) = lacks_it(&org.settings.oauth.supported_grants) {
        return about("settings.supported_grants", &format!("The org must support {}.", grant.as_str()));
    }
    Ok(())
}

/// What is wrong with a setting of the client or of the org.
fn about(field: &str, detail: &str) -> Result<(), Finding> {
    Err(Finding { field: Some(field.to_owned()), ..Finding::new(detail.to_owned()) })
}

/// Finds the client that an ID-JAG names. `None`: the org has no such client.
async fn client_in(reader: &Reader, service: &Service, claims: &Claims) -> Result<Option<Arc<Client>>, Fault> {
    let Some(name) = claims.text("client_id").ok().flatten() else { return Ok(None) };
    let client = match ClientUrl::parse(name) {
        Ok(url) => ClientRef::Id(document_key(service.id(), &url).client()),
        Err(_) => match name.parse() {
            Ok(client) => client,
            Err(_) => return Ok(None),
        },
    };
    let found = reader.tokens.read(&client.wanted(service.id())).await?;
    client_named(reader, service, &found, &client).await
}

/// Judges [`Rule::Subject`] of a token that is about somebody else than its client. Returns whom it is about.
async fn judge_subject(
    inspection: &mut Inspection<'_>,
    issuer: &AssertionIssuer,
    reader: &Reader,
    org: &Org,
    purpose: Purpose,
) -> Result<Option<Named>, Fault> {
    let Some(claims) = inspection.claims() else { return Ok(None) };
    let members = subject::member_keys(&org.id, claims, purpose);
    let mut found = reader.tokens.read(&RecordKeys { members, ..RecordKeys::default() }).await?;
    let (judged, named) = match subject::named(claims, (issuer, purpose), &org.id, &mut found) {
        Ok(named) => (Ok(()), Some(named)),
        Err(nobody) => (Err(nobody.finding), None),
    };
    inspection.note(Rule::Subject, judged);
    Ok(named)
}

/// Judges [`Rule::Client`] of a token that is about somebody else than its client, as far as it is known who presents it.
fn judge_presenter(
    inspection: &mut Inspection<'_>,
    issuer: &AssertionIssuer,
    org: &Org,
    client: Option<&Client>,
    purpose: Purpose,
) {
    let Some(claims) = inspection.claims() else { return };
    let said = match purpose {
        Purpose::IdJag => IdJag::from_claims(claims).map(Some),
        Purpose::SubjectToken { .. } | Purpose::ClientAssertion { .. } | Purpose::Grant => Ok(None),
    };
    let judged = match (said, client) {
        (Err(WrongType), _) => Err(Finding::new(
            "client_id and scope must be texts, resource a text or a list of texts, authorization_details a list of objects, cnf an object with jkt alone, and act an object with sub.",
        )),
        (Ok(Some(_)), None) => Err(Finding {
            found: claims.given("client_id").cloned(),
            ..Finding::new("The client_id of an ID-JAG must be a client of the org.")
        }),
        (Ok(Some(id_jag)), Some(client)) if !id_jag.is_for(client) => Err(Finding {
            expected: vec![client.outward_name().to_string().into()],
            found: claims.given("client_id").cloned(),
            ..Finding::new("The client_id of an ID-JAG must be the client that presents it.")
        }),
        (Ok(_), Some(client)) => may_present(org, client, issuer, purpose),
        (Ok(None), None) => return,
    };
    inspection.note(Rule::Client, judged);
}

/// Whether a client may present somebody's token of the issuer.
fn may_present(org: &Org, client: &Client, issuer: &AssertionIssuer, purpose: Purpose) -> Result<(), Finding> {
    let is_named = issuer.clients.as_ref().map(|clients| clients.contains(&client.id));
    let is_public = client.settings.kind == ClientKind::Public;
    let grant = if purpose == Purpose::IdJag { GrantType::JwtBearer } else { GrantType::TokenExchange };
    if is_named == Some(false) {
        return about("clients", "The issuer isn't for this client.");
    }
    if is_public && grant == GrantType::TokenExchange {
        return about("kind", "The kind of the client must be confidential.");
    }
    if is_public && is_named.is_none() {
        return about("clients", "A public client may present an ID-JAG only if the issuer's clients name it.");
    }
    may_use(org, client, Some(grant))?;
    let needs_permit = grant == GrantType::TokenExchange && org.settings.oauth.token_exchange.by_permitted_clients_only;
    if needs_permit && !client.settings.may_exchange_tokens {
        return about("may_exchange_tokens", "The client must have may_exchange_tokens, because the org demands it.");
    }
    Ok(())
}

/// What a client would get for a token, if it named no scope.
fn would_issue(
    service: &Service,
    client: &Client,
    (issuer, claims): (&AssertionIssuer, &Claims),
    (purpose, named): (Purpose, Option<Named>),
    ports: &DirectoryReader,
) -> Option<WouldIssue> {
    let (now, org): (Timestamp, _) = (ports.reader.now(), service.org());
    let mut client = client.clone();
    limit_scopes(&mut client, issuer);
    let mut ends_by = None;
    let grant = match purpose {
        Purpose::ClientAssertion { .. } => GrantType::ClientCredentials,
        Purpose::Grant => {
            let longest = client.settings.token_duration.map_or(Seconds::HOUR, |length| length.min(Seconds::HOUR));
            client.settings.token_duration = Some(longest);
            GrantType::JwtBearer
        }
        Purpose::IdJag => GrantType::JwtBearer,
        Purpose::SubjectToken { .. } => {
            ends_by = claims.moment("exp").ok()?;
            GrantType::TokenExchange
        }
    };
    let scopes = match &named {
        None => policy::requested(org, &client, None).ok()?,
        Some(Named { member, .. }) => {
            let said = if purpose == Purpose::IdJag { IdJag::from_claims(claims).ok()?.scopes } else { None };
            let bounds = SubjectBounds { said: said.as_deref(), member: member.as_ref(), ..SubjectBounds::default() };
            policy::requested_for_subject(org, &client, bounds, None).ok()?
        }
    };
    let ask = ClientTokenRequest {
        subject: named.map(|named| named.subject),
        scopes,
        profile: TokenProfile::Rfc9068 { issuer: Audience::parse(ports.reader.keys.issuer().as_str()).ok()? },
        ..ClientTokenRequest::new(Issuance::by(grant))
    };
    let grant = policy::issue(service, &client, ask, RefreshOf::Nobody, now).ok()?;
    let expires_at = [grant.expires_at, ends_by].into_iter().flatten().min()?;
    let expires_in = Seconds(u32::try_from(expires_at.as_secs() - now.as_secs()).ok()?);
    Some(WouldIssue { subject: grant.contents.subject, scopes: grant.contents.scopes, expires_in })
}
