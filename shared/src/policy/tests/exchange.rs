//! Exchanges that go on: what comes of one, and of many in a row.

use std::collections::BTreeSet;

use super::*;
use crate::domain::{
    Actor, AuthorizationDetails, AuthorizationDetailsType, ChainLimit, Confirmation, Destination, ExchangeTarget, GrantType,
    Issuance, Service, SupportedScope, TargetScope, Thumbprint,
};
use crate::policy::{ExchangeRequest, ExchangeToken, TokenProfile, exchange};

/// The clients of a graph: the client `n` is the server of the API `n`.
const CLIENTS: u64 = 4;
const SCOPES: [&str; 4] = ["a", "b", "c", "d"];

fn scope(name: &str) -> Scope {
    Scope::parse(name).unwrap()
}

fn api(n: u64) -> Audience {
    Audience::parse(&format!("https://{n}.example")).unwrap()
}

fn place() -> Org {
    let supported = |name: &&str| SupportedScope {
        name: scope(name),
        default: false,
        description: None,
        token_duration: None,
        refresh_token_duration: None,
        attributes: Vec::new(),
    };
    let mut place = org("1", &[]);
    place.settings.oauth.supported_scopes = SCOPES.iter().map(supported).collect();
    place.settings.oauth.resources = Some((0..CLIENTS).map(api).map(ProtectedResource::from_uri).collect());
    place.settings.oauth.exchange_chain_limit = ChainLimit::from_number(8).unwrap();
    place
}

fn server(n: u64, exchange_targets: Vec<ExchangeTarget>) -> Client {
    let resources = Some(vec![api(n)]);
    let settings = ClientSettings { resources, exchange_targets, ..ClientSettings::new(ClientKind::Confidential) };
    Client::new("1".parse().unwrap(), ClientId::from_number(n + 1).unwrap(), settings, NOW)
}

fn target(n: u64, scopes: Vec<TargetScope>) -> ExchangeTarget {
    ExchangeTarget { destination: Destination::Api(api(n)), scopes }
}

fn led(name: &str, sources: &[&str]) -> TargetScope {
    TargetScope { name: scope(name), sources: sources.iter().map(|source| scope(source)).collect() }
}

fn request(resources: Vec<Audience>) -> ExchangeRequest {
    ExchangeRequest {
        scopes: None,
        resources,
        audiences: Vec::new(),
        details: None,
        confirmation: Confirmation::default(),
        jwt: false,
        profile: TokenProfile::Rfc9068 { issuer: Audience::parse("https://jeton.example").unwrap() },
    }
}

/// A person's token for the API `n`, which the client 9 was issued.
fn token(dice: &Dice, n: u64, scopes: Vec<Scope>) -> TokenRecord {
    let place = org("1", &[]);
    let contents = TokenContents {
        client: Some(ClientId::from_number(9).unwrap()),
        audiences: vec![api(n)],
        scopes,
        issuance: Some(Box::new(Issuance::by(GrantType::AuthorizationCode))),
        ..TokenContents::new("ann".parse().unwrap())
    };
    let end = Some(NOW.whole_second().plus(Seconds(100)));
    TokenRecord { contents, expires_at: end, ..presented(dice, &place, "ann") }
}

/// The record that is kept of what was granted.
fn kept(dice: &Dice, grant: Grant) -> TokenRecord {
    let place = org("1", &[]);
    let Grant { contents, expires_at, issued_at, .. } = grant;
    TokenRecord { contents, expires_at, issued_at, not_before: issued_at, ..presented(dice, &place, "ann") }
}

fn go_on(place: &Org, client: &Client, record: &TokenRecord, ask: ExchangeRequest) -> Result<Grant, Refusal> {
    let service = Service::of_own_clients(place.clone().into());
    exchange(&service, client, ExchangeToken { record, member: None, is_api_key: false }, None, ask, NOW)
}

fn denied(granted: Result<Grant, Refusal>) -> Option<Denial> {
    granted.err().and_then(|refusal| refusal.denial())
}

/// A scope at an API.
type Pair = (Scope, u64);

