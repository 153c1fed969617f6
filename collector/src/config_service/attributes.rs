//! Which attributes are asked for, by resource type: the shipped allow-list and what the settings add.
//!
//! `configuration` as a whole is never asked for: it holds environment variables, user data and policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use bestand_model::identifiers::ResourceType;

use super::query;

/// The shipped list, as JSON: type to paths.
const SHIPPED: &str = include_str!("attributes.json");

/// A path such as `configuration.state.name`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AttributePath {
    /// The whole path, as asked and as reported.
    pub(crate) text: String,
    /// Its parts below `configuration`, or below `supplementaryConfiguration`.
    pub(crate) parts: Vec<String>,
    /// Whether it lies in `supplementaryConfiguration`.
    pub(crate) supplementary: bool,
}

impl AttributePath {
    /// Takes a path that names something within the configuration, never the whole of it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::to_owned);
        let supplementary = match parts.next()?.as_str() {
            "configuration" => false,
            "supplementaryConfiguration" => true,
            _ => return None,
        };
        let parts: Vec<_> = parts.collect();
        let plain =
            |part: &String| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (!parts.is_empty() && parts.iter().all(plain)).then(|| Self {
            text: text.to_owned(),
            parts,
            supplementary,
        })
    }
}

/// The attributes to ask for, by type.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttributeList {
    by_type: BTreeMap<ResourceType, Arc<[AttributePath]>>,
    none: Arc<[AttributePath]>,
}

impl AttributeList {
    /// Joins the shipped list and the settings' additions. What is no path into the configuration, and what
    /// does not fit into a query with all the rest, is left out: it is then not reported, which says nothing.
    pub(crate) fn new(extra: &BTreeMap<ResourceType, Vec<String>>) -> Self {
        let mut by_type = BTreeMap::new();
        let mut merged = shipped_attributes();
        for (resource_type, paths) in extra {
            merged.entry(resource_type.clone()).or_default().extend(paths.iter().cloned());
        }
        for (resource_type, mut paths) in merged {
            paths.sort();
            paths.dedup();
            let mut kept = Vec::with_capacity(paths.len());
            let mut length = query::shortest(&resource_type);
            for text in &paths {
                let cost = query::attribute_cost(text);
                match AttributePath::parse(text) {
                    Some(path) if length + cost <= query::MAX_CHARACTERS => {
                        length += cost;
                        kept.push(path);
                    }
                    Some(_) => {
                        tracing::warn!(%resource_type, attribute = %text, "attribute left out: the query would be too long")
                    }
                    None => {
                        tracing::warn!(%resource_type, attribute = %text, "attribute left out: no path below `configuration`")
                    }
                }
            }
            by_type.insert(resource_type, Arc::from(kept));
        }
        Self { by_type, none: Arc::from([]) }
    }

    /// Gives the types that somebody listed.
    pub(crate) fn types(&self) -> impl Iterator<Item = &ResourceType> {
        self.by_type.keys()
    }

    /// Gives the attributes of a type; none for types that nobody listed.
    pub(crate) fn of(&self, resource_type: &ResourceType) -> Arc<[AttributePath]> {
        Arc::clone(self.by_type.get(resource_type).unwrap_or(&self.none))
    }
}

/// Gives the shipped allow-list: which attributes are asked for, by resource type.
pub fn shipped_attributes() -> BTreeMap<ResourceType, Vec<String>> {
    // The list is part of the program; a test reads it.
    serde_json::from_str(SHIPPED).unwrap_or_default()
}

#[cfg(test)]
mod tests;
