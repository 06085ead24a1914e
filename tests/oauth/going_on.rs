//! Token exchange that goes on to another API: RFC 8693 sections 1.1 and 2.1, along what an operator has written down.

use serde_json::{Value, json};

use super::tenant::{
    ACCESS_TOKEN, API, APP, BROKER, By, IDP, JWT_BEARER, SERVER, TOKEN_EXCHANGE, Tenant, WEB, basic, claims, client_thumbprint,
    is_denied, over, proof, text,
};
use crate::support::{Answer, scenario};

const LEDGER: &str = "https://ledger.example";
const VAULT: &str = "https://vault.example/keys";

/// Three APIs in a row: [`SERVER`] may go on to the ledger, whose server may go on to the vault.
struct Chain<'a> {
    tenant: Tenant<'a>,
    /// The servers of the ledger and of the vault.
    ledger: Machine,
    vault: Machine,
}

/// A confidential client with its secret.
struct Machine {
    id: String,
    header: String,
}

impl<'a> Chain<'a> {
    async fn new(tenant: Tenant<'a>) -> Self {
        let scopes = ["read", "write", "ledger.read", "ledger.write", "vault.open"];
        let scopes = scopes.map(|name| json!({"name": name, "default": name == "read"}));
        tenant.set(json!({"resources": [API, LEDGER, VAULT], "supported_scopes": scopes})).await;
        let member = format!("/v1/orgs/{}/members/ann", tenant.org);
        tenant.app.patch(&member, &tenant.app.admin, json!({"scopes": ["read", "write", "ledger.*", "vault.open"]})).await.ok();
        let targets = json!([{"resource": LEDGER, "scopes": [
            {"scope": "ledger.read", "for": ["read", "write"]}, {"scope": "ledger.write", "for": ["write"]},
        ]}]);
        let chain = Self {
            tenant,
            ledger: machine(
                &tenant,
                json!({
                    "resources": [LEDGER], "may_exchange_to": [{"resource": VAULT, "scopes": [{"scope": "vault.open", "for": ["ledger.write"]}]}]
                }),
            )
            .await,
            vault: machine(&tenant, json!({"resources": [VAULT]})).await,
        };
        chain.permit(SERVER, targets).await;
        chain
    }

    async fn permit(&self, client: u64, targets: Value) {
        let Tenant { app, org } = self.tenant;
        let path = format!("/v1/orgs/{org}/clients/{}", self.tenant.id(client));
        app.patch(&path, &app.admin, json!({ "may_exchange_to": targets })).await.ok();
    }

    /// A person's token for the first API, as the client [`WEB`] got it.
    async fn begun(&self, scope: &str) -> String {
        text(&self.tenant.for_member(WEB, &[("scope", scope), ("resource", API)]).await["access_token"])
    }

    /// The answer to a server that takes a token on.
    async fn on(&self, by: By<'_>, token: &str, form: &[(&str, &str)]) -> Answer {
        let own = [("grant_type", TOKEN_EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS_TOKEN)];
        let form: Vec<_> = own.into_iter().chain(form.iter().copied()).collect();
        self.tenant.token(by, &form).await
    }

    async fn to_ledger(&self, token: &str) -> String {
        text(&self.on(By::Client(SERVER), token, &[("resource", LEDGER)]).await.ok()["access_token"])
    }

    /// What a server hears of a token.
    async fn hears(&self, machine: &Machine, token: &str) -> Value {
        self.tenant.send("/oauth2/introspect", By::Header(&machine.header), &[("token", token)], &[]).await.ok()
    }
}

async fn machine(tenant: &Tenant<'_>, more: Value) -> Machine {
    let body = over(json!({"kind": "confidential", "grants": [TOKEN_EXCHANGE, "client_credentials"]}), more);
    let made = tenant.app.post(&format!("/v1/orgs/{}/clients", tenant.org), Some(&tenant.app.admin), body).await.created();
    let id = made["id"].to_string();
    Machine { header: basic(&id, &text(&made["secret"])), id }
}

