//! Serves pages of a query's rows.

use super::{
    aggregate::{compare_all, groups},
    grammar,
    projection::values,
    query::{OrderKey, Query},
};
use crate::{
    aws::{
        Aws,
        answer::Answer,
        error::AwsError,
        token::{Cursor, Listing},
    },
    estate::{
        Estate, Item,
        accounts::{GLOBAL, REGIONS},
        code::{hash, hash_text},
        kind::Kind,
        placement::REPEATED,
        recorder::Recorded,
    },
    faults::Fault,
};
use serde_json::{Value, json};
use std::{
    cmp::Ordering,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The greatest page that AWS Config gives.
const MAX_LIMIT: u64 = 100;
/// The page that it gives unasked.
const DEFAULT_LIMIT: u64 = 25;
/// How many queries and sorted listings are kept; when full, all are dropped.
const KEPT_QUERIES: usize = 1024;
const KEPT_LISTINGS: usize = 64;
/// How many rows a page has whose token repeats.
const REPEATED_PAGE: usize = 1;

/// Queries that were read before, and listings that were sorted before.
#[derive(Default)]
pub(crate) struct SelectCache {
    queries: Mutex<HashMap<String, Arc<Query>>>,
    sorted: Mutex<HashMap<Listing, Arc<Vec<Item>>>>,
}

/// Whose rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// One account and region.
    Region { account: usize, region: usize },
    /// Every account and region, by way of the aggregator.
    Aggregator,
}

impl Source {
    /// The accounts and regions that can hold rows of a query.
    fn places(self, estate: &Estate, query: &Query) -> Vec<(usize, usize)> {
        let allows = |name, value: &str| {
            query.condition.as_ref().is_none_or(|condition| condition.allows(name, value))
        };
        match self {
            Self::Region { account, region } => vec![(account, region)],
            Self::Aggregator => estate
                .aggregated_places()
                .filter(|(account, _)| allows("accountId", &estate.account(*account).id))
                .filter(|(_, at)| allows("awsRegion", REGIONS[*at]) || allows("awsRegion", GLOBAL))
                .collect(),
        }
    }

    /// The rows of a type in one of the places.
    fn recorded(self, estate: &Estate, (account, region): (usize, usize), kind: Kind) -> Recorded {
        match self {
            Self::Region { .. } => estate.recorded(account, region, kind),
            Self::Aggregator => estate.aggregated(account, region, kind),
        }
    }

    /// Whether the listing of a query never ends.
    fn repeats(self, estate: &Estate, query: &Query) -> bool {
        match self {
            Self::Region { account, region } => {
                estate.placement.hits(Fault::RepeatedToken, account, region)
                    && query.kinds.contains(&REPEATED)
            }
            Self::Aggregator => false,
        }
    }

    /// What tells its listings from those of others.
    fn key(self) -> [u64; 2] {
        match self {
            Self::Region { account, region } => [account as u64, region as u64],
            Self::Aggregator => [u64::MAX; 2],
        }
    }
}

