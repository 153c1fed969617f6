//! The completeness ledger of one account, from what its regions gave.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::coverage::{CoverageLine, CrossCheck, Reason};
use bestand_model::identifiers::{AccountId, Region, ResourceType};

use super::region::{RegionOutcome, Verdict};
use super::{CollectorSettings, Interest};

/// What the ledger is made of.
pub(super) struct Account<'a> {
    pub(super) id: &'a AccountId,
    pub(super) regions: &'a BTreeMap<Region, RegionOutcome>,
    pub(super) left_out: &'a BTreeMap<Region, (Reason, &'static str)>,
    /// Distinct items of global types.
    pub(super) globals: &'a BTreeMap<ResourceType, u64>,
    pub(super) interest: &'a Interest,
    pub(super) settings: &'a CollectorSettings,
}

/// Writes the lines, by region and type.
pub(super) fn lines(account: &Account<'_>) -> Vec<CoverageLine> {
    let mut lines = Vec::new();
    for (region, (reason, detail)) in account.left_out {
        lines.push(account.line(region, None, Verdict::Incomplete(*reason, (*detail).to_owned())));
    }
    let globals = account.global_types();
    let mut open_globals = BTreeSet::new();
    for resource_type in &globals {
        let line = account.global_line(resource_type);
        if !line.coverage().is_complete() {
            open_globals.insert(resource_type.clone());
        }
        lines.push(line);
    }
    for outcome in account.regions.values() {
        lines.push(account.region_line(outcome));
        for resource_type in account.types_of(outcome, &globals, &open_globals) {
            lines.push(account.type_line(outcome, &resource_type));
        }
    }
    lines.sort_by(|left, right| {
        (&left.region, &left.resource_type).cmp(&(&right.region, &right.resource_type))
    });
    lines
}

