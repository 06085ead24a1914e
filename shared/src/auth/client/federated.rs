//! Clients that are workloads: each authenticates by the token that its platform gives it, and keeps no secret (RFC 7521 section 4.2,
//! RFC 7523 section 2.2).
//!
//! The org says whose tokens it trusts and within which bounds, the client says which of them it is. `Inspection` has the rules. What a
//! client signs itself is told apart by its `iss` and `sub`, and is verified by its own keys alone.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::{AuthenticatedClient, ClientCredentials, ClientProof, VerifiedClient, admit};
use crate::auth::assertion::Finding;
use crate::auth::assertion::inspection::{Inspection, PresentedFrom, Purpose, Rule, Terms, is_subject, trust_domain};
use crate::domain::{
    AssertionIssuer, AssertionSettings, Client, ClientAuthMethod, ClientId, Denial, Error, Fault, FederatedIdentity, Org, OrgId,
    PlatformAssertion, Scope, Secret,
};
use crate::jose::foreign::{Claims, Unverified};
use crate::keys::remote::NoKeys;
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, WorkloadKey};

/// The token of a platform that a client presents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlatformToken<'a> {
    token: &'a Secret<String>,
    presented_as: PresentedAs,
    /// From where it is presented, if that is known.
    address: Option<IpAddr>,
}

/// How the token of a platform is presented.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum PresentedAs {
    /// As `client_assertion`, and perhaps as a JWT-SVID (`jwt-spiffe`).
    ClientAssertion { of_spiffe: bool },
    /// As `assertion`, with nothing beside it.
    Grant,
}

impl PresentedAs {
    const fn purpose(self) -> Purpose {
        match self {
            Self::ClientAssertion { of_spiffe } => Purpose::ClientAssertion { of_spiffe },
            Self::Grant => Purpose::Grant,
        }
    }
}

/// What a platform has said of a client that has authenticated by its token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Federation {
    /// What the token said.
    pub said: PlatformAssertion,
    /// Whether the token was presented as a grant, alone: RFC 7523 section 2.1.
    pub is_grant: bool,
}

/// Reads, with the client, whose tokens its org trusts.
pub(super) struct IssuersLookup;

impl crate::auth::service::Lookup for IssuersLookup {
    fn wanted(&self, org: &OrgId) -> RecordKeys {
        RecordKeys { assertion_settings: vec![org.clone()], ..RecordKeys::default() }
    }
}

impl ClientCredentials {
    /// Returns the token of a platform that the client shall authenticate by. `None`: there is none, or it is the client's own assertion.
    /// Its `sub` isn't a client, so the client must be named beside it (RFC 7521 section 4.2).
    pub(crate) fn platform_token(&self) -> Option<PlatformToken<'_>> {
        let name = self.form.id.as_deref().filter(|_| self.id.is_none())?;
        match self.presented().ok()? {
            ClientProof::Assertion { assertion, of_spiffe } => {
                let is_own = |claims: &Claims| ["iss", "sub"].iter().any(|it| claims.text(it).ok().flatten() == Some(name));
                let Some(Unverified::Signed(claims)) = Unverified::read(assertion.expose()) else { return None };
                let presented_as = PresentedAs::ClientAssertion { of_spiffe };
                (!is_own(&claims)).then_some(PlatformToken { token: assertion, presented_as, address: self.address })
            }
            ClientProof::Nothing => {
                let token = self.grant_assertion.as_ref()?;
                Some(PlatformToken { token, presented_as: PresentedAs::Grant, address: self.address })
            }
            ClientProof::Secret { .. } => None,
        }
    }
}

impl ClientCredentials {
    /// Returns the token of a platform that is presented without the name of a client. What a client signs itself has its name as `iss` and
    /// `sub`.
    pub(crate) fn unnamed_token(&self) -> Option<&Secret<String>> {
        if self.id.is_some() || self.form.id.is_some() {
            return None;
        }
        match self.presented().ok()? {
            ClientProof::Assertion { assertion, .. } => {
                let Some(Unverified::Signed(claims)) = Unverified::read(assertion.expose()) else { return None };
                let text = |name| claims.text(name).ok().flatten();
                (text("iss") != text("sub")).then_some(assertion)
            }
            ClientProof::Nothing => self.grant_assertion.as_ref(),
            ClientProof::Secret { .. } => None,
        }
    }
}