/// What a graph of permits leads to from these pairs in so many steps, said without the code that grants. A token can be taken on by the
/// server of its API, and by the client that it was issued to.
fn fix_point(clients: &[Client], begin: &BTreeSet<Pair>, steps: usize) -> BTreeSet<Pair> {
    let mut reached: BTreeSet<(Scope, u64, u64)> = begin.iter().map(|(scope, at)| (scope.clone(), *at, CLIENTS)).collect();
    for _ in 0..steps {
        let before = reached.clone();
        for (by, client) in (0..).zip(clients) {
            for target in &client.settings.exchange_targets {
                let to = (0..CLIENTS).find(|n| target.api() == Some(&api(*n))).unwrap();
                // What is asked for at the API that the token is for is less of the same, and no step.
                let taken_on = before.iter().filter(|(_, at, holder)| *at != to && (*at == by || *holder == by));
                let sources: BTreeSet<&Scope> = taken_on.map(|(scope, ..)| scope).collect();
                let is_led = |scope: &&TargetScope| scope.sources.iter().any(|source| sources.contains(source));
                reached.extend(target.scopes.iter().filter(is_led).map(|scope| (scope.name.clone(), to, by)));
            }
        }
        if reached == before {
            break;
        }
    }
    reached.into_iter().map(|(scope, at, _)| (scope, at)).collect()
}

fn graph(dice: &Dice) -> Vec<Client> {
    let targets = |_| {
        let some = (0..CLIENTS).filter(|_| dice.roll(3) > 0).collect::<Vec<_>>();
        let scopes = || {
            let some = SCOPES.iter().filter(|_| dice.roll(2) == 0).collect::<Vec<_>>();
            some.into_iter().map(|name| led(name, &[dice.one(&SCOPES), dice.one(&SCOPES)])).collect::<Vec<_>>()
        };
        let all = some.into_iter().map(|n| target(n, scopes()));
        all.filter(|target| !target.scopes.is_empty()).collect()
    };
    (0..CLIENTS).map(|n| server(n, targets(n))).collect()
}

fn pairs(token: &TokenContents) -> BTreeSet<Pair> {
    let at = |audience: &Audience| (0..CLIENTS).find(|n| api(*n) == *audience).unwrap();
    token.audiences.iter().flat_map(|audience| token.scopes.iter().map(move |scope| (scope.clone(), at(audience)))).collect()
}

#[test]
fn what_a_chain_of_exchanges_reaches_is_the_fix_point_of_the_permits() {
    let (dice, place) = (Dice(Seeded::new(11)), place());
    let (mut went_on, mut is_wider) = (0, 0);
    for _ in 0..150 {
        let clients = graph(&dice);
        let first = token(&dice, 0, dice.some(&SCOPES.map(scope)));
        let begin = pairs(&first);
        let mut reached = begin.clone();
        let mut seen: BTreeSet<(BTreeSet<Pair>, Option<u64>)> = BTreeSet::new();
        let mut tokens = vec![first];
        let mut steps = 0;
        while !tokens.is_empty() {
            let mut next = Vec::new();
            for presented in &tokens {
                for client in &clients {
                    for to in (0..CLIENTS).filter(|to| presented.audiences != [api(*to)]) {
                        let Ok(grant) = go_on(&place, client, presented, request(vec![api(to)])) else { continue };
                        assert_eq!((&grant.audiences, &grant.subject), (&vec![api(to)], &presented.subject));
                        went_on += 1;
                        reached.extend(pairs(&grant));
                        if seen.insert((pairs(&grant), grant.client.map(ClientId::as_number))) {
                            next.push(kept(&dice, grant));
                        }
                    }
                }
            }
            tokens = next;
            steps += usize::from(!tokens.is_empty());
        }
        assert_eq!(reached, fix_point(&clients, &begin, steps));
        assert!(reached.is_subset(&fix_point(&clients, &begin, usize::MAX)));
        is_wider += usize::from(reached.len() > begin.len());
    }
    assert!(went_on > 1_000 && is_wider > 50, "{went_on} exchanges, {is_wider} graphs with anything to reach");
}

#[test]
fn no_walk_of_exchanges_leaves_the_fix_point_whatever_is_asked_for() {
    let (dice, place) = (Dice(Seeded::new(12)), place());
    let mut walked = 0;
    for _ in 0..ROUNDS / 20 {
        let clients = graph(&dice);
        let mut at_hand = token(&dice, 0, dice.some(&SCOPES.map(scope)));
        let allowed = fix_point(&clients, &pairs(&at_hand), usize::MAX);
        for _ in 0..20 {
            let scopes = dice.one(&[None, Some(dice.some(&SCOPES.map(scope)))]);
            let resources = dice.one(&[Vec::new(), vec![api(dice.roll(4) as u64)]]);
            let ask = ExchangeRequest { scopes, ..request(resources) };
            if let Ok(grant) = go_on(&place, &dice.one(&clients), &at_hand, ask) {
                assert!(pairs(&grant).is_subset(&allowed), "{grant:?} {clients:?}");
                assert!(grant.expires_at <= at_hand.expires_at);
                assert_eq!((&grant.ancestors, grant.refresh.is_none()), (&at_hand.lineage(), true));
                at_hand = kept(&dice, grant);
                walked += 1;
            }
        }
    }
    assert!(walked > 500, "{walked}");
}

