//! The query language of AWS Config, over the rows of one account and region or over those of the aggregator.

mod aggregate;
mod condition;
mod grammar;
mod page;
mod projection;
mod query;

pub(crate) use page::{SelectCache, Source};
