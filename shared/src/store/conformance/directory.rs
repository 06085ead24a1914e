//! Orgs, members and clients.

use std::sync::Arc;

use super::cases;
use super::samples::{
    NO_ASSERTIONS, T0, assertions, at, bare_client, client, client_id, digest, find_assertions, member, member_key, org, org_id,
    put_org, rich_member, scope, subject,
};
use crate::domain::{
    Algorithm, ApiKeyRules, AssertionRules, Audience, AuthorizationDetailsType, ChainLimit, Client, ClientAuthMethod,
    ClientDocumentHost, ClientDocumentRules, ClientKind, ClientSettings, DeliveryMode, ExchangeRules, GrantType, LoginUrl,
    Member, OAuthSettings, OpenRegistration, Org, OrgSettings, ProtectedResource, Seconds, SupportedScope,
};
use crate::store::{Delete, Put, RecordKeys, Replaced, Store};

cases![
    a_client_is_put_read_and_deleted,
    a_client_keeps_changes_and_frees_its_alias,
    a_member_is_put_read_and_deleted,
    a_new_orgs_ancestors_must_exist_and_agree,
    a_number_is_one_clients_in_all_orgs,
    an_alias_is_one_clients_in_its_org,
    clients_and_aliases_are_read_with_the_rest,
    clients_are_listed_in_one_order,
    an_org_in_use_is_not_deleted,
    an_org_is_replaced_only_as_it_was_seen,
    an_org_is_put_read_and_deleted,
    an_orgs_settings_for_assertions_go_with_it,
    an_orgs_ancestors_never_change,
    created_at_stays_that_of_the_first_write,
    members_are_listed_in_byte_order,
    sub_orgs_are_listed_by_id,
    what_belongs_to_no_org_dangles,
    what_was_read_before_is_read_as_it_is_now,
];

async fn an_org_is_put_read_and_deleted(store: Arc<dyn Store>) {
    let rich = Org {
        name: Some("Größe \"1\"".to_owned()),
        enabled: false,
        settings: OrgSettings {
            token_duration: Some(Seconds(1)),
            max_token_duration: Seconds(2),
            refresh_token_duration: Seconds(3),
            refresh_token_kept: Some(true),
            refresh_token_retry_seconds: Seconds(9),
            allow_non_expiring: true,
            status_list: true,
            api_keys: ApiKeyRules {
                self_service: true,
                duration: Seconds(61),
                max_duration: Seconds(62),
                max_per_owner: 200,
                require_cidrs: true,
                jwt_duration: Seconds(63),
            },
            oauth: rich_settings(),
        },
        secrets: vec![digest(1), digest(2)],
        ever_non_expiring: true,
        updated_at: at(7),
        ..org("a", &[])
    };
    assert_eq!(store.org(&rich.id).await.unwrap(), None);
    assert_eq!(put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await, Put::Created);
    assert_eq!(store.org(&rich.id).await.unwrap(), Some(org("a", &[])));
    assert_eq!(put_org(&*store, &rich, &NO_ASSERTIONS).await, Put::Replaced);
    assert_eq!(store.org(&rich.id).await.unwrap(), Some(rich.clone()), "the last write wins");
    assert_eq!(store.delete_org(&rich.id).await.unwrap(), Delete::Done);
    assert_eq!(store.org(&rich.id).await.unwrap(), None);
    assert_eq!(store.delete_org(&rich.id).await.unwrap(), Delete::Unknown);
}

async fn an_org_is_replaced_only_as_it_was_seen(store: Arc<dyn Store>) {
    let first = org("a", &[]);
    let second = Org { secrets: vec![digest(1)], updated_at: at(7), ..org("a", &[]) };
    assert_eq!(store.put_org(Some(&first), &second, Some(&assertions())).await.unwrap(), Put::Taken, "there is none");
    assert_eq!((store.org(&first.id).await.unwrap(), find_assertions(&store, &first.id).await), (None, NO_ASSERTIONS));
    assert_eq!(store.put_org(None, &first, Some(&assertions())).await.unwrap(), Put::Created);
    assert_eq!(store.put_org(Some(&first), &second, None).await.unwrap(), Put::Replaced);
    for seen in [None, Some(&first)] {
        assert_eq!(store.put_org(seen, &first, Some(&NO_ASSERTIONS)).await.unwrap(), Put::Taken, "it isn't as seen");
        assert_eq!(store.org(&first.id).await.unwrap().as_ref(), Some(&second), "nothing was written");
        assert_eq!(find_assertions(&store, &first.id).await, assertions(), "nothing was written");
    }
}