scenario! {
    async fn rfc8693_1_1_an_api_goes_on_to_the_next_one_and_is_named_in_act(app) {
        for tenant in [Tenant::opaque(app).await, Tenant::jwt(app).await] {
            let chain = Chain::new(tenant).await;
            let first = chain.begun("write").await;
            let before = tenant.audit(&first).await;
            let answer = chain.on(By::Client(SERVER), &first, &[("audience", "https://LEDGER.example:443/")]).await.ok();
            assert_eq!((&answer["scope"], &answer["token_type"]), (&json!("ledger.read ledger.write"), &json!("Bearer")));
            assert_eq!((&answer["issued_token_type"], answer.get("refresh_token")), (&json!(ACCESS_TOKEN), None));
            let second = text(&answer["access_token"]);
            let told = chain.hears(&chain.ledger, &second).await;
            let server = tenant.id(SERVER).to_string();
            let act = json!({"sub": server, "client_id": server});
            assert_eq!((&told["active"], &told["sub"], &told["aud"]), (&json!(true), &json!("ann"), &json!([LEDGER])), "{told}");
            assert_eq!((&told["client_id"], &told["act"], &told["exp"]), (&json!(server), &act, &before["exp"]));
            let form = [("resource", VAULT), ("scope", "vault.open")];
            let third = text(&chain.on(By::Header(&chain.ledger.header), &second, &form).await.ok()["access_token"]);
            let told = chain.hears(&chain.vault, &third).await;
            let ledger = &chain.ledger.id;
            assert_eq!((&told["scope"], &told["act"]), (&json!("vault.open"), &json!({"sub": ledger, "client_id": ledger, "act": act})));
            if tenant.org == "600" {
                assert_eq!((&claims(&third)["act"], &claims(&third)["aud"]), (&told["act"], &json!(VAULT)));
            }
            assert_eq!(tenant.audit(&first).await, before, "the first stays as it was");
            let passed_by = chain.hears(&chain.vault, &second).await;
            assert_eq!(passed_by, json!({"active": false}), "each token is for one API");
        }
    }
}

scenario! {
    /// Each row is an attempt of a deputy that could be confused, and what stops it.
    async fn no_deputy_gets_for_others_what_nobody_wrote_down(app) {
        let tenant = Tenant::opaque(app).await;
        let chain = Chain::new(tenant).await;
        let (reading, writing) = (chain.begun("read").await, chain.begun("write").await);
        let to_ledger = [("resource", LEDGER)];
        // A token that it found, neither to it nor for it: a target isn't a permit.
        let found = machine(&tenant, json!({"may_exchange_to": [{"resource": LEDGER, "scopes": [{"scope": "ledger.read", "for": ["read"]}]}]})).await;
        is_denied(&chain.on(By::Header(&found.header), &reading, &to_ledger).await, "unauthorized_client");
        // An API that isn't its target, though it may exchange what it finds: a permit isn't a target.
        is_denied(&chain.on(By::Client(BROKER), &reading, &to_ledger).await, "invalid_target");
        is_denied(&chain.on(By::Client(SERVER), &reading, &[("resource", VAULT)]).await, "invalid_target");
        is_denied(&chain.on(By::Client(SERVER), &reading, &[("resource", LEDGER), ("resource", API)]).await, "invalid_target");
        is_denied(&chain.on(By::Client(SERVER), &reading, &[("resource", LEDGER), ("audience", VAULT)]).await, "invalid_request");
        // A scope that the token doesn't lead to.
        is_denied(&chain.on(By::Client(SERVER), &reading, &[("resource", LEDGER), ("scope", "ledger.write")]).await, "invalid_scope");
        is_denied(&chain.on(By::Client(SERVER), &reading, &[("resource", LEDGER), ("scope", "read")]).await, "invalid_scope");
        // Two steps: the second looks at what the first has given, and not at what the first token had.
        let lesser = chain.on(By::Client(SERVER), &writing, &[("resource", LEDGER), ("scope", "ledger.read")]).await.ok();
        let lesser = text(&lesser["access_token"]);
        is_denied(&chain.on(By::Header(&chain.ledger.header), &lesser, &[("resource", VAULT)]).await, "invalid_scope");
        // Narrowing first changes nothing.
        let narrow = text(&tenant.exchange(SERVER, &writing, &[("scope", "write")]).await.ok()["access_token"]);
        assert_eq!(chain.on(By::Client(SERVER), &narrow, &to_ledger).await.ok()["scope"], "ledger.read ledger.write");
        // A public client has no target, and could use none.
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(APP));
        let answer = app.patch(&path, &app.admin, json!({"may_exchange_to": [{"resource": LEDGER, "scopes": ["read"]}]})).await;
        answer.is_error(400, "INVALID_REQUEST");
        is_denied(&chain.on(By::Client(APP), &reading, &to_ledger).await, "unauthorized_client");
        // An API that forwards what it was sent.
        assert_eq!(chain.hears(&chain.ledger, &writing).await, json!({"active": false}));
        // A change of the targets widens nothing that was given, and ends nothing.
        let given = chain.to_ledger(&reading).await;
        chain.permit(SERVER, json!([{"resource": LEDGER, "scopes": [{"scope": "ledger.write", "for": ["read"]}]}])).await;
        assert_eq!(chain.hears(&chain.ledger, &given).await["scope"], "ledger.read");
        chain.permit(SERVER, json!([])).await;
        assert_eq!(chain.hears(&chain.ledger, &given).await["active"], true);
        is_denied(&chain.on(By::Client(SERVER), &reading, &to_ledger).await, "invalid_target");
    }
}

