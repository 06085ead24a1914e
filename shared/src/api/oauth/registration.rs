//! What clients say of themselves: RFC 7591 section 2.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::authlete::client as kept_as;
use crate::domain::{
    CertificateSubject, Client, ClientAuthMethod, ClientMetadata, Error, GrantType, Invalid, MetadataValue, OpenRegistration,
    RedirectUri, Refusal, Scope, Secret,
};
use crate::jose::certificate;
use crate::oauth::registration::{Registration, Update};

mod metadata;
#[cfg(feature = "openapi")]
mod metadata_schema;
mod stranger;
mod view;

pub use view::ClientInformation;

/// The body of a registration, and of an update.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct RegistrationBody(Map<String, Value>);

impl RegistrationBody {
    /// Reads what a new client says of itself. Fields that only the service can set are ignored.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the first member that is malformed: `invalid_client_metadata` or `invalid_redirect_uri`
    /// to the client (RFC 7591 section 3.2.2).
    pub fn registration(&self) -> Result<Registration, Refusal> {
        Members::new(&self.0).registration(ClientMetadata::default())
    }

    /// Reads what a stranger's client says of itself. It is less than others can say, and what they can't have is ignored.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], as from [`registration`](Self::registration), and if it says more than strangers may.
    pub fn registration_of_stranger(&self, rules: &OpenRegistration) -> Result<Registration, Refusal> {
        let members = Members { stranger: Some(rules), ..Members::new(&self.0) };
        stranger::check(&members)?;
        let said = members.registration(ClientMetadata::default())?;
        stranger::check_kept(&said)?;
        Ok(said)
    }

    /// Reads what a client says of itself from now on: RFC 7592 section 2.2. `rules` are those of its org, if it is a stranger's.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if a member is malformed, names another client, or must not be in an update (RFC 7592 section 2.2).
    pub fn update(&self, client: &Client, rules: &OpenRegistration) -> Result<Update, Error> {
        let members = Members::new(&self.0);
        for name in ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"] {
            if self.0.contains_key(name) {
                return Err(Refusal::invalid(name, "must not be in an update").into());
            }
        }
        if members.text("client_id")?.is_none_or(|id| id != client.id.to_string()) {
            return Err(Refusal::invalid("client_id", "must be the one in the path").into());
        }
        let secret = members.text("client_secret")?.map(Secret::new);
        let said = if client.is_stranger() {
            self.registration_of_stranger(rules)?
        } else {
            members.registration(client.settings.metadata.of_administrator())?
        };
        Ok(Update { said, secret })
    }
}

impl fmt::Debug for RegistrationBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationBody").finish_non_exhaustive()
    }
}

/// The error code of a member that isn't as it should be: RFC 7591 section 3.2.2. `None`: it is nothing that a client says of
/// itself.
pub fn error_of(member: &str) -> Option<&'static str> {
    match member {
        "redirect_uris" => Some("invalid_redirect_uri"),
        // Nobody's word on a client is taken here.
        "software_statement" => Some("unapproved_software_statement"),
        _ => metadata_of(member).map(|_| "invalid_client_metadata"),
    }
}

/// The name of a member, if it is one that is known here: no other is repeated.
pub fn name_of(member: &str) -> Option<&'static str> {
    NOT_METADATA.iter().copied().find(|known| *known == member).or_else(|| metadata_of(member))
}

fn metadata_of(member: &str) -> Option<&'static str> {
    UNDERSTOOD_MEMBERS.iter().copied().find(|known| *known == member).or_else(|| metadata::name_of(member))
}

/// The members that are read here.
const UNDERSTOOD_MEMBERS: &[&str] = &[
    "client_name",
    "dpop_bound_access_tokens",
    "grant_types",
    "jwks",
    "jwks_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "response_types",
    "scope",
    "software_statement",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_email",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_uri",
    "tls_client_auth_subject_dn",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
];
/// What is the service's to say, and what isn't in a body.
const NOT_METADATA: &[&str] = &[
    "Authorization",
    "client_id",
    "client_id_issued_at",
    "client_secret",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// The most entries of a list.
const MAX_LIST_ENTRIES: usize = 200;
/// The most characters of a text.
const MAX_TEXT_BYTES: usize = 4_000;

/// The members of a body.
#[derive(Clone, Copy)]
struct Members<'a> {
    body: &'a Map<String, Value>,
    /// The rules of the org, if it is a stranger that says them.
    stranger: Option<&'a OpenRegistration>,
}

impl<'a> Members<'a> {
    fn new(body: &'a Map<String, Value>) -> Self {
        Self { body, stranger: None }
    }

