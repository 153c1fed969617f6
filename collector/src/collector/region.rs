//! What reading one region of one account gave, and what that says of each type.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bestand_model::coverage::{CrossCheck, Reason};
use bestand_model::identifiers::{AccountId, Region, ResourceType};
use jiff::Timestamp;

use super::account::SharedSink;
use super::rows::{Listed, Rows};
use super::{Interest, Shared};
use crate::config_service::counts::{self, Counts};
use crate::config_service::query::is_askable;
use crate::config_service::recorder::Recorder;
use crate::credentials::RoleSession;

/// Reads regions of one account.
pub(super) struct Reader<'a, 's> {
    pub(super) shared: &'a Shared,
    pub(super) account_id: &'a AccountId,
    pub(super) session: &'a Arc<RoleSession>,
    pub(super) interest: &'a Interest,
    pub(super) sink: &'a SharedSink<'s>,
    /// Nothing but the types that are of interest.
    pub(super) only: bool,
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
    /// What EC2 says is there; of types that it has no word for, nothing.
    pub(super) cross_checks: BTreeMap<ResourceType, CrossCheck>,
    /// Why EC2 could not be asked, if so: then it vouches for nothing and vetoes nothing.
    pub(super) unchecked: Option<String>,
    /// When the look at the region began, and when it ended.
    pub(super) began_at: Timestamp,
    pub(super) ended_at: Timestamp,
}

/// What reading one type of a region gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TypeOutcome {
    pub(super) before: Option<u64>,
    pub(super) after: Option<u64>,
    pub(super) listed: Listed,
    /// What EC2 has and AWS Config does not, the first of it by name.
    pub(super) unrecorded: Option<String>,
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
    pub(super) fn new(region: Region, recorder: Recorder, began_at: Timestamp) -> Self {
        Self {
            region,
            recorder,
            uncounted: None,
            types: BTreeMap::new(),
            cross_checks: BTreeMap::new(),
            unchecked: None,
            began_at,
            ended_at: began_at,
        }
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
        if let (Some(gap), Some(None)) = (&self.uncounted, outcome.map(|outcome| outcome.before)) {
            // It was listed for the sake of sightings: how that ended is not what it is incomplete for.
            return incomplete(gap);
        }
        if let Some(failure) = outcome.and_then(|outcome| outcome.listed.failure.as_ref()) {
            return incomplete(failure);
        }
        if outcome.is_some_and(TypeOutcome::agrees) {
            return match outcome.and_then(|outcome| outcome.unrecorded.clone()) {
                None => Verdict::Complete,
                Some(detail) => Verdict::Incomplete(Reason::Unrecorded, detail),
            };
        }
        if let Some(gap) = &self.uncounted {
            return incomplete(gap);
        }
        if let Some(detail) = outcome.and_then(|outcome| outcome.unrecorded.clone()) {
            return Verdict::Incomplete(Reason::Unrecorded, detail);
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
    pub(super) fn agrees(&self) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return false };
        counts::agree(before, self.listed.rows, after)
    }

    /// Tells whether fewer rows came than AWS Config counts, before and after.
    fn falls_short(&self) -> bool {
        self.before.is_some_and(|before| self.listed.rows < before)
            && self.after.is_some_and(|after| self.listed.rows < after)
    }
}

impl RegionOutcome {
    fn take_listings(&mut self, rows: &Rows<'_, '_>, wanted: &BTreeSet<ResourceType>, before: &Counts) {
        for resource_type in wanted {
            let outcome = self.types.entry(resource_type.clone()).or_default();
            if let Some(listed) = rows.listed.get(resource_type) {
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

    fn counts_after(&self) -> Counts {
        self.types.iter().map(|(of, outcome)| (of.clone(), outcome.after.unwrap_or(0))).collect()
    }
}
