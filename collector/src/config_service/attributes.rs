//! Which attributes are asked for, by resource type: the shipped allow-list and what the settings add.
//!
//! `configuration` as a whole is never asked for: it holds environment variables, user data and policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bestand_model::configuration_item::CollectionPath;
use bestand_model::identifiers::ResourceType;

use super::query;

/// The shipped list, as JSON: type to paths. Types that advanced queries serve, with paths from the
/// [schemas](https://github.com/awslabs/aws-config-resource-schema) that AWS publishes for them.
const SHIPPED: &str = include_str!("attributes.json");

/// The same for types of which those schemas know nothing, with paths from CloudFormation's schemas: AWS Config
/// records newer types as those describe them.
const SHIPPED_FOR_BATCH_GET: &str = include_str!("batch_get_attributes.json");

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
    /// Types that advanced queries may not serve.
    unserved: BTreeSet<ResourceType>,
    none: Arc<[AttributePath]>,
}

fn list(json: &str) -> BTreeMap<ResourceType, Vec<String>> {
    // The lists are part of the program; a test reads them.
    serde_json::from_str(json).unwrap_or_default()
}

impl AttributeList {
    /// Joins the shipped list and the settings' additions. What is no path into the configuration, and what
    /// does not fit into a query with all the rest, is left out: it is then not reported, which says nothing.
    /// Additions take no room from what is shipped.
    pub(crate) fn new(extra: &BTreeMap<ResourceType, Vec<String>>) -> Self {
        let mut by_type = BTreeMap::new();
        let mut merged = shipped_attributes();
        for (resource_type, paths) in extra {
            merged.entry(resource_type.clone()).or_default().extend(paths.iter().cloned());
        }
        for (resource_type, paths) in merged {
            let mut kept: Vec<AttributePath> = Vec::with_capacity(paths.len());
            let mut length = query::shortest(&resource_type);
            for text in &paths {
                if kept.iter().any(|path| path.text == *text) {
                    continue;
                }
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
            kept.sort_by(|one, two| one.text.cmp(&two.text));
            by_type.insert(resource_type, Arc::from(kept));
        }
        let unserved = list(SHIPPED_FOR_BATCH_GET).into_keys().collect();
        Self { by_type, unserved, none: Arc::from([]) }
    }

    /// Tells whether AWS Config may refuse a query that asks for the type's attributes.
    pub(crate) fn may_be_refused(&self, resource_type: &ResourceType) -> bool {
        self.unserved.contains(resource_type)
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
    let mut shipped = list(SHIPPED);
    shipped.extend(list(SHIPPED_FOR_BATCH_GET));
    shipped
}

/// Gives the path by which each shipped type is read, as far as AWS's schemas tell. The run itself goes by what it
/// finds: where a query gives fewer rows than there are resources, the other path is taken.
pub fn shipped_paths() -> BTreeMap<ResourceType, CollectionPath> {
    let select = list(SHIPPED).into_keys().map(|kind| (kind, CollectionPath::Select));
    let batch_get = list(SHIPPED_FOR_BATCH_GET).into_keys().map(|kind| (kind, CollectionPath::BatchGet));
    select.chain(batch_get).collect()
}

#[cfg(test)]
mod tests;
