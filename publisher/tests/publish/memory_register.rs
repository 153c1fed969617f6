//! A central register in memory that keeps the contract as far as it declares it: versions, preconditions, remembered
//! keys, marks, writers apart.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::change_set::{ChangeKind, Precondition};
use bestand_model::identifiers::RunId;
use bestand_publisher::central_register::{
    Capabilities, ChangeBatch, ChangeResult, RegisterIdentity, ResultStatus, RunEvidence, SentChange,
};
use serde_json::{Value, json};

pub(crate) const REGISTER_ID: &str = "register-of-tests";
pub(crate) const ENVIRONMENT: &str = "staging";
pub(crate) const SOURCE: &str = "bestand";

pub(crate) struct MemoryRegister {
    pub(crate) identity: RegisterIdentity,
    /// Changes that are answered `rejected`.
    pub(crate) rejected: Vec<AssetKey>,
    state: Mutex<State>,
}

const REUSED: &str = "idempotency_key_reused";

#[derive(Default)]
struct State {
    entries: BTreeMap<AssetKey, PublishedAsset>,
    /// Writers of entries; those that were there before are bestand's.
    owners: BTreeMap<AssetKey, String>,
    answers: BTreeMap<String, (SentChange, ChangeResult)>,
    evidence: BTreeMap<(String, RunId), RunEvidence>,
    /// Every change that was carried out, in order: one that shows twice was doubled.
    carried_out: Vec<String>,
}

impl State {
    fn owner(&self, key: AssetKey) -> &str {
        self.owners.get(&key).map_or(SOURCE, String::as_str)
    }
}

impl MemoryRegister {
    pub(crate) fn new(entries: &[PublishedAsset]) -> Self {
        let entries = entries.iter().map(|entry| (entry.asset_key, entry.clone())).collect();
        let capabilities = Capabilities {
            environment: true,
            list: true,
            preconditions: true,
            idempotency: true,
            read_back: true,
            max_batch: 500,
            max_page: 1000,
        };
        let identity = RegisterIdentity {
            register_id: REGISTER_ID.into(),
            environment: ENVIRONMENT.into(),
            name: "in memory".into(),
            api_version: "1".into(),
            source: SOURCE.into(),
            capabilities,
        };
        Self { identity, rejected: Vec::new(), state: Mutex::new(State { entries, ..State::default() }) }
    }

    pub(crate) fn entry(&self, key: AssetKey) -> Option<PublishedAsset> {
        self.state.lock().unwrap().entries.get(&key).cloned()
    }

    pub(crate) fn carried_out(&self) -> Vec<String> {
        self.state.lock().unwrap().carried_out.clone()
    }

    /// A person changes an entry: a new version, another mark.
    pub(crate) fn somebody_edits(&self, key: AssetKey) {
        self.somebody_sets(key, &[("owner", json!("somebody else"))]);
    }

    /// The same with values; null removes.
    pub(crate) fn somebody_sets(&self, key: AssetKey, values: &[(&str, Value)]) {
        let mut state = self.state.lock().unwrap();
        if let Some(entry) = state.entries.get_mut(&key) {
            for (name, value) in values {
                entry.attributes.insert((*name).to_owned(), value.clone());
            }
            entry.attributes.retain(|_, value| !value.is_null());
            entry.version = next(&entry.version);
            entry.last_plan = None;
        }
    }

    /// The retention of keys is over.
    pub(crate) fn forget_keys(&self) {
        self.state.lock().unwrap().answers.clear();
    }

    /// What a writer owns, in the order of keys.
    pub(crate) fn owned(&self, source: &str) -> Vec<PublishedAsset> {
        let state = self.state.lock().unwrap();
        let owned = state.entries.values().filter(|entry| state.owner(entry.asset_key) == source);
        owned.map(|entry| self.shown(entry)).collect()
    }

    pub(crate) fn look_up(&self, keys: &[AssetKey]) -> Vec<PublishedAsset> {
        let state = self.state.lock().unwrap();
        keys.iter().filter_map(|key| state.entries.get(key)).map(|entry| self.shown(entry)).collect()
    }

    fn shown(&self, entry: &PublishedAsset) -> PublishedAsset {
        let marks = self.identity.capabilities.read_back;
        PublishedAsset { last_plan: entry.last_plan.clone().filter(|_| marks), ..entry.clone() }
    }

