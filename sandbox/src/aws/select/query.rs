//! A query, understood.

use super::{condition::Condition, projection::Projection};
use crate::estate::kind::Kind;

/// A property such as `configuration.state.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) text: String,
    pub(super) parts: Vec<String>,
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

/// An aggregate over a property, or over rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Aggregate {
    pub(super) function: Function,
    /// `None`: `COUNT(*)`.
    pub(super) property: Option<Property>,
    /// As it was written, which is also its name in the answer.
    pub(super) text: String,
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OrderKey {
    Property(Property),
    /// The place of an aggregate in the query's list.
    Aggregate(usize),
}

/// A whole query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    /// The names of what was selected, in order.
    pub(super) fields: Vec<String>,
    pub(super) projection: Projection,
    pub(super) aggregates: Vec<Aggregate>,
    /// The resource types that rows can be of: what the condition allows for, or all.
    pub(super) kinds: Vec<Kind>,
    pub(super) condition: Option<Condition>,
    pub(super) group_by: Vec<Property>,
    /// Keys and whether they descend.
    pub(super) order_by: Vec<(OrderKey, bool)>,
}

impl Query {
    /// Whether rows are summed up rather than listed.
    pub(super) fn aggregates(&self) -> bool {
        !self.aggregates.is_empty() || !self.group_by.is_empty()
    }
}
