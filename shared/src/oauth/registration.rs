//! Clients that register themselves (RFC 7591), and then look after their registration (RFC 7592).

use std::net::IpAddr;
use std::sync::Arc;

use crate::admin::clients;
use crate::admin::clients::{free_number, has_keys};
use crate::auth::client::find;
use crate::auth::secret;
use crate::domain::{
    CertificateSubject, Client, ClientAuthMethod, ClientKind, ClientMetadata, ClientOrigin, ClientRef, ClientSecret,
    ClientSettings, Error, Fault, GrantType, OpenRegistration, Org, RedirectUri, Refusal, Scope, Seconds, Secret, Service,
    Timestamp, TokenProblem,
};
use crate::jose::equal;
use crate::platform::capabilities::{Reader, Registrar, RegistrationRemover, RegistrationWriter};
use crate::policy::supported;
use crate::store::attempts::AttemptLimit;
use crate::store::{CountEvents, RecordKeys, Replaced, WriteDirectory};

/// The path of registration. With a client's number behind it, it is where the client looks after its own.
pub const PATH: &str = "/oauth2/register";

/// What a client says of itself. What it may have of that, its org decides.
#[derive(Clone, Debug)]
pub struct Registration {
    /// A name for people.
    pub name: Option<String>,
    /// How it will prove who it is. One that won't is public.
    pub auth_method: ClientAuthMethod,
    /// The grants that it wants. `None`: what is usual.
    pub grants: Option<Vec<GrantType>>,
    /// What it wants of an authorization endpoint, each with its words in alphabetical order: `code id_token`.
    pub response_types: Vec<String>,
    /// Where an authorization endpoint may send people back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where people may go after they have logged out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The scopes that it wants. `None`: those that the org gives where nobody asks for any.
    pub scopes: Option<Vec<Scope>>,
    /// Its public keys: a JWK Set that has been read.
    pub jwks: Option<String>,
    /// Whose certificate authenticates it.
    pub certificate_subject: Option<CertificateSubject>,
    /// Whether its tokens are bound to its certificate.
    pub certificate_bound_tokens: bool,
    /// Whether it must prove a key with each token request.
    pub dpop_bound_tokens: bool,
    /// What is only kept and shown.
    pub metadata: ClientMetadata,
}

/// A client as it is registered now.
#[derive(Debug)]
pub struct Registered {
    /// In whose name it is served.
    pub service: Service,
    /// The client as it is stored now.
    pub client: Arc<Client>,
    /// The token by which it looks after its registration.
    pub token: Secret<String>,
    /// Its secret, if it has just been made: it is told this once.
    pub secret: Option<Secret<String>>,
}

/// Registers a client in the org of the service or token that allowed it: RFC 7591 section 3.
///
/// Its secret and its registration token are told in this answer alone, because only their hashes are stored.
///
/// # Errors
/// - [`Refusal::Invalid`] with the name of a member, if the org doesn't support what the client asks for (grants, scopes), or
///   if members contradict each other: a grant that redirects people without a redirect URI, a response type without its
///   grant, a method of authentication without its keys.
/// - [`Refusal::Conflict`], if the org is gone.
pub async fn register(ports: &Registrar, service: Service, said: Registration) -> Result<Registered, Error> {
    let settings = accepted(service.org(), said, None)?;
    record(ports, service, settings, ClientOrigin::Registered).await
}

/// Registers a stranger's client in the org that is open to strangers. `read` reads what it says of itself, by the rules of the org.
///
/// It ends after a day, or what the org says, if no person lets it in; each time that a person does, the end moves. So many can register
/// in an hour as the org says, and so many from one address: that is counted before anything is written.
///
/// # Errors
/// - [`Refusal::CredentialsMissing`], if no org lets strangers register.
/// - [`Refusal::TooManyAttempts`], if enough have registered in this hour.
/// - [`Refusal::Invalid`], for the reasons of [`register`], and whatever else `read` refuses.
pub async fn register_stranger(
    ports: &Registrar,
    address: Option<IpAddr>,
    read: impl FnOnce(&OpenRegistration) -> Result<Registration, Refusal>,
) -> Result<Registered, Error> {
    let id = ports.open_org.id().ok_or(Refusal::CredentialsMissing)?;
    let wanted = RecordKeys { orgs: vec![id.clone()], ..RecordKeys::default() };
    let org = ports.reader.tokens.read(&wanted).await?.orgs.remove(id).filter(|org| org.enabled);
    let org = org.filter(|org| org.settings.oauth.open_registration.enabled).ok_or(Refusal::CredentialsMissing)?;
    let rules = &org.settings.oauth.open_registration;
    let settings = accepted_of_stranger(&org, read(rules)?)?;
    let now = ports.reader.now();
    count(&*ports.events, &org, address, now).await?;
    let origin = ClientOrigin::SelfRegistered { expires_at: now.plus(rules.unused_duration) };
    record(ports, Service::of_own_clients(org), settings, origin).await
}

