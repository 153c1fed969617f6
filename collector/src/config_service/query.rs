//! The queries of a region: small types share one, large types have their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use bestand_model::identifiers::{AccountId, ResourceType};

use super::attributes::{AttributeList, AttributePath};

/// The longest expression that AWS Config takes.
const EXPRESSION_CHARACTERS: usize = 4096;
/// What an aggregator's query has besides: ` AND accountId = '111122223333'`.
const ACCOUNT_CHARACTERS: usize = 31;
/// The longest expression that is made, so that it has room for an account.
pub(crate) const MAX_CHARACTERS: usize = EXPRESSION_CHARACTERS - ACCOUNT_CHARACTERS;
/// A type with more resources than this is asked for by itself: it fills pages anyway, and where its listing
/// fails it takes no other type with it.
const LARGE: u64 = 1000;

/// What is asked of every resource.
const SCALARS: &str = "resourceId, resourceName, resourceType, arn, awsRegion, accountId, resourceCreationTime, \
                       configurationItemCaptureTime, configurationItemStatus, tags";

/// One query: the expression, and what its rows are to be read for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) expression: String,
    pub(crate) types: Vec<TypeQuery>,
}

/// What is asked of one type.
#[derive(Clone, Debug)]
pub(crate) struct TypeQuery {
    pub(crate) resource_type: ResourceType,
    pub(crate) attributes: Arc<[AttributePath]>,
}

/// Tells whether the name can stand in a query. Types come from AWS and from people's registers.
pub(crate) fn is_askable(resource_type: &ResourceType) -> bool {
    let name = resource_type.as_str();
    (1..=256).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || ":_.-".contains(c))
}

/// Gives the length of a query for one type without attributes.
pub(crate) fn shortest(resource_type: &ResourceType) -> usize {
    expression(&[TypeQuery { resource_type: resource_type.clone(), attributes: Arc::from([]) }]).len()
}

/// Gives by how much an attribute lengthens a query.
pub(crate) fn attribute_cost(path: &str) -> usize {
    ", ".len() + path.len()
}

/// Distributes types over queries, each type exactly once.
///
/// Types come in order, so that those of one service, which share attributes, meet in one query.
pub(crate) fn pack<'a>(
    wanted: impl IntoIterator<Item = (&'a ResourceType, u64)>,
    attributes: &AttributeList,
) -> Vec<Query> {
    let mut queries = Vec::new();
    let mut open = Packing::default();
    for (resource_type, count) in wanted {
        let wanted =
            TypeQuery { resource_type: resource_type.clone(), attributes: attributes.of(resource_type) };
        // What may be refused takes no other type with it.
        if count > LARGE || attributes.may_be_refused(resource_type) {
            queries.push(Query::new(vec![wanted]));
        } else if let Err(wanted) = open.add(wanted) {
            queries.extend(std::mem::take(&mut open).close());
            // Alone it always fits: the attribute list sees to that.
            open.start(wanted);
        }
    }
    queries.extend(open.close());
    queries
}

impl Query {
    /// Makes the query for these types.
    pub(crate) fn new(types: Vec<TypeQuery>) -> Self {
        Self { expression: expression(&types), types }
    }

    /// Splits the query into one for each of its types.
    pub(crate) fn split(&self) -> Vec<Self> {
        self.types.iter().map(|of| Self::new(vec![of.clone()])).collect()
    }

    /// Asks for the same types without their attributes.
    pub(crate) fn without_attributes(&self) -> Self {
        let bare =
            |of: &TypeQuery| TypeQuery { resource_type: of.resource_type.clone(), attributes: Arc::from([]) };
        Self::new(self.types.iter().map(bare).collect())
    }

    /// Gives the expression for one account of many.
    pub(crate) fn of_account(&self, account_id: &AccountId) -> String {
        format!("{} AND accountId = '{account_id}'", self.expression)
    }

    /// Tells whether attributes are asked for.
    pub(crate) fn has_attributes(&self) -> bool {
        self.types.iter().any(|of| !of.attributes.is_empty())
    }

    /// Gives what is asked of a type.
    pub(crate) fn of(&self, resource_type: &str) -> Option<&TypeQuery> {
        self.types.iter().find(|of| of.resource_type.as_str() == resource_type)
    }
}

/// A query that still has room.
#[derive(Default)]
struct Packing {
    types: Vec<TypeQuery>,
    paths: BTreeSet<String>,
    length: usize,
}

impl Packing {
    /// Takes a type if it fits.
    fn add(&mut self, wanted: TypeQuery) -> Result<(), TypeQuery> {
        if self.types.is_empty() {
            self.start(wanted);
            return Ok(());
        }
        let new_paths = wanted.attributes.iter().filter(|path| !self.paths.contains(&path.text));
        let paths: usize = new_paths.map(|path| attribute_cost(&path.text)).sum();
        let length = self.length + paths + ", ''".len() + wanted.resource_type.as_str().len();
        if length > MAX_CHARACTERS {
            return Err(wanted);
        }
        self.length = length;
        self.paths.extend(wanted.attributes.iter().map(|path| path.text.clone()));
        self.types.push(wanted);
        Ok(())
    }

    fn start(&mut self, first: TypeQuery) {
        self.types = vec![first];
        self.length = expression(&self.types).len();
        self.paths =
            self.types.iter().flat_map(|of| of.attributes.iter()).map(|path| path.text.clone()).collect();
    }

    fn close(self) -> Option<Query> {
        (!self.types.is_empty()).then(|| Query::new(self.types))
    }
}

fn expression(types: &[TypeQuery]) -> String {
    let paths: BTreeSet<&str> =
        types.iter().flat_map(|of| of.attributes.iter()).map(|path| path.text.as_str()).collect();
    let mut text = format!("SELECT {SCALARS}");
    for path in paths {
        text.push_str(", ");
        text.push_str(path);
    }
    text.push_str(" WHERE resourceType IN (");
    for (index, of) in types.iter().enumerate() {
        text.push_str(if index == 0 { "'" } else { ", '" });
        text.push_str(of.resource_type.as_str());
        text.push('\'');
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests;
