//! The crate `openidconnect`: people sign in with a browser and the login application of examples/login/.

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreGenderClaim, CoreProviderMetadata};
use openidconnect::reqwest::blocking::Client as Http;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyAdditionalClaims, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, TokenResponse,
    UserInfoClaims,
};
use serde_json::Value;

const CALLBACK: &str = "http://127.0.0.1:52011/callback";
const PASSWORD: &str = "only-for-this-page";

/// For an org with tokens of this form on each of the servers: its address, and the client.
fn each(form: &str, test: impl Fn(&str, &Value)) {
    let deployments: Value = serde_json::from_str(&std::env::var("JETON_DEPLOYMENTS").expect("run by tests/run")).unwrap();
    for deployment in deployments.as_array().unwrap() {
        test(deployment["url"].as_str().unwrap(), &deployment["orgs"][form]["clients"]);
    }
}

/// Where a browser comes to: a page, or the client's address with the answer.
enum Place {
    Page(String, String),
    Client(openidconnect::url::Url),
}

/// A browser: it keeps cookies, follows redirects, and fills in forms.
struct Browser(Http);

impl Browser {
    fn new() -> Self {
        Self(Http::builder().cookie_store(true).redirect(openidconnect::reqwest::redirect::Policy::none()).build().unwrap())
    }

    fn go(&self, url: &str, form: Option<&[(String, String)]>) -> Place {
        let mut answer = match form {
            None => self.0.get(url).send().unwrap(),
            Some(fields) => self.0.post(url).form(fields).send().unwrap(),
        };
        while answer.status().as_u16() == 303 {
            let next = answer.url().join(answer.headers()["location"].to_str().unwrap()).unwrap();
            if next.as_str().starts_with(CALLBACK) {
                return Place::Client(next);
            }
            answer = self.0.get(next).send().unwrap();
        }
        Place::Page(answer.url().to_string(), answer.text().unwrap())
    }

    /// Sends the form of a page, its hidden fields included.
    fn send(&self, (url, page): (&str, &str), filled: &[(&str, &str)]) -> Place {
        let value = |tag: &str, name: &str| {
            let rest = tag.split_once(&format!("{name}=\"")).map(|(_, rest)| rest)?;
            rest.split_once('"').map(|(value, _)| value.replace("&amp;", "&"))
        };
        let tags = || page.split('<');
        let action = tags().find(|tag| tag.starts_with("form")).and_then(|tag| value(tag, "action")).expect(page);
        let hidden = tags().filter(|tag| tag.starts_with("input") && tag.contains("hidden"));
        let hidden = hidden.map(|tag| (value(tag, "name").unwrap(), value(tag, "value").unwrap()));
        let filled = filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let url = openidconnect::url::Url::parse(url).unwrap().join(&action).unwrap();
        self.go(url.as_str(), Some(&hidden.chain(filled).collect::<Vec<_>>()))
    }

    /// Signs in and allows what is asked. Returns the client's address with the answer.
    fn sign_in(&self, url: &str) -> openidconnect::url::Url {
        let mut place = self.go(url, None);
        for filled in [[("user", "ann"), ("password", PASSWORD)].as_slice(), &[("decision", "allow")]] {
            match place {
                Place::Client(_) => break,
                Place::Page(url, page) => place = self.send((&url, &page), filled),
            }
        }
        match place {
            Place::Client(answer) => answer,
            Place::Page(url, page) => panic!("{url} {page}"),
        }
    }
}

/// What the client keeps of a request until the answer.
struct Asked {
    url: String,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

macro_rules! client {
    ($issuer:expr, $known:expr, $http:expr) => {{
        let metadata = CoreProviderMetadata::discover(&IssuerUrl::new($issuer.to_owned()).unwrap(), $http).unwrap();
        let secret = $known["secret"].as_str().map(|secret| ClientSecret::new(secret.to_owned()));
        let id = ClientId::new($known["id"].as_str().unwrap().to_owned());
        CoreClient::from_provider_metadata(metadata, id, secret)
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
    }};
}

macro_rules! asked {
    ($client:expr) => {{
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = $client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["profile", "email", "files.read"].map(|scope| Scope::new(scope.to_owned()));
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Asked { url: url.to_string(), state, nonce, verifier }
    }};
}

/// The code of an answer that is to this request.
fn code(answer: &openidconnect::url::Url, asked: &Asked) -> AuthorizationCode {
    let find = |name: &str| answer.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned());
    assert_eq!(find("state").as_ref(), Some(asked.state.secret()));
    AuthorizationCode::new(find("code").unwrap_or_else(|| panic!("{answer}")))
}