/// Counts a registration of a stranger, for its address and for all together.
async fn count(events: &dyn CountEvents, org: &Org, address: Option<IpAddr>, now: Timestamp) -> Result<(), Error> {
    let OpenRegistration { most_per_hour, most_per_address, .. } = org.settings.oauth.open_registration;
    for (by, limit) in [(&*network(address), most_per_address), ("all", most_per_hour)] {
        AttemptLimit { org: &org.id, what: "register", by, limit, window: Seconds::HOUR }.count(events, now).await?;
    }
    Ok(())
}

/// What stands for all addresses that one caller can have: of IPv6, everybody has at least 2^64.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Moves the end of a stranger's client that a person lets in: it stays as long from now on as its org says. Written once a day at most.
///
/// # Errors
/// Only a [`Fault`] of the store.
pub(super) async fn keep_longer(
    reader: &Reader,
    write: &dyn WriteDirectory,
    service: &Service,
    mut client: Arc<Client>,
) -> Result<(), Fault> {
    const MAX_ATTEMPTS: usize = 3;
    for _ in 0..MAX_ATTEMPTS {
        let ClientOrigin::SelfRegistered { expires_at } = client.origin else { return Ok(()) };
        let end = reader.now().plus(service.org().settings.oauth.open_registration.duration);
        if end < expires_at.plus(Seconds::DAY) && reader.now().plus(Seconds::DAY) < expires_at {
            return Ok(());
        }
        let kept = Client { origin: ClientOrigin::SelfRegistered { expires_at: end.max(expires_at) }, ..(*client).clone() };
        match write.replace_client(&client, &kept).await? {
            Replaced::Done | Replaced::Taken => return Ok(()),
            Replaced::Outdated | Replaced::Dangling => {}
        }
        let key = (client.org.clone(), client.id);
        let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
        let Some(now) = reader.tokens.read(&wanted).await?.clients.remove(&key) else { return Ok(()) };
        client = now;
    }
    Err(Fault::unavailable("moving the end of a client that others change all the time"))
}

async fn record(
    ports: &Registrar,
    service: Service,
    settings: ClientSettings,
    origin: ClientOrigin,
) -> Result<Registered, Error> {
    let now = ports.reader.now();
    let id = free_number(&ports.reader, &*ports.entropy).await?;
    let secret =
        settings.auth_method.has_secret().then(|| secret::draw::<{ clients::SECRET_BYTES }>(&*ports.entropy)).transpose()?;
    let token = secret::draw::<32>(&*ports.entropy)?;
    let client = Client {
        secrets: secret.iter().map(|secret| ClientSecret::new(secret::hash(secret), now)).collect(),
        registration_token: Some(secret::hash(&token)),
        origin,
        ..Client::new(service.id().clone(), id, settings, now)
    };
    clients::put(&*ports.write, &client).await?;
    Ok(Registered { service, client: Arc::new(client), token, secret })
}

/// Finds the client whose registration `token` opens: one consistent read, and another one the first time that it is seen.
///
/// Clients that are unknown, of a disabled org, or of another token get one answer, after the same work. A client that is
/// locked is told so by its own token: it is known, and not permitted to read or change its record (RFC 7592 section 2.1).
///
/// # Errors
/// - [`Refusal::CredentialsRejected`], if no enabled org has such a client with this token.
/// - [`Refusal::ClientLocked`], if the client is locked.
pub async fn identify(reader: &Reader, id: &str, token: Secret<String>) -> Result<Registered, Error> {
    let known = match id.parse() {
        Ok(ClientRef::Id(id)) => find(reader, id, |_| ()).await?.filter(|(org, ..)| org.enabled),
        Ok(ClientRef::Alias(_)) | Err(_) => None,
    };
    let there = known.as_ref().and_then(|(_, client, ..)| client.registration_token).unwrap_or_default();
    let is_its_own = equal(&there, &secret::hash(&token));
    let (org, client, ..) = known.filter(|_| is_its_own).ok_or(REJECTED)?;
    if !client.enabled {
        return Err(Refusal::ClientLocked.into());
    }
    Ok(Registered { service: Service::of_own_clients(org), client, token, secret: None })
}

/// What an update says, and the secret that it has with it.
#[derive(Debug)]
pub struct Update {
    /// What the client says of itself from now on.
    pub said: Registration,
    /// Must be one that the client has: it can't choose its own.
    pub secret: Option<Secret<String>>,
}