impl PlatformToken<'_> {
    /// What is judged of it, for this client.
    fn terms<'t>(&self, reader: &'t Reader, settings: &'t AssertionSettings, client: Option<ClientId>) -> Terms<'t> {
        let (here, now) = (reader.keys.issuer(), reader.now());
        Terms { settings, client, purpose: self.presented_as.purpose(), here, from: PresentedFrom::Address(self.address), now }
    }

    /// Whether it is what authenticates this client. A grant that stands alone is that only of a client that is a workload: others present
    /// it for somebody else.
    pub(super) fn is_proof_of(&self, client: &Client) -> bool {
        match self.presented_as {
            PresentedAs::ClientAssertion { .. } => true,
            PresentedAs::Grant => !client.settings.federated.is_empty(),
        }
    }

    /// What a client is told that it doesn't authenticate: always the same.
    pub(super) const fn denial(&self) -> Denial {
        match self.presented_as {
            PresentedAs::ClientAssertion { .. } => Denial::PlatformTokenRefused,
            PresentedAs::Grant => Denial::PlatformTokenRefusedAsGrant,
        }
    }

    /// Does for a client that isn't there what [`verify`] does for others before it reads keys.
    pub(super) fn refuse(&self, reader: &Reader) -> Denial {
        let settings = AssertionSettings::default();
        let terms = self.terms(reader, &settings, None);
        drop(Inspection::begin(self.token.expose(), terms));
        match self.presented_as {
            PresentedAs::ClientAssertion { .. } => self.denial(),
            // Nothing else was presented.
            PresentedAs::Grant => Denial::ClientUnauthenticated,
        }
    }
}

/// Finds the client of an org that the token of a platform is of, where the token stands alone and names none: exactly one must name its
/// issuer and its subject. `None`: there is no such client, or several.
///
/// Nothing is verified: that is done for the client that was found.
pub(crate) async fn find_by_token(reader: &Reader, org: &OrgId, token: &Secret<String>) -> Result<Option<ClientId>, Fault> {
    let Some(Unverified::Signed(claims)) = Unverified::read(token.expose()) else { return Ok(None) };
    let Some(subject) = claims.text("sub").ok().flatten() else { return Ok(None) };
    let named = claims.text("iss").ok().flatten().map(str::to_owned);
    let issuers = named.into_iter().chain(trust_domain(&claims));
    let workloads = issuers.map(|issuer| WorkloadKey::new(org, &issuer, subject)).collect();
    let wanted = RecordKeys { workloads, ..RecordKeys::default() };
    let found: BTreeSet<_> = reader.tokens.read(&wanted).await?.workloads.into_values().flatten().collect();
    Ok(found.first().copied().filter(|_| found.len() == 1))
}

/// Verifies the token of a platform as the proof of this client, without using it up: by the rules of its issuer and, of the client, by
/// the first identity that matches. The client then has no more scopes than the issuer's tokens can open.
///
/// # Errors
/// [`Denial::PlatformTokenRefused`] or, of a grant, [`Denial::PlatformTokenRefusedAsGrant`], whatever is wrong;
/// [`Denial::ClientDisabled`] and [`Denial::ClientAddressRefused`] last, which are for the client alone to know. Fails, so that it can be retried, if the keys of an issuer
/// that the client names can't be read.
pub(super) async fn verify(
    reader: &Reader,
    org: &Org,
    mut client: Arc<Client>,
    settings: &AssertionSettings,
    presented: PlatformToken<'_>,
) -> Result<VerifiedClient, Error> {
    let denial = presented.denial();
    let terms = presented.terms(reader, settings, Some(client.id));
    let mut inspection = Inspection::begin(presented.token.expose(), terms);
    let names_issuer = inspection.issuer().is_some_and(|(_, issuer)| is_at(&client, issuer));
    // Whoever can't be the client has no keys read.
    if names_issuer {
        inspection.go_on(&reader.key_sets, false).await;
    }
    // Only the client itself, from elsewhere, is worth an alarm.
    let may_be_client = inspection.first_broken().is_none_or(|(rule, _)| *rule == Rule::Network);
    let identity = may_be_client.then(|| judge_identity(&mut inspection, &client)).flatten();
    let found = inspection.issuer().zip(identity);
    let Some(((_, issuer), identity)) = found.filter(|_| inspection.first_broken().is_none()) else {
        log(org, &client, &inspection);
        inspection.raise_alarm(&client);
        return match inspection.take_unread() {
            Some(NoKeys::Unread(fault)) => Err(fault.into()),
            Some(NoKeys::OutOfReach(_)) | None => Err(denial.into()),
        };
    };
    if client.settings.auth_method != ClientAuthMethod::PrivateKeyJwt {
        return Err(denial.into());
    }
    admit(&client, presented.address)?;
    let said = PlatformAssertion {
        issuer: issuer.issuer.clone(),
        subject: PlatformAssertion::cut(inspection.subject().unwrap_or_default()),
        id: inspection.claims().and_then(|claims| claims.text("jti").ok().flatten()).map(str::to_owned),
        kid: inspection.header().and_then(|header| header.kid.clone()),
        identity: u32::try_from(identity).unwrap_or(u32::MAX),
    };
    let federation = Federation { said, is_grant: presented.presented_as == PresentedAs::Grant };
    limit_scopes(Arc::make_mut(&mut client), issuer);
    let replay_guard = inspection.replay_guard(&org.id, denial).map(|guard| guard.alarming(client.id));
    let client = AuthenticatedClient { client, alias_used: false, federation: Some(Box::new(federation)) };
    Ok(VerifiedClient { client, replay_guard })
}