async fn an_orgs_settings_for_assertions_go_with_it(store: Arc<dyn Store>) {
    let a = org_id("a");
    let stored = async || {
        let read = find_assertions(&store, &a).await;
        assert_eq!(store.assertion_settings(&a).await.unwrap(), read, "alone it is the same");
        read
    };
    assert_eq!(stored().await, NO_ASSERTIONS);
    assert_eq!(put_org(&*store, &org("a", &["b"]), &assertions()).await, Put::Dangling);
    assert_eq!(stored().await, NO_ASSERTIONS, "nothing was written");
    assert_eq!(put_org(&*store, &org("a", &[]), &assertions()).await, Put::Created);
    assert_eq!(stored().await, assertions());
    let others = RecordKeys { orgs: vec![a.clone()], assertion_settings: vec![org_id("ab")], ..RecordKeys::default() };
    let found = store.read(&others).await.unwrap();
    assert_eq!((found.org(&a), found.assertion_settings.len()), (Some(&org("a", &[])), 0), "only who asks for them gets them");
    put_org(&*store, &org("b", &["a"]), &NO_ASSERTIONS).await;
    assert_eq!(put_org(&*store, &org("a", &["b"]), &NO_ASSERTIONS).await, Put::Taken);
    assert_eq!(store.delete_org(&a).await.unwrap(), Delete::InUse);
    assert_eq!(stored().await, assertions(), "nothing was written or deleted");
    store.delete_org(&org_id("b")).await.unwrap();
    assert_eq!(put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await, Put::Replaced);
    assert_eq!(stored().await, NO_ASSERTIONS, "they are replaced as a whole");
    assert_eq!(put_org(&*store, &org("a", &[]), &assertions()).await, Put::Replaced);
    assert_eq!(store.delete_org(&a).await.unwrap(), Delete::Done);
    assert_eq!(stored().await, NO_ASSERTIONS, "nothing outlives its org");
}

async fn a_new_orgs_ancestors_must_exist_and_agree(store: Arc<dyn Store>) {
    assert_eq!(put_org(&*store, &org("c", &["b", "a"]), &NO_ASSERTIONS).await, Put::Dangling);
    assert_eq!(store.org(&org_id("c")).await.unwrap(), None, "nothing was written");
    for (id, ancestors) in [("a", &[][..]), ("b", &["a"]), ("x", &[]), ("c", &["b", "a"])] {
        assert_eq!(put_org(&*store, &org(id, ancestors), &NO_ASSERTIONS).await, Put::Created, "{id}");
        assert_eq!(store.org(&org_id(id)).await.unwrap(), Some(org(id, ancestors)));
    }
    for ancestors in [&["b"][..], &["b", "x"], &["b", "a", "x"], &["a", "x"]] {
        assert_eq!(put_org(&*store, &org("d", ancestors), &NO_ASSERTIONS).await, Put::Taken, "{ancestors:?}");
        assert_eq!(store.org(&org_id("d")).await.unwrap(), None, "nothing was written");
    }
}

async fn an_orgs_ancestors_never_change(store: Arc<dyn Store>) {
    for (id, ancestors) in [("a", &[][..]), ("x", &[]), ("b", &["a"])] {
        put_org(&*store, &org(id, ancestors), &NO_ASSERTIONS).await;
    }
    for (id, ancestors) in [("b", &["x"][..]), ("b", &[]), ("b", &["missing"]), ("x", &["a"])] {
        let before = store.org(&org_id(id)).await.unwrap();
        assert_eq!(
            put_org(&*store, &Org { enabled: false, ..org(id, ancestors) }, &NO_ASSERTIONS).await,
            Put::Taken,
            "{id} {ancestors:?}"
        );
        assert_eq!(store.org(&org_id(id)).await.unwrap(), before, "nothing was written");
    }
}

