//! Filters, ids and pages of the Describe operations.

use crate::{
    aws::{
        Aws,
        error::AwsError,
        request::Call,
        token::{Cursor, Listing},
    },
    estate::{Item, code::hash, kind::Kind},
};
use std::collections::BTreeMap;

/// How many values all filters of a call may have together.
const MAX_FILTER_VALUES: usize = 200;
const MAX_RESULTS: std::ops::RangeInclusive<usize> = 5..=1000;

/// The filters of a call: all must fit, by any of their values.
pub(super) struct Filters<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl Filters<'_> {
    /// Whether a value passes the filter of this name.
    pub(super) fn allow(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_none_or(|values| values.contains(&value))
    }
}

/// Reads the filters of a call; one that is not known here is an error rather than ignored.
pub(super) fn filters<'a>(call: &'a Call, known: &[&str]) -> Result<Filters<'a>, AwsError> {
    let (mut filters, mut values) = (BTreeMap::new(), 0);
    for at in 1.. {
        let Some(name) = call.parameter(&format!("Filter.{at}.Name")) else { break };
        if !known.contains(&name) {
            return Err(AwsError::new("InvalidParameterValue", format!("the filter '{name}' is invalid")));
        }
        let of_name = call.parameters(&format!("Filter.{at}.Value"));
        values += of_name.len();
        filters.insert(name, of_name);
    }
    if values > MAX_FILTER_VALUES {
        let message = format!("{values} filter values are given, at most {MAX_FILTER_VALUES} are allowed");
        return Err(AwsError::new("FilterLimitExceeded", message));
    }
    Ok(Filters(filters))
}

/// A page of resources and the token of the next.
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) token: Option<String>,
}

impl Aws {
    /// Takes a page of those resources that pass `fits`; without `MaxResults` all are one page.
    pub(super) fn ec2_page(
        &self,
        call: &Call,
        (account, region, kind): (usize, usize, Kind),
        ids: &[&str],
        extra: impl Iterator<Item = Item>,
        fits: impl Fn(Item) -> bool,
    ) -> Result<Page, AwsError> {
        let holding = self.estate.holding(account, region, kind);
        let item = |number| Item { account: account as u16, region: region as u8, kind, number };
        let mut items: Vec<Item> =
            (0..holding.alive()).map(item).chain(extra).filter(|item| fits(*item)).collect();
        if !ids.is_empty() {
            items.retain(|item| ids.contains(&self.estate.resource_id(*item).as_str()));
            let missing =
                ids.iter().find(|id| !items.iter().any(|item| self.estate.resource_id(*item) == **id));
            if let Some(missing) = missing {
                return Err(AwsError::new(not_found(kind), format!("the ID '{missing}' does not exist")));
            }
        }
        if !ids.is_empty() && call.parameter("MaxResults").is_some() {
            let message = "ids and the parameter MaxResults cannot be used together";
            return Err(AwsError::new("InvalidParameterCombination", message));
        }
        let Some(limit) = call.parameter("MaxResults") else { return Ok(Page { items, token: None }) };
        let limit = limit.parse().ok().filter(|limit| MAX_RESULTS.contains(limit));
        let limit =
            limit.ok_or_else(|| AwsError::new("InvalidParameterValue", "MaxResults must be 5 to 1000"))?;
        let listing: Listing = hash(&[account as u64, region as u64, kind.index() as u64, limit as u64, 340]);
        let cursor = match call.parameter("NextToken") {
            None => Cursor::default(),
            Some(token) => {
                let invalid = || AwsError::new("InvalidPaginationToken", "the pagination token is invalid");
                self.tokens.read(listing, token).ok_or_else(invalid)?
            }
        };
        let from = (cursor.position as usize).min(items.len());
        let until = (from + self.tokens.page_size(listing, cursor.page, limit)).min(items.len());
        let next = Cursor { position: until as u64, page: cursor.page + 1 };
        let token = (until < items.len()).then(|| self.tokens.write(listing, next));
        Ok(Page { items: items[from..until].to_vec(), token })
    }
}

const fn not_found(kind: Kind) -> &'static str {
    match kind {
        Kind::Instance => "InvalidInstanceID.NotFound",
        Kind::Volume => "InvalidVolume.NotFound",
        Kind::Vpc => "InvalidVpcID.NotFound",
        Kind::SecurityGroup => "InvalidGroup.NotFound",
        _ => "InvalidNetworkInterfaceID.NotFound",
    }
}
