//! Where a record is.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;

use super::Item;
use crate::domain::{
    AliasKey, ApiKeyLocator, AuthorizationKey, BatchKey, ClientDocumentKey, ClientId, EventStreamKey, FamilyKey, LogoutKey,
    MemberKey, NotBeforeKey, OrgId, PersonGrantKey, Shard, StatusListId, Subject, TicketKey, TokenId, TokenKey, UserCodeKey,
};
use crate::store::{CountedEvent, UseKey, WorkloadKey, codec};

/// The key of an item. No org has a `#` in its id, so no part of a key is mistaken for another.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn token(key: &TokenKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: token_sk(&key.id) }
    }

    pub(super) fn family(key: &FamilyKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("f#{}", key.id) }
    }

    /// The copy in this shard, or the only one that there is.
    pub(super) fn mark(key: &NotBeforeKey, shard: Shard) -> Self {
        let shard = codec::mark_shard(&key.kind).unwrap_or(shard);
        Self { pk: partition(&key.org, shard), sk: format!("v#{}", codec::mark_name(&key.kind)) }
    }

    /// What tells whose a token's value is.
    pub(super) fn alias(key: &AliasKey) -> Self {
        Self { pk: partition(&key.org, key.shard()), sk: format!("a#{}", BASE64.encode(key.hash)) }
    }

    /// Returns the key of an API key's record.
    pub(super) fn api_key(key: &ApiKeyLocator) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("{API_KEY}{}", key.id) }
    }

    /// What tells whose the value of an API key is: it doesn't say its org. No org has such a name.
    pub(super) fn api_key_value(hash: &[u8; 32]) -> Self {
        Self { pk: format!("{API_KEY_VALUES}{:02x}", hash[0]), sk: BASE64.encode(hash) }
    }

    /// Returns the key of the counter of what API keys a member has.
    pub(super) fn api_key_count(org: &OrgId, owner: &Subject) -> Self {
        Self { pk: org.to_string(), sk: format!("{API_KEY}{}", BASE64.encode(codec::hash_of_person(owner))) }
    }

    pub(super) fn ticket(key: &TicketKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("k#{}", key.id) }
    }

    pub(super) fn authorization(key: &AuthorizationKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("z#{}", key.id) }
    }

    pub(super) fn logout(key: &LogoutKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("l#{}", key.id) }
    }

    /// Returns the key of what a person has granted to a client.
    pub(super) fn person_grant(key: &PersonGrantKey) -> Self {
        let sk = format!("{}{:016}", person_grants_sk(&key.subject), key.client.as_number());
        Self { pk: person_grants_partition(&key.org, &key.subject), sk }
    }

    /// What tells what a user code stands for.
    pub(super) fn user_code(key: &UserCodeKey) -> Self {
        Self { pk: partition(&key.org, key.shard()), sk: format!("n#{}", BASE64.encode(key.hash)) }
    }

    /// Returns the key of the metadata document of a client.
    pub(super) fn client_document(key: &ClientDocumentKey) -> Self {
        Self { pk: partition(&key.org, key.shard()), sk: format!("m#{}", BASE64.encode(key.hash)) }
    }

    /// What tells that something was used.
    pub(super) fn used((org, purpose, hash): &UseKey) -> Self {
        Self { pk: partition(org, Shard::from_byte(hash[0])), sk: format!("u#{purpose}#{}", BASE64.encode(hash)) }
    }

    /// Returns the key of a count of events.
    pub(super) fn events(event: &CountedEvent) -> Self {
        let shard = Shard::from_byte(event.hash[0]);
        let sk = format!("r#{}#{}#{}", event.what, BASE64.encode(event.hash), event.since.as_secs());
        Self { pk: partition(&event.org, shard), sk }
    }

    /// Returns the key of an event stream.
    pub(super) fn event_stream(key: &EventStreamKey) -> Self {
        let sk = format!("{}{}", event_streams_sk(Some(key.client)), key.id);
        Self { pk: event_streams_partition(&key.org), sk }
    }

    /// Returns the key of a signal that waits in a stream.
    pub(super) fn signal(stream: &EventStreamKey, id: &TokenId) -> Self {
        Self { pk: partition(&stream.org, stream.id.shard()), sk: format!("{}{id}", signals_sk(stream)) }
    }

    pub(super) fn batch(key: &BatchKey) -> Self {
        Self { pk: partition(&key.org, key.id.shard()), sk: format!("b#{}", key.id) }
    }

    /// Returns the key of what is known of an org whose tokens are in status lists. No org has such a partition.
    pub(super) fn status_org(org: &OrgId) -> Self {
        Self { pk: STATUS_ORGS.to_owned(), sk: format!("{STATUS_ORG}{org}") }
    }

    /// Returns the key of a status list. No org has such a partition.
    pub(super) fn status_list(id: &StatusListId) -> Self {
        Self { pk: format!("{STATUS_LISTS}{id}"), sk: "l".to_owned() }
    }

    pub(super) fn org(id: &OrgId) -> Self {
        Self { pk: id.to_string(), sk: "o".to_owned() }
    }

    /// Returns the key of the copy of an org in this shard, which requests read: an item of its own kind, so that the filters of the
    /// streams leave it out.
    pub(super) fn org_copy(id: &OrgId, shard: Shard) -> Self {
        Self { pk: partition(id, shard), sk: Self::ORG_COPY.to_owned() }
    }

    const ORG_COPY: &str = "d";

    /// Returns the key of what only assertions need of an org.
    pub(super) fn assertion_settings(org: &OrgId) -> Self {
        Self { pk: org.to_string(), sk: "i".to_owned() }
    }

    /// What tells a parent of its child.
    pub(super) fn sub_org(parent: &OrgId, id: &OrgId) -> Self {
        Self { pk: parent.to_string(), sk: format!("{SUB_ORG}{id}") }
    }

    pub(super) fn member(key: &MemberKey) -> Self {
        Self { pk: key.org.to_string(), sk: format!("{MEMBER}{}", key.subject) }
    }

    pub(super) fn client(org: &OrgId, id: ClientId) -> Self {
        Self { pk: org.to_string(), sk: format!("{CLIENT}{id}") }
    }

    /// Returns the keys of the copies of a client: an item of its own kind each, so that the filters of the streams leave it out.
    pub(super) fn client_copies(org: &OrgId, id: ClientId) -> impl Iterator<Item = Self> {
        (0..CLIENT_COPIES).map(move |nth| Self::client_copy(org, id, nth))
    }

    /// Returns the key of the copy of a client that belongs to this drawn shard: each of the copies belongs to as many.
    pub(super) fn any_client_copy(org: &OrgId, id: ClientId, drawn: Shard) -> Self {
        Self::client_copy(org, id, drawn.number() % CLIENT_COPIES)
    }

    /// The shards are dealt out by the number of the client, so that those of an org don't all have the same ones.
    fn client_copy(org: &OrgId, id: ClientId, nth: u8) -> Self {
        let [.., last] = id.as_number().to_be_bytes();
        let shard = Shard::from_byte((last % CLIENT_COPIES).wrapping_add(nth * CLIENT_COPIES));
        Self { pk: partition(org, shard), sk: format!("{CLIENT_COPY}{id}") }
    }

    /// What tells which client has an alias.
    pub(super) fn client_alias(org: &OrgId, alias: &str) -> Self {
        Self { pk: org.to_string(), sk: format!("a#{alias}") }
    }

    /// What tells which clients a workload can be.
    pub(super) fn workload(key: &WorkloadKey) -> Self {
        Self { pk: key.org.to_string(), sk: format!("x#{}", BASE64.encode(key.hash)) }
    }

    const CLIENT_ORG: &str = "c";

    /// What tells whose a client is. No org has such a name.
    pub(super) fn client_org(id: ClientId) -> Self {
        Self { pk: format!("#{id}"), sk: Self::CLIENT_ORG.to_owned() }
    }

    /// Returns the key of a counter of what belongs to an org.
    pub(super) fn counter(org: &OrgId, shard: Shard) -> Self {
        Self { pk: org.to_string(), sk: format!("n#{shard}") }
    }

    /// There is one, and no org has its name.
    pub(super) fn key_ring() -> Self {
        Self { pk: "#keys".to_owned(), sk: "k".to_owned() }
    }

    pub(super) fn into_item(self) -> Item {
        let (pk, sk) = (AttributeValue::S(self.pk), AttributeValue::S(self.sk));
        Item::from([("pk".to_owned(), pk), ("sk".to_owned(), sk)])
    }
}

