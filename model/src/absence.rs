//! When a resource may be called absent, and when it may be retired (SEMANTICS section 2).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::asset::PublishedAsset;
use crate::asset_record::AssetRecord;
use crate::coverage::{AccountCoverage, Coverage, CoverageLine, Reason};
use crate::history::{AssetHistory, ScopeHistory, SeenTypes};
use crate::identifiers::{Region, ResourceType};
use crate::resource_type::is_global;

/// Where a record or an asset could have been found: all of it must be complete before it is called absent
/// (SEMANTICS 2.2).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Domain {
    /// One type in one region, or in `global`.
    Scope(Region, ResourceType),
    /// One type in every region of the account.
    EveryRegion(ResourceType),
    /// Every type in one region.
    EveryType(Region),
    /// The whole account.
    Account,
}

impl Domain {
    /// Gives the scopes in which a record's identification rules could have matched.
    pub fn of_record(record: &AssetRecord) -> Vec<Self> {
        Self::derive(record.arn.as_ref(), record.region.as_ref(), record.resource_type.as_ref())
    }

    /// Gives the scopes in which a published asset's resource could have been found.
    pub fn of_published(asset: &PublishedAsset) -> Vec<Self> {
        Self::derive(asset.arn().as_ref(), asset.region().as_ref(), asset.resource_type().as_ref())
    }

    fn derive(arn: Option<&Arn>, region: Option<&Region>, kind: Option<&ResourceType>) -> Vec<Self> {
        if let Some(kind) = kind.filter(|kind| is_global(kind)) {
            return vec![Self::Scope(Region::global(), kind.clone())];
        }
        // An ARN is looked for in the whole account. One that names its region can only be found there; one
        // that does not (a bucket's) can turn up in any region, whatever region a person wrote beside it.
        // `global` without a type is no place: what is meant may be a bucket in some region.
        let region = region.filter(|region| kind.is_some() || region.as_str() != Region::GLOBAL);
        let regions: Option<BTreeSet<&Region>> = match (arn.map(Arn::region), region) {
            (Some(Some(arn_region)), region) => {
                let mut all: BTreeSet<Region> = region.into_iter().cloned().collect();
                all.insert(arn_region);
                return all
                    .into_iter()
                    .map(|region| match kind {
                        Some(kind) => Self::Scope(region, kind.clone()),
                        None => Self::EveryType(region),
                    })
                    .collect();
            }
            (Some(None), _) | (None, None) => None,
            (None, Some(region)) => Some(BTreeSet::from([region])),
        };
        match (regions, kind) {
            (Some(regions), Some(kind)) => {
                regions.into_iter().map(|region| Self::Scope(region.clone(), kind.clone())).collect()
            }
            (Some(regions), None) => {
                regions.into_iter().map(|region| Self::EveryType(region.clone())).collect()
            }
            (None, Some(kind)) => vec![Self::EveryRegion(kind.clone())],
            (None, None) => vec![Self::Account],
        }
    }

    /// Tells whether everything in the domain was seen, else the first reason why not.
    ///
    /// `named` are the regions that records and published assets of the account name: a region that is not
    /// enabled belongs to the account only if one of them does.
    pub fn coverage(&self, ledger: &AccountCoverage, named: &BTreeSet<Region>) -> Coverage {
        self.coverage_seen_so(ledger, named, |coverage| coverage)
    }

    /// Tells whether a match in the domain may have been missed, see [`Coverage::hides_matches`].
    pub fn hides_matches(&self, ledger: &AccountCoverage, named: &BTreeSet<Region>) -> bool {
        let only_what_hides =
            |coverage: Coverage| if coverage.hides_matches() { coverage } else { Coverage::Complete };
        let coverage = self.coverage_seen_so(ledger, named, only_what_hides);
        // Without a type every type of the account was looked through.
        coverage.hides_matches() && coverage != Coverage::Incomplete(Reason::ScopeUnknown)
    }

    fn coverage_seen_so(
        &self,
        ledger: &AccountCoverage,
        named: &BTreeSet<Region>,
        seen: impl Fn(Coverage) -> Coverage,
    ) -> Coverage {
        match self {
            Self::Scope(region, kind) => seen(ledger.of(region, kind)),
            Self::EveryRegion(kind) => {
                let regions = regions_of(ledger, named);
                let regions = regions.into_iter().filter(|region| region.as_str() != Region::GLOBAL);
                all_complete(regions.map(|region| seen(ledger.of(region, kind))), ledger)
            }
            Self::EveryType(region) => {
                // Without a default line nobody looked at the region as a whole.
                let asked = ledger.region_line(region).is_some();
                let lines = ledger.lines().filter(|line| asked && line.region.as_ref() == Some(region));
                without_type(all_complete(lines.map(|line| seen(line.coverage())), ledger))
            }
            Self::Account => {
                let regions = regions_of(ledger, named);
                let lines = ledger.lines();
                let lines =
                    lines.filter(|line| line.region.as_ref().is_some_and(|own| regions.contains(own)));
                without_type(all_complete(lines.map(|line| seen(line.coverage())), ledger))
            }
        }
    }

