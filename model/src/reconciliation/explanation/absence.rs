//! Where an asset could have been found, whether all of that was seen, and how long it has been missed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Judgement;
use crate::absence::Domain;
use crate::asset::PublishedAsset;
use crate::coverage::{AccountCoverage, Coverage, CoverageLine, Reason};
use crate::identifiers::{Region, ResourceType};
use crate::reconciliation::judge::Judge;
use crate::reconciliation::subject::Subject;

/// Gaps that are told of one part of the domain.
const MOST_GAPS: usize = 5;

/// Where the asset could have been found (SEMANTICS 2.2).
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Absence {
    /// Whether all of it was seen.
    pub complete: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Its parts; none for what belongs to no account.
    pub domain: Vec<DomainPart>,
    /// Types of which some item does not show what a rule of the settings reads: it may be the one.
    pub uncollected: BTreeSet<ResourceType>,
}

/// A scope, or several: what is not named is every one.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct DomainPart {
    /// The region; absent: every region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The type; absent: every type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Whether all of it was seen.
    pub complete: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The ledger's lines that are not complete.
    #[schemars(with = "Vec<Value>")]
    pub gaps: Vec<CoverageLine>,
    /// How many more there are.
    pub more_gaps: usize,
}

/// What was seen of a published asset, and what its retirement would take (SEMANTICS 2.5, 2.6).
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Looks {
    /// When it was first seen live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub first_seen: Option<Timestamp>,
    /// When it was last seen live.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_seen: Option<Timestamp>,
    /// The first of the complete looks in a row that found it absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub absent_since: Option<Timestamp>,
    /// The last look that counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_look: Option<Timestamp>,
    /// Complete looks in a row that found it absent, this run's included.
    pub looks: u32,
    /// How many it takes.
    pub needs_looks: u32,
    /// Hours since the first of them that it takes.
    pub needs_hours: u32,
    /// Hours between two looks that both count.
    pub look_interval_hours: u32,
    /// Something of its domain is recorded once a day.
    pub daily: bool,
    /// The earliest instant at which the grace can be over, if every look until then finds it absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub earliest_retirement: Option<Timestamp>,
}

fn reason_of(coverage: Coverage) -> Option<Reason> {
    match coverage {
        Coverage::Complete => None,
        Coverage::Incomplete(reason) => Some(reason),
    }
}

/// Tells where the subject could have been found.
pub(super) fn absence(
    judge: &Judge<'_>,
    named: &BTreeSet<Region>,
    judgement: &Judgement<'_>,
    subject: &Subject<'_>,
    entry: Option<&PublishedAsset>,
) -> Absence {
    let coverage = judge.absence_coverage(subject, entry);
    let domains = judge.domains(subject, entry);
    let domain = judgement.inventory.map_or_else(Vec::new, |inventory| {
        domains.into_iter().map(|domain| part(domain, &inventory.coverage, named)).collect()
    });
    let uncollected = judge.index.zip(subject.record).map(|(index, record)| index.uncollected_for(record));
    Absence {
        complete: coverage.is_complete(),
        reason: reason_of(coverage),
        domain,
        uncollected: uncollected.into_iter().flatten().cloned().collect(),
    }
}

fn part(domain: Domain, ledger: &AccountCoverage, named: &BTreeSet<Region>) -> DomainPart {
    let reason = reason_of(domain.coverage(ledger, named));
    let mut gaps = if reason.is_some() { gaps(&domain, ledger) } else { Vec::new() };
    // A region that is not enabled is part of the domain only where something names it.
    gaps.retain(|line| {
        line.reason != Some(Reason::RegionDisabled)
            || line.region.as_ref().is_none_or(|region| named.contains(region))
    });
    let more_gaps = gaps.len().saturating_sub(MOST_GAPS);
    gaps.truncate(MOST_GAPS);
    let (region, resource_type) = match domain {
        Domain::Scope(region, kind) => (Some(region), Some(kind)),
        Domain::EveryRegion(kind) => (None, Some(kind)),
        Domain::EveryType(region) => (Some(region), None),
        Domain::Account => (None, None),
    };
    DomainPart { region, resource_type, complete: reason.is_none(), reason, gaps, more_gaps }
}

/// The lines of the domain that are not complete: the account's own before all others.
fn gaps(domain: &Domain, ledger: &AccountCoverage) -> Vec<CoverageLine> {
    let incomplete = |line: &&CoverageLine| !line.coverage().is_complete();
    if let Some(line) = ledger.account_line().filter(incomplete) {
        return vec![line.clone()];
    }
    let scope = |region: &Region, kind: &ResourceType| {
        ledger.type_line(region, kind).or_else(|| ledger.region_line(region)).filter(incomplete)
    };
    match domain {
        Domain::Scope(region, kind) => scope(region, kind).into_iter().cloned().collect(),
        Domain::EveryRegion(kind) => {
            ledger.regions().filter_map(|region| scope(region, kind)).cloned().collect()
        }
        Domain::EveryType(region) => ledger
            .lines()
            .filter(|line| line.region.as_ref() == Some(region))
            .filter(incomplete)
            .cloned()
            .collect(),
        Domain::Account => ledger.lines().filter(incomplete).cloned().collect(),
    }
}

/// Tells what was seen of an entry and what its retirement would take.
pub(super) fn looks(
    judge: &Judge<'_>,
    judgement: &Judgement<'_>,
    subject: &Subject<'_>,
    entry: &PublishedAsset,
) -> Looks {
    let rules = judge.patience(subject, Some(entry));
    let daily = judge.is_recorded_daily(subject, entry);
    let history = judgement.result.history.assets.get(&entry.asset_key).cloned().unwrap_or_default();
    Looks {
        earliest_retirement: rules.earliest_end(&history, daily),
        needs_looks: rules.after_runs.max(1),
        needs_hours: rules.hours(daily),
        look_interval_hours: rules.min_look_interval_hours,
        daily,
        first_seen: history.first_seen,
        last_seen: history.last_seen,
        absent_since: history.absent_since,
        last_look: history.last_look,
        looks: history.looks,
    }
}
