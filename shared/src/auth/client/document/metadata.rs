//! What a metadata document says: the members of RFC 7591 section 2, by rules that are stricter than those of registration, because nobody
//! answers for it.

use serde_json::{Map, Value};

use crate::domain::redirect_uri::is_web_page;
use crate::domain::{
    ClientKind, ClientMetadata, ClientSettings, ClientUrl, GrantType, Invalid, MetadataMember, MetadataValue, RedirectUri, Scope,
};
use crate::encoding::strict_json;
use crate::jose::jwk;

/// What the document of a client says of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentMetadata {
    /// What becomes the client's settings, but how it authenticates.
    pub settings: ClientSettings,
    /// Whether it may come without any proof.
    pub offers_none: bool,
    /// Whether it may come with an assertion that one of its keys has signed.
    pub offers_keys: bool,
    /// Where its keys are, if they aren't in the document: at the document's own origin.
    pub jwks_uri: Option<String>,
}

/// The most redirect URIs.
const MAX_REDIRECT_URIS: usize = 20;
/// The most characters of the client's name.
const MAX_NAME_CHARS: usize = 200;
/// The most bytes of a URL.
const MAX_URL_BYTES: usize = 512;
/// The grants that such a client can have.
const GRANTS: [GrantType; 4] =
    [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode, GrantType::JwtBearer];
/// The pages that are shown to people.
const PAGES: [&str; 4] = ["client_uri", "logo_uri", "policy_uri", "tos_uri"];
/// What a client demands of requests in its own name.
const DUTIES: [&str; 2] = ["require_pushed_authorization_requests", "require_signed_request_object"];
/// The members of a key that nobody else may know: RFC 7518 section 6.
const PRIVATE_KEY_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

impl DocumentMetadata {
    /// Reads the document that was found at this URL.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that it breaks.
    pub fn read(url: &ClientUrl, body: &str) -> Result<Self, Invalid> {
        let members: Map<String, Value> =
            strict_json::decode(body.as_bytes()).map_err(|_| Invalid("must be a JSON object that names each member once"))?;
        if members.get("client_id").and_then(Value::as_str) != Some(url.as_str()) {
            return Err(Invalid("client_id must be the URL of the document, letter by letter"));
        }
        if members.keys().any(|name| name.starts_with("client_secret")) {
            return Err(Invalid("must have no client_secret"));
        }
        let (jwks, jwks_uri) = keys(url, &members)?;
        let methods = methods(&members)?;
        let has_keys = jwks.is_some() || jwks_uri.is_some();
        let offers_keys = has_keys && methods.iter().any(|method| method == "private_key_jwt");
        let offers_none = methods.iter().any(|method| method == "none");
        if !offers_none && !offers_keys {
            return Err(Invalid("must offer none, or private_key_jwt with jwks or a jwks_uri of its own origin"));
        }
        let settings = ClientSettings {
            name: Some(name(url, &members)?),
            grants: grants(&members)?,
            scopes: scopes(&members)?,
            jwks,
            dpop_bound_tokens: flag(&members, "dpop_bound_access_tokens")?,
            redirect_uris: redirect_uris(&members)?,
            metadata: metadata(&members)?,
            ..ClientSettings::new(ClientKind::Public)
        };
        Ok(Self { settings, offers_none, offers_keys, jwks_uri })
    }
}

/// A member that is there: `null` is as good as none.
fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn text<'a>(members: &'a Map<String, Value>, name: &str, rule: &'static str) -> Result<Option<&'a str>, Invalid> {
    given(members, name).map(|value| value.as_str().ok_or(Invalid(rule))).transpose()
}

fn texts<'a>(members: &'a Map<String, Value>, name: &str, rule: &'static str) -> Result<Option<Vec<&'a str>>, Invalid> {
    let Some(value) = given(members, name) else { return Ok(None) };
    let items = value.as_array().ok_or(Invalid(rule))?;
    items.iter().map(|item| item.as_str().ok_or(Invalid(rule))).collect::<Result<Vec<_>, _>>().map(Some)
}

fn flag(members: &Map<String, Value>, name: &str) -> Result<bool, Invalid> {
    let flag = given(members, name).map(|value| value.as_bool().ok_or(Invalid("a duty must be true or false")));
    Ok(flag.transpose()?.unwrap_or_default())
}

/// The name for people: the host, if the document has none.
fn name(url: &ClientUrl, members: &Map<String, Value>) -> Result<String, Invalid> {
    const RULE: &str = "client_name must be a text of at most 200 characters, none of them a control character";
    let Some(name) = text(members, "client_name", RULE)?.map(str::trim).filter(|name| !name.is_empty()) else {
        return Ok(url.host());
    };
    let is_good = name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    is_good.then(|| name.to_owned()).ok_or(Invalid(RULE))
}

