//! Bodies outlive the code that wrote them.

use super::*;
use crate::domain::{
    Acknowledgement, Authorization, BackchannelRequest, Client, ClientAuthMethod, ClientSecret, DeliveryMode, DeviceRequest,
    GrantType, Issuance, Logout, NotBeforeScope, Org, OrgSettings, Polling, Scope, SealedSecret, SupportedScope, Thumbprint,
};
use crate::store::conformance::samples;

/// As they are in tables now. Whoever changes one of these makes records unreadable that are in use.
const TOKEN: &str = r#"{"o":"a","q":"the_ROOT-1","s":"auth0|Ann \"Ä\" O'Neill\\%_#/é@例え","c":9007199254740991,"i":1800000000123,"n":1800000000456,"a":["https://api.example/\"x\"","b"],"z":["urn:agilicus:api:*?","a'b%_","a'b%_"],"r":{"app \"1\"":"owner/é","b":"viewer"},"uh":{"z":["urn:agilicus:api:*?"],"r":["b"]},"h":[{"allowed_list":[{"paths":["/a\"b"]}],"host":"x.example","n":1.50},{}],"x":{"o":"elsewhere","i":"s/1#é"},"lb":"Ann's \"laptop\" 例え","w":{"o":"the_ROOT-1","s":"root \"0\""},"cb":"06hhgn2g03ba8io4c8ahrdhl3k2h8avi","an":[{"o":"the_ROOT-1","i":"06hhgn2g00dd5aacstihf0n77jhqca62","s":"ann","c":4,"f":"06hhgn2g03orkk17pguofo9tagomu561","x":{"o":"b","i":"s"}},{"o":"a","i":"06hhgn2g00p6eriphifm3bvpjnd1mtbs","s":"bob","y":true}],"m":true,"ma":{"s":"agent \"é\"","c":4},"f":"#;
const PLAIN: &str = r#"{"o":"a","q":"a","s":"ann","i":1800000000000,"n":1800000000000,"e":1800003600000}"#;

const OAUTH: &str = r#""u":{"g":"tx","c":true,"a":true,"w":"https://client.example/x?y=z","q":"06hhgn2g01f6oiq2qktevg8ks96nfs1l","p":[{"k":"k \"1\"","v":"é"},{"k":"","v":"","h":true}],"k":{"x":"hg_T1mcjvMeHp02DuRJ07RGsmHxTFmMehc3cYHMSCFo","j":"LBuQaGfTE-nuB_4ir8R0Oe8qJ2wAf9VV2kKNl1tiR_w"},"d":[{"n":1.50,"type":"a\"b"}],"r":"urn:acr \"é\"","t":1800000000000,"e":true,"m":true,"y":[{"s":"bob","c":4},{"s":"é"}],"s":{"a":"a \"shop\"","r":["https://a.example","urn:b"],"m":["pwd","é\""],"x":"s-1","q":{"id_token":{"acr":null}},"k":{"email":"ann@例え.example","n":1.50},"ki":{"tenant":"a\"b"},"ka":{"plan":"é"},"f":{"s":"pair \"Ä\"","h":{"x":"é"},"l":true,"c":["email","é\""]}},"f":{"i":"https://idp.example/\"é","s":"é \"s\"","j":"a","k":"k","n":3}}"#;
const VALUE: &str =
    r#""v":"K36-bCY53Bga5CvkI_HhMnjkCMSMxB1x2ajII99Gti4","st":{"l":"kmiqb9d5kmiqb9d5kmiqb9d5kk","i":131071},"y":1800086400000"#;
