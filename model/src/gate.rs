//! The check of a whole plan against limits before anything is published (SEMANTICS 3.8).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::AccountId;

/// Owned assets from which on a share means anything.
const SHARE_FROM_ASSETS: u64 = 20;
/// Retires from which on a share means anything.
const SHARE_FROM_RETIRES: u64 = 5;
/// The count limit grows by this share of the owned assets.
const COUNT_GROWTH: f64 = 0.005;

/// How much one plan may do.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Retires in all; 0.5 % of the owned assets come on top.
    pub max_retire_count: u64,
    /// Share of the owned assets that may retire, per account and in all; counts from 20 assets and 5 retires up.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_retire_share: f64,
    /// Creates in all.
    pub max_create_count: u64,
    /// Owned assets lying in complete scopes / owned assets.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_complete_share: f64,
    /// `--accept-gate` takes another identity, as STS tells it, than the one that made the plan.
    pub accept_by_another: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_retire_count: 50,
            max_retire_share: 0.02,
            max_create_count: 5000,
            min_complete_share: 0.5,
            accept_by_another: false,
        }
    }
}

/// What the gate needs to know of one account's part of a plan.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccountTotals {
    /// Active assets that we own there.
    pub owned: u64,
    /// Those of them that lie in complete scopes.
    pub owned_in_complete_scopes: u64,
    /// Creates planned.
    pub creates: u64,
    /// Retires planned.
    pub retires: u64,
    /// Changes planned of entries that bestand never wrote before.
    #[serde(default)]
    pub adoptions: u64,
    /// A person named the account as decommissioned: all of it is expected to go (SEMANTICS 2.12).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decommissioned: bool,
}

/// What the gate needs to know of a whole plan. The key `None` stands for what is no AWS resource: it has a
/// limit of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanTotals {
    /// By account.
    pub accounts: BTreeMap<Option<AccountId>, AccountTotals>,
    /// Entries in the register that show that bestand wrote them, retired ones included: none means a first
    /// publication.
    pub entries: u64,
}

impl PlanTotals {
    fn sum(&self, pick: impl Fn(&AccountTotals) -> u64) -> u64 {
        self.accounts.values().map(pick).sum()
    }
}

/// The limit that a plan met.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateCode {
    /// Nothing of ours is in the register yet: somebody must say `--first-run`.
    FirstRun,
    /// Too many retires.
    MaxRetireCount,
    /// Too large a share of retires.
    MaxRetireShare,
    /// Too many creates.
    MaxCreateCount,
    /// Too little was seen.
    MinCompleteShare,
}

impl GateCode {
    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::FirstRun => "first_run",
            Self::MaxRetireCount => "max_retire_count",
            Self::MaxRetireShare => "max_retire_share",
            Self::MaxCreateCount => "max_create_count",
            Self::MinCompleteShare => "min_complete_share",
        }
    }
}

/// Why a plan is refused.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct GateReason {
    /// Which limit.
    pub code: GateCode,
    /// What would have happened, for a person.
    pub message: String,
    /// The limit.
    pub limit: f64,
    /// What the plan has.
    pub actual: f64,
}

/// The gate's answer; `refused` exactly when there are reasons.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct GateVerdict {
    /// `approved` or `refused`.
    pub verdict: Verdict,
    /// Every limit that was met.
    pub reasons: Vec<GateReason>,
}

/// Whether a plan may be published.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    #[default]
    Approved,
    /// It may not.
    Refused,
}

/// Names the accounts whose retires are withheld because too many of their assets would retire at once. A
/// decommissioned account is not one of them. What remains after that goes to [`gate`].
pub fn accounts_to_withhold(totals: &PlanTotals, limits: &Limits) -> Vec<Option<AccountId>> {
    totals
        .accounts
        .iter()
        .filter(|(_, account)| !account.decommissioned)
        .filter(|(_, account)| share_is_exceeded(account.retires, account.owned, limits.max_retire_share))
        .map(|(id, _)| id.clone())
        .collect()
}

fn share_is_exceeded(retires: u64, owned: u64, limit: f64) -> bool {
    owned >= SHARE_FROM_ASSETS && retires >= SHARE_FROM_RETIRES && share(retires, owned) > limit
}

