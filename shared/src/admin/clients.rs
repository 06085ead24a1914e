//! The use cases about OAuth clients, to which an org issues tokens: create, read, list, replace, lock and delete them, and
//! change their secrets.

use std::sync::Arc;

use crate::admin::issuers::ensure_identities_are_known;
use crate::admin::orgs_and_members::NO_KEY;
use crate::auth::secret;
use crate::auth::service::client_named;
use crate::domain::{
    AccessTokenForm, AssertionSettings, Audience, Client, ClientAuthMethod, ClientId, ClientRef, ClientSecret, ClientSettings,
    CredentialUses, Destination, Entropy, Error, ExchangeTarget, Fault, Invalid, Issuer, NotBeforeKey, NotBeforeScope, Org,
    Refusal, Scope, Seconds, Secret, Service, Timestamp,
};
use crate::jose::{certificate, jwk};
use crate::keys::PublishedKeys;
use crate::platform::capabilities::{ClientCreator, ClientRemover, ClientWriter, DirectoryReader, Reader, SecretWriter};
use crate::policy;
use crate::store::{Delete, Put, RecordKeys, Records, Replaced, RevokeTokens, WriteDirectory};
use crate::tokens::revoke::mark;

/// What an administrator says of a client that is there.
#[derive(Clone, Debug)]
pub struct ClientUpdate {
    /// What the client is like from now on.
    pub settings: ClientSettings,
    /// Whether the form of its access tokens and its resources stay as they are, because the request says nothing of what only
    /// Jeton has words for. The settings then have neither.
    pub keeps_extensions: bool,
}

impl ClientUpdate {
    /// The settings of the client after the update, where it had `old` before. What Authlete has no words for stays.
    pub(crate) fn into_settings(self, old: &ClientSettings) -> ClientSettings {
        let ClientSettings { pkce, consent, claims_in_id_token, .. } = *old;
        let settings = ClientSettings {
            exchange_targets: old.exchange_targets.clone(),
            allowed_networks: old.allowed_networks.clone(),
            limits: old.limits,
            federated: old.federated.clone(),
            post_logout_redirect_uris: old.post_logout_redirect_uris.clone(),
            pkce,
            consent,
            claims_in_id_token,
            ..self.settings
        };
        if self.keeps_extensions {
            let (access_token_form, resources) = (old.access_token_form, old.resources.clone());
            ClientSettings { access_token_form, resources, ..settings }
        } else {
            settings
        }
    }
}

/// What is said of a client as a whole, in the words of the seed file: what these have no word for stays as it is.
#[derive(Clone, Debug)]
pub struct ClientDraft {
    /// What the client is like.
    pub settings: ClientSettings,
    /// Whether it is good for anything.
    pub enabled: bool,
}

impl ClientDraft {
    /// The client as it will be. One that doesn't authenticate by a secret any more has none.
    fn applied_to(self, old: &Client, now: Timestamp) -> Client {
        let Self { settings, enabled } = self;
        let metadata = old.settings.metadata.clone();
        let secrets = if settings.auth_method.has_secret() { old.secrets.clone() } else { Vec::new() };
        Client { secrets, enabled, ..old.clone().with_settings(ClientSettings { metadata, ..settings }, now) }
    }
}

/// One page of a listing of clients.
#[derive(Clone, Debug, Default)]
pub struct ClientPage {
    /// The clients, in an order that doesn't change.
    pub clients: Vec<Client>,
    /// How many there are on all pages.
    pub total: usize,
}

/// A secret that a caller has chosen: as strong and as easy to carry as one that the service makes.
#[derive(Clone, Debug)]
pub struct ChosenSecret(Secret<String>);

impl ChosenSecret {
    /// Accepts a secret of 22 to 86 characters from `A-Z a-z 0-9 - _`, which is at least 128 bits if it was drawn at random.
    ///
    /// # Errors
    /// [`Invalid`] with this rule, if the secret is anything else.
    pub fn new(secret: Secret<String>) -> Result<Self, Invalid> {
        let text = secret.expose();
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if (22..=SECRET_LEN).contains(&text.len()) && text.bytes().all(known) {
            Ok(Self(secret))
        } else {
            Err(Invalid("must be 22 to 86 of A-Z, a-z, 0-9, - and _"))
        }
    }

    /// The secret, as the caller has chosen it.
    pub fn as_secret(&self) -> &Secret<String> {
        &self.0
    }
}