async fn an_org_in_use_is_not_deleted(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    put_org(&*store, &org("b", &["a"]), &NO_ASSERTIONS).await;
    let in_use = async || {
        assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::InUse);
        assert_eq!(store.org(&org_id("a")).await.unwrap(), Some(org("a", &[])), "nothing was deleted");
    };
    in_use().await;
    assert_eq!(store.delete_org(&org_id("b")).await.unwrap(), Delete::Done);
    for _ in 0..3 {
        store.put_member(&member("a", "ann")).await.unwrap();
    }
    in_use().await;
    store.put_client(&client("a", 1, None)).await.unwrap();
    store.delete_member(&member_key("a", "ann")).await.unwrap();
    store.delete_member(&member_key("a", "ann")).await.unwrap();
    in_use().await;
    store.put_client(&client("a", 1, Some("x"))).await.unwrap();
    store.delete_client(&org_id("a"), client_id(1)).await.unwrap();
    store.delete_client(&org_id("a"), client_id(1)).await.unwrap();
    assert_eq!(store.delete_org(&org_id("a")).await.unwrap(), Delete::Done);
}

async fn sub_orgs_are_listed_by_id(store: Arc<dyn Store>) {
    put_org(&*store, &org("r", &[]), &NO_ASSERTIONS).await;
    let ids = ["0", "A", "B-1", "_", "a", "a-0", "a_", "ab", "b"];
    for id in ids.iter().rev() {
        put_org(&*store, &org(id, &["r"]), &NO_ASSERTIONS).await;
    }
    put_org(&*store, &org("deeper", &["a", "r"]), &NO_ASSERTIONS).await;
    let all: Vec<_> = ids.iter().map(|id| org_id(id)).collect();
    assert_eq!(store.sub_orgs(&org_id("r"), None, 100).await.unwrap(), sorted(all.clone()), "directly below only");
    for limit in [1, 2, 9] {
        let mut seen = Vec::new();
        while let page = store.sub_orgs(&org_id("r"), seen.last(), limit).await.unwrap()
            && !page.is_empty()
        {
            assert!(page.len() <= limit);
            seen.extend(page);
            assert!(seen.len() <= all.len(), "limit {limit}: more than there are");
        }
        assert_eq!(seen, sorted(all.clone()), "limit {limit}");
    }
    assert_eq!(store.sub_orgs(&org_id("b"), None, 100).await.unwrap(), []);
}

async fn a_member_is_put_read_and_deleted(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    put_org(&*store, &org("ab", &[]), &NO_ASSERTIONS).await;
    let (plain, rich) = (member("a", "ann é\""), rich_member("a", "ann é\""));
    assert_eq!(store.member(&plain.key()).await.unwrap(), None);
    assert_eq!(store.put_member(&plain).await.unwrap(), Put::Created);
    assert_eq!(store.member(&plain.key()).await.unwrap(), Some(plain.clone()));
    assert_eq!(store.put_member(&rich).await.unwrap(), Put::Replaced);
    assert_eq!(store.member(&plain.key()).await.unwrap(), Some(rich), "the last write wins");
    assert_eq!(store.member(&member_key("ab", "ann é\"")).await.unwrap(), None, "orgs are apart");
    assert_eq!(store.delete_member(&member_key("ab", "ann é\"")).await.unwrap(), Delete::Unknown);
    assert_eq!(store.delete_member(&plain.key()).await.unwrap(), Delete::Done);
    assert_eq!(store.member(&plain.key()).await.unwrap(), None);
    assert_eq!(store.delete_member(&plain.key()).await.unwrap(), Delete::Unknown);
}

