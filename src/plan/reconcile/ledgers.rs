//! The ledgers, completed by what only the whole run and history know, before anything is concluded from them.

use std::collections::BTreeMap;

use bestand_model::absence::finalise;
use bestand_model::account::AccountState;
use bestand_model::coverage::{AccountCoverage, CoverageLine, Reason};
use bestand_model::history::{AccountHistory, ScopeHistory, SeenTypes};
use bestand_model::identifiers::AccountId;

use super::super::Planner;
use super::super::accounts::Accounts;
use crate::error::Error;

/// An account's ledger as it counts, and its scopes as the next run shall find them.
pub(super) struct Ledger {
    pub(super) coverage: AccountCoverage,
    pub(super) scopes: Vec<ScopeHistory>,
}

/// Finalises every account's ledger (SEMANTICS 2.1). What was left out on the command line stays as it is.
pub(super) fn finalise_all(
    planner: &Planner<'_>,
    accounts: &Accounts,
    seen: &SeenTypes,
    lines: BTreeMap<AccountId, Vec<CoverageLine>>,
) -> Result<BTreeMap<AccountId, Ledger>, Error> {
    let settings = planner.settings;
    let accepted = |line: &CoverageLine, reason: Reason| {
        settings.coverage.accepted.iter().any(|gap| gap.covers(line, reason, planner.now))
    };
    let mut ledgers = BTreeMap::new();
    for (account, lines) in lines {
        let mut coverage = AccountCoverage::new(lines);
        let mut scopes = Vec::new();
        if accounts.asked.contains(&account) {
            let history: AccountHistory =
                planner.store.read_history(&format!("accounts/{account}"))?.unwrap_or_default();
            scopes = finalise(&mut coverage, seen, &history.scopes, &settings.retire, planner.now, accepted);
        }
        ledgers.insert(account, Ledger { coverage, scopes });
    }
    Ok(ledgers)
}

/// Tells whether nothing at all is dark: every account has lines, and none of them hides anything that a row could be
/// matched to. In a
/// decommissioned account there is nothing to see.
pub(super) fn everything_is_complete(accounts: &Accounts, ledgers: &BTreeMap<AccountId, Ledger>) -> bool {
    let gone = |id: &AccountId| {
        let mut known = accounts.all.iter();
        known.any(|account| account.id == *id && account.state == AccountState::Decommissioned)
    };
    ledgers.iter().filter(|(id, _)| !gone(id)).all(|(_, ledger)| {
        let mut lines = ledger.coverage.lines().peekable();
        lines.peek().is_some() && !lines.any(|line| line.coverage().hides_matches())
    })
}
