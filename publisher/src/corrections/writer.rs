//! Writes `corrections.csv` and `corrections.sql`, both in one go.

use std::io::{self, Write};

use bestand_model::attribute;
use csv::{Terminator, Writer, WriterBuilder};

use super::batch::Batch;
use super::layout::{Layout, same_column};
use super::proposal::{Addition, Proposal, Rejection, RowChange, RowProposal};
use super::sql::comment;
use super::statement;
use crate::report::{ReportError, neutral};

/// The columns that stand before the register's own.
const OWN_COLUMNS: [&str; 8] = [
    "bestand_action",
    "bestand_finding_id",
    "bestand_row",
    "bestand_column",
    "bestand_read",
    "bestand_proposed",
    "bestand_sql",
    "bestand_note",
];

/// What was proposed, in figures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CorrectionCounts {
    /// Rows to add.
    pub add: u64,
    /// Cells to correct.
    pub correct: u64,
    /// Rows to close.
    pub close: u64,
    /// Rows that make no sense.
    pub reject: u64,
    /// Statements.
    pub statements: u64,
}

/// Writes corrections as they are found.
#[derive(Debug)]
pub struct CorrectionWriter<'l, C: Write, S: Write> {
    layout: &'l Layout,
    columns: Vec<&'l str>,
    csv: Writer<C>,
    sql: S,
    counts: CorrectionCounts,
}

/// A line of the CSV.
struct Line<'a> {
    action: &'a str,
    finding_id: &'a str,
    row: &'a str,
    column: &'a str,
    read: &'a str,
    proposed: &'a str,
    in_sql: bool,
    note: &'a str,
    cells: &'a [(String, String)],
}

impl<'l, C: Write, S: Write> CorrectionWriter<'l, C, S> {
    /// Begins both files; `of` names run and environment.
    ///
    /// # Errors
    /// Writing fails.
    pub fn begin(layout: &'l Layout, of: &str, csv: C, mut sql: S) -> Result<Self, ReportError> {
        let columns = layout.columns();
        let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(csv);
        let names = OWN_COLUMNS.into_iter().chain(columns.iter().copied());
        csv.write_record(names.map(|name| neutral(name).into_owned())).map_err(failed)?;
        let mut head = comment(&format!("bestand: corrections of the source register, from {of}"));
        match &layout.table {
            Ok(_) => {
                head += "-- Each statement changes one row, and only while it says what the run read. Those in comments\n\
                         -- are templates: the key of a new row is the register's to give. docs/CORRECTIONS.md\n";
                if let (Some(condition), None) = (&layout.settings.aws_rows, &layout.fixed) {
                    head += &comment("A row that is added must fit the settings' `aws_rows` besides:");
                    head += &comment(condition);
                }
                head += "BEGIN;\n";
            }
            Err(why) => {
                head += &comment("There are no statements, see corrections.csv:");
                head += &comment(why);
            }
        }
        sql.write_all(head.as_bytes())?;
        Ok(Self { layout, columns, csv, sql, counts: CorrectionCounts::default() })
    }

    /// Writes a row to add, or one that makes no sense; gives back what needs the row as it was read.
    ///
    /// # Errors
    /// Writing fails.
    pub fn take(&mut self, proposal: Proposal) -> Result<Option<RowProposal>, ReportError> {
        match proposal {
            Proposal::Add(addition) => self.add(&addition).map(|()| None),
            Proposal::Reject(rejection) => self.reject(&rejection).map(|()| None),
            Proposal::Row(row) => Ok(Some(row)),
        }
    }