    /// A member. What is empty is as good as nothing: RFC 7592 section 2.2.
    fn given(&self, name: &str) -> Option<&'a Value> {
        self.body.get(name).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
        })
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        self.given(name).map(|value| text(name, value).map(str::to_owned)).transpose()
    }

    fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        let flag = self.given(name).map(|value| value.as_bool().ok_or_else(|| Refusal::invalid(name, "must be true or false")));
        flag.transpose().map(Option::unwrap_or_default)
    }

    fn texts(&self, name: &'static str) -> Result<Vec<&'a str>, Refusal> {
        self.given(name).map(|value| texts(name, value)).transpose().map(Option::unwrap_or_default)
    }

    fn parsed<T: FromStr<Err = Invalid>>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        self.given(name).map(|value| parse(name, text(name, value)?)).transpose()
    }

    /// `others`: the metadata that stays whatever the client says.
    fn registration(&self, others: ClientMetadata) -> Result<Registration, Refusal> {
        if self.given("software_statement").is_some() {
            return Err(Refusal::invalid("software_statement", "is not supported: no issuer of software statements is trusted"));
        }
        // Its host would be a caller's choice.
        if self.given("jwks_uri").is_some() {
            return Err(Refusal::invalid("jwks_uri", "must not be given: send the keys themselves, as jwks"));
        }
        let grants = self.texts("grant_types")?;
        let grants = match self.stranger {
            // They ask for all that they know of what the metadata lists.
            Some(_) => grants.into_iter().filter_map(|name| name.parse::<GrantType>().ok()).collect(),
            None => grants.into_iter().map(|name| parse::<GrantType>("grant_types", name)).collect::<Result<Vec<_>, _>>()?,
        };
        let mut said = Registration {
            name: self.name()?,
            auth_method: self.parsed("token_endpoint_auth_method")?.unwrap_or(ClientAuthMethod::ClientSecretBasic),
            grants: Some(grants).filter(|grants| !grants.is_empty()),
            response_types: metadata::response_types(&self.texts("response_types")?)?,
            scopes: self.scopes()?,
            jwks: self.jwks()?,
            certificate_subject: self.certificate_subject()?,
            certificate_bound_tokens: self.flag("tls_client_certificate_bound_access_tokens")?,
            dpop_bound_tokens: self.flag("dpop_bound_access_tokens")?,
            redirect_uris: self.redirect_uris("redirect_uris")?,
            post_logout_redirect_uris: self.redirect_uris("post_logout_redirect_uris")?,
            metadata: ClientMetadata::default(),
        };
        said.metadata = metadata::read(self, &said, others)?;
        Ok(said)
    }

    fn redirect_uris(&self, field: &'static str) -> Result<Vec<RedirectUri>, Refusal> {
        let parse = |text: &str| match self.stranger {
            Some(OpenRegistration { schemes, .. }) => RedirectUri::parse_with_schemes(text, schemes),
            None => RedirectUri::parse_self_registered(text),
        };
        let uris = self.texts(field)?.into_iter().map(parse);
        uris.collect::<Result<_, _>>().map_err(|Invalid(rule)| Refusal::invalid(field, rule))
    }

    fn name(&self) -> Result<Option<String>, Refusal> {
        self.text("client_name")?.map(kept_as::name).transpose().map_err(|refusal| renamed(refusal, "client_name"))
    }

    fn scopes(&self) -> Result<Option<Vec<Scope>>, Refusal> {
        const FIELD: &str = "scope";
        let Some(names) = self.text(FIELD)? else { return Ok(None) };
        let scopes = names.split(' ').filter(|name| !name.is_empty()).map(|name| match parse::<Scope>(FIELD, name) {
            Ok(scope) if scope.is_optional() => Err(Refusal::invalid(FIELD, "must not end with ?")),
            other => other,
        });
        scopes.collect::<Result<Vec<_>, _>>().map(|scopes| Some(scopes).filter(|scopes| !scopes.is_empty()))
    }

    fn jwks(&self) -> Result<Option<String>, Refusal> {
        let Some(jwks) = self.given("jwks") else { return Ok(None) };
        if !jwks.is_object() {
            return Err(Refusal::invalid("jwks", "must be an object"));
        }
        kept_as::key_set(jwks.to_string()).map(Some)
    }

    /// RFC 8705 section 2.1.2: one of them.
    fn certificate_subject(&self) -> Result<Option<CertificateSubject>, Refusal> {
        const KINDS: &[(&str, &str)] = &[
            ("tls_client_auth_subject_dn", "subject_dn"),
            ("tls_client_auth_san_dns", "san_dns"),
            ("tls_client_auth_san_uri", "san_uri"),
            ("tls_client_auth_san_ip", "san_ip"),
            ("tls_client_auth_san_email", "san_email"),
        ];
        let mut subject = None;
        for &(member, kind) in KINDS {
            let Some(name) = self.text(member)? else { continue };
            if subject.is_some() {
                return Err(Refusal::invalid(member, "must be the only one of the tls_client_auth members"));
            }
            subject = Some(certificate::subject(kind, &name).map_err(|Invalid(rule)| Refusal::invalid(member, rule))?);
        }
        Ok(subject)
    }
}

fn text<'a>(name: &'static str, value: &'a Value) -> Result<&'a str, Refusal> {
    let text = value.as_str().ok_or_else(|| Refusal::invalid(name, "must be a string"))?;
    let is_good = text.chars().count() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    if is_good { Ok(text) } else { Err(Refusal::invalid(name, "must be at most 4,000 characters without control characters")) }
}

fn texts<'a>(name: &'static str, value: &'a Value) -> Result<Vec<&'a str>, Refusal> {
    let items = value.as_array().filter(|items| items.len() <= MAX_LIST_ENTRIES);
    let items = items.ok_or_else(|| Refusal::invalid(name, "must be a list of at most 200 strings"))?;
    items.iter().map(|item| text(name, item)).collect()
}

fn parse<T: FromStr<Err = Invalid>>(name: &'static str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|Invalid(rule)| Refusal::invalid(name, rule))
}

/// Renames the field of a refusal, where it has another name here.
fn renamed(refusal: Refusal, name: &'static str) -> Refusal {
    if let Refusal::Invalid { rule, .. } = refusal { Refusal::invalid(name, rule) } else { refusal }
}

#[cfg(test)]
mod tests;