/// A share of nothing is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of assets are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Checks a whole plan. `first_run`: somebody said that nothing of ours is expected in the register.
#[expect(clippy::cast_precision_loss, reason = "counts of assets are far below 2^52")]
pub fn gate(totals: &PlanTotals, limits: &Limits, first_run: bool) -> GateVerdict {
    let owned = totals.sum(|account| account.owned);
    let retires = totals.sum(|account| account.retires);
    let creates = totals.sum(|account| account.creates);
    let adoptions = totals.sum(|account| account.adoptions);
    let in_complete = totals.sum(|account| account.owned_in_complete_scopes);
    let mut reasons = Vec::new();
    let mut refuse = |code, limit: f64, actual: f64, message: String| {
        reasons.push(GateReason { code, message, limit, actual });
    };

    if totals.entries == 0 && creates + adoptions > 0 && !first_run {
        let adopted = if adoptions == 0 { String::new() } else { format!(" and {adoptions} adopted") };
        refuse(
            GateCode::FirstRun,
            0.0,
            (creates + adoptions) as f64,
            format!(
                "{creates} entries would be created{adopted} in a register that holds none of ours: is it the right one?"
            ),
        );
    }
    let retire_limit = (limits.max_retire_count as f64 + owned as f64 * COUNT_GROWTH).floor();
    if retires as f64 > retire_limit {
        refuse(
            GateCode::MaxRetireCount,
            retire_limit,
            retires as f64,
            format!("{retires} assets would be retired, {retire_limit} are allowed"),
        );
    }
    if share_is_exceeded(retires, owned, limits.max_retire_share) {
        refuse(
            GateCode::MaxRetireShare,
            limits.max_retire_share,
            share(retires, owned),
            format!("{retires} of {owned} assets would be retired"),
        );
    }
    if creates > limits.max_create_count {
        refuse(
            GateCode::MaxCreateCount,
            limits.max_create_count as f64,
            creates as f64,
            format!("{creates} entries would be created, {} are allowed", limits.max_create_count),
        );
    }
    if owned > 0 && share(in_complete, owned) < limits.min_complete_share {
        refuse(
            GateCode::MinCompleteShare,
            limits.min_complete_share,
            share(in_complete, owned),
            format!("only {in_complete} of {owned} owned assets lie where everything was seen"),
        );
    }
    let verdict = if reasons.is_empty() { Verdict::Approved } else { Verdict::Refused };
    GateVerdict { verdict, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(owned: u64, retires: u64, creates: u64) -> PlanTotals {
        let account = AccountTotals {
            owned,
            owned_in_complete_scopes: owned,
            creates,
            retires,
            ..AccountTotals::default()
        };
        PlanTotals {
            accounts: BTreeMap::from([(Some("111122223333".parse().unwrap()), account)]),
            entries: owned,
        }
    }

    fn codes(totals: &PlanTotals) -> Vec<GateCode> {
        gate(totals, &Limits::default(), false).reasons.into_iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn semantics_3_8_retire_count_grows_with_the_estate() {
        assert_eq!(codes(&totals(10_000, 100, 0)), []);
        assert_eq!(codes(&totals(10_000, 101, 0)), [GateCode::MaxRetireCount]);
    }

    #[test]
    fn semantics_3_8_a_share_counts_from_twenty_assets_and_five_retires_up() {
        assert_eq!(codes(&totals(19, 19, 0)), []);
        assert_eq!(codes(&totals(100, 4, 0)), []);
        assert_eq!(codes(&totals(100, 5, 0)), [GateCode::MaxRetireShare]);
        assert_eq!(accounts_to_withhold(&totals(100, 5, 0), &Limits::default()).len(), 1);
        assert!(accounts_to_withhold(&totals(250, 5, 0), &Limits::default()).is_empty());
    }

    #[test]
    fn semantics_2_12_a_decommissioned_account_may_lose_everything_but_counts_in_all() {
        let mut gone = totals(100, 100, 0);
        gone.accounts.values_mut().for_each(|account| account.decommissioned = true);
        assert!(accounts_to_withhold(&gone, &Limits::default()).is_empty());
        assert_eq!(codes(&gone), [GateCode::MaxRetireCount, GateCode::MaxRetireShare]);
    }

    #[test]
    fn semantics_3_8_too_many_creates_are_refused() {
        assert_eq!(codes(&totals(10_000, 0, 5001)), [GateCode::MaxCreateCount]);
    }

    #[test]
    fn semantics_3_8_too_little_seen_is_refused() {
        let mut blind = totals(100, 0, 0);
        if let Some(account) = blind.accounts.values_mut().next() {
            account.owned_in_complete_scopes = 49;
        }
        assert_eq!(codes(&blind), [GateCode::MinCompleteShare]);
    }

    #[test]
    fn semantics_3_8_a_first_publication_needs_a_word() {
        assert_eq!(codes(&totals(0, 0, 3)), [GateCode::FirstRun]);
        assert_eq!(gate(&totals(0, 0, 3), &Limits::default(), true).verdict, Verdict::Approved);
        assert_eq!(codes(&totals(0, 0, 0)), []);
        // Entries that were there before bestand are no reason to think that it is the right register.
        let mut adopting = totals(0, 0, 0);
        adopting.accounts.values_mut().for_each(|account| account.adoptions = 1);
        assert_eq!(codes(&adopting), [GateCode::FirstRun]);
    }
}
