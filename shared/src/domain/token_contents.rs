//! What an access token says, whichever record says it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Actor, App, Audience, ClientId, Issuance, Label, Member, OrgId, Role, Scope, Session, Subject, TokenId};

/// What an access token says of whom it stands for and what it opens.
///
/// A policy's grant, the record of an access token and its refresh family each hold one, whole: policy makes it, minting copies it
/// into the record and the family, and a refresh makes the next grant from the family's. A new field of tokens belongs here.
///
/// Where a token acts and when it is valid isn't part of it: the family has an org and times of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenContents {
    /// The person, service or client that the token stands for: `sub` of RFC 9068 section 2.2.
    pub subject: Subject,
    /// The OAuth client that the token was issued to.
    pub client: Option<ClientId>,
    /// The resource servers that may accept the token: `aud` of RFC 7519 section 4.1.3.
    pub audiences: Vec<Audience>,
    /// The scopes as they were asked for, marks included. They prove no right by themselves: see [`Authority`](super::Authority).
    pub scopes: Vec<Scope>,
    /// The role that the token has in each application.
    pub roles: BTreeMap<App, Role>,
    /// What of its scopes and roles its subject didn't hold when the token was minted.
    pub unheld: Unheld,
    /// The hosts that the token opens.
    pub hosts: Vec<HostPermissions>,
    /// The session that chains the token to others.
    pub session: Option<Session>,
    /// What people call the token. It is in no claim of it.
    pub label: Option<Label>,
    /// The bearer who had the token minted, if that isn't its subject.
    pub creator: Option<Creator>,
    /// The token whose bearer had it made. `None`: it wasn't made by means of another.
    pub created_by: Option<TokenId>,
    /// The tokens that it was made from: it dies with each of them. At most [`Ancestor::MAX_PER_TOKEN`].
    pub ancestors: Vec<Ancestor>,
    /// Whether a person had the token minted for another person.
    pub masquerading: bool,
    /// Who may act for its subject: `may_act` of RFC 8693 section 4.4. `None`: whoever may exchange it. What it is exchanged for says
    /// nothing of it any more.
    pub may_act: Option<Box<MayAct>>,
    /// How an OAuth client got the token. `None`: a member asked for it.
    pub issuance: Option<Box<Issuance>>,
}

impl TokenContents {
    /// Contents that name a subject and open nothing.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            client: None,
            audiences: Vec::new(),
            scopes: Vec::new(),
            roles: BTreeMap::new(),
            unheld: Unheld::default(),
            hosts: Vec::new(),
            session: None,
            label: None,
            creator: None,
            created_by: None,
            ancestors: Vec::new(),
            masquerading: false,
            may_act: None,
            issuance: None,
        }
    }

    /// Notes what of the scopes and roles `member` doesn't hold: all else is lost with what it holds.
    #[must_use]
    pub fn noting_unheld(mut self, member: &Member) -> Self {
        let scopes = self.scopes.iter().filter(|scope| !member.holds(scope.name())).cloned().collect();
        let roles = self.roles.iter().filter(|(app, role)| !member.has_role(app, role));
        self.unheld = Unheld { scopes, roles: roles.map(|(app, _)| app.clone()).collect() };
        self
    }

    /// Leaves out the roles that `member` held when the token was minted and has lost since.
    pub fn drop_lost_roles(&mut self, member: &Member) {
        let Self { roles, unheld, .. } = self;
        roles.retain(|app, role| unheld.roles.contains(app) || member.has_role(app, role));
    }

    /// Leaves out the scopes and the roles that `member` held when the token was minted and has lost since.
    pub fn drop_lost(&mut self, member: &Member) {
        self.drop_lost_roles(member);
        let Self { scopes, unheld, .. } = self;
        scopes.retain(|scope| unheld.scopes.contains(scope) || member.holds(scope.name()));
    }
}

/// What a member's token says although its subject didn't hold it when the token was minted. It can't be lost.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unheld {
    /// The optional scopes that were asked for in vain: their mark stays, so that everybody sees it.
    pub scopes: Vec<Scope>,
    /// The applications in which an administrator gave the token a role that its subject doesn't have.
    pub roles: BTreeSet<App>,
}

/// Who may become the actor of a token: RFC 8693 section 4.4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MayAct {
    /// The `sub` of whoever may act. `None`: nobody may.
    pub subject: Option<Subject>,
    /// The client whose token the actor must have. `None`: any.
    pub client: Option<ClientId>,
}

impl MayAct {
    /// Says whether this party may act.
    pub fn permits(&self, actor: &Actor) -> bool {
        let is_its_client = self.client.is_none_or(|client| actor.client == Some(client));
        self.subject.as_ref() == Some(&actor.subject) && is_its_client
    }
}

/// A token that another was made from, by what decides whether it is alive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ancestor {
    /// The org in which it acts: that of the token, or one above.
    pub org: OrgId,
    /// The `jti` of the ancestor.
    pub id: TokenId,
    /// The subject of the ancestor.
    pub subject: Subject,
    /// The client that it was issued to.
    pub client: Option<ClientId>,
    /// The refresh family of the ancestor, if it has one.
    pub family: Option<TokenId>,
    /// The session that it is in.
    pub session: Option<Session>,
    /// Whether it is an API key, which has a record of its own kind.
    pub is_api_key: bool,
}

impl Ancestor {
    /// How many ancestors a token can have: all of them are read together with it.
    pub const MAX_PER_TOKEN: usize = 8;
}

/// The bearer of the token that asked for this one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Creator {
    /// The org of the creator.
    pub org: OrgId,
    /// The subject of the creator.
    pub subject: Subject,
}

/// A host that a token opens, with its rules: a JSON object, kept as it was given and returned so, in one spelling
/// (no blanks, members sorted) so that two can be compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPermissions(Box<str>);

impl HostPermissions {
    /// Keeps a JSON object that is in the one spelling already. Only `api` makes them.
    pub fn from_json(json: String) -> Self {
        Self(json.into())
    }

    /// Returns the JSON object in the one spelling.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}