#[test]
fn a_scope_at_a_target_comes_from_one_that_the_token_opens() {
    let (dice, place) = (Dice(Seeded::new(13)), place());
    let client = server(0, vec![target(1, vec![led("a", &["a"]), led("b", &["a", "c"]), led("d", &["d"])])]);
    let held = |scopes: &[&str], asked: Option<&[&str]>| {
        let record = token(&dice, 0, scopes.iter().map(|name| scope(name)).collect());
        let scopes = asked.map(|asked| asked.iter().map(|name| scope(name)).collect());
        go_on(&place, &client, &record, ExchangeRequest { scopes, ..request(vec![api(1)]) })
    };
    for (scopes, asked, granted) in [
        (&["a"][..], None, &["a", "b"][..]),
        (&["c"], None, &["b"]),
        (&["a", "d"], Some(&["d", "b"][..]), &["d", "b"]),
        (&["a"], Some(&["b", "b"]), &["b"]),
    ] {
        let expected: Vec<Scope> = granted.iter().map(|name| scope(name)).collect();
        assert_eq!(held(scopes, asked).unwrap().scopes, expected, "{scopes:?} {asked:?}");
    }
    for (scopes, asked) in
        [(&["b"][..], None), (&[], None), (&["a"], Some(&["d"][..])), (&["a"], Some(&["a", "c"])), (&["a"], Some(&["x"]))]
    {
        assert_eq!(denied(held(scopes, asked)), Some(Denial::TargetScopeInvalid), "{scopes:?} {asked:?}");
    }
}

#[test]
fn who_goes_on_is_always_told_and_the_chain_is_counted_on_the_new_token() {
    let dice = Dice(Seeded::new(14));
    let mut place = place();
    let there = server(0, vec![target(1, vec![led("a", &["a"])])]);
    let back = server(1, vec![target(0, vec![led("a", &["a"])])]);
    let act = |client: &Client| Actor { subject: client.id.to_string().parse().unwrap(), client: Some(client.id) };
    for limit in [1, 4, 8] {
        place.settings.oauth.exchange_chain_limit = ChainLimit::from_number(limit).unwrap();
        let (mut at_hand, mut expected) = (token(&dice, 0, vec![scope("a")]), Vec::new());
        for (client, to) in [(&there, 1), (&back, 0)].into_iter().cycle().take(limit as usize) {
            let grant = go_on(&place, client, &at_hand, request(vec![api(to)])).unwrap();
            expected.insert(0, act(client));
            let issuance = grant.issuance.as_deref().unwrap();
            assert_eq!((&issuance.actors, grant.client), (&expected, Some(client.id)));
            at_hand = kept(&dice, grant);
        }
        let (client, to) = if limit % 2 == 0 { (&there, 1) } else { (&back, 0) };
        let too_long = if limit == 8 { Denial::ExchangeTooDeep } else { Denial::ActorChainTooLong };
        assert_eq!(denied(go_on(&place, client, &at_hand, request(vec![api(to)]))), Some(too_long), "{limit}");
    }
    let mut wordy = token(&dice, 0, vec![scope("a")]);
    let long = Actor { subject: "x".repeat(255).parse().unwrap(), client: Some(ClientId::MAX) };
    for (before, is_short) in [(6, true), (7, false)] {
        wordy.contents.issuance.as_mut().unwrap().actors = vec![long.clone(); before];
        assert_eq!(go_on(&place, &there, &wordy, request(vec![api(1)])).is_ok(), is_short, "{before}");
    }
}

