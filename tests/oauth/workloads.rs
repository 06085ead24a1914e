//! Clients that are workloads: each authenticates by the token of its platform (RFC 7521, RFC 7523), and keeps no secret.

use serde_json::{Value, json};
use shared::domain::Algorithm;
use shared::jose::jwk;
use shared::keys::signer::{LocalSigner, Signer as _};

use super::tenant::{
    ASSERTION_TYPE, By, CLIENT_CREDENTIALS, IDP, ISSUER, JWT_BEARER, KEYED, NOW, Tenant, WEB, claims, fresh_id, is_denied,
    issuer_key, jwt, over, text,
};
use crate::support::{Answer, App, Mount, log, scenario};

const SPIFFE_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
pub(super) const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// A platform that gives its workloads tokens, with what an org says of it.
pub(super) struct Platform {
    name: &'static str,
    algorithm: Algorithm,
    header: Value,
    claims: Value,
    /// What the org says of it, besides its name and keys.
    issuer: Value,
    /// What the client says of itself.
    pub(super) identity: Value,
    /// Claims of somebody else's token.
    strangers: Value,
}

impl Platform {
    fn key(&self) -> LocalSigner {
        LocalSigner::for_tests(self.algorithm)
    }

    /// The issuer as the org names it.
    fn issuer_name(&self) -> &str {
        self.identity["issuer"].as_str().unwrap()
    }

    /// The entry of `assertion_issuers`.
    pub(super) fn entry(&self) -> Value {
        let mut key = jwk::to_json(self.key().jwk());
        key["kid"] = "k1".into();
        if self.issuer_name().starts_with("spiffe://") {
            key["use"] = "jwt-svid".into();
            key.as_object_mut().unwrap().remove("alg");
        }
        over(json!({"issuer": self.issuer_name(), "jwks": {"keys": [key]}}), self.issuer.clone())
    }

    /// A token with `more` laid over its claims. `null` takes one away.
    pub(super) fn token(&self, more: Value) -> String {
        self.token_with(json!({}), more)
    }

    fn token_with(&self, header: Value, more: Value) -> String {
        let usual = over(json!({"alg": self.algorithm.as_str(), "kid": "k1"}), self.header.clone());
        jwt(&self.key(), &over(usual, header), &over(self.claims.clone(), more))
    }
}

