//! One region of one account: recorder, counts, rows, counts again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region, ResourceType};

use super::account::SharedSink;
use super::globals::HeldItems;
use super::listing::{Listed, Listing};
use super::{Interest, Shared, SinkError};
use crate::config_service::RegionClient;
use crate::config_service::counts::{self, Counts};
use crate::config_service::decode::Place;
use crate::config_service::error::CallError;
use crate::config_service::query::{is_askable, pack};
use crate::config_service::recorder::{self, Recorder};
use crate::credentials::RoleSession;

/// How often a type whose rows do not agree with its counts is listed again (SEMANTICS 2.3).
const LIST_AGAIN: u32 = 2;

/// Reads regions of one account.
pub(super) struct Reader<'a, 's> {
    pub(super) shared: &'a Shared,
    pub(super) account_id: &'a AccountId,
    pub(super) session: &'a Arc<RoleSession>,
    pub(super) interest: &'a Interest,
    pub(super) sink: &'a SharedSink<'s>,
}

/// What reading a region gave besides its items.
#[derive(Debug)]
pub(super) struct RegionOutcome {
    pub(super) region: Region,
    pub(super) recorder: Recorder,
    /// Why counts are not there, if so: what they do not prove is not known.
    pub(super) uncounted: Option<(Reason, String)>,
    /// Types with a count or a listing.
    pub(super) types: BTreeMap<ResourceType, TypeOutcome>,
    pub(super) calls: u64,
}

/// What reading one type of a region gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TypeOutcome {
    pub(super) before: Option<u64>,
    pub(super) after: Option<u64>,
    pub(super) listed: Listed,
}

/// What a region says of a type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Complete,
    Incomplete(Reason, String),
}

impl Verdict {
    pub(super) fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

impl RegionOutcome {
    fn new(region: Region, recorder: Recorder) -> Self {
        Self { region, recorder, uncounted: None, types: BTreeMap::new(), calls: 0 }
    }

    /// Gives why nothing of the region is complete, if so.
    pub(super) fn gap(&self) -> Option<&(Reason, String)> {
        self.recorder.gap.as_ref().or(self.uncounted.as_ref())
    }

    /// Judges a type: the recorder comes first, then what it records, then the listing, then the counts. What
    /// was proven before a call failed stays proven. A type that was neither counted nor named has nothing, as
    /// far as AWS Config knows.
    pub(super) fn judge(&self, resource_type: &ResourceType) -> Verdict {
        let incomplete = |(reason, detail): &(Reason, String)| Verdict::Incomplete(*reason, detail.clone());
        if let Some(gap) = &self.recorder.gap {
            return incomplete(gap);
        }
        if !self.recorder.records(resource_type) {
            return Verdict::Incomplete(
                Reason::TypeNotRecorded,
                "the recorder leaves the type out".to_owned(),
            );
        }
        let outcome = self.types.get(resource_type);
        if let Some(failure) = outcome.and_then(|outcome| outcome.listed.failure.as_ref()) {
            return incomplete(failure);
        }
        if outcome.is_some_and(TypeOutcome::agrees) {
            return Verdict::Complete;
        }
        if let Some(gap) = &self.uncounted {
            return incomplete(gap);
        }
        match outcome {
            Some(outcome) => {
                let (before, after) = (outcome.before.unwrap_or(0), outcome.after.unwrap_or(0));
                let rows = outcome.listed.rows;
                Verdict::Incomplete(
                    Reason::CountMismatch,
                    format!("AWS Config counts {before} before and {after} after the listing of {rows}"),
                )
            }
            None if !is_askable(resource_type) => Verdict::Incomplete(
                Reason::NotRequested,
                "the name of the type cannot stand in a query".to_owned(),
            ),
            None => Verdict::Complete,
        }
    }
}

impl TypeOutcome {
    /// Tells whether the listing agrees with two counts, one before and one after it: a single count proves
    /// nothing.
    fn agrees(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        counts::agree(before, self.listed.rows, after)
    }
}

impl Reader<'_, '_> {
    /// Reads a region.
    ///
    /// # Errors
    /// Only when the sink fails.
    pub(super) async fn read(&self, region: Region) -> Result<(RegionOutcome, HeldItems), SinkError> {
        let settings = &self.shared.settings;
        let client = RegionClient::new(
            &self.shared.context,
            self.session,
            self.account_id,
            &region,
            settings.patience(),
        );
        let (mut outcome, held) = self.read_with(&client, region).await?;
        outcome.calls = client.calls();
        let gap = outcome.gap().map(|(reason, _)| reason.code());
        tracing::debug!(account_id = %self.account_id, region = %outcome.region, calls = outcome.calls, gap, "region read");
        Ok((outcome, held))
    }

