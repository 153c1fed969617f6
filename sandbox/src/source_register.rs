//! The source register: a SQLite table as people keep one, differing from the estate in planted ways.

mod days;
mod differences;
mod foreign;
mod record;
mod write;

pub use days::{day_before, next_day};
pub(crate) use differences::account_records;
pub(crate) use foreign::{
    NEVER_SEEN_TYPE, non_aws_count, non_aws_record, rejected_records, suspended_records, unseeable_records,
};
pub(crate) use record::Record;
pub use write::SourceRegisterError;
pub(crate) use write::{write, write_loosely};
