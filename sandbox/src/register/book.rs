//! A register's file, read past the register: what stands in it, and how often each was changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// What a register's file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// The entries by asset key.
    pub entries: BTreeMap<String, BookEntry>,
    /// How many changes the audit log has of each asset key.
    pub applied: BTreeMap<String, u64>,
}

/// What stands in an entry, without the times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// `active` or `retired`.
    pub state: String,
    /// Whose account it lies in.
    pub account_id: Option<String>,
    /// How often it was written.
    pub version: i64,
    /// What is said of it.
    pub attributes: Value,
}

/// Reads a register's file; the register may be running.
///
/// # Errors
/// When the file is not there or is no register's.
pub async fn book(database: &Path) -> Result<Book, sqlx::Error> {
    let mut connection = open(database).await?;
    let mut book = Book::default();
    let rows: Vec<(String, String, Option<String>, i64, String)> =
        sqlx::query_as("SELECT asset_key, state, account_id, version, attributes FROM assets")
            .fetch_all(&mut connection)
            .await?;
    for (key, state, account_id, version, attributes) in rows {
        let attributes =
            serde_json::from_str(&attributes).map_err(|error| sqlx::Error::Decode(error.into()))?;
        book.entries.insert(key, BookEntry { state, account_id, version, attributes });
    }
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT asset_key, COUNT(*) FROM audit_log GROUP BY asset_key")
            .fetch_all(&mut connection)
            .await?;
    book.applied.extend(rows.into_iter().map(|(key, times)| (key, times.unsigned_abs())));
    connection.close().await?;
    Ok(book)
}

/// Writes the book anew from the audit trail alone, one applied change after the other: what must stand in the entries,
/// if everything was written down and nothing else was done.
///
/// # Errors
/// When the file is not there or is no register's, and when a version of an entry is missing or comes twice.
pub async fn book_by_audit(database: &Path) -> Result<Book, sqlx::Error> {
    let mut connection = open(database).await?;
    let rows: Vec<(String, i64, String)> =
        sqlx::query_as("SELECT asset_key, version, change FROM audit_log ORDER BY id")
            .fetch_all(&mut connection)
            .await?;
    let mut book = Book::default();
    for (key, version, change) in rows {
        let change: Value =
            serde_json::from_str(&change).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let times = book.applied.entry(key.clone()).or_default();
        *times += 1;
        if version.unsigned_abs() != *times {
            return Err(sqlx::Error::Protocol(format!("{key}: version {version} is change {times} of it")));
        }
        let entry = book.entries.entry(key).or_insert_with(BookEntry::unwritten);
        entry.write(version, &change);
    }
    connection.close().await?;
    Ok(book)
}

impl BookEntry {
    fn unwritten() -> Self {
        let attributes = Value::Object(Map::new());
        Self { state: "active".to_owned(), account_id: None, version: 0, attributes }
    }

    /// Applies a change by the words of the contract; shares no code with the register's own way.
    fn write(&mut self, version: i64, change: &Value) {
        self.version = version;
        let patch = &change["patch"];
        if let Some(account_id) = patch.get("account_id") {
            self.account_id = account_id.as_str().map(str::to_owned);
        }
        match (change["kind"].as_str(), patch["state"].as_str()) {
            (Some("retire"), _) => self.state = "retired".to_owned(),
            (_, Some(state)) => self.state = state.to_owned(),
            (_, None) => {}
        }
        let Value::Object(attributes) = &mut self.attributes else { return };
        for (name, value) in patch["attributes"].as_object().into_iter().flatten() {
            if value.is_null() {
                attributes.remove(name);
            } else {
                attributes.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Copies a register's file, which may be running.
///
/// # Errors
/// When it is not there or is no register's, or the other file is there already.
pub async fn copy(database: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let mut connection = open(database).await?;
    sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned()).execute(&mut connection).await?;
    connection.close().await
}

/// Writes into `database`, as a second writer would who was there first, entries that the last plan in `from` wrote: under
/// the same source and keys, with a word of his own in the attribute `room`. Leaves no trace in the audit log. Gives their
/// keys.
///
/// # Errors
/// When one of the files is not there or is no register's.
pub async fn write_as_another(
    database: &Path,
    from: &Path,
    entries: u32,
) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = open(database).await?;
    sqlx::query("ATTACH DATABASE ? AS other")
        .bind(from.to_string_lossy().into_owned())
        .execute(&mut connection)
        .await?;
    // Keys are hashes, so that the first ones are of every kind of change.
    let keys: Vec<(String,)> = sqlx::query_as(
        "SELECT asset_key FROM other.audit_log
         WHERE plan = (SELECT plan FROM other.audit_log ORDER BY id DESC LIMIT 1) ORDER BY asset_key LIMIT ?",
    )
    .bind(i64::from(entries))
    .fetch_all(&mut connection)
    .await?;
    for (key,) in &keys {
        sqlx::query(
            "INSERT OR REPLACE INTO main.assets
             SELECT asset_key, source, 'active', account_id, 7,
                    json_set(attributes, '$.room', 'a second writer'), NULL, NULL, 'somebody', created_at, updated_at
             FROM other.assets WHERE asset_key = ?",
        )
        .bind(key)
        .execute(&mut connection)
        .await?;
    }
    connection.close().await?;
    Ok(keys.into_iter().map(|(key,)| key).collect())
}

async fn open(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(database)).await
}