    async fn read_with(
        &self,
        client: &RegionClient,
        region: Region,
    ) -> Result<(RegionOutcome, HeldItems), SinkError> {
        let recorder = match recorder::read(client, (self.shared.settings.clock)()).await {
            Ok(recorder) => recorder,
            Err(error) if error.is_hopeless() => {
                return Ok((RegionOutcome::new(region, Recorder::unread(error)), HeldItems::default()));
            }
            Err(error) => Recorder::unread(error),
        };
        let mut outcome = RegionOutcome::new(region.clone(), recorder);
        if outcome.recorder.is_absent() {
            return Ok((outcome, HeldItems::default()));
        }
        let mut before = match counts::read(client).await {
            Ok(counts) => counts,
            Err(error) => {
                let hopeless = error.is_hopeless();
                outcome.uncounted = Some((error.reason, error.detail));
                if hopeless {
                    return Ok((outcome, HeldItems::default()));
                }
                Counts::new()
            }
        };
        let place = Place {
            account_id: self.account_id,
            region: &region,
            partition: &self.shared.settings.partition,
            is_global: self.shared.settings.is_global,
        };
        let mut listing: Listing<'_, '_> = Listing::new(client, place, self.sink);
        let mut wanted = self.wanted(&outcome, &before);
        let mut rounds_left = LIST_AGAIN;
        loop {
            let numbers = wanted.iter().map(|of| (of, before.get(of).copied().unwrap_or(0)));
            listing.run(pack(numbers, &self.shared.attributes)).await?;
            outcome.take_listings(&mut listing, &wanted, &before);
            // Whatever was not yet proven stays open, also what nobody got to ask for.
            if let Some(error) = listing.hopeless() {
                outcome.uncounted.get_or_insert((error.reason, error.detail.clone()));
            }
            // Where nothing can become complete any more, counting again proves nothing.
            if outcome.gap().is_some() {
                break;
            }
            match counts::read(client).await {
                Ok(after) => outcome.take_counts_after(&after, |of| (self.shared.settings.never_asked)(of)),
                Err(CallError { reason, detail, .. }) => {
                    outcome.uncounted = Some((reason, detail));
                    break;
                }
            }
            wanted = outcome.disagreeing();
            if wanted.is_empty() || rounds_left == 0 {
                break;
            }
            rounds_left -= 1;
            before = outcome.counts_after();
        }
        Ok((outcome, listing.held))
    }

    /// Gives the types to ask for: those with a count, and those that somebody named. A count of zero is no proof
    /// of emptiness without a listing; and where AWS Config counts nothing, as with a stopped recorder, a sighting
    /// still shows that something is there.
    fn wanted(&self, outcome: &RegionOutcome, counts: &Counts) -> BTreeSet<ResourceType> {
        let mut wanted: BTreeSet<_> = counts.keys().cloned().collect();
        let here = |region: &Option<Region>| region.as_ref().is_none_or(|region| *region == outcome.region);
        for (region, resource_type) in &self.interest.scopes {
            if (here(region) || (self.shared.settings.is_global)(resource_type))
                && outcome.recorder.records(resource_type)
            {
                wanted.insert(resource_type.clone());
            }
        }
        wanted.retain(|of| is_askable(of) && !(self.shared.settings.never_asked)(of));
        wanted
    }
}

impl RegionOutcome {
    fn take_listings(
        &mut self,
        listing: &mut Listing<'_, '_>,
        wanted: &BTreeSet<ResourceType>,
        before: &Counts,
    ) {
        for resource_type in wanted {
            let outcome = self.types.entry(resource_type.clone()).or_default();
            if let Some(listed) = listing.listed.get(resource_type) {
                outcome.listed = listed.clone();
            }
            // A count from before this listing says nothing of what came after it.
            outcome.after = None;
            if self.uncounted.is_none() {
                outcome.before = Some(before.get(resource_type).copied().unwrap_or(0));
            }
        }
    }

    fn take_counts_after(&mut self, after: &Counts, never_asked: impl Fn(&ResourceType) -> bool) {
        for resource_type in after.keys().filter(|of| is_askable(of) && !never_asked(of)) {
            // The type may have appeared while others were being listed: without a count before, it is listed next.
            self.types.entry(resource_type.clone()).or_default();
        }
        for (resource_type, outcome) in &mut self.types {
            outcome.after = Some(after.get(resource_type).copied().unwrap_or(0));
        }
    }

    /// Gives the types that are worth listing again.
    fn disagreeing(&self) -> BTreeSet<ResourceType> {
        let disagrees = |outcome: &TypeOutcome| outcome.listed.failure.is_none() && !outcome.agrees();
        let of_type = |(resource_type, outcome): (&ResourceType, &TypeOutcome)| {
            (disagrees(outcome) && self.recorder.records(resource_type)).then(|| resource_type.clone())
        };
        self.types.iter().filter_map(of_type).collect()
    }

    fn counts_after(&self) -> Counts {
        self.types.iter().map(|(of, outcome)| (of.clone(), outcome.after.unwrap_or(0))).collect()
    }
}
