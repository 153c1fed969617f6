//! A plan's head: what the changes that lie in the run directory come to, sealed into `plan.json`. The findings
//! are sealed at the same time, into `run.json`.

use bestand_model::change_set::{Change, ChangeCounts};
use bestand_model::digest::RunningDigest;
use bestand_model::gate::GateVerdict;
use bestand_model::identifiers::RunId;
use bestand_model::plan::{ChangeFile, Plan, SCHEMA_VERSION};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::central_register::RegisterIdentity;
use bestand_publisher::run_store::{RunDirectory, Spool};
use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;

use crate::error::Error;
use crate::progress::Progress;
use crate::settings::Settings;

/// What a plan says besides its changes.
pub(crate) struct Head<'a> {
    pub(crate) settings: &'a Settings,
    /// The register that it is for.
    pub(crate) register: Option<&'a RegisterIdentity>,
    pub(crate) gate: GateVerdict,
    /// The caller's ARN, where STS told it.
    pub(crate) planned_by: Option<&'a str>,
    pub(crate) reverts: Option<&'a RunId>,
    pub(crate) now: Timestamp,
}

impl Head<'_> {
    /// Counts the changes, seals the findings, writes `plan.json`, and tells the summary.
    pub(crate) fn seal(
        self,
        directory: &RunDirectory,
        progress: Progress,
        summary: &mut RunSummary,
    ) -> Result<Plan, Error> {
        let phase = progress.phase("plan", "changes", None);
        let mut changes = ChangeCounts::default();
        let mut files = Vec::new();
        let mut digest = RunningDigest::default();
        for name in directory.names(Spool::Changes)? {
            let mut lines = 0;
            for change in directory.read::<Change>(Spool::Changes, &name)? {
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
        let hours = SignedDuration::from_hours(i64::from(self.settings.plan.expires_after_hours));
        let plan = Plan {
            schema_version: SCHEMA_VERSION,
            run_id: directory.run_id().clone(),
            environment: self.settings.environment.clone(),
            register_id: self.register.map(|of| of.register_id.clone()),
            not_promised: self.register.map(|of| of.capabilities.missing()).unwrap_or_default(),
            settings_digest: summary.settings_digest.clone(),
            created_at: self.now,
            expires_at: self.now.checked_add(hours).unwrap_or(self.now),
            changes,
            files,
            changes_digest: digest.finish(),
            gate: self.gate,
            planned_by: self.planned_by.map(str::to_owned),
            accept_by_another: self.settings.gate.accept_by_another,
            reverts: self.reverts.cloned(),
            digest: String::new(),
        }
        .sealed();
        let findings = directory.sealed::<IgnoredAny>(Spool::Findings, |_| ())?;
        directory.write_json("plan", &plan)?;
        summary.findings_digest = Some(findings);
        summary.changes = plan.changes;
        summary.gate = plan.gate.clone();
        summary.plan_digest = Some(plan.digest.clone());
        phase.done(&format!(
            "{} to create, {} to update, {} to retire, {} withheld",
            changes.create, changes.update, changes.retire, changes.withheld
        ));
        Ok(plan)
    }
}
