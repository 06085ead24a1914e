//! One second of the traffic of an org, made for real: requests to the endpoints, on the store in DynamoDB, whose calls are recorded. So keys,
//! sizes and numbers of calls are those of the code.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::api::http::Service;
use shared::domain::{Entropy as _, Seeded, SigningMode};
use shared::platform::aws::testing::{Call, Wire};
use shared::store::dynamodb::name_of_item;

use super::model::{Demand, Place, Table};
use crate::support::deployment::{Deployment, Instance};
use crate::support::{Answer, basic, text};

/// What may be asked for in a second, and how often for each ten thousand tokens that are issued.
const MIX: [(Operation, u32); 8] = [
    (Operation::ClientToken, 5_000),
    (Operation::SubjectToken, 2_100),
    (Operation::SubjectTokenWithRefresh, 900),
    (Operation::OnlyToken, 500),
    (Operation::MemberToken, 1_500),
    (Operation::Introspection, 10_000),
    (Operation::Refresh, 1_000),
    (Operation::Revocation, 100),
];

/// What a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    /// `client_credentials` by a secret at `/oauth2/token`. Half of them are of one client; one in ten is of a client with limits.
    ClientToken,
    /// An opaque token of a subject, which an authorization server has made. One in ten is of one subject.
    SubjectToken,
    /// The same with a refresh token.
    SubjectTokenWithRefresh,
    /// The same for a client with `single_token_per_subject`.
    OnlyToken,
    /// A JWT of a member at `/v1/tokens`, which one service asks for with one token.
    MemberToken,
    /// `/oauth2/introspect`, by one API.
    Introspection,
    /// A refresh token is used at `/oauth2/token`.
    Refresh,
    /// One token is revoked by its client.
    Revocation,
}

impl Operation {
    /// What the report calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ClientToken => "client_credentials by a secret",
            Self::SubjectToken => "opaque token, by an authorization server",
            Self::SubjectTokenWithRefresh => "the same with a refresh token",
            Self::OnlyToken => "the same as a subject's only token",
            Self::MemberToken => "mint of a member's token",
            Self::Introspection => "introspection by an API",
            Self::Refresh => "refresh",
            Self::Revocation => "revocation of one token",
        }
    }

    /// Whether it issues a token that was not there in another form: what a million mints are.
    pub(crate) const fn is_mint(self) -> bool {
        match self {
            Self::ClientToken | Self::SubjectToken | Self::SubjectTokenWithRefresh | Self::OnlyToken | Self::MemberToken => true,
            Self::Introspection | Self::Refresh | Self::Revocation => false,
        }
    }
}

/// The tables that requests reach. An index has partitions of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum TableName {
    Tokens,
    BySubject,
    Directory,
}

impl TableName {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 3] = [Self::Tokens, Self::BySubject, Self::Directory];

    /// What the report calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "Tokens",
            Self::BySubject => "by_subject",
            Self::Directory => "Directory",
        }
    }
}

/// What a request does to one item.
#[derive(Clone, Debug)]
struct Access {
    table: TableName,
    pk: String,
    sk: String,
    /// Whether it adds an item.
    adds: bool,
    writes: u32,
    reads: u32,
}

/// A second of requests, as it was recorded.
pub(crate) struct Traffic {
    requests: Vec<(Operation, Vec<Access>)>,
    /// How many seconds it would take at ten thousand mints a second.
    seconds: f64,
    /// Which sort keys rise, by table, partition key and what they begin with.
    rising: HashMap<(TableName, String, String), bool>,
}

impl Traffic {
    /// Makes so many mints, and of everything else as much as belongs to them.
    pub(crate) async fn recorded(mints: u32) -> Self {
        let mut org = Org::new().await;
        let mut order = Vec::new();
        for (operation, of_ten_thousand) in MIX {
            order.extend(std::iter::repeat_n(operation, (of_ten_thousand * mints).div_ceil(10_000) as usize));
        }
        // Mixed, so that what is introspected, refreshed and revoked is there.
        for at in (1..order.len()).rev() {
            let other = org.draw(at as u64 + 1);
            order.swap(at, usize::try_from(other).unwrap_or_default());
        }
        let mut requests = Vec::with_capacity(order.len());
        for operation in order {
            let accesses = org.request(operation).await;
            requests.push((operation, accesses));
        }
        let rising = rising(requests.iter().flat_map(|(_, accesses)| accesses));
        Self { requests, seconds: f64::from(mints) / 10_000.0, rising }
    }

