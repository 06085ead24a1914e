//! What is asked of the store, and what it answers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::{
    AliasKey, Aliased, ApiKey, ApiKeyLocator, AssertionSettings, Authorization, AuthorizationKey, Client, ClientDocument,
    ClientDocumentKey, ClientId, CredentialUses, Family, FamilyKey, Label, Logout, LogoutKey, Member, MemberKey, NotBeforeKey,
    NotBefores, Org, OrgId, PendingSignal, PersonGrant, PersonGrantKey, Scope, SessionId, Subject, TextPattern, Ticket,
    TicketKey, Timestamp, TokenId, TokenKey, TokenRecord, UserCodeAssignment, UserCodeKey, scope,
};
use crate::jose::sha256;

/// Keys of what one decision needs.
#[derive(Clone, Debug, Default)]
pub struct RecordKeys {
    /// The keys of access tokens to read.
    pub tokens: Vec<TokenKey>,
    /// The keys of refresh families to read.
    pub families: Vec<FamilyKey>,
    /// Whose a token's value is.
    pub aliases: Vec<AliasKey>,
    /// The SHA-256 of the values of API keys to look up.
    pub api_key_values: Vec<[u8; 32]>,
    /// Where the API keys to read are.
    pub api_keys: Vec<ApiKeyLocator>,
    /// The keys of tickets to read.
    pub tickets: Vec<TicketKey>,
    /// The keys of authorizations to read.
    pub authorizations: Vec<AuthorizationKey>,
    /// The keys of logouts to read.
    pub logouts: Vec<LogoutKey>,
    /// The keys of people's grants to read.
    pub person_grants: Vec<PersonGrantKey>,
    /// The user codes to look up.
    pub user_codes: Vec<UserCodeKey>,
    /// The keys of clients' metadata documents to read.
    pub client_documents: Vec<ClientDocumentKey>,
    /// The uses to look up of what is good only once.
    pub uses: Vec<UseKey>,
    /// The keys of not-before marks to read.
    pub marks: Vec<NotBeforeKey>,
    /// From whose shard the marks are read: the id of the token or family that they may kill, so that one partition answers.
    /// `None`: from any.
    pub shard_of: Option<TokenId>,
    /// The ids of orgs to read.
    pub orgs: Vec<OrgId>,
    /// The orgs whose settings for assertions to read, which [`orgs`](Self::orgs) doesn't bring.
    pub assertion_settings: Vec<OrgId>,
    /// The keys of members to read.
    pub members: Vec<MemberKey>,
    /// The keys of clients to read.
    pub clients: Vec<ClientKey>,
    /// Which clients have these aliases.
    pub client_aliases: Vec<(OrgId, String)>,
    /// Whose these clients are: a number is given to one client of the whole deployment (RFC 6749 section 2.2).
    pub client_orgs: Vec<ClientId>,
    /// Which clients are these workloads.
    pub workloads: Vec<WorkloadKey>,
}

/// Where a client is.
pub type ClientKey = (OrgId, ClientId);

/// What was used in an org: for which purpose, and the SHA-256 of what identifies it for this purpose.
pub type UseKey = (OrgId, &'static str, [u8; 32]);

/// A workload that clients of an org can be: the subject of an issuer.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WorkloadKey {
    /// The org of the clients.
    pub org: OrgId,
    /// SHA-256 of the issuer and the subject.
    pub hash: [u8; 32],
}

impl WorkloadKey {
    /// Returns the key of a subject of an issuer.
    pub fn new(org: &OrgId, issuer: &str, subject: &str) -> Self {
        Self { org: org.clone(), hash: sha256(format!("{issuer}\0{subject}").as_bytes()) }
    }

    /// Returns the keys of the workloads that a client names exactly. One that it names by a pattern can't be looked up.
    pub fn named_by(client: &Client) -> BTreeSet<Self> {
        let exact = client.settings.federated.iter().filter_map(|identity| match &identity.subject {
            TextPattern::Exact(subject) => Some(Self::new(&client.org, &identity.issuer, subject)),
            TextPattern::Prefix(_) => None,
        });
        exact.collect()
    }
}

impl RecordKeys {
    /// How many keys one read takes: what one `BatchGetItem` takes.
    pub const MAX_KEYS: usize = 100;

