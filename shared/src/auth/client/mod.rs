//! Authenticating OAuth clients: each by the method that it is registered for, and no other (RFC 6749 section 2.3).
//!
//! The methods are secrets, assertions (RFC 7523) and certificates (RFC 8705). Unknown clients and wrong credentials get one
//! answer, after the same work, so nobody can probe for clients. `direct` is for clients that come straight to the service. An
//! assertion isn't consumed here: the caller gets a guard for it.
//!
//! To add a method, add it to [`ClientAuthMethod`] and follow the compiler.

mod credential_use;
mod direct;
pub mod document;
pub mod federated;

pub use credential_use::{UnnotedUse, identity_hash};
pub(crate) use direct::find;
pub use direct::{Identified, identify};
pub(crate) use document::client_as_kept;
pub use document::identify_any;
pub use federated::Federation;

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::assertion::signed::{Assertion, SKEW, Terms};
use crate::auth::replay::ReplayGuard;
use crate::auth::secret;
use crate::auth::service::client_named;
use crate::domain::{
    Client, ClientAuthMethod, ClientKind, ClientRef, ClientUrl, Denial, Error, Fault, Issuer, Refusal, Secret, Service, Timestamp,
};
use crate::encoding::form::Parameters;
use crate::jose::VerifyingKey;
use crate::jose::foreign::{self, Claims, Unverified, WrongType};
use crate::jose::{Expected as Types, certificate, equal, jwk, sha256};
use crate::platform::capabilities::Reader;
use crate::store::{Records, ReplayKey, ReplayStore};
use crate::telemetry::{Alarm, log_alarm};

/// The credentials that a client presents.
#[derive(Clone, Debug, Default)]
pub struct ClientCredentials {
    /// The client's name in the `Authorization` header.
    pub id: Option<String>,
    /// The secret in the `Authorization` header.
    pub secret: Option<Secret<String>>,
    /// The credentials in the form.
    pub form: FormCredentials,
    /// The certificate of the TLS connection, in PEM.
    pub certificate: Option<String>,
    /// The address from which the client has sent them. `None`: it isn't known, as where an authorization server passes them on.
    pub address: Option<IpAddr>,
    /// The assertion of the JWT bearer grant, which authenticates a client that presents nothing else and is a workload of its issuer.
    pub grant_assertion: Option<Secret<String>>,
}

/// The credentials that a client presents as form parameters.
#[derive(Clone, Debug, Default)]
pub struct FormCredentials {
    /// The client's name: `client_id`.
    pub id: Option<String>,
    /// The client's secret: `client_secret`.
    pub secret: Option<Secret<String>>,
    /// The type of the assertion: `client_assertion_type`.
    pub assertion_type: Option<String>,
    /// The assertion by which the client authenticates: `client_assertion`.
    pub assertion: Option<Secret<String>>,
}

impl FormCredentials {
    /// Says whether there are none at all.
    pub fn is_empty(&self) -> bool {
        let Self { id, secret, assertion_type, assertion } = self;
        id.is_none() && secret.is_none() && assertion_type.is_none() && assertion.is_none()
    }

    /// Removes the credentials from a form, and returns them.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] for a parameter that is given more than once.
    pub fn from_parameters(given: &mut Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            id: given.remove("client_id")?,
            secret: given.remove("client_secret")?.map(Secret::new),
            assertion_type: given.remove("client_assertion_type")?,
            assertion: given.remove("client_assertion")?.map(Secret::new),
        })
    }
}

/// A client that has proved who it is: only [`authenticate`] makes one. One without credentials has named itself.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    alias_used: bool,
    federation: Option<Box<Federation>>,
}

impl AuthenticatedClient {
    /// Returns the client, which is enabled.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the method by which the client has authenticated.
    pub fn method(&self) -> ClientAuthMethod {
        self.client.settings.auth_method
    }

    /// Says whether the client named itself by its alias.
    pub fn alias_used(&self) -> bool {
        self.alias_used
    }

    /// Returns what the client's platform has said of it, if that is what it has authenticated by.
    pub fn federation(&self) -> Option<&Federation> {
        self.federation.as_deref()
    }

    /// Returns the client by itself.
    pub fn into_client(self) -> Arc<Client> {
        self.client
    }
}

impl ClientCredentials {
    /// Returns the client that the credentials name, if it can be one: to be read together with the rest.
    pub fn client(&self) -> Option<ClientRef> {
        self.name().ok()?.parse().ok()
    }