scenario! {
    async fn what_a_person_has_lost_leads_nowhere_and_is_lost_where_it_has_led(app) {
        let tenant = Tenant::opaque(app).await;
        let chain = Chain::new(tenant).await;
        let first = chain.begun("write").await;
        let second = chain.to_ledger(&first).await;
        let member = format!("/v1/orgs/{}/members/ann", tenant.org);
        let hold = async |scopes: Value| app.patch(&member, &app.admin, json!({ "scopes": scopes })).await.ok();
        hold(json!(["write", "ledger.read"])).await;
        assert_eq!(chain.hears(&chain.ledger, &second).await["scope"], "ledger.read");
        assert_eq!(chain.on(By::Client(SERVER), &first, &[("resource", LEDGER)]).await.ok()["scope"], "ledger.read");
        hold(json!(["ledger.read"])).await;
        is_denied(&chain.on(By::Client(SERVER), &first, &[("resource", LEDGER)]).await, "invalid_scope");
        app.delete(&member, &app.admin).await.is_empty();
        assert!(!tenant.is_live(&second).await);
    }
}

scenario! {
    async fn what_went_on_dies_with_each_that_it_came_of(app) {
        let tenant = Tenant::jwt(app).await;
        let chain = Chain::new(tenant).await;
        let vault = async |first: &str| {
            let second = chain.to_ledger(first).await;
            let third = chain.on(By::Header(&chain.ledger.header), &second, &[("resource", VAULT)]).await.ok();
            (second, text(&third["access_token"]))
        };
        let first = chain.begun("write").await;
        let ((second, third), (sibling, cousin)) = (vault(&first).await, vault(&first).await);
        tenant.revoke(SERVER, &second).await;
        assert!(!tenant.is_live(&third).await && tenant.is_live(&sibling).await && tenant.is_live(&cousin).await);
        tenant.revoke(WEB, &first).await;
        assert!(!tenant.is_live(&sibling).await && !tenant.is_live(&cousin).await);
        // Who acts may act no more: the client in the middle is disabled.
        let (_, third) = vault(&chain.begun("write").await).await;
        let path = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(SERVER));
        app.patch(&path, &app.admin, json!({"enabled": false})).await.ok();
        assert!(!tenant.is_live(&third).await);
    }
}

