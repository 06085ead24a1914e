//! What the audit trail tells of the settings of an org, named as its administrators name them.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::super::conditions::ConditionsBody;
use super::oauth::{grants, names};
use crate::api::jeton::settings::exchange::DetailsTypeBody;
use crate::domain::{
    Algorithm, ApiKeyRules, AssertionIssuer, AssertionRules, AssertionSettings, Audience, AuthorizationDetailsType, ChainLimit,
    ClientDocumentHost, ClientDocumentRules, DeliveryMode, ExchangeRules, GrantType, IssuerKeys, LoginUrl, OpenRegistration,
    OrgSettings, ProtectedResource, Scope, Seconds, SupportedScope, Thumbprint, org_settings,
};
use crate::jose::sha256;

/// Settings of an org as a member of an event.
pub(super) enum SettingsFacts<'a> {
    /// Those that are stored with the org.
    Org(&'a OrgSettings),
    /// Those that only assertions need.
    Assertions(&'a AssertionSettings),
}

/// What is told of a setting of this type.
trait SettingFact {
    /// What is told. `None`: nothing, for it is as if the setting weren't there.
    fn fact(&self) -> Option<impl Serialize>;
}

/// Writes each setting of the table under its name.
macro_rules! settings_facts {
    (
        { $($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)* }
        oauth { $($(#[$oauth_doc:meta])* $oauth_name:ident: $oauth_type:ty = $oauth_default:expr;)* }
        assertions { $($(#[$assertion_doc:meta])* $assertion_name:ident: $assertion_type:ty = $assertion_default:expr;)* }
    ) => {
        impl Serialize for SettingsFacts<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut facts = serializer.serialize_struct("Settings", OrgSettings::NAMES.len())?;
                match self {
                    Self::Org(settings) => {
                        $(if let Some(fact) = settings.$name.fact() {
                            facts.serialize_field(stringify!($name), &fact)?;
                        })*
                        $(if let Some(fact) = settings.oauth.$oauth_name.fact() {
                            facts.serialize_field(stringify!($oauth_name), &fact)?;
                        })*
                    }
                    Self::Assertions(settings) => {
                        $(if let Some(fact) = settings.$assertion_name.fact() {
                            facts.serialize_field(stringify!($assertion_name), &fact)?;
                        })*
                    }
                }
                facts.end()
            }
        }
    };
}

org_settings!(settings_facts);

impl SettingFact for bool {
    fn fact(&self) -> Option<impl Serialize> {
        Some(*self)
    }
}

impl SettingFact for Seconds {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.0)
    }
}

impl<T: SettingFact> SettingFact for Option<T> {
    fn fact(&self) -> Option<impl Serialize> {
        self.as_ref().and_then(T::fact)
    }
}

impl SettingFact for Algorithm {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.as_str())
    }
}

impl SettingFact for String {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.as_str())
    }
}

impl SettingFact for LoginUrl {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.as_str())
    }
}

impl SettingFact for Audience {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.as_str())
    }
}

impl SettingFact for Vec<ProtectedResource> {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.iter().map(of_resource).collect::<Vec<_>>())
    }
}

impl SettingFact for ApiKeyRules {
    fn fact(&self) -> Option<impl Serialize> {
        Some(ApiKeyFacts {
            self_service: self.self_service,
            duration: self.duration.0,
            max_duration: self.max_duration.0,
            max_per_owner: self.max_per_owner,
            require_cidrs: self.require_cidrs,
            jwt_duration: self.jwt_duration.0,
        })
    }
}

impl SettingFact for OpenRegistration {
    fn fact(&self) -> Option<impl Serialize> {
        Some(OpenRegistrationFacts {
            enabled: self.enabled,
            unused_duration: self.unused_duration.0,
            duration: self.duration.0,
            most_per_hour: self.most_per_hour,
            most_per_address: self.most_per_address,
            schemes: &self.schemes,
        })
    }
}

impl SettingFact for ClientDocumentRules {
    fn fact(&self) -> Option<impl Serialize> {
        let hosts = self.hosts.iter().map(ClientDocumentHost::as_str).collect();
        Some(ClientDocumentFacts { enabled: self.enabled, hosts })
    }
}

impl SettingFact for Vec<Scope> {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.iter().map(Scope::as_str).collect::<Vec<_>>())
    }
}

impl SettingFact for Vec<GrantType> {
    fn fact(&self) -> Option<impl Serialize> {
        Some(grants(self))
    }
}

impl SettingFact for Vec<DeliveryMode> {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.iter().map(|mode| mode.as_str()).collect::<Vec<_>>())
    }
}

impl SettingFact for Vec<SupportedScope> {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.iter().map(of_scope).collect::<Vec<_>>())
    }
}

impl SettingFact for Vec<AuthorizationDetailsType> {
    fn fact(&self) -> Option<impl Serialize> {
        (!self.is_empty()).then(|| self.iter().map(DetailsTypeBody::from_details_type).collect::<Vec<_>>())
    }
}

impl SettingFact for ChainLimit {
    fn fact(&self) -> Option<impl Serialize> {
        Some(self.as_number())
    }
}

impl SettingFact for Vec<AssertionIssuer> {
    fn fact(&self) -> Option<impl Serialize> {
        (!self.is_empty()).then(|| self.iter().map(of_issuer).collect::<Vec<_>>())
    }
}