impl Account<'_> {
    fn line(&self, region: &Region, resource_type: Option<&ResourceType>, verdict: Verdict) -> CoverageLine {
        let (region, resource_type) = (Some(region.clone()), resource_type.cloned());
        match verdict {
            Verdict::Complete => CoverageLine::complete(self.id.clone(), region, resource_type),
            Verdict::Incomplete(reason, detail) => {
                CoverageLine::incomplete(self.id.clone(), region, resource_type, reason, detail)
            }
        }
    }

    /// The default for all types of a region.
    fn region_line(&self, outcome: &RegionOutcome) -> CoverageLine {
        let verdict = match outcome.gap() {
            Some((reason, detail)) => Verdict::Incomplete(*reason, detail.clone()),
            None => Verdict::Complete,
        };
        let mut line = self.line(&outcome.region, None, verdict);
        line.daily = outcome.recorder.is_daily(None);
        (line.began_at, line.ended_at) = (Some(outcome.began_at), Some(outcome.ended_at));
        line.cross_check = outcome.cross_checks.values().copied().reduce(CrossCheck::and);
        if let (None, Some(unchecked)) = (&line.detail, &outcome.unchecked) {
            line.detail = Some(format!("not checked against EC2: {unchecked}"));
        }
        line
    }

    fn type_line(&self, outcome: &RegionOutcome, resource_type: &ResourceType) -> CoverageLine {
        let verdict = if (self.settings.never_asked)(resource_type) {
            Verdict::Incomplete(Reason::NotRequested, "the settings never ask for the type".to_owned())
        } else {
            outcome.judge(resource_type)
        };
        let complete = verdict.is_complete();
        let mut line = self.line(&outcome.region, Some(resource_type), verdict);
        line.daily = outcome.recorder.is_daily(Some(resource_type));
        (line.began_at, line.ended_at) = (Some(outcome.began_at), Some(outcome.ended_at));
        line.cross_check = outcome.cross_checks.get(resource_type).copied();
        match outcome.types.get(resource_type) {
            Some(of) => {
                (line.expected, line.expected_after) = (of.before, of.after);
                line.collected = Some(of.listed.rows);
                line.path = of.listed.path;
                if complete {
                    line.detail.clone_from(&of.listed.note);
                }
            }
            None if complete => {
                (line.expected, line.expected_after, line.collected) = (Some(0), Some(0), Some(0));
            }
            None => {}
        }
        line
    }

    /// Types that a region has a line for: what was counted there or showed something, and what is named.
    fn types_of(
        &self,
        outcome: &RegionOutcome,
        globals: &BTreeSet<ResourceType>,
        open_globals: &BTreeSet<ResourceType>,
    ) -> BTreeSet<ResourceType> {
        let mut types: BTreeSet<_> = outcome.types.keys().cloned().collect();
        for (region, resource_type) in &self.interest.scopes {
            let here = region.as_ref().is_none_or(|region| *region == outcome.region);
            if here && !globals.contains(resource_type) {
                types.insert(resource_type.clone());
            }
        }
        // A recorder that leaves global types to another region is no gap, as long as that one is complete.
        types.extend(open_globals.iter().cloned());
        types.retain(|of| !globals.contains(of) || open_globals.contains(of) || outcome.recorder.records(of));
        types
    }

    /// Global types that somebody named, or that some region counted or listed.
    fn global_types(&self) -> BTreeSet<ResourceType> {
        let named = self.interest.scopes.iter().map(|(_, of)| of);
        let found = self.regions.values().flat_map(|outcome| outcome.types.keys());
        let mut types: BTreeSet<_> =
            named.chain(found).filter(|of| (self.settings.is_global)(of)).cloned().collect();
        // Also those that only their rows call global.
        types.extend(self.globals.keys().cloned());
        types
    }

    /// A global type is complete if one region that records it is; a type with a home region needs that one
    /// (SEMANTICS 2.7).
    fn global_line(&self, resource_type: &ResourceType) -> CoverageLine {
        let region = Region::global();
        let type_line = |outcome| self.type_line(outcome, resource_type);
        let mut line = match (self.settings.home_region)(resource_type) {
            Some(home) => match (self.regions.get(&home), self.left_out.get(&home)) {
                (Some(outcome), _) => type_line(outcome),
                (None, left_out) => {
                    let reason = left_out.map_or(Reason::RegionDisabled, |(reason, _)| *reason);
                    let detail = format!("the type is recorded in {home} only, and that region is not read");
                    self.line(&region, Some(resource_type), Verdict::Incomplete(reason, detail))
                }
            },
            None => self
                .regions
                .values()
                .map(type_line)
                .min_by_key(|line| self.usefulness(line))
                .unwrap_or_else(|| {
                    let detail = "no region of the account is read".to_owned();
                    self.line(&region, Some(resource_type), Verdict::Incomplete(Reason::NotRequested, detail))
                }),
        };
        if line.coverage().is_complete() && (self.settings.home_region)(resource_type).is_none() {
            let witness = line.region.clone().unwrap_or_else(Region::global);
            if !self.shows_global_types(&witness) {
                let detail = format!(
                    "{witness} records the type, but has no resource of any global type: some regions cannot record them"
                );
                line.set_incomplete(Reason::TypeNeverSeen, detail);
            }
        }
        line.region = Some(region);
        if line.collected.is_some() || self.globals.contains_key(resource_type) {
            line.collected = Some(self.globals.get(resource_type).copied().unwrap_or(0));
        }
        line
    }

    /// Orders what regions say of a global type, the best witness first.
    fn usefulness(&self, line: &CoverageLine) -> (bool, bool, bool, Option<Region>) {
        let witness = line.region.as_ref().is_some_and(|region| self.shows_global_types(region));
        let not_recorded = line.reason == Some(Reason::TypeNotRecorded);
        (!line.coverage().is_complete(), not_recorded, !witness, line.region.clone())
    }

    /// Tells whether a region has resources of global types at all. In regions that AWS Config came to after
    /// February 2022 a recorder may be set to record IAM and still cannot: it counts nothing, and that is no
    /// evidence of emptiness.
    fn shows_global_types(&self, region: &Region) -> bool {
        self.regions.get(region).is_some_and(|outcome| {
            outcome.types.iter().any(|(of, found)| {
                found.listed.rows > 0
                    && self.globals.contains_key(of)
                    && (self.settings.home_region)(of).is_none()
            })
        })
    }
}
