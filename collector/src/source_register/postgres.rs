//! Reads the source register from PostgreSQL.
//!
//! The database itself turns every value into text, so that a type this module never heard of is still read;
//! what it knows of the column's type says how that text becomes JSON.

use bestand_model::asset_record::RecordTotals;
use bestand_model::sql_name::quoted;
use futures::TryStreamExt;
use sqlx::postgres::{PgColumn, PgConnection, PgRow, PgTypeInfo, PgTypeKind};
use sqlx::{AssertSqlSafe, Column, Connection, Executor, Row, SqlSafeStr, Statement, TypeInfo, ValueRef};

use super::RecordSink;
use super::cell::{Cell, CellResult, LONGEST_VALUE_BYTES, TextForm};
use super::columns::{AvailableColumn, MappedColumn, resolve};
use super::error::SourceRegisterError;
use super::postgres_access::PostgresAccess;
use super::progress::Progress;
use super::sql::ReadingPlan;

/// Rows that the cursor gives at a time: enough to hide the round trip, few enough to stay small.
const ROWS_PER_FETCH: u64 = 1000;

/// How a column is read: what the database makes of it, and how that text is to be understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Kind {
    text: AsText,
    form: TextForm,
}

/// How the database turns a value into text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AsText {
    /// By a cast.
    Cast,
    /// As JSON spells it without quotes: dates and times become RFC 3339.
    JsonText,
    /// As a JSON array.
    JsonArray,
    /// As a JSON array of the elements' text.
    JsonArrayOfText,
}

/// Reads all rows in one repeatable-read transaction, through a cursor.
pub(super) async fn read(
    access: &PostgresAccess,
    plan: &ReadingPlan,
    sink: &mut dyn RecordSink,
) -> Result<RecordTotals, SourceRegisterError> {
    let mut connection = access.connect(plan).await?;
    begin(plan, &mut connection).await?;
    let columns = columns(plan, &mut connection).await?;
    let count = sqlx::query_scalar(AssertSqlSafe(plan.count_sql())).persistent(false);
    let counted: i64 = plan.answer("counting its rows", count.fetch_one(&mut connection)).await?;
    let mut progress = Progress::begin(&plan.judge, sink, counted.unsigned_abs())?;
    let sql = plan.rows_sql(columns.iter().map(expression).collect(), aws_expression(plan));
    let declare = format!("DECLARE source_rows_cursor NO SCROLL CURSOR FOR {sql}");
    // Prepared, not sent as plain text: PostgreSQL then refuses a second statement by itself.
    let declare = sqlx::query(AssertSqlSafe(declare)).persistent(false);
    plan.answer("selecting its rows (mapped columns and `aws_rows`)", declare.execute(&mut connection))
        .await?;
    let fetch = format!("FETCH FORWARD {ROWS_PER_FETCH} FROM source_rows_cursor");
    loop {
        let mut arrived = 0;
        let mut rows = sqlx::query(AssertSqlSafe(fetch.as_str())).fetch(&mut connection);
        while let Some(row) = plan.answer("reading its rows", rows.try_next()).await? {
            arrived += 1;
            let cells =
                columns.iter().enumerate().map(|(index, column)| cell(&row, index, column.kind)).collect();
            let aws: bool = row
                .try_get(columns.len())
                .map_err(|error| plan.redaction.failed("reading its rows", &error))?;
            progress.take(aws, cells)?;
        }
        if arrived < ROWS_PER_FETCH {
            break;
        }
    }
    plan.answer("ending the transaction", sqlx::raw_sql("COMMIT").execute(&mut connection)).await?;
    let totals = progress.end()?;
    // All rows are there: how the connection ends changes nothing about them.
    let _closed = connection.close().await;
    Ok(totals)
}

