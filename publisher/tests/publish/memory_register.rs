//! A central register in memory that keeps the contract: versions, preconditions, remembered keys, marks.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::change_set::{ChangeKind, Precondition};
use bestand_publisher::central_register::{
    Capabilities, ChangeBatch, ChangeResult, RegisterIdentity, ResultStatus, SentChange,
};
use serde_json::{Value, json};

pub(crate) const REGISTER_ID: &str = "register-of-tests";
pub(crate) const ENVIRONMENT: &str = "staging";

pub(crate) struct MemoryRegister {
    pub(crate) identity: RegisterIdentity,
    /// Changes that are answered `rejected`.
    pub(crate) rejected: Vec<AssetKey>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<AssetKey, PublishedAsset>,
    answers: BTreeMap<String, (SentChange, ChangeResult)>,
    /// Every change that was carried out, in order: one that shows twice was doubled.
    carried_out: Vec<String>,
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
            source: "bestand".into(),
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

    pub(crate) fn look_up(&self, keys: &[AssetKey]) -> Vec<PublishedAsset> {
        let state = self.state.lock().unwrap();
        keys.iter().filter_map(|key| state.entries.get(key).cloned()).collect()
    }

    pub(crate) fn apply(&self, batch: &ChangeBatch) -> Vec<ChangeResult> {
        batch.changes.iter().map(|change| self.apply_one(batch, change)).collect()
    }

    fn apply_one(&self, batch: &ChangeBatch, change: &SentChange) -> ChangeResult {
        let mut state = self.state.lock().unwrap();
        if self.identity.capabilities.idempotency
            && let Some((first, answer)) = state.answers.get(&change.idempotency_key)
        {
            assert_eq!(first, change, "a key is never used for something else");
            return ChangeResult { replayed: true, ..answer.clone() };
        }
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
        let holds = match (&change.precondition, &there) {
            (Precondition::Absent(_), None) => true,
            (Precondition::Version(version), Some(entry)) => *version == entry.version,
            (Precondition::Absent(_), Some(_)) | (Precondition::Version(_), None) => false,
        };
        let result = if self.rejected.contains(&change.asset_key) {
            answer(ResultStatus::Rejected, None, Some("not_owner"))
        } else if !holds && self.identity.capabilities.preconditions {
            answer(ResultStatus::Conflicted, there.map(|entry| entry.version), Some("version_mismatch"))
        } else {
            let entry = patched(there, batch, change);
            let version = entry.version.clone();
            state.entries.insert(change.asset_key, entry);
            state.carried_out.push(change.idempotency_key.clone());
            answer(ResultStatus::Applied, Some(version), None)
        };
        state.answers.insert(change.idempotency_key.clone(), (change.clone(), result.clone()));
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
