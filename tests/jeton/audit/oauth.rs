//! What OAuth clients' tokens add to the trail.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use shared::domain::{
    AccessTokenForm, Actor, Algorithm, Alias, AliasKey, Aliased, AllowedNetworks, Ancestor, Approval, Audience, Authorization,
    AuthorizationError, AuthorizationRequest, AuthorizationState, Batch, CertificateSubject, Client, ClientAuthMethod, ClientId,
    ClientKind, ClientMetadata, ClientSettings, Confirmation, Destination, ExchangeTarget, ExtraClaims, Family, GrantType,
    GrantedAccess, Issuance, Limits, MetadataMember, MetadataValue, OrgId, PersonGrantUpdate, Property, RedirectUri, Remembering,
    ResponseMode, Scope, Seconds, SessionId, TargetScope, Ticket, Timestamp, TokenId, TokenRecord,
};
use shared::store::{
    AdvanceOutcome, FamilyAdvance, FamilyUpdate, InsertOutcome, NewToken, RecordKeys, ReplayKey, TicketConsumption, TokenUpdate,
    UpdateOutcome,
};

use super::{Streamed, trail};

const NOW: Timestamp = Timestamp::from_secs(1_795_348_800);

fn org() -> OrgId {
    OrgId::parse("1").unwrap()
}

fn id(n: u8) -> TokenId {
    TokenId::from_bytes([n; 20])
}

fn issuance() -> Issuance {
    let property = |key: &str, value: &str, hidden| Property { key: key.to_owned(), value: value.to_owned(), hidden };
    Issuance {
        grant: GrantType::AuthorizationCode,
        for_client: false,
        alias_used: true,
        client_url: None,
        api_key: Some(id(8)),
        properties: vec![property("account", "s3cret-1", false), property("internal", "s3cret-2", true)],
        confirmation: Confirmation::default(),
        details: None,
        acr: Some("urn:acr:1".to_owned()),
        auth_time: Some(NOW),
        for_external_attachment: false,
        of_member: true,
        actors: vec![Actor { subject: "agent".parse().unwrap(), client: None }],
        sign_in: None,
        platform: None,
    }
}

fn authorization() -> Authorization {
    Authorization {
        id: id(5),
        org: org(),
        client: ClientId::from_number(7).unwrap(),
        client_name: "7".to_owned(),
        request: AuthorizationRequest {
            redirect_uri: "https://a.example/cb".to_owned(),
            response_mode: ResponseMode::Query,
            state: None,
            scopes: Vec::new(),
            resources: Vec::new(),
            details: None,
            code_challenge: None,
            dpop_key: None,
            nonce: None,
            prompts: Vec::new(),
            max_age: None,
            authenticated_after: None,
            subject_hint: None,
            login_hint: None,
            acr_values: Vec::new(),
            acr_required: Vec::new(),
            ui_locales: Vec::new(),
            display: None,
            claims_locales: Vec::new(),
            purpose: None,
            claims: None,
        },
        browser: Some([1; 32]),
        device: None,
        backchannel: None,
        forwarded: None,
        created_at: NOW,
        expires_at: NOW.plus(Seconds(600)),
        state: AuthorizationState::Pending,
        revision: 0,
    }
}

