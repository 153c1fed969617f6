//! The audit trail: every change that was asked for, by whom, for which run and plan, and what was answered.

use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::access::Caller;
use super::apply::{ChangeResult, ROWS_PER_STATEMENT};
use super::change::{Change, Mark, Status};
use super::store::Asset;

/// What the audit trail tells of a change besides what was answered.
#[derive(Debug)]
pub(super) struct Asked {
    version_before: Option<i64>,
    change: Option<String>,
}

impl Asked {
    /// A change that was decided against the entry that was there.
    pub(super) fn of(change: &Change, before: Option<&Asset>) -> Self {
        let version_before = before.map(|asset| asset.version);
        Self { version_before, change: Some(change.to_json().to_string()) }
    }

    /// A change whose first answer is given again; its content stands beside that one.
    pub(super) fn again() -> Self {
        Self { version_before: None, change: None }
    }

    /// Something that makes no sense as a change, as it came.
    pub(super) fn invalid(raw: &Value) -> Self {
        Self { version_before: None, change: Some(raw.to_string()) }
    }
}

/// Writes down a batch in the transaction in which it is applied: what was asked for, and what is answered.
pub(super) async fn write(
    transaction: &mut Transaction<'_, Sqlite>,
    asked: &[Asked],
    results: &[ChangeResult],
    caller: &Caller,
    mark: Mark<'_>,
) -> Result<(), sqlx::Error> {
    let now = mark.now.to_string();
    let rows: Vec<_> = asked.iter().zip(results).collect();
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO audit_trail (at, writer, plan, run, idempotency_key, asset_key, status, code, replayed,
                 version_before, version_after, change) ",
        );
        insert.push_values(rows, |mut row, (asked, result)| {
            let outcome = &result.outcome;
            let after = outcome.version.as_ref().filter(|_| outcome.status == Status::Applied);
            row.push_bind(&now).push_bind(&caller.name).push_bind(mark.plan).push_bind(mark.run);
            row.push_bind(&result.idempotency_key).push_bind(&result.asset_key);
            row.push_bind(outcome.status.as_str()).push_bind(&outcome.code).push_bind(result.replayed);
            row.push_bind(asked.version_before).push_bind(after).push_bind(&asked.change);
        });
        insert.build().execute(&mut **transaction).await?;
    }
    Ok(())
}