/// Whose an item is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Token(TokenKey),
    Family(FamilyKey),
    /// The copy in this shard.
    NotBefore(NotBeforeKey, Shard),
    Authorization(AuthorizationKey),
    /// What a person has granted in this org.
    PersonGrant(OrgId),
    ApiKey(ApiKeyLocator),
    Org,
    AssertionSettings(OrgId),
    Member,
    Client,
    /// An event stream of this org.
    EventStream(OrgId),
    KeyRing,
    /// Nobody's: it counts other items, copies one or tells where one is, and changes with that; or it only lives until something
    /// is done, and what is done has an item of its own.
    Bookkeeping,
}

impl Owner {
    /// Says what the item of this key is, in whichever table. `None`: nothing that this version knows.
    pub(super) fn from_key(Key { pk, sk }: &Key) -> Option<Self> {
        if pk.starts_with('#') && *sk == Key::CLIENT_ORG {
            return Some(Self::Bookkeeping);
        }
        if pk.starts_with(API_KEY_VALUES) || pk.starts_with(STATUS_LISTS) || pk == STATUS_ORGS {
            return Some(Self::Bookkeeping);
        }
        if let Some(org) = pk.strip_prefix(EVENT_STREAMS) {
            return Some(Self::EventStream(OrgId::parse(org).ok()?));
        }
        if *pk == Key::key_ring().pk {
            return Some(Self::KeyRing);
        }
        let Some((org, shard)) = pk.split_once('#') else {
            return match sk.split_once('#') {
                None if sk == "o" => Some(Self::Org),
                None if sk == "i" => Some(Self::AssertionSettings(OrgId::parse(pk).ok()?)),
                Some(("m", _)) => Some(Self::Member),
                Some(("c", _)) => Some(Self::Client),
                Some(("a" | "n" | "s" | "x" | "y", _)) => Some(Self::Bookkeeping),
                _ => None,
            };
        };
        let (org, shard) = (OrgId::parse(org).ok()?, Shard::parse(shard)?);
        if *sk == Key::ORG_COPY {
            return Some(Self::Bookkeeping);
        }
        match sk.split_once('#')? {
            ("t", id) => Some(Self::Token(TokenKey { org, id: TokenId::parse(id).ok()? })),
            ("f", id) => Some(Self::Family(FamilyKey { org, id: TokenId::parse(id).ok()? })),
            ("z", id) => Some(Self::Authorization(AuthorizationKey { org, id: TokenId::parse(id).ok()? })),
            ("g", _) => Some(Self::PersonGrant(org)),
            ("y", id) => Some(Self::ApiKey(ApiKeyLocator { org, id: TokenId::parse(id).ok()? })),
            ("a" | "b" | "d" | "k" | "l" | "m" | "n" | "q" | "r" | "u", _) => Some(Self::Bookkeeping),
            ("v", name) => Some(Self::NotBefore(NotBeforeKey { org, kind: codec::mark_kind(name)? }, shard)),
            _ => None,
        }
    }
}

