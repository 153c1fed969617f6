//! A batch of changes, decided one by one and written in one transaction.
//!
//! What the changes need is read by two statements, and what they leave is written by three for every
//! hundred of them. One transaction for the batch is more than the contract asks for (each change atomic by
//! itself) and makes 200 changes cost milliseconds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::access::Caller;
use super::audit::{self, Asked};
use super::change::{Change, Mark, Outcome, decide};
use super::store::{Asset, Store};

/// Rows that one statement inserts: few statements, and few different ones, so that they stay prepared.
pub(super) const ROWS_PER_STATEMENT: usize = 100;

/// A batch as it is sent; its changes are read one by one, so that a bad one is rejected alone.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) plan_digest: String,
    pub(super) run_id: String,
    pub(super) changes: Vec<Value>,
}

/// The answer for one change.
#[derive(Debug, Serialize)]
pub(super) struct ChangeResult {
    pub(super) idempotency_key: Option<String>,
    pub(super) asset_key: Option<String>,
    pub(super) replayed: bool,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

impl ChangeResult {
    fn of(change: &Change, outcome: Outcome, replayed: bool) -> Self {
        let (key, asset_key) = (change.idempotency_key.clone(), change.asset_key.clone());
        Self { idempotency_key: Some(key), asset_key: Some(asset_key), replayed, outcome }
    }

    fn invalid(raw: &Value, reason: String) -> Self {
        let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
        let outcome = Outcome::rejected("invalid_change", reason);
        let (idempotency_key, asset_key) = (text("idempotency_key"), text("asset_key"));
        Self { idempotency_key, asset_key, replayed: false, outcome }
    }
}

/// What was answered for a key, and for which content.
struct Answer {
    content: String,
    outcome: Outcome,
}

/// What a batch leaves to be written, besides the audit trail.
#[derive(Default)]
struct Writes {
    assets: BTreeMap<String, Asset>,
    answers: Vec<AnswerRow>,
}

struct AnswerRow {
    idempotency_key: String,
    content: String,
    outcome: String,
}

impl Store {
    /// Decides every change of a batch in order and returns once the applied ones are committed.
    pub(super) async fn apply(
        &self,
        batch: &Batch,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Vec<ChangeResult>, sqlx::Error> {
        let parsed: Vec<_> = batch.changes.iter().map(Change::parse).collect();
        let sound = || parsed.iter().filter_map(|change| change.as_ref().ok());
        let keys: Value = sound().map(|change| change.idempotency_key.as_str()).collect();
        let asset_keys: Value = sound().map(|change| change.asset_key.as_str()).collect();

        let _writing = self.writing.lock().await;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut answers = read_answers(&mut transaction, &caller.name, &keys).await?;
        let mut assets = read_assets(&mut transaction, &asset_keys).await?;

        let mark = Mark { plan: &batch.plan_digest, run: &batch.run_id, now };
        let mut writes = Writes::default();
        let mut asked = Vec::with_capacity(parsed.len());
        let mut results = Vec::with_capacity(parsed.len());
        for (change, raw) in parsed.into_iter().zip(&batch.changes) {
            let change = match change {
                Ok(change) => change,
                Err(reason) => {
                    asked.push(Asked::invalid(raw));
                    results.push(ChangeResult::invalid(raw, reason));
                    continue;
                }
            };
            let current = assets.get(&change.asset_key);
            let content = change.content_digest();
            if let Some(answer) = answers.get(&change.idempotency_key) {
                let result = again(&change, &content, answer);
                asked.push(if result.replayed { Asked::again() } else { Asked::of(&change, current) });
                results.push(result);
                continue;
            }
            let (outcome, after) = decide(&change, current, caller, mark);
            asked.push(Asked::of(&change, current));
            writes.note(&change, &content, &outcome, after.as_ref());
            if let Some(after) = after {
                assets.insert(change.asset_key.clone(), after);
            }
            let answer = Answer { content, outcome: outcome.clone() };
            answers.insert(change.idempotency_key.clone(), answer);
            results.push(ChangeResult::of(&change, outcome, false));
        }
        writes.write(&mut transaction, caller, mark).await?;
        audit::write(&mut transaction, &asked, &results, caller, mark).await?;
        transaction.commit().await?;
        Ok(results)
    }
}

/// The result for a key that was answered before.
fn again(change: &Change, content: &str, answer: &Answer) -> ChangeResult {
    if answer.content == content {
        return ChangeResult::of(change, answer.outcome.clone(), true);
    }
    let reused = Outcome::rejected("idempotency_key_reused", "the key was used for another change");
    ChangeResult::of(change, reused, false)
}

async fn read_answers(
    transaction: &mut Transaction<'_, Sqlite>,
    writer: &str,
    keys: &Value,
) -> Result<BTreeMap<String, Answer>, sqlx::Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT idempotency_key, content, outcome FROM answers
         WHERE writer = ? AND idempotency_key IN (SELECT value FROM json_each(?))",
    )
    .bind(writer)
    .bind(keys.to_string())
    .fetch_all(&mut **transaction)
    .await?;
    rows.into_iter()
        .map(|(key, content, outcome)| {
            let outcome =
                serde_json::from_str(&outcome).map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((key, Answer { content, outcome }))
        })
        .collect()
}