/// Only the names, for the values are others'.
impl SettingFact for Vec<(String, String)> {
    fn fact(&self) -> Option<impl Serialize> {
        (!self.is_empty()).then(|| names(self))
    }
}

impl SettingFact for ExchangeRules {
    fn fact(&self) -> Option<impl Serialize> {
        Some(of_exchange(*self))
    }
}

impl SettingFact for AssertionRules {
    fn fact(&self) -> Option<impl Serialize> {
        Some(of_assertions(*self))
    }
}

#[derive(Serialize)]
struct ScopeFacts<'a> {
    name: &'a str,
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_duration: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<&'a str>,
}

#[derive(Serialize)]
struct ClientDocumentFacts<'a> {
    enabled: bool,
    hosts: Vec<&'a str>,
}

#[derive(Serialize)]
struct ApiKeyFacts {
    self_service: bool,
    duration: u32,
    max_duration: u32,
    max_per_owner: u32,
    require_cidrs: bool,
    jwt_duration: u32,
}

#[derive(Serialize)]
struct OpenRegistrationFacts<'a> {
    enabled: bool,
    unused_duration: u32,
    duration: u32,
    most_per_hour: u32,
    most_per_address: u32,
    schemes: &'a [String],
}

/// A resource as its URI where nothing else is known of it.
#[derive(Serialize)]
#[serde(untagged)]
enum ResourceFacts<'a> {
    Uri(&'a str),
    Described {
        resource: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        scopes: Option<Vec<&'a str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        documentation: Option<&'a str>,
        dpop_required: bool,
    },
}

#[derive(Serialize)]
struct ExchangeFacts {
    by_identifiable_clients_only: bool,
    by_confidential_clients_only: bool,
    by_permitted_clients_only: bool,
    encrypted_jwt_rejected: bool,
    unsigned_jwt_rejected: bool,
}

#[derive(Serialize)]
struct AssertionFacts {
    by_identifiable_clients_only: bool,
    encrypted_jwt_rejected: bool,
    unsigned_jwt_rejected: bool,
}

#[derive(Serialize)]
struct IssuerFacts<'a> {
    issuer: &'a str,
    /// By which it can be told that its keys are others now.
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    discovery: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    audiences: Option<&'a [String]>,
    longest_life: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_age: Option<u32>,
    reusable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<ConditionsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<Vec<u64>>,
    any_subject: bool,
    refresh_tokens: bool,
    subject_tokens: bool,
    id_jag: bool,
    enabled: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn of_scope(scope: &SupportedScope) -> ScopeFacts<'_> {
    ScopeFacts {
        name: Scope::as_str(&scope.name),
        default: scope.default,
        token_duration: scope.token_duration.map(|length| length.0),
        refresh_token_duration: scope.refresh_token_duration.map(|length| length.0),
        attributes: names(&scope.attributes),
    }
}

fn of_resource(resource: &ProtectedResource) -> ResourceFacts<'_> {
    if resource.is_only_uri() {
        return ResourceFacts::Uri(resource.uri.as_str());
    }
    ResourceFacts::Described {
        resource: resource.uri.as_str(),
        name: resource.name.as_deref(),
        scopes: resource.scopes.as_ref().map(|scopes| scopes.iter().map(Scope::as_str).collect()),
        documentation: resource.documentation.as_deref(),
        dpop_required: resource.dpop_required,
    }
}

fn of_exchange(rules: ExchangeRules) -> ExchangeFacts {
    ExchangeFacts {
        by_identifiable_clients_only: rules.by_identifiable_clients_only,
        by_confidential_clients_only: rules.by_confidential_clients_only,
        by_permitted_clients_only: rules.by_permitted_clients_only,
        encrypted_jwt_rejected: rules.encrypted_jwt_rejected,
        unsigned_jwt_rejected: rules.unsigned_jwt_rejected,
    }
}

fn of_assertions(rules: AssertionRules) -> AssertionFacts {
    AssertionFacts {
        by_identifiable_clients_only: rules.by_identifiable_clients_only,
        encrypted_jwt_rejected: rules.encrypted_jwt_rejected,
        unsigned_jwt_rejected: rules.unsigned_jwt_rejected,
    }
}

fn of_issuer(issuer: &AssertionIssuer) -> IssuerFacts<'_> {
    let (jwks_sha256, jwks_uri) = match &issuer.keys {
        IssuerKeys::Inline(set) => (Some(Thumbprint(sha256(set.as_bytes())).to_string()), None),
        IssuerKeys::At(url) => (None, Some(url.as_str())),
        IssuerKeys::Discovery => (None, None),
    };
    IssuerFacts {
        issuer: &issuer.issuer,
        jwks_sha256,
        jwks_uri,
        discovery: issuer.keys == IssuerKeys::Discovery,
        audiences: issuer.audiences.as_deref(),
        longest_life: issuer.longest_life.0,
        longest_age: issuer.longest_age.map(|age| age.0),
        reusable: issuer.reusable,
        claims: ConditionsBody::from_conditions(&issuer.claims),
        scopes: issuer.scopes.as_ref().map(|scopes| scopes.iter().map(Scope::as_str).collect()),
        clients: issuer.clients.as_ref().map(|clients| clients.iter().map(|client| client.as_number()).collect()),
        any_subject: issuer.any_subject,
        refresh_tokens: issuer.refresh_tokens,
        subject_tokens: issuer.subject_tokens,
        id_jag: issuer.id_jag,
        enabled: issuer.enabled,
    }
}
