//! Conditions over the properties of a row.

use super::{projection::values, query::Property};
use crate::estate::{Estate, Item};
use serde_json::Value;
use std::cmp::Ordering;

/// A literal of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
}

/// The condition of a query. A property that is an array fulfils a comparison if one of its elements does;
/// two comparisons may be fulfilled by two different elements.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    In(Property, Vec<Literal>),
    Between(Property, Literal, Literal),
    Less(Property, Literal),
    Greater(Property, Literal),
    /// `LIKE 'prefix%'`.
    Prefix(Property, String),
}

impl Condition {
    /// Whether a resource fulfils the condition.
    pub(super) fn holds(&self, estate: &Estate, item: Item) -> bool {
        let any = |property: &Property, test: &dyn Fn(&Value) -> bool| {
            // The commonest property by far, and it needs no row.
            if property.text == "resourceType" {
                return test(&Value::from(item.kind.name()));
            }
            values(estate, item, property).iter().any(test)
        };
        match self {
            Self::And(left, right) => left.holds(estate, item) && right.holds(estate, item),
            Self::Or(left, right) => left.holds(estate, item) || right.holds(estate, item),
            Self::Not(inner) => !inner.holds(estate, item),
            Self::In(property, list) => any(property, &|value| {
                list.iter().any(|literal| literal.compare(value) == Some(Ordering::Equal))
            }),
            Self::Between(property, low, high) => any(property, &|value| {
                matches!(low.compare(value), Some(Ordering::Less | Ordering::Equal))
                    && matches!(high.compare(value), Some(Ordering::Greater | Ordering::Equal))
            }),
            Self::Less(property, literal) => {
                any(property, &|value| literal.compare(value) == Some(Ordering::Greater))
            }
            Self::Greater(property, literal) => {
                any(property, &|value| literal.compare(value) == Some(Ordering::Less))
            }
            Self::Prefix(property, prefix) => {
                any(property, &|value| value.as_str().is_some_and(|text| text.starts_with(prefix)))
            }
        }
    }

    /// Whether a resource that has this value in a property can fulfil the condition, judged by that alone.
    pub(super) fn allows(&self, property: &str, value: &str) -> bool {
        match self {
            Self::And(left, right) => left.allows(property, value) && right.allows(property, value),
            Self::Or(left, right) => left.allows(property, value) || right.allows(property, value),
            Self::In(of, list) if of.text == property => {
                list.iter().any(|literal| matches!(literal, Literal::Text(text) if text == value))
            }
            _ => true,
        }
    }

    /// Whether the type alone decides, so that rows need not be looked at.
    pub(super) fn only_types(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => left.only_types() && right.only_types(),
            Self::In(property, _) => property.text == "resourceType",
            _ => false,
        }
    }
}

impl Literal {
    /// How the literal compares with a value: as numbers where both are such, else as text; `None` where
    /// they cannot be compared.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Self::Text(literal), Value::String(text)) => Some(literal.as_str().cmp(text)),
            (Self::Number(literal), Value::Number(number)) => literal.partial_cmp(&number.as_f64()?),
            (Self::Number(literal), Value::String(text)) => literal.partial_cmp(&text.parse().ok()?),
            (Self::Text(literal), Value::Number(number)) => {
                literal.parse::<f64>().ok()?.partial_cmp(&number.as_f64()?)
            }
            (Self::Bool(literal), Value::Bool(flag)) => Some(literal.cmp(flag)),
            (Self::Text(literal), Value::Bool(flag)) => Some(literal.parse::<bool>().ok()?.cmp(flag)),
            _ => None,
        }
    }
}