async fn members_are_listed_in_byte_order(store: Arc<dyn Store>) {
    let names = [" ", "!", "#", "A", "Z", "a", "a b", "a!", "a#b", "aa", "b", "z", "Ä", "é", "例"];
    for id in ["a", "ab", "empty"] {
        put_org(&*store, &org(id, &[]), &NO_ASSERTIONS).await;
    }
    for name in names.iter().rev() {
        store.put_member(&rich_member("a", name)).await.unwrap();
    }
    store.put_member(&member("ab", "a")).await.unwrap();
    let mut all: Vec<_> = names.iter().map(|name| rich_member("a", name)).collect();
    all.sort_by(|a, b| a.subject.as_str().as_bytes().cmp(b.subject.as_str().as_bytes()));
    for limit in [1, 4, 15, 100] {
        let mut seen: Vec<Member> = Vec::new();
        while let page = store.members(&org_id("a"), seen.last().map(|member| &member.subject), limit).await.unwrap()
            && !page.is_empty()
        {
            assert!(page.len() <= limit);
            seen.extend(page);
            assert!(seen.len() <= all.len(), "limit {limit}: more than there are");
        }
        assert_eq!(seen, all, "limit {limit}");
    }
    assert_eq!(store.members(&org_id("a"), Some(&subject("例え")), 100).await.unwrap(), []);
    assert_eq!(store.members(&org_id("empty"), None, 100).await.unwrap(), []);
}

async fn a_client_is_put_read_and_deleted(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let (a, first) = (org_id("a"), client("a", 7, Some("Shop.1")));
    let settings = ClientSettings { certificate_bound_tokens: true, ..ClientSettings::new(ClientKind::Public) };
    let bare = Client { settings, enabled: false, ..bare_client(&a, first.id) };
    assert_eq!(store.client(&a, first.id).await.unwrap(), None);
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Created);
    assert_eq!(store.client(&a, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.client(&org_id("ab"), first.id).await.unwrap(), None, "orgs are apart");
    assert_eq!(store.put_client(&bare).await.unwrap(), Put::Replaced);
    assert_eq!(store.client(&a, first.id).await.unwrap(), Some(bare.clone()), "the last write wins");
    let mut without_scopes = bare;
    without_scopes.settings.scopes = Some(Vec::new());
    without_scopes.settings.auth_method = ClientAuthMethod::TlsClientAuth;
    assert_eq!(store.put_client(&without_scopes).await.unwrap(), Put::Replaced);
    assert_eq!(store.client(&a, first.id).await.unwrap(), Some(without_scopes), "no scopes aren't all scopes");
    assert_eq!(store.delete_client(&a, first.id).await.unwrap(), Delete::Done);
    assert_eq!(store.client(&a, first.id).await.unwrap(), None);
    assert_eq!(store.delete_client(&a, first.id).await.unwrap(), Delete::Unknown);
}

async fn clients_are_listed_in_one_order(store: Arc<dyn Store>) {
    for id in ["a", "ab", "empty"] {
        put_org(&*store, &org(id, &[]), &NO_ASSERTIONS).await;
    }
    let numbers = [1, 2, 10, 11, 100, 9, 99, (1 << 53) - 1];
    for number in numbers {
        store.put_client(&client("a", number, Some(&format!("c{number}")))).await.unwrap();
    }
    store.put_client(&client("ab", 500, None)).await.unwrap();
    let all = store.clients(&org_id("a"), None, 100).await.unwrap();
    let expected = numbers.map(|number| client("a", number, Some(&format!("c{number}"))));
    assert!(all.len() == numbers.len() && expected.iter().all(|client| all.contains(client)), "{all:#?}");
    for limit in [1, 3, 8] {
        let mut seen: Vec<Client> = Vec::new();
        while let page = store.clients(&org_id("a"), seen.last().map(|client| client.id), limit).await.unwrap()
            && !page.is_empty()
        {
            assert!(page.len() <= limit);
            seen.extend(page);
            assert!(seen.len() <= all.len(), "limit {limit}: more than there are");
        }
        assert_eq!(seen, all, "limit {limit}");
    }
    store.delete_client(&org_id("a"), all[2].id).await.unwrap();
    assert_eq!(store.clients(&org_id("a"), Some(all[2].id), 100).await.unwrap(), all[3..], "after one that is gone");
    assert_eq!(store.clients(&org_id("empty"), None, 100).await.unwrap(), []);
}