/// A client of which everything is said.
const RICH_CLIENT: &str = r#"{"o":"a","c":1,"a":"shop","n":"A \"shop\"","k":"confidential","m":"private_key_jwt","g":["authorization_code","refresh_token"],"s":["a","b?"],"x":["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"],"j":"{\"keys\":[]}","fi":[{"i":"https://idp.example/\"é","s":"repo:acme/shop:ref:refs/heads/main","m":[{"n":"repository_id","v":["1"]},{"n":"/a~1b/c","v":["x/*",-7,false]}],"w":["192.0.2.0/24"]},{"i":"x","s":"spiffe://example.org/ns/*"}],"d":7,"r":8,"q":true,"t":true,"et":[{"r":"https://ledger.example/\"é\"","z":[["a"],["b","a","c"]]},{"as":{"i":"https://as.example/\"é\"/","j":true,"c":"a \"é\"","r":["https://mcp.example/mcp"],"u":"e","d":299,"y":true},"z":[["a"]]}],"y":true,"dp":true,"cs":"subject_dn:CN=\"a\",O=é","f":"PS256","rs":["https://api.example"],"an":["10.0.0.0/8","2001:db8::/32"],"li":[null,10000000],"rt":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","p":[["a\"","é"],["",""]],"ru":["https://a.example/cb","a \"b\""],"pu":["https://a.example/bye","com.example.app:/bye"],"pk":true,"ci":true,"ct":true,"b":{"client_uri#":[["fr","https://a.example/\"é\""]],"contacts":["ann@a.example"],"default_max_age":5,"request_object_encryption_alg":"RSA-OAEP","require_pushed_authorization_requests":true,"response_types":["code id_token"],"tos_uri":"https://a.example/tos"},"e":true,"u":1800000000000}"#;
/// An API key of which everything is said.
const API_KEY: &str = r#"{"o":"a","b":"auth0|Ann \"Ä\" O'Neill\\%_#/é@例え","k":"svc","n":"Ann's \"laptop\" 例え","l":"jtn_svc_k3Xq","z":["a'b%_","urn:jeton:tokens:read"],"a":["https://api.example/\"x\"","b"],"c":["192.0.2.0/24","2001:db8::/32"],"q":[60,5000],"i":1800000000001,"w":{"o":"the_ROOT-1","s":"root \"0\""},"e":1800000099000,"h":"VALUE","m":1800000000003,"p":{"h":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","e":1800000050123},"g":4000000000}"#;
/// Settings for assertions of which everything is said.
const ASSERTIONS: &str = r#"{"b":[{"i":"https://idp.example/\"é","k":{"j":"{\"keys\":[]}"},"a":["https://a.example"],"l":86400,"g":60,"u":true,"m":[{"n":"repository_id","v":["1"]},{"n":"/a~1b/c","v":["x/*",-7,false]}],"z":["a"],"c":[4],"s":true,"r":true,"t":true,"j":true,"w":["10.0.0.0/8","2001:db8::/32"],"e":true},{"i":"x","k":{"u":"https://idp.example/jwks"},"e":false},{"i":"https://discovered.example","k":"d","e":true}]}"#;
/// A logout of which nothing is said but what must be, and one of which everything is said.
const LOGOUT: &str = r#"{"o":"a","i":1800000000000}"#;
const RICH_LOGOUT: &str = r#"{"o":"a","c":{"c":7,"n":"a \"shop\""},"h":{"s":"ann \"Ä\"","x":"s/1#é"},"u":"https://a.example/bye?\"é\"=%20","s":"a \"b\" é","l":"ann@例え.example","ul":["fr-CA","en"],"i":1800000000000}"#;
/// An event stream of which nothing is said but what must be, and one of which everything is said.
const EVENT_STREAM: &str = r#"{"k":{"o":"a","c":7,"i":"ID"},"a":"7","d":"p","s":"enabled","i":1800000000000}"#;
const RICH_EVENT_STREAM: &str = r#"{"k":{"o":"a","c":7,"i":"ID"},"a":"https://receiver.example/\"é\"","d":{"s":{"u":"https://receiver.example/events?\"é\"=%20","h":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw"}},"e":["https://schemas.openid.net/secevent/caep/event-type/session-revoked","urn:unheard:of:é"],"n":"Ann's \"gateway\" 例え","s":"paused","w":"a \"move\" é","x":1800000000077,"r":["AQEBAQEBAQEBAQEBAQEBAQ",{"session":"AwMDAwMDAwMDAwMDAwMDAw","user":"AgICAgICAgICAgICAgICAg"}],"v":1800000000123,"i":1800000000000}"#;
/// An authorization of which nothing is said but what must be.
const AUTHORIZATION: &str = r#"{"o":"a","c":7,"n":"7","q":{"u":"https://a.example/cb"},"b":"tblJikNLY5DEfffd4X5n76pTMjr90AJ5Gceic22mS3w","i":1800000000000,"s":"p"}"#;
/// One of whose request everything is said, up to its state.
const RICH_AUTHORIZATION: &str = r#"{"o":"a","c":7,"n":"a \"shop\"","q":{"u":"https://a.example/cb?\"é\"=%20","m":"f","s":"a \"b\" é","z":["openid","b?"],"a":["https://api.example/\"x\""],"d":[{"n":1.50,"type":"a\"b"}],"h":"byRWl6yrxaYdfCAcRDG-et75Hudamf2k2UdHv34MlH4","j":"cIMlKkjFW1y9I8PY--8uqxX9dfHch4AcxCM5f9lV0N4","n":"n\"é","p":["n","l","c","s"],"ma":300,"t":1799999999999,"i":"ann \"Ä\"","l":"ann@例え.example","r":["1","urn:acr \"é\""],"rr":["2"],"ul":["fr-CA","en"],"y":"page","cl":["de","fr"],"w":"To send \"é\"","k":{"userinfo":{"email":null},"n":1.50}},"b":"tblJikNLY5DEfffd4X5n76pTMjr90AJ5Gceic22mS3w","f":{"c":"the \"é\""},"i":1800000000000,"s":"#;
const APPROVAL: &str = r#"{"s":"auth0|Ann \"Ä\"","z":["openid","b?"],"a":["https://api.example/\"x\""],"d":[{"n":1.50,"type":"a\"b"}],"t":1799999940000,"r":"urn:acr \"é\"","m":["pwd","é\""],"x":"s/1#é","k":{"email":"ann@例え.example","n":1.50},"ki":{"tenant":"a\"b"},"ka":{"plan":"é"},"g":true,"l":600,"lr":6000,"p":[{"k":"k \"1\"","v":"é"},{"k":"","v":"","h":true}],"f":{"s":"pair \"Ä\"","h":{"x":"é"},"l":true,"c":["email","é\""]},"w":1800000001234}"#;
const LEAST_APPROVAL: &str = r#"{"s":"auth0|Ann \"Ä\"","w":1800000001234}"#;
/// The hashes of the verifier and of the secret in the code.
const VERIFIER: &str = "RzzyTjcMp3zT5D-f__qwU9O7WRSN3cj-8A06UZNgU7c";
const CODE: &str = "sdFdGlSc_hEJO_otmdqSabS2qwlwt1smBVvdTvkngkM";
/// As versions before OAuth wrote them.
const FAMILY: &str =
    r#"{"o":"a","q":"a","s":"ann","t":"BwcHBwcHBwcHBwcHBwcHBw","p":true,"i":1800000000000,"e":1800086400000,"d":300}"#;
