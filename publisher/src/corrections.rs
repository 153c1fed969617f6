//! What the keepers of the source register are asked to change, in the register's own columns: rows to add, to
//! correct, to close, and rows that make no sense.
//!
//! A correction is proposed only where the live side has authority and was seen; a row is proposed for closing only
//! where everything was seen in which it could have been found. Every statement compares before it changes: what a
//! person changed since the run read it stays as it is (docs/CORRECTIONS.md).
//!
//! This module does not know where findings and records lie: they are handed in, account by account.

mod aws_rows;
mod batch;
mod cell;
mod layout;
mod proposal;
mod row;
mod sql;
mod statement;
mod writer;

pub use batch::Batch;
pub use layout::{Layout, LayoutSettings};
pub use proposal::{Proposal, propose};
pub use writer::{CorrectionCounts, CorrectionWriter};

#[cfg(test)]
mod tests;
