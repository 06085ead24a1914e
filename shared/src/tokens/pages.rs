//! Reading the tokens of an org page by page, for no longer than there is time.

use crate::domain::{Fault, OrgId, Timestamp, TokenId, TokenRecord};
use crate::platform::capabilities::Reader;
use crate::store::TokenQuery;

/// The tokens that a query asks for, newest first, a page at a time and until a deadline.
pub(super) struct Pages<'a> {
    reader: &'a Reader,
    org: &'a OrgId,
    query: TokenQuery,
    until: Timestamp,
    next: Option<TokenId>,
    has_begun: bool,
}

impl<'a> Pages<'a> {
    /// Begins where the query says. The pages are as long as its limit, at most: a store may give less and still have more.
    pub(super) fn new(reader: &'a Reader, org: &'a OrgId, query: TokenQuery, until: Timestamp) -> Self {
        Self { reader, org, query, until, next: None, has_begun: false }
    }

    /// Reads the next page. `None`: there is none, or the time is up. The first is read however late it is, so that each call gets on.
    ///
    /// # Errors
    /// A [`Fault`] if the store can't be read.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<TokenRecord>>, Fault> {
        if self.has_begun {
            if self.next.is_none() || self.reader.now() >= self.until {
                return Ok(None);
            }
            self.query.after = self.next;
        }
        let page = self.reader.tokens.list(self.org, &self.query).await?;
        (self.next, self.has_begun) = (page.next, true);
        Ok(Some(page.tokens))
    }

    /// Returns behind which token those begin that weren't read. `None`: all were.
    pub(super) fn rest(&self) -> Option<TokenId> {
        self.next
    }
}
