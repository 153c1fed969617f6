//! All that there is to tell of one asset, as one document.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::Account;
use bestand_model::asset::AssetKey;
use bestand_model::change_set::{Change, WithheldReason};
use bestand_model::finding::Finding;
use bestand_model::identifiers::RunId;
use bestand_model::plan::SCHEMA_VERSION;
use bestand_model::reconciliation::{Explainer, Explanation, Found, KeyKind};
use bestand_publisher::report::meaning_of_withheld;
use bestand_publisher::run_store::Spool;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::proof::{AccountProof, Cause, Verdict};
use super::publication::Publication;
use super::replay::Replay;
use super::run::Run;
use super::{proof, publication, words};
use crate::error::Error;

/// The run that is told of.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct RunHead {
    /// The run.
    pub(crate) run_id: RunId,
    /// `run` or `plan`.
    pub(crate) command: String,
    /// The environment.
    pub(crate) environment: String,
    /// The instant that everything was judged at.
    #[schemars(with = "String")]
    pub(crate) judged_at: Timestamp,
    /// The version of bestand that made it.
    pub(crate) tool_version: String,
    /// The version that explains it.
    pub(crate) explained_by: String,
    /// SHA-256 over the settings that were in force, secrets left out.
    pub(crate) settings_digest: String,
    /// Whether settings.json, which it is explained by, has that digest.
    pub(crate) settings_match: bool,
    /// The plan's digest, where there is a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan_digest: Option<String>,
}

impl RunHead {
    pub(super) fn of(run: &Run) -> Self {
        let summary = &run.summary;
        Self {
            run_id: summary.run_id.clone(),
            command: summary.command.clone(),
            environment: summary.environment.clone(),
            judged_at: summary.started_at,
            tool_version: summary.tool_version.clone(),
            explained_by: env!("CARGO_PKG_VERSION").to_owned(),
            settings_digest: summary.settings_digest.clone(),
            settings_match: run.settings_are_its_own(),
            plan_digest: run.plan.as_ref().map(|plan| plan.digest.clone()),
        }
    }
}

/// What is planned with an entry.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Planned {
    /// The change, as the plan has it; as it was judged again where there is no plan.
    #[schemars(with = "Value")]
    pub(crate) change: Change,
    /// Why it is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) withheld: Option<Withheld>,
    /// How it stands to the one that was judged again.
    pub(crate) replay: Verdict,
    /// The digest of the one that was judged again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replayed_digest: Option<String>,
    /// What became of it; absent: it was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publication: Option<Publication>,
}

/// Why a change is withheld.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Withheld {
    /// The reason's code.
    pub(crate) reason: WithheldReason,
    /// What it means.
    pub(crate) meaning: String,
    /// What would lift it.
    pub(crate) lifted_by: String,
}

/// All that there is to tell of one asset.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Story {
    /// The version of this document's form.
    pub(crate) schema_version: u32,
    /// The run.
    pub(crate) run: RunHead,
    /// What was asked for.
    pub(crate) key: String,
    /// As what it was found.
    pub(crate) found_as: BTreeSet<KeyKind>,
    /// The account, or `_not_aws`, `_unplaced`, `_rejected`.
    pub(crate) partition: String,
    /// The account, as the directory has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    pub(crate) account: Option<Account>,
    /// The asset; absent where only a finding speaks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asset: Option<Explanation>,
    /// The finding that is about no asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    pub(crate) finding: Option<Finding>,
    /// The ids of findings that came out again, and that are not in the report.
    pub(crate) findings_not_reported: BTreeSet<String>,
    /// What is planned: one change, or one per key where it is ambiguous.
    pub(crate) planned: Vec<Planned>,
    /// Whether the account replays.
    pub(crate) proof: AccountProof,
    /// Why it may not.
    pub(crate) causes: Vec<Cause>,
    /// The same key as others claim it: in another account, or by another party.
    pub(crate) also_claimed_by: Vec<Story>,
}

impl Story {
    /// Tells whether everything came out as it was planned.
    pub(crate) fn is_proven(&self) -> bool {
        self.proof.differing == 0
            && self.planned.iter().all(|planned| planned.replay.is_well())
            && self.also_claimed_by.iter().all(Self::is_proven)
    }
}

/// Puts the story together.
pub(super) fn make(
    run: &Run,
    replay: &Replay,
    explainer: &Explainer<'_>,
    found: &Found<'_>,
    key: &str,
) -> Result<Story, Error> {
    let asset = found.asset.map(|asset| explainer.explain(asset));
    let finding = found.finding.cloned();
    let replayed = asset.as_ref().map(|asset| asset.changes.as_slice()).unwrap_or_default();
    let planned = planned(run, &replay.name, replayed)?;
    let findings = asset.iter().flat_map(|asset| &asset.findings).chain(&finding);
    let findings_not_reported =
        not_reported(run, &replay.name, findings.map(|finding| finding.finding_id.clone()).collect())?;
    let proof = proof::of_account(run, replay)?;
    let mut story = Story {
        schema_version: SCHEMA_VERSION,
        run: RunHead::of(run),
        key: key.to_owned(),
        found_as: found.kinds.clone(),
        partition: replay.name.clone(),
        account: run.account(&replay.name).cloned(),
        asset,
        finding,
        findings_not_reported,
        planned,
        proof,
        causes: Vec::new(),
        also_claimed_by: Vec::new(),
    };
    if !story.is_proven() {
        story.causes = proof::causes(run);
    }
    Ok(story)
}

/// What the plan has for the keys of the changes that came out again.
fn planned(run: &Run, name: &str, replayed: &[Change]) -> Result<Vec<Planned>, Error> {
    let mut of_plan: BTreeMap<AssetKey, Change> = BTreeMap::new();
    let spooled = run.directory.exists(Spool::Changes, name)?;
    for change in replayed.iter().filter(|_| spooled) {
        let key = change.asset_key.to_string();
        for line in run.directory.read_with::<Change>(Spool::Changes, name, &key)? {
            let line = line?;
            if line.asset_key == change.asset_key {
                of_plan.insert(line.asset_key, line);
            }
        }
    }
    replayed
        .iter()
        .map(|replayed| {
            let planned = of_plan.remove(&replayed.asset_key);
            let replay = match &planned {
                Some(planned) => proof::verdict(planned, Some(replayed)),
                None if spooled => Verdict::OneSided,
                None => Verdict::NotPlanned,
            };
            let was_planned = planned.is_some();
            let change = planned.unwrap_or_else(|| replayed.clone());
            let publication = match run.plan.as_ref().filter(|_| was_planned) {
                Some(plan) => publication::of(run, plan, &change)?,
                None => None,
            };
            Ok(Planned {
                withheld: change.reason.map(|reason| Withheld {
                    reason,
                    meaning: meaning_of_withheld(reason).to_owned(),
                    lifted_by: words::lifted_by(reason).to_owned(),
                }),
                replay,
                replayed_digest: Some(replayed.digest.clone()),
                publication,
                change,
            })
        })
        .collect()
}

/// Of some findings the ids of those that the report does not have.
fn not_reported(run: &Run, name: &str, mut ids: BTreeSet<String>) -> Result<BTreeSet<String>, Error> {
    if !ids.is_empty() && run.directory.exists(Spool::Findings, name)? {
        for finding in run.directory.read::<Finding>(Spool::Findings, name)? {
            ids.remove(&finding?.finding_id);
        }
    }
    Ok(ids)
}
