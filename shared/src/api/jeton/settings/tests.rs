use serde_json::{Value, json};

use super::*;

fn read_all(settings: &Value) -> Result<(OrgSettings, AssertionSettings), Refusal> {
    let Object(settings): Object<Settings> = crate::encoding::json::read(settings.to_string().as_bytes()).map(Object)?;
    settings.try_into_settings()
}

fn read(settings: &Value) -> Result<OrgSettings, Refusal> {
    read_all(settings).map(|(settings, _)| settings)
}

fn jwks() -> Value {
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})
}

fn issuer(member: &str, value: &Value) -> Value {
    let mut issuer = json!({"issuer": "x", "jwks": jwks()});
    issuer[member] = value.clone();
    issuer
}

fn rich_issuer() -> Value {
    json!({
        "issuer": "https://idp.example", "jwks": jwks(), "scopes": ["read"], "clients": [7], "any_subject": true, "refresh_tokens": true,
        "subject_tokens": true, "id_jag": true, "enabled": false, "audiences": ["https://a.example", "api://b"], "longest_life": 86_400, "longest_age": 60, "reusable": true,
        "claims": {"a": "x*", "b": [1, true, "y"], "/c/d": false, "sub": "ann"},
    })
}

/// An issuer of which nothing is said but where its keys are, as it is shown.
fn plain_issuer(name: &str, member: &str, keys: Value) -> Value {
    let mut issuer = json!({
        "issuer": name, "longest_life": 300, "reusable": false, "any_subject": false, "refresh_tokens": false, "subject_tokens": false,
        "id_jag": false, "enabled": true,
    });
    issuer[member] = keys;
    issuer
}

