//! What is said of a client, in the words of the seed file.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::targets::{TargetBody, targets};
use crate::admin::clients::ClientDraft;
use crate::api::jeton::Text;
use crate::api::jeton::conditions::FederatedBody;
use crate::api::jeton::jwks::Jwks;
use crate::api::jeton::limits::LimitsBody;
use crate::api::jeton::networks::AllowedCidrs;
use crate::api::jeton::settings::{Attributes, Length, Number};
use crate::domain::{
    AccessTokenForm, Audience, CertificateSubject, Client, ClientAuthMethod, ClientKind, ClientSettings, Consent, GrantType,
    Invalid, OrgId, Pkce, RedirectUri, Refusal, Scope,
};
use crate::encoding::merge_patch::Patched;
use crate::encoding::{FromText, Object, ReadOnly, present};
use crate::jose::certificate;

const MAX_REDIRECT_URIS: usize = 50;

/// The body that creates or replaces a client. What is left out gets its default. What a `GET` answered can be sent back.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PutOrgClient"))]
#[serde(deny_unknown_fields)]
pub struct PutClient {
    /// The org in the path, if it is given at all.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) org: Option<FromText<OrgId>>,
    /// The number of the client, if it is given at all: the service makes it.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) id: Option<Number>,
    /// Another name for it, unique in the org, and not all digits.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) alias: Option<FromText<Alias>>,
    /// The name of the client, for people.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) name: Option<FromText<Text>>,
    /// Whether it can keep a secret.
    pub(in crate::api::jeton) kind: FromText<ClientKind>,
    /// How it proves who it is. Default: `client_secret_basic` if it is confidential, else `none`.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) auth_method: Option<FromText<ClientAuthMethod>>,
    /// The grants that it may use. Default: none.
    #[serde(default)]
    pub(in crate::api::jeton) grants: Vec<FromText<GrantType>>,
    /// The scopes that it may ask for. Left out: all that the org supports.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) scopes: Option<Vec<FromText<Scope>>>,
    /// Its public keys and certificates: a JWK Set.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) jwks: Option<ClientJwks>,
    /// The workloads that it is, by what their platforms say of them: for `private_key_jwt`, at most 20. Default: none.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) federated: Option<Vec<FederatedBody>>,
    /// The longest lifetime of its access tokens, in seconds. Left out: the org alone decides.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) token_duration: Option<Length>,
    /// The longest lifetime of its refresh tokens, in seconds. Left out: the org alone decides.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) refresh_token_duration: Option<Length>,
    /// Whether a subject has one access token of it at most. Default: false.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) single_token_per_subject: Option<bool>,
    /// Whether its tokens are bound to the certificate of its TLS connection: RFC 8705. Default: false.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) certificate_bound_tokens: Option<bool>,
    /// Whether it may exchange tokens where the org demands a permit. Default: false.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) may_exchange_tokens: Option<bool>,
    /// The networks from which it may send its credentials, in CIDR notation. Left out: from anywhere.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) allowed_cidrs: Option<AllowedCidrs>,
    /// How many tokens it may be given in a minute and in a day. Left out: as many as it asks for.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) limits: Option<LimitsBody>,
    /// Where it may go on to by an exchange, with which scopes: for confidential clients only. At most 50. Default: nowhere.
    #[serde(default)]
    pub(in crate::api::jeton) may_exchange_to: Vec<Object<TargetBody>>,
    /// Whether it must prove a key with each token request: RFC 9449. Default: false.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) dpop_bound_tokens: Option<bool>,
    /// Whose certificate authenticates it, by one kind of name.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) certificate_subject: Option<Subject>,
    /// What its access tokens are: `opaque`, or the algorithm of JWTs. Left out: what the org's are.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) access_token_form: Option<FromText<AccessTokenForm>>,
    /// The resources that it is the server of. Left out: it is no resource server.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) resources: Option<Vec<FromText<Audience>>>,
    /// Texts by name, which the service keeps and does not use.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) attributes: Option<Attributes>,
    /// Where people may be sent back to with an answer for it: `https` URLs, `http` on the loopback interface, or URIs with the scheme of an
    /// app. At most 50.
    #[serde(default)]
    pub(in crate::api::jeton) redirect_uris: Vec<FromText<RedirectUri>>,
    /// Where people may go after they have logged out: as `redirect_uris`, but letter by letter, with the port. At most 50.
    #[serde(default)]
    pub(in crate::api::jeton) post_logout_redirect_uris: Vec<FromText<RedirectUri>>,
    /// Whether its authorization requests must have a `code_challenge`: RFC 7636. `optional` is for confidential clients only. Default: `required`.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) pkce: Option<FromText<Pkce>>,
    /// Whether people must be asked whether they grant it what it asks for; `implied` is for the team's own clients. Default: `required`.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) consent: Option<FromText<Consent>>,
    /// Whether its ID tokens have the claims of the scopes, too, which are else told by the userinfo endpoint alone. Default: false.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) claims_in_id_token: Option<bool>,
    /// Whether it is good for anything. Default: true.
    #[serde(default, deserialize_with = "present")]
    pub(in crate::api::jeton) enabled: Option<bool>,
    #[serde(default, rename = "origin")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(in crate::api::jeton) _origin: ReadOnly,
    #[serde(default, rename = "metadata_document")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(in crate::api::jeton) _metadata_document: ReadOnly,
    #[serde(default, rename = "expires")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(in crate::api::jeton) _expires: ReadOnly,
    #[serde(default, rename = "created")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(in crate::api::jeton) _created: ReadOnly,
    #[serde(default, rename = "updated")]
    #[cfg_attr(feature = "openapi", schemars(skip))]
    pub(in crate::api::jeton) _updated: ReadOnly,
}