    /// Returns the URL of the metadata document by which the client names itself, if it does.
    pub fn client_url(&self) -> Option<ClientUrl> {
        self.name().ok()?.parse().ok()
    }

    /// Says whether there are none at all.
    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.secret.is_none() && self.form.is_empty()
    }

    /// Returns the name of the client, which must be the same wherever it is given.
    fn name(&self) -> Result<String, Denial> {
        match (&self.id, &self.form.id) {
            (Some(header), Some(form)) if header != form => Err(Denial::ClientCredentialsMismatch),
            (Some(name), _) | (None, Some(name)) => Ok(name.clone()),
            // RFC 7521 section 4.2: with an assertion there need be no client_id.
            (None, None) => self.form.assertion.as_ref().and_then(subject).ok_or(Denial::ClientIdMissing),
        }
    }

    /// Returns what the client authenticates by, besides a certificate: one method only (RFC 6749 section 2.3).
    fn presented(&self) -> Result<ClientProof<'_>, Denial> {
        let FormCredentials { secret: form, assertion, assertion_type, .. } = &self.form;
        let one_of_each = (self.secret.as_ref(), form.as_ref(), assertion.as_ref(), assertion_type.as_deref());
        match one_of_each {
            (None, None, None, None) => Ok(ClientProof::Nothing),
            (Some(secret), None, None, None) => Ok(ClientProof::Secret { secret, in_header: true, in_form: false }),
            (None, Some(secret), None, None) => Ok(ClientProof::Secret { secret, in_header: false, in_form: true }),
            (Some(secret), Some(form), None, None) if are_same(secret, form) => {
                Ok(ClientProof::Secret { secret, in_header: true, in_form: true })
            }
            (Some(_), Some(_), None, None) => Err(Denial::ClientCredentialsMismatch),
            (None, None, Some(assertion), Some(ASSERTION_TYPE)) => Ok(ClientProof::Assertion { assertion, of_spiffe: false }),
            (None, None, Some(assertion), Some(SPIFFE_TYPE)) => Ok(ClientProof::Assertion { assertion, of_spiffe: true }),
            (None, None, _, _) => Err(Denial::ClientAssertionInvalid),
            _ => Err(Denial::ClientAuthenticatedTwice),
        }
    }
}

/// Authenticates a client of the service's org, and consumes its assertion if it has one. `found` is what was read for
/// [`ClientCredentials::client`].
///
/// # Errors
///
/// What [`verify_credentials`] finds, or [`Denial::ClientAssertionReplayed`] if the assertion was used before.
pub async fn authenticate(
    reader: &Reader,
    once: &dyn ReplayStore,
    service: &Service,
    found: &Records,
    credentials: &ClientCredentials,
) -> Result<AuthenticatedClient, Error> {
    verify(reader, service, found, credentials).await?.consume_proof(once).await
}

/// Verifies the credentials of a client of the service's org, without consuming an assertion. `found` is what was read for
/// [`ClientCredentials::client`].
///
/// # Errors
///
/// What [`verify_credentials`] finds.
pub async fn verify(
    reader: &Reader,
    service: &Service,
    found: &Records,
    credentials: &ClientCredentials,
) -> Result<VerifiedClient, Error> {
    let named: Option<ClientRef> = credentials.name()?.parse().ok();
    let client = match &named {
        // One that is known by a document has no other name.
        Some(named) => client_named(reader, service, found, named).await?.filter(|client| client.document_url().is_none()),
        None => None,
    };
    verify_credentials(reader, client, credentials)
}