/// Creates a client with a number and a secret of the service's making. This is the only time that the secret is told.
///
/// # Errors
/// - [`Refusal::Invalid`], if there is no signing key for the form of access tokens that is asked for.
/// - [`Refusal::Conflict`], if another client of the org has the alias, or the org is gone.
pub async fn create(
    ports: &ClientCreator,
    service: &Service,
    settings: ClientSettings,
) -> Result<(Client, Secret<String>), Error> {
    is_possible(&ports.reader, &settings).await?;
    let id = free_number(&ports.reader, &*ports.entropy).await?;
    let secret = secret::draw::<SECRET_BYTES>(&*ports.entropy)?;
    let client = Client::new(service.id().clone(), id, settings, ports.reader.now());
    let client = with_first_secret(client, &secret);
    put(&*ports.write, &client).await?;
    Ok((client, secret))
}

/// Creates a client as a draft says, with a number of the service's making, and with a secret if it authenticates by one. This is the
/// only time that the secret is told.
///
/// # Errors
/// - [`Refusal::Invalid`], if the client has no keys to authenticate by, or there is no signing key for its access tokens.
/// - [`Refusal::ResourceUnknown`], if it may exchange tokens for an API that the org doesn't have.
/// - [`Refusal::Conflict`], if another client of the org has the alias, or the org is gone.
/// - [`Refusal::FederationRejected`], if the org doesn't trust the issuer of an identity, or strangers could be it.
pub async fn create_as_drafted(
    ports: &ClientCreator,
    service: &Service,
    ClientDraft { settings, enabled }: ClientDraft,
) -> Result<(Client, Option<Secret<String>>), Error> {
    is_consistent(&*ports.reader.keys.now().await?, &settings, None)?;
    let issuers = issuers_for(&ports.reader, service, &settings).await?;
    ensure_identities_are_known(&issuers, &settings.federated)?;
    targets_are_possible((service.org(), ports.reader.keys.issuer()), &settings, None)?;
    let id = free_number(&ports.reader, &*ports.entropy).await?;
    let has_secret = settings.auth_method.has_secret();
    let client = Client { enabled, ..Client::new(service.id().clone(), id, settings, ports.reader.now()) };
    let secret = has_secret.then(|| secret::draw::<SECRET_BYTES>(&*ports.entropy)).transpose()?;
    let client = match &secret {
        Some(secret) => with_first_secret(client, secret),
        None => client,
    };
    put(&*ports.write, &client).await?;
    Ok((client, secret))
}

fn with_first_secret(client: Client, secret: &Secret<String>) -> Client {
    Client { secrets: vec![ClientSecret::new(secret::hash(secret), client.created_at)], ..client }
}

/// Replaces a client by what `draft` makes of what is there by then, which it may also refuse.
///
/// # Errors
/// - [`Refusal::NotFound`], if the org has no such client, or has it no longer.
/// - [`Refusal::Invalid`], if the client has no keys to authenticate by, or there is no signing key for its access tokens.
/// - [`Refusal::ResourceUnknown`], if it may exchange tokens for an API that it couldn't before, and that the org doesn't have.
/// - [`Refusal::Conflict`], if another client of the org has the alias.
/// - [`Refusal::FederationRejected`], if the org doesn't trust the issuer of an identity, or strangers could be it.
/// - Whatever `draft` refuses.
pub async fn write(
    ports: &ClientWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    draft: impl Fn(&Client) -> Result<ClientDraft, Error> + Send + Sync,
) -> Result<Client, Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let (keys, now) = (ports.reader.keys.now().await?, ports.reader.now());
    let issuers = issuers_for(&ports.reader, service, &draft(&seen)?.settings).await?;
    let change = |old: &Client| {
        let draft = draft(old)?;
        is_consistent(&keys, &draft.settings, Some(old))?;
        ensure_identities_are_known(&issuers, &draft.settings.federated)?;
        targets_are_possible((service.org(), ports.reader.keys.issuer()), &draft.settings, Some(old))?;
        Ok(draft.applied_to(old, now))
    };
    replace(&ports.reader, &*ports.write, seen, change).await
}

/// Reads one page of an org's clients, in an order that doesn't change, beginning after `after`.
///
/// # Errors
/// Only a [`Fault`] of the store.
pub async fn page(ports: &DirectoryReader, org: &Service, after: Option<ClientId>, limit: usize) -> Result<Vec<Client>, Error> {
    Ok(ports.directory.clients(org.id(), after, limit).await?)
}