/// A client's token and its family, made of those that a member has.
async fn recorded(streamed: &Streamed) -> (TokenRecord, Family) {
    let minted = streamed.mint().await;
    let payload = minted["token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let part = |name: &str| TokenId::parse(claims[name].as_str().unwrap()).unwrap();
    let token = shared::domain::TokenKey { org: org(), id: part("jti") };
    let family = shared::domain::FamilyKey { org: org(), id: part("fam") };
    let wanted = RecordKeys { tokens: vec![token.clone()], families: vec![family.clone()], ..RecordKeys::default() };
    let mut found = streamed.app.store.read(&wanted).await.unwrap();
    (found.tokens.remove(&token).unwrap(), found.families.remove(&family).unwrap())
}

fn of_family(family: Family) -> TokenUpdate {
    TokenUpdate { token: None, family: Some(FamilyUpdate { family, moves_end: true }), alias: None }
}

fn stay(family: &Family, token: TokenId, ms: i64) -> FamilyAdvance {
    let now = Timestamp::from_ms(NOW.as_ms() + ms);
    FamilyAdvance { key: family.key(), from: family.generation, next: None, token, now, ends: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_amended_or_refreshed_is_told_and_what_only_waits_is_not() {
    let streamed = Streamed::new().await;
    let (token, family) = recorded(&streamed).await;
    streamed.records();
    let store = streamed.app.store.clone();

    let alias = |n| Alias {
        key: AliasKey { org: org(), hash: [n; 32] },
        target: Aliased::Token(token.id),
        expires_at: Some(NOW.plus(Seconds::DAY)),
    };
    let mut renewed = TokenRecord { value: Some([7; 32]), revision: 1, ..token.clone() };
    renewed.issuance = Some(Box::new(issuance()));
    let amendment = TokenUpdate { token: Some(renewed), family: None, alias: Some(alias(7)) };
    assert_eq!(store.update_token(&amendment).await.unwrap(), UpdateOutcome::Done);
    assert_eq!(streamed.actions().await, ["token.amended"]);

    let amended = Family { expires_at: family.expires_at.plus(Seconds::DAY), revision: 1, ..family.clone() };
    assert_eq!(store.update_token(&of_family(amended)).await.unwrap(), UpdateOutcome::Done);
    assert_eq!(streamed.actions().await, ["family.amended"]);
    assert!(matches!(store.advance_family(&stay(&family, id(3), 1)).await.unwrap(), AdvanceOutcome::Applied));
    assert_eq!(streamed.actions().await, ["family.refreshed"]);
    let later = Some(family.expires_at.plus(Seconds(9 * 86_400)));
    let needed = FamilyAdvance { ends: Some((family.expires_at.plus(Seconds::DAY), later)), ..stay(&family, id(4), 2) };
    assert!(matches!(store.advance_family(&needed).await.unwrap(), AdvanceOutcome::Applied));
    assert_eq!(streamed.actions().await, ["family.refreshed"]);
    let moved = FamilyAdvance { ends: Some((NOW.plus(Seconds(9)), later)), ..stay(&family, id(5), 3) };
    assert!(matches!(store.advance_family(&moved).await.unwrap(), AdvanceOutcome::Applied));
    assert_eq!(streamed.actions().await, ["family.altered"], "no refresh moves the end of a family that doesn't slide");

    let ticket = Ticket {
        id: id(1),
        org: org(),
        client: ClientId::from_number(7).unwrap(),
        alias_used: false,
        scopes: Vec::new(),
        audiences: Vec::new(),
        properties: Vec::new(),
        confirmation: Confirmation::default(),
        issued_at: NOW,
        expires_at: NOW.plus(Seconds::DAY),
        spent_by: None,
    };
    store.put_ticket(&ticket).await.unwrap();
    let another = TokenRecord { id: id(2), family: None, ..token.clone() };
    let spending = Some(TicketConsumption { key: ticket.key(), by: another.id, now: NOW });
    let on_ticket = NewToken {
        aliases: vec![Alias { target: Aliased::Token(another.id), ..alias(8) }],
        ticket: spending,
        ..NewToken::new(another, None)
    };
    assert_eq!(store.record(&on_ticket).await.unwrap(), InsertOutcome::Done);
    assert_eq!(streamed.actions().await, ["token.minted"]);

    let asked = authorization();
    store.put_authorization(&asked).await.unwrap();
    let denied = AuthorizationState::Denied {
        error: AuthorizationError::AccessDenied,
        description: None,
        error_uri: None,
        verifier: [2; 32],
    };
    let denied = asked.moved_to(denied, asked.expires_at);
    assert!(store.update_authorization(&denied).await.unwrap());
    let another = TokenRecord { id: id(7), family: None, ..token.clone() };
    let redeemed = AuthorizationState::Redeemed { code: [3; 32], token: another.id, family: None };
    let redeemed = denied.moved_to(redeemed, asked.expires_at);
    let on_authorization = NewToken { authorization: Some(Box::new(redeemed)), ..NewToken::new(another, None) };
    assert_eq!(store.record(&on_authorization).await.unwrap(), InsertOutcome::Done);
    assert_eq!(streamed.actions().await, ["authorization.denied", "token.minted"]);
    assert!(
        store
            .use_once(&ReplayKey { org: org(), purpose: "dpop", hash: [1; 32], now: NOW, until: NOW.plus(Seconds(60)) })
            .await
            .unwrap()
    );
    let batch =
        Batch { id: id(6), org: org(), tokens: 1, parts: 1, done: Vec::new(), failure: None, created_at: NOW, updated_at: NOW };
    store.put_batch(&batch).await.unwrap();
    store.end_part(&batch.key(), 0, None, NOW).await.unwrap();
    assert_eq!(streamed.actions().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_and_grants_of_people_are_told_with_whom_and_what_and_no_secret() {
    let streamed = Streamed::new().await;
    let (token, _) = recorded(&streamed).await;
    streamed.records();
    let store = streamed.app.store.clone();
    let told = async |streamed: &Streamed| {
        let (trail, memory) = trail();
        trail.tell(&streamed.records()).await;
        let events = memory.events().into_iter().filter(|event| !event.action.starts_with("token."));
        events.map(|event| serde_json::from_str::<Value>(&event.detail).unwrap()).collect::<Vec<_>>()
    };
    let asked = authorization();
    store.put_authorization(&asked).await.unwrap();
    let scopes = vec![Scope::parse("openid").unwrap(), Scope::parse("read").unwrap()];
    let approval = Approval {
        subject: "ann".parse().unwrap(),
        scopes: scopes.clone(),
        resources: vec![Audience::parse("https://a.example").unwrap()],
        details: None,
        auth_time: Some(NOW),
        acr: None,
        amr: Vec::new(),
        session: Some(SessionId::parse("s-1").unwrap()),
        claims: Some(ExtraClaims::from_json(r#"{"email":"s3cret"}"#.to_owned())),
        id_token_claims: None,
        access_token_claims: None,
        properties: Vec::new(),
        forwarded: None,
        token_duration: None,
        refresh_token_duration: None,
        forget: false,
        decided_at: NOW.plus(Seconds(5)),
    };
    let accepted = AuthorizationState::Accepted { approval: Box::new(approval.clone()), verifier: [2; 32] };
    let accepted = asked.moved_to(accepted, asked.expires_at);
    assert!(store.update_authorization(&accepted).await.unwrap());
    let issued = AuthorizationState::Issued { approval: Box::new(approval.clone()), code: [3; 32] };
    let issued = accepted.moved_to(issued, asked.expires_at);
    assert!(store.update_authorization(&issued).await.unwrap());
    let events = told(&streamed).await;
    let expected = json!({
        "id": events[0]["id"], "time": (NOW.as_ms() + 5_000), "action": "authorization.accepted", "org": "1", "client": "7",
        "authorization": id(5).to_string(), "subject": "ann", "session": {"org": "1", "id": "s-1"},
        "scopes": ["openid", "read"], "resources": ["https://a.example"]
    });
    assert_eq!(events, [expected], "that the browser is back is told with the token");

    // An authorization server hands out the code at once, or says that it comes to nothing.
    let decided = async |streamed: &Streamed, number: u8, state: AuthorizationState| {
        let asked = Authorization { id: id(number), ..authorization() };
        store.put_authorization(&asked).await.unwrap();
        assert!(store.update_authorization(&asked.moved_to(state, asked.expires_at)).await.unwrap());
        let events = told(streamed).await;
        let [event] = events.as_slice() else { panic!("{events:?}") };
        (event["action"].clone(), event["authorization"].clone(), event.get("subject").cloned())
    };
    let issued = AuthorizationState::Issued { approval: Box::new(approval.clone()), code: [4; 32] };
    let accepted = (json!("authorization.accepted"), json!(id(51).to_string()), Some(json!("ann")));
    assert_eq!(decided(&streamed, 51, issued).await, accepted);
    let failed = AuthorizationState::Failed { decision: id(99), description: None, error_uri: None };
    assert_eq!(decided(&streamed, 52, failed).await, (json!("authorization.denied"), json!(id(52).to_string()), None));

    let grant = PersonGrantUpdate {
        key: asked.person_grant_key(&approval.subject),
        access: GrantedAccess::new(&scopes, &approval.resources),
        remembering: Remembering::Adds,
        granted_at: approval.decided_at,
        now: NOW.plus(Seconds(6)),
    };
    for n in [7, 8] {
        let token = TokenRecord { id: id(n), family: None, ..token.clone() };
        let recording = NewToken { person_grant: Some(grant.clone()), ..NewToken::new(token, None) };
        assert_eq!(store.record(&recording).await.unwrap(), InsertOutcome::Done);
    }
    store.note_person_grant_use(&grant.key, NOW.plus(Seconds(7))).await.unwrap();
    assert!(store.end_person_grant(&grant.key, NOW.plus(Seconds(8))).await.unwrap());
    let events = told(&streamed).await;
    let of = |n: usize, action, seconds: i64| json!({"id": events[n]["id"], "time": NOW.as_ms() + seconds * 1_000, "action": action, "org": "1", "subject": "ann", "client": "7"});
    let mut begun = of(0, "grant.begun", 6);
    begun["scopes"] = json!(["openid", "read"]);
    begun["resources"] = json!(["https://a.example"]);
    begun["remembered"] = json!(true);
    assert_eq!(events, [begun, of(1, "grant.ended", 8)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_tells_what_was_and_what_is_but_no_value() {
    let streamed = Streamed::new().await;
    let (token, _) = recorded(&streamed).await;
    streamed.records();
    let mut renewed = TokenRecord { value: Some([7; 32]), revision: 1, ..token };
    renewed.scopes = vec![Scope::parse("urn:app:write").unwrap()];
    renewed.issuance = Some(Box::new(issuance()));
    renewed.created_by = Some(id(8));
    let ancestor = Ancestor {
        org: org(),
        id: id(9),
        subject: "bob".parse().unwrap(),
        client: None,
        family: None,
        session: None,
        is_api_key: false,
    };
    renewed.ancestors = vec![ancestor];
    let amendment = TokenUpdate { token: Some(renewed), family: None, alias: None };
    assert_eq!(streamed.app.store.update_token(&amendment).await.unwrap(), UpdateOutcome::Done);
    let (trail, memory) = trail();
    trail.tell(&streamed.records()).await;
    let event = &memory.events()[0];
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert_eq!((&detail["before"]["scopes"], &detail["after"]["scopes"]), (&json!(["urn:app:read"]), &json!(["urn:app:write"])));
    assert_eq!((&detail["before"]["revision"], &detail["after"]["revision"]), (&json!(null), &json!(1)));
    assert_eq!(detail["after"]["has_other_value"], true);
    let lineage = (&detail["after"]["created_by"], &detail["after"]["ancestors"]);
    assert_eq!(lineage, (&json!(id(8).to_string()), &json!([id(9).to_string()])));
    assert_eq!(
        detail["after"]["issuance"],
        json!({
            "grant": "authorization_code", "alias_used": true, "properties": ["account", "internal"],
            "acr": "urn:acr:1", "auth_time": 1_795_348_800, "of_member": true, "actors": ["agent"]
        })
    );
    for secret in ["s3cret".to_owned(), BASE64_URL_SAFE_NO_PAD.encode([7; 32]), BASE64_STANDARD.encode([7; 32])] {
        assert!(!event.detail.contains(&secret), "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_client_tells_its_public_keys_and_how_many_secrets_it_has() {
    let streamed = Streamed::new().await;
    streamed.records();
    let mut metadata = ClientMetadata::default();
    let contacts = MetadataMember::named("contacts").unwrap();
    metadata.insert(contacts, MetadataValue::Texts(vec!["s3cret-2".to_owned()]));
    let settings = ClientSettings {
        name: Some("Shop".to_owned()),
        auth_method: ClientAuthMethod::PrivateKeyJwt,
        grants: vec![GrantType::ClientCredentials],
        jwks: Some(r#"{"keys":[{"kid":"k-1"}]}"#.to_owned()),
        token_duration: Some(Seconds(60)),
        may_exchange_tokens: true,
        allowed_networks: AllowedNetworks::from_networks(["192.0.2.0/24".parse().unwrap()]),
        limits: Limits::new(Some(60), None),
        exchange_targets: vec![ExchangeTarget {
            destination: Destination::Api(Audience::parse("https://ledger.example").unwrap()),
            scopes: vec![TargetScope { name: Scope::parse("a").unwrap(), sources: vec![Scope::parse("b").unwrap()] }],
        }],
        dpop_bound_tokens: true,
        certificate_subject: Some(CertificateSubject::DnsName("shop.example".into())),
        access_token_form: Some(AccessTokenForm::Jwt(Algorithm::Es256)),
        resources: Some(vec![Audience::parse("https://api.example").unwrap()]),
        certificate_bound_tokens: true,
        attributes: vec![("tier".to_owned(), "s3cret-1".to_owned())],
        redirect_uris: vec![RedirectUri::parse("https://shop.example/cb").unwrap()],
        post_logout_redirect_uris: vec![RedirectUri::parse("https://shop.example/bye").unwrap()],
        metadata,
        ..ClientSettings::new(ClientKind::Confidential)
    };
    let client = Client {
        secrets: vec![shared::domain::ClientSecret { hash: [7; 32], created_at: None, expires_at: None }],
        registration_token: Some([7; 32]),
        ..Client::new(org(), ClientId::from_number(7).unwrap(), settings, NOW)
    };
    streamed.app.store.put_client(&client).await.unwrap();
    let (trail, memory) = trail();
    trail.tell(&streamed.records()).await;
    let event = &memory.events()[0];
    assert_eq!(event.action, "client.created");
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert_eq!(
        detail["after"],
        json!({
            "org": "1", "client": "7", "name": "Shop", "kind": "confidential", "auth_method": "private_key_jwt", "enabled": true,
            "grants": ["client_credentials"], "secrets": 1, "jwks": {"keys": [{"kid": "k-1"}]}, "token_duration": 60,
            "single_token_per_subject": false, "certificate_bound_tokens": true, "may_exchange_tokens": true, "allowed_cidrs": ["192.0.2.0/24"], "limits": {"per_minute": 60},
            "attributes": ["tier"],
            "may_exchange_to": [{"resource": "https://ledger.example", "scopes": [{"scope": "a", "for": ["b"]}]}],
            "dpop_bound_tokens": true, "certificate_subject": {"san_dns": "shop.example"}, "access_token_form": "ES256",
            "resources": ["https://api.example"], "has_registration_token": true, "redirect_uris": ["https://shop.example/cb"],
            "post_logout_redirect_uris": ["https://shop.example/bye"],
            "pkce": "required", "consent": "required", "claims_in_id_token": false
        })
    );
    for secret in ["s3cret".to_owned(), BASE64_URL_SAFE_NO_PAD.encode([7; 32])] {
        assert!(!event.detail.contains(&secret), "{secret}");
    }
    let later = NOW.plus(Seconds(1));
    let settings = ClientSettings { exchange_targets: Vec::new(), ..client.settings.clone() };
    streamed.app.store.put_client(&client.with_settings(settings, later)).await.unwrap();
    trail.tell(&streamed.records()).await;
    let event = &memory.events()[1];
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert_eq!((event.action, detail["after"].get("may_exchange_to")), ("client.targets_changed", None));
    assert_eq!(detail["before"]["may_exchange_to"][0]["resource"], "https://ledger.example");
}