impl Aws {
    /// Answers `SelectResourceConfig` and `SelectAggregateResourceConfig`.
    pub(crate) fn select(&self, source: Source, input: &Value) -> Result<Answer, AwsError> {
        let expression = input["Expression"].as_str().unwrap_or_default();
        let limit = limit(&input["Limit"])?;
        let query = self.select_cache.query(expression)?;
        let [account, region] = source.key();
        let listing = hash(&[hash_text(account, expression), region, limit as u64, 300]);
        let cursor = match input["NextToken"].as_str() {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(|| {
                AwsError::new(
                    "InvalidNextTokenException",
                    "the specified nextToken is not valid for this query",
                )
            })?,
        };
        let (rows, next) = self.rows(source, &query, listing, cursor, limit);
        let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        let fields: Vec<Value> = query.fields.iter().map(|name| json!({"Name": name})).collect();
        let mut answer = json!({"Results": rows, "QueryInfo": {"SelectFields": fields}});
        if let Some(next) = next {
            answer["NextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }

    fn rows(
        &self,
        source: Source,
        query: &Query,
        listing: Listing,
        cursor: Cursor,
        limit: usize,
    ) -> (Vec<Value>, Option<Cursor>) {
        let estate = &self.estate;
        let repeats = source.repeats(estate, query);
        // The first page is whole, so that a short listing stays a single call.
        let size = if repeats {
            REPEATED_PAGE.min(limit)
        } else if cursor.page == 0 {
            limit
        } else {
            self.tokens.page_size(listing, cursor.page, limit)
        };
        let following = |position| Some(Cursor { position, page: cursor.page + 1 });
        if query.aggregates() {
            let rows = groups(estate, query, matching(estate, source, query, 0).map(|(_, item)| item));
            return page_of(&rows, cursor, size, |row| row.clone(), orders_by_aggregate(query));
        }
        if !query.order_by.is_empty() {
            let items = self.select_cache.sorted(listing, estate, source, query);
            return page_of(&items, cursor, size, |item| query.projection.row(estate, *item), false);
        }
        let mut rows = Vec::with_capacity(size);
        let mut next = None;
        for (position, item) in matching(estate, source, query, cursor.position) {
            if rows.len() == size {
                next = following(position);
                break;
            }
            rows.push(query.projection.row(estate, item));
        }
        if repeats && next.is_some() {
            // Always the same token: whoever follows it is shown the same rows for ever.
            next = Some(Cursor { position: size as u64, page: 1 });
        }
        (rows, next)
    }
}

/// The resources that a query matches from a position on, each with its own position.
fn matching<'a>(
    estate: &'a Estate,
    source: Source,
    query: &'a Query,
    from: u64,
) -> impl Iterator<Item = (u64, Item)> + 'a {
    let (first_scope, first_row) = ((from >> 32) as usize, from as u32);
    let (places, kinds) = (source.places(estate, query), query.kinds.len());
    (first_scope..places.len() * kinds).flat_map(move |at| {
        let (place, kind) = (places[at / kinds], query.kinds[at % kinds]);
        let recorded = source.recorded(estate, place, kind);
        let first = if at == first_scope { first_row } else { 0 };
        (first..recorded.rows())
            .map(move |row| ((at as u64) << 32 | u64::from(row), recorded.item(place.0, kind, row)))
            .filter(|(_, item)| {
                query.condition.as_ref().is_none_or(|condition| condition.holds(estate, *item))
            })
    })
}

fn page_of<T>(
    all: &[T],
    cursor: Cursor,
    size: usize,
    row: impl Fn(&T) -> Value,
    single: bool,
) -> (Vec<Value>, Option<Cursor>) {
    let from = (cursor.position as usize).min(all.len());
    let until = (from + size).min(all.len());
    let next = Cursor { position: until as u64, page: cursor.page + 1 };
    (all[from..until].iter().map(row).collect(), (until < all.len() && !single).then_some(next))
}

/// AWS Config gives a listing that is ordered by an aggregate one page only.
fn orders_by_aggregate(query: &Query) -> bool {
    query.order_by.iter().any(|(key, _)| matches!(key, OrderKey::Aggregate(_)))
}

fn limit(value: &Value) -> Result<usize, AwsError> {
    let limit = if value.is_null() { Some(DEFAULT_LIMIT) } else { value.as_u64() };
    match limit {
        Some(0) => Ok(DEFAULT_LIMIT as usize),
        Some(limit) if limit <= MAX_LIMIT => Ok(limit as usize),
        _ => Err(AwsError::new(
            "InvalidLimitException",
            format!("Limit is {value}, at most {MAX_LIMIT} is allowed"),
        )),
    }
}

impl SelectCache {
    fn query(&self, expression: &str) -> Result<Arc<Query>, AwsError> {
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(query) = queries.get(expression) {
            return Ok(Arc::clone(query));
        }
        let query = grammar::read(expression)
            .map_err(|message| AwsError::new("InvalidExpressionException", message))?;
        let query = Arc::new(query);
        if queries.len() >= KEPT_QUERIES {
            queries.clear();
        }
        queries.insert(expression.to_owned(), Arc::clone(&query));
        Ok(query)
    }

    fn sorted(&self, listing: Listing, estate: &Estate, source: Source, query: &Query) -> Arc<Vec<Item>> {
        let mut sorted = self.sorted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(items) = sorted.get(&listing) {
            return Arc::clone(items);
        }
        let mut keyed: Vec<(Vec<Vec<Value>>, Item)> = matching(estate, source, query, 0)
            .map(|(_, item)| {
                let key = |(key, _): &(OrderKey, bool)| match key {
                    OrderKey::Property(property) => values(estate, item, property),
                    OrderKey::Aggregate(_) => Vec::new(),
                };
                (query.order_by.iter().map(key).collect(), item)
            })
            .collect();
        keyed.sort_by(|(left, _), (right, _)| {
            let orderings = query.order_by.iter().enumerate().map(|(at, (_, descends))| {
                let ordering = compare_all(&left[at], &right[at]);
                if *descends { ordering.reverse() } else { ordering }
            });
            orderings.into_iter().find(|ordering| *ordering != Ordering::Equal).unwrap_or(Ordering::Equal)
        });
        let items = Arc::new(keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>());
        if sorted.len() >= KEPT_LISTINGS {
            sorted.clear();
        }
        sorted.insert(listing, Arc::clone(&items));
        items
    }
}
