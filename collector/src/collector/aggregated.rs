//! An account through the aggregator: presence and attributes. Absence may be concluded only where the account's own
//! recorder was read in this run and its own counts agree (SEMANTICS 2.11).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bestand_model::configuration_item::{CollectionPath, ConfigurationItem};
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region, ResourceType};

use super::account::SharedSink;
use super::globals::GlobalItems;
use super::region::RegionOutcome;
use super::rows::Listed;
use super::{Interest, Shared, SinkError};
use crate::action::Action;
use crate::config_service::aggregator::Aggregator;
use crate::config_service::counts::{self, Counts};
use crate::config_service::decode::{self, Place};
use crate::config_service::error::CallError;
use crate::config_service::query::{Query, is_askable, pack};
use crate::config_service::recorder::{self, Recorder};
use crate::config_service::tokens::Tokens;
use crate::credentials::RoleSession;
use crate::region_client::RegionClient;

/// Reads one account through the aggregator.
pub(super) struct Reader<'a, 's> {
    pub(super) shared: &'a Shared,
    pub(super) aggregator: &'a Aggregator,
    pub(super) account_id: &'a AccountId,
    /// The account's own session, or why there is none.
    pub(super) session: &'a Result<Arc<RoleSession>, CallError>,
    pub(super) interest: &'a Interest,
    pub(super) sink: &'a SharedSink<'s>,
    /// Nothing but the types that are of interest.
    pub(super) only: bool,
}

/// One region's own word, where it could be asked.
struct Own {
    client: Option<RegionClient>,
    outcome: RegionOutcome,
    before: Counts,
}

/// Rows by region and type.
#[derive(Default)]
struct Counted {
    rows: BTreeMap<(Region, ResourceType), u64>,
    failures: BTreeMap<ResourceType, (Reason, String)>,
    notes: BTreeMap<ResourceType, String>,
    seen: HashSet<(ResourceType, String)>,
}

impl Reader<'_, '_> {
    /// Reads the regions.
    ///
    /// # Errors
    /// Only when the sink fails.
    pub(super) async fn read(
        &self,
        regions: BTreeSet<Region>,
    ) -> Result<(BTreeMap<Region, RegionOutcome>, GlobalItems), SinkError> {
        let mut own = BTreeMap::new();
        for region in regions {
            own.insert(region.clone(), self.own(region).await);
        }
        let mut globals = GlobalItems::default();
        let mut counted = Counted::default();
        match self.wanted(&own).await {
            Ok(wanted) => self.rows(wanted, &own, &mut counted, &mut globals).await?,
            Err(error) => {
                for own in own.values_mut() {
                    own.outcome.uncounted.get_or_insert((error.reason, error.detail.clone()));
                }
            }
        }
        let mut outcomes = BTreeMap::new();
        for (region, own) in own {
            outcomes.insert(region, self.judge(own, &counted, &globals).await);
        }
        Ok((outcomes, globals))
    }

    /// Asks a region itself: without its own recorder nothing of it is complete.
    async fn own(&self, region: Region) -> Own {
        let now = (self.shared.settings.clock)();
        let unknown = |detail: &str| {
            let detail = format!("the account's own recorder was not read: {detail}");
            Recorder::unread(CallError::nonsense(Reason::RecorderUnknown, detail))
        };
        let session = match self.session {
            Ok(session) => session,
            Err(error) => {
                let outcome = RegionOutcome::new(region, unknown(&error.detail), now);
                return Own { client: None, outcome, before: Counts::new() };
            }
        };
        let client = self.shared.region_client(session, &region);
        let recorder = recorder::read(&client, now).await.unwrap_or_else(|error| unknown(&error.detail));
        let mut outcome = RegionOutcome::new(region, recorder, now);
        let mut before = Counts::new();
        if outcome.gap().is_none() {
            match counts::read(&client).await {
                Ok(counts) => before = counts,
                Err(error) => outcome.uncounted = Some((error.reason, error.detail)),
            }
        }
        Own { client: Some(client), outcome, before }
    }

    /// Gives the types to ask for: what the aggregator has, what the regions count, what somebody named.
    async fn wanted(&self, own: &BTreeMap<Region, Own>) -> Result<BTreeMap<ResourceType, u64>, CallError> {
        let mut wanted: BTreeMap<ResourceType, u64> = BTreeMap::new();
        for of in self.aggregator.types(self.account_id).await? {
            wanted.entry(of).or_default();
        }
        for (of, count) in own.values().flat_map(|own| &own.before) {
            *wanted.entry(of.clone()).or_default() += count;
        }
        for (_, of) in &self.interest.scopes {
            wanted.entry(of.clone()).or_default();
        }
        wanted.retain(|of, _| is_askable(of) && !self.passes_over(of));
        Ok(wanted)
    }

    /// Tells whether a type is none of this reading's business.
    fn passes_over(&self, resource_type: &ResourceType) -> bool {
        let named = || self.interest.scopes.iter().any(|(_, of)| of == resource_type);
        (self.shared.settings.never_asked)(resource_type) || (self.only && !named())
    }