    /// Adds other keys. Marks are read from the shard that these name, or else from that of the others.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { tokens, families, aliases, tickets, marks, shard_of, orgs, assertion_settings, members, .. } = other;
        let Self { authorizations, logouts, user_codes, client_documents, person_grants, .. } = other;
        let Self { clients, client_aliases, client_orgs, workloads, api_key_values, api_keys, uses, .. } = other;
        self.tokens.extend(tokens);
        self.families.extend(families);
        self.aliases.extend(aliases);
        self.api_key_values.extend(api_key_values);
        self.api_keys.extend(api_keys);
        self.tickets.extend(tickets);
        self.authorizations.extend(authorizations);
        self.logouts.extend(logouts);
        self.person_grants.extend(person_grants);
        self.user_codes.extend(user_codes);
        self.client_documents.extend(client_documents);
        self.uses.extend(uses);
        self.marks.extend(marks);
        self.shard_of = self.shard_of.or(shard_of);
        self.orgs.extend(orgs);
        self.assertion_settings.extend(assertion_settings);
        self.members.extend(members);
        self.clients.extend(clients);
        self.client_aliases.extend(client_aliases);
        self.client_orgs.extend(client_orgs);
        self.workloads.extend(workloads);
        self
    }
}

/// Lists keys to ask for, each once: a store may refuse to be asked for one twice.
pub(crate) fn each_once<K: Ord>(keys: impl Iterator<Item = K>) -> Vec<K> {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The records that one read has found.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Access tokens, by key.
    pub tokens: HashMap<TokenKey, TokenRecord>,
    /// Refresh families, by key.
    pub families: HashMap<FamilyKey, Family>,
    /// Whose a token's value is, by key.
    pub aliases: HashMap<AliasKey, Aliased>,
    /// Whose values of API keys are, by their SHA-256: a value that was replaced, too.
    pub api_key_values: HashMap<[u8; 32], ApiKeyHolder>,
    /// The API keys that were found, by where they are.
    pub api_keys: HashMap<ApiKeyLocator, ApiKey>,
    /// The tickets that were found, by their keys.
    pub tickets: HashMap<TicketKey, Ticket>,
    /// The authorizations that were found, by their keys.
    pub authorizations: HashMap<AuthorizationKey, Authorization>,
    /// The logouts that were found, by their keys.
    pub logouts: HashMap<LogoutKey, Logout>,
    /// The grants of people that were found, by their keys: those that were ended, too.
    pub person_grants: HashMap<PersonGrantKey, PersonGrant>,
    /// What user codes stand for, by key.
    pub user_codes: HashMap<UserCodeKey, UserCodeAssignment>,
    /// The metadata documents of clients that were found, by their keys.
    pub client_documents: HashMap<ClientDocumentKey, ClientDocument>,
    /// Until when the uses that were found are remembered. One that has ended doesn't count.
    pub uses: HashMap<UseKey, Timestamp>,
    /// The not-before marks that were found.
    pub marks: NotBefores,
    /// The orgs that were found, by their ids. Shared with the store, as clients are: one that it remembers isn't copied for each request.
    pub orgs: HashMap<OrgId, Arc<Org>>,
    /// The settings for assertions, by their org. An org that isn't here has the defaults.
    pub assertion_settings: HashMap<OrgId, AssertionSettings>,
    /// The members that were found, by their keys.
    pub members: HashMap<MemberKey, Member>,
    /// The clients that were found, by their keys.
    pub clients: HashMap<ClientKey, Arc<Client>>,
    /// On which day the secrets of the clients were used, as far as any use was noted. They are read with the clients.
    pub credential_uses: HashMap<ClientKey, CredentialUses>,
    /// Which client has an alias.
    pub client_aliases: HashMap<(OrgId, String), ClientId>,
    /// Whose a client is.
    pub client_orgs: HashMap<ClientId, OrgId>,
    /// Which clients name a workload. One that was changed by two at once may be here and not name it any more.
    pub workloads: HashMap<WorkloadKey, Vec<ClientId>>,
}

impl Records {
    /// Returns an org, if it was found.
    pub fn org(&self, id: &OrgId) -> Option<&Org> {
        self.orgs.get(id).map(Arc::as_ref)
    }

    /// Removes and returns a member, if it was found.
    pub fn remove_member(&mut self, org: &OrgId, subject: &Subject) -> Option<Member> {
        self.members.remove(&MemberKey { org: org.clone(), subject: subject.clone() })
    }

    /// Returns a client, if it was found.
    pub fn client(&self, key: &ClientKey) -> Option<&Client> {
        self.clients.get(key).map(Arc::as_ref)
    }

    /// Returns the settings of this org that only assertions need, or their defaults.
    pub fn into_assertion_settings(mut self, org: &OrgId) -> AssertionSettings {
        self.assertion_settings.remove(org).unwrap_or_default()
    }
}

