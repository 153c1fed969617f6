//! What was judged again, held against what was planned.

use std::collections::BTreeMap;

use bestand_model::asset::AssetKey;
use bestand_model::change_set::{Change, WithheldReason};
use bestand_model::finding::Finding;
use bestand_model::plan::SCHEMA_VERSION;
use bestand_publisher::publish::verify_plan;
use bestand_publisher::run_store::Spool;
use schemars::JsonSchema;
use serde::Serialize;

use super::replay::Replay;
use super::run::Run;
use super::story::RunHead;
use crate::error::{Error, chain};

/// Changes that are named where they differ.
const MOST_NAMED: usize = 20;

/// How a planned change stands to the one that was judged again.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The same digest.
    Same,
    /// The same, but for what only the whole plan decides: the account had too many retirements.
    WithheldByGate,
    /// The same, but for what only the whole plan decides: the central register does not promise whole lists.
    WithheldByRegister,
    /// The same, but for what only the whole plan decides: another account claims the key, too.
    ClaimedTwice,
    /// It is not what was planned.
    Different,
    /// It is in the plan, and nothing of it came out again; or the other way round.
    OneSided,
    /// There is no plan to hold it against: no central register, or the run ended before.
    NotPlanned,
}

impl Verdict {
    /// Tells whether nothing speaks against it.
    pub(super) fn is_well(self) -> bool {
        match self {
            Self::Same
            | Self::WithheldByGate
            | Self::WithheldByRegister
            | Self::ClaimedTwice
            | Self::NotPlanned => true,
            Self::Different | Self::OneSided => false,
        }
    }
}

/// Holds a planned change against the one that came out again.
pub(super) fn verdict(planned: &Change, replayed: Option<&Change>) -> Verdict {
    let Some(replayed) = replayed else { return Verdict::OneSided };
    if planned.digest != planned.compute_digest() {
        return Verdict::Different;
    }
    let settled = |reason| replayed.clone().withheld(reason).digest == planned.digest;
    match planned.reason {
        _ if planned.digest == replayed.digest => Verdict::Same,
        Some(WithheldReason::GateAccount) if settled(WithheldReason::GateAccount) => Verdict::WithheldByGate,
        Some(WithheldReason::ListNotPromised) if settled(WithheldReason::ListNotPromised) => {
            Verdict::WithheldByRegister
        }
        Some(WithheldReason::Ambiguous) if settled(WithheldReason::Ambiguous) => Verdict::ClaimedTwice,
        _ => Verdict::Different,
    }
}

/// Why an account may not replay.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Another version of bestand made the run.
    ToolVersion,
    /// settings.json is not what the run was made with.
    Settings,
    /// Neither: files of the run were altered, or bestand has a fault.
    Unknown,
}

/// One account judged again.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct AccountProof {
    /// The account, or `_not_aws`, `_unplaced`, `_rejected`.
    pub(crate) partition: String,
    /// Changes that are planned.
    pub(crate) changes: u64,
    /// Those that came out again with the same digest.
    pub(crate) same: u64,
    /// Those that came out again, and that the whole plan withholds: too many retirements, keys claimed twice.
    pub(crate) settled: u64,
    /// The keys of the others; at most twenty.
    #[schemars(with = "Vec<String>")]
    pub(crate) different: Vec<AssetKey>,
    /// How many the others are.
    pub(crate) differing: u64,
    /// Findings that are reported.
    pub(crate) findings: u64,
    /// Those that came out again the same.
    pub(crate) findings_same: u64,
}

impl AccountProof {
    fn is_proven(&self) -> bool {
        self.differing == 0
    }
}

/// The whole run judged again.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct RunProof {
    /// The version of this document's form.
    pub(crate) schema_version: u32,
    /// The run.
    pub(crate) run: RunHead,
    /// Whether there is a plan to hold it against.
    pub(crate) planned: bool,
    /// Why the plan's own digests do not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan_fault: Option<String>,
    /// Account by account.
    pub(crate) accounts: Vec<AccountProof>,
    /// Why it may not replay.
    pub(crate) causes: Vec<Cause>,
}

impl RunProof {
    /// Tells whether everything came out again.
    pub(crate) fn is_proven(&self) -> bool {
        self.plan_fault.is_none() && self.accounts.iter().all(AccountProof::is_proven)
    }
}

/// Proves a whole run, account by account.
pub(super) fn of_run(run: &Run) -> Result<RunProof, Error> {
    let mut accounts = Vec::new();
    for name in &run.judged {
        accounts.push(of_account(run, &Replay::of(run, name)?)?);
    }
    let faulty = |plan| verify_plan(&run.directory, plan).err();
    let plan_fault = run.plan.as_ref().and_then(faulty).map(|error| chain(&error));
    let proven = plan_fault.is_none() && accounts.iter().all(AccountProof::is_proven);
    Ok(RunProof {
        schema_version: SCHEMA_VERSION,
        run: RunHead::of(run),
        planned: run.plan.is_some(),
        plan_fault,
        accounts,
        causes: if proven { Vec::new() } else { causes(run) },
    })
}

/// Holds all changes and findings of an account against those that came out again.
pub(super) fn of_account(run: &Run, replay: &Replay) -> Result<AccountProof, Error> {
    let mut proof = AccountProof {
        partition: replay.name.clone(),
        changes: 0,
        same: 0,
        settled: 0,
        different: Vec::new(),
        differing: 0,
        findings: 0,
        findings_same: 0,
    };
    let mut replayed: BTreeMap<AssetKey, &Change> =
        replay.result.changes.iter().map(|change| (change.asset_key, change)).collect();
    if run.directory.exists(Spool::Changes, &replay.name)? {
        for planned in run.directory.read::<Change>(Spool::Changes, &replay.name)? {
            let planned = planned?;
            proof.changes += 1;
            match verdict(&planned, replayed.remove(&planned.asset_key)) {
                Verdict::Same | Verdict::NotPlanned => proof.same += 1,
                Verdict::WithheldByGate | Verdict::WithheldByRegister | Verdict::ClaimedTwice => {
                    proof.settled += 1
                }
                Verdict::Different | Verdict::OneSided => proof.note(planned.asset_key),
            }
        }
        replayed.into_keys().for_each(|key| proof.note(key));
    }
    let findings: BTreeMap<&str, &Finding> =
        replay.result.findings.iter().map(|finding| (finding.finding_id.as_str(), finding)).collect();
    if run.directory.exists(Spool::Findings, &replay.name)? {
        for finding in run.directory.read::<Finding>(Spool::Findings, &replay.name)? {
            let finding = finding?;
            proof.findings += 1;
            proof.findings_same +=
                u64::from(findings.get(finding.finding_id.as_str()).is_some_and(|own| **own == finding));
        }
    }
    Ok(proof)
}

impl AccountProof {
    fn note(&mut self, key: AssetKey) {
        self.differing += 1;
        if self.different.len() < MOST_NAMED {
            self.different.push(key);
        }
    }
}

/// Says why a run may not replay.
pub(super) fn causes(run: &Run) -> Vec<Cause> {
    let mut causes = Vec::new();
    if run.is_of_another_version() {
        causes.push(Cause::ToolVersion);
    }
    if !run.settings_are_its_own() {
        causes.push(Cause::Settings);
    }
    if causes.is_empty() {
        causes.push(Cause::Unknown);
    }
    causes
}