    async fn rows(
        &self,
        wanted: BTreeMap<ResourceType, u64>,
        own: &BTreeMap<Region, Own>,
        counted: &mut Counted,
        globals: &mut GlobalItems,
    ) -> Result<(), SinkError> {
        let mut queue: Vec<Query> =
            pack(wanted.iter().map(|(of, count)| (of, *count)), &self.shared.attributes);
        queue.reverse();
        while let Some(query) = queue.pop() {
            let Err(error) = self.pages(&query, own, counted, globals).await? else { continue };
            if query.types.len() > 1 && error.is_worth_asking_less() {
                queue.extend(query.split().into_iter().rev());
            } else if error.refuses_expression() && query.has_attributes() {
                for of in &query.types {
                    let note = format!("collected without attributes: {}", error.detail);
                    counted.notes.insert(of.resource_type.clone(), note);
                }
                queue.push(query.without_attributes());
            } else {
                for of in &query.types {
                    counted.failures.insert(of.resource_type.clone(), (error.reason, error.detail.clone()));
                }
            }
        }
        Ok(())
    }

    async fn pages(
        &self,
        query: &Query,
        own: &BTreeMap<Region, Own>,
        counted: &mut Counted,
        globals: &mut GlobalItems,
    ) -> Result<Result<(), CallError>, SinkError> {
        let home = self.shared.context.home_region();
        let place = Place {
            account_id: self.account_id,
            region: &home,
            partition: &self.shared.settings.partition,
            is_global: self.shared.settings.is_global,
        };
        let mut tokens = Tokens::default();
        let mut unreadable = None;
        while !tokens.ended() {
            let texts = match self.aggregator.page(query, self.account_id, &mut tokens).await {
                Ok(texts) => texts,
                Err(error) => return Ok(Err(error)),
            };
            for text in texts {
                match decode::row(&text, place, query, CollectionPath::Aggregator) {
                    Ok(Some(item)) => self.take(item, own, counted, globals)?,
                    Ok(None) => {}
                    Err(error) => unreadable = unreadable.or(Some(error)),
                }
            }
        }
        Ok(match unreadable {
            None => Ok(()),
            Some(error) => {
                let detail = format!("{}: {error}", Action::AggregatorSelect);
                Err(CallError::nonsense(Reason::ServiceError, detail))
            }
        })
    }

    /// Keeps an item of a region that is asked for, once.
    fn take(
        &self,
        item: ConfigurationItem,
        own: &BTreeMap<Region, Own>,
        counted: &mut Counted,
        globals: &mut GlobalItems,
    ) -> Result<(), SinkError> {
        if item.region.as_str() == Region::GLOBAL {
            globals.merge_one(item);
            return Ok(());
        }
        let name = item
            .arn
            .as_ref()
            .map_or_else(|| format!("{}/{}", item.region, item.resource_id), ToString::to_string);
        if !own.contains_key(&item.region) || !counted.seen.insert((item.resource_type.clone(), name)) {
            return Ok(());
        }
        *counted.rows.entry((item.region.clone(), item.resource_type.clone())).or_default() += 1;
        self.sink.accept(item)
    }

    /// Holds the aggregator's rows against the region's own counts.
    async fn judge(&self, own: Own, counted: &Counted, globals: &GlobalItems) -> RegionOutcome {
        let Own { client, mut outcome, before } = own;
        let region = outcome.region.clone();
        // An outdated copy says nothing, whatever the region says of itself.
        let stale = match self.aggregator.sources().await {
            Ok(sources) => sources.gap(self.account_id, &region),
            Err(error) => Some((error.reason, error.detail)),
        };
        if stale.is_some() {
            outcome.recorder.gap = stale;
        }
        let mut after = None;
        if let (Some(client), None) = (&client, outcome.gap()) {
            match counts::read(client).await {
                Ok(counts) => after = Some(counts),
                Err(error) => outcome.uncounted = Some((error.reason, error.detail)),
            }
        }
        let mut types: BTreeSet<ResourceType> = before.keys().cloned().collect();
        types.extend(after.iter().flat_map(|after| after.keys().cloned()));
        types.extend(counted.rows.keys().filter(|(own, _)| *own == region).map(|(_, of)| of.clone()));
        let named =
            self.interest.scopes.iter().filter(|(own, _)| own.as_ref().is_none_or(|own| *own == region));
        types.extend(named.map(|(_, of)| of.clone()).filter(|of| outcome.recorder.records(of)));
        types.retain(|of| is_askable(of) && !self.passes_over(of));
        let global_rows = globals.counts();
        let uncounted = outcome.gap().is_some();
        for of in types {
            let count = |counts: &Counts| counts.get(&of).copied().unwrap_or(0);
            let found = outcome.types.entry(of.clone()).or_default();
            if !uncounted {
                found.before = Some(count(&before));
                found.after = after.as_ref().map(count);
            }
            // Each recording region counts all of a global type; the aggregator has them once.
            let rows = counted.rows.get(&(region.clone(), of.clone())).or_else(|| global_rows.get(&of));
            found.listed = Listed {
                rows: rows.copied().unwrap_or(0),
                failure: counted.failures.get(&of).cloned(),
                note: counted.notes.get(&of).cloned(),
                path: Some(CollectionPath::Aggregator),
            };
        }
        outcome.ended_at = (self.shared.settings.clock)();
        outcome
    }
}
