//! What the authorization server can do: RFC 8414 section 2, and OpenID Connect Discovery section 3.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::auth::dpop;
use crate::domain::scope::openid;
use crate::domain::{
    Algorithm, ClientAuthMethod, ClientCertificates, DomainGrantType, Issuer, IssuerKinds, MtlsUrl, OAuthSettings, Org, Prompt,
    ResponseMode, Scope,
};
use crate::oauth::token_endpoint::served_grant_types;

/// The paths of the endpoints that there are.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints {
    /// RFC 6749 section 3.1
    pub authorization: &'static str,
    /// RFC 9126 section 2
    pub pushed_authorization_request: &'static str,
    /// RFC 8628 section 3.1
    pub device_authorization: &'static str,
    /// OpenID Connect Core section 5.3
    pub userinfo: &'static str,
    /// OpenID Connect RP-Initiated Logout section 2
    pub end_session: &'static str,
    /// RFC 6749 section 3.2
    pub token: &'static str,
    /// Path of the introspection endpoint, RFC 7662.
    pub introspection: &'static str,
    /// Path of the revocation endpoint, RFC 7009.
    pub revocation: &'static str,
    /// Path of the registration endpoint, RFC 7591.
    pub registration: &'static str,
    /// RFC 7517 section 5
    pub jwks: &'static str,
}

/// Authorization server metadata. What is an org's own matter, as the scopes and the types of authorization details that it has,
/// isn't in it, but for the scopes that strangers can have: there is one issuer for all orgs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    registration_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    response_types_supported: [&'static str; 1],
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    /// Whether the `client_id` may be the URL of a metadata document about the client.
    client_id_metadata_document_supported: bool,
    /// Whether every client must push its requests. An org or a client may have to.
    require_pushed_authorization_requests: bool,
    #[serde(flatten)]
    sign_in: SignInMetadata,
    #[serde(flatten)]
    authentication: Authentication,
    /// The grants for other authorization servers: draft-ietf-oauth-identity-chaining section 3.
    identity_chaining_requested_token_types_supported: [&'static str; 2],
    /// What grants of others are, which the org that is open to strangers takes: draft-ietf-oauth-identity-assertion-authz-grant section 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_grant_profiles_supported: Option<[&'static str; 1]>,
    dpop_signing_alg_values_supported: Vec<&'static str>,
    introspection_signing_alg_values_supported: Vec<&'static str>,
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<MtlsEndpoints>,
}