    /// The tables with what is asked of them in a second, at so many mints a second.
    pub(crate) fn tables(&self, mints_per_second: u32, partitions: u64) -> Vec<(TableName, Table)> {
        let times = f64::from(mints_per_second) / 10_000.0 / self.seconds;
        let table = |name| Table::new(self.demands(name, times, |_| true), partitions);
        TableName::ALL.into_iter().map(|name| (name, table(name))).collect()
    }

    /// What is asked of a table for each request of an operation, on average.
    pub(crate) fn of_operation(&self, operation: Operation) -> Vec<(TableName, Demand)> {
        let count = u32::try_from(self.requests.iter().filter(|(what, _)| *what == operation).count()).unwrap_or(u32::MAX);
        let demands = |name| self.demands(name, 1.0 / f64::from(count), |what| what == operation);
        TableName::ALL.into_iter().flat_map(|name| demands(name).into_iter().map(move |demand| (name, demand))).collect()
    }

    /// What most requests of an operation take of a table: units of writing and of reading.
    pub(crate) fn usual_units(&self, operation: Operation, table: TableName) -> (u32, u32) {
        self.usual(operation, |accesses| {
            let own = accesses.iter().filter(|access| access.table == table);
            own.fold((0, 0), |(writes, reads), access| (writes + access.writes, reads + access.reads))
        })
    }

    /// What most requests of an operation read of items of one kind, in units.
    pub(crate) fn usual_reads_of(&self, operation: Operation, kind: &str) -> u32 {
        self.usual(operation, |accesses| reads_of(accesses, kind))
    }

    /// What is true of most requests of an operation.
    fn usual<T: Default + Ord>(&self, operation: Operation, of: impl Fn(&[Access]) -> T) -> T {
        let mut times: BTreeMap<T, u32> = BTreeMap::new();
        for (_, accesses) in self.requests.iter().filter(|(what, _)| *what == operation) {
            *times.entry(of(accesses)).or_default() += 1;
        }
        times.into_iter().max_by_key(|(_, times)| *times).map(|(usual, _)| usual).unwrap_or_default()
    }

    /// What a request of an operation reads at most of items of one kind, in units.
    pub(crate) fn reads_of(&self, operation: Operation, kind: &str) -> u32 {
        let requests = self.requests.iter().filter(|(what, _)| *what == operation);
        requests.map(|(_, accesses)| reads_of(accesses, kind)).max().unwrap_or_default()
    }

    /// What a request of an operation reads at most of one thing of a kind, in units: of all copies of it.
    pub(crate) fn reads_of_one(&self, operation: Operation, kind: &str) -> u32 {
        let mut most = 0;
        for (_, accesses) in self.requests.iter().filter(|(what, _)| *what == operation) {
            let mut reads: HashMap<&str, u32> = HashMap::new();
            for access in accesses.iter().filter(|access| access.kind() == kind) {
                *reads.entry(&access.sk).or_default() += access.reads;
            }
            most = reads.into_values().fold(most, u32::max);
        }
        most
    }

    /// All operations.
    pub(crate) fn operations() -> impl Iterator<Item = Operation> {
        MIX.into_iter().map(|(operation, _)| operation)
    }

    /// What a million mints take in units, with all that belongs to them: writes, those of the index, reads.
    pub(crate) fn units_per_million_mints(&self) -> [f64; 3] {
        let mints = f64::from(u32::try_from(self.requests.iter().filter(|(what, _)| what.is_mint()).count()).unwrap_or(u32::MAX));
        let mut units = [0.0; 3];
        for access in self.requests.iter().flat_map(|(_, accesses)| accesses) {
            units[usize::from(access.table == TableName::BySubject)] += f64::from(access.writes);
            units[2] += f64::from(access.reads);
        }
        units.map(|units| units / mints * 1e6)
    }

