//! Answers as they arrive, and what must hold of them. Unknown members are ignored.

use std::collections::BTreeMap;

use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::identifiers::AccountId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::{ChangeBatch, ChangeResult, ResultStatus};

#[derive(Debug, Deserialize)]
pub(super) struct AccountsAnswer {
    pub(super) accounts: Vec<AccountAnswer>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AccountAnswer {
    pub(super) account_id: AccountId,
}

#[derive(Debug, Deserialize)]
pub(super) struct AssetsAnswer {
    pub(super) assets: Vec<AssetAnswer>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

impl AssetsAnswer {
    /// Refuses entries of other writers: bestand would take them for its own and retire them.
    pub(super) fn check_source(&self, ours: &str) -> Result<(), String> {
        match self.assets.iter().find(|asset| asset.source != ours) {
            Some(foreign) => {
                Err(format!("entry {} belongs to {:?}, not to {ours:?}", foreign.asset_key, foreign.source))
            }
            None => Ok(()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AssetAnswer {
    pub(super) asset_key: AssetKey,
    source: String,
    state: AssetState,
    pub(super) account_id: Option<AccountId>,
    version: String,
    attributes: BTreeMap<String, Value>,
    #[serde(default)]
    last_plan: Option<String>,
    #[serde(default)]
    last_writer: Option<String>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
}

impl From<AssetAnswer> for PublishedAsset {
    fn from(answer: AssetAnswer) -> Self {
        Self {
            asset_key: answer.asset_key,
            version: answer.version,
            state: answer.state,
            account_id: answer.account_id,
            attributes: answer.attributes,
            last_plan: answer.last_plan,
            last_writer: answer.last_writer,
            updated_at: answer.updated_at,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ResultsAnswer {
    results: Vec<ResultAnswer>,
}

#[derive(Clone, Debug, Deserialize)]
struct ResultAnswer {
    idempotency_key: Option<String>,
    asset_key: Option<AssetKey>,
    status: ResultStatus,
    #[serde(default)]
    replayed: bool,
    version: Option<String>,
    code: Option<String>,
    reason: Option<String>,
}

impl ResultsAnswer {
    /// Takes the results for the changes of a batch; the error says in what they do not belong to it.
    pub(super) fn check(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, String> {
        if self.results.len() != batch.changes.len() {
            return Err(format!("{} results for {} changes", self.results.len(), batch.changes.len()));
        }
        let pairs = batch.changes.iter().zip(&self.results).enumerate();
        pairs
            .map(|(at, (change, result))| {
                if result.idempotency_key.as_ref().is_some_and(|key| *key != change.idempotency_key)
                    || result.asset_key.is_some_and(|key| key != change.asset_key)
                {
                    return Err(format!("result {at} belongs to another change"));
                }
                let named = result.idempotency_key.is_some() && result.asset_key.is_some();
                if !named && result.status != ResultStatus::Rejected {
                    return Err(format!("result {at} does not say to which change it belongs"));
                }
                if result.status == ResultStatus::Applied && result.version.is_none() {
                    return Err(format!("result {at} is applied and has no version"));
                }
                Ok(ChangeResult {
                    idempotency_key: change.idempotency_key.clone(),
                    asset_key: change.asset_key,
                    status: result.status,
                    replayed: result.replayed,
                    version: result.version.clone(),
                    code: result.code.clone(),
                    reason: result.reason.clone(),
                })
            })
            .collect()
    }
}

/// Problem details (RFC 9457), as far as they are shown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) detail: Option<String>,
}