/// What clients can ask for when people sign in: OpenID Connect Discovery section 3.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the names are the standard's")]
struct SignInMetadata {
    /// Those that every org has, and those that the org which is open to strangers lets them have.
    scopes_supported: Vec<String>,
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    prompt_values_supported: Vec<&'static str>,
    /// A subject has one name for all clients.
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

impl SignInMetadata {
    fn new(signing: &[Algorithm], open_org: Option<&Org>) -> Self {
        // MCP clients ask for `offline_access`, and for consent with it, wherever it is listed.
        let is_listed = |scope: &str| scope != openid::OFFLINE_ACCESS;
        let settings = open_org
            .map(|org| &org.settings.oauth)
            .filter(|settings| settings.open_registration.enabled || settings.client_metadata_documents.enabled);
        let of_org = settings.into_iter().flat_map(OAuthSettings::strangers_scopes).map(Scope::as_str);
        let of_org = of_org.filter(|scope| !openid::ALL.contains(scope));
        let scopes = openid::ALL.iter().copied().filter(|scope| is_listed(scope)).chain(of_org);
        Self {
            scopes_supported: scopes.map(str::to_owned).collect(),
            claims_supported: CLAIMS.to_vec(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            prompt_values_supported: Prompt::ALL.iter().copied().map(Prompt::as_str).collect(),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: signing.iter().copied().map(Algorithm::as_str).collect(),
        }
    }
}

/// The claims of ID tokens that are the service's own to say.
const CLAIMS: &[&str] = &["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash"];

/// Where clients that present a certificate find the endpoints at which they authenticate: RFC 8705 section 5.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the names are the standard's")]
struct MtlsEndpoints {
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
}

/// How clients prove who they are where.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the names are the standard's")]
struct Authentication {
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
}

impl<'a> Metadata<'a> {
    /// Makes the metadata of this issuer with these endpoints and these algorithms of its keys, and of the org that is open to strangers. What needs the certificate of a client
    /// (RFC 8705) is in it only where certificates can arrive: at `mtls`, if that isn't the issuer.
    pub fn from_issuer(
        issuer: &'a Issuer,
        endpoints: &Endpoints,
        signing: &[Algorithm],
        certificates: ClientCertificates,
        mtls: Option<&MtlsUrl>,
        open_org: Option<&Org>,
    ) -> Self {
        let at = |base: &str, path: &'static str| format!("{}{path}", base.trim_end_matches('/'));
        let url = |path: &'static str| at(issuer.as_str(), path);
        let alias = |mtls: &MtlsUrl| MtlsEndpoints {
            pushed_authorization_request_endpoint: at(mtls.as_str(), endpoints.pushed_authorization_request),
            device_authorization_endpoint: at(mtls.as_str(), endpoints.device_authorization),
            token_endpoint: at(mtls.as_str(), endpoints.token),
            introspection_endpoint: at(mtls.as_str(), endpoints.introspection),
            revocation_endpoint: at(mtls.as_str(), endpoints.revocation),
        };
        Self {
            issuer: issuer.as_str(),
            authorization_endpoint: url(endpoints.authorization),
            pushed_authorization_request_endpoint: url(endpoints.pushed_authorization_request),
            device_authorization_endpoint: url(endpoints.device_authorization),
            token_endpoint: url(endpoints.token),
            introspection_endpoint: url(endpoints.introspection),
            revocation_endpoint: url(endpoints.revocation),
            registration_endpoint: url(endpoints.registration),
            jwks_uri: url(endpoints.jwks),
            userinfo_endpoint: url(endpoints.userinfo),
            end_session_endpoint: url(endpoints.end_session),
            response_types_supported: ["code"],
            response_modes_supported: ResponseMode::ALL.iter().copied().map(ResponseMode::as_str).collect(),
            grant_types_supported: served_grant_types(),
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: open_org
                .is_some_and(|org| org.settings.oauth.client_metadata_documents.enabled),
            require_pushed_authorization_requests: false,
            sign_in: SignInMetadata::new(signing, open_org),
            authentication: Authentication::new(certificates),
            identity_chaining_requested_token_types_supported: [DomainGrantType::Jwt, DomainGrantType::IdJag]
                .map(DomainGrantType::token_type),
            authorization_grant_profiles_supported: None,
            dpop_signing_alg_values_supported: dpop::ALGORITHMS.iter().copied().map(Algorithm::as_str).collect(),
            introspection_signing_alg_values_supported: signing.iter().copied().map(Algorithm::as_str).collect(),
            tls_client_certificate_bound_access_tokens: certificates == ClientCertificates::Arrive,
            mtls_endpoint_aliases: mtls.filter(|_| certificates == ClientCertificates::Arrive).map(alias),
        }
    }
}

impl Metadata<'_> {
    /// Returns the same with what the issuers make possible that the org trusts that is open to strangers.
    #[must_use]
    pub fn trusting(mut self, issuers: IssuerKinds) -> Self {
        const ID_JAG: &str = "urn:ietf:params:oauth:grant-profile:id-jag";
        // draft-ietf-oauth-spiffe-client-auth section 3.1.
        const SPIFFE: &str = "spiffe_jwt";
        self.authorization_grant_profiles_supported = issuers.id_jags.then_some([ID_JAG]);
        self.authentication.token_endpoint_auth_methods_supported.extend(issuers.spiffe.then_some(SPIFFE));
        self
    }
}

impl Authentication {
    fn new(certificates: ClientCertificates) -> Self {
        let can_be_used = |method: &ClientAuthMethod| certificates == ClientCertificates::Arrive || !method.needs_certificate();
        let usable = || ClientAuthMethod::ALL.iter().copied().filter(can_be_used);
        let methods = || usable().map(ClientAuthMethod::as_str).collect::<Vec<_>>();
        let algorithms = || Algorithm::ALL.iter().copied().map(Algorithm::as_str).collect();
        // Only who proves who it is learns anything about tokens: a client, or the bearer of a member's token.
        let proving = methods().into_iter().filter(|method| *method != ClientAuthMethod::None.as_str());
        Self {
            token_endpoint_auth_methods_supported: methods(),
            token_endpoint_auth_signing_alg_values_supported: algorithms(),
            introspection_endpoint_auth_methods_supported: proving.chain(["Bearer"]).collect(),
            introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
            revocation_endpoint_auth_methods_supported: methods(),
            revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        }
    }
}

/// Whether this is the path of the issuer, without the slashes around it: RFC 8414 section 3.1 has it behind the well-known one.
pub fn is_path_of(issuer: &Issuer, path: &str) -> bool {
    let behind_scheme = issuer.as_str().split_once("://").map_or("", |(_, rest)| rest);
    let own = behind_scheme.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    !own.is_empty() && percent_decode_str(own).eq(path.bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ALL: Endpoints = Endpoints {
        authorization: "/oauth2/authorize",
        pushed_authorization_request: "/oauth2/par",
        device_authorization: "/oauth2/device_authorization",
        userinfo: "/oauth2/userinfo",
        end_session: "/oauth2/logout",
        token: "/oauth2/token",
        introspection: "/oauth2/introspect",
        revocation: "/oauth2/revoke",
        registration: "/oauth2/register",
        jwks: "/.well-known/jwks.json",
    };

    fn metadata(issuer: &str, endpoints: &Endpoints) -> Value {
        let issuer = Issuer::parse(issuer).unwrap();
        serde_json::to_value(Metadata::from_issuer(&issuer, endpoints, Algorithm::ALL, ClientCertificates::Arrive, None, None))
            .unwrap()
    }

    #[test]
    fn rfc8705_2_certificates_are_advertised_only_where_they_can_arrive() {
        let issuer = Issuer::parse("https://a.example").unwrap();
        for (certificates, arrive) in [(ClientCertificates::Arrive, true), (ClientCertificates::NeverArrive, false)] {
            let metadata =
                serde_json::to_value(Metadata::from_issuer(&issuer, &ALL, Algorithm::ALL, certificates, None, None)).unwrap();
            for endpoint in ["token", "introspection", "revocation"] {
                let methods = metadata[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().unwrap();
                for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
                    assert_eq!(methods.contains(&json!(method)), arrive, "{endpoint} {method}");
                }
                assert!(methods.contains(&json!("private_key_jwt")), "{endpoint}");
            }
            assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], arrive);
        }
    }

