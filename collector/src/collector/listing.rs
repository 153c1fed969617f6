//! Listings of one region: every row once, however often a type is listed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{Region, ResourceType};

use super::SinkError;
use super::account::SharedSink;
use super::globals::HeldItems;
use crate::config_service::RegionClient;
use crate::config_service::decode::{self, Place};
use crate::config_service::error::CallError;
use crate::config_service::query::Query;
use crate::config_service::select::Pages;
use crate::credentials::action;

/// What listing one type gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Listed {
    /// Distinct live rows of the last listing.
    pub(super) rows: u64,
    /// Why the last listing did not end as it should.
    pub(super) failure: Option<(Reason, String)>,
    /// What to know of a listing that did end.
    pub(super) note: Option<String>,
}

/// The rows of one region.
pub(super) struct Listing<'a, 's> {
    client: &'a RegionClient,
    place: Place<'a>,
    sink: &'a SharedSink<'s>,
    /// Every live row that was ever seen, by 128 bits of hash, with the pass that saw it last: an item is given
    /// away once, and counted once per pass. Half a million rows take some 20 MB.
    seen: HashMap<[u64; 2], u32>,
    hashers: [RandomState; 2],
    pass: u32,
    pub(super) listed: BTreeMap<ResourceType, Listed>,
    pub(super) held: HeldItems,
    hopeless: Option<CallError>,
}

impl<'a, 's> Listing<'a, 's> {
    pub(super) fn new(client: &'a RegionClient, place: Place<'a>, sink: &'a SharedSink<'s>) -> Self {
        Self {
            client,
            place,
            sink,
            seen: HashMap::new(),
            hashers: [RandomState::new(), RandomState::new()],
            pass: 0,
            listed: BTreeMap::new(),
            held: HeldItems::default(),
            hopeless: None,
        }
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
    pub(super) async fn run(&mut self, queries: Vec<Query>) -> Result<(), SinkError> {
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
                    self.listed.entry(of.resource_type.clone()).or_default().note = note;
                }
                queue.push_front(query.without_attributes());
            } else {
                self.mark(&query, &error);
                self.hopeless = Some(error).filter(CallError::is_hopeless);
            }
        }
        Ok(())
    }

    fn mark(&mut self, query: &Query, error: &CallError) {
        for of in &query.types {
            let failure = Some((error.reason, error.detail.clone()));
            self.listed.entry(of.resource_type.clone()).or_default().failure = failure;
        }
    }

    /// Reads a query to its end, page by page.
    async fn pages(&mut self, query: &Query) -> Result<Result<(), CallError>, SinkError> {
        self.pass += 1;
        for of in &query.types {
            let listed = self.listed.entry(of.resource_type.clone()).or_default();
            (listed.rows, listed.failure) = (0, None);
        }
        let mut pages = Pages::new(self.client, query);
        let mut unreadable = None;
        loop {
            match pages.next().await {
                Err(error) => return Ok(Err(error)),
                Ok(None) => break,
                Ok(Some(rows)) => {
                    for text in rows {
                        match decode::row(&text, self.place, query) {
                            Ok(Some(item)) => self.take(item)?,
                            Ok(None) => {}
                            // The rest of the listing is still worth having.
                            Err(error) => unreadable = unreadable.or(Some(error)),
                        }
                    }
                }
            }
        }
        Ok(match unreadable {
            None => Ok(()),
            Some(error) => {
                let detail = format!("{}: {error}", action::SELECT);
                Err(CallError::nonsense(Reason::ServiceError, detail))
            }
        })
    }

    fn take(&mut self, item: ConfigurationItem) -> Result<(), SinkError> {
        let identity = (&item.resource_type, &item.resource_id, &item.arn);
        let key = [self.hashers[0].hash_one(identity), self.hashers[1].hash_one(identity)];
        let last_pass = self.seen.insert(key, self.pass);
        if last_pass == Some(self.pass) {
            return Ok(());
        }
        if let Some(listed) = self.listed.get_mut(&item.resource_type) {
            listed.rows += 1;
        }
        if last_pass.is_some() {
            return Ok(());
        }
        if item.region.as_str() == Region::GLOBAL {
            self.held.add(item);
            Ok(())
        } else {
            self.sink.accept(item)
        }
    }
}
