//! Grants for other authorization servers, which take them as assertions (RFC 7523): short, signed, and kept nowhere.

use serde_json::{Map, Value};

use crate::domain::{Algorithm, Error, Fault, Issuer, Org, Refusal, Scope, Seconds, Secret, TokenId};
use crate::jose::access_token::{actors, confirmation, scope};
use crate::keys::signer::jws;
use crate::keys::{Signing, SigningKeys};
use crate::policy::DomainGrant;
use crate::telemetry::{DomainGrantLine, log_domain_grant};

/// A grant that was signed, and what its client is told of it.
#[derive(Debug)]
pub struct IssuedDomainGrant {
    /// The JWT that was signed.
    pub assertion: Secret<String>,
    /// What it is, as `issued_token_type` has it.
    pub token_type: &'static str,
    /// How long it is good.
    pub expires_in: Seconds,
    /// What it asks for over there.
    pub scopes: Vec<Scope>,
}

/// A grant that can be signed: nothing has been used up for it yet.
#[derive(Debug)]
pub struct DomainGrantDraft {
    grant: DomainGrant,
    id: TokenId,
    payload: Vec<u8>,
    algorithm: Option<Algorithm>,
}

impl DomainGrantDraft {
    /// Writes what is to be signed, and checks that a key can sign it: that of the org's access tokens, else the deployment's first.
    ///
    /// # Errors
    /// [`Refusal::TokenTooLarge`] if it is longer than the key can sign. A [`Fault`] if there is no key.
    pub async fn new(signing: &SigningKeys, issuer: &Issuer, org: &Org, grant: DomainGrant, id: TokenId) -> Result<Self, Error> {
        let signing = signing.now().await?;
        let algorithm = org.settings.oauth.access_token_sign_alg.filter(|alg| signing.signer(Some(*alg)).is_ok());
        let payload = serde_json::to_vec(&claims(&grant, issuer, id))
            .map_err(|error| Fault::internal("writing a grant for another authorization server").because(error))?;
        let signer = signing.signer(algorithm)?;
        if jws::length(signer.jwk(), grant.server.grant_type.header_type(), &payload)? > signer.longest() {
            return Err(Refusal::TokenTooLarge { limit: signer.longest() }.into());
        }
        Ok(Self { grant, id, payload, algorithm })
    }

    /// Signs it, and tells the audit trail: no record does.
    ///
    /// # Errors
    /// A [`Fault`] if the key can't be reached.
    pub async fn sign(self, signing: &SigningKeys) -> Result<IssuedDomainGrant, Error> {
        let Self { grant, id, payload, algorithm } = self;
        let signing: std::sync::Arc<Signing> = signing.now().await?;
        let kind = grant.server.grant_type;
        let assertion = jws::sign(signing.signer(algorithm)?, kind.header_type(), &payload).await?;
        log_domain_grant(DomainGrantLine {
            id,
            at: grant.issued_at,
            org: &grant.org,
            client: grant.client,
            subject: &grant.member,
            audience: grant.server.issuer.as_str(),
            scope: &scope(&grant.scopes),
            expires_at: grant.expires_at,
        });
        Ok(IssuedDomainGrant {
            assertion: Secret::new(assertion),
            token_type: kind.token_type(),
            expires_in: grant.expires_at.since(grant.issued_at.whole_second()),
            scopes: grant.scopes,
        })
    }
}

/// What the other server is told. Of ours nothing that isn't its business: no client, no org, no session, no roles.
fn claims(grant: &DomainGrant, issuer: &Issuer, id: TokenId) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut say = |name: &str, value: Option<Value>| claims.extend(value.map(|value| (name.to_owned(), value)));
    let server = &grant.server;
    say("iss", Some(issuer.as_str().into()));
    say("sub", Some(grant.subject.as_str().into()));
    say("aud", Some(server.issuer.as_str().into()));
    say("iat", Some(grant.issued_at.whole_second().as_secs().into()));
    say("exp", Some(grant.expires_at.as_secs().into()));
    say("jti", Some(id.to_string().into()));
    say("scope", Some(scope(&grant.scopes).into()));
    say("cnf", confirmation(&grant.confirmation));
    say("act", actors(&grant.actors));
    let issuance = grant.sign_in.as_deref();
    say("acr", issuance.and_then(|issuance| issuance.acr.as_deref()).map(Value::from));
    say("auth_time", issuance.and_then(|issuance| issuance.auth_time).map(|at| at.as_secs().into()));
    let methods = issuance.and_then(|issuance| issuance.sign_in.as_deref()).map(|sign_in| sign_in.amr.clone());
    say("amr", methods.filter(|methods| !methods.is_empty()).map(Value::from));
    say("client_id", server.client_id.as_deref().map(Value::from));
    say("resource", grant.resource.as_ref().map(|resource| resource.as_str().into()));
    say("email", server.tells_email().then(|| grant.subject.as_str().into()));
    claims
}