#[test]
fn settings_are_written_as_they_are_read() {
    let mut full = json!({
        "token_duration": 60, "max_token_duration": 600, "refresh_token_duration": 6_000, "refresh_token_kept": false,
        "refresh_token_retry_seconds": 3_600, "allow_non_expiring": true, "status_list": true, "access_token_sign_alg": "PS256",
        "supported_scopes": [
            {"name": "read", "default": true, "description": "Read", "token_duration": 30, "refresh_token_duration": 300, "attributes": {"a": "b"}},
            {"name": "write", "default": false},
        ],
        "supported_grants": ["password", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "refresh_token_duration_kept": false, "refresh_token_duration_reset": true, "refresh_token_idempotent": false,
        "single_token_per_subject": true, "token_expiration_linked": true, "scope_required": true,
        "error_description_omitted": true, "error_uri_omitted": true, "token_endpoint": "https://as.example.org/token",
        "token_exchange": {
            "by_identifiable_clients_only": true, "by_confidential_clients_only": true, "by_permitted_clients_only": true,
            "encrypted_jwt_rejected": true, "unsigned_jwt_rejected": true,
        },
        "jwt_grant": {"by_identifiable_clients_only": true, "encrypted_jwt_rejected": true, "unsigned_jwt_rejected": true},
        "resources": [
            "https://api.example",
            {"resource": "https://mcp.example/mcp", "name": "Files", "scopes": ["read", "openid"], "documentation": "https://mcp.example/docs", "dpop_required": true},
            {"resource": "http://127.0.0.1:8000/mcp", "scopes": [], "dpop_required": false},
        ],
        "default_resource": "https://api.example", "dpop_nonce_required": true,
        "login_url": "https://login.example/sign-in", "authorization_duration": 60, "code_duration": 10, "id_token_duration": 86_400,
        "id_token_sign_alg": "RS256", "refresh_needs_offline_access": true,
        "assertion_issuers": [
            rich_issuer(),
            plain_issuer("x", "jwks_uri", json!("https://idp.example/jwks")),
            plain_issuer("https://a.example", "discovery", json!(true)),
        ],
        "open_registration": {
            "enabled": true, "unused_duration": 60, "duration": 34_560_000, "most_per_hour": 1_000_000, "most_per_address": 1, "schemes": ["cursor", "x-app"],
        },
        "strangers_scopes": ["write", "openid"],
        "attributes": {"x": "y", "z": "1"},
    });
    // One macro can't have them all.
    let more = json!({
        "authorization_details_types": ["payment", {"type": "order", "goes_on": true}], "exchange_chain_limit": 8,
        "pushed_request_duration": 5, "pushed_requests_required": true, "device_url": "https://login.example/device",
        "device_code_duration": 60, "device_poll_interval": 60, "ciba_delivery_modes": ["ping"],
        "ciba_request_duration": 60, "ciba_poll_interval": 60, "ciba_user_code": true, "logout_url": "https://login.example/logout",
        "error_url": "https://login.example/error",
        "api_keys": {"self_service": true, "duration": 60, "max_duration": 34_560_000, "max_per_owner": 200, "require_cidrs": true, "jwt_duration": 3_600},
        "client_metadata_documents": {"enabled": true, "hosts": ["claude.ai", "*.example.org", "*", "127.0.0.1:8080"]},
    });
    full.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (settings, assertions) = read_all(&full).unwrap();
    assert_eq!(serde_json::to_value(Settings::from_settings(&settings, &assertions)).unwrap(), full);
    assert_eq!(settings.oauth.supported_grants, [GrantType::Password, GrantType::TokenExchange]);
    let none = (OrgSettings::default(), AssertionSettings::default());
    let default = serde_json::to_value(Settings::from_settings(&none.0, &none.1)).unwrap();
    assert_eq!(read_all(&default).unwrap(), none);
    assert_eq!(read_all(&json!({})).unwrap(), none);
}

#[test]
fn the_documentation_has_each_setting_of_the_table_and_no_other() {
    let (_, page) = include_str!("../../../../../docs/settings.md").split_once("\n## Settings of an org\n").unwrap();
    let (section, _) = page.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `")).skip(1);
    let mut documented: Vec<&str> = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    let mut settings = OrgSettings::NAMES.to_vec();
    documented.sort_unstable();
    settings.sort_unstable();
    assert_eq!(documented, settings, "docs/settings.md and org_settings! in shared/src/domain/org.rs");
}

#[test]
fn the_password_grant_is_off_unless_somebody_wants_it() {
    assert!(!read(&json!({})).unwrap().oauth.supported_grants.contains(&GrantType::Password));
}

#[test]
fn no_stranger_gets_in_by_an_issuer_that_is_shared_with_strangers() {
    let settings = |issuer: &str| json!({"assertion_issuers": [{"issuer": issuer, "jwks": jwks(), "any_subject": true}]});
    let shared = ["https://token.actions.githubusercontent.com", "https://gitlab.com", "https://oidc.vercel.com/acme"];
    for issuer in shared.into_iter().chain(["accounts.google.com", "https://login.microsoftonline.com/common/v2.0"]) {
        let Err(Refusal::FederationRejected(problem)) = read(&settings(issuer)) else { panic!("{issuer} was taken") };
        assert_eq!((problem.code(), problem.field()), ("ISSUER_OPEN_TO_STRANGERS", Some("settings.assertion_issuers[0].claims")));
    }
    for own in
        ["https://gitlab.acme.example", "https://gitlab.com.acme.example", "https://login.microsoftonline.com/72f988bf/v2.0"]
    {
        read(&settings(own)).unwrap();
    }
}

#[test]
fn the_issuers_of_assertions_are_few_and_each_has_public_keys_of_its_own() {
    let field = "settings.assertion_issuers";
    let oct = json!({"keys": [{"kty": "oct", "k": "AA"}]});
    let private =
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "AA"}]});
    let twice = json!({"keys": [jwks()["keys"][0], jwks()["keys"][0]]});
    let large = json!({"keys": jwks()["keys"], "x": "x".repeat(70_000)});
    for (issuers, member, rule) in [
        (json!([issuer("jwks", &oct)]), "settings.assertion_issuers[0].jwks", "must be a public key"),
        (json!([issuer("jwks", &private)]), "settings.assertion_issuers[0].jwks", "must be a public key"),
        (json!([issuer("jwks", &twice)]), "settings.assertion_issuers[0].jwks", "must have each kid once"),
        (json!([issuer("jwks", &json!("{}"))]), "assertion_issuers[0].jwks", "must be an object"),
        (json!([issuer("jwks", &large)]), field, "must have keys of at most"),
        (json!([issuer("jwks_uri", &json!("https://idp.example/jwks"))]), "settings.assertion_issuers[0]", "must have one of"),
        (json!([{"issuer": "x"}]), "settings.assertion_issuers[0]", "must have one of"),
        (
            json!([{"issuer": "x", "jwks_uri": "http://idp.example/jwks"}]),
            "assertion_issuers[0].jwks_uri",
            "must be an https URL",
        ),
        (json!([{"issuer": "x", "jwks_uri": "https://idp.example/#x"}]), "assertion_issuers[0].jwks_uri", "must be an https URL"),
        (json!([issuer("issuer", &json!(""))]), "assertion_issuers[0].issuer", "must be 1 to 255"),
        (json!([issuer("issuer", &json!("x".repeat(256)))]), "assertion_issuers[0].issuer", "must be 1 to 255"),
        (json!([issuer("clients", &json!(["7"]))]), "assertion_issuers[0].clients[0]", "must be an integer"),
        (json!([issuer("scopes", &json!(["a?"]))]), "settings.assertion_issuers[0].scopes", "must not end with ?"),
        (json!([issuer("secret", &json!("x"))]), "assertion_issuers[0].secret", "is not a known field"),
        (json!([{"jwks": jwks()}]), "assertion_issuers[0].issuer", "is required"),
        (
            json!([issuer("enabled", &json!(true)), issuer("enabled", &json!(false))]),
            "settings.assertion_issuers[1].issuer",
            "must be unique",
        ),
    ] {
        let settings = json!({"assertion_issuers": issuers});
        let Err(Refusal::Invalid { field: f, rule: r }) = read(&settings) else { panic!("{settings} was taken") };
        assert!(f.starts_with(member) && r.starts_with(rule), "{settings}: {f} {r}");
    }
    let many = |count: usize| json!({"assertion_issuers": (0..count).map(|n| issuer("issuer", &json!(format!("i-{n}")))).collect::<Vec<_>>()});
    let issuers = |settings: &Value| read_all(settings).unwrap().1.assertion_issuers;
    assert_eq!(issuers(&many(50)).len(), 50);
    assert!(matches!(read(&many(51)), Err(Refusal::Invalid { rule, .. }) if rule.starts_with("must have at most 50")));
    assert!(issuers(&json!({"assertion_issuers": [issuer("issuer", &json!("x"))]}))[0].enabled);
}

#[test]
fn a_wrong_setting_is_named_with_its_rule() {
    for (settings, field, rule) in [
        (json!({"access_token_sign_alg": "HS256"}), "access_token_sign_alg", "must be ES256, ES384, ES512"),
        (json!({"access_token_sign_alg": null}), "access_token_sign_alg", "must not be null"),
        (json!({"supported_grants": ["PASSWORD"]}), "supported_grants[0]", "must be a grant_type of OAuth"),
        (json!({"supported_grants": ["password", "password"]}), "settings.supported_grants", "must have each grant once"),
        (json!({"supported_scopes": ["read"]}), "supported_scopes[0]", "must be an object"),
        (json!({"supported_scopes": [{}]}), "supported_scopes[0].name", "is required"),
        (json!({"supported_scopes": [{"name": "a b"}]}), "supported_scopes[0].name", "must be 1 to 511"),
        (json!({"supported_scopes": [{"name": "a?"}]}), "settings.supported_scopes[0].name", "must not end with ?"),
        (json!({"supported_scopes": [{"name": "a"}, {"name": "a"}]}), "settings.supported_scopes[1].name", "must be unique"),
        (
            json!({"supported_scopes": [{"name": "a", "token_duration": 0}]}),
            "supported_scopes[0].token_duration",
            "must be an integer from 1 to",
        ),
        (json!({"token_endpoint": "/token"}), "token_endpoint", "must be an http or https URL"),
        (json!({"token_endpoint": "https://as.example.org/#x"}), "token_endpoint", "must be an http or https URL"),
        (
            json!({"jwt_grant": {"by_permitted_clients_only": true}}),
            "jwt_grant.by_permitted_clients_only",
            "is not a known field",
        ),
        (json!({"refresh_token_rotation": true}), "refresh_token_rotation", "is not a known field"),
        (json!({"open_registration": true}), "open_registration", "must be an object"),
        (
            json!({"open_registration": {"unused_duration": 0}}),
            "open_registration.unused_duration",
            "must be an integer from 1 to",
        ),
        (
            json!({"open_registration": {"most_per_hour": 0}}),
            "open_registration.most_per_hour",
            "must be an integer from 1 to 1,000,000",
        ),
        (
            json!({"open_registration": {"most_per_address": 1_000_001}}),
            "open_registration.most_per_address",
            "must be an integer",
        ),
        (
            json!({"open_registration": {"schemes": ["javascript"]}}),
            "open_registration.schemes[0]",
            "must be the scheme of an app",
        ),
        (json!({"open_registration": {"schemes": ["Cursor"]}}), "open_registration.schemes[0]", "must be the scheme of an app"),
        (json!({"open_registration": {"scheme": []}}), "open_registration", "is not a known field"),
        (json!({"client_metadata_documents": ["claude.ai"]}), "client_metadata_documents", "must be an object"),
        (
            json!({"client_metadata_documents": {"hosts": ["claude.ai", "https://claude.ai"]}}),
            "client_metadata_documents.hosts[1]",
            "must be a host in lower case",
        ),
        (json!({"client_metadata_documents": {"enable": true}}), "client_metadata_documents", "is not a known field"),
        (json!({"api_keys": {"duration": 59}}), "settings.api_keys.duration", "must be an integer from 60 to 34,560,000"),
        (json!({"api_keys": {"max_duration": 59}}), "settings.api_keys.max_duration", "must be an integer from 60 to 34,560,000"),
        (
            json!({"api_keys": {"duration": 61, "max_duration": 60}}),
            "settings.api_keys.duration",
            "must not be longer than max_duration",
        ),
        (json!({"api_keys": {"max_per_owner": 0}}), "settings.api_keys.max_per_owner", "must be an integer from 1 to 200"),
        (json!({"api_keys": {"max_per_owner": 201}}), "settings.api_keys.max_per_owner", "must be an integer from 1 to 200"),
        (json!({"api_keys": {"jwt_duration": 3_601}}), "settings.api_keys.jwt_duration", "must be an integer from 60 to 3,600"),
        (json!({"api_keys": {"selfservice": true}}), "api_keys", "is not a known field"),
        (json!({"strangers_scopes": ["nope"]}), "settings.strangers_scopes", "must be among supported_scopes"),
        (json!({"resources": [7]}), "resources[0]", "must be a string or an object"),
        (json!({"resources": ["a\u{7}b"]}), "resources[0]", "must be 1 to 255 bytes"),
        (json!({"resources": [{"name": "Files"}]}), "resources[0].resource", "is required"),
        (json!({"resources": [{"resource": "urn:x"}]}), "settings.resources[0].resource", "must be an https URL"),
        (
            json!({"resources": ["x", {"resource": "http://mcp.example"}]}),
            "settings.resources[1].resource",
            "must be an https URL",
        ),
        (json!({"resources": [{"resource": "https://a.example", "name": ""}]}), "resources[0].name", "must be 1 to 100"),
        (
            json!({"resources": [{"resource": "https://a.example", "documentation": "javascript:x"}]}),
            "resources[0].documentation",
            "must be",
        ),
        (
            json!({"resources": [{"resource": "https://a.example", "scopes": ["nope"]}]}),
            "settings.resources[0].scopes",
            "must be among supported_scopes",
        ),
        (json!({"resources": [{"resource": "https://a.example", "scope": "a"}]}), "resources[0]", "is not a known field"),
        (
            json!({"resources": ["https://a.example", {"resource": "https://a.example"}]}),
            "settings.resources[1]",
            "must be unique",
        ),
        (json!({"attributes": {"": "x"}}), "attributes", "must be 1 to 100 characters"),
    ] {
        let Err(Refusal::Invalid { field: f, rule: r }) = read(&settings) else { panic!("{settings} was taken") };
        assert!(f.starts_with(field) && r.starts_with(rule), "{settings}: {f} {r}");
    }
}