/// Checks that a client has keys to authenticate by, if it does so by keys, and that there is a key for its access tokens. Where the keys
/// of a client are that is known by a metadata document, the document says.
fn is_consistent(keys: &PublishedKeys, settings: &ClientSettings, old: Option<&Client>) -> Result<(), Refusal> {
    if let Some(form) = settings.access_token_form {
        form_is_possible(keys, form).map_err(|rule| Refusal::invalid("access_token_form", rule.0))?;
    }
    if old.is_some_and(|old| old.document_url().is_some()) {
        return Ok(());
    }
    can_authenticate(settings).map_err(|rule| Refusal::invalid("auth_method", rule.0))
}

/// Checks that a client has what it authenticates by: keys, or identities at platforms.
///
/// # Errors
/// [`Invalid`], if it has none.
pub(crate) fn can_authenticate(settings: &ClientSettings) -> Result<(), Invalid> {
    if settings.federated.is_empty() { has_keys(settings.auth_method, settings.jwks.as_deref()) } else { Ok(()) }
}

/// Reads whose assertions the org takes, if the client names any of them.
async fn issuers_for(reader: &Reader, service: &Service, settings: &ClientSettings) -> Result<AssertionSettings, Fault> {
    if settings.federated.is_empty() {
        return Ok(AssertionSettings::default());
    }
    let wanted = RecordKeys { assertion_settings: vec![service.id().clone()], ..RecordKeys::default() };
    Ok(reader.tokens.read(&wanted).await?.into_assertion_settings(service.id()))
}

/// Checks that the org has the APIs for which a client may exchange tokens, and that no other authorization server is ourselves: we must not
/// answer grants of our own (draft-ietf-oauth-identity-assertion-authz-grant section 8.3). An API that the client has already may be gone: what was
/// read can be written, and an exchange for it is refused.
///
/// # Errors
/// [`Refusal::ResourceUnknown`], if the org lacks an API. [`Refusal::Invalid`], if a server is ourselves.
pub(crate) fn targets_are_possible(
    (org, issuer): (&Org, &Issuer),
    settings: &ClientSettings,
    old: Option<&Client>,
) -> Result<(), Refusal> {
    let is_ourselves = |server: &Audience| server.as_str().trim_end_matches('/') == issuer.as_str().trim_end_matches('/');
    let has_already = |target: &ExchangeTarget| {
        old.is_some_and(|old| old.settings.exchange_targets.iter().any(|there| there.destination == target.destination))
    };
    for (n, target) in settings.exchange_targets.iter().enumerate().filter(|(_, target)| !has_already(target)) {
        let field = |member: &str| format!("may_exchange_to[{n}].{member}").into();
        match &target.destination {
            Destination::Api(resource) => {
                let known = policy::requested_resource(org, vec![resource.clone()]);
                known.map_err(|_| Refusal::ResourceUnknown { field: field("resource") })?;
            }
            Destination::Server(server) if is_ourselves(&server.issuer) => {
                let field: std::borrow::Cow<'static, str> = field("authorization_server");
                return Err(Refusal::invalid(field, "must be another authorization server than this one"));
            }
            Destination::Server(_) => {}
        }
    }
    Ok(())
}

/// Reads a client by its number or alias. `found` is what was read of the store when the caller was authenticated.
///
/// # Errors
/// [`Refusal::NotFound`], if the org has no such client.
pub async fn get(ports: &Reader, service: &Service, found: &Records, named: &ClientRef) -> Result<Arc<Client>, Error> {
    client_named(ports, service, found, named).await?.ok_or(UNKNOWN.into())
}

/// Lists the clients of an org: from `start` (inclusive) to `end` (exclusive) of those that are `wanted`, by number.
///
/// All clients of the org are read, because the page also says how many are wanted in total.
///
/// # Errors
/// Only a [`Fault`] of the store.
pub async fn list(
    ports: &DirectoryReader,
    service: &Service,
    start: usize,
    end: usize,
    wanted: impl Fn(&Client) -> bool + Send,
) -> Result<ClientPage, Error> {
    let mut page = ClientPage::default();
    let mut after = None;
    loop {
        let some = ports.directory.clients(service.id(), after, AT_ONCE).await?;
        let is_last = some.len() < AT_ONCE;
        after = some.last().map(|client| client.id);
        for client in some.into_iter().filter(|client| wanted(client)) {
            if (start..end).contains(&page.total) {
                page.clients.push(client);
            }
            page.total += 1;
        }
        if is_last {
            return Ok(page);
        }
    }
}

