//! The issuers of assertions that an org trusts, and the clients that are workloads of them: what one side says must not leave the other
//! without what it relies on.

use serde_json::{Map, Value};

use crate::auth::assertion::inspection::{Inspection, Terms};
use crate::auth::assertion::{Finding, Purpose, Rule};
use crate::auth::client::federated::{identity_of, is_at, limit_scopes};
use crate::domain::{
    AssertionIssuer, AssertionSettings, Audience, Client, ClientAuthMethod, ClientId, Error, Fault, FederatedIdentity,
    FederationProblem, GrantType, Issuance, OpenIssuer, Org, OrgId, Refusal, Scope, Seconds, Secret, Service, Timestamp,
};
use crate::jose::jws::ProtectedHeader;
use crate::keys::remote::KeyReading;
use crate::platform::capabilities::DirectoryReader;
use crate::policy::{self, ClientTokenRequest, RefreshOf, TokenProfile};
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
    let mut last = None;
    loop {
        let clients = directory.clients(org, last, AT_ONCE).await?;
        for client in &clients {
            if changes.iter().any(|change| change.takes_issuer_of(client)) {
                in_use.push(client.id);
            }
            if changes.iter().any(|change| change.opens(client)) {
                open.push(client.id);
            }
        }
        last = clients.last().map(|client| client.id).filter(|_| clients.len() == AT_ONCE);
        if last.is_none() || in_use.len() + open.len() >= FederationProblem::MAX_NAMED {
            break;
        }
    }
    if !in_use.is_empty() {
        return Err(FederationProblem::IssuerInUse(in_use).into());
    }
    if open.is_empty() { Ok(()) } else { Err(FederationProblem::ClientsNeedConditions(open).into()) }
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
}

/// What came of the rules for a token.
#[derive(Debug)]
pub struct TokenReport {
    /// All rules in their order, with what came of each. `None`: it wasn't judged.
    pub checks: Vec<(Rule, Option<Result<(), Finding>>)>,
    /// The issuer that the org trusts.
    pub issuer: Option<String>,
    /// The client that the token authenticates, and the place of the identity in its `federated`.
    pub client: Option<(ClientId, usize)>,
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

/// Judges a token by all rules, for an administrator of the org. Nothing is used up, issued or written; the keys of the issuer may be read.
/// `found` is what was read when the caller was authenticated: the settings for assertions, and the client.
///
/// # Errors
/// [`Refusal::NotFound`] if the org has no such client. Fails if the store can't be read.
pub async fn test(
    ports: &DirectoryReader,
    service: &Service,
    mut found: Records,
    asked: &TokenTest,
) -> Result<TokenReport, Error> {
    let (reader, org) = (&ports.reader, service.org());
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
        now: reader.now(),
    };
    let mut inspection = Inspection::begin(asked.token.expose(), terms);
    inspection.go_on(&reader.key_sets, true).await;
    let mut client = None;
    if let Some((_, issuer)) = inspection.issuer() {
        let candidates = match named {
            Some(named) => vec![named],
            None => clients_of(&*ports.directory, &org.id, issuer).await?,
        };
        match matching(&inspection, issuer, candidates) {
            Ok((matching, identity)) => {
                inspection.note(Rule::Subject, Ok(()));
                inspection.note(Rule::Client, may(org, &matching, asked.purpose));
                client = Some((matching, identity));
            }
            Err(finding) => inspection.note(Rule::Subject, Err(finding)),
        }
        if issuer.reusable {
            inspection.note(Rule::Reuse, Ok(()));
        } else if let Some(used) = inspection.replay_key(&org.id) {
            inspection.note(Rule::Reuse, ensure_unused(ports, &used).await?);
        }
    }
    let is_taken = inspection.first_broken().is_none();
    let would_issue = match (&client, inspection.issuer()) {
        (Some((client, _)), Some((_, issuer))) if is_taken => would_issue(service, client, issuer, asked.purpose, ports),
        _ => None,
    };
    let checks = Rule::ALL.iter().map(|rule| (*rule, inspection.judged(*rule).map(|judged| judged.map_err(Clone::clone))));
    Ok(TokenReport {
        checks: checks.collect(),
        issuer: inspection.issuer().map(|(_, issuer)| issuer.issuer.clone()),
        client: client.as_ref().map(|(client, identity)| (client.id, *identity)),
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
async fn clients_of(directory: &dyn ReadDirectory, org: &OrgId, issuer: &AssertionIssuer) -> Result<Vec<Client>, Fault> {
    let (mut of_issuer, mut last) = (Vec::new(), None);
    loop {
        let clients = directory.clients(org, last, AT_ONCE).await?;
        last = clients.last().map(|client| client.id).filter(|_| clients.len() == AT_ONCE);
        let may_present = |client: &Client| issuer.clients.as_ref().is_none_or(|clients| clients.contains(&client.id));
        of_issuer.extend(clients.into_iter().filter(|client| is_at(client, issuer) && may_present(client)));
        if last.is_none() {
            return Ok(of_issuer);
        }
    }
}

/// The first client that the token authenticates, with the identity; or why it isn't the first of them all.
fn matching(inspection: &Inspection<'_>, issuer: &AssertionIssuer, candidates: Vec<Client>) -> Result<(Client, usize), Finding> {
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
    let about = |field: &str, detail: &str| {
        Err(Finding { detail: detail.to_owned(), field: Some(field.to_owned()), ..Finding::default() })
    };
    if client.settings.auth_method != ClientAuthMethod::PrivateKeyJwt {
        return about("auth_method", "The auth_method of the client must be private_key_jwt.");
    }
    if !client.enabled {
        return about("enabled", "The client is disabled.");
    }
    if purpose != Purpose::Grant {
        return Ok(());
    }
    if !client.settings.grants.contains(&GrantType::JwtBearer) {
        return about("grants", "The grants of the client must have urn:ietf:params:oauth:grant-type:jwt-bearer.");
    }
    if !org.settings.oauth.supported_grants.contains(&GrantType::JwtBearer) {
        return about("settings.supported_grants", "The org must support urn:ietf:params:oauth:grant-type:jwt-bearer.");
    }
    Ok(())
}

/// What a client would get for its platform's token, if it named no scope.
fn would_issue(
    service: &Service,
    client: &Client,
    issuer: &AssertionIssuer,
    purpose: Purpose,
    ports: &DirectoryReader,
) -> Option<WouldIssue> {
    let now: Timestamp = ports.reader.now();
    let mut client = client.clone();
    limit_scopes(&mut client, issuer);
    let grant = match purpose {
        Purpose::ClientAssertion { .. } => GrantType::ClientCredentials,
        Purpose::Grant => {
            let longest = client.settings.token_duration.map_or(Seconds::HOUR, |length| length.min(Seconds::HOUR));
            client.settings.token_duration = Some(longest);
            GrantType::JwtBearer
        }
    };
    let ask = ClientTokenRequest {
        scopes: policy::requested(service.org(), &client, None).ok()?,
        profile: TokenProfile::Rfc9068 { issuer: Audience::parse(ports.reader.keys.issuer().as_str()).ok()? },
        ..ClientTokenRequest::new(Issuance::by(grant))
    };
    let grant = policy::issue(service, &client, ask, RefreshOf::Nobody, now).ok()?;
    let seconds = grant.expires_at?.as_secs() - now.as_secs();
    Some(WouldIssue { scopes: grant.contents.scopes, expires_in: Seconds(u32::try_from(seconds).ok()?) })
}
