//! Changes what is recorded: amends it, or moves a family on.

use async_trait::async_trait;

use super::DynamoStore;
use super::change::{Change, Check};
use super::items::{self, bytes, deletion, moment, number, text};
use super::keys::Key;
use crate::domain::{Alias, Family, Fault, Timestamp, TokenId, TokenKey, TokenRecord};
use crate::store::{AdvanceOutcome, FamilyAdvance, FamilyUpdate, RefreshTokens, TokenUpdate, UpdateOutcome, UpdateTokens, codec};

#[async_trait]
impl UpdateTokens for DynamoStore {
    async fn update_token(&self, amendment: &TokenUpdate) -> Result<UpdateOutcome, Fault> {
        let mut parts = parts(amendment);
        loop {
            let changes = parts.iter().map(|part| self.amending(part)).collect::<Result<Option<_>, _>>()?;
            let Some(changes) = changes else { return Ok(UpdateOutcome::Outdated) };
            let Some(checks) = self.change_all("amending a token", changes).await? else { return Ok(UpdateOutcome::Done) };
            let mut rest = Vec::new();
            for (part, check) in parts.into_iter().zip(checks) {
                match standing(part, &check)? {
                    PartState::Open(part) => rest.push(part),
                    PartState::There => {}
                    PartState::Refused(refused) => return Ok(refused),
                }
            }
            if rest.is_empty() {
                return Ok(UpdateOutcome::Done);
            }
            parts = rest;
        }
    }
}

#[async_trait]
impl RefreshTokens for DynamoStore {
    async fn advance_family(&self, step: &FamilyAdvance) -> Result<AdvanceOutcome, Fault> {
        let mut needed = step.ends.map_or(Needed::Stays, |(_, until)| Needed::Until(until));
        loop {
            let (check, before) = self.change_and_show("rotating a refresh family", self.step(step, needed), true).await?;
            let there = match check {
                Check::Passed => {
                    if let Some(before) = before {
                        self.release(&items::family(&step.key, &before)?, step.token).await;
                    }
                    return Ok(AdvanceOutcome::Applied);
                }
                Check::Failed(None) => return Ok(AdvanceOutcome::Unknown),
                Check::Failed(Some(item)) => items::family(&step.key, &item)?,
            };
            if step.made(&there) {
                return Ok(AdvanceOutcome::Applied);
            }
            let is_possible = there.generation == step.from && there.revoked_at.is_none() && step.now < there.expires_at;
            if needed == Needed::Stays || !is_possible {
                return Ok(AdvanceOutcome::Superseded(Box::new(there)));
            }
            needed = Needed::Stays;
        }
    }
}

/// What is written together.
enum Part<'a> {
    Token(&'a TokenRecord),
    Family(&'a FamilyUpdate, Needed),
    Alias(&'a Alias),
}

fn parts(amendment: &TokenUpdate) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    parts.extend(amendment.token.as_ref().map(Part::Token));
    parts.extend(amendment.family.as_ref().map(|new| Part::Family(new, Needed::Until(new.family.needed_until))));
    parts.extend(amendment.alias.as_ref().map(Part::Alias));
    parts
}

/// Until when a family is needed, after a write. That never moves back: where a later moment stands, a second try leaves it.
#[derive(Clone, Copy, PartialEq)]
enum Needed {
    Stays,
    Until(Option<Timestamp>),
}

impl Needed {
    /// What it adds to the expressions of an update, and its values.
    fn add_to(self, sets: &mut String, condition: &mut String) -> Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)> {
        match self {
            Self::Stays => Vec::new(),
            Self::Until(None) => {
                sets.push_str(" REMOVE u, x");
                Vec::new()
            }
            Self::Until(Some(until)) => {
                sets.push_str(", u = :u, x = :x");
                condition.push_str(" AND x <= :x");
                vec![("u", moment(until)), ("x", number(deletion(until)))]
            }
        }
    }
}

/// How a part stands after its condition was looked at.
enum PartState<'a> {
    /// It isn't written yet.
    Open(Part<'a>),
    /// It is as it shall be.
    There,
    /// Something is in the way.
    Refused(UpdateOutcome),
}