async fn clients_and_aliases_are_read_with_the_rest(store: Arc<dyn Store>) {
    for id in ["a", "ab"] {
        put_org(&*store, &org(id, &[]), &NO_ASSERTIONS).await;
    }
    let shop = client("a", 1, Some("shop"));
    store.put_client(&shop).await.unwrap();
    store.put_client(&client("a", 2, None)).await.unwrap();
    let key = |org: &str, number| (org_id(org), client_id(number));
    let alias = |org: &str, alias: &str| (org_id(org), alias.to_owned());
    let wanted = RecordKeys {
        orgs: vec![org_id("a")],
        clients: vec![key("a", 1), key("a", 2), key("a", 3), key("ab", 1), key("a", 1)],
        client_aliases: vec![alias("a", "shop"), alias("a", "Shop"), alias("ab", "shop"), alias("a", "shop")],
        ..RecordKeys::default()
    };
    let found = store.read(&wanted).await.unwrap();
    assert_eq!((found.orgs.len(), found.clients.len(), found.client_aliases.len()), (1, 2, 1));
    assert_eq!(found.client(&key("a", 1)), Some(&shop));
    assert_eq!(found.client(&key("a", 2)), Some(&client("a", 2, None)));
    assert_eq!(found.client_aliases.get(&alias("a", "shop")), Some(&client_id(1)));
    store.put_client(&client("a", 1, None)).await.unwrap();
    assert!(store.read(&wanted).await.unwrap().client_aliases.is_empty(), "it was given up");
}

/// Settings of which none is what it is by itself.
fn rich_settings() -> OAuthSettings {
    let attributes = vec![("a \"1\"".to_owned(), "é".to_owned())];
    OAuthSettings {
        access_token_sign_alg: Some(Algorithm::Ps512),
        supported_scopes: vec![
            SupportedScope {
                name: scope("a"),
                default: true,
                description: Some("é \"1\"".to_owned()),
                token_duration: Some(Seconds(4)),
                refresh_token_duration: Some(Seconds(5)),
                attributes: attributes.clone(),
            },
            SupportedScope {
                name: scope("b"),
                default: false,
                description: None,
                token_duration: None,
                refresh_token_duration: None,
                attributes: Vec::new(),
            },
        ],
        supported_grants: vec![GrantType::Password, GrantType::PreAuthorizedCode],
        refresh_token_duration_kept: false,
        refresh_token_duration_reset: true,
        refresh_token_idempotent: false,
        single_token_per_subject: true,
        token_expiration_linked: true,
        scope_required: true,
        error_description_omitted: true,
        error_uri_omitted: true,
        token_endpoint: Some("https://as.example/token".to_owned()),
        token_exchange: ExchangeRules {
            by_identifiable_clients_only: true,
            by_confidential_clients_only: true,
            by_permitted_clients_only: true,
            encrypted_jwt_rejected: true,
            unsigned_jwt_rejected: true,
        },
        jwt_grant: AssertionRules {
            by_identifiable_clients_only: true,
            encrypted_jwt_rejected: true,
            unsigned_jwt_rejected: true,
        },
        resources: Some(vec![
            ProtectedResource::from_uri(Audience::parse("https://api.example").unwrap()),
            ProtectedResource {
                uri: Audience::parse("https://mcp.example/mcp").unwrap(),
                name: Some("é \"1\"".to_owned()),
                scopes: Some(vec![scope("a")]),
                documentation: Some("https://mcp.example/docs".to_owned()),
                dpop_required: true,
            },
        ]),
        open_registration: OpenRegistration {
            enabled: true,
            unused_duration: Seconds(60),
            duration: Seconds(3_600),
            most_per_hour: 7,
            most_per_address: 3,
            schemes: vec!["cursor".to_owned()],
        },
        client_metadata_documents: ClientDocumentRules {
            enabled: true,
            hosts: ["claude.ai", "*.example.org", "127.0.0.1:8080"].map(|host| ClientDocumentHost::parse(host).unwrap()).to_vec(),
        },
        strangers_scopes: Some(vec![scope("a")]),
        authorization_details_types: vec![
            AuthorizationDetailsType::named("a\"é".to_owned()),
            AuthorizationDetailsType { name: "b".to_owned(), goes_on: true },
        ],
        exchange_chain_limit: ChainLimit::from_number(7).unwrap(),
        default_resource: Some(Audience::parse("https://api.example").unwrap()),
        dpop_nonce_required: true,
        login_url: Some(LoginUrl::parse("https://login.example/?a=1").unwrap()),
        authorization_duration: Seconds(61),
        code_duration: Seconds(11),
        pushed_request_duration: Seconds(12),
        pushed_requests_required: true,
        device_url: Some(LoginUrl::parse("https://login.example/device").unwrap()),
        device_code_duration: Seconds(63),
        device_poll_interval: Seconds(6),
        ciba_delivery_modes: vec![DeliveryMode::Ping],
        ciba_request_duration: Seconds(64),
        ciba_poll_interval: Seconds(7),
        ciba_user_code: true,
        logout_url: Some(LoginUrl::parse("https://login.example/logout").unwrap()),
        error_url: Some(LoginUrl::parse("https://login.example/error").unwrap()),
        id_token_duration: Seconds(62),
        id_token_sign_alg: Some(Algorithm::Rs256),
        refresh_needs_offline_access: true,
        attributes,
    }
}

