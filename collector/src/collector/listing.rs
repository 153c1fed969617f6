//! Listings of one region, by query and by key.

use std::collections::VecDeque;

use bestand_model::configuration_item::CollectionPath;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::ResourceId;

use super::SinkError;
use super::rows::Rows;
use crate::action::Action;
use crate::config_service::batch_get::{self, MAX_KEYS};
use crate::config_service::decode::{self, Place, RowError};
use crate::config_service::error::{Answer, CallError};
use crate::config_service::query::{Query, TypeQuery};
use crate::config_service::tokens::Tokens;
use crate::config_service::{list, select};
use crate::region_client::RegionClient;

/// Lists what a region has.
pub(super) struct Listing<'a, 's> {
    client: &'a RegionClient,
    place: Place<'a>,
    pub(super) rows: Rows<'a, 's>,
    /// Nothing could be counted here.
    uncounted: bool,
    hopeless: Option<CallError>,
}

impl<'a, 's> Listing<'a, 's> {
    pub(super) fn new(
        client: &'a RegionClient,
        place: Place<'a>,
        rows: Rows<'a, 's>,
        uncounted: bool,
    ) -> Self {
        Self { client, place, rows, uncounted, hopeless: None }
    }

    /// Gives the failure that makes further calls vain, if there was one.
    pub(super) fn hopeless(&self) -> Option<&CallError> {
        self.hopeless.as_ref()
    }

    /// Runs the queries. Where a shared one fails, its types are asked for one by one: most of them come
    /// through. Where AWS Config does not take a type's attributes, it is asked for without them.
    ///
    /// # Errors
    /// Only when the sink fails; a query that fails marks its types.
    pub(super) async fn select(&mut self, queries: Vec<Query>) -> Result<(), SinkError> {
        let mut queue = VecDeque::from(queries);
        while let Some(query) = queue.pop_front() {
            if let Some(error) = self.hopeless.clone() {
                self.mark(&query, &error);
                continue;
            }
            let Err(error) = self.pages(&query).await? else { continue };
            if query.types.len() > 1 && error.is_worth_asking_less() {
                query.split().into_iter().rev().for_each(|single| queue.push_front(single));
            } else if error.refuses_expression() && query.has_attributes() {
                for of in &query.types {
                    let note = Some(format!("collected without attributes: {}", error.detail));
                    self.rows.listed.entry(of.resource_type.clone()).or_default().note = note;
                }
                queue.push_front(query.without_attributes());
            } else {
                self.mark(&query, &error);
                // Where the service fails at counting and at the first query, it will fail at the others.
                let fails = self.uncounted && error.answer == Answer::Failure;
                self.hopeless = Some(error).filter(|error| fails || error.is_hopeless());
            }
        }
        Ok(())
    }

    /// Lists types by id and key: what Select does not serve, or does not serve whole.
    ///
    /// # Errors
    /// Only when the sink fails; a listing that fails marks its type.
    pub(super) async fn by_key(&mut self, types: Vec<TypeQuery>) -> Result<(), SinkError> {
        // A role that may query but not list is no reason to give the region up.
        let mut denied = None;
        for of in types {
            self.rows.begin([&of.resource_type], CollectionPath::BatchGet);
            let failure = match self.hopeless.clone().or_else(|| denied.clone()) {
                Some(error) => Some(error),
                None => self.keys(&of).await?.err(),
            };
            if let Some(error) = failure {
                self.rows.fail(&of.resource_type, error.reason, error.detail.clone());
                let remember =
                    if error.reason == Reason::RoleDenied { &mut denied } else { &mut self.hopeless };
                *remember = Some(error).filter(CallError::is_hopeless);
            }
        }
        Ok(())
    }

    /// Gets some resources of a type by id, and gives them away if they are live.
    pub(super) async fn get(
        &mut self,
        of: &TypeQuery,
        ids: &[ResourceId],
    ) -> Result<Result<(), CallError>, SinkError> {
        let mut unreadable = None;
        for some in ids.chunks(MAX_KEYS) {
            let rows = match batch_get::get(self.client, &of.resource_type, some).await {
                Ok(rows) => rows,
                Err(error) => return Ok(Err(error)),
            };
            for row in rows {
                match decode::base_row(row, self.place, of) {
                    Ok(Some(item)) => self.rows.take(item)?,
                    Ok(None) => {}
                    Err(error) => unreadable = unreadable.or(Some(error)),
                }
            }
        }
        Ok(whole(Action::BatchGet, unreadable))
    }

    fn mark(&mut self, query: &Query, error: &CallError) {
        for of in &query.types {
            self.rows.fail(&of.resource_type, error.reason, error.detail.clone());
        }
    }

    /// Reads a query to its end, page by page.
    async fn pages(&mut self, query: &Query) -> Result<Result<(), CallError>, SinkError> {
        self.rows.begin(query.types.iter().map(|of| &of.resource_type), CollectionPath::Select);
        let mut tokens = Tokens::default();
        let mut unreadable = None;
        while !tokens.ended() {
            let texts = match select::page(self.client, query, &mut tokens).await {
                Ok(texts) => texts,
                Err(error) => return Ok(Err(error)),
            };
            for text in texts {
                match decode::row(&text, self.place, query, CollectionPath::Select) {
                    Ok(Some(item)) => self.rows.take(item)?,
                    Ok(None) => {}
                    // The rest of the listing is still worth having.
                    Err(error) => unreadable = unreadable.or(Some(error)),
                }
            }
        }
        Ok(whole(Action::Select, unreadable))
    }

    async fn keys(&mut self, of: &TypeQuery) -> Result<Result<(), CallError>, SinkError> {
        let mut tokens = Tokens::default();
        while !tokens.ended() {
            let ids = match list::page(self.client, &of.resource_type, &mut tokens).await {
                Ok(ids) => ids,
                Err(error) => return Ok(Err(error)),
            };
            if let Err(error) = self.get(of, &ids).await? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

/// A listing in which a row could not be read is not whole.
fn whole(action: Action, unreadable: Option<RowError>) -> Result<(), CallError> {
    match unreadable {
        None => Ok(()),
        Some(error) => Err(CallError::nonsense(Reason::ServiceError, format!("{action}: {error}"))),
    }
}
