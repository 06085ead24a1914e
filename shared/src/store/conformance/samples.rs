//! Records to put into a store: some plain, some with everything that could be lost on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{
    AccessTokenForm, Actor, Algorithm, AllowedNetworks, Ancestor, ApiKey, ApiKeyKind, ApiKeyLocator, ApiKeyRevocation,
    ApiKeyRevocationReason, App, AssertionIssuer, AssertionSettings, Audience, AuthorizationDetails, AuthorizationServer,
    CertificateSubject, ClaimCondition, ClaimPattern, Client, ClientAuthMethod, ClientId, ClientKind, ClientMetadata,
    ClientSecret, ClientSettings, ClientUrl, Confirmation, Consent, Creator, Destination, DomainGrantType, Entropy,
    ExchangeTarget, Family, FamilyKey, FederatedIdentity, GrantSubject, GrantType, HostPermissions, Issuance, IssuerKeys, Label,
    LeakPlace, Limits, MayAct, Member, MemberKey, MemberKind, MetadataMember, MetadataValue, NotBefore, NotBeforeKey,
    NotBeforeScope, Org, OrgId, Pkce, PlatformAssertion, PreviousValue, Profile, Property, RedirectUri, RevokingParty, Role,
    Scope, ScopePattern, Seconds, Seeded, Session, SessionId, Shard, StatusIndex, StatusListId, Subject, TargetScope, Thumbprint,
    Timestamp, TokenContents, TokenId, TokenKey, TokenRecord, Unheld,
};
use crate::store::{FamilyAdvance, NewToken, Put, RecordKeys, Records, Store};

mod event_streams;
mod waiting;

pub(crate) use event_streams::{event_stream, rich_event_stream, signal};
pub(in crate::store) use waiting::{
    alias, alias_key, authorization, authorization_key, backchannel, batch, batch_key, client_document, completion, device,
    event, find_alias, find_authorization, find_client_document, find_logout, find_ticket, find_user_code, logout, logout_key,
    person_grant, redeemed, rich_authorization, rich_logout, sealed, sign_in, spending, states, ticket, ticket_key, used,
    user_code,
};

/// When all of it happens.
pub(in crate::store) const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Returns the moment `ms` milliseconds after [`T0`].
pub(in crate::store) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(T0.as_ms() + ms)
}

pub(in crate::store) fn org_id(text: &str) -> OrgId {
    OrgId::parse(text).unwrap()
}

pub(in crate::store) fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap()
}

pub(in crate::store) fn scope(text: &str) -> Scope {
    Scope::parse(text).unwrap()
}

pub(in crate::store) fn session(org: &str, id: &str) -> Session {
    Session { org: org_id(org), id: SessionId::parse(id).unwrap() }
}

pub(in crate::store) fn client_id(number: u64) -> ClientId {
    ClientId::from_number(number).unwrap()
}

/// The id number `n`: another for each.
pub(in crate::store) fn id(n: u64) -> TokenId {
    id_at(n, T0, None)
}

pub(in crate::store) fn id_at(n: u64, moment: Timestamp, shard: Option<Shard>) -> TokenId {
    TokenId::generate(moment, shard, &Seeded::new(n)).unwrap()
}

pub(in crate::store) fn token_key(org: &str, n: u64) -> TokenKey {
    TokenKey { org: org_id(org), id: id(n) }
}

pub(in crate::store) fn family_key(org: &str, n: u64) -> FamilyKey {
    FamilyKey { org: org_id(org), id: id(n) }
}

/// Makes the token number `n` of an org, with nothing but what a token must have.
pub fn token(org: &str, n: u64) -> TokenRecord {
    TokenRecord {
        id: id(n),
        org: org_id(org),
        root_org: org_id(org),
        contents: TokenContents::new(subject("ann")),
        issued_at: T0,
        not_before: T0,
        expires_at: Some(T0.plus(Seconds::HOUR)),
        family: None,
        value: None,
        status: None,
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    }
}

pub(in crate::store) fn api_key_locator(org: &str, n: u64) -> ApiKeyLocator {
    ApiKeyLocator { org: org_id(org), id: id(n) }
}

/// The SHA-256 of value number `n`.
pub(in crate::store) fn api_key_value(n: u64) -> [u8; 32] {
    crate::jose::sha256(&n.to_be_bytes())
}