/// Replaces what is said of a client. What isn't said of it stays: its number, its secrets, whether it is locked.
///
/// # Errors
/// - [`Refusal::NotFound`], if the org has no such client, or has it no longer.
/// - [`Refusal::ClientLocked`], if it is locked.
/// - [`Refusal::Invalid`], if there is no signing key for the form of access tokens that is asked for.
/// - [`Refusal::Conflict`], if another client of the org has the alias.
pub async fn update(
    ports: &ClientWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    said: ClientUpdate,
) -> Result<Client, Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    is_possible(&ports.reader, &said.settings).await?;
    let now = ports.reader.now();
    let change = |old: &Client| {
        unlocked(old)?;
        Ok(old.clone().with_settings(said.clone().into_settings(&old.settings), now))
    };
    replace(&ports.reader, &*ports.write, seen, change).await
}

/// Deletes a client. Its tokens are revoked first, so that none comes back to life if the deletion fails.
///
/// # Errors
/// - [`Refusal::NotFound`], if the org has no such client.
/// - [`Refusal::Conflict`], if something still belongs to it.
pub async fn delete(ports: &ClientRemover, service: &Service, found: &Records, named: &ClientRef) -> Result<(), Error> {
    let client = get(&ports.reader, service, found, named).await?;
    delete_found(&*ports.write, &*ports.revoke, service, &client, ports.reader.now()).await
}

/// Deletes a client that was read before: see [`delete`].
///
/// # Errors
/// [`Refusal::Conflict`], if something still belongs to it.
pub(crate) async fn delete_found(
    write: &dyn WriteDirectory,
    revoke: &dyn RevokeTokens,
    service: &Service,
    client: &Client,
    now: Timestamp,
) -> Result<(), Error> {
    let dead = NotBeforeKey { org: service.id().clone(), kind: NotBeforeScope::Client(client.id) };
    revoke.set_not_before(&mark(dead, Some(service.org()), now)).await?;
    match write.delete_client(service.id(), client.id).await? {
        Delete::Done | Delete::Unknown => Ok(()),
        Delete::InUse => Err(Refusal::Conflict("something still belongs to the client").into()),
    }
}

/// Deletes a client that `condition` accepts. It is disabled first, by one write that decides: if that fails, the client stays and
/// its tokens live on.
///
/// # Errors
/// Those of [`delete`], and whatever `condition` refuses.
pub async fn delete_if(
    ports: &ClientRemover,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    condition: impl Fn(&Client) -> Result<(), Error> + Send + Sync,
) -> Result<(), Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let now = ports.reader.now();
    let disable = |old: &Client| {
        condition(old)?;
        Ok(Client { enabled: false, updated_at: now, ..old.clone() })
    };
    let client = replace(&ports.reader, &*ports.write, seen, disable).await?;
    delete_found(&*ports.write, &*ports.revoke, service, &client, now).await
}

/// What a client is told of its new secret, and what is kept of it.
#[derive(Debug)]
pub struct NewSecret {
    /// The number of the client.
    pub client: ClientId,
    /// The record of the secret, which is kept.
    pub kept: ClientSecret,
    /// The secret. This is the only time that it is told.
    pub secret: Secret<String>,
}

/// Gives a client another secret of 512 random bits. The one before stays good for as long as is said, and all earlier ones end.
///
/// # Errors
/// - [`Refusal::NotFound`], if the org has no such client.
/// - [`Refusal::Conflict`], if the client doesn't authenticate by a secret.
pub async fn add_secret(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    previous_expires_in: Seconds,
) -> Result<NewSecret, Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let secret = secret::draw::<SECRET_BYTES>(&*ports.entropy)?;
    let (hash, now) = (secret::hash(&secret), ports.reader.now());
    let change = |old: &Client| {
        if !old.settings.auth_method.has_secret() {
            return Err(Refusal::Conflict("the client doesn't authenticate by a secret (auth_method)").into());
        }
        Ok(old.clone().with_secret(hash, now.plus(previous_expires_in), now))
    };
    let client = replace(&ports.reader, &*ports.write, seen, change).await?.id;
    Ok(NewSecret { client, kept: ClientSecret::new(hash, now), secret })
}

/// Ends a secret of a client at once. `id` is its [name](secret_id).
///
/// # Errors
/// [`Refusal::NotFound`], if the org has no such client, or the client no such live secret.
pub async fn delete_secret(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    id: &str,
) -> Result<(), Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let now = ports.reader.now();
    let change = |old: &Client| {
        if !old.live_secrets(now).any(|secret| secret_id(secret) == id) {
            return Err(Refusal::NotFound("secret").into());
        }
        let secrets = old.live_secrets(now).filter(|secret| secret_id(secret) != id).copied().collect();
        Ok(Client { secrets, updated_at: now, ..old.clone() })
    };
    replace(&ports.reader, &*ports.write, seen, change).await.map(drop)
}