scenario! {
    async fn a_resource_that_the_org_gave_up_is_no_target_any_more(app) {
        let tenant = Tenant::opaque(app).await;
        let chain = Chain::new(tenant).await;
        let first = chain.begun("read").await;
        let path = format!("/v1/orgs/{}", tenant.org);
        app.patch(&path, &app.admin, json!({"settings": {"resources": [API, VAULT]}})).await.ok();
        is_denied(&chain.on(By::Client(SERVER), &first, &[("resource", LEDGER)]).await, "invalid_target");
        let client = format!("/v1/orgs/{}/clients/{}", tenant.org, tenant.id(SERVER));
        let whole = app.get(&client, &app.admin).await.ok();
        app.put(&client, &app.admin, whole).await.ok();
    }
}

scenario! {
    async fn the_chain_of_actors_is_as_long_as_the_org_lets_it_be(app) {
        let tenant = Tenant::jwt(app).await;
        let chain = Chain::new(tenant).await;
        // The ledger sends it back, so that it can go round.
        let back = json!([{"resource": API, "scopes": [{"scope": "read", "for": ["ledger.read"]}]}]);
        let Tenant { app, org } = tenant;
        app.patch(&format!("/v1/orgs/{org}/clients/{}", chain.ledger.id), &app.admin, json!({ "may_exchange_to": back })).await.ok();
        for limit in [1, 3] {
            app.patch(&format!("/v1/orgs/{org}"), &app.admin, json!({"settings": {"exchange_chain_limit": limit}})).await.ok();
            let mut token = chain.begun("read").await;
            for step in 0..=limit {
                let (by, to) = if step % 2 == 0 { (By::Client(SERVER), LEDGER) } else { (By::Header(&chain.ledger.header), API) };
                let answer = chain.on(by, &token, &[("resource", to)]).await;
                if step == limit {
                    is_denied(&answer, "invalid_request");
                    assert!(answer.json()["error_description"].as_str().unwrap().starts_with("The chain of actors is too long"));
                } else {
                    token = text(&answer.ok()["access_token"]);
                }
            }
        }
    }
}

scenario! {
    async fn rfc9449_a_bound_token_goes_on_bound_to_the_key_of_whom_it_was_shown_to(app) {
        let tenant = Tenant::opaque(app).await;
        let chain = Chain::new(tenant).await;
        let assertion = tenant.assertion(IDP, json!({}));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion), ("resource", API)];
        let bound = tenant.send("/oauth2/token", By::Client(WEB), &form, &[("DPoP", &proof(json!({})))]).await.ok();
        let bound = text(&bound["access_token"]);
        is_denied(&chain.on(By::Client(SERVER), &bound, &[("resource", LEDGER)]).await, "invalid_dpop_proof");
        let form = [("grant_type", TOKEN_EXCHANGE), ("subject_token", &*bound), ("subject_token_type", ACCESS_TOKEN), ("resource", LEDGER)];
        let one = proof(json!({}));
        let answer = tenant.send("/oauth2/token", By::Client(SERVER), &form, &[("DPoP", &one)]).await.ok();
        assert_eq!(answer["token_type"], "DPoP");
        let told = chain.hears(&chain.ledger, &text(&answer["access_token"])).await;
        assert_eq!(told["cnf"]["jkt"], client_thumbprint());
        let again = tenant.send("/oauth2/token", By::Client(SERVER), &form, &[("DPoP", &one)]).await;
        is_denied(&again, "invalid_dpop_proof");
    }
}

scenario! {
    /// It may be the only one that the client can have for a while.
    async fn a_refused_exchange_costs_no_proof(app) {
        let tenant = Tenant::opaque(app).await;
        let chain = Chain::new(tenant).await;
        let (first, one) = (chain.begun("read").await, proof(json!({})));
        let ask = async |scope: &str| {
            let form = [
                ("grant_type", TOKEN_EXCHANGE), ("subject_token", &*first), ("subject_token_type", ACCESS_TOKEN), ("resource", LEDGER),
                ("scope", scope),
            ];
            tenant.send("/oauth2/token", By::Client(SERVER), &form, &[("DPoP", &one)]).await
        };
        is_denied(&ask("ledger.write").await, "invalid_scope");
        ask("ledger.read").await.ok();
        is_denied(&ask("ledger.read").await, "invalid_dpop_proof");
    }
}