#[test]
fn a_client_s_own_token_stays_its_own_all_the_way_and_back() {
    let (dice, place) = (Dice(Seeded::new(15)), place());
    let there = server(0, vec![target(1, vec![led("a", &["a"])])]);
    let back = server(1, vec![target(0, vec![led("b", &["a"])])]);
    let mut own = token(&dice, 0, vec![scope("a")]);
    own.contents.client = Some(there.id);
    own.contents.subject = there.id.to_string().parse().unwrap();
    own.contents.issuance.as_mut().unwrap().for_client = true;
    let on = kept(&dice, go_on(&place, &there, &own, request(vec![api(1)])).unwrap());
    let round = go_on(&place, &back, &on, request(vec![api(0)])).unwrap();
    assert!(round.issuance.as_deref().unwrap().for_client);
    assert_eq!((&round.subject, round.client, &round.scopes), (&own.subject, Some(back.id), &vec![scope("b")]));
    let again = go_on(&place, &there, &kept(&dice, round), request(vec![api(1)]));
    assert_eq!(denied(again), Some(Denial::TargetScopeInvalid), "what comes back is what the permits of both lead to");
}

#[test]
fn where_an_exchange_leads_to_is_told_by_what_is_asked_for() {
    let dice = Dice(Seeded::new(16));
    let mut place = place();
    let mut client = server(0, vec![target(1, vec![led("a", &["a"])]), target(2, vec![led("a", &["a"])])]);
    let record = token(&dice, 0, vec![scope("a")]);
    let asked = |place: &Org, client: &Client, resources: &[&str], audiences: &[&str]| {
        let ask = ExchangeRequest { audiences: parsed(audiences), ..request(parsed(resources)) };
        go_on(place, client, &record, ask).map(|grant| grant.audiences.clone())
    };
    for (resources, audiences, to) in [
        (&["https://1.example"][..], &[][..], 1),
        (&[], &["https://1.example"], 1),
        (&["HTTPS://1.example:443/"], &["https://1.example"], 1),
        (&["https://2.example"], &[], 2),
        (&["https://0.example"], &[], 0),
        (&[], &[], 0),
    ] {
        assert_eq!(asked(&place, &client, resources, audiences), Ok(vec![api(to)]), "{resources:?} {audiences:?}");
    }
    for (resources, audiences, denial) in [
        (&["https://3.example"][..], &[][..], Denial::TargetExceeds),
        (&["https://1.example"], &["https://2.example"], Denial::TargetsDiffer),
        (&["https://1.example", "https://2.example"], &[], Denial::TargetsTooMany),
        (&["https://0.example", "https://1.example"], &[], Denial::TargetExceeds),
    ] {
        assert_eq!(asked(&place, &client, resources, audiences), Err(denial.into()), "{resources:?} {audiences:?}");
    }
    client.settings.may_exchange_tokens = true;
    let elsewhere = asked(&place, &client, &["https://3.example"], &[]);
    assert_eq!(elsewhere, Err(Denial::TargetExceeds.into()), "the permit is no target");
    client.settings.may_exchange_tokens = false;
    client.settings.resources = None;
    let found = asked(&place, &client, &["https://1.example"], &[]);
    assert_eq!(found, Err(Denial::ClientNotPermittedToExchange.into()), "a target is no permit");
    place.settings.oauth.resources = Some(vec![ProtectedResource::from_uri(api(0))]);
    let gone = asked(&place, &server(0, client.settings.exchange_targets.clone()), &["https://1.example"], &[]);
    assert_eq!(gone, Err(Denial::TargetInvalid.into()));
}

