//! What is asked of rows that are there, gathered row by row, and the rows as they were read.
//!
//! It holds what one account asks for, and no more: an account's findings were held together when they were made.

use std::collections::BTreeMap;

use bestand_model::asset_record::RecordLine;

use super::proposal::RowProposal;
use super::row::RowAsRead;

/// The changes that are proposed for the rows of an account.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) rows: BTreeMap<String, RowChanges>,
}

/// What is asked of one row.
#[derive(Debug, Default)]
pub(super) struct RowChanges {
    pub(super) proposals: Vec<RowProposal>,
    /// As it was read; several where rows share their key, which nobody tells apart.
    pub(super) read: Vec<RowAsRead>,
}

impl Batch {
    /// Adds a proposal.
    pub fn add(&mut self, proposal: RowProposal) {
        self.rows.entry(proposal.row.clone()).or_default().proposals.push(proposal);
    }

    /// Looks at a line of the records, and keeps what is needed of it.
    pub fn see(&mut self, line: &RecordLine) {
        match line {
            RecordLine::Record(record) => {
                if let Some(row) = self.rows.get_mut(&record.row_key) {
                    row.read.push(RowAsRead::of(record));
                }
            }
            RecordLine::Rejected { rejected } => {
                if let Some(row) = self.rows.get_mut(&rejected.row_key) {
                    // It says that the key is there twice.
                    row.read.push(RowAsRead::unknown());
                }
            }
        }
    }

    /// Tells whether rows are missing that proposals speak of.
    pub fn lacks_rows(&self) -> bool {
        self.rows.values().any(|row| row.read.is_empty())
    }
}