/// Whether the client is a workload of this issuer.
pub(crate) fn is_at(client: &Client, issuer: &AssertionIssuer) -> bool {
    client.settings.federated.iter().any(|identity| identity.issuer == issuer.issuer)
}

/// Judges [`Rule::Subject`] and, of the identity, [`Rule::Network`]: returns the place of the first identity of the client that the token is of.
pub(crate) fn judge_identity(inspection: &mut Inspection<'_>, client: &Client) -> Option<usize> {
    let (_, issuer) = inspection.issuer()?;
    match identity_of(inspection, client, issuer) {
        Ok(n) => {
            inspection.note(Rule::Subject, Ok(()));
            judge_networks_of_identity(inspection, client, n);
            Some(n)
        }
        Err(finding) => {
            inspection.note(Rule::Subject, Err(finding));
            None
        }
    }
}

/// Judges [`Rule::Network`] by what the client says of the identity at this place.
pub(crate) fn judge_networks_of_identity(inspection: &mut Inspection<'_>, client: &Client, n: usize) {
    let networks = client.settings.federated.get(n).and_then(|identity| identity.allowed_networks.as_ref());
    inspection.judge_networks(networks, format!("federated[{n}].allowed_cidrs"));
}

/// Returns the place of the first identity of the client that the token is of.
///
/// # Errors
/// What keeps the nearest identity from being it.
pub(crate) fn identity_of(inspection: &Inspection<'_>, client: &Client, issuer: &AssertionIssuer) -> Result<usize, Finding> {
    let Some((claims, subject)) = inspection.claims().zip(inspection.subject()).filter(|(_, sub)| is_subject(issuer, sub)) else {
        let rule = if issuer.is_trust_domain() { "a SPIFFE ID of the trust domain" } else { "a text of 1 to 1,024 bytes" };
        return Err(Finding::new(format!("The sub must be {rule}.")));
    };
    let mut nearest = None;
    for (n, identity) in client.settings.federated.iter().enumerate().filter(|(_, it)| it.issuer == issuer.issuer) {
        match mismatch(n, identity, issuer, (claims, subject)) {
            None => return Ok(n),
            // One whose subject is right is nearer than one whose subject is another's.
            Some(finding) if nearest.is_none() || identity.subject.matches(subject) => nearest = Some(finding),
            Some(_) => {}
        }
    }
    Err(nearest.unwrap_or_else(|| Finding {
        field: Some("federated".to_owned()),
        ..Finding::new("The client has no federated identity of this issuer.")
    }))
}

fn mismatch(
    n: usize,
    identity: &FederatedIdentity,
    issuer: &AssertionIssuer,
    (claims, subject): (&Claims, &str),
) -> Option<Finding> {
    if issuer.lets_strangers_be(identity) {
        let detail = "ISSUER_OPEN_TO_STRANGERS: strangers could be this identity, so it counts for nobody.";
        return Some(Finding { field: Some(format!("federated[{n}]")), ..Finding::new(detail) });
    }
    if !identity.subject.matches(subject) {
        return Some(Finding {
            detail: "The sub isn't the subject of the client's identity.".to_owned(),
            field: Some(format!("federated[{n}].subject")),
            expected: vec![identity.subject.to_string().into()],
            found: Some(subject.into()),
        });
    }
    let (claim, finding) = crate::auth::assertion::unmet_condition(claims, &identity.claims)?;
    Some(Finding { field: Some(format!("federated[{n}].claims.{claim}")), ..finding })
}

/// Leaves the client those of its scopes that tokens of the issuer can open.
pub(crate) fn limit_scopes(client: &mut Client, issuer: &AssertionIssuer) {
    let Some(opened) = &issuer.scopes else { return };
    client.settings.scopes = Some(match client.settings.scopes.take() {
        Some(scopes) => scopes.into_iter().filter(|scope: &Scope| opened.contains(scope)).collect(),
        None => opened.clone(),
    });
}

/// Logs which rule a token breaks, and nothing of the token but its issuer.
fn log(org: &Org, client: &Client, inspection: &Inspection<'_>) {
    let rule = inspection.first_broken().map_or(Rule::Subject, |(rule, _)| *rule).as_str();
    let issuer = inspection.issuer().map(|(_, issuer)| issuer.issuer.as_str());
    tracing::info!(org = org.id.as_str(), client = %client.id, issuer, rule, "the token of a platform is refused");
}