/// Verifies the credentials that were presented in the name of `client`, without consuming an assertion. `None`: there is no such
/// client, which takes as long to refuse as wrong credentials.
///
/// # Errors
///
/// [`Denial::ClientIdMissing`] if no client is named; [`Denial::ClientCredentialsMismatch`] and
/// [`Denial::ClientAuthenticatedTwice`] if the credentials contradict each other or are of several methods;
/// [`Denial::ClientUnauthenticated`] and [`Denial::ClientAssertionInvalid`] if they are wrong or not of the client's method;
/// [`Denial::ClientAuthMethodUnsupported`] for an assertion that a secret has signed; and last [`Denial::ClientDisabled`] and
/// [`Denial::ClientAddressRefused`]: these are for the client alone to know.
pub fn verify_credentials(
    reader: &Reader,
    client: Option<Arc<Client>>,
    credentials: &ClientCredentials,
) -> Result<VerifiedClient, Error> {
    let named: Option<ClientRef> = credentials.name()?.parse().ok();
    let (proved, replay_guard) = match credentials.presented()? {
        // Only a platform says that its token is a JWT-SVID.
        ClientProof::Assertion { of_spiffe: true, .. } => return Err(Denial::ClientAssertionInvalid.into()),
        ClientProof::Assertion { assertion, of_spiffe: false } => {
            let name = credentials.name()?;
            by_assertion(client, &name, assertion.expose(), reader.keys.issuer(), reader.now())?
        }
        ClientProof::Nothing => (by_connection(client, credentials.certificate.as_deref(), reader.now())?, None),
        ClientProof::Secret { secret, in_header, in_form } => {
            (by_secret(client, secret, (in_header, in_form), reader.now())?, None)
        }
    };
    admit(&proved, credentials.address)?;
    let alias_used = matches!(named, Some(ClientRef::Alias(_)));
    Ok(VerifiedClient { client: AuthenticatedClient { client: proved, alias_used, federation: None }, replay_guard })
}

/// Lets in a client that has proved who it is, if it is enabled and may be used from this address.
///
/// # Errors
/// [`Denial::ClientDisabled`] and [`Denial::ClientAddressRefused`].
fn admit(client: &Client, address: Option<IpAddr>) -> Result<(), Denial> {
    if !client.enabled {
        return Err(Denial::ClientDisabled);
    }
    if client.settings.allowed_networks.as_ref().is_some_and(|networks| !networks.allow(address)) {
        // Whoever knows its number can name a public client.
        if client.settings.kind == ClientKind::Confidential {
            log_alarm(Alarm::AddressRefused, &client.org, Some(client.id), None);
        }
        return Err(Denial::ClientAddressRefused);
    }
    Ok(())
}

/// A client whose credentials are right, except that its assertion may have been used before.
#[derive(Debug)]
pub struct VerifiedClient {
    client: AuthenticatedClient,
    replay_guard: Option<ReplayGuard>,
}

impl VerifiedClient {
    /// Returns the client that has authenticated.
    pub fn client(&self) -> &Client {
        self.client.client()
    }

    /// Returns the client, for what outlives this proof.
    pub fn shared_client(&self) -> Arc<Client> {
        Arc::clone(&self.client.client)
    }

    /// Returns the client as it named itself: by its alias, its number, or the URL of its document.
    pub fn name(&self) -> String {
        let alias = self.client().settings.alias.clone().filter(|_| self.client.alias_used);
        alias.unwrap_or_else(|| self.client().outward_name().to_string())
    }

    /// Returns the client and the guard of its assertion, if it has authenticated by one.
    pub fn into_parts(self) -> (AuthenticatedClient, Option<ReplayGuard>) {
        (self.client, self.replay_guard)
    }

    /// Consumes the assertion, if there is one, and returns the client.
    ///
    /// # Errors
    ///
    /// [`Denial::ClientAssertionReplayed`] if the assertion was used before.
    pub async fn consume_proof(self, once: &dyn ReplayStore) -> Result<AuthenticatedClient, Error> {
        if let Some(replay_guard) = &self.replay_guard {
            replay_guard.consume(once).await?;
        }
        Ok(self.client)
    }
}

/// The `client_assertion_type` of JWTs: RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The `client_assertion_type` of JWT-SVIDs: draft-ietf-oauth-spiffe-client-auth.
const SPIFFE_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
const TYPES: Types = Types { types: &["JWT", "client-authentication+jwt"] };