async fn a_number_is_one_clients_in_all_orgs(store: Arc<dyn Store>) {
    for id in ["a", "ab"] {
        put_org(&*store, &org(id, &[]), &NO_ASSERTIONS).await;
    }
    let whose = async |number| {
        let wanted = RecordKeys { client_orgs: vec![client_id(number), client_id(9)], ..RecordKeys::default() };
        store.read(&wanted).await.unwrap().client_orgs
    };
    assert_eq!(store.put_client(&client("a", 1, None)).await.unwrap(), Put::Created);
    assert_eq!(store.put_client(&client("ab", 1, None)).await.unwrap(), Put::Taken);
    assert_eq!(store.client(&org_id("ab"), client_id(1)).await.unwrap(), None, "nothing was written");
    assert_eq!(store.put_client(&client("a", 1, None)).await.unwrap(), Put::Replaced);
    assert_eq!(whose(1).await, [(client_id(1), org_id("a"))].into());
    store.delete_client(&org_id("a"), client_id(1)).await.unwrap();
    assert!(whose(1).await.is_empty());
    assert_eq!(store.put_client(&client("ab", 1, None)).await.unwrap(), Put::Created, "it is free again");
    assert_eq!(whose(1).await, [(client_id(1), org_id("ab"))].into());
}

async fn an_alias_is_one_clients_in_its_org(store: Arc<dyn Store>) {
    for id in ["a", "ab"] {
        put_org(&*store, &org(id, &[]), &NO_ASSERTIONS).await;
    }
    let first = client("a", 1, Some("shop"));
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Created);
    assert_eq!(store.put_client(&client("a", 2, Some("shop"))).await.unwrap(), Put::Taken);
    assert_eq!(store.client(&org_id("a"), client_id(2)).await.unwrap(), None, "nothing was written");
    let second = client("a", 2, Some("Shop"));
    assert_eq!(store.put_client(&second).await.unwrap(), Put::Created, "case counts");
    assert_eq!(store.put_client(&client("a", 2, Some("shop"))).await.unwrap(), Put::Taken);
    assert_eq!(store.client(&org_id("a"), client_id(2)).await.unwrap(), Some(second), "nothing was written");
    assert_eq!(store.put_client(&first).await.unwrap(), Put::Replaced, "its own alias is free to keep");
    assert_eq!(store.put_client(&client("ab", 3, Some("shop"))).await.unwrap(), Put::Created, "another org's is another");
}

async fn a_client_keeps_changes_and_frees_its_alias(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    let put = async |number, alias| store.put_client(&client("a", number, alias)).await.unwrap();
    assert_eq!(put(1, Some("x")).await, Put::Created);
    assert_eq!(put(1, Some("y")).await, Put::Replaced);
    assert_eq!(put(2, Some("x")).await, Put::Created, "given up by a change");
    assert_eq!(put(1, Some("x")).await, Put::Taken);
    assert_eq!(put(1, None).await, Put::Replaced);
    assert_eq!(put(3, Some("y")).await, Put::Created, "given up for none");
    store.delete_client(&org_id("a"), client_id(2)).await.unwrap();
    assert_eq!(put(1, Some("x")).await, Put::Replaced, "given up by a deletion");
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), Some(client("a", 1, Some("x"))));
}

