//! Writes the source register's file.

use super::record::Record;
use sqlx::{
    AssertSqlSafe, Connection, QueryBuilder, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::path::{Path, PathBuf};

/// How many rows go into one statement: SQLite binds at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 400;

const SCHEMA: &str = "create table assets (
    id text primary key,
    arn text,
    resource_id text,
    account text,
    region text,
    type text,
    name text,
    env text,
    owner text,
    cost_centre text,
    data_class text,
    criticality text,
    status text,
    is_aws integer not null,
    instance_type text,
    room text,
    vendor text
)";

const INSERT: &str = "insert into assets (id, arn, resource_id, account, region, type, name, env, owner, \
    cost_centre, data_class, criticality, status, is_aws, instance_type, room, vendor) ";

/// Why the source register could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceRegisterError {
    /// The database refused.
    #[error("cannot write the source register {path}", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The file system refused.
    #[error("cannot put the source register {path} in its place", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes all records to a new file and puts it in the place of the old one, so that a reader sees either.
///
/// # Errors
/// When the file cannot be written or renamed.
pub(crate) async fn write(
    path: &Path,
    batches: impl Iterator<Item = Vec<Record>> + Send,
) -> Result<u64, SourceRegisterError> {
    write_as(path, SCHEMA, batches).await
}

/// The same into a table that lets several rows have one id, as careless registers do.
///
/// # Errors
/// When the file cannot be written or renamed.
pub(crate) async fn write_loosely(
    path: &Path,
    batches: impl Iterator<Item = Vec<Record>> + Send,
) -> Result<u64, SourceRegisterError> {
    write_as(path, &SCHEMA.replacen(" primary key", "", 1), batches).await
}

async fn write_as(
    path: &Path,
    schema: &str,
    batches: impl Iterator<Item = Vec<Record>> + Send,
) -> Result<u64, SourceRegisterError> {
    let new = path.with_extension("db.new");
    let file = |source| SourceRegisterError::File { path: path.to_owned(), source };
    match tokio::fs::remove_file(&new).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file(error)),
        _ => {}
    }
    let database = |source| SourceRegisterError::Database { path: path.to_owned(), source };
    let count = fill(&new, schema, batches).await.map_err(database)?;
    tokio::fs::rename(&new, path).await.map_err(file)?;
    Ok(count)
}

async fn fill(
    path: &Path,
    schema: &str,
    batches: impl Iterator<Item = Vec<Record>> + Send,
) -> Result<u64, sqlx::Error> {
    // Nothing is lost if this dies halfway: the old file stays.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query(AssertSqlSafe(schema.to_owned())).execute(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    let mut count = 0;
    for batch in batches {
        for rows in batch.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::<Sqlite>::new(INSERT);
            insert.push_values(rows, |mut row, record| {
                row.push_bind(&record.id)
                    .push_bind(&record.arn)
                    .push_bind(&record.resource_id)
                    .push_bind(&record.account)
                    .push_bind(&record.region)
                    .push_bind(&record.resource_type)
                    .push_bind(&record.name)
                    .push_bind(&record.environment)
                    .push_bind(&record.owner)
                    .push_bind(&record.cost_centre)
                    .push_bind(&record.data_class)
                    .push_bind(&record.criticality)
                    .push_bind(&record.status)
                    .push_bind(record.is_aws)
                    .push_bind(&record.instance_type)
                    .push_bind(&record.room)
                    .push_bind(&record.vendor);
            });
            // The last statement has fewer rows than the others; there is no use in keeping it prepared.
            insert.build().persistent(rows.len() == ROWS_PER_STATEMENT).execute(&mut *transaction).await?;
            count += rows.len() as u64;
        }
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(count)
}