/// Makes the API key number `n` of an org, with its value number `n`.
pub(crate) fn api_key(org: &str, n: u64) -> ApiKey {
    ApiKey {
        id: id(n),
        org: org_id(org),
        owner: subject("ann"),
        kind: ApiKeyKind::Personal,
        name: "laptop".to_owned(),
        hint: "jtn_pat_k3Xq".to_owned(),
        scopes: vec![scope("files.read")],
        resources: vec![Audience::parse("https://api.example").unwrap()],
        allowed_networks: None,
        limits: None,
        created_at: T0,
        created_by: None,
        expires_at: T0.plus(Seconds::DAY),
        value: api_key_value(n),
        issued_at: T0,
        previous: None,
        revision: 0,
        used_at: None,
        revoked: None,
    }
}

/// An API key with everything that could be lost on the way.
pub(in crate::store) fn leak_place() -> LeakPlace {
    LeakPlace { url: Some("https://code.example/a/b?c=\"例え\"#L1".to_owned()), source: Some("commit".to_owned()) }
}

pub(in crate::store) fn rich_api_key(org: &str, n: u64) -> ApiKey {
    let by = RevokingParty {
        org: org_id("the_ROOT-1"),
        subject: Some(subject("root \"0\"")),
        client: Some(client_id(4)),
        token: Some(id(71)),
    };
    ApiKey {
        owner: subject("auth0|Ann \"Ä\" O'Neill\\%_#/é@例え"),
        kind: ApiKeyKind::Service,
        name: "Ann's \"laptop\" 例え".to_owned(),
        hint: "jtn_svc_k3Xq".to_owned(),
        scopes: vec![scope("a'b%_"), scope("urn:jeton:tokens:read")],
        resources: vec![Audience::parse("https://api.example/\"x\"").unwrap(), Audience::parse("b").unwrap()],
        allowed_networks: networks(&["192.0.2.0/24", "2001:db8::/32"]),
        limits: Limits::new(Some(60), Some(5_000)),
        created_at: at(1),
        created_by: Some(Creator { org: org_id("the_ROOT-1"), subject: subject("root \"0\"") }),
        expires_at: at(99_000),
        issued_at: at(3),
        previous: Some(PreviousValue { hash: [7; 32], expires_at: at(50_123) }),
        revision: 4_000_000_000,
        used_at: Some(at(2)),
        revoked: Some(ApiKeyRevocation {
            at: at(4),
            reason: ApiKeyRevocationReason::Leaked,
            by: Some(by),
            place: Some(leak_place()),
        }),
        ..api_key(org, n)
    }
}

