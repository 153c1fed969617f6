//! What people do to the source register from one day to the next.

use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Adds rows of what is no AWS resource, which are gone on the next day.
///
/// # Errors
/// When the file is not there or is no source register's.
pub async fn day_before(database: &Path, rows: u32) -> Result<(), sqlx::Error> {
    let mut connection = open(database).await?;
    add(&mut connection, "ITK-GONE", rows).await?;
    connection.close().await
}

/// Strikes out the rows of the day before, adds so many others, and gives every third row another owner.
///
/// # Errors
/// When the file is not there or is no source register's.
pub async fn next_day(database: &Path, rows: u32) -> Result<(), sqlx::Error> {
    let mut connection = open(database).await?;
    for statement in [
        "DELETE FROM assets WHERE id LIKE 'ITK-GONE-%'",
        "UPDATE assets SET owner = 'Team Ost' WHERE rowid % 3 = 0",
    ] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    add(&mut connection, "ITK-NEW", rows).await?;
    connection.close().await
}

async fn add(connection: &mut SqliteConnection, prefix: &str, rows: u32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
         INSERT INTO assets (id, type, name, env, owner, status, is_aws, room)
         SELECT printf('%s-%06d', ?1, n), 'Fahrscheinautomat', printf('Automat %d', n), 'prod', 'Vertrieb',
                'active', 0, printf('Halle %d', n % 7)
         FROM numbers",
    )
    .bind(prefix)
    .bind(i64::from(rows))
    .execute(connection)
    .await
    .map(drop)
}

async fn open(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(database)).await
}
