//! A register's file, read past the register: what stands in it, and how often each was changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
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

/// Writes entries of `from` into `database` as a second writer would who was there first: under the same source and
/// keys, with a word of his own in the attribute `room`. Leaves no trace in the audit log. Gives their keys.
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
    sqlx::query(
        "INSERT INTO main.assets
         SELECT asset_key, source, state, account_id, 7, json_set(attributes, '$.room', 'a second writer'),
                NULL, NULL, 'somebody', created_at, updated_at
         FROM other.assets ORDER BY asset_key LIMIT ?",
    )
    .bind(i64::from(entries))
    .execute(&mut connection)
    .await?;
    let keys: Vec<(String,)> = sqlx::query_as("SELECT asset_key FROM main.assets ORDER BY asset_key")
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    Ok(keys.into_iter().map(|(key,)| key).collect())
}

async fn open(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(database)).await
}
