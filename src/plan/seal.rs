//! What only the whole plan can tell: keys claimed twice, accounts with too many retires, the gate, the digest.

use std::collections::BTreeSet;

use bestand_model::capability::Capability;
use bestand_model::change_set::{Change, ChangeKind, WithheldReason};
use bestand_model::gate::{GateVerdict, PlanTotals, accounts_to_withhold, gate};
use bestand_model::identifiers::AccountId;
use bestand_model::plan::Plan;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::run_store::Spool;

use super::Planner;
use super::head::Head;
use super::reconcile::Reconciled;
use crate::error::Error;

/// Settles what is left, asks the gate, and writes `plan.json`.
pub(super) fn seal(
    planner: &Planner<'_>,
    reconciled: &Reconciled,
    planned_by: &str,
    summary: &mut RunSummary,
) -> Result<Plan, Error> {
    let mut totals = PlanTotals { accounts: reconciled.totals.clone(), entries: reconciled.entries };
    let limits = &planner.settings.gate;
    // Whose entries a list gives, and whether all of them, is what a retirement rests on (SEMANTICS 3.10).
    let retires_nothing = planner
        .register
        .is_some_and(|(_, identity)| identity.capabilities.missing().contains(&Capability::List));
    let too_many: BTreeSet<Option<AccountId>> = accounts_to_withhold(&totals, limits).into_iter().collect();
    for (account, totals) in &mut totals.accounts {
        if retires_nothing || too_many.contains(account) {
            totals.retires = 0;
        }
    }
    for name in planner.directory.names(Spool::Changes)? {
        let withheld = if retires_nothing {
            Some(WithheldReason::ListNotPromised)
        } else {
            too_many.contains(&name.parse().ok()).then_some(WithheldReason::GateAccount)
        };
        let settle = |change: Change| {
            if reconciled.claimed_twice.contains(&change.asset_key) {
                return change.withheld(WithheldReason::Ambiguous);
            }
            match withheld {
                Some(reason) if change.kind == ChangeKind::Retire => change.withheld(reason),
                _ => change,
            }
        };
        if withheld.is_some() || !reconciled.claimed_twice.is_empty() {
            rewrite(planner, &name, settle)?;
        }
    }
    let verdict = match planner.register {
        Some(_) => gate(&totals, limits, planner.first_run),
        // Nothing can be published, so nothing is to be refused.
        None => GateVerdict::default(),
    };
    let head = Head {
        settings: planner.settings,
        register: planner.register.map(|(_, identity)| identity),
        gate: verdict,
        planned_by: Some(planned_by),
        reverts: None,
        now: planner.now,
    };
    head.seal(planner.directory, planner.progress, summary)
}

fn rewrite(planner: &Planner<'_>, name: &str, settle: impl Fn(Change) -> Change) -> Result<(), Error> {
    let before = planner.directory.read::<Change>(Spool::Changes, name)?;
    let mut after = planner.directory.spool(Spool::Changes, name)?;
    for change in before {
        after.push(&settle(change?))?;
    }
    after.finish()?;
    Ok(())
}
