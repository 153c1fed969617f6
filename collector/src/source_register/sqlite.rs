//! Reads the source register from a SQLite file.

use std::io;

use bestand_model::asset_record::RecordTotals;
use bestand_model::sql_name::quoted;
use futures::TryStreamExt;
use sqlx::sqlite::{SqliteColumn, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Decode, Executor, Row, Sqlite, Statement, TypeInfo,
    ValueRef,
};

use super::RecordSink;
use super::cell::{Cell, CellResult, LONGEST_VALUE_BYTES, TextForm};
use super::columns::{AvailableColumn, MappedColumn, resolve};
use super::error::SourceRegisterError;
use super::progress::Progress;
use super::sql::ReadingPlan;

/// How a column is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Kind {
    /// Declared as truth values, which SQLite keeps as 0 and 1.
    boolean: bool,
}

/// Reads all rows in one read transaction.
pub(super) async fn read(
    options: &SqliteConnectOptions,
    plan: &ReadingPlan,
    sink: &mut dyn RecordSink,
) -> Result<RecordTotals, SourceRegisterError> {
    let options = options.clone().busy_timeout(plan.statement_timeout).disable_statement_logging();
    let mut connection = plan.connection(connect(&options)).await?;
    // Deferred: the snapshot begins with the first reading and lasts until the end.
    plan.answer("beginning a read transaction", sqlx::raw_sql("BEGIN").execute(&mut connection)).await?;
    let columns = columns(plan, &mut connection).await?;
    let count = sqlx::query_scalar(AssertSqlSafe(plan.count_sql())).persistent(false);
    let counted: i64 = plan.answer("counting its rows", count.fetch_one(&mut connection)).await?;
    let mut progress = Progress::begin(&plan.judge, sink, counted.unsigned_abs())?;
    let expressions = columns.iter().map(|column| bounded(&column.name)).collect();
    let sql = plan.rows_sql(expressions, aws_expression(plan));
    {
        let mut rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch(&mut connection);
        while let Some(row) = plan.answer("reading its rows", rows.try_next()).await? {
            let cells =
                columns.iter().enumerate().map(|(index, column)| cell(&row, index, column.kind)).collect();
            let aws: i64 = row
                .try_get(columns.len())
                .map_err(|error| plan.redaction.failed("reading its rows", &error))?;
            progress.take(aws != 0, cells)?;
        }
    }
    let totals = progress.end()?;
    // All rows are there: how the connection ends changes nothing about them.
    let _closed = connection.close().await;
    Ok(totals)
}

/// Connects, with a message of its own for the most frequent mistake.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    match tokio::fs::metadata(options.get_filename()).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::NotFound, "the file does not exist")))
        }
        // Other troubles are SQLite's to tell.
        Ok(_) | Err(_) => SqliteConnection::connect_with(options).await,
    }
}

async fn columns(
    plan: &ReadingPlan,
    connection: &mut SqliteConnection,
) -> Result<Vec<MappedColumn<Kind>>, SourceRegisterError> {
    let sql = AssertSqlSafe(plan.columns_sql());
    let statement = plan
        .answer("looking at its columns", connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)))
        .await?;
    let available: Vec<_> = statement.columns().iter().map(available).collect();
    let mut problems = Vec::new();
    if let Some(aws_rows) = &plan.aws_rows {
        // SQLite takes a name in double quotes that it does not know for text, and the condition would
        // quietly be about that text.
        for name in &aws_rows.quoted_names {
            if !available.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
                problems.push(format!(
                    "the `aws_rows` condition names the column \"{name}\", which does not exist (text stands in single quotes)"
                ));
            }
        }
    }
    match resolve(&plan.columns, &available) {
        Ok(columns) if problems.is_empty() => Ok(columns),
        Ok(_) => Err(SourceRegisterError::Settings { problems }),
        Err(found) => {
            problems.extend(found);
            Err(SourceRegisterError::Settings { problems })
        }
    }
}

fn available(column: &SqliteColumn) -> AvailableColumn<Kind> {
    let declared = column.type_info().name();
    let kind = match declared {
        "BLOB" => Err("it is declared as BLOB, and binary data is no attribute".to_owned()),
        _ => Ok(Kind { boolean: declared == "BOOLEAN" }),
    };
    AvailableColumn { name: column.name().to_owned(), kind }
}

/// Replaces a value that is too long by an empty one of just too great a length, so that it is refused without
/// ever being in memory.
fn bounded(column: &str) -> String {
    let column = quoted(column);
    format!(
        "CASE WHEN typeof({column}) IN ('text', 'blob') AND length(CAST({column} AS BLOB)) > {LONGEST_VALUE_BYTES} \
         THEN zeroblob({}) ELSE {column} END",
        LONGEST_VALUE_BYTES + 1
    )
}

/// Gives 1 for an AWS row, also where the condition is NULL: what nobody can tell is judged, not passed through.
fn aws_expression(plan: &ReadingPlan) -> String {
    match &plan.aws_rows {
        Some(aws_rows) => format!("CASE WHEN COALESCE((\n{}\n), 1) THEN 1 ELSE 0 END", aws_rows.condition),
        None => "1".to_owned(),
    }
}

/// Reads one value by the type that it really has: SQLite's columns do not hold values to their declared type.
fn cell(row: &SqliteRow, index: usize, kind: Kind) -> CellResult {
    let value = row.try_get_raw(index).map_err(unreadable)?;
    if value.is_null() {
        return Ok(Cell::NONE);
    }
    let stored = value.type_info().name().to_owned();
    match stored.as_str() {
        "INTEGER" => {
            let number = <i64 as Decode<Sqlite>>::decode(value).map_err(unreadable)?;
            match number {
                0 | 1 if kind.boolean => Ok(Cell::plain((number == 1).into())),
                _ => Ok(Cell::integer(number)),
            }
        }
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Cell::float).map_err(unreadable),
        _ => {
            let bytes = <&[u8] as Decode<Sqlite>>::decode(value).map_err(unreadable)?;
            Cell::from_bytes(bytes, TextForm::Text)
        }
    }
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("cannot be read: {error}")
}
