//! How many units each operation costs: of writing and reading in DynamoDB, and signatures of KMS. What they cost is in `costs`.

use serde_json::{Value, json};
use shared::domain::SigningMode;
use shared::keys::signer::Signer as _;
use shared::platform::aws::testing::Call;

use super::authlete::{assertion, backchannel, create_and_introspect, proof, signer};
use super::{Recorded, ask, event_streams, oauth};
use crate::support::Answer;

/// What an operation costs of DynamoDB and of KMS, where its tokens are signed by KMS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Units {
    /// One for each KiB of an item that is written, twice as many in a transaction. Without the index.
    pub(crate) writes: u64,
    /// One for each item that is looked up, there or not: all are below 4 KB, and reads are consistent.
    pub(crate) reads: u64,
    /// Each call of `kms:Sign`, whatever its algorithm.
    pub(crate) signatures: u64,
}

/// What each operation costs. The page on costs is computed from these.
pub(crate) const PLANNED: [(&str, Units); 69] = [
    ("mint", planned(1, 7, 1)),
    ("introspect", planned(0, 5, 0)),
    ("mint with refresh", planned(4, 7, 1)),
    ("refresh, replaced", planned(2, 6, 1)),
    ("revoke", planned(1, 5, 0)),
    ("revoke with refresh", planned(4, 6, 0)),
    ("revoke a member", planned(32, 23, 0)),
    ("opaque", planned(1, 7, 0)),
    ("introspect opaque", planned(0, 11, 0)),
    ("opaque, chosen", planned(4, 7, 0)),
    ("opaque with refresh", planned(4, 10, 0)),
    ("opaque with refresh, chosen", planned(6, 10, 0)),
    ("introspection with a DPoP proof", planned(1, 11, 0)),
    ("a ticket", planned(1, 7, 0)),
    ("a token for a ticket", planned(6, 12, 0)),
    ("client_credentials by an assertion", planned(2, 5, 0)),
    ("introspection by a client", planned(1, 8, 1)),
    ("jwt-bearer by two assertions", planned(3, 12, 0)),
    ("client_credentials by a secret, the first of the day", planned(5, 5, 0)),
    ("client_credentials by a secret", planned(1, 5, 0)),
    ("exchange that goes on", planned(1, 12, 0)),
    ("grant for another authorization server", planned(0, 12, 1)),
    ("sign-in: pushed request", planned(1, 3, 0)),
    ("sign-in: pushed request, opened", planned(1, 4, 0)),
    ("sign-in: request", planned(1, 3, 0)),
    ("sign-in: hand-over", planned(0, 8, 0)),
    ("sign-in: acceptance", planned(1, 7, 0)),
    ("sign-in: way back", planned(1, 2, 0)),
    ("a code, with a DPoP proof", planned(7, 11, 1)),
    ("userinfo, with a DPoP proof", planned(1, 10, 0)),
    ("device: request", planned(2, 3, 0)),
    ("device: attempt", planned(1, 8, 0)),
    ("device: poll", planned(1, 6, 0)),
    ("device: token", planned(4, 11, 1)),
    ("logout: request", planned(1, 3, 0)),
    ("logout: hand-over", planned(0, 7, 0)),
    ("logout: completion", planned(33, 7, 0)),
    ("connected apps", planned(0, 7, 0)),
    ("an app is disconnected", planned(2, 6, 0)),
    ("all apps are disconnected", planned(32, 6, 0)),
    ("a session is ended", planned(32, 5, 0)),
    ("elsewhere: request", planned(1, 6, 0)),
    ("elsewhere: acknowledgement", planned(1, 7, 0)),
    ("elsewhere: poll", planned(1, 8, 0)),
    ("elsewhere: decision", planned(1, 7, 0)),
    ("elsewhere: token", planned(4, 13, 1)),
    ("a subject's only token, with refresh", planned(5, 10, 0)),
    ("a subject's next only token, with refresh", planned(5, 10, 0)),
    ("an API key is made", planned(6, 7, 0)),
    ("an API key is shown to its API, the first time in an hour", planned(1, 10, 1)),
    ("an API key is shown to its API", planned(0, 10, 1)),
    ("an API key is exchanged", planned(1, 6, 1)),
    ("an API key is rotated", planned(4, 9, 0)),
    ("an API key is ended", planned(1, 9, 0)),
    ("a leaked API key is reported", planned(1, 6, 0)),
    ("client_credentials of a client with limits, with a new lease", planned(2, 5, 0)),
    ("an API key with limits is shown to its API, with a new lease", planned(1, 10, 1)),
    ("an event stream is created", planned(5, 8, 0)),
    ("an event stream is read", planned(1, 8, 0)),
    ("all event streams of a client are read", planned(1, 8, 0)),
    ("an event stream is changed", planned(2, 8, 0)),
    ("a subject is removed", planned(2, 8, 0)),
    ("an event stream is verified", planned(3, 8, 0)),
    ("a signal is fetched", planned(1, 9, 1)),
    ("a signal is acknowledged, and no other waits", planned(2, 9, 0)),
    ("an event stream is deleted", planned(5, 7, 0)),
    ("mint into a status list, the first of its org", planned(4, 7, 2)),
    ("mint into a status list", planned(1, 7, 1)),
    ("mint into a status list, with a new lease", planned(2, 7, 1)),
];