/// What a client authenticates by, and where it was.
#[derive(Clone, Copy)]
enum ClientProof<'a> {
    Nothing,
    Secret { secret: &'a Secret<String>, in_header: bool, in_form: bool },
    Assertion { assertion: &'a Secret<String>, of_spiffe: bool },
}

/// Checks a secret. A client that isn't there, or has no secret, takes as long.
fn by_secret(
    client: Option<Arc<Client>>,
    presented: &Secret<String>,
    (in_header, in_form): (bool, bool),
    now: Timestamp,
) -> Result<Arc<Client>, Denial> {
    let live: Vec<_> = client.iter().flat_map(|client| client.live_secrets(now)).map(|secret| secret.hash).collect();
    let is_right = secret::is_among(presented, &live);
    let is_in_place = |client: &Client| match client.settings.auth_method {
        ClientAuthMethod::ClientSecretBasic => in_header,
        ClientAuthMethod::ClientSecretPost => in_form,
        ClientAuthMethod::None
        | ClientAuthMethod::PrivateKeyJwt
        | ClientAuthMethod::TlsClientAuth
        | ClientAuthMethod::SelfSignedTlsClientAuth => false,
    };
    client.filter(|client| is_right & is_in_place(client)).ok_or(Denial::ClientUnauthenticated)
}

/// A client that presents nothing in the request is public, or its TLS connection speaks for it.
fn by_connection(client: Option<Arc<Client>>, certificate: Option<&str>, now: Timestamp) -> Result<Arc<Client>, Error> {
    let client = client.ok_or(Denial::ClientUnauthenticated)?;
    let is_proved = match client.settings.auth_method {
        ClientAuthMethod::None => true,
        ClientAuthMethod::SelfSignedTlsClientAuth => {
            let thumbprint = certificate.and_then(|pem| certificate::thumbprint(pem).ok());
            let registered = certificate::thumbprints_of_set(jwks(&client)).map_err(unreadable)?;
            thumbprint.is_some_and(|thumbprint| registered.contains(&thumbprint))
        }
        ClientAuthMethod::TlsClientAuth => certificate
            .zip(client.settings.certificate_subject.as_ref())
            .is_some_and(|(pem, subject)| certificate::is_of(pem, subject, now)),
        ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost | ClientAuthMethod::PrivateKeyJwt => false,
    };
    if is_proved { Ok(client) } else { Err(Denial::ClientUnauthenticated.into()) }
}

/// Authenticates a client by its assertion: RFC 7523 section 3.
fn by_assertion(
    client: Option<Arc<Client>>,
    name: &str,
    assertion: &str,
    issuer: &Issuer,
    now: Timestamp,
) -> Result<(Arc<Client>, Option<ReplayGuard>), Error> {
    if foreign::algorithm(assertion).is_some_and(|alg| alg.starts_with("HS")) {
        return Err(Denial::ClientAuthMethodUnsupported.into());
    }
    let client = client.filter(|client| client.settings.auth_method == ClientAuthMethod::PrivateKeyJwt);
    let client = client.ok_or(Denial::ClientAssertionInvalid)?;
    let keys = jwk::set_from_json(jwks(&client)).map_err(unreadable)?;
    let keys: Result<Vec<_>, _> = keys.iter().map(VerifyingKey::new).collect();
    let keys = keys.map_err(unreadable)?;
    let claims = Assertion::read(assertion, &TYPES).and_then(|assertion| assertion.signed_by(&keys));
    let terms = claims.and_then(|claims| what_is_asserted(&claims, name, issuer, now).ok().flatten());
    let Terms { id, expires_at } = terms.ok_or(Denial::ClientAssertionInvalid)?;
    let hash = sha256(format!("{}\0{id}", client.id).as_bytes());
    let used = ReplayKey { org: client.org.clone(), purpose: "assertion", hash, now, until: expires_at.plus(SKEW) };
    Ok((client, Some(ReplayGuard::new(used, Denial::ClientAssertionReplayed))))
}

/// Its terms, if it is by the client about itself, under the name by which the client was found.
fn what_is_asserted(claims: &Claims, name: &str, issuer: &Issuer, now: Timestamp) -> Result<Option<Terms>, WrongType> {
    if claims.text("iss")? != Some(name) || claims.text("sub")? != Some(name) {
        return Ok(None);
    }
    Terms::from_claims(claims, issuer, now)
}

/// The `sub` of an assertion that nobody has verified.
fn subject(assertion: &Secret<String>) -> Option<String> {
    match Unverified::read(assertion.expose())? {
        Unverified::Signed(claims) => claims.text("sub").ok()?.map(str::to_owned),
        Unverified::Encrypted | Unverified::Unsigned(_) => None,
    }
}

fn are_same(a: &Secret<String>, b: &Secret<String>) -> bool {
    equal(&sha256(a.expose().as_bytes()), &sha256(b.expose().as_bytes()))
}

fn jwks(client: &Client) -> &[u8] {
    client.settings.jwks.as_deref().unwrap_or(jwk::NO_KEYS).as_bytes()
}

/// They were read before they were kept.
fn unreadable(error: crate::domain::Invalid) -> Fault {
    Fault::internal("reading the keys of a client").because(error)
}

#[cfg(test)]
mod tests;
