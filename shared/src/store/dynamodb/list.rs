//! Lists tokens: all shards of an org, merged.
//!
//! Org, subject and where a page begins are part of the keys that are asked for. All else is judged here: an expression would
//! be paid for by what it looks at, as this is, and the body is opaque to it.

use std::collections::VecDeque;

use futures::future::try_join_all;

use super::items::text;
use super::keys::{partition, subject_partition, token_range};
use super::tables::{BY_SUBJECT, BY_SUBJECT_KEY, KEY};
use super::{DynamoStore, Item, fault, items};
use crate::domain::{Fault, OrgId, Shard, TokenId, TokenKey, TokenRecord};
use crate::store::{ReadTokens as _, RecordKeys, TokenPage, TokenQuery};

const DOING: &str = "listing tokens";

impl DynamoStore {
    /// Reads one page of tokens, newest first.
    pub(super) async fn page(&self, org: &OrgId, query: &TokenQuery) -> Result<TokenPage, Fault> {
        if let Some(id) = query.id {
            let key = TokenKey { org: org.clone(), id };
            let found = self.read(&RecordKeys { tokens: vec![key], ..RecordKeys::default() }).await?;
            return Ok(TokenPage {
                tokens: found.tokens.into_values().filter(|token| query.matches(token)).collect(),
                next: None,
            });
        }
        // The tokens of a family are in its own shard.
        let shards = Shard::all().filter(|shard| query.family.is_none_or(|family| family.shard() == *shard));
        let mut strands: Vec<_> = shards.map(|shard| Strand::new(shard, query.after)).collect();
        let mut page = TokenPage::default();
        let mut last = query.after;
        let mut looked_at = 0;
        while looked_at < LOOKED_AT {
            let mut dry: Vec<_> = strands.iter_mut().filter(|strand| strand.is_dry()).collect();
            for some in dry.chunks_mut(AT_ONCE) {
                try_join_all(some.iter_mut().map(|strand| self.fetch(org, query, strand))).await?;
            }
            while page.tokens.len() < query.limit
                && let Some(token) = take_newest(&mut strands)
            {
                looked_at += 1;
                last = Some(token.id);
                page.tokens.extend(Some(token).filter(|token| query.matches(token)));
            }
            if strands.iter().all(Strand::is_done) {
                return Ok(page);
            }
            if page.tokens.len() >= query.limit {
                break;
            }
        }
        page.next = last;
        Ok(page)
    }

    /// The next records of a shard.
    async fn fetch(&self, org: &OrgId, query: &TokenQuery, strand: &mut Strand) -> Result<(), Fault> {
        let [from, to] = token_range(strand.up_to.as_ref());
        let (index, attribute, pk) = match &query.subject {
            Some(subject) if self.tables.by_subject => {
                (Some(BY_SUBJECT.to_owned()), BY_SUBJECT_KEY.partition, subject_partition(org, subject, strand.shard))
            }
            _ => (None, KEY.partition, partition(org, strand.shard)),
        };
        // An index can't be read consistently: what was written just now may not be in it yet.
        let asked = self.client.query().table_name(&self.tables.tokens).consistent_read(index.is_none()).set_index_name(index);
        let asked = asked
            .key_condition_expression(format!("{attribute} = :pk AND sk BETWEEN :from AND :to"))
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .set_exclusive_start_key(strand.rest.take())
            .scan_index_forward(false)
            .limit(share(query.limit, strand.fetches));
        let some = asked.send().await.map_err(|e| fault(DOING, e))?;
        for item in some.items() {
            strand.tokens.push_back(items::listed_token(org, item)?);
        }
        strand.rest = some.last_evaluated_key.filter(|key| !key.is_empty());
        strand.fetches += 1;
        Ok(())
    }
}

/// What of one shard has been fetched and not yet been taken.
struct Strand {
    shard: Shard,
    /// Up to where it is read, that one included: what doesn't belong to the page is left out later.
    up_to: Option<TokenId>,
    tokens: VecDeque<TokenRecord>,
    /// Where the shard goes on.
    rest: Option<Item>,
    /// How often it has been asked for more.
    fetches: u32,
}

impl Strand {
    fn new(shard: Shard, up_to: Option<TokenId>) -> Self {
        Self { shard, up_to, tokens: VecDeque::new(), rest: None, fetches: 0 }
    }

    /// Whether more must be fetched before it is known what comes next.
    fn is_dry(&self) -> bool {
        self.tokens.is_empty() && (self.fetches == 0 || self.rest.is_some())
    }

    fn is_done(&self) -> bool {
        self.tokens.is_empty() && !self.is_dry()
    }
}

/// The newest of all tokens that are left. `None`: there is none, or it isn't known.
fn take_newest(strands: &mut [Strand]) -> Option<TokenRecord> {
    if strands.iter().any(Strand::is_dry) {
        return None;
    }
    let newest = strands.iter_mut().max_by_key(|strand| strand.tokens.front().map(|token| token.id));
    newest.and_then(|strand| strand.tokens.pop_front())
}

/// How much one shard is asked for at once: its share of a page and some more, for chance doesn't deal evenly; then twice as
/// much each time, for so much seems not to match.
fn share(limit: usize, fetches: u32) -> i32 {
    let share = (limit / 12 + 8) << fetches.min(5);
    i32::try_from(share.min(MAX_PAGE_ROWS)).unwrap_or(i32::MAX)
}

/// How many shards are asked at the same time. Each that is takes a connection of its own, whose first handshake costs a small
/// function more time than a second round costs it.
const AT_ONCE: usize = 8;

/// About as many records of an ordinary size as fit into one answer of 1 MB.
const MAX_PAGE_ROWS: usize = 1_000;

/// About the most records that are looked at for one page. A filter that matches little makes short pages, not long waits.
const LOOKED_AT: usize = 5_000;