const fn planned(writes: u64, reads: u64, signatures: u64) -> Units {
    Units { writes, reads, signatures }
}

impl Units {
    /// What a call costs. An update is of an item that other tests hold below a KiB.
    fn from_call(call: &Call) -> Self {
        let kib = |item: &Value| (item.to_string().len() as u64).div_ceil(1_024).max(1);
        let keys = |table: &Value| table["Keys"].as_array().unwrap().len() as u64;
        match call.operation.as_str() {
            "PutItem" => Self { writes: kib(&call.input["Item"]), ..Self::default() },
            "UpdateItem" | "DeleteItem" => Self { writes: 1, ..Self::default() },
            "TransactWriteItems" => {
                let items = call.input["TransactItems"].as_array().unwrap().iter();
                let writes = items.map(|item| 2 * item.get("Put").map_or(1, |put| kib(&put["Item"]))).sum();
                Self { writes, ..Self::default() }
            }
            "BatchGetItem" => {
                let tables = call.input["RequestItems"].as_object().unwrap();
                Self { reads: tables.values().map(keys).sum(), ..Self::default() }
            }
            // What it finds is below 4 KB.
            "GetItem" | "Query" => Self { reads: 1, ..Self::default() },
            "Sign" => Self { signatures: 1, ..Self::default() },
            // Paid by the message, not by the unit.
            "SendMessage" => Self::default(),
            other => panic!("{other} has no price here"),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
            signatures: self.signatures + other.signatures,
        }
    }
}