async fn read_assets(
    transaction: &mut Transaction<'_, Sqlite>,
    keys: &Value,
) -> Result<BTreeMap<String, Asset>, sqlx::Error> {
    let assets: Vec<Asset> =
        sqlx::query_as("SELECT * FROM assets WHERE asset_key IN (SELECT value FROM json_each(?))")
            .bind(keys.to_string())
            .fetch_all(&mut **transaction)
            .await?;
    Ok(assets.into_iter().map(|asset| (asset.asset_key.clone(), asset)).collect())
}

impl Writes {
    fn note(&mut self, change: &Change, content: &str, outcome: &Outcome, after: Option<&Asset>) {
        self.answers.push(AnswerRow {
            idempotency_key: change.idempotency_key.clone(),
            content: content.to_owned(),
            outcome: serde_json::to_string(outcome).unwrap_or_default(),
        });
        if let Some(after) = after {
            self.assets.insert(after.asset_key.clone(), after.clone());
        }
    }

    async fn write(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        caller: &Caller,
        mark: Mark<'_>,
    ) -> Result<(), sqlx::Error> {
        let now = mark.now.to_string();
        let assets: Vec<_> = self.assets.into_values().collect();
        for assets in assets.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO assets (asset_key, source, state, account_id, version, attributes,
                     last_plan, last_run, last_writer, created_at, updated_at) ",
            );
            insert.push_values(assets, |mut row, asset| {
                row.push_bind(&asset.asset_key).push_bind(&asset.source).push_bind(asset.state.as_str());
                row.push_bind(&asset.account_id).push_bind(asset.version);
                row.push_bind(serde_json::to_string(&asset.attributes).unwrap_or_default());
                row.push_bind(mark.plan).push_bind(mark.run).push_bind(&caller.name);
                row.push_bind(asset.created_at.to_string()).push_bind(&now);
            });
            insert.push(
                " ON CONFLICT (asset_key) DO UPDATE SET
                     state = excluded.state, account_id = excluded.account_id, version = excluded.version,
                     attributes = excluded.attributes, last_plan = excluded.last_plan,
                     last_run = excluded.last_run, last_writer = excluded.last_writer,
                     updated_at = excluded.updated_at",
            );
            insert.build().execute(&mut **transaction).await?;
        }
        for answers in self.answers.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new(
                "INSERT INTO answers (writer, idempotency_key, content, outcome, answered_at) ",
            );
            insert.push_values(answers, |mut row, answer| {
                row.push_bind(&caller.name).push_bind(&answer.idempotency_key);
                row.push_bind(&answer.content).push_bind(&answer.outcome).push_bind(&now);
            });
            insert.build().execute(&mut **transaction).await?;
        }
        Ok(())
    }
}