/// A platform of each shape that is in use, with its header, its claims, its life and its habits.
#[expect(clippy::too_many_lines, reason = "a table")]
fn platforms() -> Vec<Platform> {
    let times = |life: i64| json!({"iat": NOW - 10, "exp": NOW - 10 + life});
    vec![
        Platform {
            name: "GitHub Actions",
            algorithm: Algorithm::Rs256,
            header: json!({"typ": "JWT", "x5t": "aaaa"}),
            claims: over(
                times(21_600),
                json!({
                    "iss": GITHUB, "sub": "repo:acme/shop:environment:prod", "aud": ISSUER, "jti": "f2b7", "nbf": NOW - 310,
                    "repository": "acme/shop", "repository_id": "957014466", "repository_owner_id": "43356", "environment": "prod",
                }),
            ),
            issuer: json!({"longest_life": 21_600, "longest_age": 600, "claims": {"repository_owner_id": "43356"}}),
            identity: json!({"issuer": GITHUB, "subject": "repo:acme/shop:environment:prod", "claims": {"repository_id": "957014466"}}),
            strangers: json!({"repository_owner_id": "666", "repository_id": "667"}),
        },
        Platform {
            name: "GitLab CI",
            algorithm: Algorithm::Rs256,
            header: json!({"typ": "JWT"}),
            claims: over(
                times(3_600),
                json!({
                    "iss": "https://gitlab.com", "sub": "project_path:acme/shop:ref_type:branch:ref:main", "aud": ISSUER, "jti": "a",
                    "nbf": NOW - 15, "project_id": "20", "namespace_id": "72", "ref_protected": "true", "runner_id": 7,
                }),
            ),
            issuer: json!({"longest_life": 3_600, "claims": {"namespace_id": "72"}}),
            identity: json!({
                "issuer": "https://gitlab.com", "subject": "project_path:acme/shop:*",
                "claims": {"project_id": "20", "ref_protected": "true", "runner_id": [7, 8]},
            }),
            strangers: json!({"ref_protected": "false"}),
        },
        Platform {
            name: "Kubernetes",
            algorithm: Algorithm::Rs256,
            header: json!({}),
            claims: over(
                json!({"iat": NOW - 2_000, "exp": NOW - 2_000 + 3_600}),
                json!({
                    "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/EX", "sub": "system:serviceaccount:prod:orders", "aud": [ISSUER],
                    "kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "orders", "uid": "u-1"}},
                }),
            ),
            issuer: json!({"longest_life": 3_600, "reusable": true}),
            identity: json!({
                "issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/EX", "subject": "system:serviceaccount:prod:orders",
                "claims": {"/kubernetes.io/serviceaccount/uid": "u-1"},
            }),
            strangers: json!({"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "orders", "uid": "u-2"}}}),
        },
        Platform {
            name: "AWS",
            algorithm: Algorithm::Es384,
            header: json!({"typ": "JWT"}),
            claims: over(
                times(3_600),
                json!({
                    "iss": "https://0e1b.tokens.sts.global.api.aws", "sub": "arn:aws:iam::123456789012:role/Orders", "aud": ISSUER,
                    "jti": "b", "https://sts.amazonaws.com/": {"aws_account": "123456789012", "principal_tags": {"team": "shop"}},
                }),
            ),
            issuer: json!({"longest_life": 3_600}),
            identity: json!({
                "issuer": "https://0e1b.tokens.sts.global.api.aws", "subject": "arn:aws:iam::123456789012:role/Orders",
                "claims": {"/https:~1~1sts.amazonaws.com~1/principal_tags/team": "shop"},
            }),
            strangers: json!({"https://sts.amazonaws.com/": {"aws_account": "123456789012"}}),
        },
        Platform {
            name: "SPIFFE",
            algorithm: Algorithm::Es256,
            header: json!({"typ": "JOSE"}),
            claims: over(times(300), json!({"sub": "spiffe://example.org/ns/prod/sa/orders", "aud": [ISSUER], "iat": null})),
            issuer: json!({"reusable": true}),
            identity: json!({"issuer": "spiffe://example.org", "subject": "spiffe://example.org/ns/prod/*"}),
            strangers: json!({"sub": "spiffe://example.org/ns/test/sa/orders"}),
        },
        Platform {
            name: "Google",
            algorithm: Algorithm::Rs256,
            header: json!({"typ": "JWT"}),
            claims: over(
                times(3_600),
                json!({
                    "iss": "https://accounts.google.com", "sub": "112233445566778899001", "azp": "112233445566778899001", "aud": ISSUER,
                    "email": "orders@acme.iam.gserviceaccount.com", "email_verified": true,
                }),
            ),
            issuer: json!({"longest_life": 3_600, "reusable": true}),
            identity: json!({
                "issuer": "https://accounts.google.com", "subject": "112233445566778899001", "claims": {"email_verified": true},
            }),
            strangers: json!({"sub": "112233445566778899002"}),
        },
        Platform {
            name: "Entra",
            algorithm: Algorithm::Rs256,
            header: json!({"typ": "JWT", "x5t": "bbbb"}),
            claims: over(
                times(86_400),
                json!({
                    "iss": "https://sts.windows.net/7c5c/", "sub": "o-1", "oid": "o-1", "tid": "7c5c", "aud": "api://jeton", "uti": "x",
                    "roles": ["orders.read", "orders.write"],
                }),
            ),
            issuer: json!({"longest_life": 86_400, "reusable": true, "audiences": ["api://jeton"]}),
            identity: json!({"issuer": "https://sts.windows.net/7c5c/", "subject": "o-1", "claims": {"roles": "orders.write"}}),
            strangers: json!({"roles": ["orders.read"]}),
        },
        Platform {
            name: "CircleCI",
            algorithm: Algorithm::Rs256,
            header: json!({}),
            claims: over(
                times(3_600),
                json!({
                    "iss": "https://oidc.circleci.com/org/o-1", "sub": "org/o-1/project/p-1/user/u-1", "aud": ISSUER,
                    "oidc.circleci.com/project-id": "p-1", "oidc.circleci.com/ssh-rerun": false,
                    "oidc.circleci.com/context-ids": ["c-1", "c-2"],
                }),
            ),
            issuer: json!({"longest_life": 3_600, "reusable": true, "claims": {"oidc.circleci.com/ssh-rerun": false}}),
            identity: json!({
                "issuer": "https://oidc.circleci.com/org/o-1", "subject": "org/o-1/project/p-1/*",
                "claims": {"oidc.circleci.com/project-id": "p-1", "oidc.circleci.com/context-ids": "c-2"},
            }),
            strangers: json!({"oidc.circleci.com/ssh-rerun": true}),
        },
        Platform {
            name: "HCP Terraform",
            algorithm: Algorithm::Rs256,
            header: json!({"typ": "JWT"}),
            claims: over(
                times(86_400),
                json!({
                    "iss": "https://app.terraform.io", "sub": "organization:acme:project:p:workspace:w:run_phase:apply", "aud": ISSUER,
                    "jti": "c", "terraform_organization_id": "org-1", "terraform_workspace_id": "ws-1", "terraform_run_phase": "apply",
                }),
            ),
            issuer: json!({"longest_life": 86_400, "reusable": true}),
            identity: json!({
                "issuer": "https://app.terraform.io", "subject": "organization:acme:*",
                "claims": {"terraform_workspace_id": "ws-1", "terraform_run_phase": "apply"},
            }),
            strangers: json!({"terraform_run_phase": "plan"}),
        },
    ]
}

pub(super) fn platform(name: &str) -> Platform {
    platforms().into_iter().find(|platform| platform.name == name).unwrap()
}

/// The client of an org that is a workload of each platform, with the tenant.
pub(super) struct Workload<'a> {
    pub(super) tenant: Tenant<'a>,
    id: String,
}

impl<'a> Workload<'a> {
    pub(super) async fn new(app: &'a App) -> Self {
        let tenant = Tenant::opaque(app).await;
        let entries: Vec<_> = platforms().iter().map(Platform::entry).collect();
        let id = Self::set(&tenant, &entries, platforms().iter().map(|platform| platform.identity.clone()).collect()).await;
        Self { tenant, id }
    }

    pub(super) async fn set(tenant: &Tenant<'_>, entries: &[Value], federated: Vec<Value>) -> String {
        tenant.set(json!({"assertion_issuers": entries})).await;
        let body = json!({
            "kind": "confidential", "auth_method": "private_key_jwt", "grants": [CLIENT_CREDENTIALS, JWT_BEARER], "federated": federated,
        });
        let made = tenant.app.post(&format!("/v1/orgs/{}/clients", tenant.org), Some(&tenant.app.admin), body).await.created();
        assert!(made.get("secret").is_none() && made.get("jwks").is_none(), "{made}");
        made["id"].to_string()
    }

    /// The answer to `client_credentials` with this client assertion.
    pub(super) async fn by_assertion(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let own = [
            ("grant_type", CLIENT_CREDENTIALS),
            ("client_id", self.id.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", token),
        ];
        let form = own.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)).chain(more.iter().copied());
        self.tenant.token(By::Nothing, &form.collect::<Vec<_>>()).await
    }

    /// The answer to the token as a grant, alone.
    async fn by_grant(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", JWT_BEARER), ("client_id", self.id.as_str()), ("assertion", token)];
        let form: Vec<_> = own.into_iter().chain(more.iter().copied()).collect();
        self.tenant.token(By::Nothing, &form).await
    }

    /// What an administrator hears of a token.
    pub(super) async fn test(&self, token: &str, more: Value) -> Value {
        let path = format!("/v1/orgs/{}/issuers/test", self.tenant.org);
        self.tenant.app.post(&path, Some(&self.tenant.app.admin), over(json!({"token": token}), more)).await.ok()
    }
}

