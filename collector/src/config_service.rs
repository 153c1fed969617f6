//! AWS Config in one account and region: what it records, what it counts, what it has.
//!
//! The types of the AWS SDK end here.

pub(crate) mod aggregator;
pub(crate) mod attributes;
pub(crate) mod batch_get;
pub(crate) mod by_id;
pub(crate) mod counts;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod list;
pub(crate) mod query;
pub(crate) mod recorder;
pub(crate) mod select;
pub(crate) mod tokens;

pub use attributes::{shipped_attributes, shipped_paths};
