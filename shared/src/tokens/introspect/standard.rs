//! Introspection by those to whom a token is shown: RFC 7662. Who may not know of a token hears what they hear of one that
//! isn't there.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::api_key::{self, LiveApiKey};
use crate::auth::bearer::{MemberAccessToken, PresentedToken, inspect};
use crate::domain::{ApiKey, ApiKeyValue, Audience, Client, ClientKind, Fault, Issuer, Member, OrgId, TokenRecord, TokenStatus};
use crate::jose::looks_like_jwt;
use crate::platform::capabilities::Reader;
use crate::store::{RecordKeys, Records};
use crate::tokens::lookup::{FoundToken, Hint, Located, TokenLookup};

/// The party that asks about a token.
#[derive(Debug)]
pub enum Asker {
    /// A client of the org: of the tokens that it was issued, and of those that it is shown as a resource server.
    Client(Arc<Client>),
    /// A member with the right to read the org's tokens.
    Auditor,
}

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct ShownToken<'a> {
    /// The token, as it was shown to whoever asks.
    pub text: &'a str,
    /// Which of both it is looked for as first.
    pub hint: Hint,
    /// The address from which it was shown, as whoever asks says. `None`: they don't say.
    pub client_address: Option<IpAddr>,
}

/// A token that is alive, and that the asker may know of.
#[derive(Debug)]
pub enum Seen {
    /// A token of a client.
    OfClient(FoundToken),
    /// An API key of a member.
    ApiKey(Box<LiveApiKey>),
    /// A token of a member.
    OfMember {
        /// The record of the token.
        record: Box<TokenRecord>,
        /// The member that the token is of.
        member: Box<Member>,
    },
}

/// Finds the token, if it is alive and the asker may know of it. `first` is what the first read has found of it.
///
/// # Errors
/// A [`Fault`] if the records can't be read.
pub async fn introspect_for_caller(
    ports: &Reader,
    org: &OrgId,
    asker: &Asker,
    shown: &ShownToken<'_>,
    (lookup, first): (&TokenLookup, &Records),
) -> Result<Option<Seen>, Fault> {
    let (issuer, text, hint) = (ports.keys.issuer(), shown.text, shown.hint);
    if ApiKeyValue::looks_like(text) {
        let (found, _) = api_key::find(ports, text, RecordKeys::default()).await?;
        let known = found.filter(|found| found.key.org == *org && asker.may_know_key(&found.key));
        let live = known.and_then(|found| found.into_live(shown.client_address).ok());
        return Ok(live.map(|live| Seen::ApiKey(Box::new(live))));
    }
    if let Some(at_hand) = lookup.at_hand(first).filter(|at_hand| !asker.may_know(*at_hand, issuer)) {
        // No more is read of it, so that it takes as long as what isn't there.
        if let Located::Token(record) = at_hand {
            lookup.matches_record(record)?;
        }
        return Ok(None);
    }
    let found = match lookup.find(ports, first, hint).await? {
        Some(found) => Some(Seen::OfClient(found.narrowed())),
        None if looks_like_jwt(text) => of_member(ports, org, text).await?,
        None => None,
    };
    Ok(found.filter(|seen| seen.is_live() && seen.at_hand().is_some_and(|token| asker.may_know(token, issuer))))
}

async fn of_member(ports: &Reader, org: &OrgId, text: &str) -> Result<Option<Seen>, Fault> {
    let (presented, _) = inspect(ports, text, RecordKeys::default()).await?;
    let PresentedToken::Access(found) = presented else { return Ok(None) };
    let MemberAccessToken { record, member, status } = *found;
    let member = member.filter(|_| status == TokenStatus::Live && record.org == *org);
    Ok(member.map(|member| Seen::OfMember { record: Box::new(record), member: Box::new(member) }))
}

impl Seen {
    /// The record of what was found. `None`: it is an API key, which is no token.
    fn at_hand(&self) -> Option<Located<'_>> {
        Some(match self {
            Self::OfClient(FoundToken::Access(token)) => Located::Token(&token.record),
            Self::OfClient(FoundToken::Refresh(found)) => Located::Family(&found.family),
            Self::OfMember { record, .. } => Located::Token(record),
            Self::ApiKey(_) => return None,
        })
    }

    fn is_live(&self) -> bool {
        match self {
            Self::OfClient(FoundToken::Access(token)) => token.status == TokenStatus::Live,
            Self::OfClient(FoundToken::Refresh(found)) => found.status == TokenStatus::Live,
            Self::OfMember { .. } | Self::ApiKey(_) => true,
        }
    }
}

impl Asker {
    /// Whether it may know of an API key: only an API that the key is for, for keys are no client's.
    fn may_know_key(&self, key: &ApiKey) -> bool {
        match self {
            Self::Auditor => true,
            Self::Client(client) => {
                let is_resource_server = client.settings.kind == ClientKind::Confidential && client.settings.resources.is_some();
                is_resource_server && key.resources.iter().any(|resource| client.answers_to(resource))
            }
        }
    }

    fn may_know(&self, token: Located<'_>, issuer: &Issuer) -> bool {
        let client = match self {
            Self::Auditor => return true,
            Self::Client(client) if client.settings.kind == ClientKind::Confidential => client,
            Self::Client(_) => return false,
        };
        match token {
            Located::Token(record) => {
                let is_own = record.issuance.is_some() && record.client == Some(client.id);
                is_own || is_shown(client, &record.audiences, issuer)
            }
            // Nobody but the client itself is ever shown one.
            Located::Family(family) => family.client == Some(client.id),
        }
    }
}

/// Says whether a token for these audiences is for this client as a resource server.
fn is_shown(client: &Client, audiences: &[Audience], issuer: &Issuer) -> bool {
    let is_resource_server = client.settings.resources.is_some();
    is_resource_server && (has_no_audience(audiences, issuer) || audiences.iter().any(|audience| client.answers_to(audience)))
}

/// Says whether a token is meant for nobody in particular: every resource server of the org may know of it, and see for whom it
/// is.
pub(super) fn has_no_audience(audiences: &[Audience], issuer: &Issuer) -> bool {
    audiences.is_empty() || matches!(audiences, [one] if one.as_str() == issuer.as_str())
}