/// Says what the item of this partition key and this sort key is, for tests that count what is done to it. `None`: no item of the store.
#[cfg(any(test, feature = "testing"))]
pub fn name_of_item(pk: &str, sk: &str) -> Option<&'static str> {
    use crate::domain::NotBeforeScope;
    Some(match Owner::from_key(&Key { pk: pk.to_owned(), sk: sk.to_owned() })? {
        Owner::Token(_) => "token",
        Owner::Family(_) => "refresh family",
        Owner::NotBefore(mark, _) => match mark.kind {
            NotBeforeScope::Client(_) => "mark of a client",
            NotBeforeScope::Member(_) => "mark of a member",
            NotBeforeScope::Org => "mark of the org",
            NotBeforeScope::Session(_) => "mark of a session",
            NotBeforeScope::ClientOf(..) => "mark of a client's only token of a subject",
            NotBeforeScope::ClientsOf(_) => "mark of a subject's clients",
        },
        Owner::Authorization(_) => "authorization",
        Owner::PersonGrant(_) => "grant of a person",
        Owner::ApiKey(_) => "API key",
        Owner::Org => "org",
        Owner::AssertionSettings(_) => "settings for assertions",
        Owner::Member => "member",
        Owner::Client => "client",
        Owner::EventStream(_) => "event stream",
        Owner::KeyRing => "key ring",
        Owner::Bookkeeping if *sk == *Key::CLIENT_ORG => "number of a client",
        Owner::Bookkeeping if *sk == *Key::ORG_COPY => "copy of an org",
        Owner::Bookkeeping if pk.starts_with(API_KEY_VALUES) => "value of an API key",
        Owner::Bookkeeping if pk.starts_with(STATUS_LISTS) => "status list",
        Owner::Bookkeeping if pk == STATUS_ORGS => "org with status lists",
        Owner::Bookkeeping => match (pk.contains('#'), sk.split_once('#')?.0) {
            (true, "a") => "value of a token",
            (true, "d") => "copy of a client",
            (true, "q") => "signal",
            (true, "r") => "count of events",
            (true, "u") => "use",
            (true, _) => "what waits",
            (false, "a") => "alias of a client",
            (false, "s") => "sub-org",
            (false, "x") => "workload",
            (false, _) => "counter of an org",
        },
    })
}

