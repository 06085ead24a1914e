//! `fapi2-security-profile-final-dpop-negative-tests`

use super::*;

/// Where a proof is shown.
pub(super) struct Place {
    method: &'static str,
    uri: String,
    /// The token that is shown with it.
    token: Option<String>,
}

impl Place {
    pub(super) fn token_endpoint() -> Self {
        Self { method: "POST", uri: format!("{ISSUER}/oauth2/token"), token: None }
    }

    /// A resource server's.
    pub(super) fn resource(token: &str) -> Self {
        Self { method: "GET", uri: "https://api.example/accounts".to_owned(), token: Some(token.to_owned()) }
    }

    /// A proof for this place by `key`, with what is laid over its header and its claims.
    pub(super) fn proof(&self, key: &LocalSigner, header: Value, claims: Value) -> String {
        let said = json!({"jti": fresh_id(), "htm": self.method, "htu": self.uri, "iat": NOW, "ath": self.ath()});
        let own = json!({"typ": "dpop+jwt", "alg": key.jwk().alg.as_str(), "jwk": jwk::to_json(key.jwk())});
        jwt(key, &over(own, header), &over(said, claims))
    }

    fn ath(&self) -> Value {
        use base64::Engine as _;
        let hash = |token: &String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
        self.token.as_ref().map_or(Value::Null, |token| hash(token).into())
    }

    /// What a resource server hears that was shown this proof with the token, or none.
    pub(super) async fn ask(&self, client: &Fapi<'_>, proof: Option<&str>) -> String {
        let body = json!({"token": self.token, "dpop": proof, "htm": self.method, "htu": self.uri});
        let body = over(body, json!({}));
        let path = format!("/api/{}/auth/introspection", client.tenant.org);
        text(&client.tenant.app.post(&path, Some(&client.tenant.app.admin), body).await.ok()["action"])
    }

