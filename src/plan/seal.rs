//! What only the whole plan can tell: keys claimed twice, accounts with too many retires, the gate, the digest.

use std::collections::BTreeSet;

use bestand_model::change_set::{Change, ChangeCounts, ChangeKind, WithheldReason};
use bestand_model::digest::RunningDigest;
use bestand_model::gate::{GateVerdict, PlanTotals, accounts_to_withhold, gate};
use bestand_model::identifiers::AccountId;
use bestand_model::plan::{ChangeFile, Plan, SCHEMA_VERSION};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::run_store::Spool;
use jiff::SignedDuration;

use super::Planner;
use super::reconcile::Reconciled;
use crate::error::Error;

/// Settles what is left, asks the gate, and writes `plan.json`.
pub(super) fn seal(
    planner: &Planner<'_>,
    reconciled: &Reconciled,
    summary: &mut RunSummary,
) -> Result<Plan, Error> {
    let phase = planner.progress.phase("plan", "changes", None);
    let mut totals = PlanTotals { accounts: reconciled.totals.clone(), entries: reconciled.entries };
    let limits = &planner.settings.gate;
    let too_many: BTreeSet<Option<AccountId>> = accounts_to_withhold(&totals, limits).into_iter().collect();
    for account in &too_many {
        if let Some(account) = totals.accounts.get_mut(account) {
            account.retires = 0;
        }
    }

    let mut changes = ChangeCounts::default();
    let mut files = Vec::new();
    let mut digest = RunningDigest::default();
    for name in planner.directory.names(Spool::Changes)? {
        let withhold_retires = too_many.contains(&name.parse().ok());
        let settle = |change: Change| {
            if reconciled.claimed_twice.contains(&change.asset_key) {
                change.withheld(WithheldReason::Ambiguous)
            } else if withhold_retires && change.kind == ChangeKind::Retire {
                change.withheld(WithheldReason::GateAccount)
            } else {
                change
            }
        };
        if withhold_retires || !reconciled.claimed_twice.is_empty() {
            rewrite(planner, &name, settle)?;
        }
        let mut lines = 0;
        for change in planner.directory.read::<Change>(Spool::Changes, &name)? {
            let change = change?;
            digest.add(&change.digest);
            changes.add(change.kind);
            if let Some(reason) = change.reason {
                *summary.withheld_by_reason.entry(reason.code().to_owned()).or_default() += 1;
            }
            lines += 1;
            phase.add(1);
        }
        files.push(ChangeFile { name, changes: lines });
    }

    let verdict = match planner.register {
        Some(_) => gate(&totals, limits, planner.first_run),
        // Nothing can be published, so nothing is to be refused.
        None => GateVerdict::default(),
    };
    let hours = SignedDuration::from_hours(i64::from(planner.settings.plan.expires_after_hours));
    let plan = Plan {
        schema_version: SCHEMA_VERSION,
        run_id: planner.directory.run_id().clone(),
        environment: planner.settings.environment.clone(),
        register_id: planner.register.map(|(_, identity)| identity.register_id.clone()),
        settings_digest: summary.settings_digest.clone(),
        created_at: planner.now,
        expires_at: planner.now.checked_add(hours).unwrap_or(planner.now),
        changes,
        files,
        changes_digest: digest.finish(),
        gate: verdict,
        digest: String::new(),
    }
    .sealed();
    planner.directory.write_json("plan", &plan)?;
    summary.changes = plan.changes;
    summary.gate = plan.gate.clone();
    summary.plan_digest = Some(plan.digest.clone());
    phase.done(&format!(
        "{} to create, {} to update, {} to retire, {} withheld",
        changes.create, changes.update, changes.retire, changes.withheld
    ));
    Ok(plan)
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