/// Replaces what a client has said of itself. What others have said of it stays: RFC 7592 section 2.2.
///
/// `read` reads the update for the client as it is by then: it is called again if somebody else changes the client meanwhile.
///
/// # Errors
/// - [`Refusal::Invalid`], for the reasons of [`register`], or if the update has a secret that isn't the client's.
/// - [`Refusal::ClientLocked`], if the client has been locked meanwhile.
/// - [`Refusal::CredentialsRejected`], if it has been deleted meanwhile.
/// - Whatever `read` refuses.
pub async fn replace(
    ports: &RegistrationWriter,
    known: Registered,
    read: impl Fn(&Client) -> Result<Update, Error> + Send + Sync,
) -> Result<Registered, Error> {
    let Registered { service, client, token, .. } = known;
    let fresh = secret::draw::<{ clients::SECRET_BYTES }>(&*ports.entropy)?;
    let now = ports.reader.now();
    let change = |old: &Client| {
        if !old.enabled {
            return Err(Refusal::ClientLocked.into());
        }
        let Update { said, secret } = read(old)?;
        if secret.is_some_and(|secret| !secret::is_among(&secret, &live(old, now))) {
            return Err(Refusal::invalid("client_secret", "must be the client's current secret").into());
        }
        let said = if old.is_stranger() { limited(service.org(), said)? } else { said };
        let settings = accepted(service.org(), said, Some(old))?;
        let secrets = match settings.auth_method.has_secret() {
            true if live(old, now).is_empty() => vec![ClientSecret::new(secret::hash(&fresh), now)],
            true => old.secrets.clone(),
            false => Vec::new(),
        };
        Ok(Client { secrets, ..old.clone().with_settings(settings, now) })
    };
    let client = match clients::replace(&ports.reader, &*ports.write, client, change).await {
        // It was deleted meanwhile.
        Err(Error::Refused(Refusal::NotFound(_))) => return Err(REJECTED.into()),
        other => other?,
    };
    let secret = secret::is_among(&fresh, &live(&client, now)).then_some(fresh);
    Ok(Registered { service, client: Arc::new(client), token, secret })
}

/// Deletes a client that doesn't want to be registered any longer, and revokes all its tokens: RFC 7592 section 2.3.
///
/// # Errors
/// [`Refusal::Conflict`], if something still belongs to it.
pub async fn delete(ports: &RegistrationRemover, known: &Registered) -> Result<(), Error> {
    clients::delete_found(&*ports.write, &*ports.revoke, &known.service, &known.client, ports.reader.now()).await
}

const REJECTED: Refusal = Refusal::CredentialsRejected(TokenProblem::Invalid);

/// The hashes of the secrets by which a client can authenticate now.
fn live(client: &Client, now: Timestamp) -> Vec<[u8; 32]> {
    client.live_secrets(now).map(|secret| secret.hash).collect()
}

/// The client that comes of what is said, if its org lets it, and if it isn't at odds with itself: RFC 7591 section 2. What
/// nobody can say of itself is as others have said it, or as it is with a new client.
fn accepted(org: &Org, said: Registration, existing: Option<&Client>) -> Result<ClientSettings, Refusal> {
    let kind = match said.auth_method {
        ClientAuthMethod::None => ClientKind::Public,
        ClientAuthMethod::ClientSecretBasic
        | ClientAuthMethod::ClientSecretPost
        | ClientAuthMethod::PrivateKeyJwt
        | ClientAuthMethod::TlsClientAuth
        | ClientAuthMethod::SelfSignedTlsClientAuth => ClientKind::Confidential,
    };
    let grants = grants(org, kind, &said)?;
    redirectable(&said, &grants)?;
    authenticable(&said)?;
    Ok(ClientSettings {
        name: said.name,
        kind,
        auth_method: said.auth_method,
        grants,
        scopes: Some(scopes(org, said.scopes)?),
        jwks: said.jwks,
        certificate_bound_tokens: said.certificate_bound_tokens,
        dpop_bound_tokens: said.dpop_bound_tokens,
        certificate_subject: said.certificate_subject,
        redirect_uris: said.redirect_uris,
        post_logout_redirect_uris: said.post_logout_redirect_uris,
        metadata: said.metadata,
        ..existing.map_or_else(|| ClientSettings::new(kind), |client| client.settings.clone())
    })
}

/// The settings of a stranger's client that registers itself.
fn accepted_of_stranger(org: &Org, said: Registration) -> Result<ClientSettings, Refusal> {
    accepted(org, limited(org, said)?, None)
}

