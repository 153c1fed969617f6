//! Reads the source register: the register that people keep, a table or a query in SQLite or PostgreSQL.
//!
//! All rows come from one read-only snapshot and are handed on one at a time, so that memory stays flat
//! whatever the register's size. A row that makes no sense becomes a
//! [`RejectedRecord`](bestand_model::asset_record::RejectedRecord); only what makes the reading as a whole
//! untrustworthy is an error here: not reachable, no row, or fewer rows than counted (SEMANTICS 2.13).
//!
//! This module does not know what the records mean for the central register, nor how many rows an earlier run
//! read: it gives both numbers, and whoever keeps the history judges them.

use std::error::Error;

use async_trait::async_trait;
use bestand_model::asset_record::{RecordLine, RecordPartition, RecordTotals};

mod cell;
mod columns;
mod database;
mod error;
mod postgres;
mod postgres_access;
mod progress;
mod redaction;
mod row;
mod settings;
mod sql;
mod sql_text;
mod sqlite;

pub use error::{DatabaseFault, SourceRegisterError};
pub use settings::{LifecycleWords, Relation, SignIn, SourceRegisterSettings};
pub use sql::SqlSourceRegister;

/// Takes the rows as they come.
pub trait RecordSink: Send {
    /// Keeps one row.
    ///
    /// # Errors
    /// The row could not be kept; reading ends with [`SourceRegisterError::Sink`].
    fn accept(&mut self, partition: RecordPartition, line: RecordLine) -> Result<(), RecordSinkError>;
}

/// Where rows go could not keep one.
#[derive(Debug, thiserror::Error)]
#[error("a record as read could not be kept")]
pub struct RecordSinkError(#[source] pub Box<dyn Error + Send + Sync>);

/// The register that people keep.
#[async_trait]
pub trait SourceRegister: Send + Sync {
    /// Reads all rows of one snapshot into `sink`, in the order the database gives them.
    ///
    /// # Errors
    /// The register is not reachable, does not fit its settings, holds no row, or gave fewer rows than it
    /// counted. The sink may have taken rows before: none of them is to be used then.
    async fn read(&self, sink: &mut dyn RecordSink) -> Result<RecordTotals, SourceRegisterError>;
}
