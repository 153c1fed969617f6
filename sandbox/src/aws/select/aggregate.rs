//! Sums rows up into groups.

use super::{
    projection::values,
    query::{Aggregate, Function, OrderKey, Query},
};
use crate::estate::{Estate, Item};
use serde_json::{Map, Value, json};
use std::{cmp::Ordering, collections::BTreeMap};

/// What an aggregate has seen so far.
#[derive(Debug, Clone, Default)]
struct Sum {
    count: u64,
    total: f64,
    low: Option<Value>,
    high: Option<Value>,
}

impl Sum {
    fn add(&mut self, value: &Value) {
        self.count += 1;
        self.total += value.as_f64().unwrap_or(0.0);
        if self.low.as_ref().is_none_or(|low| compare(value, low) == Ordering::Less) {
            self.low = Some(value.clone());
        }
        if self.high.as_ref().is_none_or(|high| compare(value, high) == Ordering::Greater) {
            self.high = Some(value.clone());
        }
    }

    fn result(self, function: Function) -> Value {
        match function {
            Function::Count => json!(self.count),
            Function::Sum => json!(self.total),
            Function::Avg if self.count == 0 => Value::Null,
            Function::Avg => json!(self.total / self.count as f64),
            Function::Min => self.low.unwrap_or(Value::Null),
            Function::Max => self.high.unwrap_or(Value::Null),
        }
    }
}

/// Makes one row per group, in the order asked for.
pub(super) fn groups(estate: &Estate, query: &Query, items: impl Iterator<Item = Item>) -> Vec<Value> {
    let mut groups: BTreeMap<String, (Item, Vec<Sum>)> = BTreeMap::new();
    for item in items {
        let key: Vec<_> = query.group_by.iter().map(|property| values(estate, item, property)).collect();
        let key = Value::from_iter(key).to_string();
        let (_, sums) =
            groups.entry(key).or_insert_with(|| (item, vec![Sum::default(); query.aggregates.len()]));
        for (aggregate, sum) in query.aggregates.iter().zip(sums) {
            observe(estate, item, aggregate, sum);
        }
    }
    let mut rows: Vec<(Item, Vec<Value>)> = groups
        .into_values()
        .map(|(item, sums)| {
            let results =
                sums.into_iter().zip(&query.aggregates).map(|(sum, of)| sum.result(of.function)).collect();
            (item, results)
        })
        .collect();
    rows.sort_by(|left, right| order(estate, query, left, right));
    rows.into_iter().map(|(item, results)| row(estate, query, item, results)).collect()
}

fn observe(estate: &Estate, item: Item, aggregate: &Aggregate, sum: &mut Sum) {
    match &aggregate.property {
        None => sum.count += 1,
        Some(property) => values(estate, item, property).iter().for_each(|value| sum.add(value)),
    }
}

fn row(estate: &Estate, query: &Query, item: Item, results: Vec<Value>) -> Value {
    let mut row = match query.projection.row(estate, item) {
        Value::Object(row) => row,
        _ => Map::new(),
    };
    row.extend(query.aggregates.iter().map(|aggregate| aggregate.text.clone()).zip(results));
    Value::Object(row)
}

fn order(estate: &Estate, query: &Query, left: &(Item, Vec<Value>), right: &(Item, Vec<Value>)) -> Ordering {
    for (key, descends) in &query.order_by {
        let ordering = match key {
            OrderKey::Aggregate(at) => compare(&left.1[*at], &right.1[*at]),
            OrderKey::Property(property) => {
                compare_all(&values(estate, left.0, property), &values(estate, right.0, property))
            }
        };
        let ordering = if *descends { ordering.reverse() } else { ordering };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// Compares the values of a property; what is missing comes first.
pub(super) fn compare_all(left: &[Value], right: &[Value]) -> Ordering {
    let mut pairs = left.iter().zip(right).map(|(left, right)| compare(left, right));
    pairs.find(|ordering| *ordering != Ordering::Equal).unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left.as_f64(), right.as_f64(), left.as_str(), right.as_str()) {
        (Some(left), Some(right), ..) => left.total_cmp(&right),
        (_, _, Some(left), Some(right)) => left.cmp(right),
        _ => left.to_string().cmp(&right.to_string()),
    }
}
