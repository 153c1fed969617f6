//! What others do in the central register between the runs, and what stands in it after one.
//!
//! Both go past the Register API, straight to its database: somebody with an access of their own.

use super::EntryState;
use serde_json::{Map, Value, json};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;

/// What somebody does to the central register before a run.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// Sets an attribute of the entry that has one of these names; without such an entry nothing happens.
    Attribute { names: Vec<String>, attribute: &'static str, value: Value, by: &'static str },
    /// Makes an entry under bestand's own name.
    Insert { asset_key: String, account_id: Option<String>, attributes: Map<String, Value>, by: &'static str },
}

impl Edit {
    pub(super) fn attribute(
        names: &[String],
        attribute: &'static str,
        value: Value,
        by: &'static str,
    ) -> Self {
        Self::Attribute { names: names.to_vec(), attribute, value, by }
    }
}

/// One entry as it stands in the central register.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key.
    pub asset_key: String,
    /// Whether it counts.
    pub state: EntryState,
    /// What it says.
    pub attributes: Map<String, Value>,
}

impl Entry {
    /// The names by which it can be told whose entry it is: its ARN and its asset id.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        ["arn", "asset_id"].into_iter().filter_map(|name| self.attributes.get(name)?.as_str())
    }
}

/// Reads every entry of the central register in a directory, in the order of their keys.
///
/// # Errors
/// When the database cannot be read.
pub async fn entries(directory: &Path) -> Result<Vec<Entry>, sqlx::Error> {
    let mut connection = open(directory).await?;
    let entries = read(&mut connection).await;
    connection.close().await?;
    entries
}

async fn open(directory: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(directory.join("register.db"));
    SqliteConnection::connect_with(&options).await
}

async fn read(connection: &mut SqliteConnection) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = sqlx::query("select asset_key, state, attributes from assets order by asset_key")
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            let attributes: &str = row.try_get("attributes")?;
            Ok(Entry {
                asset_key: row.try_get("asset_key")?,
                state: match row.try_get("state")? {
                    "active" => EntryState::Active,
                    _ => EntryState::Retired,
                },
                attributes: serde_json::from_str(attributes)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?,
            })
        })
        .collect()
}

/// Carries out the edits of a day, dated at that instant.
pub(super) async fn edit(directory: &Path, edits: &[Edit], at: &str) -> Result<(), sqlx::Error> {
    if edits.is_empty() {
        return Ok(());
    }
    let mut connection = open(directory).await?;
    let entries = read(&mut connection).await?;
    for edit in edits {
        match edit {
            Edit::Attribute { names, attribute, value, by } => {
                let named = |entry: &&Entry| entry.names().any(|name| names.iter().any(|own| own == name));
                let Some(entry) = entries.iter().find(named) else { continue };
                let mut attributes = entry.attributes.clone();
                attributes.insert((*attribute).to_owned(), value.clone());
                sqlx::query(
                    "update assets set attributes = ?, version = version + 1, last_writer = ?, updated_at = ? \
                     where asset_key = ?",
                )
                .bind(json!(attributes).to_string())
                .bind(by)
                .bind(at)
                .bind(&entry.asset_key)
                .execute(&mut connection)
                .await?;
            }
            Edit::Insert { asset_key, account_id, attributes, by } => {
                sqlx::query(
                    "insert into assets (asset_key, source, state, account_id, version, attributes, last_writer, \
                     created_at, updated_at) values (?, 'bestand', 'active', ?, 1, ?, ?, ?, ?)",
                )
                .bind(asset_key)
                .bind(account_id)
                .bind(json!(attributes).to_string())
                .bind(by)
                .bind(at)
                .bind(at)
                .execute(&mut connection)
                .await?;
            }
        }
    }
    connection.close().await
}