/// How the sort keys of the sub-orgs begin.
pub(super) const SUB_ORG: &str = "s#";

/// How the sort keys of the members begin.
pub(super) const MEMBER: &str = "m#";

/// How the sort keys of the clients begin.
pub(super) const CLIENT: &str = "c#";

/// How the sort keys of the copies of clients begin.
const CLIENT_COPY: &str = "d#";

/// How many copies a client has: each is read 3,000 times a second at most, and each costs two writes more whenever the client changes.
const CLIENT_COPIES: u8 = 4;

/// How the sort keys of the API keys begin, and those of the counters of their owners.
const API_KEY: &str = "y#";

/// How the partitions begin in which API keys are found by their values.
const API_KEY_VALUES: &str = "#y#";

/// The partition of the orgs whose tokens are in status lists.
pub(super) const STATUS_ORGS: &str = "#s";

/// How the sort keys of these orgs begin.
pub(super) const STATUS_ORG: &str = "o#";

/// How the partitions of event streams begin.
const EVENT_STREAMS: &str = "#e#";

/// How the partitions of status lists begin.
const STATUS_LISTS: &str = "#l#";

/// How the sort keys begin of the event streams of an org, or of one client of it.
pub(super) fn event_streams_sk(client: Option<ClientId>) -> String {
    client.map_or_else(|| "e#".to_owned(), |client| format!("e#{:016}#", client.as_number()))
}

/// How the sort keys begin of the signals that wait in a stream, which sort as their ids do.
pub(super) fn signals_sk(stream: &EventStreamKey) -> String {
    format!("q#{}#", stream.id)
}

/// The partition of the event streams of an org. No org has such a name.
pub(super) fn event_streams_partition(org: &OrgId) -> String {
    format!("{EVENT_STREAMS}{org}")
}

/// The partition of an org's shard.
pub(super) fn partition(org: &OrgId, shard: Shard) -> String {
    format!("{org}#{shard}")
}

/// The partition of a subject's tokens in the index.
pub(super) fn subject_partition(org: &OrgId, subject: &Subject, shard: Shard) -> String {
    format!("{org}#{subject}#{shard}")
}

/// The partition of all that a person has granted in an org.
pub(super) fn person_grants_partition(org: &OrgId, subject: &Subject) -> String {
    partition(org, Shard::from_byte(codec::hash_of_person(subject)[0]))
}

/// How the sort keys of all begin that a person has granted. 128 bits of the hash are enough to tell people apart.
pub(super) fn person_grants_sk(subject: &Subject) -> String {
    format!("g#{}#", BASE64.encode(&codec::hash_of_person(subject)[..16]))
}

/// The sort key of a token, which sorts as the id does.
pub(super) fn token_sk(id: &TokenId) -> String {
    format!("t#{id}")
}

/// The sort keys of tokens up to this id, or of all.
pub(super) fn token_range(up_to: Option<&TokenId>) -> [String; 2] {
    // No id begins with a `w`.
    ["t#".to_owned(), up_to.map_or_else(|| "t#w".to_owned(), token_sk)]
}

/// The sort keys of API keys up to this id, or of all.
pub(super) fn api_key_range(up_to: Option<&TokenId>) -> [String; 2] {
    // No id begins with a `w`.
    [API_KEY.to_owned(), up_to.map_or_else(|| format!("{API_KEY}w"), |id| format!("{API_KEY}{id}"))]
}