#[test]
fn openid_core_3_1_a_person_signs_in_and_the_client_learns_who_it_is() {
    for form in ["opaque", "ES256"] {
        each(form, |issuer, clients| {
            let http = Browser::new().0;
            let client = client!(issuer, clients["public"], &http);
            let asked = asked!(client);
            let answer = Browser::new().sign_in(&asked.url);
            let exchange = client.exchange_code(code(&answer, &asked)).unwrap().set_pkce_verifier(asked.verifier);
            let tokens = exchange.request(&http).unwrap();
            let verifier = client.id_token_verifier();
            let token = tokens.id_token().unwrap();
            let claims = token.claims(&verifier, &asked.nonce).unwrap();
            assert_eq!((claims.subject().as_str(), claims.auth_context_ref().unwrap().as_str()), ("u-1001", "urn:example:password"));
            let hash = AccessTokenHash::from_token(
                tokens.access_token(),
                token.signing_alg().unwrap(),
                token.signing_key(&verifier).unwrap(),
            );
            assert_eq!(Some(&hash.unwrap()), claims.access_token_hash(), "OpenID Connect Core 3.1.3.6");
            let userinfo = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
            let known: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> = userinfo.request(&http).unwrap();
            assert_eq!(known.email().map(|email| email.as_str()), Some("ann@example.org"));

            let first: &RefreshToken = tokens.refresh_token().unwrap();
            let refreshed = client.exchange_refresh_token(first).unwrap().request(&http).unwrap();
            let again = refreshed.id_token().unwrap();
            let claims_again = again.claims(&verifier, |nonce: Option<&Nonce>| match nonce {
                None => Ok(()),
                Some(_) => Err("OpenID Connect Core 12.2: there is no nonce".to_owned()),
            });
            assert_eq!(claims_again.unwrap().subject(), claims.subject());
        });
    }
}

#[test]
fn openid_core_3_1_3_7_an_id_token_is_for_the_request_and_the_client_alone() {
    each("ES256", |issuer, clients| {
        let http = Browser::new().0;
        let client = client!(issuer, clients["public"], &http);
        let asked = asked!(client);
        let answer = Browser::new().sign_in(&asked.url);
        let exchange = client.exchange_code(code(&answer, &asked)).unwrap().set_pkce_verifier(asked.verifier);
        let tokens = exchange.request(&http).unwrap();
        let token = tokens.id_token().unwrap();
        assert!(token.claims(&client.id_token_verifier(), &Nonce::new_random()).is_err());
        let other = client!(issuer, clients["own"], &http);
        assert!(token.claims(&other.id_token_verifier(), &asked.nonce).is_err());
    });
}

#[test]
fn rfc7636_4_6_a_code_is_good_for_who_holds_the_verifier_and_once() {
    each("opaque", |issuer, clients| {
        let http = Browser::new().0;
        let client = client!(issuer, clients["public"], &http);
        let asked = asked!(client);
        let answer = Browser::new().sign_in(&asked.url);
        let redeemed = |verifier: &str| {
            let verifier = PkceCodeVerifier::new(verifier.to_owned());
            client.exchange_code(code(&answer, &asked)).unwrap().set_pkce_verifier(verifier).request(&http)
        };
        for verifier in [PkceCodeChallenge::new_random_sha256().1.secret().as_str(), asked.verifier.secret()] {
            match redeemed(verifier) {
                Err(RequestTokenError::ServerResponse(refusal)) => {
                    assert_ne!(verifier, asked.verifier.secret());
                    assert_eq!(*refusal.error(), CoreErrorResponseType::InvalidGrant);
                }
                Err(other) => panic!("{other:?}"),
                Ok(_) => assert_eq!(verifier, asked.verifier.secret()),
            }
        }
        assert!(matches!(redeemed(asked.verifier.secret()), Err(RequestTokenError::ServerResponse(_))), "a second use");
    });
}