    fn demands(&self, table: TableName, times: f64, wanted: impl Fn(Operation) -> bool) -> Vec<Demand> {
        let mut demands: HashMap<Place, Demand> = HashMap::new();
        let requests = self.requests.iter().filter(|(operation, _)| wanted(*operation));
        for access in requests.flat_map(|(_, accesses)| accesses).filter(|access| access.table == table) {
            let prefix = prefix(&access.sk);
            let rises = self.rising.get(&(table, access.pk.clone(), prefix.to_owned())).is_some_and(|rises| *rises);
            let is_new = access.adds && rises;
            let place = if is_new { Place::tail(&access.pk, prefix) } else { Place::item(&access.pk, &access.sk) };
            let demand =
                demands.entry(place.clone()).or_insert_with(|| Demand { place, kind: access.kind(), writes: 0.0, reads: 0.0 });
            demand.writes += times * f64::from(access.writes);
            demand.reads += times * f64::from(access.reads);
        }
        demands.into_values().collect()
    }
}

impl Access {
    fn kind(&self) -> &'static str {
        match self.table {
            TableName::BySubject => "token in the index",
            TableName::Tokens | TableName::Directory => name_of_item(&self.pk, &self.sk).unwrap_or("unknown"),
        }
    }
}

/// What the sort keys of items of one kind begin with.
fn prefix(sk: &str) -> &str {
    sk.split_inclusive('#').next().unwrap_or(sk)
}

/// Finds out where new items always come behind those that are there: then no split of the partition helps.
fn rising<'a>(accesses: impl Iterator<Item = &'a Access>) -> HashMap<(TableName, String, String), bool> {
    let mut seen: HashMap<(TableName, String, String), (String, u32, u32)> = HashMap::new();
    for access in accesses.filter(|access| access.adds) {
        let key = (access.table, access.pk.clone(), prefix(&access.sk).to_owned());
        let (last, behind, all) = seen.entry(key).or_default();
        *all += 1;
        if access.sk > *last {
            *behind += 1;
            access.sk.clone_into(last);
        }
    }
    // Of two at the same moment either may come first. A single one tells nothing: ids rise, and hashes are rare where they are alone.
    seen.into_iter().map(|(key, (_, behind, all))| (key, behind * 10 >= all * 9)).collect()
}

/// An org under load, with an instance that serves it.
struct Org {
    service: Service,
    wire: Wire,
    tables: [String; 2],
    entropy: Seeded,
    /// How large items are in bytes, and the index keys of tokens.
    sizes: HashMap<(TableName, String, String), u32>,
    index_keys: HashMap<(String, String), String>,
    admin: String,
    /// Of a service account of the org, which has tokens minted.
    robot: String,
    /// Of the API secret of the org, which an authorization server has.
    server: String,
    /// Credentials in forms: of the hot client, of those without limits, of those with limits.
    hot: String,
    clients: Vec<String>,
    limited: Vec<String>,
    /// The API that introspects, and the clients of the authorization server.
    api: String,
    shop: (u64, String),
    strict: u64,
    /// Tokens that were issued, with the credentials of the client that may revoke them.
    tokens: Vec<(String, Option<String>)>,
    refresh_tokens: Vec<String>,
    /// How many requests there were, for subjects that are new each time.
    asked: u64,
}

const ORG: &str = "/v1/orgs/10";
const API: &str = "https://api.example";

