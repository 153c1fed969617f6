//! Pages of `SelectResourceConfig`.

use std::collections::HashSet;

use bestand_model::coverage::Reason;

use super::RegionClient;
use super::error::CallError;
use super::query::Query;
use crate::credentials::action;

/// The largest page; AWS gives 25 rows unasked.
const PAGE_SIZE: i32 = 100;

/// A listing in progress: one page after the other, until the token is missing.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    region: &'a RegionClient,
    query: &'a Query,
    token: Option<String>,
    seen_tokens: HashSet<String>,
    ended: bool,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(region: &'a RegionClient, query: &'a Query) -> Self {
        Self { region, query, token: None, seen_tokens: HashSet::new(), ended: false }
    }

    /// Gives the next page of rows, each a JSON text; `None` when the listing has ended. Pages may be empty or
    /// short while a token follows: only the missing token ends a listing.
    ///
    /// # Errors
    /// [`Reason::Truncated`] when a token comes twice: the SDK's own paginator would end silently there.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<String>>, CallError> {
        if self.ended {
            return Ok(None);
        }
        let client = &self.region.client;
        let page = self
            .region
            .caller
            .call(action::SELECT, || {
                client
                    .select_resource_config()
                    .expression(&self.query.expression)
                    .limit(PAGE_SIZE)
                    .set_next_token(self.token.clone())
                    .send()
            })
            .await?;
        match page.next_token.filter(|next| !next.is_empty()) {
            None => self.ended = true,
            Some(next) if self.seen_tokens.contains(&next) => {
                let detail = format!("{}: a page token came twice", action::SELECT);
                return Err(CallError::nonsense(Reason::Truncated, detail));
            }
            Some(next) => {
                self.seen_tokens.insert(next.clone());
                self.token = Some(next);
            }
        }
        Ok(Some(page.results.unwrap_or_default()))
    }
}
