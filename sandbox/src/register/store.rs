//! The register's memory: a SQLite file, and everything that is read from it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, Row, SqlitePool};

/// Readers work beside the one writer.
pub(super) const CONNECTIONS: u32 = 4;

/// Pages (of 4 KiB) in the write-ahead log before it is written back: keys are scattered, so that the same
/// pages are written in every batch, and seldom is cheaper.
const CHECKPOINT_PAGES: &str = "16000";

/// Pages kept in memory, in KiB; SQLite takes the minus for this unit.
const CACHE_KIB: &str = "-65536";

/// The `user_version` that `schema.sql` sets: one more with each change of the layout.
const LAYOUT: i64 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Active,
    Retired,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

fn as_text<S: Serializer>(version: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

/// An entry, as it is kept and as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Asset {
    pub(super) asset_key: String,
    pub(super) source: String,
    pub(super) state: State,
    pub(super) account_id: Option<String>,
    #[serde(serialize_with = "as_text")]
    pub(super) version: i64,
    pub(super) attributes: BTreeMap<String, Value>,
    pub(super) last_plan: Option<String>,
    pub(super) last_run: Option<String>,
    pub(super) last_writer: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Asset {
    /// An entry before its first change; the change makes it version 1.
    pub(super) fn new(asset_key: &str, source: &str, now: Timestamp) -> Self {
        Self {
            asset_key: asset_key.to_owned(),
            source: source.to_owned(),
            state: State::Active,
            account_id: None,
            version: 0,
            attributes: BTreeMap::new(),
            last_plan: None,
            last_run: None,
            last_writer: source.to_owned(),
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn version_text(&self) -> String {
        self.version.to_string()
    }
}

impl FromRow<'_, SqliteRow> for Asset {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
        let at = |column: &str| -> Result<Timestamp, sqlx::Error> {
            row.try_get::<&str, _>(column)?.parse().map_err(|error: jiff::Error| decode(error.into()))
        };
        Ok(Self {
            asset_key: row.try_get("asset_key")?,
            source: row.try_get("source")?,
            state: match row.try_get("state")? {
                "active" => State::Active,
                _ => State::Retired,
            },
            account_id: row.try_get("account_id")?,
            version: row.try_get("version")?,
            attributes: serde_json::from_str(row.try_get("attributes")?)
                .map_err(|error| decode(error.into()))?,
            last_plan: row.try_get("last_plan")?,
            last_run: row.try_get("last_run")?,
            last_writer: row.try_get("last_writer")?,
            created_at: at("created_at")?,
            updated_at: at("updated_at")?,
        })
    }
}

/// How many entries, and how many of them are active.
#[derive(Debug, Serialize)]
pub(super) struct AssetCount {
    assets: i64,
    active: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct AccountCount {
    pub(super) account_id: String,
    #[serde(flatten)]
    count: AssetCount,
}

impl FromRow<'_, SqliteRow> for AssetCount {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { assets: row.try_get("assets")?, active: row.try_get("active")? })
    }
}

impl FromRow<'_, SqliteRow> for AccountCount {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { account_id: row.try_get("account_id")?, count: AssetCount::from_row(row)? })
    }
}

/// Evidence of a run, as it is kept.
#[derive(Debug, Serialize)]
pub(super) struct RunRecord {
    pub(super) run_id: String,
    pub(super) source: String,
    pub(super) recorded_at: Timestamp,
    pub(super) evidence: Value,
}

/// Lays out a new file; refuses one that is laid out otherwise.
async fn lay_out(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let (tables,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *transaction).await?;
    let (layout,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    if tables > 0 && layout != LAYOUT {
        return Err(sqlx::Error::Protocol(format!(
            "its layout is {layout}, not {LAYOUT}: another bestand made it, start with another file"
        )));
    }
    if tables == 0 {
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// The database.
#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) pool: SqlitePool,
    /// SQLite has one writer at a time: waiting here is fair, waiting for its lock is not.
    pub(super) writing: Arc<tokio::sync::Mutex<()>>,
}

impl Store {
    pub(super) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("cache_size", CACHE_KIB)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        lay_out(&pool).await?;
        Ok(Self { pool, writing: Arc::default() })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Accounts after `after`, in order; `source` `None` is every source.
    pub(super) async fn accounts(
        &self,
        source: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<AccountCount>, sqlx::Error> {
        sqlx::query_as(
            "SELECT account_id, count(*) AS assets, coalesce(sum(state = 'active'), 0) AS active FROM assets
             WHERE account_id > ?2 AND (?1 IS NULL OR source = ?1)
             GROUP BY account_id ORDER BY account_id LIMIT ?3",
        )
        .bind(source)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
    }

    pub(super) async fn count_without_account(
        &self,
        source: Option<&str>,
    ) -> Result<AssetCount, sqlx::Error> {
        sqlx::query_as(
            "SELECT count(*) AS assets, coalesce(sum(state = 'active'), 0) AS active FROM assets
             WHERE account_id IS NULL AND (?1 IS NULL OR source = ?1)",
        )
        .bind(source)
        .fetch_one(&self.pool)
        .await
    }

    /// Entries of an account (`None`: of no account) after the key `after`, in order of their keys.
    pub(super) async fn list(
        &self,
        source: Option<&str>,
        account_id: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Asset>, sqlx::Error> {
        sqlx::query_as(
            "SELECT * FROM assets
             WHERE account_id IS ?2 AND asset_key > ?3 AND (?1 IS NULL OR source = ?1)
             ORDER BY asset_key LIMIT ?4",
        )
        .bind(source)
        .bind(account_id)
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
    }

    /// Entries by key, in order of their keys; those not there, or not visible, are left out.
    pub(super) async fn look_up(
        &self,
        source: Option<&str>,
        keys: &[String],
    ) -> Result<Vec<Asset>, sqlx::Error> {
        sqlx::query_as(
            "SELECT * FROM assets
             WHERE asset_key IN (SELECT value FROM json_each(?2)) AND (?1 IS NULL OR source = ?1)
             ORDER BY asset_key",
        )
        .bind(source)
        .bind(Value::from(keys).to_string())
        .fetch_all(&self.pool)
        .await
    }

    pub(super) async fn record_run(&self, record: &RunRecord) -> Result<(), sqlx::Error> {
        let _writing = self.writing.lock().await;
        sqlx::query(
            "INSERT INTO runs (source, run_id, recorded_at, evidence) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET recorded_at = excluded.recorded_at, evidence = excluded.evidence",
        )
        .bind(&record.source)
        .bind(&record.run_id)
        .bind(record.recorded_at.to_string())
        .bind(record.evidence.to_string())
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// The evidence of a run; a keeper (`source` `None`) sees the newest of any writer.
    pub(super) async fn run(
        &self,
        source: Option<&str>,
        run_id: &str,
    ) -> Result<Option<RunRecord>, sqlx::Error> {
        let row: Option<(String, String, String)> = sqlx::query_as(
            "SELECT source, recorded_at, evidence FROM runs
             WHERE run_id = ?2 AND (?1 IS NULL OR source = ?1) ORDER BY recorded_at DESC LIMIT 1",
        )
        .bind(source)
        .bind(run_id)
        .fetch_optional(&self.pool)
        .await?;
        let Some((source, recorded_at, evidence)) = row else { return Ok(None) };
        let recorded_at =
            recorded_at.parse().map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))?;
        let evidence = serde_json::from_str(&evidence).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Some(RunRecord { run_id: run_id.to_owned(), source, recorded_at, evidence }))
    }
}