async fn begin(plan: &ReadingPlan, connection: &mut PgConnection) -> Result<(), SourceRegisterError> {
    let doing = "beginning a read-only snapshot transaction";
    let begin = sqlx::raw_sql("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    plan.answer(doing, begin.execute(&mut *connection)).await?;
    // The server too gives up, else it would go on working for a reader that has left. All rows are wanted,
    // so the cursor is to be planned like a whole query.
    let limits = format!(
        "SET LOCAL statement_timeout = {}; SET LOCAL cursor_tuple_fraction = 1.0; SET LOCAL TimeZone = 'UTC'",
        plan.statement_timeout.as_millis().clamp(1, 2_147_483_647)
    );
    plan.answer(doing, sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut *connection)).await?;
    Ok(())
}

async fn columns(
    plan: &ReadingPlan,
    connection: &mut PgConnection,
) -> Result<Vec<MappedColumn<Kind>>, SourceRegisterError> {
    let sql = AssertSqlSafe(plan.columns_sql()).into_sql_str();
    let statement = plan.answer("looking at its columns", connection.prepare(sql)).await?;
    let available: Vec<_> = statement.columns().iter().map(available).collect();
    resolve(&plan.columns, &available).map_err(|problems| SourceRegisterError::Settings { problems })
}

fn available(column: &PgColumn) -> AvailableColumn<Kind> {
    AvailableColumn { name: column.name().to_owned(), kind: kind(column.type_info()) }
}

fn kind(info: &PgTypeInfo) -> Result<Kind, String> {
    match info.kind() {
        PgTypeKind::Domain(inner) => return kind(inner),
        PgTypeKind::Array(element) => {
            let element = kind(element)?;
            let plain = element.text == AsText::Cast && element.form != TextForm::Decimal;
            let text = if plain { AsText::JsonArray } else { AsText::JsonArrayOfText };
            return Ok(Kind { text, form: TextForm::Json });
        }
        PgTypeKind::Simple
        | PgTypeKind::Pseudo
        | PgTypeKind::Composite(_)
        | PgTypeKind::Enum(_)
        | PgTypeKind::Range(_) => {}
    }
    let (text, form) = match info.name().to_ascii_uppercase().as_str() {
        "BYTEA" => return Err("it is of type bytea, and binary data is no attribute".to_owned()),
        "BOOL" => (AsText::Cast, TextForm::Boolean),
        "INT2" | "INT4" | "INT8" | "OID" => (AsText::Cast, TextForm::Integer),
        "FLOAT4" | "FLOAT8" => (AsText::Cast, TextForm::Float),
        "NUMERIC" => (AsText::Cast, TextForm::Decimal),
        "JSON" | "JSONB" => (AsText::Cast, TextForm::Json),
        "DATE" | "TIMESTAMP" | "TIMESTAMPTZ" => (AsText::JsonText, TextForm::Text),
        _ => (AsText::Cast, TextForm::Text),
    };
    Ok(Kind { text, form })
}

/// Gives the column as text, cut just beyond the greatest length, so that what is longer is refused without
/// ever being in memory. Characters are counted here and bytes there, which errs on the long side only.
fn expression(column: &MappedColumn<Kind>) -> String {
    let name = quoted(&column.name);
    let text = match column.kind.text {
        AsText::Cast => format!("{name}::text"),
        AsText::JsonText => format!("to_json({name}) #>> '{{}}'"),
        AsText::JsonArray => format!("to_json({name})::text"),
        AsText::JsonArrayOfText => format!("to_json({name}::text[])::text"),
    };
    format!("left({text}, {})", LONGEST_VALUE_BYTES + 1)
}

/// Gives true for an AWS row, also where the condition is NULL: what nobody can tell is judged, not passed
/// through.
fn aws_expression(plan: &ReadingPlan) -> String {
    match &plan.aws_rows {
        Some(aws_rows) => format!("COALESCE((\n{}\n), TRUE)", aws_rows.condition),
        None => "TRUE".to_owned(),
    }
}

fn cell(row: &PgRow, index: usize, kind: Kind) -> CellResult {
    let value = row.try_get_raw(index).map_err(|error| format!("cannot be read: {error}"))?;
    if value.is_null() {
        return Ok(Cell::NONE);
    }
    let bytes = value.as_bytes().map_err(|error| format!("cannot be read: {error}"))?;
    Cell::from_bytes(bytes, kind.form)
}
