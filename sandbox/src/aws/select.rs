//! `SelectResourceConfig`: the query language of AWS Config over the rows of one account and region.

mod aggregate;
mod condition;
mod grammar;
mod page;
mod projection;
mod query;

pub(crate) use page::SelectCache;
