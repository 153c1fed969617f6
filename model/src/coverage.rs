//! What is known of a scope: complete, or not and why. The ledger that decides what may be concluded.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::configuration_item::{CollectionPath, ConfigurationItem};
use crate::identifiers::{AccountId, Region, ResourceType};

/// Why a scope is not complete.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The account's role could not be assumed, or it forbids a call.
    RoleDenied,
    /// The account is suspended, closing or closed.
    AccountInactive,
    /// A record or a published asset names the account, no directory does.
    AccountUnknown,
    /// The account joined a short while ago, and its role is not there yet.
    Onboarding,
    /// A policy forbids the region.
    RegionDenied,
    /// The region is not enabled in the account.
    RegionDisabled,
    /// Left out by settings or by the command line.
    NotRequested,
    /// No configuration recorder.
    RecorderAbsent,
    /// The recorder is stopped: what it answers may be old.
    RecorderStopped,
    /// The recorder's last recording failed.
    RecorderFailing,
    /// The recorder has not recorded yet.
    RecorderPending,
    /// The recorder started less than 24 h ago and is still taking its inventory.
    RecorderWarming,
    /// The recorder's state is not known.
    RecorderUnknown,
    /// The recorder leaves the type out.
    TypeNotRecorded,
    /// Nothing of the type was ever seen in the region: AWS Config may not support it there.
    TypeNeverSeen,
    /// Far fewer than at the last complete look, not yet repeated or accepted.
    Collapsed,
    /// Rows and counts do not agree.
    CountMismatch,
    /// EC2 has resources that AWS Config does not.
    Unrecorded,
    /// The listing did not end as it should.
    Truncated,
    /// AWS throttled for longer than the retries last.
    Throttled,
    /// A call ran out of time.
    Timeout,
    /// AWS answered with an error or with something unreadable.
    ServiceError,
    /// The aggregator's copy of the account and region is outdated.
    Stale,
    /// A record or an entry names no account or no type: nobody can say where it would have been found.
    ScopeUnknown,
}

impl Reason {
    /// Gives the stable code, as it stands in the ledger.
    pub fn code(self) -> &'static str {
        match self {
            Self::RoleDenied => "role_denied",
            Self::AccountInactive => "account_inactive",
            Self::AccountUnknown => "account_unknown",
            Self::Onboarding => "onboarding",
            Self::RegionDenied => "region_denied",
            Self::RegionDisabled => "region_disabled",
            Self::NotRequested => "not_requested",
            Self::RecorderAbsent => "recorder_absent",
            Self::RecorderStopped => "recorder_stopped",
            Self::RecorderFailing => "recorder_failing",
            Self::RecorderPending => "recorder_pending",
            Self::RecorderWarming => "recorder_warming",
            Self::RecorderUnknown => "recorder_unknown",
            Self::TypeNotRecorded => "type_not_recorded",
            Self::TypeNeverSeen => "type_never_seen",
            Self::Collapsed => "collapsed",
            Self::CountMismatch => "count_mismatch",
            Self::Unrecorded => "unrecorded",
            Self::Truncated => "truncated",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::ServiceError => "service_error",
            Self::Stale => "stale",
            Self::ScopeUnknown => "scope_unknown",
        }
    }

    /// Every reason, in the order of the ledger's documentation.
    pub const ALL: [Self; 24] = [
        Self::RoleDenied,
        Self::AccountInactive,
        Self::AccountUnknown,
        Self::Onboarding,
        Self::RegionDenied,
        Self::RegionDisabled,
        Self::NotRequested,
        Self::RecorderAbsent,
        Self::RecorderStopped,
        Self::RecorderFailing,
        Self::RecorderPending,
        Self::RecorderWarming,
        Self::RecorderUnknown,
        Self::TypeNotRecorded,
        Self::TypeNeverSeen,
        Self::Collapsed,
        Self::CountMismatch,
        Self::Unrecorded,
        Self::Truncated,
        Self::Throttled,
        Self::Timeout,
        Self::ServiceError,
        Self::Stale,
        Self::ScopeUnknown,
    ];

    /// Tells whether the gap is something to act on. What was not asked for, what AWS itself has closed, and an
    /// account that is just being set up are shown, but are no failure of the run.
    pub fn is_gap(self) -> bool {
        !matches!(self, Self::NotRequested | Self::RegionDisabled | Self::AccountInactive | Self::Onboarding)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What is known of a scope.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Coverage {
    /// Everything that is there was seen.
    Complete,
    /// Something may be there that was not seen.
    Incomplete(Reason),
}

impl Coverage {
    /// Tells whether absence may be concluded.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }

    /// Tells whether something may be there that AWS Config has and that was not listed. A type that was never seen in a
    /// region was listed there, and nothing came: that says too little of what AWS Config leaves out, but nothing that
    /// a record could be matched to was missed.
    pub fn hides_matches(self) -> bool {
        !matches!(self, Self::Complete | Self::Incomplete(Reason::TypeNeverSeen))
    }

    /// Gives what is known of two scopes together: the first gap, where there is one.
    ///
    /// `count_mismatch` gives way to every other reason. So where it stands, nothing worse is known of the
    /// scopes, and a deletion that is proven may still be believed (SEMANTICS 2.3).
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Complete | Self::Incomplete(Reason::CountMismatch), gap @ Self::Incomplete(_)) => gap,
            (own, _) => own,
        }
    }
}