/// The sort keys that begin so, after this one.
pub(super) fn range_after(kind: &str, after: Option<&str>) -> [String; 2] {
    // No name has control characters, so nothing is between a name and its continuation by the first of them.
    let from = after.map_or_else(|| kind.to_owned(), |after| format!("{kind}{after}\u{1}"));
    // `$` is what follows `#`.
    [from, kind.replace('#', "$")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{NotBeforeScope, Seeded, SessionId, Timestamp};

    #[test]
    fn every_key_tells_whose_item_it_is() {
        let org = OrgId::parse("1").unwrap();
        let id = TokenId::generate(Timestamp::from_secs(1), None, &Seeded::new(1)).unwrap();
        let shard = id.shard();
        let (token, family) = (TokenKey { org: org.clone(), id }, FamilyKey { org: org.clone(), id });
        let (subject, client) = (Subject::parse("a#b").unwrap(), ClientId::from_number(7).unwrap());
        let kinds = [
            NotBeforeScope::Org,
            NotBeforeScope::Member(subject.clone()),
            NotBeforeScope::Client(client),
            NotBeforeScope::Session(SessionId::parse("s#1").unwrap()),
            NotBeforeScope::ClientOf(client, subject.clone()),
            NotBeforeScope::ClientsOf(subject.clone()),
        ];
        let (now, until) = (Timestamp::from_secs(1), Timestamp::from_secs(2));
        let grant = PersonGrantKey { org: org.clone(), subject: subject.clone(), client };
        let authorization = AuthorizationKey { org: org.clone(), id };
        let used = (org.clone(), "dpop", [7; 32]);
        let event = CountedEvent { org: org.clone(), what: "guess", hash: [7; 32], since: now, until, limit: 1 };
        let api_key = ApiKeyLocator { org: org.clone(), id };
        let owner = Subject::parse("ann").unwrap();
        let stream = EventStreamKey { org: org.clone(), client, id };
        let marks = kinds.map(|kind| NotBeforeKey { org: org.clone(), kind });
        let mut known = vec![
            (Key::token(&token), Owner::Token(token)),
            (Key::family(&family), Owner::Family(family)),
            (Key::org(&org), Owner::Org),
            (Key::org_copy(&org, shard), Owner::Bookkeeping),
            (Key::any_client_copy(&org, client, shard), Owner::Bookkeeping),
            (Key::assertion_settings(&org), Owner::AssertionSettings(org.clone())),
            (Key::member(&MemberKey { org: org.clone(), subject }), Owner::Member),
            (Key::client(&org, client), Owner::Client),
            (Key::sub_org(&org, &org), Owner::Bookkeeping),
            (Key::client_alias(&org, "x"), Owner::Bookkeeping),
            (Key::client_org(client), Owner::Bookkeeping),
            (Key::workload(&WorkloadKey::new(&org, "https://ci.example", "a#b")), Owner::Bookkeeping),
            (Key::alias(&AliasKey { org: org.clone(), hash: [7; 32] }), Owner::Bookkeeping),
            (Key::ticket(&TicketKey { org: org.clone(), id }), Owner::Bookkeeping),
            (Key::authorization(&authorization), Owner::Authorization(authorization)),
            (Key::logout(&LogoutKey { org: org.clone(), id }), Owner::Bookkeeping),
            (Key::person_grant(&grant), Owner::PersonGrant(org.clone())),
            (Key::user_code(&UserCodeKey { org: org.clone(), hash: [7; 32] }), Owner::Bookkeeping),
            (Key::client_document(&ClientDocumentKey { org: org.clone(), hash: [7; 32] }), Owner::Bookkeeping),
            (Key::batch(&BatchKey { org: org.clone(), id }), Owner::Bookkeeping),
            (Key::used(&used), Owner::Bookkeeping),
            (Key::events(&event), Owner::Bookkeeping),
            (Key::counter(&org, shard), Owner::Bookkeeping),
            (Key::event_stream(&stream), Owner::EventStream(org.clone())),
            (Key::signal(&stream, &id), Owner::Bookkeeping),
            (Key::api_key(&api_key), Owner::ApiKey(api_key)),
            (Key::api_key_value(&[7; 32]), Owner::Bookkeeping),
            (Key::api_key_count(&org, &owner), Owner::Bookkeeping),
            (Key::status_org(&org), Owner::Bookkeeping),
            (Key::status_list(&StatusListId::from_bytes([7; 16])), Owner::Bookkeeping),
            (Key::key_ring(), Owner::KeyRing),
        ];
        known.extend(marks.map(|mark| {
            let shard = codec::mark_shard(&mark.kind).unwrap_or(shard);
            (Key::mark(&mark, shard), Owner::NotBefore(mark, shard))
        }));
        for (key, owner) in known {
            assert!(name_of_item(&key.pk, &key.sk).is_some(), "{key:?}");
            assert_eq!(Owner::from_key(&key), Some(owner), "{key:?}");
        }
        for (pk, sk) in [
            ("1", "x"),
            ("1", "d"),
            ("1", "z#1"),
            ("1#g", "d"),
            ("1#0", "o"),
            ("1#0", "t#1"),
            ("1#0", "v#z#1"),
            ("1#0", "v#p#1"),
            ("1#0", "w#1"),
        ] {
            assert_eq!(Owner::from_key(&Key { pk: pk.to_owned(), sk: sk.to_owned() }), None, "{pk} {sk}");
        }
    }
}