    /// What must be refused.
    fn bad(&self, key: &LocalSigner) -> Vec<(&'static str, String)> {
        let header = |more: Value| self.proof(key, more, json!({}));
        let claims = |more: Value| self.proof(key, json!({}), more);
        let good = header(json!({}));
        let (input, signature) = good.rsplit_once('.').unwrap();
        let private = over(jwk::to_json(key.jwk()), json!({"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}));
        let weak = LocalSigner::for_tests(Algorithm::Rs256);
        let unsigned = header(json!({"alg": "none"}));
        let mut bad = vec![
            ("not well-formed", format!("{good}.")),
            ("no JWT", "x".to_owned()),
            ("nothing", String::new()),
            ("two in one", format!("{good},{}", header(json!({})))),
            ("no typ", header(json!({"typ": null}))),
            ("no alg", header(json!({"alg": null}))),
            ("no jwk", header(json!({"jwk": null}))),
            ("no jti", claims(json!({"jti": null}))),
            ("jti no text", claims(json!({"jti": 5}))),
            ("jti too long", claims(json!({"jti": "x".repeat(5_000)}))),
            ("no htm", claims(json!({"htm": null}))),
            ("no htu", claims(json!({"htu": null}))),
            ("no iat", claims(json!({"iat": null}))),
            ("typ of another", header(json!({"typ": "JWT"}))),
            ("typ of a token", header(json!({"typ": "at+jwt"}))),
            ("RS256", self.proof(&weak, json!({}), json!({}))),
            ("none", unsigned.clone()),
            ("none, unsigned", format!("{}.", unsigned.rsplit_once('.').unwrap().0)),
            ("HS256", header(json!({"alg": "HS256"}))),
            ("signature gone", format!("{input}.")),
            ("signature of nothing", format!("{input}.{}", "A".repeat(signature.len()))),
            ("signature of another", format!("{input}.{}", claims(json!({})).rsplit_once('.').unwrap().1)),
            ("private key", header(json!({"jwk": private}))),
            ("key of another", header(json!({"jwk": jwk::to_json(weak.jwk())}))),
            ("symmetric key", header(json!({"jwk": {"kty": "oct", "k": "AAAA"}}))),
            ("htm wrong", claims(json!({"htm": "PUT"}))),
            ("htm in lower case", claims(json!({"htm": self.method.to_lowercase()}))),
            ("htu elsewhere", claims(json!({"htu": "https://other.example/path"}))),
            ("htu relative", claims(json!({"htu": "/oauth2/token"}))),
            ("htu no text", claims(json!({"htu": 5}))),
            ("htu by http", claims(json!({"htu": self.uri.replace("https", "http")}))),
            ("htu at another port", claims(json!({"htu": self.uri.replace(".example", ".example:8443")}))),
            ("iat in an hour", claims(json!({"iat": NOW + 3_600}))),
            ("iat an hour ago", claims(json!({"iat": NOW - 3_600}))),
            ("iat as text", claims(json!({"iat": NOW.to_string()}))),
            ("critical", header(json!({"crit": ["x"], "x": 1}))),
        ];
        if self.token.is_some() {
            bad.extend([
                ("no ath", claims(json!({"ath": null}))),
                ("ath of another", claims(json!({"ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}))),
                ("ath no text", claims(json!({"ath": 5}))),
                ("another's key", self.proof(&LocalSigner::for_tests(Algorithm::Es384), json!({}), json!({}))),
            ]);
        }
        bad
    }

    /// What must be accepted.
    fn good(&self, key: &LocalSigner) -> Vec<(&'static str, String)> {
        let claims = |more: Value| self.proof(key, json!({}), more);
        vec![
            ("query and fragment", claims(json!({"htu": format!("{}?a=b#c", self.uri)}))),
            (
                "scheme and host in upper case",
                claims(json!({"htu": self.uri.replace("https://", "HTTPS://").replace("example", "EXAMPLE")})),
            ),
            ("default port", claims(json!({"htu": self.uri.replace(".example", ".example:443")}))),
            ("unknown members", self.proof(key, json!({"foo": "bar", "kid": "x"}), json!({"foo": {"bar": 1}, "iss": "x"}))),
            ("typ in upper case", self.proof(key, json!({"typ": "DPoP+JWT"}), json!({}))),
        ]
    }
}

scenario! {
    async fn dpop_negative_tests_at_the_token_endpoint(app) {
        for client in Fapi::both(app).await {
            let place = Place::token_endpoint();
            for (what, proof) in place.bad(&client.dpop) {
                let answer = client.with_proof(&proof).await;
                assert_eq!(answer.status.as_u16(), 400, "{what}");
                is_denied(&answer, "invalid_dpop_proof");
            }
            for (what, proof) in place.good(&client.dpop) {
                assert_eq!(client.with_proof(&proof).await.status.as_u16(), 200, "{what}");
            }
            let ask = async |headers: &[(&str, &str)]| client.ask(&[GRANT], &client.assertion(json!({})), headers).await;
            let [one, two] = [(); 2].map(|()| client.proof(json!({})));
            is_denied(&ask(&[("DPoP", &one), ("DPoP", &two)]).await, "invalid_dpop_proof");
            is_denied(&ask(&[("DPoP", &one), ("DPoP", &one)]).await, "invalid_dpop_proof");
            ask(&[("DPOP", &one)]).await.ok();
            is_denied(&ask(&[("dpop", &one)]).await, "invalid_dpop_proof");
        }
    }
}

scenario! {
    async fn dpop_negative_tests_at_a_resource(app) {
        for client in Fapi::both(app).await {
            let token = text(&client.granted(&[GRANT]).await["access_token"]);
            let place = Place::resource(&token);
            for (what, proof) in place.bad(&client.dpop) {
                assert_eq!(place.ask(&client, Some(&proof)).await, "UNAUTHORIZED", "{what}");
            }
            for (what, proof) in place.good(&client.dpop) {
                assert_eq!(place.ask(&client, Some(&proof)).await, "OK", "{what}");
            }
            assert_eq!(place.ask(&client, None).await, "UNAUTHORIZED", "without a proof a bearer's");
            let proof = place.proof(&client.dpop, json!({}), json!({}));
            assert_eq!(place.ask(&client, Some(&proof)).await, "OK");
            assert_eq!(place.ask(&client, Some(&proof)).await, "UNAUTHORIZED", "used twice");
            let good = place.proof(&client.dpop, json!({}), json!({}));
            assert_eq!(place.ask(&client, Some(&good)).await, "OK", "the token was good all the time");
        }
    }
}