#[test]
fn going_on_never_makes_a_bearer_token_of_a_bound_one() {
    let (dice, place) = (Dice(Seeded::new(17)), place());
    let mut api_client = server(0, vec![target(1, vec![led("a", &["a"])])]);
    let mut issued_to = api_client.clone();
    issued_to.id = ClientId::from_number(9).unwrap();
    api_client.settings.certificate_bound_tokens = false;
    let key = |n: u8| Some(Thumbprint([n; 32]));
    let cnf = |dpop_key, certificate| Confirmation { certificate, dpop_key };
    let (own, shown) = (&issued_to, &api_client);
    for (client, bound, proved, outcome) in [
        (shown, cnf(None, None), cnf(None, None), Ok(cnf(None, None))),
        (shown, cnf(None, None), cnf(key(2), key(3)), Ok(cnf(key(2), None))),
        (own, cnf(key(1), None), cnf(key(1), None), Ok(cnf(key(1), None))),
        (own, cnf(key(1), None), cnf(key(2), None), Err(Denial::SubjectTokenBound)),
        (own, cnf(key(1), None), cnf(None, None), Err(Denial::DpopHeaderMissing)),
        (shown, cnf(key(1), None), cnf(key(2), None), Ok(cnf(key(2), None))),
        (shown, cnf(key(1), None), cnf(None, None), Err(Denial::DpopHeaderMissing)),
        (shown, cnf(key(1), None), cnf(None, key(2)), Err(Denial::DpopHeaderMissing)),
        (own, cnf(None, key(1)), cnf(None, key(1)), Ok(cnf(None, key(1)))),
        (own, cnf(None, key(1)), cnf(None, key(2)), Err(Denial::SubjectTokenBound)),
        (shown, cnf(None, key(1)), cnf(None, key(2)), Ok(cnf(None, key(2)))),
        (shown, cnf(None, key(1)), cnf(key(2), None), Err(Denial::SubjectTokenBound)),
        (shown, cnf(key(1), key(1)), cnf(key(2), key(3)), Ok(cnf(key(2), key(3)))),
    ] {
        let mut record = token(&dice, 0, vec![scope("a")]);
        record.contents.issuance.as_mut().unwrap().confirmation = bound.clone();
        let ask = ExchangeRequest { confirmation: proved.clone(), ..request(vec![api(1)]) };
        let granted = go_on(&place, client, &record, ask).map(|grant| grant.issuance.as_deref().unwrap().confirmation.clone());
        assert_eq!(granted, outcome.map_err(Refusal::from), "{bound:?} {proved:?}");
    }
    let mut broker = server(0, vec![target(1, vec![led("a", &["a"])])]);
    (broker.settings.resources, broker.settings.may_exchange_tokens) = (None, true);
    let mut record = token(&dice, 0, vec![scope("a")]);
    record.contents.issuance.as_mut().unwrap().confirmation = cnf(key(1), None);
    let ask = ExchangeRequest { confirmation: cnf(key(2), None), ..request(vec![api(1)]) };
    let by_permit = denied(go_on(&place, &broker, &record, ask));
    assert_eq!(by_permit, Some(Denial::SubjectTokenBound), "only whom the token was shown to has a reason not to have its key");
}

#[test]
fn rfc9396_details_go_on_only_if_the_org_says_so_of_their_type() {
    let dice = Dice(Seeded::new(18));
    let mut place = place();
    let kind = |name: &str, goes_on| AuthorizationDetailsType { name: name.to_owned(), goes_on };
    place.settings.oauth.authorization_details_types = vec![kind("stays", false), kind("goes", true)];
    let client = server(0, vec![target(1, vec![led("a", &["a"])])]);
    let mut record = token(&dice, 0, vec![scope("a")]);
    let details = |json: &str| Some(AuthorizationDetails::from_json(json.to_owned()));
    record.contents.issuance.as_mut().unwrap().details = details(r#"[{"type":"stays"},{"a":1,"type":"goes"}]"#);
    let with = |asked: Option<AuthorizationDetails>| {
        let ask = ExchangeRequest { details: asked, ..request(vec![api(1)]) };
        go_on(&place, &client, &record, ask).map(|grant| grant.issuance.as_deref().unwrap().details.clone())
    };
    let goes = details(r#"[{"a":1,"type":"goes"}]"#);
    assert_eq!((with(None), with(goes.clone())), (Ok(goes.clone()), Ok(goes)));
    assert_eq!(with(details(r#"[{"type":"stays"}]"#)), Err(Denial::AuthorizationDetailsInvalid.into()));
}

#[test]
fn what_a_member_has_lost_leads_to_nothing() {
    let (dice, place) = (Dice(Seeded::new(19)), place());
    let client = server(0, vec![target(1, vec![led("a", &["a"]), led("b", &["a"])])]);
    let record = token(&dice, 0, vec![scope("a")]);
    let service = Service::of_own_clients(place.clone().into());
    let mut ann = member(&dice, &place, "ann");
    for (held, granted) in
        [(&["a", "b"][..], Some(vec![scope("a"), scope("b")])), (&["a"], Some(vec![scope("a")])), (&["b"], None)]
    {
        ann.scopes = parsed(held);
        let subject = ExchangeToken { record: &record, member: Some(&ann), is_api_key: false };
        let outcome = exchange(&service, &client, subject, None, request(vec![api(1)]), NOW);
        assert_eq!(outcome.ok().map(|grant| grant.scopes.clone()), granted, "{held:?}");
    }
}