#[track_caller]
pub(super) fn is_refused(answer: &Answer) {
    is_denied(answer, "invalid_client");
    let description = answer.json()["error_description"].as_str().unwrap().to_owned();
    assert_eq!(
        description, "The client assertion is not accepted. An administrator can see why: POST /v1/orgs/{org}/issuers/test.",
        "one text for all reasons"
    );
}

scenario! {
    async fn the_token_of_each_platform_authenticates_its_workload(app) {
        let workload = Workload::new(app).await;
        for platform in platforms() {
            let token = platform.token(json!({}));
            let answer = workload.by_assertion(&token, &[]).await.ok();
            let seen = workload.tenant.audit(&text(&answer["access_token"])).await;
            assert_eq!((&seen["sub"], &seen["client_id"]), (&json!(workload.id), &json!(workload.id)), "{}", platform.name);
            assert_eq!(answer["scope"], "read", "{}", platform.name);
            assert!(answer.get("refresh_token").is_none(), "{}", platform.name);
            let again = workload.by_assertion(&token, &[]).await;
            if platform.issuer["reusable"] == true {
                again.ok();
            } else {
                is_refused(&again);
            }
            is_refused(&workload.by_assertion(&platform.token(over(platform.strangers.clone(), json!({"jti": fresh_id()}))), &[]).await);
        }
    }
}

scenario! {
    async fn rfc7523_2_1_the_same_token_is_a_grant_alone(app) {
        let workload = Workload::new(app).await;
        for platform in platforms() {
            let token = platform.token(json!({"jti": fresh_id()}));
            let answer = workload.by_grant(&token, &[("scope", "read")]).await.ok();
            let seen = workload.tenant.audit(&text(&answer["access_token"])).await;
            assert_eq!((&seen["sub"], &seen["client_id"]), (&json!(workload.id), &json!(workload.id)), "{}", platform.name);
            assert!(answer.get("refresh_token").is_none(), "{}", platform.name);
            let strangers = platform.token(over(platform.strangers.clone(), json!({"jti": fresh_id()})));
            is_denied(&workload.by_grant(&strangers, &[]).await, "invalid_grant");
        }
        let token = platform("Google").token(json!({}));
        is_denied(&workload.by_grant(&token, &[("scope", "nope")]).await, "invalid_scope");
        let unknown = [("grant_type", JWT_BEARER), ("client_id", "4711"), ("assertion", token.as_str())];
        is_denied(&workload.tenant.token(By::Nothing, &unknown).await, "invalid_client");
    }
}

scenario! {
    async fn rfc7521_4_1_in_the_open_org_a_workload_need_not_say_which_client_it_is(app) {
        let tenant = Tenant::new(app, "1");
        let (github, gitlab) = (platform("GitHub Actions"), platform("GitLab CI"));
        let scopes = json!([{"name": "read", "default": true}]);
        tenant.set(json!({"supported_scopes": scopes, "supported_grants": [CLIENT_CREDENTIALS, JWT_BEARER]})).await;
        let entries = [github.entry(), gitlab.entry()];
        let id = Workload::set(&tenant, &entries, vec![github.identity.clone(), gitlab.identity.clone()]).await;
        let alone = async |token: String| tenant.token(By::Nothing, &[("grant_type", JWT_BEARER), ("assertion", token.as_str())]).await;
        let fresh = || json!({"jti": fresh_id()});
        let client_of = async |answer: Value| {
            let (assertion, token) = (github.token(fresh()), text(&answer["access_token"]));
            let form = [("client_id", id.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str()), ("token", token.as_str())];
            tenant.send("/oauth2/introspect", By::Nothing, &form, &[]).await.ok()["client_id"].clone()
        };
        assert_eq!(client_of(alone(github.token(fresh())).await.ok()).await, id.as_str());
        is_denied(&alone(github.token(json!({"repository_id": "1", "jti": fresh_id()}))).await, "invalid_grant");
        is_denied(&alone(github.token(json!({"sub": "repo:acme/shop:pull_request", "jti": fresh_id()}))).await, "invalid_client");
        is_denied(&alone(gitlab.token(fresh())).await, "invalid_client");
        let other = Workload::set(&tenant, &entries, vec![github.identity.clone()]).await;
        is_denied(&alone(github.token(fresh())).await, "invalid_client");
        assert_eq!(app.delete(&format!("/v1/orgs/1/clients/{other}"), &app.admin).await.status.as_u16(), 204);
        alone(github.token(fresh())).await.ok();
        let token = github.token(fresh());
        let asserting = [("grant_type", CLIENT_CREDENTIALS), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", token.as_str())];
        assert_eq!(client_of(tenant.token(By::Nothing, &asserting).await.ok()).await, id.as_str());
        is_refused(&tenant.token(By::Nothing, &asserting).await);
        let elsewhere = Workload::new(app).await;
        is_denied(&alone(platform("Kubernetes").token(json!({}))).await, "invalid_client");
        elsewhere.by_grant(&platform("Kubernetes").token(json!({})), &[]).await.ok();
    }
}

scenario! {
    async fn a_workload_authenticates_wherever_clients_do(app) {
        let workload = Workload::new(app).await;
        let token = platform("Kubernetes").token(json!({}));
        let by = [("client_id", workload.id.as_str()), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", token.as_str())];
        let own = text(&workload.by_assertion(&token, &[]).await.ok()["access_token"]);
        let with = |more: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
            by.iter().map(|(name, value)| (*name, (*value).to_owned())).chain(more.iter().cloned()).collect()
        };
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            let form = with(&[("token", own.clone())]);
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = workload.tenant.send(path, By::Nothing, &form, &[]).await;
            assert_eq!(answer.status, 200, "{path} {answer:?}");
            let strangers = platform("Kubernetes").token(platform("Kubernetes").strangers);
            let form: Vec<_> = form.into_iter().map(|(name, value)| (name, if name == "client_assertion" { strangers.as_str() } else { value })).collect();
            is_refused(&workload.tenant.send(path, By::Nothing, &form, &[]).await);
        }
        assert!(!workload.tenant.is_live(&own).await, "it has revoked its own token");
    }
}