async fn what_belongs_to_no_org_dangles(store: Arc<dyn Store>) {
    assert_eq!(store.put_member(&member("a", "ann")).await.unwrap(), Put::Dangling);
    assert_eq!(store.put_client(&client("a", 1, Some("x"))).await.unwrap(), Put::Dangling);
    assert_eq!(store.member(&member_key("a", "ann")).await.unwrap(), None, "nothing was written");
    assert_eq!(store.client(&org_id("a"), client_id(1)).await.unwrap(), None, "nothing was written");
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    assert_eq!(store.put_client(&client("a", 2, Some("x"))).await.unwrap(), Put::Created, "nor was the alias");
}

async fn created_at_stays_that_of_the_first_write(store: Arc<dyn Store>) {
    put_org(&*store, &org("a", &[]), &NO_ASSERTIONS).await;
    store.put_member(&member("a", "ann")).await.unwrap();
    store.put_client(&client("a", 1, None)).await.unwrap();
    let (created_at, updated_at) = (at(99), at(99));
    put_org(&*store, &Org { created_at, updated_at, ..org("a", &[]) }, &NO_ASSERTIONS).await;
    store.put_member(&Member { created_at, updated_at, ..member("a", "ann") }).await.unwrap();
    store.put_client(&Client { created_at, updated_at, ..client("a", 1, None) }).await.unwrap();
    let org = store.org(&org_id("a")).await.unwrap().unwrap();
    let ann = store.member(&member_key("a", "ann")).await.unwrap().unwrap();
    let client = store.client(&org_id("a"), client_id(1)).await.unwrap().unwrap();
    assert_eq!([org.created_at, ann.created_at, client.created_at], [T0; 3]);
    assert_eq!([org.updated_at, ann.updated_at, client.updated_at], [at(99); 3]);
    store.delete_member(&ann.key()).await.unwrap();
    store.put_member(&Member { created_at, ..member("a", "ann") }).await.unwrap();
    assert_eq!(store.member(&ann.key()).await.unwrap().unwrap().created_at, at(99), "after a deletion it is a new one");
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

async fn what_was_read_before_is_read_as_it_is_now(store: Arc<dyn Store>) {
    let (id, client_key) = (org_id("a"), (org_id("a"), client_id(7)));
    let key = member_key("a", "ann");
    let wanted = RecordKeys {
        orgs: vec![id.clone()],
        members: vec![key.clone()],
        clients: vec![client_key.clone()],
        client_orgs: vec![client_key.1],
        ..RecordKeys::default()
    };
    let now = async || {
        let found = store.read(&wanted).await.unwrap();
        assert_eq!(found.client_orgs.contains_key(&client_key.1), found.clients.contains_key(&client_key));
        (found.org(&id).cloned(), found.members.get(&key).cloned(), found.client(&client_key).cloned())
    };
    assert_eq!(now().await, (None, None, None));
    let mut org = org("a", &[]);
    put_org(&*store, &org, &NO_ASSERTIONS).await;
    assert_eq!(now().await, (Some(org.clone()), None, None));
    let mut client = bare_client(&id, client_key.1);
    store.put_client(&client).await.unwrap();
    let mut member = member("a", "ann");
    store.put_member(&member).await.unwrap();
    assert_eq!(now().await, (Some(org.clone()), Some(member.clone()), Some(client.clone())));

    org.name = Some("changed".to_owned());
    put_org(&*store, &org, &NO_ASSERTIONS).await;
    assert_eq!(now().await.0, Some(org.clone()));
    member.enabled = false;
    store.put_member(&member).await.unwrap();
    assert_eq!(now().await.1, Some(member.clone()));
    let seen = client.clone();
    client.enabled = false;
    assert_eq!(store.replace_client(&seen, &client).await.unwrap(), Replaced::Done);
    assert_eq!(now().await, (Some(org.clone()), Some(member), Some(client)));

    store.delete_client(&client_key.0, client_key.1).await.unwrap();
    assert_eq!(store.read(&wanted).await.unwrap().clients.get(&client_key), None);
    store.delete_member(&key).await.unwrap();
    assert_eq!(store.read(&wanted).await.unwrap().members.get(&key), None);
    store.delete_org(&id).await.unwrap();
    assert_eq!(store.read(&wanted).await.unwrap().orgs.get(&id), None);
}