/// Which tokens of an org to list: those for which everything given holds.
#[derive(Clone, Debug)]
pub struct TokenQuery {
    /// Only tokens of this subject.
    pub subject: Option<Subject>,
    /// Only tokens of this client.
    pub client: Option<ClientId>,
    /// Only what the bearer of this token had made.
    pub created_by: Option<TokenId>,
    /// Only access tokens of this refresh family.
    pub family: Option<TokenId>,
    /// Only the token with this id.
    pub id: Option<TokenId>,
    /// In a session of this id, wherever that was begun.
    pub session: Option<SessionId>,
    /// Only tokens with this label.
    pub label: Option<Label>,
    /// `from <= iat`, by the second.
    pub issued_from: Option<Timestamp>,
    /// `iat < to`, by the second.
    pub issued_to: Option<Timestamp>,
    /// `from <= exp`. A token that doesn't expire is later than any moment.
    pub expires_from: Option<Timestamp>,
    /// Only tokens whose `exp` is before this moment.
    pub expires_to: Option<Timestamp>,
    /// Each is a pattern that at least one scope of the token must match.
    pub scopes: Vec<ScopeLike>,
    /// Only ids below this one: where the page before ended.
    pub after: Option<TokenId>,
    /// How many at most, 1 to 1,000.
    pub limit: usize,
}

impl Default for TokenQuery {
    /// Asks for all tokens of the org, 100 a page.
    fn default() -> Self {
        Self {
            subject: None,
            client: None,
            created_by: None,
            family: None,
            id: None,
            session: None,
            label: None,
            issued_from: None,
            issued_to: None,
            expires_from: None,
            expires_to: None,
            scopes: Vec::new(),
            after: None,
            limit: 100,
        }
    }
}

impl TokenQuery {
    /// Says whether `token` is asked for. This is the meaning of every field, which an adapter may hand on to its database.
    pub fn matches(&self, token: &TokenRecord) -> bool {
        let exp = token.expires_at.unwrap_or(Timestamp::END_OF_TIME);
        let iat = token.issued_at.whole_second();
        self.subject.as_ref().is_none_or(|subject| *subject == token.subject)
            && self.client.is_none_or(|client| token.client == Some(client))
            && self.created_by.is_none_or(|by| token.created_by == Some(by))
            && self.family.is_none_or(|family| token.family == Some(family))
            && self.id.is_none_or(|id| id == token.id)
            && self.session.as_ref().is_none_or(|id| token.session.as_ref().is_some_and(|session| session.id == *id))
            && self.label.as_ref().is_none_or(|label| token.label.as_ref() == Some(label))
            && self.issued_from.is_none_or(|from| from <= iat)
            && self.issued_to.is_none_or(|to| iat < to)
            && self.expires_from.is_none_or(|from| from <= exp)
            && self.expires_to.is_none_or(|to| exp < to)
            && self.after.is_none_or(|after| token.id < after)
            && self.scopes.iter().all(|like| token.scopes.iter().any(|scope| like.matches(scope)))
    }
}

/// A pattern as SQL's `ILIKE` has it: `%` stands for any characters, case doesn't count.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScopeLike(String);

impl ScopeLike {
    /// Makes the pattern of a filter's text.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_ascii_lowercase())
    }

    /// Whether the scope, mark included, matches.
    pub fn matches(&self, scope: &Scope) -> bool {
        scope::matches(&self.0, '%', &scope.as_str().to_ascii_lowercase())
    }
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct TokenPage {
    /// The tokens of the page, newest id first.
    pub tokens: Vec<TokenRecord>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<TokenId>,
}

/// Whose the value of an API key is: all that the next read needs to find what decides about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiKeyHolder {
    /// Where the key is.
    pub key: ApiKeyLocator,
    /// The member whose key it is.
    pub owner: Subject,
}

/// Which API keys of an org to list.
#[derive(Clone, Debug)]
pub struct ApiKeyQuery {
    /// Only keys of this member.
    pub owner: Option<Subject>,
    /// Only ids below this one: where the page before ended.
    pub after: Option<TokenId>,
    /// How many at most, 1 to 1,000.
    pub limit: usize,
}

/// One page of API keys.
#[derive(Clone, Debug, Default)]
pub struct ApiKeyPage {
    /// The keys of the page, newest id first.
    pub keys: Vec<ApiKey>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<TokenId>,
}

/// The oldest signals of an event stream.
#[derive(Clone, Debug, Default)]
pub struct SignalPage {
    /// The signals of the page, by id and so oldest first.
    pub signals: Vec<PendingSignal>,
    /// Whether there are more after them.
    pub has_more: bool,
}

/// One page of what a person has granted.
#[derive(Clone, Debug, Default)]
pub struct PersonGrantPage {
    /// The grants of the page, by the number of the client.
    pub grants: Vec<PersonGrant>,
    /// After which client the next page begins; `None`: this was the last.
    pub next: Option<ClientId>,
}