impl Org {
    async fn new() -> Self {
        let deployment = Deployment::new(SigningMode::Envelope, true).await;
        let wire = Wire::default();
        let instance = deployment.instance(&wire);
        let bootstrap = functions::operations::<Instance>().into_iter().find(|entry| entry.name == "jeton.bootstrap").unwrap();
        let founded: Value = serde_json::from_str(&bootstrap.bind(&instance).invoke("{}", "r-1", None).await.unwrap()).unwrap();
        instance.platform.warm_up().await.unwrap();
        let mut org = Self {
            service: Service::new(&functions::catalogue::<Instance>(), &instance).unwrap(),
            wire,
            tables: [deployment.aws.tokens_table.clone(), deployment.aws.directory_table.clone()],
            entropy: Seeded::new(7),
            sizes: HashMap::new(),
            index_keys: HashMap::new(),
            admin: format!("Bearer {}", text(&founded["token"])),
            robot: String::new(),
            server: String::new(),
            hot: String::new(),
            clients: Vec::new(),
            limited: Vec::new(),
            api: String::new(),
            shop: (0, String::new()),
            strict: 0,
            tokens: Vec::new(),
            refresh_tokens: Vec::new(),
            asked: 0,
        };
        org.furnish().await;
        org
    }

    /// Makes the org, its clients and the member that has tokens minted, and has each client used once, so that what happens once a day has happened.
    async fn furnish(&mut self) {
        let settings = json!({
            "supported_grants": ["client_credentials", "password", "refresh_token"], "resources": [API], "default_resource": API,
            "supported_scopes": [{"name": "read", "default": true}],
        });
        self.admin_asks(Method::PUT, ORG, json!({"parent": "1", "settings": settings})).await;
        self.admin_asks(Method::PUT, &format!("{ORG}/members/ann"), json!({"scopes": ["urn:app:*"]})).await;
        let held = ["urn:jeton:tokens:create", "urn:app:read"];
        self.admin_asks(Method::PUT, &format!("{ORG}/members/robot"), json!({ "scopes": held })).await;
        let body = json!({"sub": "robot", "org": "10", "audiences": [API], "time_validity": {"duration": 3_600}, "scopes": held});
        self.robot = format!("Bearer {}", text(&self.admin_asks(Method::POST, "/v1/tokens", body).await["token"]));
        let secret = self.admin_asks(Method::POST, &format!("{ORG}/secret"), json!({})).await;
        self.server = basic("10", text(&secret["secret"]));
        let own = json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["client_credentials"]});
        self.hot = self.client(&own).await.1;
        for _ in 0..50 {
            let client = self.client(&own).await.1;
            self.clients.push(client);
        }
        for _ in 0..10 {
            let mut draft = own.clone();
            draft["limits"] = json!({"per_minute": 60_000});
            let client = self.client(&draft).await.1;
            self.limited.push(client);
        }
        self.api = self.client(&json!({"kind": "confidential", "auth_method": "client_secret_post", "resources": [API]})).await.1;
        let mut shop =
            json!({"kind": "confidential", "auth_method": "client_secret_post", "grants": ["password", "refresh_token"]});
        self.shop = self.client(&shop).await;
        shop["single_token_per_subject"] = true.into();
        self.strict = self.client(&shop).await.0;
        for operation in Traffic::operations().take(5).chain([Operation::Introspection, Operation::Refresh]) {
            self.request(operation).await;
        }
        for client in [vec![self.hot.clone()], self.clients.clone(), self.limited.clone()].concat() {
            self.client_token(&client).await;
        }
        self.calls();
    }

    /// Makes a client. Returns its number, and its credentials as a form has them.
    async fn client(&mut self, draft: &Value) -> (u64, String) {
        let made = self.admin_asks(Method::POST, &format!("{ORG}/clients"), draft.clone()).await;
        (made["id"].as_u64().unwrap(), format!("client_id={}&client_secret={}", made["id"], text(&made["secret"])))
    }

    async fn admin_asks(&mut self, method: Method, path: &str, body: Value) -> Value {
        let credentials = self.admin.clone();
        self.ask(method, path, &credentials, "application/json", body.to_string()).await
    }

    async fn form(&mut self, path: &str, form: String) -> Value {
        self.ask(Method::POST, path, "", "application/x-www-form-urlencoded", form).await
    }

    async fn ask(&mut self, method: Method, path: &str, credentials: &str, kind: &str, body: String) -> Value {
        let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
        if !credentials.is_empty() {
            request = request.header("authorization", credentials);
        }
        let answer = Answer::from(self.service.call(request.body(body.into()).unwrap()).await);
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// A number below this one.
    fn draw(&self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes).unwrap();
        u64::from_be_bytes(bytes) % below
    }

    fn one_of<T: Clone>(&self, all: &[T]) -> T {
        all[usize::try_from(self.draw(all.len() as u64)).unwrap()].clone()
    }

    /// Sends a request, and says what it did.
    async fn request(&mut self, operation: Operation) -> Vec<Access> {
        self.asked += 1;
        match operation {
            Operation::ClientToken => {
                let client = match self.draw(10) {
                    0..5 => self.hot.clone(),
                    5..9 => self.one_of(&self.clients),
                    _ => self.one_of(&self.limited),
                };
                self.client_token(&client).await;
            }
            Operation::SubjectToken => self.subject_token("CLIENT_CREDENTIALS", self.shop.0).await,
            Operation::SubjectTokenWithRefresh => self.subject_token("PASSWORD", self.shop.0).await,
            Operation::OnlyToken => self.subject_token("PASSWORD", self.strict).await,
            Operation::MemberToken => {
                let body = json!({"sub": "ann", "org": "10", "audiences": [API], "time_validity": {"duration": 600}, "scopes": ["urn:app:read"]});
                let robot = self.robot.clone();
                let minted = self.ask(Method::POST, "/v1/tokens", &robot, "application/json", body.to_string()).await;
                self.tokens.push((text(&minted["token"]).to_owned(), None));
            }
            Operation::Introspection => {
                let (token, _) = self.one_of(&self.tokens);
                self.form("/oauth2/introspect", format!("{}&token={token}", self.api)).await;
            }
            Operation::Refresh => {
                let token = self.one_of(&self.refresh_tokens);
                self.form("/oauth2/token", format!("{}&grant_type=refresh_token&refresh_token={token}", self.shop.1)).await;
            }
            Operation::Revocation => {
                let own: Vec<_> = self.tokens.iter().rev().filter(|(_, client)| client.is_some()).take(100).cloned().collect();
                let (token, client) = self.one_of(&own);
                self.form("/oauth2/revoke", format!("{}&token={token}", client.unwrap_or_default())).await;
                self.tokens.retain(|(other, _)| *other != token);
            }
        }
        self.calls()
    }

    async fn client_token(&mut self, client: &str) {
        let told = self.form("/oauth2/token", format!("{client}&grant_type=client_credentials&scope=read")).await;
        self.tokens.push((text(&told["access_token"]).to_owned(), Some(client.to_owned())));
    }

    async fn subject_token(&mut self, grant: &str, client: u64) {
        // Each subject that isn't the hot one is another.
        let subject = if self.draw(10) == 0 { "hot".to_owned() } else { format!("subject-{}", self.asked) };
        let body = json!({"grantType": grant, "clientId": client, "subject": subject, "scopes": ["read"]});
        let server = self.server.clone();
        let made = self.ask(Method::POST, "/api/auth/token/create", &server, "application/json", body.to_string()).await;
        assert_eq!(made["action"], "OK", "{made}");
        self.tokens.push((text(&made["accessToken"]).to_owned(), None));
        if client == self.shop.0 {
            self.refresh_tokens.extend(made["refreshToken"].as_str().map(str::to_owned));
        }
    }

    /// What has been done to which items since the last time that this was asked.
    fn calls(&mut self) -> Vec<Access> {
        let calls = self.wire.take_calls();
        calls.iter().flat_map(|call| self.accesses(call)).collect()
    }

    fn accesses(&mut self, call: &Call) -> Vec<Access> {
        if call.service != "DynamoDB_20120810" {
            return Vec::new();
        }
        let input = &call.input;
        match &*call.operation {
            "GetItem" => vec![self.read(&input["TableName"], &input["Key"], input["ConsistentRead"] == true)],
            "BatchGetItem" => {
                let tables = input["RequestItems"].as_object().unwrap().clone();
                let mut read = Vec::new();
                for (table, asked) in tables {
                    let is_consistent = asked["ConsistentRead"] == true;
                    for key in asked["Keys"].as_array().unwrap() {
                        read.push(self.read(&Value::from(table.as_str()), key, is_consistent));
                    }
                }
                read
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => self.write(input, 1),
            "TransactWriteItems" => {
                let writes = input["TransactItems"].as_array().unwrap().iter();
                writes.flat_map(|write| write.as_object().unwrap().values()).flat_map(|write| self.write(write, 2)).collect()
            }
            other => unreachable!("no request here makes the call {other}"),
        }
    }

    fn table(&self, name: &Value) -> TableName {
        if *name == *self.tables[0] { TableName::Tokens } else { TableName::Directory }
    }

    fn read(&self, table: &Value, key: &Value, is_consistent: bool) -> Access {
        assert!(is_consistent, "an inconsistent read costs half, and this doesn't know of it");
        let (table, pk, sk) = (self.table(table), text(&key["pk"]["S"]).to_owned(), text(&key["sk"]["S"]).to_owned());
        let bytes = self.sizes.get(&(table, pk.clone(), sk.clone())).copied().unwrap_or(1);
        Access { table, pk, sk, adds: false, writes: 0, reads: bytes.div_ceil(4_096).max(1) }
    }

    /// A write, with that of the index if the item is in it. `times`: how much more it costs in a transaction.
    fn write(&mut self, write: &Value, times: u32) -> Vec<Access> {
        let table = self.table(&write["TableName"]);
        let item = write.get("Item");
        let key = item.unwrap_or(&write["Key"]);
        let (pk, sk) = (text(&key["pk"]["S"]).to_owned(), text(&key["sk"]["S"]).to_owned());
        let place = (table, pk.clone(), sk.clone());
        let known = self.sizes.get(&place).copied();
        // An update is counted as if all that it sets came on top of what was there.
        let bytes = item.map_or_else(|| known.unwrap_or_default() + size(&write["ExpressionAttributeValues"]), size);
        self.sizes.insert(place, bytes);
        let own = Access { table, pk: pk.clone(), sk: sk.clone(), adds: known.is_none(), writes: times * kib(bytes), reads: 0 };
        let is_new_in_index = item.and_then(|item| item["j"]["S"].as_str()).map(str::to_owned);
        let index_key = is_new_in_index.clone().or_else(|| self.index_keys.get(&(pk.clone(), sk.clone())).cloned());
        let in_index = index_key.map(|index_key| {
            self.index_keys.insert((pk, sk.clone()), index_key.clone());
            // It holds less than the table does, and an update of it is a single write.
            Access {
                table: TableName::BySubject,
                pk: index_key,
                sk,
                adds: is_new_in_index.is_some(),
                writes: kib(bytes),
                reads: 0,
            }
        });
        [Some(own), in_index].into_iter().flatten().collect()
    }
}

fn kib(bytes: u32) -> u32 {
    bytes.div_ceil(1_024).max(1)
}

/// How large DynamoDB says that an item is: its names, and its values by their types.
fn size(item: &Value) -> u32 {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
    let value = |kind: &str, value: &Value| match (kind, value) {
        ("S", Value::String(text)) => length(text),
        ("N", Value::String(digits)) => length(digits).div_ceil(2) + 1,
        ("B", Value::String(bytes)) => STANDARD.decode(bytes).map_or(0, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX)),
        (_, Value::Array(all)) => all.iter().filter_map(Value::as_str).map(length).sum(),
        _ => 1,
    };
    let attribute = |(name, typed): (&String, &Value)| {
        let values = typed.as_object().into_iter().flatten();
        length(name.trim_start_matches(':')) + values.map(|(kind, given)| value(kind, given)).sum::<u32>()
    };
    item.as_object().into_iter().flatten().map(attribute).sum()
}

/// What a request reads of items of one kind, in units.
fn reads_of(accesses: &[Access], kind: &str) -> u32 {
    accesses.iter().filter(|access| access.kind() == kind).map(|access| access.reads).sum()
}
