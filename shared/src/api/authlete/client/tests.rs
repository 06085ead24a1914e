use serde_json::json;

use super::*;
use crate::api::authlete::lenient;
use crate::domain::{ClientId, ClientSettings, MetadataValue, OrgId, RedirectUri, Secret, Timestamp};

const NOW: Timestamp = Timestamp::from_ms(1_795_348_800_250);

fn update(body: &Value) -> Result<ClientUpdate, Refusal> {
    json::read::<ClientBody>(body.to_string().as_bytes())?.try_into()
}

fn settings(body: &Value) -> Result<ClientSettings, Refusal> {
    update(body).map(|update| update.settings)
}

fn client(number: u64, body: &Value) -> Client {
    Client::new(OrgId::parse("1").unwrap(), ClientId::from_number(number).unwrap(), settings(body).unwrap(), NOW)
}

fn view(client: &Client) -> Value {
    serde_json::to_value(ClientView::from_client(client)).unwrap()
}

fn shown(body: &Value) -> Value {
    view(&client(26_888_344_961_664, body))
}

fn refused(body: &Value) -> (String, String) {
    match settings(body) {
        Err(Refusal::Invalid { field, rule }) => (field.into_owned(), rule.into_owned()),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_client_of_which_nothing_is_said_has_authlete_s_defaults() {
    assert_eq!(
        shown(&json!({})),
        json!({
            "clientId": 26_888_344_961_664_u64, "clientIdAlias": "26888344961664", "clientIdAliasEnabled": true,
            "clientType": "PUBLIC", "applicationType": "WEB", "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
            "responseTypes": ["CODE"], "tokenAuthMethod": "NONE", "singleAccessTokenPerSubject": false,
            "tlsClientCertificateBoundAccessTokens": false, "locked": false,
            "extension": {"requestableScopesEnabled": false, "tokenExchangePermitted": false},
            "createdAt": 1_795_348_800_250_i64, "modifiedAt": 1_795_348_800_250_i64
        })
    );
    assert_eq!(shown(&json!({"clientType": "CONFIDENTIAL"}))["tokenAuthMethod"], "CLIENT_SECRET_BASIC");
}

#[test]
fn what_an_sdk_has_not_set_is_not_said() {
    let names = ["clientIdAlias", "clientName", "clientType", "applicationType", "grantTypes", "responseTypes", "redirectUris"];
    let more =
        ["tokenAuthMethod", "jwks", "attributes", "extension", "defaultMaxAge", "parRequired", "clientNames", "idTokenSignAlg"];
    for nothing in [Value::Null, json!(0), json!(false), json!("")] {
        let body = names.iter().chain(&more).map(|name| ((*name).to_owned(), nothing.clone())).collect();
        assert_eq!(shown(&Value::Object(body)), shown(&json!({})), "{nothing}");
    }
}

#[test]
fn a_client_is_shown_as_it_was_written() {
    let full = json!({
        "clientIdAlias": "my-client", "clientName": "My Client", "clientType": "CONFIDENTIAL", "applicationType": "NATIVE",
        "tokenAuthMethod": "PRIVATE_KEY_JWT", "grantTypes": ["CLIENT_CREDENTIALS", "TOKEN_EXCHANGE"], "responseTypes": ["NONE"],
        "jwks": "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
        "attributes": [{"key": "a", "value": "b"}, {"key": "a", "value": "c"}],
        "extension": {
            "requestableScopesEnabled": true, "requestableScopes": ["read"], "accessTokenDuration": 60,
            "refreshTokenDuration": 600, "tokenExchangePermitted": true
        },
        "singleAccessTokenPerSubject": true, "tlsClientCertificateBoundAccessTokens": true,
        "redirectUris": ["https://example.org/cb"], "developer": "ann", "defaultMaxAge": 5, "parRequired": true,
        "clientNames": [{"tag": "fr", "value": "Mon client"}], "idTokenSignAlg": "ES256", "subjectType": "PAIRWISE",
    });
    let shown = shown(&full);
    for (name, value) in full.as_object().unwrap() {
        assert_eq!(shown[name], *value, "{name}");
    }
    assert_eq!(self::shown(&shown), shown, "what was read can be written back");
}

#[test]
fn rfc8705_2_1_2_the_name_in_its_certificate_is_one_of_five() {
    for (member, name) in [
        ("tlsClientAuthSubjectDn", "CN=client,O=Example"),
        ("tlsClientAuthSanDns", "client.example"),
        ("tlsClientAuthSanUri", "https://client.example/"),
        ("tlsClientAuthSanIp", "192.0.2.1"),
        ("tlsClientAuthSanEmail", "client@example.org"),
    ] {
        let body =
            json!({"clientType": "CONFIDENTIAL", "tokenAuthMethod": "TLS_CLIENT_AUTH", "dpopRequired": true, member: name});
        let shown = shown(&body);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(shown[name], *value, "{name}");
        }
        let others = shown.as_object().unwrap().keys().filter(|name| name.starts_with("tlsClientAuth"));
        assert_eq!(others.collect::<Vec<_>>(), [member]);
    }
}

#[test]
fn what_only_jeton_has_words_for_stays_where_nothing_is_said_of_it() {
    let only = json!({"access_token_form": "ES256", "resources": ["https://a.example", "urn:b"]});
    let there = client(7, &json!({ "jeton": only }));
    assert_eq!(view(&there)["jeton"], only);
    let updated = |body: Value| {
        let settings = update(&body).unwrap().into_settings(&there.settings);
        view(&there.clone().with_settings(settings, NOW))
    };
    for silent in [json!({}), json!({"jeton": null}), json!({"clientName": "x"})] {
        assert_eq!(updated(silent)["jeton"], only);
    }
    let opaque = updated(json!({"jeton": {"access_token_form": "opaque"}}));
    assert_eq!(opaque["jeton"], json!({"access_token_form": "opaque"}), "it is replaced as a whole");
    assert_eq!(shown(&json!({"jeton": {"resources": []}}))["jeton"], json!({"resources": []}));
    assert_eq!(updated(json!({"jeton": {}})).get("jeton"), None);
}

#[test]
fn an_empty_list_of_response_types_stays_empty_and_none_is_code() {
    assert_eq!(shown(&json!({"responseTypes": []}))["responseTypes"], json!([]));
    for nothing in [json!({}), json!({"responseTypes": null})] {
        assert_eq!(shown(&nothing)["responseTypes"], json!(["CODE"]));
    }
    let kept = client(7, &json!({"responseTypes": []}));
    let body = crate::store::codec::encode_client(&kept).unwrap();
    let read = crate::store::codec::decode_client(body.as_bytes(), kept.created_at).unwrap();
    assert_eq!(read, kept, "and so it is stored");
}

#[test]
fn nothing_is_null_and_no_secret_is_shown() {
    let text =
        shown(&json!({"clientNames": [{"tag": "fr"}, null], "unknown": {"a": null}, "redirectUris": ["a", null]})).to_string();
    assert!(!text.contains("null") && !text.contains("unknown") && !text.contains("ecret\""), "{text}");
    let client = client(7, &json!({"clientSecret": "chosen", "clientId": 9, "locked": true, "createdAt": 5}));
    assert_eq!((client.id.as_number(), client.enabled, client.created_at, client.secrets.len()), (7, true, NOW, 0), "read-only");
    let told = serde_json::to_value(ClientView::from_client(&client).with_secret(&Secret::new("s3cret".into()))).unwrap();
    assert_eq!(told["clientSecret"], "s3cret");
    assert!(!format!("{:?}", ClientView::from_client(&client).with_secret(&Secret::new("s3cret".into()))).contains("s3cret"));
}

#[test]
fn enums_are_closed_and_a_wrong_member_is_named() {
    for (body, field, rule) in [
        (json!({"clientType": "public"}), "clientType", "must be PUBLIC or CONFIDENTIAL"),
        (json!({"tokenAuthMethod": "CLIENT_SECRET_JWT"}), "tokenAuthMethod", "must be the name of a method"),
        (json!({"clientType": "CONFIDENTIAL", "tokenAuthMethod": "NONE"}), "tokenAuthMethod", "must not be none"),
        (json!({"grantTypes": ["authorization_code"]}), "grantTypes", "must be the name of a grant type"),
        (json!({"responseTypes": ["CODE", "code"]}), "responseTypes", "must be a list of its names"),
        (json!({"idTokenSignAlg": "ES999"}), "idTokenSignAlg", "must be one of its names"),
        (json!({"applicationType": 5}), "applicationType", "must be one of its names"),
        (json!({"redirectUris": {"a": 1}}), "redirectUris", "must be a list of at most 200 strings"),
        (json!({"clientNames": [{"tag": 5}]}), "clientNames", "must be a list of objects"),
        (json!({"defaultMaxAge": 1.5}), "defaultMaxAge", "must be an integer"),
        (json!({"developer": ["ann"]}), "developer", "must be a string"),
        (json!({"clientName": ["x"]}), "clientName", "must be a string"),
        (json!({"clientIdAlias": "a b"}), "clientIdAlias", "must be 1 to 100"),
        (json!({"clientIdAlias": "4711"}), "clientIdAlias", "must be 1 to 100"),
        (json!({"attributes": [{"value": "x"}]}), "attributes[0].key", "is required"),
        (
            json!({"extension": {"accessTokenDuration": 1_u64 << 40}}),
            "extension.accessTokenDuration",
            "must be a number of seconds",
        ),
        (
            json!({"extension": {"requestableScopesEnabled": true, "requestableScopes": ["a b"]}}),
            "extension.requestableScopes",
            "must be",
        ),
        (
            json!({"extension": {"requestableScopesEnabled": true, "requestableScopes": ["a?"]}}),
            "extension.requestableScopes",
            "must not",
        ),
        (json!({"description": "x".repeat(17_000)}), "", "the metadata that is only stored"),
        (json!({"tokenAuthMethod": "TLS_CLIENT_AUTH"}), "tlsClientAuthSubjectDn", "must be given for tls_client_auth"),
        (json!({"tlsClientAuthSubjectDn": "client"}), "tlsClientAuthSubjectDn", "must be a distinguished name"),
        (json!({"tlsClientAuthSanIp": "client"}), "tlsClientAuthSanIp", "must be 1 to 1,024 characters, and an IP address"),
        (
            json!({"tlsClientAuthSubjectDn": "CN=a", "tlsClientAuthSanDns": "a"}),
            "tlsClientAuthSanDns",
            "must not be combined with",
        ),
        (json!({"jeton": {"access_token_form": "HS256"}}), "jeton.access_token_form", "must be opaque or"),
        (json!({"jeton": {"resources": ["a\u{7}b"]}}), "jeton.resources", "must be"),
        (json!({"jwks": "{}"}), "jwks", "must be a JSON object"),
        (json!({"jwks": "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"}), "jwks", "must be a public key"),
        (json!({"jwks": "x".repeat(17_000)}), "jwks", "must be at most"),
    ] {
        let (f, r) = refused(&body);
        assert!(f == field && r.starts_with(rule), "{body}: {f} {r}");
    }
}

#[test]
fn a_client_may_come_as_a_form() {
    let body: ClientBody = lenient::read_form(
        b"clientName=Shop&clientType=CONFIDENTIAL&grantTypes=CLIENT_CREDENTIALS+REFRESH_TOKEN&redirectUris=https://a/+https://b/&parRequired=True&defaultMaxAge=5",
    )
    .unwrap();
    let ClientUpdate { settings, .. } = body.try_into().unwrap();
    assert_eq!(settings.grants, [GrantType::ClientCredentials, GrantType::RefreshToken]);
    let redirect_uris: Vec<_> = settings.redirect_uris.iter().map(RedirectUri::as_str).collect();
    assert_eq!(redirect_uris, ["https://a/", "https://b/"]);
    let kept: Vec<_> = settings.metadata.iter().map(|(member, value)| (member.name, value.clone())).collect();
    let expected =
        [("default_max_age", MetadataValue::Number(5)), ("require_pushed_authorization_requests", MetadataValue::Flag(true))];
    assert_eq!(kept, expected);
}

#[test]
fn scopes_are_limited_only_where_that_is_switched_on() {
    let scopes = |extension: Value| settings(&json!({ "extension": extension })).unwrap().scopes.map(|scopes| scopes.len());
    assert_eq!(scopes(json!({"requestableScopes": ["a"]})), None);
    assert_eq!(scopes(json!({"requestableScopesEnabled": true})), Some(0));
    assert_eq!(scopes(json!({"requestableScopesEnabled": true, "requestableScopes": ["a", "b"]})), Some(2));
}

#[test]
fn a_chosen_secret_is_as_strong_as_one_that_is_made() {
    let take = |body: Value| json::read::<UpdateSecret>(body.to_string().as_bytes()).and_then(UpdateSecret::try_into_secret);
    assert!(take(json!({"clientSecret": "x".repeat(22)})).is_ok());
    assert!(take(json!({"clientSecret": "Aa0-_".repeat(17)})).is_ok());
    for bad in [
        json!({}),
        json!({"clientSecret": "x".repeat(21)}),
        json!({"clientSecret": "x".repeat(87)}),
        json!({"clientSecret": format!("{}!", "x".repeat(30))}),
    ] {
        assert!(take(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_list_is_of_a_developer_or_of_all() {
    let asked = |query: &str| ListClients::try_from(Parameters::read(query).unwrap()).unwrap();
    let (anns, nobodys) = (client(7, &json!({"developer": "ann"})), client(7, &json!({})));
    assert!(asked("developer=ann").wants(&anns) && !asked("developer=ann").wants(&nobodys));
    assert!(asked("").wants(&anns) && asked("").wants(&nobodys));
    let page = crate::admin::clients::ClientPage { clients: vec![nobodys], total: 9 };
    let list = serde_json::to_value(ClientListView::from_page(&asked("start=3&end=4"), &page)).unwrap();
    assert_eq!(
        (&list["start"], &list["end"], &list["totalCount"], list.get("developer")),
        (&json!(3), &json!(4), &json!(9), None)
    );
}
