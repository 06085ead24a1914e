//! What a client says of itself that no rule of this service depends on, in the words of RFC 7591.
//!
//! [`CLIENT_METADATA`] is the one table of these members. Each dialect that shows clients reads and writes all of them by it.

use std::collections::BTreeMap;

use MetadataType::{Flag, LocalizedPage, LocalizedText, Number, OneOf, Page, SomeOf, Text, Texts};

use super::{Invalid, RedirectUri};

/// The member whose default is not the empty list.
const RESPONSE_TYPES_MEMBER: &str = "response_types";
/// The most entries that a list in the metadata may have.
pub const MAX_METADATA_ENTRIES: usize = 200;
/// The most bytes that the redirect URIs and the metadata of one client may have together.
pub const MAX_METADATA_BYTES: usize = 16_384;

/// The metadata of a client, by the names of [`CLIENT_METADATA`]. It is kept and shown, and changes nothing here.
///
/// A value that says nothing (`false`, 0, an empty text or list) is never kept, but for an empty list of response types.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientMetadata(BTreeMap<&'static str, MetadataValue>);

impl ClientMetadata {
    /// Sets a member, unless the value says nothing: then the member is as it was. An empty list of response types says something:
    /// left out, they are `code` (RFC 7591 section 2).
    pub fn insert(&mut self, member: &'static MetadataMember, value: MetadataValue) {
        if !value.says_nothing() || member.name == RESPONSE_TYPES_MEMBER {
            self.0.insert(member.name, value);
        }
    }

    /// Returns the value of the member with this name, if the client has one.
    pub fn get(&self, name: &str) -> Option<&MetadataValue> {
        self.0.get(name)
    }

    /// Iterates over all members that the client has, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static MetadataMember, &MetadataValue)> {
        CLIENT_METADATA.iter().filter_map(|member| Some((member, self.0.get(member.name)?)))
    }

    /// Says whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stays when the client replaces all that it has said of itself: what only an administrator can say of it.
    #[must_use]
    pub fn of_administrator(&self) -> Self {
        let stays = self.iter().filter(|(member, _)| member.author == MetadataAuthor::Administrator);
        Self(stays.map(|(member, value)| (member.name, value.clone())).collect())
    }

    /// Checks that the metadata and the redirect URIs of a client are together no larger than [`MAX_METADATA_BYTES`].
    ///
    /// The bytes of names and values are counted.
    ///
    /// # Errors
    /// [`Invalid`], if they are larger.
    pub fn check_size<'a>(&self, redirect_uris: impl IntoIterator<Item = &'a RedirectUri>) -> Result<(), Invalid> {
        let metadata: usize = self.0.iter().map(|(name, value)| name.len() + value.size()).sum();
        let redirects: usize = redirect_uris.into_iter().map(|uri| uri.as_str().len()).sum();
        if metadata + redirects <= MAX_METADATA_BYTES {
            Ok(())
        } else {
            Err(Invalid("the metadata that is only stored must be at most 16,384 bytes in all"))
        }
    }
}

/// The value of a member, in the shape that its [`MetadataType`] asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MetadataValue {
    /// A value that is true or false.
    Flag(bool),
    /// A whole number whose absolute value is below 2^53.
    Number(i64),
    /// A text, or one of the names that the member knows.
    Text(String),
    /// A list of texts, or of names that the member knows.
    Texts(Vec<String>),
    /// Pairs of a language tag (RFC 5646) and the text in this language.
    Localized(Vec<(String, String)>),
}