impl Recorded {
    /// What a request costs that succeeds, and its answer.
    pub(super) async fn cost(&mut self, name: &'static str, path: &str, body: Value) -> (Units, Value) {
        let (units, answer) = self.priced(name, path, body).await;
        assert!(answer.status.is_success(), "{name}: {answer:?}");
        (units, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// What a request costs each time that one instance handles it, of so many. All succeed.
    pub(super) async fn repeated(&mut self, name: &'static str, path: &str, body: &Value, times: usize) -> Vec<Units> {
        let (answers, calls) = self.run(name, &vec![(path, body.clone()); times]).await;
        assert!(answers.iter().all(|answer| answer.status.is_success()), "{name}: {answers:?}");
        calls[1..].iter().map(|calls| calls.iter().map(Units::from_call).fold(Units::default(), Units::and)).collect()
    }

    /// What a request costs, and its answer whatever it is.
    pub(super) async fn priced(&mut self, name: &'static str, path: &str, body: Value) -> (Units, Answer) {
        let (mut answers, calls) = self.run(name, &[(path, body)]).await;
        (calls[1].iter().map(Units::from_call).fold(Units::default(), Units::and), answers.remove(0))
    }
}

#[tokio::test]
async fn each_operation_costs_as_many_units_as_planned() {
    let mut run = Recorded::begun(SigningMode::Kms).await;
    let mut costs = Vec::new();
    let mut note = |what: &'static str, (units, answer): (Units, Value)| {
        costs.push((what, units));
        answer
    };
    let with_refresh = json!({"create_refresh_token": true});
    run.good("jeton.put_member", "/v1/orgs/1/members/ann", json!({})).await;
    let mint = |more: Value| ask("1", "ann", more);
    let minted = note("mint", run.cost("agilicus.create_token", "/v1/tokens", mint(json!({}))).await);
    let presented = json!({"token": minted["token"]});
    note("introspect", run.cost("agilicus.introspect_token", "/v1/tokens/introspect", presented).await);
    let family = note("mint with refresh", run.cost("agilicus.create_token", "/v1/tokens", mint(with_refresh)).await);
    let refresh = json!({"token": family["refresh_token"]});
    let family = note("refresh, replaced", run.cost("agilicus.refresh_token", "/v1/tokens/refresh", refresh).await);
    let path = "/v1/tokens/revoke";
    note("revoke", run.cost("agilicus.revoke_token", path, json!({"token": minted["token"]})).await);
    note("revoke with refresh", run.cost("agilicus.revoke_token", path, json!({"token": family["token"]})).await);
    note(
        "revoke a member",
        run.cost("agilicus.bulk_revoke_tokens", "/v1/tokens/bulk_revoke", json!({"user_id": "administrator"})).await,
    );
    run.begin_again().await;

    let path = "/api/1/auth/token/create";
    let (issue, _) = create_and_introspect(&mut run).await;
    let over = |more: Value| {
        let mut body = issue.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let settings = json!({"supported_grants": ["password", "client_credentials", "refresh_token"]});
    run.good("jeton.patch_org", "/v1/orgs/1", json!({ "settings": settings })).await;
    let for_john = json!({"grantType": "PASSWORD", "subject": "john"});
    let opaque = note("opaque", run.cost("authlete.create_token", path, over(json!({}))).await);
    let shown = json!({"token": opaque["accessToken"]});
    note("introspect opaque", run.cost("authlete.introspect_token", "/api/1/auth/introspection", shown).await);
    note("opaque, chosen", run.cost("authlete.create_token", path, over(json!({"accessToken": "chosen"}))).await);
    note("opaque with refresh", run.cost("authlete.create_token", path, over(for_john.clone())).await);
    let mut chosen = over(for_john.clone());
    chosen["accessToken"] = "chosen too".into();
    note("opaque with refresh, chosen", run.cost("authlete.create_token", path, chosen).await);

    let bound = over(json!({"dpopKeyThumbprint": signer().jwk().kid.as_str()}));
    let bound = run.good("authlete.create_token", path, bound).await["accessToken"].clone();
    let proof = proof(bound.as_str().unwrap(), "https://api.example/x");
    let shown = json!({"token": bound, "dpop": proof, "htm": "GET", "htu": "https://api.example/x"});
    note("introspection with a DPoP proof", run.cost("authlete.introspect_token", "/api/1/auth/introspection", shown).await);

    let draft = json!({"clientType": "PUBLIC", "grantTypes": ["PASSWORD", "REFRESH_TOKEN"]});
    let client = run.good("authlete.create_client", "/api/1/client/create", draft).await["clientId"].clone();
    let asked = json!({"parameters": format!("grant_type=password&username=u&password=p&client_id={client}")});
    let asked = note("a ticket", run.cost("authlete.process_token", "/api/1/auth/token", asked).await);
    assert_eq!(asked["action"], "PASSWORD", "{asked}");
    let issue = json!({"ticket": asked["ticket"], "subject": "john"});
    let issued = note("a token for a ticket", run.cost("authlete.issue_token", "/api/1/auth/token/issue", issue).await);
    assert_eq!(issued["action"], "OK", "{issued}");

    let (client, forms) = oauth::own_and_asserted(&mut run).await;
    let [own, asserted] = forms.map(Value::from);
    let own = note("client_credentials by an assertion", run.cost("oauth.token", "/oauth2/token", own).await);
    let form = format!("token={}&{}", own["access_token"].as_str().unwrap(), assertion(&client, "introspect"));
    note("introspection by a client", run.cost("oauth.introspect", "/oauth2/introspect", form.into()).await);
    note("jwt-bearer by two assertions", run.cost("oauth.token", "/oauth2/token", asserted).await);

    let secret = json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"]});
    let by_secret = run.good("jeton.create_client", "/v1/orgs/1/clients", secret).await;
    let form = format!("client_id={}&client_secret={}", by_secret["id"], by_secret["secret"].as_str().unwrap());
    let form = Value::from(format!("grant_type=client_credentials&{form}"));
    note("client_credentials by a secret, the first of the day", run.cost("oauth.token", "/oauth2/token", form.clone()).await);
    note("client_credentials by a secret", run.cost("oauth.token", "/oauth2/token", form).await);

    for (what, units) in oauth::exchanges(&mut run).await {
        note(what, (units, Value::Null));
    }
    for (what, units) in oauth::sign_in(&mut run).await {
        note(what, (units, Value::Null));
    }
    for (what, units) in backchannel(&mut run).await {
        note(what, (units, Value::Null));
    }

    let single = json!({"clientType": "CONFIDENTIAL", "singleAccessTokenPerSubject": true, "grantTypes": ["PASSWORD"]});
    let client = run.good("authlete.create_client", "/api/1/client/create", single).await["clientId"].clone();
    let mut body = for_john;
    body["clientId"] = client;
    note("a subject's only token, with refresh", run.cost("authlete.create_token", path, body.clone()).await);
    note("a subject's next only token, with refresh", run.cost("authlete.create_token", path, body).await);
    for (what, units) in oauth::api_key(&mut run).await {
        note(what, (units, Value::Null));
    }
    for (what, units) in oauth::limits(&mut run).await {
        note(what, (units, Value::Null));
    }
    for (what, units) in event_streams::everything(&mut run).await {
        note(what, (units, Value::Null));
    }
    run.good("jeton.patch_org", "/v1/orgs/1", json!({"settings": {"status_list": true}})).await;
    let listed = run.repeated("agilicus.create_token", "/v1/tokens", &mint(json!({})), 2).await;
    note("mint into a status list, the first of its org", (listed[0], Value::Null));
    note("mint into a status list", (listed[1], Value::Null));
    let listed = run.repeated("agilicus.create_token", "/v1/tokens", &mint(json!({})), 1).await;
    note("mint into a status list, with a new lease", (listed[0], Value::Null));
    assert_eq!(costs, PLANNED);
}
