//! The crates `oauth2` and `jsonwebtoken` against the servers that `with_services.py` runs.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::JwkSet;
use oauth_rust::{get_token, verify};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenType};
use oauth2::reqwest::blocking::Client as Http;
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, IntrospectionUrl, RefreshToken, RequestTokenError,
    ResourceOwnerUsername, RevocationUrl, Scope, StandardRevocableToken, SyncHttpClient, TokenIntrospectionResponse,
    TokenResponse, TokenUrl, reqwest,
};
use serde_json::{Value, json};

const API: &str = "https://api.example";

/// An org of a server.
struct Org {
    url: String,
    org: Value,
}

/// For an org with tokens of this form on each of the servers.
fn each(form: &str, test: impl Fn(&Org)) {
    let deployments: Value = serde_json::from_str(&std::env::var("JETON_DEPLOYMENTS").expect("run by tests/run")).unwrap();
    for deployment in deployments.as_array().unwrap() {
        test(&Org { url: text(&deployment["url"]), org: deployment["orgs"][form].clone() });
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What the crate refuses to do over plain HTTP, it does over this.
fn plain(request: HttpRequest) -> Result<HttpResponse, oauth2::HttpClientError<reqwest::Error>> {
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.to_string().replacen("https://", "http://", 1).parse().unwrap();
    Http::new().call(HttpRequest::from_parts(parts, body))
}

type Configured = oauth2::Client<
    oauth2::basic::BasicErrorResponse,
    oauth2::basic::BasicTokenResponse,
    oauth2::basic::BasicTokenIntrospectionResponse,
    oauth2::StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
    oauth2::EndpointSet,
    oauth2::EndpointSet,
>;

impl Org {
    fn client(&self, name: &str) -> Configured {
        let known = &self.org["clients"][name];
        let at = |path: &str| format!("{}{path}", self.url.replacen("http://", "https://", 1));
        let client = BasicClient::new(ClientId::new(text(&known["id"])))
            .set_token_uri(TokenUrl::new(at("/oauth2/token")).unwrap())
            .set_introspection_url(IntrospectionUrl::new(at("/oauth2/introspect")).unwrap())
            .set_revocation_url(RevocationUrl::new(at("/oauth2/revoke")).unwrap());
        let client = match known["secret"].as_str() {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
            None => client,
        };
        client.set_auth_type(if name == "basic" || name == "api" { AuthType::BasicAuth } else { AuthType::RequestBody })
    }

    fn is_live(&self, token: &AccessToken) -> bool {
        self.client("api").introspect(token).request(&plain).unwrap().active()
    }

    /// A refresh token, as an authorization server has it made for a user.
    fn approved(&self, name: &str) -> RefreshToken {
        let body = json!({
            "grantType": "AUTHORIZATION_CODE", "clientId": self.org["clients"][name]["id"], "subject": "john", "scopes": ["files.read", "mail"],
        });
        let url = format!("{}/api/{}/auth/token/create", self.url, self.org["id"].as_str().unwrap());
        let request = Http::new().post(url).bearer_auth(text(&self.org["bearer"])).header("content-type", "application/json");
        let made: Value = serde_json::from_str(&request.body(body.to_string()).send().unwrap().text().unwrap()).unwrap();
        RefreshToken::new(text(&made["refreshToken"]))
    }

    fn keys(&self) -> JwkSet {
        let set = Http::new().get(format!("{}/.well-known/jwks.json", self.url)).send().unwrap().text().unwrap();
        serde_json::from_str(&set).unwrap()
    }
}

#[test]
fn rfc6749_4_4_a_client_gets_a_token_for_itself() {
    each("opaque", |org| {
        for name in ["basic", "post"] {
            let token =
                org.client(name).exchange_client_credentials().add_scope(Scope::new("mail".into())).request(&plain).unwrap();
            assert_eq!(*token.token_type(), BasicTokenType::Bearer);
            assert_eq!(token.expires_in(), Some(Duration::from_secs(600)));
            assert_eq!(token.scopes(), Some(&vec![Scope::new("mail".into())]));
            assert!(token.refresh_token().is_none(), "RFC 6749 4.4.3");
            let seen = org.client("api").introspect(token.access_token()).request(&plain).unwrap();
            let id = text(&org.org["clients"][name]["id"]);
            assert_eq!((seen.active(), seen.client_id().map(|id| id.as_str())), (true, Some(&*id)));
            assert_eq!(seen.iss(), Some(&*org.url));
            assert_eq!(seen.aud(), Some(&vec![API.to_owned()]));
            assert_eq!(seen.username(), None::<&ResourceOwnerUsername>.map(|name| name.as_str()));
        }
    });
}

#[test]
fn rfc6749_5_2_a_refusal_is_an_error_of_the_crate() {
    each("opaque", |org| {
        let scope = Scope::new("nothing".into());
        match org.client("basic").exchange_client_credentials().add_scope(scope).request(&plain) {
            Err(RequestTokenError::ServerResponse(refusal)) => {
                assert_eq!(*refusal.error(), BasicErrorResponseType::InvalidScope);
                assert!(refusal.error_description().is_some());
            }
            other => panic!("{other:?}"),
        }
        let wrong = org.client("basic").set_client_secret(ClientSecret::new("wrong".into()));
        match wrong.exchange_client_credentials().request(&plain) {
            Err(RequestTokenError::ServerResponse(refusal)) => {
                assert_eq!(*refusal.error(), BasicErrorResponseType::InvalidClient)
            }
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn rfc6749_6_a_confidential_client_keeps_its_refresh_token_and_that_of_a_public_one_is_replaced() {
    each("opaque", |org| {
        for (name, is_kept) in [("basic", true), ("public", false)] {
            let first = org.approved(name);
            let token = org.client(name).exchange_refresh_token(&first).request(&plain).unwrap();
            let next = token.refresh_token().unwrap_or(&first);
            assert_eq!(next.secret() == first.secret(), is_kept);
            let again = org.client(name).exchange_refresh_token(&first).request(&plain).unwrap();
            assert_eq!(again.refresh_token().unwrap_or(&first).secret(), next.secret());
            // A family that Authlete's API has begun has one access token at a time.
            assert!(org.is_live(again.access_token()));
        }
    });
}

#[test]
fn rfc7009_2_a_revoked_token_is_dead() {
    each("opaque", |org| {
        let token = org.client("basic").exchange_client_credentials().request(&plain).unwrap();
        assert!(org.is_live(token.access_token()));
        let named = StandardRevocableToken::AccessToken(token.access_token().clone());
        org.client("basic").revoke_token(named).unwrap().request(&plain).unwrap();
        assert!(!org.is_live(token.access_token()));
        let unknown = StandardRevocableToken::RefreshToken(RefreshToken::new("unknown".into()));
        org.client("basic").revoke_token(unknown).unwrap().request(&plain).unwrap();
    });
}

#[test]
fn rfc9068_4_a_token_verifies_as_the_docs_say() {
    each("ES256", |org| {
        let known = &org.org["clients"]["basic"];
        let token = get_token::token(&org.url, &text(&known["id"]), &text(&known["secret"])).unwrap();
        let (token, keys) = (token.access_token().secret(), org.keys());
        let claims = verify::verify(token, &keys, &org.url, API).unwrap();
        assert_eq!((claims.sub, claims.client_id, &*claims.scope), (text(&known["id"]), text(&known["id"]), "files.read"));
        let refused =
            |token: &str, issuer: &str, audience: &str| verify::verify(token, &keys, issuer, audience).unwrap_err().into_kind();
        assert_eq!(refused(token, &org.url, "https://other.example"), ErrorKind::InvalidAudience);
        assert_eq!(refused(token, "https://elsewhere.example", API), ErrorKind::InvalidIssuer);
        let (input, _) = token.rsplit_once('.').unwrap();
        assert_eq!(refused(&format!("{input}.{}", "A".repeat(86)), &org.url, API), ErrorKind::InvalidSignature);
        let brief = org.client("brief").set_auth_type(AuthType::BasicAuth).exchange_client_credentials().request(&plain).unwrap();
        // The crate still takes it in the second of its `exp`.
        std::thread::sleep(Duration::from_millis(2_100));
        assert_eq!(refused(brief.access_token().secret(), &org.url, API), ErrorKind::ExpiredSignature);
    });
}

#[test]
fn the_docs_have_these_programs() {
    for (page, program) in [
        (include_str!("../../../../docs/clients.md"), include_str!("../src/get_token.rs")),
        (include_str!("../../../../docs/verifying-tokens.md"), include_str!("../src/verify.rs")),
        (include_str!("../../../../docs/verifying/axum.md"), include_str!("../src/axum.rs")),
        (include_str!("../../../../docs/verifying/status-lists.md"), include_str!("../src/status.rs")),
    ] {
        assert!(page.contains(&format!("```rust\n{program}```\n")), "{program}");
    }
}