/// Everything that a token can say, in names that need care.
fn rich_contents() -> TokenContents {
    let app = |text: &str| App::parse(text).unwrap();
    let role = |text: &str| Role::parse(text).unwrap();
    TokenContents {
        subject: subject("auth0|Ann \"Ä\" O'Neill\\%_#/é@例え"),
        client: Some(client_id((1 << 53) - 1)),
        audiences: vec![Audience::parse("https://api.example/\"x\"").unwrap(), Audience::parse("b").unwrap()],
        scopes: vec![scope("urn:agilicus:api:*?"), scope("a'b%_"), scope("a'b%_")],
        roles: BTreeMap::from([(app("app \"1\""), role("owner/é")), (app("b"), role("viewer"))]),
        unheld: Unheld { scopes: vec![scope("urn:agilicus:api:*?")], roles: BTreeSet::from([app("b")]) },
        hosts: vec![
            HostPermissions::from_json(r#"{"allowed_list":[{"paths":["/a\"b"]}],"host":"x.example","n":1.50}"#.to_owned()),
            HostPermissions::from_json("{}".to_owned()),
        ],
        session: Some(session("elsewhere", "s/1#é")),
        label: Some(Label::parse("Ann's \"laptop\" 例え").unwrap()),
        creator: Some(Creator { org: org_id("the_ROOT-1"), subject: subject("root \"0\"") }),
        created_by: Some(id(70)),
        ancestors: vec![
            Ancestor {
                org: org_id("the_ROOT-1"),
                id: id(71),
                subject: subject("ann"),
                client: Some(client_id(4)),
                family: Some(id(72)),
                session: Some(Session { org: org_id("b"), id: SessionId::parse("s").unwrap() }),
                is_api_key: false,
            },
            Ancestor {
                org: org_id("a"),
                id: id(73),
                subject: subject("bob"),
                client: None,
                family: None,
                session: None,
                is_api_key: true,
            },
        ],
        masquerading: true,
        may_act: Some(Box::new(MayAct { subject: Some(subject("agent \"é\"")), client: Some(client_id(4)) })),
        issuance: Some(Box::new(issuance())),
    }
}

/// A token of which everything is known, in names that need care.
pub(crate) fn rich_token(org: &str, n: u64) -> TokenRecord {
    TokenRecord {
        root_org: org_id("the_ROOT-1"),
        contents: rich_contents(),
        issued_at: at(123),
        not_before: at(456),
        expires_at: None,
        family: Some(id(n + 1)),
        value: Some(digest(3)),
        status: Some(StatusIndex { list: StatusListId::from_bytes([0xa5; 16]), index: 131_071 }),
        refreshable_until: Some(T0.plus(Seconds::DAY)),
        revision: 7,
        revoked_at: None,
        revoked_by: None,
        ..token(org, n)
    }
}

/// One of which everything is known.
pub(in crate::store) fn issuance() -> Issuance {
    Issuance {
        grant: GrantType::TokenExchange,
        for_client: true,
        alias_used: true,
        client_url: Some(ClientUrl::parse("https://client.example/x?y=z").unwrap()),
        api_key: Some(id(74)),
        properties: properties(),
        confirmation: confirmation(),
        details: Some(AuthorizationDetails::from_json(r#"[{"n":1.50,"type":"a\"b"}]"#.to_owned())),
        acr: Some("urn:acr \"é\"".to_owned()),
        auth_time: Some(T0),
        for_external_attachment: true,
        of_member: true,
        actors: vec![
            Actor { subject: subject("bob"), client: Some(client_id(4)) },
            Actor { subject: subject("é"), client: None },
        ],
        sign_in: Some(Box::new(sign_in())),
        platform: Some(Box::new(PlatformAssertion {
            issuer: "https://idp.example/\"é".to_owned(),
            subject: "é \"s\"".to_owned(),
            id: Some("a".to_owned()),
            kid: Some("k".to_owned()),
            identity: 3,
        })),
    }
}

fn properties() -> Vec<Property> {
    let property = |key: &str, value: &str, hidden| Property { key: key.to_owned(), value: value.to_owned(), hidden };
    vec![property("k \"1\"", "é", false), property("", "", true)]
}

fn confirmation() -> Confirmation {
    Confirmation { certificate: Some(Thumbprint(digest(4))), dpop_key: Some(Thumbprint(digest(5))) }
}

pub(crate) fn family(org: &str, n: u64) -> Family {
    Family {
        id: id(n),
        org: org_id(org),
        root_org: org_id("the_ROOT-1"),
        contents: TokenContents { issuance: None, ..rich_contents() },
        generation: 0,
        salt: [7; 16],
        current: digest(0),
        previous: None,
        rotated_at: T0,
        rotates: true,
        retry_window: Family::DEFAULT_RETRY_WINDOW,
        slides: None,
        exclusive: false,
        issued_at: T0,
        refreshed_at: None,
        expires_at: T0.plus(Seconds::DAY),
        needed_until: Some(T0.plus(Seconds::DAY)),
        revoked_at: None,
        revoked_by: None,
        token: id(n + 1),
        token_duration: Seconds(300),
        revision: 0,
    }
}

/// A family of which everything is known.
pub(crate) fn rich_family(org: &str, n: u64) -> Family {
    Family {
        generation: 3,
        previous: Some(digest(6)),
        rotated_at: at(1),
        retry_window: Seconds(0),
        slides: Some(Seconds(9)),
        exclusive: true,
        refreshed_at: Some(at(2)),
        expires_at: at(86_400_001),
        needed_until: None,
        contents: rich_contents(),
        revision: 7,
        ..family(org, n)
    }
}

/// The token 11 and its family 12, as an OAuth client has them: the record of the token is needed as long as the family is there.
#[cfg(test)]
pub(in crate::store) fn refreshable() -> (TokenRecord, Family) {
    let family = Family { exclusive: true, token: id(11), ..family("a", 12) };
    let contents = TokenContents::new(subject("bob"));
    let token = TokenRecord { contents, family: Some(family.id), refreshable_until: Some(family.expires_at), ..token("a", 11) };
    (token, family)
}

/// What is recorded of a token and its family, if their values tell where they are.
pub(in crate::store) fn new(token: &TokenRecord, family: Option<&Family>) -> NewToken {
    NewToken::new(token.clone(), family.cloned())
}

/// The step of a family from `generation`, a second later each.
pub(in crate::store) fn step(key: FamilyKey, generation: u64) -> FamilyAdvance {
    let ms = i64::try_from(generation + 1).unwrap() * 1_000;
    FamilyAdvance {
        key,
        from: generation,
        next: Some(digest(generation + 1)),
        token: id(10_000 + generation),
        now: at(ms),
        ends: None,
    }
}

/// Stands for the hash of the secret of a generation.
pub(in crate::store) fn digest(n: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    Seeded::new(n).fill(&mut bytes).unwrap();
    bytes
}

pub(in crate::store) fn mark(org: &str, kind: NotBeforeScope, not_before: Timestamp) -> NotBefore {
    NotBefore { key: NotBeforeKey { org: org_id(org), kind }, not_before, expires_at: Some(T0.plus(Seconds::DAY)) }
}

/// Makes an org below these ancestors, parent first.
pub fn org(id: &str, ancestors: &[&str]) -> Org {
    Org { ancestors: ancestors.iter().map(|id| org_id(id)).collect(), ..Org::new(org_id(id), T0) }
}

/// The settings for assertions of an org that takes none.
pub const NO_ASSERTIONS: AssertionSettings = AssertionSettings { assertion_issuers: Vec::new() };

/// Makes settings for assertions with every member of an issuer, and with the fewest.
pub fn assertions() -> AssertionSettings {
    AssertionSettings {
        assertion_issuers: vec![
            AssertionIssuer {
                issuer: "https://idp.example/\"é".to_owned(),
                keys: IssuerKeys::Inline(r#"{"keys":[]}"#.into()),
                audiences: Some(vec!["https://a.example".to_owned()]),
                longest_life: Seconds(86_400),
                longest_age: Some(Seconds(60)),
                reusable: true,
                claims: conditions(),
                scopes: Some(vec![scope("a")]),
                clients: Some(vec![client_id(4)]),
                any_subject: true,
                refresh_tokens: true,
                subject_tokens: true,
                id_jag: true,
                allowed_networks: networks(&["10.0.0.0/8", "2001:db8::/32"]),
                enabled: true,
            },
            AssertionIssuer {
                enabled: false,
                ..AssertionIssuer::new("x".to_owned(), IssuerKeys::At("https://idp.example/jwks".to_owned()))
            },
            AssertionIssuer::new("https://discovered.example".to_owned(), IssuerKeys::Discovery),
        ],
    }
}

fn networks(texts: &[&str]) -> Option<AllowedNetworks> {
    AllowedNetworks::from_networks(texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
}

/// Makes conditions of every kind.
fn conditions() -> Vec<ClaimCondition> {
    let text = |text: &str| ClaimPattern::Text(text.parse().unwrap());
    let condition = |claim: &str, values| ClaimCondition { claim: claim.parse().unwrap(), values };
    vec![
        condition("repository_id", vec![text("1")]),
        condition("/a~1b/c", vec![text("x/*"), ClaimPattern::Integer(-7), ClaimPattern::Flag(false)]),
    ]
}

/// Makes the body of an org as it was when its settings for assertions stood in it.
#[cfg(test)]
pub(in crate::store) fn with_assertions(org: &str, assertions: &str) -> String {
    let members = assertions.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    if org.contains(r#""o":{"#) {
        return org.replacen(r#""o":{"#, &format!(r#""o":{{{members},"#), 1);
    }
    // What has its default is left out.
    org.replacen(r#""x":false}"#, &format!(r#""x":false,"o":{{{members}}}}}"#), 1)
}

/// Makes an enabled user of an org who holds no scope and no role.
pub fn member(org: &str, name: &str) -> Member {
    Member {
        org: org_id(org),
        subject: subject(name),
        kind: MemberKind::User,
        profile: Profile::default(),
        scopes: Vec::new(),
        roles: BTreeMap::new(),
        enabled: true,
        created_at: T0,
        updated_at: T0,
    }
}

pub(in crate::store) fn rich_member(org: &str, name: &str) -> Member {
    let roles = vec![Role::parse("owner").unwrap(), Role::parse("é \"r\"").unwrap()];
    let text = |text: &str| Some(text.to_owned());
    Member {
        kind: MemberKind::BigGroup,
        profile: Profile {
            email: text("ann@例え.example"),
            first_name: text("A\"nn"),
            last_name: text(""),
            display_name: text("Ä\\"),
            external_id: text("x#1"),
        },
        scopes: vec![ScopePattern::parse("urn:*").unwrap(), ScopePattern::parse("b").unwrap()],
        roles: BTreeMap::from([(App::parse("app").unwrap(), roles), (App::parse("empty").unwrap(), Vec::new())]),
        enabled: false,
        ..member(org, name)
    }
}

pub(in crate::store) fn member_key(org: &str, name: &str) -> MemberKey {
    MemberKey { org: org_id(org), subject: subject(name) }
}

pub(crate) fn client(org: &str, number: u64, alias: Option<&str>) -> Client {
    let settings = ClientSettings {
        alias: alias.map(str::to_owned),
        name: Some("A \"shop\"".to_owned()),
        kind: ClientKind::Confidential,
        auth_method: ClientAuthMethod::PrivateKeyJwt,
        grants: GrantType::ALL.to_vec(),
        scopes: Some(vec![scope("a"), scope("b?")]),
        jwks: Some(r#"{"keys":[]}"#.to_owned()),
        federated: vec![
            FederatedIdentity {
                issuer: "https://idp.example/\"é".to_owned(),
                subject: "repo:acme/shop:ref:refs/heads/main".parse().unwrap(),
                claims: conditions(),
                allowed_networks: networks(&["192.0.2.0/24"]),
            },
            FederatedIdentity {
                issuer: "x".to_owned(),
                subject: "spiffe://example.org/ns/*".parse().unwrap(),
                claims: Vec::new(),
                allowed_networks: None,
            },
        ],
        token_duration: Some(Seconds(7)),
        refresh_token_duration: Some(Seconds(8)),
        single_token_per_subject: true,
        certificate_bound_tokens: true,
        may_exchange_tokens: true,
        allowed_networks: networks(&["10.0.0.0/8", "2001:db8::/32"]),
        limits: Limits::new(None, Some(10_000_000)),
        exchange_targets: exchange_targets(),
        dpop_bound_tokens: true,
        certificate_subject: Some(CertificateSubject::DistinguishedName("CN=\"a\",O=é".to_owned())),
        access_token_form: Some(AccessTokenForm::Jwt(Algorithm::Ps256)),
        resources: Some(vec![Audience::parse("https://api.example").unwrap()]),
        attributes: vec![("a\"".to_owned(), "é".to_owned()), (String::new(), String::new())],
        redirect_uris: vec![
            RedirectUri::parse("https://a.example/cb").unwrap(),
            RedirectUri::from_administrator("a \"b\"".to_owned()),
        ],
        post_logout_redirect_uris: vec![
            RedirectUri::parse("https://a.example/bye").unwrap(),
            RedirectUri::parse("com.example.app:/bye").unwrap(),
        ],
        pkce: Pkce::Optional,
        consent: Consent::Implied,
        claims_in_id_token: true,
        metadata: client_metadata(),
    };
    let older = ClientSecret { hash: digest(2), created_at: None, expires_at: Some(at(9_999)) };
    let (secrets, registration_token) = (vec![ClientSecret::new(digest(1), at(5)), older], Some(digest(3)));
    Client { secrets, registration_token, ..Client::new(org_id(org), client_id(number), settings, T0) }
}

/// An API and another authorization server, of which everything is said.
fn exchange_targets() -> Vec<ExchangeTarget> {
    let audience = |text: &str| Audience::parse(text).unwrap();
    let server = AuthorizationServer {
        issuer: audience("https://as.example/\"é\"/"),
        grant_type: DomainGrantType::IdJag,
        client_id: Some("a \"é\"".to_owned()),
        resources: vec![audience("https://mcp.example/mcp")],
        subject: GrantSubject::Email,
        duration: Seconds(299),
        actors: true,
    };
    let led = TargetScope { name: scope("b"), sources: vec![scope("a"), scope("c")] };
    vec![
        ExchangeTarget {
            destination: Destination::Api(audience("https://ledger.example/\"é\"")),
            scopes: vec![TargetScope::kept(scope("a")), led],
        },
        ExchangeTarget { destination: Destination::Server(Box::new(server)), scopes: vec![TargetScope::kept(scope("a"))] },
    ]
}

/// Metadata with a value of each type.
fn client_metadata() -> ClientMetadata {
    let text = str::to_owned;
    let mut metadata = ClientMetadata::default();
    for (name, value) in [
        ("client_uri#", MetadataValue::Localized(vec![(text("fr"), text("https://a.example/\"é\""))])),
        ("contacts", MetadataValue::Texts(vec![text("ann@a.example")])),
        ("default_max_age", MetadataValue::Number(5)),
        ("request_object_encryption_alg", MetadataValue::Text(text("RSA-OAEP"))),
        ("require_pushed_authorization_requests", MetadataValue::Flag(true)),
        ("response_types", MetadataValue::Texts(vec![text("code id_token")])),
        ("tos_uri", MetadataValue::Text(text("https://a.example/tos"))),
    ] {
        metadata.insert(MetadataMember::named(name).unwrap(), value);
    }
    metadata
}

/// Makes a confidential client of which nothing is set, and which presents its secret in the header.
pub(crate) fn bare_client(org: &OrgId, id: ClientId) -> Client {
    Client::new(org.clone(), id, ClientSettings::new(ClientKind::Confidential), T0)
}

/// Creates or replaces an org, whatever is there, with its settings for assertions.
pub(in crate::store) async fn put_org(store: &dyn Store, org: &Org, assertions: &AssertionSettings) -> Put {
    let seen = store.org(&org.id).await.unwrap();
    store.put_org(seen.as_ref(), org, Some(assertions)).await.unwrap()
}

/// Reads the settings of an org for assertions.
pub(in crate::store) async fn find_assertions(store: &Arc<dyn Store>, org: &OrgId) -> AssertionSettings {
    let wanted = RecordKeys { assertion_settings: vec![org.clone()], ..RecordKeys::default() };
    read(store, wanted).await.into_assertion_settings(org)
}

/// Reads one access token, or nothing.
pub(in crate::store) async fn find_token(store: &Arc<dyn Store>, key: &TokenKey) -> Option<TokenRecord> {
    read(store, RecordKeys { tokens: vec![key.clone()], ..RecordKeys::default() }).await.tokens.remove(key)
}

/// Reads one refresh family, or nothing.
pub(in crate::store) async fn find_family(store: &Arc<dyn Store>, key: &FamilyKey) -> Option<Family> {
    read(store, RecordKeys { families: vec![key.clone()], ..RecordKeys::default() }).await.families.remove(key)
}

/// Reads one mark from the copy in `shard`.
pub(in crate::store) async fn find_mark(store: &Arc<dyn Store>, key: &NotBeforeKey, shard: Shard) -> Option<Timestamp> {
    let shard_of = Some(id_at(0, T0, Some(shard)));
    read(store, RecordKeys { marks: vec![key.clone()], shard_of, ..RecordKeys::default() }).await.marks.find(key)
}

pub(in crate::store) async fn read(store: &Arc<dyn Store>, wanted: RecordKeys) -> Records {
    store.read(&wanted).await.unwrap()
}

/// Chance that repeats itself.
pub(in crate::store) struct Dice(Seeded);

impl Dice {
    pub(in crate::store) fn new(seed: u64) -> Self {
        Self(Seeded::new(seed))
    }

    /// 0 to `sides` - 1.
    pub(in crate::store) fn roll(&self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_be_bytes(bytes) % sides
    }

    pub(in crate::store) fn one_of<T: Copy>(&self, values: &[T]) -> T {
        values[usize::try_from(self.roll(values.len() as u64)).unwrap()]
    }
}