fn redirect_uris(members: &Map<String, Value>) -> Result<Vec<RedirectUri>, Invalid> {
    const RULE: &str = "redirect_uris must be 1 to 20 URIs";
    let uris = texts(members, "redirect_uris", RULE)?.unwrap_or_default();
    if !(1..=MAX_REDIRECT_URIS).contains(&uris.len()) {
        return Err(Invalid(RULE));
    }
    uris.into_iter().map(RedirectUri::parse_self_registered).collect()
}

/// The grants of the document that such a client can have: RFC 7591 section 2 says which it has if it names none.
fn grants(members: &Map<String, Value>) -> Result<Vec<GrantType>, Invalid> {
    let named = texts(members, "grant_types", "grant_types must be a list of texts")?;
    let Some(named) = named else { return Ok(vec![GrantType::AuthorizationCode]) };
    let is_named = |grant: &GrantType| named.contains(&grant.as_str());
    Ok(GRANTS.into_iter().filter(is_named).collect())
}

/// The scopes that the client will ask for, as far as they can be scopes.
fn scopes(members: &Map<String, Value>) -> Result<Option<Vec<Scope>>, Invalid> {
    let named = text(members, "scope", "scope must be a text")?;
    let read = |text: &str| text.split(' ').filter_map(|name| Scope::parse(name).ok()).collect::<Vec<_>>();
    Ok(named.map(read).filter(|scopes| !scopes.is_empty()))
}

/// The ways in which the client may authenticate. Those of secrets that both sides know can't be, for nobody has agreed on one.
fn methods(members: &Map<String, Value>) -> Result<Vec<String>, Invalid> {
    const RULE: &str = "token_endpoint_auth_method and token_endpoint_auth_methods_supported must be texts";
    let one = text(members, "token_endpoint_auth_method", RULE)?;
    let several = texts(members, "token_endpoint_auth_methods_supported", RULE)?;
    let usual = (one.is_none() && several.is_none()).then_some("none");
    let all: Vec<_> = several.into_iter().flatten().chain(one).chain(usual).map(str::to_owned).collect();
    if all.iter().any(|method| method.starts_with("client_secret_")) {
        return Err(Invalid("must offer no method of authentication by a secret"));
    }
    Ok(all)
}

/// The keys of the client: in the document, as far as they can be used, or where they are.
fn keys(url: &ClientUrl, members: &Map<String, Value>) -> Result<(Option<String>, Option<String>), Invalid> {
    let jwks = given(members, "jwks");
    let place = text(members, "jwks_uri", "jwks_uri must be a text")?;
    if jwks.is_some() && place.is_some() {
        return Err(Invalid("must have jwks or jwks_uri, not both"));
    }
    if place.is_some_and(|place| place.len() > MAX_URL_BYTES || !url.has_origin_of(place)) {
        return Err(Invalid("jwks_uri must have the origin of the document"));
    }
    let Some(set) = jwks else { return Ok((None, place.map(str::to_owned))) };
    let is_private = |key: &Value| {
        PRIVATE_KEY_MEMBERS.iter().any(|name| key.get(name).is_some()) || key.get("kty").is_some_and(|kty| kty == "oct")
    };
    if set.get("keys").and_then(Value::as_array).is_none_or(|keys| keys.iter().any(is_private)) {
        return Err(Invalid("jwks must be a JWK Set of public keys"));
    }
    let usable = jwk::usable_from_json(set.to_string().as_bytes())?;
    let is_empty = usable.iter().next().is_none();
    Ok(((!is_empty).then(|| jwk::set_to_json(usable.iter())), None))
}

