//! How far the run reached: the ledger in figures.

use bestand_model::accepted_gap::AcceptedGapUse;
use bestand_model::account::{Account, AccountState};
use bestand_model::coverage::{Coverage, CoverageLine, Reason};
use bestand_model::exception::ExceptionState;
use bestand_model::run_summary::RunSummary;

use super::super::Planner;

/// Counts an account's part of the ledger, and how far the account was reached.
pub(super) fn count(
    summary: &mut RunSummary,
    planner: &Planner<'_>,
    account: &Account,
    lines: &[CoverageLine],
) {
    let mut complete = true;
    for line in lines {
        summary.coverage.scopes += 1;
        if let (Some(check), None) = (line.cross_check, &line.resource_type) {
            summary.coverage.cross_check = summary.coverage.cross_check.and(check);
        }
        match line.coverage() {
            Coverage::Complete => summary.coverage.complete += 1,
            Coverage::Incomplete(reason) => {
                *summary.coverage.by_reason.entry(reason.code().to_owned()).or_default() += 1;
                // An account that is only being set up is no gap, but it was not read either.
                complete &= reason != Reason::Onboarding;
                if reason.is_gap() {
                    complete = false;
                    summary.coverage.gaps += u64::from(!is_accepted(planner, line, reason));
                }
            }
        }
    }
    let whole_account = lines.iter().any(|line| line.region.is_none() && !line.coverage().is_complete());
    let counts = &mut summary.accounts;
    match (account.state, whole_account, complete) {
        (AccountState::Inactive | AccountState::Decommissioned, _, _) => counts.inactive += 1,
        (AccountState::LeftOut, _, _) => counts.left_out += 1,
        (AccountState::Active | AccountState::Unknown, true, false) => counts.failed += 1,
        (AccountState::Active | AccountState::Unknown, false, false) => counts.incomplete += 1,
        (AccountState::Active | AccountState::Unknown, _, true) => counts.complete += 1,
    }
}

fn is_accepted(planner: &Planner<'_>, line: &CoverageLine, reason: Reason) -> bool {
    accepted_by(planner, line, reason).is_some()
}

/// The place of the first accepted gap that covers the line.
fn accepted_by(planner: &Planner<'_>, line: &CoverageLine, reason: Reason) -> Option<usize> {
    planner.settings.coverage.accepted.iter().position(|gap| gap.covers(line, reason, planner.now))
}

/// Tells what became of every gap that the settings accept, over the whole ledger.
pub(super) fn accepted_gaps(planner: &Planner<'_>, ledger: &[CoverageLine]) -> Vec<AcceptedGapUse> {
    let accepted = &planner.settings.coverage.accepted;
    let mut scopes = vec![0; accepted.len()];
    for line in ledger {
        let reason = line.reason.filter(|reason| reason.is_gap());
        let index = reason.and_then(|reason| accepted_by(planner, line, reason));
        if let Some(scopes) = index.and_then(|index| scopes.get_mut(index)) {
            *scopes += 1;
        }
    }
    let all = accepted.iter().zip(scopes).enumerate();
    all.map(|(index, (gap, scopes))| AcceptedGapUse {
        index,
        names: gap.names(),
        because: gap.because.trim().to_owned(),
        until: gap.until,
        state: match scopes {
            _ if gap.is_over(planner.now) => ExceptionState::Expired,
            0 if planner.only.is_empty() => ExceptionState::Unused,
            0 => ExceptionState::NotJudged,
            _ => ExceptionState::InUse,
        },
        scopes,
    })
    .collect()
}