/// Reads on which day the secrets of a client were used.
///
/// # Errors
/// Only a fault: the store can't be read.
pub async fn credential_uses(reader: &Reader, client: &Client) -> Result<CredentialUses, Fault> {
    let key = (client.org.clone(), client.id);
    let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
    Ok(reader.tokens.read(&wanted).await?.credential_uses.remove(&key).unwrap_or_default())
}

/// Returns the name by which a secret is shown and deleted.
pub fn secret_id(secret: &ClientSecret) -> String {
    secret::id(&secret.hash)
}

/// Gives a client a new secret of 512 random bits. The one before it stays good for a day. This is the only time that it is told.
///
/// # Errors
/// [`Refusal::NotFound`], if the org has no such client; [`Refusal::ClientLocked`], if it is locked.
pub async fn refresh_secret(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
) -> Result<Secret<String>, Error> {
    let secret = secret::draw::<SECRET_BYTES>(&*ports.entropy)?;
    replace_secret(ports, service, found, named, &secret).await?;
    Ok(secret)
}

/// Gives a client a secret of the caller's choice. The one before it stays good for a day.
///
/// # Errors
/// [`Refusal::NotFound`], if the org has no such client; [`Refusal::ClientLocked`], if it is locked.
pub async fn update_secret(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    secret: &ChosenSecret,
) -> Result<(), Error> {
    replace_secret(ports, service, found, named, &secret.0).await
}

/// Locks a client, or unlocks it. A locked one gets no tokens, and those that it has are not valid until it is unlocked.
///
/// # Errors
/// [`Refusal::NotFound`], if the org has no such client.
pub async fn lock(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    locked: bool,
) -> Result<Client, Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let updated_at = ports.reader.now();
    let change = |old: &Client| Ok(Client { enabled: !locked, updated_at, ..old.clone() });
    replace(&ports.reader, &*ports.write, seen, change).await
}

/// Says which scopes a client may request, of those that there are in its org. `None`: every scope.
///
/// # Errors
/// - [`Refusal::NotFound`], if the org has no such client.
/// - [`Refusal::ClientLocked`], if it is locked.
pub async fn limit_scopes(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    scopes: Option<Vec<Scope>>,
) -> Result<Client, Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let scopes = scopes.map(|scopes| policy::available_of(service.org(), scopes));
    let updated_at = ports.reader.now();
    let change = |old: &Client| {
        unlocked(old)?;
        let settings = ClientSettings { scopes: scopes.clone(), ..old.settings.clone() };
        Ok(Client { settings, updated_at, ..old.clone() })
    };
    replace(&ports.reader, &*ports.write, seen, change).await
}

/// How many characters a secret has that the service makes: 64 bytes.
const SECRET_LEN: usize = 86;
/// How long the secret before a new one stays good where nothing is said.
pub const SECRET_OVERLAP: Seconds = Seconds::DAY;
/// How many clients are read at once.
const AT_ONCE: usize = 500;
/// How often a change is tried that others get in the way of.
const MAX_ATTEMPTS: usize = 32;
const UNKNOWN: Refusal = Refusal::NotFound("client");
const TAKEN: Refusal = Refusal::Conflict("another client has this alias or number");

async fn replace_secret(
    ports: &SecretWriter,
    service: &Service,
    found: &Records,
    named: &ClientRef,
    secret: &Secret<String>,
) -> Result<(), Error> {
    let seen = get(&ports.reader, service, found, named).await?;
    let (hash, now) = (secret::hash(secret), ports.reader.now());
    let change = |old: &Client| {
        unlocked(old)?;
        Ok(old.clone().with_secret(hash, now.plus(SECRET_OVERLAP), now))
    };
    replace(&ports.reader, &*ports.write, seen, change).await.map(drop)
}

/// Checks that there is a signing key for the form of access tokens that a client asks for.
async fn is_possible(ports: &Reader, settings: &ClientSettings) -> Result<(), Error> {
    if let Some(form) = settings.access_token_form {
        form_is_possible(&*ports.keys.now().await?, form).map_err(|rule| Refusal::invalid("jeton.access_token_form", rule.0))?;
    }
    Ok(())
}

