//! Over many random lineages: nobody ever gets more than it presents.

use std::collections::BTreeMap;

use super::*;
use crate::domain::{
    Algorithm, Caller, Client, ClientId, ClientKind, ClientSettings, Denial, Entropy as _, OrgSettings, Profile,
    ProtectedResource, ScopePattern, Seeded, TokenId,
};

mod exchange;

const NOW: Timestamp = Timestamp::from_ms(1_795_348_800_250);
const ROUNDS: usize = 10_000;

/// Chance that repeats itself.
struct Dice(Seeded);

impl Dice {
    fn roll(&self, sides: u8) -> usize {
        let mut byte = [0];
        self.0.fill(&mut byte).unwrap();
        usize::from(byte[0] % sides)
    }

    fn some<T: Clone>(&self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.roll(2) == 0).cloned().collect()
    }

    fn one<T: Clone>(&self, of: &[T]) -> T {
        of[self.roll(u8::try_from(of.len()).unwrap())].clone()
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn scopes() -> Vec<Scope> {
    parsed(&[
        "urn:a",
        "urn:a?",
        "urn:a:b",
        "urn:a:*",
        "urn:a:*?",
        "urn:*",
        "*?",
        "urn:jeton:admin",
        "urn:jeton:admin?",
        "urn:jeton:tokens:create",
        "urn:jeton:*",
    ])
}

fn org(id: &str, ancestors: &[&str]) -> Org {
    let settings = OrgSettings { allow_non_expiring: true, ..OrgSettings::default() };
    Org { ancestors: parsed(ancestors), settings, ever_non_expiring: true, ..Org::new(id.parse().unwrap(), NOW) }
}

fn member(dice: &Dice, org: &Org, subject: &str) -> Member {
    Member {
        org: org.id.clone(),
        subject: subject.parse().unwrap(),
        kind: dice.one(&[MemberKind::User, MemberKind::ServiceAccount]),
        profile: Profile::default(),
        scopes: dice.some(&parsed::<ScopePattern>(&[
            "urn:a",
            "urn:a:*",
            "urn:*",
            "urn:jeton:admin",
            "urn:jeton:tokens:create",
            "*",
        ])),
        roles: [("app".parse().unwrap(), dice.some(&parsed(&["owner", "editor"])))].into(),
        enabled: true,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn roles(dice: &Dice) -> BTreeMap<App, Role> {
    dice.some(&parsed::<App>(&["app", "shop"])).into_iter().map(|app| (app, dice.one(&parsed(&["owner", "editor"])))).collect()
}

fn hosts(dice: &Dice) -> Vec<HostPermissions> {
    dice.some(&["{\"a\":1}", "{\"b\":2}"].map(|json| HostPermissions::from_json(json.into())))
}

fn presented(dice: &Dice, org: &Org, subject: &str) -> TokenRecord {
    let session = Session { org: org.id.clone(), id: "s-1".parse().unwrap() };
    TokenRecord {
        id: TokenId::generate(NOW, None, &dice.0).unwrap(),
        org: org.id.clone(),
        root_org: org.root().clone(),
        issued_at: NOW.minus(Seconds(10)),
        not_before: NOW.minus(Seconds(10)),
        expires_at: dice.one(&[
            None,
            Some(NOW.whole_second().plus(Seconds(100))),
            Some(NOW.whole_second().plus(Seconds(100_000))),
        ]),
        contents: TokenContents {
            audiences: dice.some(&parsed(&["x", "y", "z"])),
            scopes: dice.some(&scopes()),
            roles: roles(dice),
            hosts: hosts(dice),
            session: dice.one(&[None, Some(session)]),
            creator: dice.one(&[None, Some(Creator { org: org.id.clone(), subject: "boss".parse().unwrap() })]),
            masquerading: dice.roll(2) == 0,
            may_act: dice.one(&[None, Some(Box::new(MayAct { subject: None, client: None }))]),
            ..TokenContents::new(subject.parse().unwrap())
        },
        family: None,
        value: None,
        status: None,
        refreshable_until: None,
        revision: 0,
        revoked_at: None,
        revoked_by: None,
    }
}

fn ask(dice: &Dice, org: &Org, subject: &str) -> MemberTokenRequest {
    let moments = [None, Some(NOW), Some(NOW.plus(Seconds(50))), Some(NOW.minus(Seconds(90)))];
    MemberTokenRequest {
        subject: subject.parse().unwrap(),
        org: org.id.clone(),
        audiences: dice.some(&parsed(&["x", "y", "z"])),
        scopes: if dice.roll(3) == 0 { Vec::new() } else { vec![dice.one(&scopes()), dice.one(&scopes())] },
        roles: if dice.roll(2) == 0 { BTreeMap::new() } else { roles(dice) },
        hosts: if dice.roll(2) == 0 { Vec::new() } else { hosts(dice) },
        label: None,
        may_act: dice.one(&[None, Some(MayAct { subject: None, client: None })]),
        session: dice.one(&[
            SessionRequest::Inherit,
            SessionRequest::None,
            SessionRequest::Named("s-1".parse().unwrap()),
            SessionRequest::Named("s-2".parse().unwrap()),
        ]),
        start: dice.one(&moments),
        lifetime: dice.one(&[
            Lifetime::Default,
            Lifetime::For(Seconds(60)),
            Lifetime::For(Seconds(80_000)),
            Lifetime::Forever,
            Lifetime::Until(NOW.plus(Seconds(500))),
        ]),
        refresh: dice.roll(2) == 0,
    }
}

/// What a child may never have more of than its parent.
fn is_within(child: &Grant, parent: &TokenRecord) {
    let authority = Authority { token: &parent.scopes, held: &[] };
    assert!(child.scopes.iter().all(|scope| authority.on_token(scope.name())), "{child:?} {parent:?}");
    assert!(child.audiences.iter().all(|audience| parent.audiences.contains(audience)));
    assert!(child.roles.iter().all(|(app, role)| parent.roles.get(app) == Some(role)));
    assert!(child.hosts.iter().all(|host| parent.hosts.contains(host)));
    assert_eq!(child.session, parent.session, "nobody leaves what ends it");
    assert_eq!((child.created_by, &child.ancestors), (Some(parent.id), &parent.lineage()));
    assert_eq!(child.creator, parent.creator);
    assert!(child.masquerading == parent.masquerading);
    assert!(parent.may_act.is_none() || child.may_act == parent.may_act, "nobody lets others act");
    assert!(child.not_before >= parent.not_before);
    if let Some(end) = parent.expires_at {
        assert!(child.expires_at.is_some_and(|exp| exp <= end));
        assert!(child.refresh.as_ref().is_none_or(|refresh| refresh.expires_at <= end));
    }
}

#[test]
fn whoever_mints_for_itself_gets_at_most_what_it_presents() {
    let (dice, place) = (Dice(Seeded::new(1)), org("1", &[]));
    let mut granted = 0;
    for _ in 0..ROUNDS {
        let mut member = member(&dice, &place, "ann");
        // Without the right to mint for others, whatever else it holds.
        member.scopes.retain(|pattern| !pattern.covers(api::TOKENS_CREATE) && !pattern.covers(api::ADMIN));
        let caller = Caller::authenticated(presented(&dice, &place, "ann"), member.clone());
        let target = Target { org: Some(&place), member: Some(&member) };
        if let Ok(grant) = decide(ask(&dice, &place, "ann"), &caller, target, NOW) {
            is_within(&grant, caller.token());
            granted += 1;
        }
    }
    assert!(granted > ROUNDS / 50, "only {granted} of {ROUNDS} were granted");
}

#[test]
fn no_one_passes_on_a_right_to_our_api_that_it_lacks() {
    let (dice, place) = (Dice(Seeded::new(2)), org("1", &[]));
    let mut passed_on = 0;
    for _ in 0..ROUNDS {
        let (boss, ann) = (member(&dice, &place, "boss"), member(&dice, &place, "ann"));
        let caller = Caller::authenticated(presented(&dice, &place, "boss"), boss);
        let target = Target { org: Some(&place), member: Some(&ann) };
        let Ok(grant) = decide(ask(&dice, &place, "ann"), &caller, target, NOW) else { continue };
        for scope in grant.scopes.iter().filter(|scope| scope.reaches_api()) {
            assert!(caller.authority().permits_api(scope.name()), "{scope}");
            passed_on += 1;
        }
        assert!(grant.scopes.iter().all(|scope| scope.is_optional() || ann.holds(scope.name())));
        assert_eq!(grant.creator, Some(Creator { org: "1".parse().unwrap(), subject: "boss".parse().unwrap() }));
        assert_eq!((grant.created_by, grant.ancestors.len()), (Some(caller.token().id), 0), "it only says what made it");
    }
    assert!(passed_on > 100, "only {passed_on} were passed on");
}

/// Its own token may last for ever, or end at once.
#[test]
fn an_administrator_mints_for_no_longer_than_the_org_allows_and_for_itself_for_no_longer_than_it_lives() {
    let dice = Dice(Seeded::new(5));
    let mut place = org("1", &[]);
    place.settings.allow_non_expiring = false;
    let (mut boss, ann) = (member(&dice, &place, "boss"), member(&dice, &place, "ann"));
    boss.scopes = parsed(&["*"]);
    let longest = place.settings.max_token_duration;
    for end in [None, Some(NOW.whole_second().plus(Seconds(100)))] {
        let mut token = presented(&dice, &place, "boss");
        (token.expires_at, token.scopes) = (end, parsed(&[api::TOKENS_CREATE]));
        let caller = Caller::authenticated(token, boss.clone());
        let grant = |subject: &str, lifetime, start| {
            let scopes = Vec::new();
            let ask = MemberTokenRequest { lifetime, start, scopes, refresh: true, ..ask(&dice, &place, subject) };
            let member = if subject == "ann" { &ann } else { &boss };
            decide(ask, &caller, Target { org: Some(&place), member: Some(member) }, NOW)
        };
        let later = NOW.plus(Seconds(50));
        for subject in ["ann", "boss"] {
            for start in [None, Some(later)] {
                let begins = start.unwrap_or(NOW);
                let too_long = [
                    Lifetime::Forever,
                    Lifetime::For(Seconds(longest.0 + 1)),
                    Lifetime::Until(begins.plus(Seconds(longest.0 + 1))),
                ];
                for lifetime in too_long {
                    assert!(matches!(grant(subject, lifetime, start), Err(Refusal::Lifetime(_))), "{lifetime:?}");
                }
                let granted = grant(subject, Lifetime::For(longest), start).unwrap();
                let whole = begins.whole_second().plus(longest);
                let expected = if subject == "boss" { end.unwrap_or(whole) } else { whole };
                assert_eq!(granted.expires_at, Some(expected), "{subject}");
                assert!(subject == "ann" || end.is_none_or(|end| granted.refresh.unwrap().expires_at <= end));
            }
        }
    }
}

#[test]
fn a_reissued_token_has_at_most_what_is_presented_and_the_same_end() {
    let dice = Dice(Seeded::new(3));
    let (root, below, foreign) = (org("1", &[]), org("11", &["1"]), org("2", &[]));
    let mut granted = 0;
    for _ in 0..ROUNDS {
        let caller = Caller::authenticated(presented(&dice, &root, "ann"), member(&dice, &root, "ann"));
        for place in [&root, &below] {
            let there = member(&dice, place, "ann");
            let grant = reissue(&caller, Target { org: Some(place), member: Some(&there) }, NOW).unwrap();
            is_within(&grant, caller.token());
            assert_eq!(
                (grant.expires_at, &grant.session, &grant.subject),
                (caller.token().expires_at, &caller.token().session, caller.subject())
            );
            assert!(grant.scopes.iter().all(|scope| there.holds(scope.name())));
            granted += 1;
        }
        let upwards = Caller::authenticated(presented(&dice, &below, "ann"), member(&dice, &below, "ann"));
        for place in [&root, &foreign] {
            let there = member(&dice, place, "ann");
            let refused = reissue(&upwards, Target { org: Some(place), member: Some(&there) }, NOW);
            assert_eq!(refused.err(), Some(Refusal::OrgUnavailable));
        }
    }
    assert_eq!(granted, 2 * ROUNDS);
}

/// The answer of validations is that of a mint by an administrator, scope by scope and second by second.
#[test]
fn the_verdict_is_what_an_administrator_would_get() {
    let (dice, place) = (Dice(Seeded::new(4)), org("1", &[]));
    let mut administrator = member(&dice, &place, "boss");
    administrator.scopes = parsed(&["*"]);
    let mut token = presented(&dice, &place, "boss");
    (token.scopes, token.session) = (parsed(&[api::ADMIN]), None);
    let caller = Caller::authenticated(token, administrator);
    for _ in 0..ROUNDS {
        let ann = member(&dice, &place, "ann");
        let target = Target { org: Some(&place), member: Some(&ann) };
        let ask = ask(&dice, &place, "ann");
        assert_eq!(verdict(&ask, target, NOW).err(), decide(ask.clone(), &caller, target, NOW).err(), "{ask:?}");
    }
}

#[test]
fn rfc8707_2_a_token_is_for_the_resource_that_is_asked_for_or_for_the_default_one() {
    let mut org = org("1", &[]);
    let [api, other]: [Audience; 2] = parsed(&["https://api.example", "https://other.example"]).try_into().unwrap();
    let rfc9068 = super::TokenProfile::Rfc9068 { issuer: other.clone() };
    let settings = ClientSettings::new(ClientKind::Confidential);
    let client = Client::new(org.id.clone(), ClientId::from_number(7).unwrap(), settings, NOW);
    let meant_for = |org: &Org, profile| client::meant_for(requested_resource(org, vec![]).unwrap(), org, &client, profile);
    assert_eq!(meant_for(&org, &rfc9068), std::slice::from_ref(&other));
    org.settings.oauth.default_resource = Some(api.clone());
    let external = super::TokenProfile::ExternalServer;
    assert_eq!((meant_for(&org, &rfc9068), meant_for(&org, &external)), (vec![api.clone()], vec![]));
    org.settings.oauth.access_token_sign_alg = Some(Algorithm::Es256);
    assert_eq!(meant_for(&org, &external), std::slice::from_ref(&api), "a JWT has an audience");
    assert_eq!(requested_resource(&org, vec![other.clone()]), Ok(vec![other.clone()]));
    org.settings.oauth.resources = Some(vec![ProtectedResource::from_uri(api.clone())]);
    assert_eq!(requested_resource(&org, vec![other.clone()]), Err(Denial::TargetInvalid));
    assert_eq!(requested_resource(&org, vec![api, other]), Err(Denial::TargetsTooMany));
}