impl MetadataValue {
    fn says_nothing(&self) -> bool {
        match self {
            Self::Flag(on) => !on,
            Self::Number(number) => *number == 0,
            Self::Text(text) => text.is_empty(),
            Self::Texts(items) => items.is_empty(),
            Self::Localized(items) => items.is_empty(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Flag(_) => 4,
            Self::Number(_) => 8,
            Self::Text(text) => text.len(),
            Self::Texts(items) => items.iter().map(String::len).sum(),
            Self::Localized(items) => items.iter().map(|(tag, text)| tag.len() + text.len()).sum(),
        }
    }
}

/// A member of the metadata: one row of [`CLIENT_METADATA`].
#[derive(Debug)]
pub struct MetadataMember {
    /// The name that is registered with IANA (RFC 7591 section 4.1), or one in the same style where none is.
    ///
    /// A name with `#` at its end stands for all languages of the member without it (RFC 7591 section 2.2).
    pub name: &'static str,
    /// The name in APIs that write camel case, such as Authlete's.
    pub camel_case_name: &'static str,
    /// What its values look like.
    pub value_type: MetadataType,
    /// Who can say it of a client.
    pub author: MetadataAuthor,
}

impl MetadataMember {
    /// Finds a member by its name in [`name`](Self::name).
    pub fn named(name: &str) -> Option<&'static Self> {
        CLIENT_METADATA.iter().find(|member| member.name == name)
    }

    /// Finds a member by its name in [`camel_case_name`](Self::camel_case_name).
    pub fn named_in_camel_case(name: &str) -> Option<&'static Self> {
        CLIENT_METADATA.iter().find(|member| member.camel_case_name == name)
    }

    const fn client(name: &'static str, camel_case_name: &'static str, value_type: MetadataType) -> Self {
        Self { name, camel_case_name, value_type, author: MetadataAuthor::Client }
    }

    const fn regulated(name: &'static str, camel_case_name: &'static str, value_type: MetadataType) -> Self {
        Self { name, camel_case_name, value_type, author: MetadataAuthor::RegulatedClient }
    }

    const fn administrator(name: &'static str, camel_case_name: &'static str, value_type: MetadataType) -> Self {
        Self { name, camel_case_name, value_type, author: MetadataAuthor::Administrator }
    }
}

/// Who can say a member of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetadataAuthor {
    /// The client itself, when it registers (RFC 7591), or an administrator. It is kept as it was said.
    Client,
    /// The same, but registration has a rule of its own for what a client may say, and for what it is shown.
    RegulatedClient,
    /// An administrator alone. It stays when the client registers anew.
    Administrator,
}

/// What the values of a member look like.
#[derive(Clone, Copy, Debug)]
pub enum MetadataType {
    /// True or false: [`MetadataValue::Flag`].
    Flag,
    /// An integer below 2^53: [`MetadataValue::Number`].
    Number,
    /// [`MetadataValue::Text`] of any content.
    Text,
    /// [`MetadataValue::Text`]: the URL of a page for people.
    Page,
    /// [`MetadataValue::Text`]: one of these registered names.
    OneOf(&'static [&'static str]),
    /// [`MetadataValue::Texts`] of any content.
    Texts,
    /// [`MetadataValue::Texts`]: some of these registered names.
    SomeOf(&'static [&'static str]),
    /// [`MetadataValue::Localized`] of any content.
    LocalizedText,
    /// [`MetadataValue::Localized`]: the URL of a page for each language.
    LocalizedPage,
}

impl MetadataType {
    /// Says whether a value has the shape that members of this type have.
    pub const fn matches(self, value: &MetadataValue) -> bool {
        match self {
            Self::Flag => matches!(value, MetadataValue::Flag(_)),
            Self::Number => matches!(value, MetadataValue::Number(_)),
            Self::Text | Self::Page | Self::OneOf(_) => matches!(value, MetadataValue::Text(_)),
            Self::Texts | Self::SomeOf(_) => matches!(value, MetadataValue::Texts(_)),
            Self::LocalizedText | Self::LocalizedPage => matches!(value, MetadataValue::Localized(_)),
        }
    }

    /// Says whether its values are in several languages.
    pub const fn is_localized(self) -> bool {
        matches!(self, Self::LocalizedText | Self::LocalizedPage)
    }
}