/// What is said of a stranger's client, without what strangers can't have. It is told so in the answer: RFC 7591 section 3.2.1.
fn limited(org: &Org, said: Registration) -> Result<Registration, Refusal> {
    const GRANTS: [GrantType; 3] = [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode];
    let settings = &org.settings.oauth;
    let mut grants = said.grants.unwrap_or_else(|| vec![GrantType::AuthorizationCode]);
    grants.retain(|grant| GRANTS.contains(grant) && settings.supported_grants.contains(grant));
    let lets_in = |grant: &GrantType| *grant != GrantType::RefreshToken;
    if !grants.iter().any(lets_in) {
        return Err(Refusal::invalid(
            "grant_types",
            "must have authorization_code or another one by which a person lets a client in",
        ));
    }
    if said.redirect_uris.is_empty() {
        return Err(Refusal::invalid("redirect_uris", "is required"));
    }
    let mut scopes = said.scopes.unwrap_or_default();
    scopes.retain(|scope| settings.lets_strangers_have(scope));
    if scopes.is_empty() {
        scopes = settings.strangers_scopes().cloned().collect();
    }
    let response_types = said.response_types.into_iter().filter(|response_type| response_type == "code").collect();
    Ok(Registration { grants: Some(grants), scopes: Some(scopes), response_types, ..said })
}

fn grants(org: &Org, kind: ClientKind, said: &Registration) -> Result<Vec<GrantType>, Refusal> {
    const FIELD: &str = "grant_types";
    // RFC 7591 section 2 makes `authorization_code` the default. A client that can authenticate, and to which nobody can be sent back, gets
    // what works without a person, and is told so in the answer: section 3.2.1.
    let usual = match kind {
        ClientKind::Confidential if said.redirect_uris.is_empty() => [GrantType::ClientCredentials],
        ClientKind::Confidential | ClientKind::Public => [GrantType::AuthorizationCode],
    };
    let mut grants = Vec::new();
    for grant in said.grants.as_deref().unwrap_or(&usual) {
        if !org.settings.oauth.supported_grants.contains(grant) {
            return Err(Refusal::invalid(FIELD, "must be among those that the service supports"));
        }
        if grant.is_for_confidential() && kind == ClientKind::Public {
            return Err(Refusal::invalid(
                FIELD,
                "must not have client_credentials, token-exchange or ciba for a client that can't authenticate",
            ));
        }
        if !grants.contains(grant) {
            grants.push(*grant);
        }
    }
    Ok(grants)
}

/// RFC 7591 section 2.1: what is wanted of an authorization endpoint and the grants go together.
fn redirectable(said: &Registration, grants: &[GrantType]) -> Result<(), Refusal> {
    let is_redirected = grants.iter().any(|grant| matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit));
    if is_redirected && said.redirect_uris.is_empty() {
        return Err(Refusal::invalid("redirect_uris", "is required for the grants authorization_code and implicit"));
    }
    if said.response_types.iter().all(|it| allows_response_type(it, grants)) {
        return Ok(());
    }
    Err(Refusal::invalid("response_types", "must go with grant_types: code with authorization_code, the rest with implicit"))
}

/// Whether a client with these grants can use a response type.
pub(crate) fn allows_response_type(response_type: &str, grants: &[GrantType]) -> bool {
    response_type.split(' ').all(|word| match word {
        "code" => grants.contains(&GrantType::AuthorizationCode),
        "none" => true,
        _ => grants.contains(&GrantType::Implicit),
    })
}

/// Whether it has what its method takes, and nothing that nobody would look at.
fn authenticable(said: &Registration) -> Result<(), Refusal> {
    const FIELD: &str = "token_endpoint_auth_method";
    let invalid = |rule| Refusal::invalid(FIELD, rule);
    let rule = match (said.auth_method == ClientAuthMethod::TlsClientAuth, said.certificate_subject.is_some()) {
        (true, true) => return Ok(()),
        (true, false) => "needs exactly one tls_client_auth member for tls_client_auth",
        (false, true) => "must be tls_client_auth for the tls_client_auth members",
        (false, false) => return has_keys(said.auth_method, said.jwks.as_deref()).map_err(|rule| invalid(rule.0)),
    };
    Err(invalid(rule))
}

/// Reads the scopes of a registration. None reaches Jeton's own API.
fn scopes(org: &Org, asked: Option<Vec<Scope>>) -> Result<Vec<Scope>, Refusal> {
    let Some(asked) = asked else {
        let given = org.settings.oauth.supported_scopes.iter().filter(|scope| scope.default && !scope.name.reaches_api());
        return Ok(given.map(|scope| scope.name.clone()).collect());
    };
    let mut scopes = Vec::new();
    for scope in asked {
        if supported(org, &scope).is_none() {
            return Err(Refusal::invalid("scope", "must be among those that the service supports"));
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_that_one_caller_can_have_count_as_one() {
        let of = |text: &str| network(Some(text.parse().unwrap()));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        let apart =
            [of("192.0.2.1"), of("192.0.2.2"), of("2001:db8:1:2::1"), of("2001:db8:1:3::1"), network(None), "all".to_owned()];
        for (n, one) in apart.iter().enumerate() {
            assert!(!apart[..n].contains(one), "{one}");
        }
    }
}