    /// Tells whether something in the domain is recorded once a day only.
    pub fn is_daily(&self, ledger: &AccountCoverage) -> bool {
        let mut lines = ledger.lines();
        match self {
            Self::Scope(region, kind) => scope_is_daily(ledger, region, kind),
            Self::EveryRegion(kind) => {
                let mut regions = lines.filter_map(|line| line.region.as_ref());
                regions.any(|region| scope_is_daily(ledger, region, kind))
            }
            Self::EveryType(region) => lines.any(|line| line.daily && line.region.as_ref() == Some(region)),
            Self::Account => lines.any(|line| line.daily),
        }
    }
}

/// A type that nobody names may be one that the recorder leaves out, or that AWS Config does not know: the
/// ledger has no line for it, and so even a complete ledger does not show that it is gone.
fn without_type(coverage: Coverage) -> Coverage {
    coverage.and(Coverage::Incomplete(Reason::ScopeUnknown))
}

fn scope_is_daily(ledger: &AccountCoverage, region: &Region, kind: &ResourceType) -> bool {
    ledger.type_line(region, kind).or_else(|| ledger.region_line(region)).is_some_and(|line| line.daily)
}

/// Every region that any line speaks of, `global` among them.
fn regions_of<'a>(ledger: &'a AccountCoverage, named: &BTreeSet<Region>) -> BTreeSet<&'a Region> {
    let disabled = |region: &Region| {
        ledger.region_line(region).map(CoverageLine::coverage)
            == Some(Coverage::Incomplete(Reason::RegionDisabled))
    };
    let regions = ledger.lines().filter_map(|line| line.region.as_ref());
    regions.filter(|region| !disabled(region) || named.contains(*region)).collect()
}

/// An empty domain was not asked, and where the account as a whole was not read, nobody knows its regions.
fn all_complete(parts: impl Iterator<Item = Coverage>, ledger: &AccountCoverage) -> Coverage {
    let whole = ledger.account_line().map(CoverageLine::coverage);
    if let Some(incomplete) = whole.filter(|coverage| !coverage.is_complete()) {
        return incomplete;
    }
    parts.reduce(Coverage::and).unwrap_or(Coverage::Incomplete(Reason::NotRequested))
}

/// How long an absent asset is kept before it is retired (SEMANTICS 2.6).
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetireRules {
    /// Complete looks in a row that must have found it absent.
    #[schemars(range(min = 1))]
    pub after_runs: u32,
    /// Hours since the first of them.
    pub after_hours: u32,
    /// Looks closer together than this count as one.
    pub min_look_interval_hours: u32,
}

impl Default for RetireRules {
    fn default() -> Self {
        Self { after_runs: 2, after_hours: 48, min_look_interval_hours: 12 }
    }
}

/// A type that is recorded once a day may vanish up to 24 h late.
const DAILY_MIN_HOURS: u32 = 48;

impl RetireRules {
    /// Notes a complete look that found the asset absent. At most one look counts per interval.
    pub fn look(&self, history: &mut AssetHistory, now: Timestamp) {
        let interval = SignedDuration::from_hours(i64::from(self.min_look_interval_hours));
        if history.looks > 0 {
            // Where the last of them is lost nobody knows how close this one is: the interval begins anew.
            history.last_look.get_or_insert(now);
        }
        if history.last_look.is_some_and(|last| now.duration_since(last) < interval) {
            return;
        }
        history.looks += 1;
        history.last_look = Some(now);
        history.absent_since.get_or_insert(now);
    }

    /// Tells whether the asset was absent for long enough. A clock that jumps back only delays.
    pub fn grace_is_over(&self, history: &AssetHistory, daily: bool, now: Timestamp) -> bool {
        history.looks >= self.after_runs.max(1)
            && history.absent_since.is_some_and(|since| {
                now.duration_since(since) >= SignedDuration::from_hours(i64::from(self.hours(daily)))
            })
    }

    /// Gives the hours of the grace.
    pub fn hours(&self, daily: bool) -> u32 {
        if daily { self.after_hours.max(DAILY_MIN_HOURS) } else { self.after_hours }
    }