/// Algorithms for signatures: RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 8812 section 3.2.
const JWS: &[&str] = &[
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "ES256K",
    "EdDSA",
];
/// Algorithms for the keys of encryption: RFC 7518 section 4.1.
const JWE_ALG: &[&str] = &[
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "A128KW",
    "A192KW",
    "A256KW",
    "dir",
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
    "A128GCMKW",
    "A192GCMKW",
    "A256GCMKW",
    "PBES2-HS256+A128KW",
    "PBES2-HS384+A192KW",
    "PBES2-HS512+A256KW",
];
/// Algorithms for the content of encryption: RFC 7518 section 5.1.
const JWE_ENC: &[&str] = &["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];
/// Response types, each with its words in alphabetical order, which stands for all orders: RFC 6749 section 3.1.1.
pub const RESPONSE_TYPES: &[&str] =
    &["none", "code", "token", "id_token", "code token", "code id_token", "id_token token", "code id_token token"];

/// All members of the metadata, by name: RFC 7591 section 2, OpenID Connect Dynamic Client Registration section 2, and others.
///
/// No token endpoint depends on any of them, but for how a client asks for a person without a browser (`backchannel_…`). A switch that such an endpoint would have to obey, and doesn't know, must not be
/// here: it would look as if it were on.
pub const CLIENT_METADATA: &[MetadataMember] = &[
    MetadataMember::client("application_type", "applicationType", OneOf(&["web", "native"])),
    MetadataMember::client("authorization_details_types", "authorizationDetailsTypes", Texts),
    MetadataMember::client("authorization_encrypted_response_alg", "authorizationEncryptionAlg", OneOf(JWE_ALG)),
    MetadataMember::client("authorization_encrypted_response_enc", "authorizationEncryptionEnc", OneOf(JWE_ENC)),
    MetadataMember::client("authorization_signed_response_alg", "authorizationSignAlg", OneOf(JWS)),
    MetadataMember::client("backchannel_authentication_request_signing_alg", "bcRequestSignAlg", OneOf(JWS)),
    MetadataMember::client("backchannel_client_notification_endpoint", "bcNotificationEndpoint", Page),
    MetadataMember::client("backchannel_token_delivery_mode", "bcDeliveryMode", OneOf(&["poll", "ping", "push"])),
    MetadataMember::client("backchannel_user_code_parameter", "bcUserCodeRequired", Flag),
    MetadataMember::client("client_name#", "clientNames", LocalizedText),
    MetadataMember::client("client_uri", "clientUri", Page),
    MetadataMember::client("client_uri#", "clientUris", LocalizedPage),
    MetadataMember::client("contacts", "contacts", Texts),
    MetadataMember::administrator("custom_metadata", "customMetadata", Text),
    MetadataMember::client("default_acr_values", "defaultAcrs", Texts),
    MetadataMember::client("default_max_age", "defaultMaxAge", Number),
    MetadataMember::administrator("description", "description", Text),
    MetadataMember::administrator("description#", "descriptions", LocalizedText),
    MetadataMember::administrator("developer", "developer", Text),
    MetadataMember::administrator("digest_algorithm", "digestAlgorithm", Text),
    MetadataMember::administrator(
        "front_channel_request_object_encryption_required",
        "frontChannelRequestObjectEncryptionRequired",
        Flag,
    ),
    MetadataMember::client("id_token_encrypted_response_alg", "idTokenEncryptionAlg", OneOf(JWE_ALG)),
    MetadataMember::client("id_token_encrypted_response_enc", "idTokenEncryptionEnc", OneOf(JWE_ENC)),
    MetadataMember::client("id_token_signed_response_alg", "idTokenSignAlg", OneOf(JWS)),
    MetadataMember::client("initiate_login_uri", "loginUri", Page),
    MetadataMember::regulated("jwks_uri", "jwksUri", Text),
    MetadataMember::client("logo_uri", "logoUri", Page),
    MetadataMember::client("logo_uri#", "logoUris", LocalizedPage),
    MetadataMember::administrator("pkce_required", "pkceRequired", Flag),
    MetadataMember::administrator("pkce_s256_required", "pkceS256Required", Flag),
    MetadataMember::client("policy_uri", "policyUri", Page),
    MetadataMember::client("policy_uri#", "policyUris", LocalizedPage),
    MetadataMember::client("request_object_encryption_alg", "requestEncryptionAlg", OneOf(JWE_ALG)),
    MetadataMember::administrator(
        "request_object_encryption_alg_match_required",
        "requestObjectEncryptionAlgMatchRequired",
        Flag,
    ),
    MetadataMember::client("request_object_encryption_enc", "requestEncryptionEnc", OneOf(JWE_ENC)),
    MetadataMember::administrator(
        "request_object_encryption_enc_match_required",
        "requestObjectEncryptionEncMatchRequired",
        Flag,
    ),
    MetadataMember::client("request_object_signing_alg", "requestSignAlg", OneOf(JWS)),
    MetadataMember::client("request_uris", "requestUris", Texts),
    MetadataMember::client("require_auth_time", "authTimeRequired", Flag),
    MetadataMember::client("require_pushed_authorization_requests", "parRequired", Flag),
    MetadataMember::client("require_signed_request_object", "requestObjectRequired", Flag),
    MetadataMember::regulated(RESPONSE_TYPES_MEMBER, "responseTypes", SomeOf(RESPONSE_TYPES)),
    MetadataMember::client("sector_identifier_uri", "sectorIdentifierUri", Page),
    MetadataMember::administrator("self_signed_certificate_key_id", "selfSignedCertificateKeyId", Text),
    MetadataMember::client("software_id", "softwareId", Text),
    MetadataMember::client("software_version", "softwareVersion", Text),
    MetadataMember::client("subject_type", "subjectType", OneOf(&["public", "pairwise"])),
    MetadataMember::administrator("token_endpoint_auth_signing_alg", "tokenAuthSignAlg", OneOf(JWS)),
    MetadataMember::client("tos_uri", "tosUri", Page),
    MetadataMember::client("tos_uri#", "tosUris", LocalizedPage),
    MetadataMember::client("userinfo_encrypted_response_alg", "userInfoEncryptionAlg", OneOf(JWE_ALG)),
    MetadataMember::client("userinfo_encrypted_response_enc", "userInfoEncryptionEnc", OneOf(JWE_ENC)),
    MetadataMember::client("userinfo_signed_response_alg", "userInfoSignAlg", OneOf(JWS)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_has_one_name_on_either_side_and_the_table_is_sorted() {
        assert!(CLIENT_METADATA.is_sorted_by(|a, b| a.name < b.name));
        for member in CLIENT_METADATA {
            let others = CLIENT_METADATA.iter().filter(|other| other.camel_case_name == member.camel_case_name);
            assert_eq!(others.count(), 1, "{}", member.camel_case_name);
            assert_eq!(member.name.ends_with('#'), member.value_type.is_localized(), "{}", member.name);
        }
    }

    #[test]
    fn a_value_that_says_nothing_is_not_kept() {
        let mut metadata = ClientMetadata::default();
        for (name, value) in [
            ("require_auth_time", MetadataValue::Flag(false)),
            ("default_max_age", MetadataValue::Number(0)),
            ("tos_uri", MetadataValue::Text(String::new())),
            ("contacts", MetadataValue::Texts(Vec::new())),
            ("tos_uri#", MetadataValue::Localized(Vec::new())),
        ] {
            metadata.insert(MetadataMember::named(name).unwrap(), value);
        }
        assert!(metadata.is_empty());
    }

    #[test]
    fn only_what_an_administrator_says_stays_when_a_client_registers_anew() {
        let mut metadata = ClientMetadata::default();
        for name in ["developer", "software_id", "jwks_uri"] {
            metadata.insert(MetadataMember::named(name).unwrap(), MetadataValue::Text("x".to_owned()));
        }
        let names: Vec<_> = metadata.of_administrator().iter().map(|(member, _)| member.name).collect();
        assert_eq!(names, ["developer"]);
    }
}