const ORG: &str = r#"{"i":"a","e":true,"s":{"d":3600,"m":86400,"r":2592000,"t":true,"x":false},"y":false,"u":1800000000000}"#;
const CLIENT: &str = r#"{"o":"a","c":1,"k":"public","g":["refresh_token","urn:unheard:of"],"e":true,"u":1800000000000}"#;

#[test]
fn bodies_are_spelled_as_ever() {
    let rich = encode_token(&samples::rich_token("a", 1)).unwrap();
    assert_eq!(rich, format!("{TOKEN}\"{}\",{OAUTH},{VALUE},\"g\":7}}", samples::id(2)));
    assert_eq!(encode_token(&samples::token("a", 1)).unwrap(), PLAIN);
}

#[test]
fn a_clients_body_is_spelled_as_ever() {
    let secret = ClientSecret { hash: [7; 32], created_at: None, expires_at: None };
    let (secrets, registration_token) = (vec![secret], Some([7; 32]));
    let mut client = Client { secrets, registration_token, ..samples::client("a", 1, Some("shop")) };
    client.settings.grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    assert_eq!(encode_client(&client).unwrap(), RICH_CLIENT);
    assert_eq!(decode_client(RICH_CLIENT.as_bytes(), samples::T0).unwrap(), client);
}