    pub(crate) fn record_run(&self, source: &str, evidence: &RunEvidence) {
        let key = (source.to_owned(), evidence.run_id.clone());
        self.state.lock().unwrap().evidence.insert(key, evidence.clone());
    }

    pub(crate) fn evidence(&self, source: &str, run: &RunId) -> Option<RunEvidence> {
        self.state.lock().unwrap().evidence.get(&(source.to_owned(), run.clone())).cloned()
    }

    pub(crate) fn forget_evidence(&self) {
        self.state.lock().unwrap().evidence.clear();
    }

    pub(crate) fn apply(&self, batch: &ChangeBatch) -> Vec<ChangeResult> {
        let results = self.apply_as(SOURCE, batch);
        let reused = results.iter().any(|result| result.code.as_deref() == Some(REUSED));
        assert!(!reused, "a key is never used for something else");
        results
    }

    pub(crate) fn apply_as(&self, source: &str, batch: &ChangeBatch) -> Vec<ChangeResult> {
        batch.changes.iter().map(|change| self.apply_one(source, batch, change)).collect()
    }

    fn apply_one(&self, source: &str, batch: &ChangeBatch, change: &SentChange) -> ChangeResult {
        let mut state = self.state.lock().unwrap();
        let there = state.entries.get(&change.asset_key).cloned();
        let answer = |status, version: Option<String>, code: Option<&str>| ChangeResult {
            idempotency_key: change.idempotency_key.clone(),
            asset_key: change.asset_key,
            status,
            replayed: false,
            version,
            code: code.map(str::to_owned),
            reason: code.map(|code| format!("because of {code}")),
        };
        if change.kind != ChangeKind::Retire && change.patch.state == Some(AssetState::Retired) {
            return answer(ResultStatus::Rejected, None, Some("invalid_change"));
        }
        let remembered = format!("{source} {}", change.idempotency_key);
        if self.identity.capabilities.idempotency
            && let Some((first, first_answer)) = state.answers.get(&remembered)
        {
            return if first == change {
                ChangeResult { replayed: true, ..first_answer.clone() }
            } else {
                answer(ResultStatus::Rejected, None, Some(REUSED))
            };
        }
        let foreign = there.is_some() && state.owner(change.asset_key) != source;
        let holds = match (&change.precondition, &there) {
            (Precondition::Absent(_), None) => true,
            (Precondition::Version(version), Some(entry)) => *version == entry.version,
            (Precondition::Absent(_), Some(_)) | (Precondition::Version(_), None) => false,
        };
        let result = if foreign || self.rejected.contains(&change.asset_key) {
            answer(ResultStatus::Rejected, None, Some("not_owner"))
        } else if !holds && self.identity.capabilities.preconditions {
            answer(ResultStatus::Conflicted, there.map(|entry| entry.version), Some("version_mismatch"))
        } else {
            let entry = PublishedAsset { last_writer: Some(source.into()), ..patched(there, batch, change) };
            let version = entry.version.clone();
            state.entries.insert(change.asset_key, entry);
            state.owners.insert(change.asset_key, source.into());
            state.carried_out.push(change.idempotency_key.clone());
            answer(ResultStatus::Applied, Some(version), None)
        };
        state.answers.insert(remembered, (change.clone(), result.clone()));
        result
    }
}

fn patched(there: Option<PublishedAsset>, batch: &ChangeBatch, change: &SentChange) -> PublishedAsset {
    let mut entry = there.unwrap_or_else(|| PublishedAsset {
        asset_key: change.asset_key,
        version: "0".into(),
        state: AssetState::Active,
        account_id: None,
        attributes: BTreeMap::new(),
        last_plan: None,
        last_writer: None,
        updated_at: None,
    });
    for (name, value) in &change.patch.attributes {
        if value.is_null() {
            entry.attributes.remove(name);
        } else {
            entry.attributes.insert(name.clone(), value.clone());
        }
    }
    entry.account_id = change.patch.account_id.clone().or(entry.account_id);
    entry.state = match change.kind {
        ChangeKind::Retire => AssetState::Retired,
        _ => change.patch.state.unwrap_or(entry.state),
    };
    entry.version = next(&entry.version);
    entry.last_plan = Some(batch.plan_digest.clone());
    entry
}

fn next(version: &str) -> String {
    (version.parse::<u64>().unwrap() + 1).to_string()
}