fn standing<'a>(part: Part<'a>, check: &Check) -> Result<PartState<'a>, Fault> {
    let Check::Failed(there) = check else { return Ok(PartState::Open(part)) };
    let there = there.as_ref();
    Ok(match part {
        Part::Token(new) => match there.map(|item| items::token(&new.key(), item)).transpose()? {
            Some(there) if there == *new => PartState::There,
            _ => PartState::Refused(UpdateOutcome::Outdated),
        },
        Part::Family(new, needed) => match there.map(|item| items::family(&new.family.key(), item)).transpose()? {
            Some(there) if codec::is_amended_family(&there, new) => PartState::There,
            Some(there) if needed != Needed::Stays && can_be_amended(&there, &new.family) => {
                PartState::Open(Part::Family(new, Needed::Stays))
            }
            _ => PartState::Refused(UpdateOutcome::Outdated),
        },
        Part::Alias(_) => PartState::Refused(UpdateOutcome::ValueTaken),
    })
}

fn can_be_amended(there: &Family, new: &Family) -> bool {
    there.revoked_at.is_none() && there.revision.checked_add(1) == Some(new.revision)
}

impl DynamoStore {
    /// The change that makes a part what it shall be. `None`: there can't be one before.
    fn amending(&self, part: &Part<'_>) -> Result<Option<Change>, Fault> {
        let table = &self.tables.tokens;
        Ok(match part {
            Part::Token(new) => {
                let item = items::token_item(new, self.tables.by_subject)?;
                after_revision(new.revision).map(|(condition, old)| {
                    let change = Change::put_if(table, item, condition);
                    with_old(change, old)
                })
            }
            Part::Family(new, needed) => self.amending_family(new, *needed)?,
            Part::Alias(alias) => {
                let put = Change::put_if(table, items::alias_item(alias), "attribute_not_exists(pk) OR b = :b");
                Some(put.with("b", text(codec::aliased_name(alias.target))))
            }
        })
    }

    fn amending_family(&self, new: &FamilyUpdate, needed: Needed) -> Result<Option<Change>, Fault> {
        let FamilyUpdate { family, moves_end } = new;
        let Some((mut condition, old)) = after_revision(family.revision) else { return Ok(None) };
        let mut sets = "SET b = :b, v = :v".to_owned();
        if *moves_end {
            sets.push_str(", e = :e");
        }
        let values = needed.add_to(&mut sets, &mut condition);
        let mut change = Change::update(&self.tables.tokens, Key::family(&family.key()), sets, condition);
        change = change.with("b", text(codec::encode_family(family)?)).with("v", number(family.revision));
        if *moves_end {
            change = change.with("e", moment(family.expires_at));
        }
        let change = values.into_iter().fold(change, |change, (name, value)| change.with(name, value));
        Ok(Some(with_old(change, old)))
    }

    /// Lets DynamoDB forget the access token that a family had when its own time is over. That frees space and decides nothing:
    /// if it fails the token is kept for longer.
    async fn release(&self, before: &Family, now: TokenId) {
        if !before.exclusive || before.token == now {
            return;
        }
        let key = Key::token(&TokenKey { org: before.org.clone(), id: before.token });
        let update = Change::update(&self.tables.tokens, key, "SET x = y REMOVE y", "attribute_exists(y)");
        if let Err(fault) = self.change("releasing an access token that was replaced", update).await {
            tracing::warn!(?fault, "an access token that was replaced is kept for longer");
        }
    }

    fn step(&self, step: &FamilyAdvance, needed: Needed) -> Change {
        let mut sets = "SET a = :token, f = :now".to_owned();
        if step.next.is_some() {
            sets.push_str(", g = g + :one, p = c, c = :next, o = :now");
        }
        if step.ends.is_some() {
            sets.push_str(", e = :end");
        }
        let mut condition = "g = :from AND attribute_not_exists(r) AND e > :now".to_owned();
        let values = needed.add_to(&mut sets, &mut condition);
        let mut change = Change::update(&self.tables.tokens, Key::family(&step.key), sets, condition)
            .with("from", number(step.from))
            .with("now", moment(step.now))
            .with("token", bytes(step.token.as_bytes()));
        if let Some(next) = &step.next {
            change = change.with("one", number(1)).with("next", bytes(next));
        }
        if let Some((end, _)) = step.ends {
            change = change.with("end", moment(end));
        }
        values.into_iter().fold(change, |change, (name, value)| change.with(name, value))
    }
}

/// The condition that a record is there, not revoked, and at the revision before this one, which is the value `:old` unless it
/// is the first. `None`: there is none before.
fn after_revision(revision: u32) -> Option<(String, Option<u32>)> {
    let old = revision.checked_sub(1)?;
    let at = if old == 0 { "attribute_not_exists(v)" } else { "v = :old" };
    let condition = format!("attribute_exists(pk) AND attribute_not_exists(r) AND {at}");
    Some((condition, Some(old).filter(|old| *old > 0)))
}

fn with_old(change: Change, old: Option<u32>) -> Change {
    match old {
        Some(old) => change.with("old", number(old)),
        None => change,
    }
}