#[test]
fn an_api_keys_body_is_spelled_as_ever() {
    use base64::Engine as _;

    let key = samples::rich_api_key("a", 1);
    let body = API_KEY.replace("VALUE", &base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(key.value));
    assert_eq!(encode_api_key(&key).unwrap(), body);
    let state = ApiKeyState { used_at: key.used_at, revoked: key.revoked.clone() };
    assert_eq!(decode_api_key(&key.locator(), body.as_bytes(), state.clone()).unwrap(), key);
    let of_before = body.replace(r#","q":[60,5000]"#, "");
    assert_eq!(decode_api_key(&key.locator(), of_before.as_bytes(), state).unwrap().limits, None);
}

#[test]
fn the_settings_for_assertions_have_a_body_of_their_own() {
    assert_eq!(encode_assertion_settings(&samples::NO_ASSERTIONS).unwrap(), "{}");
    assert_eq!(encode_assertion_settings(&samples::assertions()).unwrap(), ASSERTIONS);
    assert_eq!(decode_assertion_settings(ASSERTIONS.as_bytes()).unwrap(), samples::assertions());
    assert_eq!(decode_assertion_settings(br#"{"new":1}"#).unwrap(), samples::NO_ASSERTIONS);
}

#[test]
fn an_org_whose_issuers_are_where_they_were_is_not_read_without_them() {
    for with_nonce in [false, true] {
        let mut org = samples::org("a", &[]);
        org.settings.oauth.dpop_nonce_required = with_nonce;
        let body = encode_org(&org).unwrap();
        assert_eq!(decode_org(body.as_bytes(), samples::T0).unwrap(), org);
        let of_before = samples::with_assertions(&body, ASSERTIONS);
        assert!(!decode_org(of_before.as_bytes(), samples::T0).unwrap_err().can_retry());
    }
}

/// Each in the order of [`samples::states`].
#[test]
fn an_event_streams_body_is_spelled_as_ever() {
    for (stream, spelled) in
        [(samples::event_stream("a", 7, 1), EVENT_STREAM), (samples::rich_event_stream("a", 7, 1), RICH_EVENT_STREAM)]
    {
        let spelled = spelled.replace("ID", &stream.key.id.to_string());
        assert_eq!(encode_event_stream(&stream).unwrap(), spelled);
        let newer = spelled.replacen('{', r#"{"zz":[1],"#, 1);
        assert_eq!(decode_event_stream(&stream.key.org, newer.as_bytes()).unwrap(), stream, "what is unknown is ignored");
        assert!(decode_event_stream(&samples::org("b", &[]).id, spelled.as_bytes()).is_err(), "it is another org's");
    }
}

#[test]
fn a_logouts_body_is_spelled_as_ever_and_what_stands_beside_it_is_not_in_it() {
    for (logout, spelled) in [(samples::logout("a", 1), LOGOUT), (samples::rich_logout("a", 1), RICH_LOGOUT)] {
        assert_eq!(encode_logout(&logout).unwrap(), spelled);
        let state = LogoutState { expires_at: samples::at(7), completed_by: Some(samples::id(9)) };
        let there = decode_logout(&logout.key(), spelled.as_bytes(), state).unwrap();
        let beside = Logout { expires_at: samples::at(7), completed_by: Some(samples::id(9)), ..logout.clone() };
        assert_eq!(there, beside);
        assert_eq!(encode_logout(&there).unwrap(), spelled);
        let newer = spelled.replacen('{', r#"{"new":1,"#, 1);
        assert_eq!(decode_logout(&logout.key(), newer.as_bytes(), state).unwrap(), beside, "what is unknown is ignored");
        assert!(decode_logout(&samples::logout_key("b", 1), spelled.as_bytes(), state).is_err(), "it is another org's");
    }
}

#[test]
fn an_authorizations_body_is_spelled_as_ever_in_every_state() {
    let spelled = |authorization: &Authorization| {
        let body = encode_authorization(authorization).unwrap();
        let again = decode_authorization(&authorization.key(), body.as_bytes(), authorization.expires_at, 0).unwrap();
        assert_eq!(again, *authorization);
        body
    };
    assert_eq!(spelled(&samples::authorization("a", 1)), AUTHORIZATION);
    let errors = ["ad", "lr", "cr", "ir", "as", "ua", "is", "it", "tu", "se"];
    let denied =
        errors.map(|error| format!(r#"{{"d":{{"e":"{error}","t":"No \"é\"","u":"https://a.example/\"é\"","v":"{VERIFIER}"}}}}"#));
    let accepted = |approval| format!(r#"{{"a":{{"w":{approval},"v":"{VERIFIER}"}}}}"#);
    let issued = |approval| format!(r#"{{"i":{{"w":{approval},"c":"{CODE}"}}}}"#);
    let [token, family] = [81, 82].map(samples::id);
    let states = [
        r#""u""#.to_owned(),
        r#""p""#.to_owned(),
        format!(r#"{{"x":{{"d":"{}","t":"\"é\"","u":"\"é\""}}}}"#, samples::id(83)),
        format!(r#"{{"x":{{"d":"{}"}}}}"#, samples::id(83)),
        accepted(APPROVAL),
        issued(APPROVAL),
        accepted(LEAST_APPROVAL),
        issued(LEAST_APPROVAL),
    ];
    let states = states.into_iter().chain(denied).chain([
        format!(r#"{{"d":{{"e":"ad","v":"{VERIFIER}"}}}}"#),
        format!(r#"{{"r":{{"c":"{CODE}","t":"{token}","f":"{family}"}}}}"#),
        format!(r#"{{"r":{{"c":"{CODE}","t":"{token}"}}}}"#),
    ]);
    let states: Vec<_> = states.map(|state| format!("{RICH_AUTHORIZATION}{state}}}")).collect();
    let encoded = samples::states().into_iter().map(|state| Authorization { state, ..samples::rich_authorization("a", 1) });
    assert_eq!(encoded.map(|authorization| spelled(&authorization)).collect::<Vec<_>>(), states);
}

#[test]
fn a_devices_body_is_spelled_as_ever() {
    let whole = samples::device();
    let polling = Polling { polled_at: None, poll: None, ..whole.polling.clone() };
    let least = DeviceRequest { address: None, user_agent: None, polling };
    let (code, poll) = (Thumbprint(whole.polling.code), samples::id(17));
    for (device, spelled) in [
        (whole, format!(r#"{{"c":"{code}","a":"2001:db8::1","u":"TV \"é\"","i":5,"p":1800000005000,"n":"{poll}"}}"#)),
        (least, format!(r#"{{"c":"{code}","i":5}}"#)),
    ] {
        let authorization = Authorization { browser: None, device: Some(Box::new(device)), ..samples::authorization("a", 1) };
        let body = encode_authorization(&authorization).unwrap();
        let (before, after) = AUTHORIZATION.split_once(r#""b":"tblJikNLY5DEfffd4X5n76pTMjr90AJ5Gceic22mS3w""#).unwrap();
        assert_eq!(body, format!(r#"{before}"v":{spelled}{after}"#));
        assert_eq!(
            decode_authorization(&authorization.key(), body.as_bytes(), authorization.expires_at, 0).unwrap(),
            authorization
        );
    }
}

#[test]
fn the_body_of_a_request_from_elsewhere_is_spelled_as_ever() {
    let whole = samples::backchannel();
    let told = whole.acknowledgement.clone().unwrap();
    let polling = Polling { polled_at: None, poll: None, ..told.polling.clone() };
    let least = BackchannelRequest {
        delivery: DeliveryMode::Poll,
        requested_expiry: None,
        notification_token: None,
        acknowledgement: Some(Acknowledgement { polling, ..told.clone() }),
    };
    let asked = BackchannelRequest { acknowledgement: None, ..least.clone() };
    let (code, poll) = (Thumbprint(told.polling.code), samples::id(17));
    let spell = |sealed: &SealedSecret| Thumbprint(sealed.as_bytes().try_into().unwrap());
    let (token, auth_req_id) = (spell(whole.notification_token.as_ref().unwrap()), spell(&told.auth_req_id));
    let polled = format!(r#""c":"{code}","i":5,"p":1800000005000,"n":"{poll}""#);
    for (backchannel, spelled) in [
        (whole, format!(r#"{{"m":"ping","e":120,"t":"{token}","a":{{"r":"{auth_req_id}","p":{{{polled}}}}}}}"#)),
        (least, format!(r#"{{"m":"poll","a":{{"r":"{auth_req_id}","p":{{"c":"{code}","i":5}}}}}}"#)),
        (asked, r#"{"m":"poll"}"#.to_owned()),
    ] {
        let authorization =
            Authorization { browser: None, backchannel: Some(Box::new(backchannel)), ..samples::authorization("a", 1) };
        let body = encode_authorization(&authorization).unwrap();
        let (before, after) = AUTHORIZATION.split_once(r#""b":"tblJikNLY5DEfffd4X5n76pTMjr90AJ5Gceic22mS3w""#).unwrap();
        assert_eq!(body, format!(r#"{before}"k":{spelled}{after}"#));
        assert_eq!(
            decode_authorization(&authorization.key(), body.as_bytes(), authorization.expires_at, 0).unwrap(),
            authorization
        );
    }
}

#[test]
fn what_stands_beside_the_body_of_an_authorization_is_not_in_it() {
    let key = samples::authorization_key("a", 2);
    let there = decode_authorization(&key, AUTHORIZATION.as_bytes(), samples::at(7), 8).unwrap();
    let beside = Authorization { id: key.id, expires_at: samples::at(7), revision: 8, ..samples::authorization("a", 1) };
    assert_eq!(there, beside);
    assert_eq!(encode_authorization(&there).unwrap(), AUTHORIZATION);
}

#[test]
fn what_is_unknown_of_an_authorization_is_ignored() {
    let newer = AUTHORIZATION.replacen(r#""u":"#, r#""new":[1,null],"u":"#, 1).replacen('{', r#"{"new":{"a":1},"#, 1);
    let whole = samples::authorization("a", 1);
    assert_eq!(decode_authorization(&whole.key(), newer.as_bytes(), whole.expires_at, 0).unwrap(), whole);
}

#[test]
fn what_is_no_authorization_of_the_org_is_a_fault() {
    let decode = |org, body: &str| {
        decode_authorization(&samples::authorization_key(org, 1), body.as_bytes(), samples::at(1), 0)
            .map_err(|fault| fault.can_retry())
    };
    assert!(decode("a", AUTHORIZATION).is_ok());
    assert_eq!(decode("b", AUTHORIZATION), Err(false), "a record of another org");
    for (good, bad) in
        [(r#""s":"p""#, r#""s":"x""#), (r#""s":"p""#, r#""s":"a""#), (r#""b":""#, r#""b":"A"#), (r#""q":"#, r#""Q":"#)]
    {
        let body = AUTHORIZATION.replacen(good, bad, 1);
        assert_ne!(body, AUTHORIZATION);
        assert_eq!(decode("a", &body), Err(false), "{body}");
    }
}

#[test]
fn an_issuance_from_before_people_signed_in_has_no_sign_in() {
    let mut token = samples::token("a", 1);
    token.issuance =
        Some(Box::new(Issuance { sign_in: Some(Box::new(samples::sign_in())), ..Issuance::by(GrantType::AuthorizationCode) }));
    let body = encode_token(&token).unwrap();
    let before = PLAIN.replace('}', r#","u":{"g":"ac"}}"#);
    assert!(body.starts_with(before.trim_end_matches('}')), "{body}");
    assert_eq!(decode_token(&token.key(), body.as_bytes(), None).unwrap(), token);
    token.issuance = Some(Box::new(Issuance::by(GrantType::AuthorizationCode)));
    assert_eq!(decode_token(&token.key(), before.as_bytes(), None).unwrap(), token);
}

/// An org is read with every request: nobody shall pay for settings that it has never touched.
#[test]
fn an_org_keeps_only_the_settings_that_it_has_changed() {
    let mut org = samples::org("a", &[]);
    org.settings = OrgSettings::default();
    assert!(!encode_org(&org).unwrap().contains("\"o\""), "{}", encode_org(&org).unwrap());
    org.settings.oauth.scope_required = true;
    let body = encode_org(&org).unwrap();
    assert!(body.contains(r#""o":{"q":true}"#), "{body}");
    assert_eq!(decode_org(body.as_bytes(), org.created_at).unwrap(), org);
    // Those that are on by default, too.
    org.settings.oauth.refresh_token_idempotent = false;
    org.settings.oauth.supported_grants = vec![GrantType::RefreshToken];
    let body = encode_org(&org).unwrap();
    assert!(body.contains(r#""o":{"g":["refresh_token"],"i":false,"q":true}"#), "{body}");
    assert_eq!(decode_org(body.as_bytes(), org.created_at).unwrap(), org);
}

/// A read costs a unit for each 4 KiB: so much of an org is no exception.
#[test]
fn an_org_with_many_scopes_costs_one_read_unit() {
    let mut org = samples::org("a", &["b", "c", "d"]);
    org.settings = OrgSettings::default();
    org.settings.oauth.supported_scopes = (0..40)
        .map(|n| SupportedScope {
            name: Scope::parse(&format!("urn:shop:orders:{n}:write")).unwrap(),
            default: n == 0,
            description: Some("What it lets an application do".to_owned()),
            token_duration: None,
            refresh_token_duration: None,
            attributes: Vec::new(),
        })
        .collect();
    let length = encode_org(&org).unwrap().len();
    assert!(length <= 4_096 - 256, "{length} bytes");
}

#[test]
fn what_is_unknown_is_ignored_and_what_was_added_later_may_be_missing() {
    let newer = PLAIN.replacen('{', r#"{"new":{"a":[1,null]},"#, 1);
    for body in [PLAIN, &newer] {
        let token = decode_token(&samples::token_key("a", 1), body.as_bytes(), None).unwrap();
        assert_eq!(token, samples::token("a", 1));
    }
}

#[test]
fn what_a_client_has_got_in_the_ordinary_way_takes_a_few_bytes() {
    let mut token = samples::token("a", 1);
    token.issuance = Some(Box::new(Issuance::by(GrantType::AuthorizationCode)));
    assert_eq!(encode_token(&token).unwrap(), PLAIN.replace('}', r#","u":{"g":"ac"}}"#));
}

#[test]
fn every_grant_has_a_name_of_its_own() {
    for &grant in GrantType::ALL {
        let issuance = Issuance { grant, ..samples::issuance() };
        let mut token = samples::token("a", 1);
        token.issuance = Some(Box::new(issuance));
        let body = encode_token(&token).unwrap();
        assert_eq!(decode_token(&token.key(), body.as_bytes(), None).unwrap(), token);
    }
}

#[test]
fn bodies_from_before_oauth_mean_what_they_meant() {
    let whole = samples::family("a", 2);
    let family = decode_family(&whole.key(), FAMILY.as_bytes(), FamilyState::from(&whole)).unwrap();
    assert!(family.rotates && family.retry_window == Seconds(60) && !family.exclusive);
    assert_eq!((family.slides, family.contents.issuance, family.expires_at), (None, None, whole.expires_at));

    let org = decode_org(ORG.as_bytes(), samples::T0).unwrap();
    let settings = OrgSettings { token_duration: Some(OrgSettings::DEFAULT_LIFETIME), ..OrgSettings::default() };
    assert_eq!(org, Org { settings, ..samples::org("a", &[]) });
    let keeping = decode_org(ORG.replace(r#""t":true"#, r#""t":false"#).as_bytes(), samples::T0).unwrap();
    assert_eq!(keeping.settings.refresh_token_kept, Some(true));

    let client = decode_client(CLIENT.as_bytes(), samples::T0).unwrap();
    assert_eq!(client.settings.scopes, Some(Vec::new()), "no scopes were never all scopes");
    assert_eq!((client.settings.auth_method, client.settings.grants), (ClientAuthMethod::None, vec![GrantType::RefreshToken]));
}

#[test]
fn versions_from_before_oauth_find_what_they_need() {
    for (kept, rotates) in [(None, true), (Some(false), true), (Some(true), false)] {
        let settings = OrgSettings { refresh_token_kept: kept, ..OrgSettings::default() };
        let body = encode_org(&Org { settings, ..samples::org("a", &[]) }).unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["s"]["t"], rotates, "{kept:?}");
    }
    let body: serde_json::Value = serde_json::from_str(&encode_family(&samples::family("a", 2)).unwrap()).unwrap();
    assert_eq!(body["e"], 1_800_086_400_000_i64);
}

#[test]
fn what_is_no_record_is_a_fault() {
    let key = samples::token_key("a", 1);
    let bodies = [
        "",
        "null",
        "{}",
        "[]",
        &PLAIN[1..],
        &PLAIN.replace("ann", ""),
        &PLAIN.replace("1800000000000", "\"1\""),
        &format!("{PLAIN}x"),
    ];
    for body in bodies {
        let fault = decode_token(&key, body.as_bytes(), None).unwrap_err();
        assert!(!fault.can_retry(), "{body}");
    }
    assert!(decode_token(&samples::token_key("b", 1), PLAIN.as_bytes(), None).is_err(), "a record of another org");
    assert!(decode_token(&key, b"\xff", None).is_err());
}

#[test]
fn kinds_of_marks_have_names_of_their_own() {
    let member = |text| NotBeforeScope::Member(samples::subject(text));
    let session = NotBeforeScope::Session(samples::session("a", "1").id);
    let client = samples::client_id(1);
    let pair = NotBeforeScope::ClientOf(client, samples::subject("2#3"));
    let clients = NotBeforeScope::ClientsOf(samples::subject("1"));
    let kinds =
        [NotBeforeScope::Org, NotBeforeScope::Client(client), member("1"), member("o"), member("c#1"), session, pair, clients];
    let names = kinds.each_ref().map(mark_name);
    assert_eq!(names, ["o", "c#1", "m#1", "m#o", "m#c#1", "s#1", "p#1#2#3", "q#1"]);
    assert_eq!(names.map(|name| mark_kind(&name).unwrap()), kinds);
}