/// `complete` or `incomplete`, as it stands in the ledger.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverageStatus {
    /// See [`Coverage::Complete`].
    Complete,
    /// See [`Coverage::Incomplete`].
    Incomplete,
}

/// A line of `coverage.ndjson`: about a type in a region, a region (no type) or an account (neither).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CoverageLine {
    /// The account.
    pub account_id: AccountId,
    /// The region; absent: the whole account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The type; absent: the default for the whole region or account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<ResourceType>,
    /// Complete or not.
    pub status: CoverageStatus,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a person needs to know to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Resources that AWS Config counted before the listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// The same after the listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_after: Option<u64>,
    /// Distinct rows that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected: Option<u64>,
    /// Which API gave the rows; where one did not suffice, the last one asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<CollectionPath>,
    /// When the look at the scope began: the first count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub began_at: Option<Timestamp>,
    /// When it ended: the last count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ended_at: Option<Timestamp>,
    /// What another service says is there (SEMANTICS 2.10); in a region's line the sums over its types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_check: Option<CrossCheck>,
    /// The type is recorded once a day: what vanishes is seen up to 24 h late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub daily: bool,
}

/// What EC2 itself says of a scope, beside AWS Config.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CrossCheck {
    /// Resources that EC2 has and that the account owns.
    pub found: u64,
    /// Those of them that AWS Config does not have: the scope is incomplete for them.
    pub unrecorded: u64,
    /// Those that AWS Config has and EC2 does not: they stay live.
    pub phantom: u64,
}

impl CrossCheck {
    /// Adds another check's figures.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            unrecorded: self.unrecorded + other.unrecorded,
            phantom: self.phantom + other.phantom,
        }
    }

    /// Gives the share of what EC2 has that AWS Config has too, from 0 to 1; nothing at all is all of it.
    #[expect(clippy::cast_precision_loss, reason = "counts of resources are far below 2^52")]
    pub fn ratio(self) -> f64 {
        if self.found == 0 {
            return 1.0;
        }
        self.found.saturating_sub(self.unrecorded) as f64 / self.found as f64
    }
}

impl CoverageLine {
    /// Makes a complete line without counts.
    pub fn complete(
        account_id: AccountId,
        region: Option<Region>,
        resource_type: Option<ResourceType>,
    ) -> Self {
        Self {
            account_id,
            region,
            resource_type,
            status: CoverageStatus::Complete,
            reason: None,
            detail: None,
            expected: None,
            expected_after: None,
            collected: None,
            path: None,
            began_at: None,
            ended_at: None,
            cross_check: None,
            daily: false,
        }
    }

