//! Records tokens, with all that belongs to them.

use async_trait::async_trait;

use super::authorizations::is_at;
use super::change::{Change, Check};
use super::items::{self, bytes, moment};
use super::keys::Key;
use super::{DynamoStore, Item};
use crate::domain::{Alias, Authorization, Family, Fault, PersonGrantUpdate, TokenRecord};
use crate::store::{InsertOutcome, NewToken, TicketConsumption, WriteTokens, codec};

#[async_trait]
impl WriteTokens for DynamoStore {
    async fn record(&self, new: &NewToken) -> Result<InsertOutcome, Fault> {
        if let Some(value) = new.repeated_value() {
            return Ok(InsertOutcome::ValueTaken(value));
        }
        let mut parts = parts(new);
        let mut token_is_there = false;
        loop {
            let changes = parts.iter().map(|part| self.addition(part)).collect::<Result<_, _>>()?;
            let Some(checks) = self.change_all("recording a token", changes).await? else { return Ok(InsertOutcome::Done) };
            // All that is there must be the same before the rest is written.
            let mut rest = Vec::new();
            for (part, check) in parts.into_iter().zip(checks) {
                match standing(&part, &check)? {
                    // It was added to when the token was recorded, and may have been ended since.
                    PartState::Open if token_is_there && matches!(part, Part::PersonGrant(_)) => {}
                    PartState::Open => rest.push(part),
                    PartState::There => token_is_there |= matches!(part, Part::Token(_)),
                    // The same holds for what was spent or changed, and may be forgotten sooner.
                    PartState::Refused(refused) if token_is_there && is_of_what_passes(refused) => {}
                    PartState::Refused(refused) => return Ok(refused),
                }
            }
            if rest.is_empty() {
                return Ok(InsertOutcome::Done);
            }
            parts = rest;
        }
    }
}

/// What is written together.
enum Part<'a> {
    Token(&'a TokenRecord),
    Ticket(&'a TicketConsumption),
    Authorization(&'a Authorization),
    Alias(&'a Alias),
    Family(&'a Family),
    PersonGrant(&'a PersonGrantUpdate),
}

/// The token comes first: if it is there, all of it is or was.
fn parts(new: &NewToken) -> Vec<Part<'_>> {
    let mut parts = vec![Part::Token(&new.token)];
    parts.extend(new.ticket.as_ref().map(Part::Ticket));
    parts.extend(new.authorization.as_deref().map(Part::Authorization));
    parts.extend(new.aliases.iter().map(Part::Alias));
    parts.extend(new.family.as_deref().map(Part::Family));
    parts.extend(new.person_grant.as_ref().map(Part::PersonGrant));
    parts
}

/// How a part stands after its condition was looked at.
enum PartState {
    /// It isn't written yet.
    Open,
    /// The very same is there.
    There,
    /// Something else is in its place, so that nothing is written.
    Refused(InsertOutcome),
}

fn standing(part: &Part<'_>, check: &Check) -> Result<PartState, Fault> {
    let Check::Failed(there) = check else { return Ok(PartState::Open) };
    let there = there.as_ref();
    Ok(match part {
        Part::Token(token) => {
            let there = there.map(|item| items::token(&token.key(), item)).transpose()?;
            same(there.is_some_and(|there| codec::is_same_token(&there, token)), "recording a token: its id is taken")?
        }
        Part::Family(family) => {
            let there = there.map(|item| items::family(&family.key(), item)).transpose()?;
            let same_family = there.is_some_and(|there| codec::is_same_family(&there, family));
            same(same_family, "recording a refresh family: its id is taken")?
        }
        Part::Alias(alias) => match there.map(items::aliased).transpose()? {
            Some(target) if target == alias.target => PartState::There,
            _ => PartState::Refused(InsertOutcome::ValueTaken(alias.target.into())),
        },
        Part::Ticket(spending) if is_spent_by(spending, there)? => PartState::There,
        Part::Ticket(_) => PartState::Refused(InsertOutcome::TicketSpent),
        Part::Authorization(authorization) if is_at(authorization, there)? => PartState::There,
        Part::Authorization(_) => PartState::Refused(InsertOutcome::AuthorizationChanged),
        Part::PersonGrant(_) => PartState::Refused(InsertOutcome::PersonGrantEnded),
    })
}

/// Whether it is about something that may be changed or forgotten once the token is recorded.
fn is_of_what_passes(refused: InsertOutcome) -> bool {
    match refused {
        InsertOutcome::TicketSpent | InsertOutcome::AuthorizationChanged | InsertOutcome::PersonGrantEnded => true,
        InsertOutcome::Done | InsertOutcome::ValueTaken(_) => false,
    }
}

fn same(is_same: bool, otherwise: &'static str) -> Result<PartState, Fault> {
    if is_same { Ok(PartState::There) } else { Err(Fault::internal(otherwise)) }
}

/// Whether the item is that of a ticket which this very spending has spent.
pub(super) fn is_spent_by(spending: &TicketConsumption, there: Option<&Item>) -> Result<bool, Fault> {
    let spent_by = there.map(|item| items::find_id(item, "a")).transpose()?.flatten();
    Ok(spent_by == Some(spending.by))
}

impl DynamoStore {
    fn addition(&self, part: &Part<'_>) -> Result<Change, Fault> {
        let table = &self.tables.tokens;
        Ok(match part {
            Part::Token(token) => Change::insert(table, items::token_item(token, self.tables.by_subject)?),
            Part::Family(family) => Change::insert(table, items::family_item(family)?),
            Part::Alias(alias) => Change::insert(table, items::alias_item(alias)),
            Part::Ticket(spending) => self.spending(spending),
            Part::Authorization(authorization) => self.next_step(authorization)?,
            Part::PersonGrant(update) => self.granting(update),
        })
    }

    /// Spends a ticket that is good.
    pub(super) fn spending(&self, spending: &TicketConsumption) -> Change {
        let condition = "attribute_not_exists(a) AND e > :now";
        let change = Change::update(&self.tables.tokens, Key::ticket(&spending.key), "SET a = :by", condition);
        change.with("by", bytes(spending.by.as_bytes())).with("now", moment(spending.now))
    }
}