    /// Writes what is proposed for rows that are there.
    ///
    /// # Errors
    /// Writing fails.
    pub fn rows(&mut self, batch: &Batch) -> Result<(), ReportError> {
        let layout = self.layout;
        for (key, row) in &batch.rows {
            let made = statement::of_row(layout, key, row);
            let mut names = String::new();
            for (proposal, left_out) in row.proposals.iter().zip(&made.left_out) {
                let raw = row.read.first().map(|read| super::cell::text(&read.lifecycle));
                self.row(proposal, left_out.as_deref(), raw.unwrap_or_default())?;
                if left_out.is_none() {
                    let what = match proposal.change {
                        RowChange::Correct { .. } => "correct",
                        RowChange::Close => "close",
                    };
                    names += &comment(&format!("{what}: finding {}, row {key}", proposal.finding_id));
                }
            }
            if let Some(statement) = made.statement {
                self.counts.statements += 1;
                self.sql.write_all(names.as_bytes())?;
                self.sql.write_all(statement.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Ends both files.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(mut self) -> Result<CorrectionCounts, ReportError> {
        if self.layout.table.is_ok() {
            self.sql.write_all(b"COMMIT;\n")?;
        }
        self.sql.flush()?;
        self.csv.flush()?;
        Ok(self.counts)
    }

    fn add(&mut self, addition: &Addition) -> Result<(), ReportError> {
        self.counts.add += 1;
        let template = statement::template(self.layout, addition);
        let why = match &template {
            Ok(_) => "the key is the register's to give; corrections.sql has a template",
            Err(why) => why,
        };
        self.line(&Line {
            action: "add",
            finding_id: &addition.finding_id,
            row: "",
            column: "",
            read: "",
            proposed: "",
            in_sql: false,
            note: why,
            cells: &addition.cells,
        })?;
        if let Ok(template) = &template {
            let head = comment(&format!("add: finding {}", addition.finding_id));
            self.sql.write_all(format!("{head}-- {template}\n").as_bytes())?;
        }
        Ok(())
    }

    fn reject(&mut self, rejection: &Rejection) -> Result<(), ReportError> {
        self.counts.reject += 1;
        self.line(&Line {
            action: "reject",
            finding_id: &rejection.finding_id,
            row: &rejection.row,
            column: "",
            read: "",
            proposed: "",
            in_sql: false,
            note: &rejection.reason,
            cells: &[],
        })?;
        let head = comment(&format!("reject: finding {}, row {}", rejection.finding_id, rejection.row));
        self.sql.write_all(head.as_bytes())?;
        Ok(self.sql.write_all(comment(&rejection.reason).as_bytes())?)
    }

    fn row(
        &mut self,
        proposal: &RowProposal,
        left_out: Option<&str>,
        lifecycle: String,
    ) -> Result<(), ReportError> {
        let key = self.layout.column(attribute::ASSET_ID).unwrap_or_default().to_owned();
        let (action, column, (read, proposed)) = match &proposal.change {
            RowChange::Correct { column, .. } => {
                self.counts.correct += 1;
                ("correct", column.clone(), proposal.change.texts().unwrap_or_default())
            }
            RowChange::Close => {
                self.counts.close += 1;
                let column = self.layout.column(attribute::LIFECYCLE).unwrap_or_default().to_owned();
                let word = self.layout.closing().map(|(_, word)| word.to_owned()).unwrap_or_default();
                ("close", column, (lifecycle, word))
            }
        };
        let mut cells = vec![(key, proposal.row.clone())];
        if !proposed.is_empty() {
            cells.push((column.clone(), proposed.clone()));
        }
        self.line(&Line {
            action,
            finding_id: &proposal.finding_id,
            row: &proposal.row,
            column: &column,
            read: &read,
            proposed: &proposed,
            in_sql: left_out.is_none(),
            note: left_out.unwrap_or_default(),
            cells: &cells,
        })
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), ReportError> {
        let in_sql = if line.in_sql { "yes" } else { "no" };
        let own = [
            line.action,
            line.finding_id,
            line.row,
            line.column,
            line.read,
            line.proposed,
            in_sql,
            line.note,
        ];
        for field in own {
            self.csv.write_field(&*neutral(field)).map_err(failed)?;
        }
        for column in &self.columns {
            let cell = line.cells.iter().find(|(own, _)| same_column(own, column));
            self.csv.write_field(&*neutral(cell.map_or("", |(_, value)| value))).map_err(failed)?;
        }
        self.csv.write_record(None::<&[u8]>).map_err(failed)
    }
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Write(io::Error::from(error))
}