scenario! {
    async fn what_else_is_wrong_with_a_request_costs_a_pipeline_not_its_only_token(app) {
        let workload = Workload::new(app).await;
        let token = platform("GitLab CI").token(json!({}));
        is_denied(&workload.by_assertion(&token, &[("scope", "nope")]).await, "invalid_scope");
        is_denied(&workload.by_assertion(&token, &[("resource", "not a uri")]).await, "invalid_target");
        is_denied(&workload.by_assertion(&token, &[("grant_type", "password")]).await, "unsupported_grant_type");
        workload.by_assertion(&token, &[]).await.ok();
        is_refused(&workload.by_assertion(&token, &[]).await);
    }
}

scenario! {
    async fn the_token_that_has_authenticated_a_client_is_no_grant_afterwards(app) {
        let workload = Workload::new(app).await;
        let token = platform("AWS").token(json!({}));
        workload.by_assertion(&token, &[]).await.ok();
        is_denied(&workload.by_grant(&token, &[]).await, "invalid_grant");
        let other = platform("AWS").token(json!({"jti": "other"}));
        workload.by_grant(&other, &[]).await.ok();
        is_refused(&workload.by_assertion(&other, &[]).await);
    }
}

scenario! {
    async fn rfc8725_a_token_that_is_not_what_it_must_be_is_refused_and_the_administrator_hears_why(app) {
        let workload = Workload::new(app).await;
        let github = platform("GitHub Actions");
        let good = github.token(json!({}));
        let (input, _) = good.rsplit_once('.').unwrap();
        let unsigned = format!("{}.{}.", "eyJhbGciOiJub25lIn0", good.split('.').nth(1).unwrap());
        let cases: Vec<(&str, String)> = vec![
            ("FORM", "x".to_owned()),
            ("FORM", unsigned),
            ("FORM", github.token_with(json!({"crit": ["x"]}), json!({}))),
            ("ISSUER", github.token(json!({"iss": "https://token.actions.githubusercontent.com/"}))),
            ("ISSUER", github.token(json!({"iss": "https://Token.actions.githubusercontent.com"}))),
            ("ISSUER", github.token(json!({"iss": null}))),
            ("TYPE", github.token_with(json!({"typ": "at+jwt"}), json!({}))),
            ("TYPE", github.token_with(json!({"typ": "dpop+jwt"}), json!({}))),
            ("TYPE", github.token_with(json!({"typ": "logout+jwt"}), json!({}))),
            ("TYPE", github.token_with(json!({"typ": "oauth-id-jag+jwt"}), json!({}))),
            ("TYPE", github.token_with(json!({"typ": "JOSE"}), json!({}))),
            ("ALGORITHM", github.token_with(json!({"alg": "HS256"}), json!({}))),
            ("KEY", github.token_with(json!({"kid": "k2"}), json!({}))),
            ("KEY", github.token_with(json!({"kid": "../../k1' OR 1=1"}), json!({}))),
            ("SIGNATURE", format!("{input}.AAAA")),
            ("SIGNATURE", github.token_with(json!({"alg": "PS256"}), json!({}))),
            ("AUDIENCE", github.token(json!({"aud": "https://github.com/acme"}))),
            ("AUDIENCE", github.token(json!({"aud": format!("{ISSUER}/")}))),
            ("AUDIENCE", github.token(json!({"aud": [ISSUER, "https://attacker.example"]}))),
            ("AUDIENCE", github.token(json!({"aud": null}))),
            ("EXPIRY", github.token(json!({"exp": NOW}))),
            ("EXPIRY", github.token(json!({"exp": format!("{}", NOW + 60)}))),
            ("EXPIRY", github.token(json!({"exp": null}))),
            ("NOT_BEFORE", github.token(json!({"nbf": NOW + 62}))),
            ("LIFE", github.token(json!({"exp": NOW + 21_660}))),
            ("AGE", github.token(json!({"iat": NOW - 662, "exp": NOW + 60}))),
            ("AGE", github.token(json!({"iat": null, "exp": NOW + 60}))),
            ("ID", github.token(json!({"jti": null}))),
            ("ID", github.token(json!({"jti": 7}))),
            ("CONDITION", github.token(json!({"repository_owner_id": "43357"}))),
            ("CONDITION", github.token(json!({"repository_owner_id": 43356}))),
            ("SUBJECT", github.token(json!({"repository_id": "1"}))),
            ("SUBJECT", github.token(json!({"sub": "repo:acme/shop:pull_request"}))),
            ("SUBJECT", github.token(json!({"sub": "repo:acme/shop:environment:prod2"}))),
        ];
        for (rule, token) in cases {
            let answer = workload.by_assertion(&token, &[]).await;
            is_denied(&answer, "invalid_client");
            let told = workload.test(&token, json!({"client_id": workload.id.parse::<u64>().unwrap()})).await;
            assert_eq!((&told["accepted"], &told["rule"]), (&json!(false), &json!(rule)), "{told}");
            assert!(told["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{told}");
        }
        workload.by_assertion(&good, &[]).await.ok();
    }
}

scenario! {
    async fn the_test_of_a_token_tells_all_that_is_wrong_and_uses_nothing_up(app) {
        let workload = Workload::new(app).await;
        let github = platform("GitHub Actions");
        let wrong = github.token(json!({"exp": NOW - 5, "repository_owner_id": "957014467"}));
        let told = workload.test(&wrong, json!({})).await;
        assert_eq!((&told["rule"], &told["issuer"]), (&json!("EXPIRY"), &json!(GITHUB)));
        let result = |rule: &str| {
            let checks = told["checks"].as_array().unwrap();
            checks.iter().find(|check| check["rule"] == rule).unwrap_or_else(|| panic!("{told}"))["result"].clone()
        };
        assert_eq!((result("SIGNATURE"), result("EXPIRY"), result("CONDITION")), (json!("passed"), json!("failed"), json!("failed")));
        assert_eq!(result("REUSE"), "passed");
        let other = workload.test(&github.token(json!({"repository_owner_id": "957014467"})), json!({})).await;
        assert_eq!(other["detail"], r#"The claim repository_owner_id is "957014467"; the condition wants "43356"."#);
        assert_eq!(other["field"], "settings.assertion_issuers[0].claims.repository_owner_id");
        assert_eq!((&other["expected"], &other["found"]), (&json!(["43356"]), &json!("957014467")));
        let good = github.token(json!({}));
        for _ in 0..2 {
            let told = workload.test(&good, json!({"use": "grant"})).await;
            assert_eq!(told["accepted"], true, "{told}");
            assert_eq!((&told["client_id"], &told["federated"]), (&json!(workload.id.parse::<u64>().unwrap()), &json!(0)));
            assert_eq!(told["would_issue"], json!({"sub": workload.id, "scope": "read", "expires_in": 600}));
            assert_eq!((&told["header"]["kid"], &told["keys"]["kids"]), (&json!("k1"), &json!(["k1"])));
            assert_eq!(told["claims"]["repository"], "acme/shop");
        }
        workload.by_grant(&good, &[]).await.ok();
        let told = workload.test(&good, json!({"use": "grant"})).await;
        assert_eq!((&told["accepted"], &told["rule"]), (&json!(false), &json!("REUSE")), "{told}");
        let path = format!("/v1/orgs/{}/issuers/test", workload.tenant.org);
        app.post(&path, Some(&app.admin), json!({})).await.is_error(400, "INVALID_REQUEST");
        app.post(&path, Some(&app.admin), json!({"token": "x", "user": "x"})).await.is_error(400, "INVALID_REQUEST");
        app.post(&path, Some(&app.admin), json!({"token": "x", "client_id": 4711})).await.is_error(404, "NOT_FOUND");
        let reader = app.token(workload.tenant.org, "auditor", &["urn:jeton:tokens:read"]).await;
        app.post(&path, Some(&reader), json!({"token": "x"})).await.is_error(403, "ACCESS_DENIED");
    }
}

/// What a workload of an office sends, and from where.
struct Office<'a> {
    workload: Workload<'a>,
    github: Platform,
}

impl<'a> Office<'a> {
    /// A workload whose issuer, whose identity and which itself allow these networks.
    async fn new(app: &'a App, issuer: Value, identity: Value, client: Value) -> Self {
        let tenant = Tenant::opaque(app).await;
        let github = platform("GitHub Actions");
        let entry = over(github.entry(), json!({ "allowed_cidrs": issuer }));
        let identity = over(github.identity.clone(), json!({ "allowed_cidrs": identity }));
        let id = Workload::set(&tenant, &[without_nulls(entry)], vec![without_nulls(identity)]).await;
        let path = format!("/v1/orgs/{}/clients/{id}", tenant.org);
        app.patch(&path, &app.admin, json!({ "allowed_cidrs": client })).await.ok();
        Self { workload: Workload { tenant, id }, github }
    }

    /// The answers to a token as a client assertion and, to another, as a grant.
    async fn from(&self, address: &str) -> [Answer; 2] {
        let headers = [("x-forwarded-for", address)];
        let (id, token) = (self.workload.id.as_str(), self.github.token(json!({"jti": fresh_id()})));
        let (kind, by) = (("client_assertion_type", ASSERTION_TYPE), ("client_assertion", token.as_str()));
        let form = [("grant_type", CLIENT_CREDENTIALS), ("client_id", id), kind, by];
        let by_assertion = self.workload.tenant.send("/oauth2/token", By::Nothing, &form, &headers).await;
        let other = self.github.token(json!({"jti": fresh_id()}));
        let form = [("grant_type", JWT_BEARER), ("client_id", id), ("assertion", other.as_str())];
        [by_assertion, self.workload.tenant.send("/oauth2/token", By::Nothing, &form, &headers).await]
    }
}

fn without_nulls(mut entry: Value) -> Value {
    entry.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    entry
}

scenario! {
    async fn a_platforms_token_is_taken_from_the_networks_of_its_issuer_and_of_the_identity(app) {
        let office = Office::new(app, json!(["203.0.113.0/24", "2001:db8::/32"]), json!(["203.0.113.0/25"]), Value::Null).await;
        for good in ["203.0.113.9", "::ffff:203.0.113.9"] {
            for answer in office.from(good).await {
                answer.ok();
            }
        }
        for bad in ["198.51.100.1", "203.0.113.200", "2001:db8::9", ""] {
            let [by_assertion, by_grant] = office.from(bad).await;
            is_refused(&by_assertion);
            is_denied(&by_grant, "invalid_grant");
        }
        let path = format!("/v1/orgs/{}/clients/{}", office.workload.tenant.org, office.workload.id);
        let shown = app.get(&path, &app.admin).await.ok();
        assert_eq!(shown["federated"][0]["allowed_cidrs"], json!(["203.0.113.0/25"]));
        let org = app.get(&format!("/v1/orgs/{}", office.workload.tenant.org), &app.admin).await.ok();
        assert_eq!(org["settings"]["assertion_issuers"][0]["allowed_cidrs"], json!(["203.0.113.0/24", "2001:db8::/32"]));
    }
}

scenario! {
    async fn a_token_that_came_from_elsewhere_is_still_good_from_its_network(app) {
        let office = Office::new(app, json!(["203.0.113.0/24"]), Value::Null, Value::Null).await;
        let token = office.github.token(json!({"jti": fresh_id()}));
        let form = [("grant_type", JWT_BEARER), ("client_id", office.workload.id.as_str()), ("assertion", token.as_str())];
        let from = async |address| office.workload.tenant.send("/oauth2/token", By::Nothing, &form, &[("x-forwarded-for", address)]).await;
        is_denied(&from("198.51.100.1").await, "invalid_grant");
        from("203.0.113.9").await.ok();
        is_denied(&from("203.0.113.9").await, "invalid_grant");
    }
}

scenario! {
    async fn an_assertion_about_a_subject_is_taken_from_the_networks_of_its_issuer(app) {
        let tenant = Tenant::opaque(app).await;
        let jwks = json!({"keys": [jwk::to_json(issuer_key().jwk())]});
        tenant.set(json!({"assertion_issuers": [{"issuer": IDP, "jwks": jwks, "allowed_cidrs": ["203.0.113.0/24"]}]})).await;
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        let from = async |address| tenant.send("/oauth2/token", By::Client(WEB), &form, &[("x-forwarded-for", address)]).await;
        is_denied(&from("198.51.100.1").await, "invalid_grant");
        from("203.0.113.9").await.ok();
    }
}

scenario! {
    async fn the_test_of_a_token_judges_networks_only_from_an_address(app) {
        let office = Office::new(app, json!(["203.0.113.0/24"]), json!(["203.0.113.0/25"]), json!(["203.0.113.0/26"])).await;
        let token = office.github.token(json!({}));
        let told = office.workload.test(&token, json!({})).await;
        let network = |told: &Value| told["checks"].as_array().unwrap().iter().find(|check| check["rule"] == "NETWORK").unwrap()["result"].clone();
        assert_eq!((&told["accepted"], network(&told)), (&json!(true), json!("not_checked")), "{told}");
        let rules: Vec<_> = told["checks"].as_array().unwrap().iter().map(|check| check["rule"].as_str().unwrap().to_owned()).collect();
        assert_eq!(rules[rules.len() - 4..], ["SUBJECT", "NETWORK", "CLIENT", "REUSE"]);
        for (address, field, expected) in [
            ("198.51.100.1", "settings.assertion_issuers[0].allowed_cidrs", "203.0.113.0/24"),
            ("203.0.113.200", "federated[0].allowed_cidrs", "203.0.113.0/25"),
            ("203.0.113.100", "allowed_cidrs", "203.0.113.0/26"),
        ] {
            let told = office.workload.test(&token, json!({ "address": address })).await;
            assert_eq!((&told["accepted"], &told["rule"], network(&told)), (&json!(false), &json!("NETWORK"), json!("failed")), "{told}");
            assert_eq!((&told["field"], &told["expected"], &told["found"]), (&json!(field), &json!([expected]), &json!(address)));
        }
        for good in ["203.0.113.9", "::ffff:203.0.113.9"] {
            let told = office.workload.test(&token, json!({ "address": good })).await;
            assert_eq!((&told["accepted"], network(&told)), (&json!(true), json!("passed")), "{told}");
        }
        let path = format!("/v1/orgs/{}/issuers/test", office.workload.tenant.org);
        let bad = app.post(&path, Some(&app.admin), json!({"token": token, "address": "office"})).await;
        assert_eq!((bad.error().0, &bad.json()["field"]), (400, &json!("address")));
    }
}

scenario! {
    async fn networks_of_issuers_and_identities_have_one_spelling(app) {
        let tenant = Tenant::opaque(app).await;
        let github = platform("GitHub Actions");
        let org = format!("/v1/orgs/{}", tenant.org);
        let issuers = |cidrs: Value| json!({"settings": {"assertion_issuers": [over(github.entry(), json!({ "allowed_cidrs": cidrs }))]}});
        app.patch(&org, &app.admin, issuers(json!(["10.0.0.0/8"]))).await.ok();
        let client = |cidrs: Value| {
            let identity = over(github.identity.clone(), json!({ "allowed_cidrs": cidrs }));
            json!({"kind": "confidential", "auth_method": "private_key_jwt", "federated": [identity]})
        };
        for (cidrs, field) in [(json!([]), ""), (json!(["10.0.0.1/8"]), "[0]"), (json!(["10.0.0.0/8", "::/0"]), "[1]")] {
            let answer = app.patch(&org, &app.admin, issuers(cidrs.clone())).await;
            let place = format!("settings.assertion_issuers[0].allowed_cidrs{field}");
            assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!(place)), "{answer:?}");
            let answer = app.post(&format!("{org}/clients"), Some(&app.admin), client(cidrs)).await;
            let place = format!("federated[0].allowed_cidrs{field}");
            assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!(place)), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_right_token_from_a_wrong_address_is_an_alarm_and_a_wrong_token_is_none() {
    let app = App::new(Mount::InProcess).await;
    let office = Office::new(&app, json!(["203.0.113.0/24"]), Value::Null, Value::Null).await;
    log::begin();
    let alarms = || log::drain().lines().filter(|line| line.contains("jeton::alarm") && line.contains("AddressRefused")).count();
    office.from("198.51.100.1").await;
    assert_eq!(alarms(), 2, "once as an assertion, once as a grant");
    office.from("203.0.113.9").await;
    let others = office.github.token(json!({"sub": "repo:acme/other:ref:refs/heads/main", "jti": fresh_id()}));
    let form = [("grant_type", JWT_BEARER), ("client_id", office.workload.id.as_str()), ("assertion", others.as_str())];
    let answer = office.workload.tenant.send("/oauth2/token", By::Nothing, &form, &[("x-forwarded-for", "198.51.100.1")]).await;
    is_denied(&answer, "invalid_grant");
    assert_eq!(alarms(), 0);
}

scenario! {
    async fn spiffe_the_trust_domain_of_the_subject_has_the_keys_whatever_the_iss(app) {
        let workload = Workload::new(app).await;
        let spiffe = platform("SPIFFE");
        for iss in [json!(null), json!("https://spire.example"), json!("spiffe://example.org")] {
            workload.by_assertion(&spiffe.token(json!({"iss": iss})), &[]).await.ok();
            workload.by_assertion(&spiffe.token(json!({"iss": iss})), &[("client_assertion_type", SPIFFE_TYPE)]).await.ok();
        }
        workload.by_assertion(&spiffe.token_with(json!({"kid": null, "typ": null}), json!({})), &[]).await.ok();
        for sub in [
            "spiffe://other.example/ns/prod/sa/orders",
            "spiffe://example.org/ns/prod/../test/sa/orders",
            "spiffe://example.org/ns/prod//orders",
            "spiffe://example.org/ns/prod/",
            "spiffe://example.org/ns/prod/a?b",
            "spiffe://example.org/ns/prod/a%2Fb",
            "spiffe://example.org:80/ns/prod/a",
            "spiffe://EXAMPLE.org/ns/prod/a",
        ] {
            is_refused(&workload.by_assertion(&spiffe.token(json!({"sub": sub})), &[]).await);
        }
        // Only a trust domain's tokens are of the type.
        let github = platform("GitHub Actions").token(json!({}));
        is_refused(&workload.by_assertion(&github, &[("client_assertion_type", SPIFFE_TYPE)]).await);
    }
}

scenario! {
    async fn a_clients_own_assertion_and_its_platforms_token_are_never_mixed_up(app) {
        let workload = Workload::new(app).await;
        let own = workload.tenant.id(KEYED).to_string();
        let platform = platform("GitHub Actions");
        for mixed in [json!({"iss": own}), json!({"sub": own})] {
            let token = platform.token(mixed);
            let form = [
                ("grant_type", CLIENT_CREDENTIALS),
                ("client_id", own.as_str()),
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", token.as_str()),
            ];
            is_denied(&workload.tenant.token(By::Nothing, &form).await, "invalid_client");
        }
        // A client that is no workload hears what one hears that isn't there.
        let token = platform.token(json!({}));
        for client in [own.as_str(), "4711"] {
            let form = [
                ("grant_type", CLIENT_CREDENTIALS),
                ("client_id", client),
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", token.as_str()),
            ];
            is_refused(&workload.tenant.token(By::Nothing, &form).await);
        }
        workload.tenant.own(KEYED, &[]).await;
        workload.by_assertion(&token, &[]).await.ok();
    }
}

scenario! {
    async fn an_issuers_bounds_hold_for_its_workloads(app) {
        let tenant = Tenant::opaque(app).await;
        let aws = platform("AWS");
        let id = Workload::set(&tenant, &[over(aws.entry(), json!({"scopes": ["write"]}))], vec![aws.identity.clone()]).await;
        let workload = Workload { tenant, id };
        is_denied(&workload.by_assertion(&aws.token(json!({})), &[("scope", "read")]).await, "invalid_scope");
        assert_eq!(workload.by_assertion(&aws.token(json!({})), &[("scope", "write")]).await.ok()["scope"], "write");
        for (n, bounds) in [json!({"clients": [4711]}), json!({"enabled": false})].into_iter().enumerate() {
            workload.tenant.set(json!({"assertion_issuers": [over(aws.entry(), bounds)]})).await;
            is_refused(&workload.by_assertion(&aws.token(json!({"jti": n.to_string()})), &[]).await);
        }
        let client = format!("/v1/orgs/{}/clients/{}", workload.tenant.org, workload.id);
        workload.tenant.set(json!({"assertion_issuers": [aws.entry()]})).await;
        app.patch(&client, &app.admin, json!({"enabled": false})).await.ok();
        let disabled = workload.by_assertion(&aws.token(json!({"jti": "d"})), &[]).await;
        is_denied(&disabled, "invalid_client");
        assert!(!disabled.json()["error_description"].as_str().unwrap().contains("issuers/test"), "it is told");
    }
}

scenario! {
    async fn strangers_are_kept_out_when_a_client_or_an_issuer_is_set(app) {
        let workload = Workload::new(app).await;
        let client = format!("/v1/orgs/{}/clients/{}", workload.tenant.org, workload.id);
        let org = format!("/v1/orgs/{}", workload.tenant.org);
        let github = platform("GitHub Actions");
        // Whose clients rely on an issuer or its conditions.
        app.patch(&org, &app.admin, json!({"settings": {"assertion_issuers": []}})).await.is_error(409, "ISSUER_IN_USE");
        let any = json!({"issuer": GITHUB, "subject": "repo:acme/shop:environment:prod"});
        app.patch(&client, &app.admin, json!({"federated": [any]})).await.ok();
        let only = |entry: Value| json!({"settings": {"assertion_issuers": [entry]}});
        let open = over(github.entry(), json!({"claims": {"environment": "prod"}}));
        app.patch(&org, &app.admin, only(open.clone())).await.ok();
        let broad = json!({"issuer": GITHUB, "subject": "repo:*"});
        let refused = app.patch(&client, &app.admin, json!({"federated": [broad]})).await;
        refused.is_error(400, "ISSUER_OPEN_TO_STRANGERS");
        assert_eq!(refused.json()["field"], "federated[0]");
        assert!(refused.json()["detail"].as_str().unwrap().contains("repository_id"), "{refused:?}");
        app.patch(&org, &app.admin, only(github.entry())).await.ok();
        app.patch(&client, &app.admin, json!({"federated": [broad]})).await.ok();
        let needed = app.patch(&org, &app.admin, only(open.clone())).await;
        needed.is_error(409, "CLIENTS_NEED_CONDITIONS");
        assert!(needed.json()["detail"].as_str().unwrap().contains(&workload.id), "{needed:?}");
        for subject in ["repo:acme*", "repo:acme/sho*"] {
            let refused = app.patch(&client, &app.admin, json!({"federated": [{"issuer": GITHUB, "subject": subject}]})).await;
            refused.is_error(400, "ISSUER_OPEN_TO_STRANGERS");
        }
        let unknown = app.patch(&client, &app.admin, json!({"federated": [{"issuer": "https://x.example", "subject": "a"}]})).await;
        unknown.is_error(409, "ISSUER_UNKNOWN");
        assert_eq!(unknown.json()["field"], "federated[0].issuer");
        let anybody = app.patch(&org, &app.admin, only(over(open, json!({"any_subject": true})))).await;
        anybody.is_error(400, "ISSUER_OPEN_TO_STRANGERS");
        assert_eq!(anybody.json()["field"], "settings.assertion_issuers[0].claims");
    }
}

scenario! {
    async fn what_can_not_be_a_condition_or_an_identity_is_refused_with_its_place(app) {
        let workload = Workload::new(app).await;
        let org = format!("/v1/orgs/{}", workload.tenant.org);
        let entry = |more: Value| json!({"settings": {"assertion_issuers": [over(platform("AWS").entry(), more)]}});
        for (more, place) in [
            (json!({"claims": {}}), "claims"),
            (json!({"claims": {"aud": "x"}}), "claims"),
            (json!({"claims": {"a": ""}}), "claims"),
            (json!({"claims": {"a": []}}), "claims"),
            (json!({"claims": {"a": "x*y"}}), "claims"),
            (json!({"claims": {"a": "*"}}), "claims"),
            (json!({"claims": {"a": null}}), "claims"),
            (json!({"claims": {"a": 1.5}}), "claims"),
            (json!({"claims": {"a": {"b": "c"}}}), "claims"),
            (json!({"longest_life": 59}), "longest_life"),
            (json!({"longest_life": 86_401}), "longest_life"),
            (json!({"longest_age": 0}), "longest_age"),
            (json!({"audiences": []}), "audiences"),
            (json!({"audiences": ["sts.amazonaws.com"]}), "audiences"),
            (json!({"audiences": ["https://github.com/acme"]}), "audiences"),
            (json!({"issuer": "4711"}), "issuer"),
            (json!({"issuer": "spiffe://Example.org"}), "issuer"),
            (json!({"issuer": "spiffe://example.org/path"}), "issuer"),
            (json!({"discovery": true}), ""),
        ] {
            let refused = app.patch(&org, &app.admin, entry(more.clone())).await;
            refused.is_error(400, "INVALID_REQUEST");
            let field = refused.json()["field"].as_str().unwrap_or_default().to_owned();
            assert!(field.starts_with("settings.assertion_issuers[0]") && field.contains(place), "{more} {field}");
        }
        let client = format!("/v1/orgs/{}/clients/{}", workload.tenant.org, workload.id);
        let identity = |more: Value| json!({"federated": [over(platform("AWS").identity, more)]});
        for (changes, place) in [
            (identity(json!({"claims": {"sub": "x"}})), "federated[0].claims"),
            (identity(json!({"claims": {"jti": "x"}})), "federated[0].claims"),
            (identity(json!({"subject": "*"})), "federated[0].subject"),
            (identity(json!({"subject": ""})), "federated[0].subject"),
            (json!({"federated": [{"issuer": "spiffe://example.org", "subject": "spiffe://other.example/a"}]}), "federated[0].subject"),
            (json!({"federated": [{"issuer": "spiffe://example.org", "subject": "spiffe://example.org/a*"}]}), "federated[0].subject"),
            (json!({"auth_method": "client_secret_basic"}), "federated"),
        ] {
            let refused = app.patch(&client, &app.admin, changes.clone()).await;
            refused.is_error(400, "INVALID_REQUEST");
            assert!(refused.json()["field"].as_str().unwrap().starts_with(place), "{changes} {refused:?}");
        }
    }
}

scenario! {
    async fn a_platforms_token_names_no_subject_and_a_person_beside_it_does(app) {
        let workload = Workload::new(app).await;
        let google = platform("Google");
        let mut entries: Vec<_> = platforms().iter().map(Platform::entry).collect();
        let idp = json!({"issuer": IDP, "jwks": {"keys": [jwk::to_json(issuer_key().jwk())]}});
        entries.push(idp);
        workload.tenant.set(json!({"assertion_issuers": entries})).await;
        let person = workload.tenant.assertion(IDP, json!({}));
        let both = [("grant_type", JWT_BEARER), ("assertion", person.as_str())];
        let answer = workload.by_assertion(&google.token(json!({})), &both).await.ok();
        assert_eq!(workload.tenant.audit(&text(&answer["access_token"])).await["sub"], "ann");
        // As somebody's assertion it is only good for a member.
        let itself = google.token(json!({}));
        let twice = [("grant_type", JWT_BEARER), ("assertion", itself.as_str())];
        is_denied(&workload.by_assertion(&itself, &twice).await, "invalid_grant");
    }
}

scenario! {
    async fn another_org_has_no_part_in_what_one_trusts(app) {
        let workload = Workload::new(app).await;
        let other = Tenant::jwt(app).await;
        let kubernetes = platform("Kubernetes");
        let federated = json!({"federated": [kubernetes.identity]});
        let path = format!("/v1/orgs/{}/clients/{}", other.org, other.id(KEYED));
        app.patch(&path, &app.admin, federated).await.is_error(409, "ISSUER_UNKNOWN");
        let token = kubernetes.token(json!({}));
        let id = other.id(KEYED).to_string();
        let form = [
            ("grant_type", CLIENT_CREDENTIALS),
            ("client_id", id.as_str()),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", token.as_str()),
        ];
        is_refused(&other.token(By::Nothing, &form).await);
        workload.by_assertion(&token, &[]).await.ok();
    }
}

scenario! {
    async fn authletes_dialect_keeps_what_it_has_no_words_for(app) {
        let workload = Workload::new(app).await;
        let path = format!("/v1/orgs/{}/clients/{}", workload.tenant.org, workload.id);
        let before = app.get(&path, &app.admin).await.ok();
        let own = format!("/api/{}/client", workload.tenant.org);
        let mut shown = app.get(&format!("{own}/get/{}", workload.id), &app.admin).await.ok();
        shown["clientName"] = "Renamed".into();
        app.post(&format!("{own}/update/{}", workload.id), Some(&app.admin), shown).await.ok();
        let after = app.get(&path, &app.admin).await.ok();
        assert_eq!((&after["federated"], &after["name"]), (&before["federated"], &json!("Renamed")));
    }
}

#[tokio::test]
async fn a_single_use_token_that_comes_again_is_an_alarm_and_no_token_is_logged() {
    let app = App::new(crate::support::Mount::InProcess).await;
    let workload = Workload::new(&app).await;
    let token = platform("AWS").token(json!({}));
    workload.by_assertion(&token, &[]).await.ok();
    log::begin();
    workload.by_assertion(&token, &[]).await;
    workload.by_assertion(&platform("AWS").token(json!({"aud": "https://other.example"})), &[]).await;
    let lines = log::drain();
    assert!(lines.contains("AssertionReplayed") && lines.contains(&format!("client=\"{}\"", workload.id)), "{lines}");
    assert!(lines.contains("AUDIENCE"), "{lines}");
    assert!(!lines.contains(&token) && !lines.contains("arn:aws"), "{lines}");
    assert_eq!(claims(&token)["jti"], "b");
}
