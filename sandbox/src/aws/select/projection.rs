//! Which properties a row shows, and how they nest.

use super::query::Property;
use crate::estate::{Estate, Item, properties::SCALARS};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A tree of properties; an empty one stands for the whole value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Projection {
    whole: bool,
    parts: BTreeMap<String, Projection>,
    /// The names of `parts`, for those who want a slice.
    names: Vec<String>,
}

impl Projection {
    /// Adds what `*` stands for.
    pub(super) fn add_scalars(&mut self) {
        for name in SCALARS {
            self.add(&[name.to_owned()]);
        }
    }

    /// Adds a property.
    pub(super) fn add(&mut self, parts: &[String]) {
        match parts.split_first() {
            None => self.whole = true,
            Some((first, rest)) => {
                self.parts.entry(first.clone()).or_default().add(rest);
                self.names = self.parts.keys().cloned().collect();
            }
        }
    }

    /// The row of a resource.
    pub(super) fn row(&self, estate: &Estate, item: Item) -> Value {
        let mut row = Map::new();
        for (name, part) in &self.parts {
            let wanted = (!part.whole).then_some(part.names.as_slice());
            let Some(value) = top_level(estate, item, name, wanted) else { continue };
            if let Some(value) = part.cut(value) {
                row.insert(name.clone(), value);
            }
        }
        Value::Object(row)
    }

    /// The part of a value that is selected; arrays are cut element by element.
    fn cut(&self, value: Value) -> Option<Value> {
        if self.whole {
            return Some(value);
        }
        match value {
            Value::Object(mut fields) => {
                let cut: Map<_, _> = self
                    .parts
                    .iter()
                    .filter_map(|(name, part)| Some((name.clone(), part.cut(fields.remove(name)?)?)))
                    .collect();
                (!cut.is_empty()).then_some(Value::Object(cut))
            }
            Value::Array(elements) => {
                Some(Value::Array(elements.into_iter().filter_map(|element| self.cut(element)).collect()))
            }
            // A custom resource's configuration is null however deep one asks.
            Value::Null => Some(Value::Null),
            _ => None,
        }
    }
}

/// A first-level property of a resource.
fn top_level(estate: &Estate, item: Item, name: &str, wanted: Option<&[String]>) -> Option<Value> {
    match name {
        "configuration" => Some(estate.configuration(item, wanted)),
        "supplementaryConfiguration" => Some(estate.supplementary_configuration(item)),
        "tags" => Some(estate.tags(item)),
        "relationships" => Some(estate.relationships(item)),
        _ => estate.scalar(item, name),
    }
}

/// The scalar values of a property: several where arrays lie on the way, none where it is missing.
pub(super) fn values(estate: &Estate, item: Item, property: &Property) -> Vec<Value> {
    let Some((first, rest)) = property.parts.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(value) = top_level(estate, item, first, rest.get(..1)) {
        walk(value, rest, &mut found);
    }
    found
}

fn walk(value: Value, parts: &[String], found: &mut Vec<Value>) {
    match (value, parts.split_first()) {
        (Value::Array(elements), _) => elements.into_iter().for_each(|element| walk(element, parts, found)),
        (Value::Object(mut fields), Some((first, rest))) => {
            if let Some(value) = fields.remove(first) {
                walk(value, rest, found);
            }
        }
        (Value::Null | Value::Object(_), None) | (_, Some(_)) => {}
        (scalar, None) => found.push(scalar),
    }
}
