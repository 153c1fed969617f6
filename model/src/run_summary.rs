//! `run.json`: what one run was asked, what it reached, what it did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accepted_gap::AcceptedGapUse;
use crate::asset_record::RecordTotals;
use crate::capability::Capability;
use crate::change_set::ChangeCounts;
use crate::coverage::CrossCheck;
use crate::exception::ExceptionUse;
use crate::finding::{Finding, FindingKind, Severity};
use crate::gate::GateVerdict;
use crate::identifiers::RunId;

/// A run in figures. Reports, trends and exit status come from this one value.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RunSummary {
    /// The version of the run directory's files.
    pub schema_version: u32,
    /// The run.
    pub run_id: RunId,
    /// `run`, `plan` or `revert`.
    pub command: String,
    /// The run that it reverts, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<RunId>,
    /// The environment.
    pub environment: String,
    /// When it started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// When it ended; absent while it runs, and for good where it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ended_at: Option<Timestamp>,
    /// bestand's version.
    pub tool_version: String,
    /// SHA-256 over the settings in force, secrets left out.
    pub settings_digest: String,
    /// Accounts.
    #[serde(default)]
    pub accounts: AccountCounts,
    /// Scopes.
    #[serde(default)]
    pub coverage: CoverageCounts,
    /// Live items.
    #[serde(default)]
    pub inventory: InventoryCounts,
    /// Calls to AWS.
    #[serde(default)]
    pub aws_calls: AwsCalls,
    /// The source register.
    #[serde(default)]
    pub records: RecordTotals,
    /// Findings.
    #[serde(default)]
    pub findings: FindingCounts,
    /// Changes planned.
    #[serde(default)]
    pub changes: ChangeCounts,
    /// Changes withheld, by reason.
    #[serde(default)]
    pub withheld_by_reason: BTreeMap<String, u64>,
    /// The gate's verdict.
    #[serde(default)]
    pub gate: GateVerdict,
    /// What the central register does not declare: promises that are weaker for it (SEMANTICS 3.10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_promised: Vec<Capability>,
    /// The plan's digest, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// SHA-256 over the findings as they lie in the run directory, once there is a plan; absent in runs of versions that
    /// did not seal them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings_digest: Option<String>,
    /// What became of the changes that were sent; absent where nothing was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<PublicationCounts>,
    /// What a person let through, with the reason (SEMANTICS 3.12).
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// Every exception of the settings, and what became of it.
    #[serde(default)]
    pub exceptions: Vec<ExceptionUse>,
    /// The accepted gaps of the settings, and what became of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_gaps: Vec<AcceptedGapUse>,
    /// What to do next: cause, scope, command. Empty only where there is nothing to do.
    #[serde(default)]
    pub next_steps: Vec<String>,
    /// The most memory that the process held, in bytes, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// The process's exit status.
    #[serde(default)]
    pub exit_status: u8,
}

/// How far the accounts were reached.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AccountCounts {
    /// Accounts that were to be read: the directory's, the records', the published assets'.
    pub requested: u64,
    /// Every scope is complete, or was not asked.
    pub complete: u64,
    /// Read in part.
    pub incomplete: u64,
    /// Not read at all.
    pub failed: u64,
    /// Suspended or closed, decommissioned ones included.
    pub inactive: u64,
    /// Left out by the settings.
    #[serde(default)]
    pub left_out: u64,
}

/// The ledger in figures.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CoverageCounts {
    /// Lines of the ledger.
    pub scopes: u64,
    /// Complete ones.
    pub complete: u64,
    /// Incomplete ones by reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Incomplete ones that somebody has to mend: neither accepted nor left out on purpose.
    pub gaps: u64,
    /// What EC2 says is there, over all regions in which it was asked.
    #[serde(default)]
    pub cross_check: CrossCheck,
}

/// The inventory in figures.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct InventoryCounts {
    /// Live items.
    pub items: u64,
}

/// Calls to AWS by service, such as `config` or `ec2`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AwsCalls(BTreeMap<String, CallCounts>);

/// Calls to one service.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CallCounts {
    /// Calls, however often each was tried.
    pub calls: u64,
    /// Attempts beyond the first of each.
    pub retries: u64,
}

impl AwsCalls {
    /// Adds calls to a service.
    pub fn add(&mut self, service: &str, calls: u64, retries: u64) {
        let counts = self.0.entry(service.to_owned()).or_default();
        counts.calls += calls;
        counts.retries += retries;
    }

    /// Adds another reading.
    pub fn merge(&mut self, other: &Self) {
        for (service, counts) in &other.0 {
            self.add(service, counts.calls, counts.retries);
        }
    }

    /// Gives the counts by service.
    pub fn by_service(&self) -> impl Iterator<Item = (&str, CallCounts)> {
        self.0.iter().map(|(service, counts)| (service.as_str(), *counts))
    }

    /// Gives all calls, without retries.
    pub fn calls(&self) -> u64 {
        self.0.values().map(|counts| counts.calls).sum()
    }

    /// Gives all retries.
    pub fn retries(&self) -> u64 {
        self.0.values().map(|counts| counts.retries).sum()
    }
}

/// The findings in figures. What an exception hides stands in `ignored` alone.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct FindingCounts {
    /// By kind.
    pub by_kind: BTreeMap<FindingKind, u64>,
    /// By severity.
    #[serde(default)]
    pub by_severity: BTreeMap<Severity, u64>,
    /// Those that are drift: a difference that somebody should mend.
    #[serde(default)]
    pub drift: u64,
    /// Those that exceptions take out of all of the above, by kind.
    #[serde(default)]
    pub ignored: BTreeMap<FindingKind, u64>,
}

impl FindingCounts {
    /// Counts one finding. What is only to be known, such as network furniture without a record, is no drift.
    pub fn add(&mut self, finding: &Finding) {
        if finding.exception.is_some() {
            *self.ignored.entry(finding.kind).or_default() += 1;
            return;
        }
        *self.by_kind.entry(finding.kind).or_default() += 1;
        *self.by_severity.entry(finding.severity).or_default() += 1;
        self.drift += u64::from(finding.kind.is_drift() && finding.severity > Severity::Info);
    }

    /// Adds another account's counts.
    pub fn merge(&mut self, other: &Self) {
        for (kind, count) in &other.by_kind {
            *self.by_kind.entry(*kind).or_default() += count;
        }
        for (severity, count) in &other.by_severity {
            *self.by_severity.entry(*severity).or_default() += count;
        }
        self.drift += other.drift;
        for (kind, count) in &other.ignored {
            *self.ignored.entry(*kind).or_default() += count;
        }
    }
}

/// What became of the changes that were to be sent: the four always sum up to them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PublicationCounts {
    /// The register has it.
    pub applied: u64,
    /// The register refuses it.
    pub rejected: u64,
    /// The entry moved since the plan was made: left alone.
    pub conflicted: u64,
    /// Not known yet: settled by `bestand publish RUN` or the next run.
    pub unknown: u64,
}

impl PublicationCounts {
    /// Tells whether everything that was planned is in the register.
    pub fn is_whole(self) -> bool {
        self.rejected + self.conflicted + self.unknown == 0
    }
}

/// A person's decision to go beyond a limit, or beyond what AWS itself says, as evidence.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Override {
    /// Which limit; `decommissioned` for an account that is gone for good, `exception` for findings that are ignored.
    pub code: String,
    /// Why.
    pub because: String,
    /// Who: the caller's ARN as STS tells it, or the person whom the settings name; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, or from when on.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// For which plan.
    pub plan_digest: String,
}
