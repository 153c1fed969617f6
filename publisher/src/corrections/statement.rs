//! The statement that changes one row, if one can be made that is sure to change that row alone, and only as it was
//! read.

use bestand_model::attribute;
use bestand_model::sql_name::quoted;
use serde_json::Value;

use super::batch::RowChanges;
use super::cell;
use super::layout::Layout;
use super::proposal::{Addition, RowChange, RowProposal};
use super::row::RowAsRead;
use super::sql::{is_still, literal};

const NUL: &str = "a text has a NUL character, which no database keeps";

/// What becomes of each proposal about a row: part of the statement, or why not.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The statement; none where nothing is left that can be said in SQL.
    pub(super) statement: Option<String>,
    /// By proposal: why it is not in the statement.
    pub(super) left_out: Vec<Option<String>>,
}

/// Makes the statement for a row.
pub(super) fn of_row(layout: &Layout, key: &str, row: &RowChanges) -> Made {
    match parts(layout, key, row) {
        Ok((table, read, sure)) => {
            let left_out: Vec<_> =
                row.proposals.iter().map(|own| left_out(layout, row, own).map(str::to_owned)).collect();
            let wanted = || row.proposals.iter().zip(&left_out).filter(|(_, why)| why.is_none());
            if wanted().next().is_none() {
                return Made { statement: None, left_out };
            }
            match update(layout, &table, read, &sure, wanted().map(|(own, _)| own)) {
                Some(statement) => Made { statement: Some(statement), left_out },
                None => all_left_out(row, NUL),
            }
        }
        Err(why) => all_left_out(row, &why),
    }
}

fn all_left_out(row: &RowChanges, why: &str) -> Made {
    Made { statement: None, left_out: row.proposals.iter().map(|_| Some(why.to_owned())).collect() }
}

/// What every statement about the row needs: the table, the row as read, and the comparison of its key.
fn parts<'r>(
    layout: &Layout,
    key: &str,
    row: &'r RowChanges,
) -> Result<(String, &'r RowAsRead, String), String> {
    let table = layout.table.clone()?;
    let read = match row.read.as_slice() {
        [] => return Err("the row is not among those that were read for its account".to_owned()),
        [one] => one,
        _ => return Err("several rows have this key".to_owned()),
    };
    let column = layout.column(attribute::ASSET_ID).filter(|_| read.has_key);
    let column = column.ok_or("the row has no key to find it by")?;
    let key = literal(key).ok_or(NUL)?;
    let column = quoted(column);
    let sure =
        format!("r.{column} = {key} AND (SELECT COUNT(*) FROM {table} AS d WHERE d.{column} = {key}) = 1");
    Ok((table, read, sure))
}

/// Tells why a proposal is for people alone.
fn left_out(layout: &Layout, row: &RowChanges, own: &RowProposal) -> Option<&'static str> {
    if own.doubt.is_some() {
        return own.doubt;
    }
    match &own.change {
        RowChange::Close if layout.closing().is_none() => Some(
            "the settings map no lifecycle column, or name no word for `retired` ([source_register] lifecycle)",
        ),
        RowChange::Close if row.proposals.len() > 1 => {
            Some("several findings say different things of the row")
        }
        RowChange::Close => None,
        RowChange::Correct { column, .. } => {
            let others = row.proposals.iter().filter(|other| *other != own);
            let disagrees = |other: &RowProposal| match &other.change {
                RowChange::Correct { column: same, .. } => super::layout::same_column(same, column),
                RowChange::Close => true,
            };
            others.into_iter().any(disagrees).then_some("several findings say different things of the row")
        }
    }
}

fn update<'p>(
    layout: &Layout,
    table: &str,
    read: &RowAsRead,
    sure: &str,
    proposals: impl Iterator<Item = &'p RowProposal>,
) -> Option<String> {
    let mut sets = Vec::new();
    let mut conditions = vec![sure.to_owned()];
    for (name, texts) in &read.identity {
        if let Some(cell) = layout.cell(name) {
            conditions.push(is_still(&cell, texts, *name == attribute::REGION)?);
        }
    }
    for proposal in proposals {
        match &proposal.change {
            RowChange::Correct { attribute, column, read: was, proposed } => {
                let value = match proposed {
                    Value::Bool(true) => "TRUE".to_owned(),
                    Value::Bool(false) => "FALSE".to_owned(),
                    other => literal(&cell::text(other))?,
                };
                sets.push(format!("{} = {value}", quoted(column)));
                if !read.identity.iter().any(|(name, _)| *name == attribute.as_str()) {
                    let cell = format!("r.{}", quoted(column));
                    conditions.push(is_still(&cell, &cell::as_read(was), false)?);
                }
            }
            RowChange::Close => {
                let (column, word) = layout.closing()?;
                sets.push(format!("{} = {}", quoted(column), literal(word)?));
                let cell = format!("r.{}", quoted(column));
                conditions.push(is_still(&cell, &read.lifecycle_texts(), false)?);
            }
        }
    }
    Some(format!("UPDATE {table} AS r SET {} WHERE {};\n", sets.join(", "), conditions.join("\n  AND ")))
}

/// Makes the template of a row to add: one line, for it stands in a comment. The key is the register's to give.
///
/// # Errors
/// Says why there is none.
pub(super) fn template(layout: &Layout, addition: &Addition) -> Result<String, String> {
    let table = layout.table.clone()?;
    let key = layout.column(attribute::ASSET_ID).ok_or("the settings map no key")?;
    if addition.cells.iter().any(|(column, value)| (column.clone() + value).contains(char::is_control)) {
        return Err("a value has a line break or another control character".to_owned());
    }
    let (mut columns, mut values) = (vec![quoted(key)], vec!["'<key>'".to_owned()]);
    for (column, value) in &addition.cells {
        if !super::layout::same_column(column, key) {
            columns.push(quoted(column));
            values.push(literal(value).ok_or(NUL)?);
        }
    }
    let unless = match &addition.known_by {
        Some((column, value)) => format!(
            " WHERE NOT EXISTS (SELECT 1 FROM {table} AS d WHERE d.{} = {})",
            quoted(column),
            literal(value).ok_or(NUL)?
        ),
        None => String::new(),
    };
    Ok(format!("INSERT INTO {table} ({}) SELECT {}{unless};", columns.join(", "), values.join(", ")))
}