    #[test]
    fn the_algorithms_of_what_is_signed_are_those_that_there_are_keys_for() {
        let issuer = Issuer::parse("https://a.example").unwrap();
        let keys = [Algorithm::Rs256, Algorithm::Es256];
        let metadata = Metadata::from_issuer(&issuer, &ALL, &keys, ClientCertificates::NeverArrive, None, None);
        let metadata = serde_json::to_value(metadata).unwrap();
        for signed in ["id_token", "introspection"] {
            assert_eq!(metadata[format!("{signed}_signing_alg_values_supported")], json!(["RS256", "ES256"]));
        }
    }

    #[test]
    fn rfc8705_5_endpoints_have_an_alias_where_certificates_arrive_elsewhere() {
        let issuer = Issuer::parse("https://a.example").unwrap();
        let mtls = MtlsUrl::parse("https://mtls.a.example/x/").unwrap();
        let metadata = |certificates, mtls| {
            serde_json::to_value(Metadata::from_issuer(&issuer, &ALL, Algorithm::ALL, certificates, mtls, None)).unwrap()
        };
        let aliases = json!({
            "pushed_authorization_request_endpoint": "https://mtls.a.example/x/oauth2/par",
            "device_authorization_endpoint": "https://mtls.a.example/x/oauth2/device_authorization",
            "token_endpoint": "https://mtls.a.example/x/oauth2/token",
            "introspection_endpoint": "https://mtls.a.example/x/oauth2/introspect",
            "revocation_endpoint": "https://mtls.a.example/x/oauth2/revoke",
        });
        assert_eq!(metadata(ClientCertificates::Arrive, Some(&mtls))["mtls_endpoint_aliases"], aliases);
        for (certificates, mtls) in [(ClientCertificates::NeverArrive, Some(&mtls)), (ClientCertificates::Arrive, None)] {
            assert_eq!(metadata(certificates, mtls).get("mtls_endpoint_aliases"), None);
        }
    }

    #[test]
    fn rfc8414_2_endpoints_are_below_the_issuer_which_is_spelled_as_it_is_configured() {
        for (issuer, token_endpoint) in [
            ("https://a.example", "https://a.example/oauth2/token"),
            ("https://a.example/", "https://a.example/oauth2/token"),
            ("https://a.example:8443/x/y", "https://a.example:8443/x/y/oauth2/token"),
        ] {
            let metadata = metadata(issuer, &ALL);
            assert_eq!((&metadata["issuer"], &metadata["token_endpoint"]), (&json!(issuer), &json!(token_endpoint)));
        }
    }

    /// No symmetric algorithm, and no grant that RFC 9700 advises against, stands in the metadata.
    #[test]
    fn nothing_weak_is_advertised() {
        let metadata = metadata("https://a.example", &ALL);
        for (name, values) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_supported")) {
            let Some(values) = values.as_array() else { continue };
            let values: Vec<_> = values.iter().map(|value| value.as_str().unwrap()).collect();
            for weak in
                ["HS256", "HS384", "HS512", "client_secret_jwt", "password", "implicit", "plain", "token", "id_token", "fragment"]
            {
                assert!(!values.contains(&weak), "{name}: {weak}");
            }
            // It is no algorithm, but how public clients authenticate where they may come, and that a person isn't shown a page.
            let may_be_none = [
                "token_endpoint_auth_methods_supported",
                "revocation_endpoint_auth_methods_supported",
                "prompt_values_supported",
            ];
            assert_eq!(values.contains(&"none"), may_be_none.contains(&name.as_str()), "{name}");
        }
        let proofs = metadata["dpop_signing_alg_values_supported"].to_string();
        assert!(!proofs.contains("RS") && proofs.contains("PS256"), "FAPI 2.0 section 5.4.1");
    }

    #[test]
    fn rfc8414_3_1_the_path_of_the_issuer_is_matched_whole() {
        let is_path = |issuer: &str, path: &str| is_path_of(&Issuer::parse(issuer).unwrap(), path);
        for issuer in ["https://a.example/x/y", "https://a.example/x/y/"] {
            assert!(is_path(issuer, "x/y"));
            for other in ["", "x", "x/y/", "/x/y", "x/y/z", "X/y", "y"] {
                assert!(!is_path(issuer, other), "{other}");
            }
        }
        assert!(is_path("https://a.example/caf%C3%A9", "café"));
        for path in ["", "/", "a.example"] {
            assert!(!is_path("https://a.example", path) && !is_path("https://a.example/", path), "{path}");
        }
    }
}