impl Patched for PutClient {
    const READ_ONLY: &'static [&'static str] = &["org", "id", "origin", "metadata_document", "expires", "created", "updated"];
}

impl PutClient {
    /// Returns what is asked for, for a new client of the org in the path.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the body is of another org, has a number, or contradicts itself.
    pub fn try_into_new(self, org: &OrgId) -> Result<ClientDraft, Refusal> {
        if self.id.is_some() {
            return Err(Refusal::invalid("id", "must be left out: the service makes it"));
        }
        self.try_into_draft(org)
    }

    /// Returns what is asked for, for a client that is there.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the body is of another client, or contradicts itself.
    pub fn try_into_replacement(self, client: &Client) -> Result<ClientDraft, Refusal> {
        if self.id.is_some_and(|id| id.0 != client.id) {
            return Err(Refusal::invalid("id", "must be the number of the client in the path"));
        }
        self.try_into_draft(&client.org)
    }

    /// Returns what is said, with defaults for what is left out.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the body is of another org, or contradicts itself.
    pub(in crate::api::jeton) fn try_into_draft(self, in_path: &OrgId) -> Result<ClientDraft, Refusal> {
        if self.org.as_ref().is_some_and(|org| org.0 != *in_path) {
            return Err(Refusal::invalid("org", "must be the org in the path"));
        }
        let kind = self.kind.0;
        let auth_method = self.auth_method.map_or(ClientAuthMethod::default_of(kind), |method| method.0);
        auth_method.suits_kind(kind).map_err(|rule| Refusal::invalid("auth_method", rule.0))?;
        let certificate_subject = self.certificate_subject.map(|subject| subject.0);
        auth_method
            .suits_certificate(certificate_subject.as_ref())
            .map_err(|rule| Refusal::invalid("certificate_subject", rule.0))?;
        let pkce = self.pkce.map_or(Pkce::Required, |pkce| pkce.0);
        if pkce == Pkce::Optional && kind == ClientKind::Public {
            return Err(Refusal::invalid("pkce", "must be required for a public client"));
        }
        if self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(Refusal::invalid("redirect_uris", "must have at most 50 entries"));
        }
        if self.post_logout_redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(Refusal::invalid("post_logout_redirect_uris", "must have at most 50 entries"));
        }
        let federated = FederatedBody::try_into_identities(self.federated.unwrap_or_default())?;
        if !federated.is_empty() && auth_method != ClientAuthMethod::PrivateKeyJwt {
            return Err(Refusal::invalid("federated", "needs the auth_method private_key_jwt"));
        }
        let settings = ClientSettings {
            alias: self.alias.map(|alias| alias.0.0),
            name: self.name.map(|name| name.0.0),
            kind,
            auth_method,
            grants: self.grants.into_iter().map(|grant| grant.0).collect(),
            scopes: self.scopes.map(|scopes| scopes.into_iter().map(|scope| scope.0).collect()),
            jwks: self.jwks.map(|jwks| jwks.0),
            federated,
            token_duration: self.token_duration.map(|length| length.0),
            refresh_token_duration: self.refresh_token_duration.map(|length| length.0),
            single_token_per_subject: self.single_token_per_subject.unwrap_or(false),
            certificate_bound_tokens: self.certificate_bound_tokens.unwrap_or(false),
            may_exchange_tokens: self.may_exchange_tokens.unwrap_or(false),
            allowed_networks: self.allowed_cidrs.map(|cidrs| cidrs.0),
            limits: self.limits.map(|limits| limits.0),
            exchange_targets: targets(kind, self.may_exchange_to)?,
            dpop_bound_tokens: self.dpop_bound_tokens.unwrap_or(false),
            certificate_subject,
            access_token_form: self.access_token_form.map(|form| form.0),
            resources: self.resources.map(|all| all.into_iter().map(|resource| resource.0).collect()),
            attributes: self.attributes.unwrap_or_default().try_into_pairs("attributes")?,
            redirect_uris: self.redirect_uris.into_iter().map(|uri| uri.0).collect(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.into_iter().map(|uri| uri.0).collect(),
            pkce,
            consent: self.consent.map_or(Consent::Required, |consent| consent.0),
            claims_in_id_token: self.claims_in_id_token.unwrap_or(false),
            ..ClientSettings::new(kind)
        };
        Ok(ClientDraft { settings, enabled: self.enabled.unwrap_or(true) })
    }
}

