//! The register as the run's settings describe it: its table, its columns, its words.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::attribute;
use bestand_model::sql_name::{quoted, quoted_table};

use super::aws_rows::{self, Fixed};

/// What the run's settings say of the register.
#[derive(Clone, Debug, Default)]
pub struct LayoutSettings {
    /// The table; none where a query is read.
    pub table: Option<String>,
    /// bestand's attributes and the columns that hold them.
    pub columns: BTreeMap<String, String>,
    /// The condition that is true for AWS rows.
    pub aws_rows: Option<String>,
    /// The words that close a row, the first one is written; empty: the settings name none.
    pub retired_words: Vec<String>,
    /// Rules of identification by which one row may speak for many resources.
    pub many_rules: BTreeSet<String>,
}

/// The register's shape, ready to be written to.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) settings: LayoutSettings,
    /// The table's name in SQL, or why there is no SQL.
    pub(super) table: Result<String, String>,
    /// What makes a new row an AWS row; none where the condition is more than equalities.
    pub(super) fixed: Option<Vec<Fixed>>,
}

impl Layout {
    /// Takes the settings of the run.
    pub fn new(settings: LayoutSettings) -> Self {
        let table = match &settings.table {
            Some(table) => quoted_table(table),
            None => Err("the settings read a query, and what a query reads cannot be written to".to_owned()),
        };
        let table = match settings.columns.values().any(|column| column.contains('\0')) {
            true => Err("a column has a NUL character in its name".to_owned()),
            false => table,
        };
        let fixed = match settings.aws_rows.as_deref() {
            None => Some(Vec::new()),
            Some(condition) => aws_rows::fixed(condition),
        };
        Self { settings, table, fixed }
    }

    /// Gives an attribute's column.
    pub(super) fn column(&self, name: &str) -> Option<&str> {
        self.settings.columns.get(name).map(String::as_str)
    }

    /// Gives an attribute's column as SQL, behind the row's alias.
    pub(super) fn cell(&self, name: &str) -> Option<String> {
        self.column(name).map(|column| format!("r.{}", quoted(column)))
    }

    /// Tells whether one column holds several attributes: to change one would change the others.
    pub(super) fn is_shared(&self, column: &str) -> bool {
        self.settings.columns.values().filter(|other| same_column(other, column)).count() > 1
    }

    /// Gives the word that closes a row, and the column that it stands in.
    pub(super) fn closing(&self) -> Option<(&str, &str)> {
        self.column(attribute::LIFECYCLE).zip(self.settings.retired_words.first().map(String::as_str))
    }

    /// The register's columns, each once: the mapped ones in the order of attributes, then those of `aws_rows`.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        let fixed = self.fixed.iter().flatten().map(|fixed| fixed.column.as_str());
        for column in self.settings.columns.values().map(String::as_str).chain(fixed) {
            if !columns.iter().any(|known| same_column(known, column)) {
                columns.push(column);
            }
        }
        columns
    }
}

/// Databases tell names apart by more than case, or not: whoever writes takes the wider view.
pub(super) fn same_column(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}