/// What is kept and shown, and what the client demands of its own requests.
fn metadata(members: &Map<String, Value>) -> Result<ClientMetadata, Invalid> {
    const RULE: &str = "client_uri, logo_uri, policy_uri and tos_uri must be http or https URLs of at most 512 bytes";
    let mut metadata = ClientMetadata::default();
    for name in PAGES {
        let Some(page) = text(members, name, RULE)? else { continue };
        if page.len() > MAX_URL_BYTES || !is_web_page(page) {
            return Err(Invalid(RULE));
        }
        if let Some(member) = MetadataMember::named(name) {
            metadata.insert(member, MetadataValue::Text(page.to_owned()));
        }
    }
    for name in DUTIES {
        if let Some(member) = MetadataMember::named(name) {
            metadata.insert(member, MetadataValue::Flag(flag(members, name)?));
        }
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Algorithm;
    use crate::keys::signer::{LocalSigner, Signer as _};

    const URL: &str = "https://client.example/metadata.json";

    fn read(changes: &Value) -> Result<DocumentMetadata, Invalid> {
        let mut document = json!({
            "client_id": URL, "client_name": "Editor", "redirect_uris": ["https://client.example/cb", "http://127.0.0.1/"],
        });
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        DocumentMetadata::read(&ClientUrl::parse(URL).unwrap(), &document.to_string())
    }

    fn public_key() -> Value {
        jwk::to_json(LocalSigner::for_tests(Algorithm::Es256).jwk())
    }

    #[test]
    fn a_document_says_what_its_client_is() {
        let least = read(&json!({})).unwrap();
        assert!(least.offers_none && !least.offers_keys);
        assert_eq!((least.settings.name.as_deref(), least.settings.redirect_uris.len()), (Some("Editor"), 2));
        assert_eq!(least.settings.grants, [GrantType::AuthorizationCode]);
        let more = read(&json!({
            "client_name": null, "scope": "a b", "logo_uri": "https://client.example/logo.png", "dpop_bound_access_tokens": true,
            "grant_types": ["refresh_token", "authorization_code", "client_credentials", "urn:x"], "unknown": {"x": 1},
            "require_pushed_authorization_requests": true,
        }));
        let settings = more.unwrap().settings;
        assert_eq!(settings.name.as_deref(), Some("client.example"), "the host stands in");
        assert_eq!(settings.grants, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!(settings.scopes.map(|scopes| scopes.len()), Some(2));
        assert!(settings.dpop_bound_tokens && settings.metadata.iter().count() == 2);
    }

    #[test]
    fn a_client_authenticates_by_what_its_document_offers() {
        let keys = json!({"keys": [public_key()]});
        let place = "https://client.example/keys";
        for (changes, none, by_keys) in [
            (json!({"token_endpoint_auth_method": "none"}), true, false),
            (json!({"token_endpoint_auth_method": "none", "jwks": keys}), true, false),
            (json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys}), false, true),
            (json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": place}), false, true),
            (
                json!({"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["none"], "jwks_uri": place}),
                true,
                true,
            ),
            (json!({"token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"], "jwks": keys}), false, true),
        ] {
            let read = read(&changes).unwrap();
            assert_eq!((read.offers_none, read.offers_keys), (none, by_keys), "{changes}");
        }
    }

    #[test]
    fn a_document_that_breaks_a_rule_is_none() {
        let with = |name: &str, value: Value| {
            let mut key = public_key();
            key[name] = value;
            json!({"jwks": {"keys": [key]}})
        };
        for changes in [
            json!({"client_id": "https://client.example/metadata.json?"}),
            json!({"client_id": "https://CLIENT.example/metadata.json"}),
            json!({"client_id": "https://client.example:443/metadata.json"}),
            json!({"client_id": null}),
            json!({"client_id": [URL]}),
            json!({"redirect_uris": null}),
            json!({"redirect_uris": []}),
            json!({"redirect_uris": "https://client.example/cb"}),
            json!({"redirect_uris": [1]}),
            json!({"redirect_uris": vec!["https://client.example/cb"; 21]}),
            json!({"redirect_uris": ["http://client.example/cb"]}),
            json!({"redirect_uris": ["cursor://callback"]}),
            json!({"redirect_uris": ["javascript:alert(1)"]}),
            json!({"redirect_uris": ["https://client.example/cb#x"]}),
            json!({"client_secret": "x"}),
            json!({"client_secret_expires_at": 0}),
            json!({"token_endpoint_auth_method": "client_secret_basic"}),
            json!({"token_endpoint_auth_methods_supported": ["none", "client_secret_jwt"]}),
            json!({"token_endpoint_auth_method": "tls_client_auth"}),
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}}),
            json!({"token_endpoint_auth_method": 1}),
            json!({"token_endpoint_auth_methods_supported": []}),
            json!({"jwks": {}}),
            json!({"jwks": "x"}),
            json!({"jwks": {"keys": []}, "jwks_uri": "https://client.example/keys"}),
            json!({"jwks_uri": "https://keys.example/keys"}),
            json!({"jwks_uri": "https://client.example:8443/keys"}),
            json!({"jwks_uri": "http://client.example/keys"}),
            json!({"jwks_uri": "https://client.example@evil.example/keys"}),
            json!({"jwks_uri": 1}),
            json!({"jwks": {"keys": [{"kty": "oct", "alg": "HS256"}]}}),
            with("d", json!("AA")),
            with("k", json!("AA")),
            with("p", Value::Null),
            json!({"client_name": "a\u{7}b"}),
            json!({"client_name": "x".repeat(201)}),
            json!({"client_name": ["x"]}),
            json!({"logo_uri": "javascript:alert(1)"}),
            json!({"client_uri": format!("https://client.example/{}", "x".repeat(500))}),
            json!({"grant_types": "authorization_code"}),
            json!({"scope": ["a"]}),
            json!({"dpop_bound_access_tokens": "true"}),
        ] {
            assert!(read(&changes).is_err(), "{changes}");
        }
        let url = ClientUrl::parse(URL).unwrap();
        let twice = format!(
            r#"{{"client_id":"{URL}","redirect_uris":["https://client.example/cb"],"redirect_uris":["https://evil.example/cb"]}}"#
        );
        let escaped =
            format!(r#"{{"client_id":"{URL}","redirect_uris":["https://client.example/cb"],"client\u005fid":"{URL}"}}"#);
        for body in [twice.as_str(), &escaped, "", "[]", "null", "{}", "{}{}", "\u{feff}{}"] {
            assert!(DocumentMetadata::read(&url, body).is_err(), "{body}");
        }
    }
}
