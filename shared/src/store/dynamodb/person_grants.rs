//! What people have granted to clients: one item each, whose sets grow with each redemption of a code.

use async_trait::async_trait;

use super::change::{Change, Check};
use super::items::{self, deletion, moment, number, text, texts};
use super::keys::{Key, person_grants_partition, person_grants_sk};
use super::{DynamoStore, fault};
use crate::domain::{
    Audience, ClientId, Fault, OrgId, PersonGrant, PersonGrantKey, PersonGrantUpdate, Remembering, Scope, Subject, Timestamp,
};
use crate::store::{KeepPersonGrants, PersonGrantPage};

#[async_trait]
impl KeepPersonGrants for DynamoStore {
    async fn person_grants(
        &self,
        org: &OrgId,
        subject: &Subject,
        after: Option<ClientId>,
        limit: usize,
    ) -> Result<PersonGrantPage, Fault> {
        let from = after.map_or_else(
            || person_grants_sk(subject),
            // No number is as long as one with more behind it.
            |client| format!("{}$", Key::person_grant(&key(org, subject, client)).sk),
        );
        let asked = self.client.query().table_name(&self.tables.tokens).consistent_read(true);
        let asked = asked
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(person_grants_partition(org, subject)))
            .expression_attribute_values(":from", text(from))
            // No digit comes after this.
            .expression_attribute_values(":to", text(format!("{}:", person_grants_sk(subject))))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let some = asked.send().await.map_err(|e| fault("listing grants", e))?;
        let all = some.items().iter().map(|item| items::person_grant(org, item)).collect::<Result<Vec<_>, _>>()?;
        let has_more = some.last_evaluated_key().is_some_and(|key| !key.is_empty());
        let next = all.last().map(|grant| grant.key.client).filter(|_| has_more);
        Ok(PersonGrantPage { grants: all.into_iter().filter(|grant| grant.ended_at.is_none()).collect(), next })
    }

    async fn end_person_grant(&self, key: &PersonGrantKey, at: Timestamp) -> Result<bool, Fault> {
        let expression = "SET e = :at, x = :x REMOVE g, gr, l, m, mr, k, t";
        let change = Change::update(&self.tables.tokens, Key::person_grant(key), expression, GOOD);
        let change = change.with("at", moment(at)).with("x", number(deletion(PersonGrant::kept_after_end(at))));
        match self.change("ending a grant", change).await? {
            Check::Passed => Ok(true),
            // That may have been its own first attempt, whose answer got lost.
            Check::Failed(Some(item)) => Ok(items::person_grant(&key.org, &item)?.ended_at == Some(at)),
            Check::Failed(None) => Ok(false),
        }
    }

    async fn note_person_grant_use(&self, key: &PersonGrantKey, at: Timestamp) -> Result<(), Fault> {
        let condition = format!("{GOOD} AND f < :at");
        let change = Change::update(&self.tables.tokens, Key::person_grant(key), "SET f = :at, x = :x", condition);
        let change = change.with("at", moment(at)).with("x", number(deletion(PersonGrant::kept_after_use(at))));
        self.change("noting the use of a grant", change).await.map(drop)
    }
}

impl DynamoStore {
    /// Adds to a grant what is granted now, or begins it. One that was ended before begins anew: nothing of it is left.
    pub(super) fn granting(&self, update: &PersonGrantUpdate) -> Change {
        let PersonGrantUpdate { key, access, remembering, granted_at, now } = update;
        let sets =
            [("g", texts(access.scopes.iter().map(Scope::as_str))), ("gr", texts(access.resources.iter().map(Audience::as_str)))];
        let mut expression = "SET b = :b, i = :i, f = :f, x = :x, t = if_not_exists(t, :f)".to_owned();
        expression.push_str(match remembering {
            Remembering::Adds => ", k = :k",
            Remembering::Stays | Remembering::Ends => "",
        });
        // A set can't be empty.
        expression.push_str(if access.scopes.is_empty() { " REMOVE e, l" } else { ", l = :g REMOVE e" });
        if *remembering == Remembering::Ends {
            expression.push_str(", k, m, mr");
        }
        let mut added = Vec::new();
        let mut values = Vec::new();
        for ((granted, value), remembered) in sets.into_iter().zip(["m", "mr"]) {
            let Some(value) = value else { continue };
            added.push(format!("{granted} :{granted}"));
            if *remembering == Remembering::Adds {
                added.push(format!("{remembered} :{granted}"));
            }
            values.push((granted, value));
        }
        if !added.is_empty() {
            expression.push_str(" ADD ");
            expression.push_str(&added.join(", "));
        }
        let condition = "attribute_not_exists(e) OR e < :i";
        let change = Change::update(&self.tables.tokens, Key::person_grant(key), expression, condition)
            .with("b", text(key.subject.as_str()))
            .with("i", moment(*granted_at))
            .with("f", moment(*now))
            .with("x", number(deletion(PersonGrant::kept_after_use(*now))));
        let change = if *remembering == Remembering::Adds { change.with("k", number(1)) } else { change };
        values.into_iter().fold(change, |change, (name, value)| change.with(name, value))
    }
}

fn key(org: &OrgId, subject: &Subject, client: ClientId) -> PersonGrantKey {
    PersonGrantKey { org: org.clone(), subject: subject.clone(), client }
}

/// It is there, and wasn't ended.
const GOOD: &str = "attribute_exists(b) AND attribute_not_exists(e)";