    /// Gives the earliest instant at which the grace can be over, if every look until then is complete and finds the
    /// asset absent. Nothing where no look has counted yet.
    pub fn earliest_end(&self, history: &AssetHistory, daily: bool) -> Option<Timestamp> {
        let (since, last_look) = history.absent_since.zip(history.last_look)?;
        let open = i64::from(self.after_runs.max(1).saturating_sub(history.looks));
        let until_looks = SignedDuration::from_hours(i64::from(self.min_look_interval_hours) * open);
        let grace = SignedDuration::from_hours(i64::from(self.hours(daily)));
        Some(last_look.checked_add(until_looks).ok()?.max(since.checked_add(grace).ok()?))
    }
}

/// Notes that the asset was sighted: whatever looked like absence before is forgotten.
pub fn sighting(history: &mut AssetHistory, live: bool, now: Timestamp) {
    *history = AssetHistory {
        first_seen: history.first_seen.or(live.then_some(now)),
        last_seen: if live { Some(now) } else { history.last_seen },
        ..AssetHistory::default()
    };
}

/// A scope must fall by more than this many items to be called collapsed.
const COLLAPSE_MIN_ITEMS: u64 = 10;
/// A collapse that is seen again this often is the new truth.
const COLLAPSE_REPEATS: u32 = 3;

fn has_collapsed(was: u64, is: u64) -> bool {
    is < was.div_ceil(2) && was - is > COLLAPSE_MIN_ITEMS
}

/// Completes an account's ledger by what only the whole run and history know (SEMANTICS 2.1), and gives the
/// scopes' history as the next run shall find it.
///
/// `accepted` tells whether a person accepted a gap of this scope for this reason.
pub fn finalise(
    ledger: &mut AccountCoverage,
    seen: &SeenTypes,
    before: &[ScopeHistory],
    rules: &RetireRules,
    now: Timestamp,
    accepted: impl Fn(&CoverageLine, Reason) -> bool,
) -> Vec<ScopeHistory> {
    let mut after: Vec<ScopeHistory> = Vec::new();
    let earlier = |region: &Region, kind: &ResourceType| {
        before.iter().find(|scope| scope.region == *region && scope.resource_type == *kind)
    };
    for line in ledger.lines_mut() {
        let (Some(region), Some(kind)) = (line.region.clone(), line.resource_type.clone()) else { continue };
        let previous = earlier(&region, &kind).cloned();
        if !line.coverage().is_complete() {
            after.extend(previous);
            continue;
        }
        let collected = line.collected.unwrap_or(0);
        let collapsed = previous.as_ref().filter(|scope| has_collapsed(scope.collected, collected));
        if let Some(scope) = collapsed
            && !accepted(line, Reason::Collapsed)
        {
            let mut scope = scope.clone();
            if scope.collapsed_to.is_some_and(|before| has_collapsed(before, collected)) {
                // It fell on: that is no repetition, and what is left now must be seen again as often.
                scope.collapsed_times = 0;
                scope.last_collapse = None;
            }
            scope.collapsed_to = Some(collected);
            let interval = SignedDuration::from_hours(i64::from(rules.min_look_interval_hours));
            if scope.last_collapse.is_none_or(|last| now.duration_since(last) >= interval) {
                scope.collapsed_times += 1;
                scope.last_collapse = Some(now);
            }
            if scope.collapsed_times <= COLLAPSE_REPEATS {
                let detail = format!(
                    "{collected} of {} that were there at the last complete look; seen {} of {} times",
                    scope.collected,
                    scope.collapsed_times,
                    COLLAPSE_REPEATS + 1
                );
                line.set_incomplete(Reason::Collapsed, detail);
                after.push(scope);
                continue;
            }
        }
        // A regional line of a global type says nothing by itself: the `global` scope does.
        let regional_of_global = is_global(&kind) && region.as_str() != Region::GLOBAL;
        if collected == 0 && !regional_of_global && !seen.contains(&region, &kind) {
            let detail = "no resource of this type was ever seen in this region in any account: AWS Config may not support it there";
            line.set_incomplete(Reason::TypeNeverSeen, detail);
            after.extend(previous);
            continue;
        }
        after.push(ScopeHistory {
            region,
            resource_type: kind,
            collected,
            collapsed_times: 0,
            collapsed_to: None,
            last_collapse: None,
        });
    }
    // Scopes that nobody looked at this time keep their history.
    for scope in before {
        if ledger.type_line(&scope.region, &scope.resource_type).is_none() {
            after.push(scope.clone());
        }
    }
    after.sort_by(|a, b| (&a.region, &a.resource_type).cmp(&(&b.region, &b.resource_type)));
    after
}

#[cfg(test)]
mod tests;