/// Whose certificate it is, by one kind of name: `{"san_dns": "client.example"}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub(in crate::api::jeton) struct Subject(pub(super) CertificateSubject);

impl TryFrom<BTreeMap<String, String>> for Subject {
    type Error = Invalid;

    fn try_from(names: BTreeMap<String, String>) -> Result<Self, Invalid> {
        const RULE: Invalid = Invalid("must have one of subject_dn, san_dns, san_uri, san_ip and san_email");
        match names.into_iter().collect::<Vec<_>>().as_slice() {
            [(kind, name)] => certificate::subject(kind, name).map(Self),
            _ => Err(RULE),
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::api::jeton) struct Alias(pub(super) String);

impl FromStr for Alias {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // So that no alias can be taken for a client's number.
        const RULE: Invalid = Invalid("must be 1 to 100 of A-Z, a-z, 0-9, ., _ and -, and not all digits");
        if Client::is_alias(text) { Ok(Self(text.to_owned())) } else { Err(RULE) }
    }
}

/// The keys of a client, among them those of its certificates.
#[derive(Clone, Debug)]
pub(in crate::api::jeton) struct ClientJwks(pub(super) String);

impl<'de> Deserialize<'de> for ClientJwks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Jwks(text) = Jwks::deserialize(deserializer)?;
        certificate::thumbprints_of_set(text.as_bytes()).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Subject {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CertificateSubject".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = || serde_json::json!({"type": "string", "minLength": 1, "maxLength": 1_024});
        let kinds = ["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"];
        let names: serde_json::Map<_, _> = kinds.into_iter().map(|kind| (kind.to_owned(), text())).collect();
        schemars::json_schema!({
            "type": "object", "properties": names, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        })
    }
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for ClientJwks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Jwks::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Jwks::json_schema(generator)
    }
}

#[cfg(feature = "openapi")]
impl crate::encoding::TextSchema for Alias {
    fn text_schema() -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"})
    }
}