/// Checks that these keys can sign access tokens of this form. Opaque ones need no key.
///
/// # Errors
/// [`Invalid`], if there is no key of the algorithm.
pub(crate) fn form_is_possible(keys: &PublishedKeys, form: AccessTokenForm) -> Result<(), Invalid> {
    match form {
        AccessTokenForm::Jwt(algorithm) if !keys.can_sign(algorithm) => Err(Invalid(NO_KEY)),
        AccessTokenForm::Jwt(_) | AccessTokenForm::Opaque => Ok(()),
    }
}

/// Checks that a key set has what a client authenticates with by this method: a key for `private_key_jwt`, a certificate for
/// `self_signed_tls_client_auth`.
///
/// # Errors
/// [`Invalid`], if it has none.
pub(crate) fn has_keys(method: ClientAuthMethod, jwks: Option<&str>) -> Result<(), Invalid> {
    let jwks = jwks.unwrap_or(jwk::NO_KEYS).as_bytes();
    match method {
        ClientAuthMethod::PrivateKeyJwt if jwk::set_from_json(jwks).is_ok_and(|keys| keys.iter().next().is_none()) => {
            Err(Invalid("needs jwks with a key for private_key_jwt"))
        }
        ClientAuthMethod::SelfSignedTlsClientAuth if certificate::thumbprints_of_set(jwks).is_ok_and(|all| all.is_empty()) => {
            Err(Invalid("needs jwks with a certificate for self_signed_tls_client_auth"))
        }
        ClientAuthMethod::None
        | ClientAuthMethod::ClientSecretBasic
        | ClientAuthMethod::ClientSecretPost
        | ClientAuthMethod::PrivateKeyJwt
        | ClientAuthMethod::TlsClientAuth
        | ClientAuthMethod::SelfSignedTlsClientAuth => Ok(()),
    }
}

fn unlocked(client: &Client) -> Result<(), Refusal> {
    if client.enabled { Ok(()) } else { Err(Refusal::ClientLocked) }
}

/// Replaces a client by what `change` makes of it. If somebody else changes it meanwhile, it is read again and `change` is
/// asked again, up to 32 times.
///
/// # Errors
/// - [`Refusal::NotFound`], if the client has been deleted meanwhile: it isn't created again.
/// - [`Refusal::Conflict`], if another client of the org has the alias.
/// - Whatever `change` refuses.
pub(crate) async fn replace(
    reader: &Reader,
    write: &dyn WriteDirectory,
    mut seen: Arc<Client>,
    change: impl Fn(&Client) -> Result<Client, Error> + Send,
) -> Result<Client, Error> {
    for _ in 0..MAX_ATTEMPTS {
        let client = change(&seen)?;
        match write.replace_client(&seen, &client).await? {
            Replaced::Done => return Ok(client),
            Replaced::Taken => return Err(TAKEN.into()),
            Replaced::Outdated | Replaced::Dangling => {
                let key = (seen.org.clone(), seen.id);
                let wanted = RecordKeys { clients: vec![key.clone()], ..RecordKeys::default() };
                seen = reader.tokens.read(&wanted).await?.clients.remove(&key).ok_or(UNKNOWN)?;
            }
        }
    }
    Err(Fault::unavailable("replacing a client that others change all the time").into())
}

/// Writes a client that is new.
///
/// # Errors
/// [`Refusal::Conflict`], if its org is gone, or another client has its alias or number.
pub(crate) async fn put(write: &dyn WriteDirectory, client: &Client) -> Result<(), Error> {
    match write.put_client(client).await? {
        Put::Created | Put::Replaced => Ok(()),
        Put::Dangling => Err(Refusal::Conflict("the org is gone").into()),
        Put::Taken => Err(TAKEN.into()),
    }
}

/// Draws a number that no client has. There are 2^53, so the first that is drawn is nearly always free.
pub(crate) async fn free_number(reader: &Reader, entropy: &dyn Entropy) -> Result<ClientId, Error> {
    for _ in 0..3 {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes)?;
        let Ok(id) = ClientId::from_number(u64::from_be_bytes(bytes) >> 11) else { continue };
        let wanted = RecordKeys { client_orgs: vec![id], ..RecordKeys::default() };
        if reader.tokens.read(&wanted).await?.client_orgs.is_empty() {
            return Ok(id);
        }
    }
    Err(Fault::internal("drawing the number of a client").into())
}

/// Random bytes of a client's secret, which then has 86 characters.
pub(crate) const SECRET_BYTES: usize = 64;