    /// Makes an incomplete line with its reason and the detail for a person.
    pub fn incomplete(
        account_id: AccountId,
        region: Option<Region>,
        resource_type: Option<ResourceType>,
        reason: Reason,
        detail: impl Into<String>,
    ) -> Self {
        let mut line = Self::complete(account_id, region, resource_type);
        line.set_incomplete(reason, detail);
        line
    }

    /// Turns the line incomplete; the counts stay.
    pub fn set_incomplete(&mut self, reason: Reason, detail: impl Into<String>) {
        self.status = CoverageStatus::Incomplete;
        self.reason = Some(reason);
        self.detail = Some(detail.into());
    }

    /// Gives the verdict. An incomplete line without a reason (a hand-edited ledger) stays incomplete.
    pub fn coverage(&self) -> Coverage {
        match self.status {
            CoverageStatus::Complete => Coverage::Complete,
            CoverageStatus::Incomplete => Coverage::Incomplete(self.reason.unwrap_or(Reason::ServiceError)),
        }
    }
}

/// The completeness ledger of one account. Look-up goes type, region, account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountCoverage {
    lines: BTreeMap<(Option<Region>, Option<ResourceType>), CoverageLine>,
}

impl AccountCoverage {
    /// Takes lines of one account; a later line about the same scope replaces an earlier one.
    pub fn new(lines: impl IntoIterator<Item = CoverageLine>) -> Self {
        let mut ledger = Self::default();
        for line in lines {
            ledger.insert(line);
        }
        ledger
    }

    /// Adds a line, in place of what the ledger said of that scope.
    pub fn insert(&mut self, line: CoverageLine) {
        self.lines.insert((line.region.clone(), line.resource_type.clone()), line);
    }

    /// Gives the lines: the account's first, then by region and type.
    pub fn lines(&self) -> impl Iterator<Item = &CoverageLine> {
        self.lines.values()
    }

    /// Gives the lines, to be changed in place.
    pub fn lines_mut(&mut self) -> impl Iterator<Item = &mut CoverageLine> {
        self.lines.values_mut()
    }

    /// Gives the very line about a type in a region.
    pub fn type_line(&self, region: &Region, resource_type: &ResourceType) -> Option<&CoverageLine> {
        self.lines.get(&(Some(region.clone()), Some(resource_type.clone())))
    }

    /// Gives the default line of a region.
    pub fn region_line(&self, region: &Region) -> Option<&CoverageLine> {
        self.lines.get(&(Some(region.clone()), None))
    }

    /// Gives the account's own line, there only where the account as a whole could not be read.
    pub fn account_line(&self) -> Option<&CoverageLine> {
        self.lines.get(&(None, None))
    }

    /// Tells what is known of a type in a region.
    ///
    /// Where a complete region has no line for the type, nobody looked for it: that is no evidence of
    /// emptiness, so the answer is [`Reason::TypeNeverSeen`]. A scope that no line speaks of was not asked.
    pub fn of(&self, region: &Region, resource_type: &ResourceType) -> Coverage {
        if let Some(line) = self.type_line(region, resource_type) {
            return line.coverage();
        }
        match self.region_line(region).map(CoverageLine::coverage) {
            Some(Coverage::Complete) => Coverage::Incomplete(Reason::TypeNeverSeen),
            Some(incomplete) => incomplete,
            None => self
                .account_line()
                .map(CoverageLine::coverage)
                .filter(|coverage| !coverage.is_complete())
                .unwrap_or(Coverage::Incomplete(Reason::NotRequested)),
        }
    }

    /// Tells how far an item is believed: by the scope that reported it. The row itself shows that the type is
    /// served there, so the region's default line stands in for a missing type line.
    pub fn of_item(&self, item: &ConfigurationItem) -> Coverage {
        let region = item.recording_region();
        self.type_line(region, &item.resource_type)
            .or_else(|| self.region_line(region))
            .or_else(|| self.account_line())
            .map_or(Coverage::Incomplete(Reason::NotRequested), CoverageLine::coverage)
    }

    /// Gives the regions that the ledger has a default line for.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.lines
            .iter()
            .filter(|((_, kind), _)| kind.is_none())
            .filter_map(|((region, _), _)| region.as_ref())
    }
}
