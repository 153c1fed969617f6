//! How many resources AWS Config counts, and whether a listing agrees with that.

use std::collections::{BTreeMap, HashSet};

use bestand_model::coverage::Reason;
use bestand_model::identifiers::ResourceType;

use super::RegionClient;
use super::error::CallError;
use crate::credentials::action;

/// The largest page of counts.
const PAGE_SIZE: i32 = 100;
/// How far the two counts may lie apart in any case.
const MIN_SLACK: u64 = 2;

/// Resources by type. A type with none is not there; nor is one that AWS Config does not support here.
pub(crate) type Counts = BTreeMap<ResourceType, u64>;

/// Reads all counts of the region.
pub(crate) async fn read(region: &RegionClient) -> Result<Counts, CallError> {
    let mut counts = Counts::new();
    let mut seen_tokens = HashSet::new();
    let mut token: Option<String> = None;
    loop {
        let page = region
            .caller
            .call(action::GET_COUNTS, || {
                region
                    .client
                    .get_discovered_resource_counts()
                    .limit(PAGE_SIZE)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        for count in page.resource_counts() {
            if let Some(resource_type) = count.resource_type()
                && let Ok(number @ 1..) = u64::try_from(count.count())
            {
                counts.insert(ResourceType::from(resource_type.as_str()), number);
            }
        }
        let Some(next) = page.next_token.filter(|next| !next.is_empty()) else {
            return Ok(counts);
        };
        if !seen_tokens.insert(next.clone()) {
            let detail = format!("{}: a page token came twice", action::GET_COUNTS);
            return Err(CallError::nonsense(Reason::Truncated, detail));
        }
        token = Some(next);
    }
}

/// Tells whether a listing agrees with the counts before and after it (SEMANTICS 2.3): they bracket the distinct
/// live rows, and differ by at most one per cent, two in any case.
///
/// AWS Config counts what it has discovered and still records; rows of deleted resources and of resources that
/// are not recorded are no live rows, and are not counted on either side.
pub(crate) fn agree(before: u64, rows: u64, after: u64) -> bool {
    let (low, high) = (before.min(after), before.max(after));
    low <= rows && rows <= high && high - low <= MIN_SLACK.max(high / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantics_2_3_counts_bracket_the_rows_and_hardly_differ() {
        for (before, rows, after, expected) in [
            (0, 0, 0, true),
            (7, 7, 7, true),
            (7, 6, 7, false),
            (7, 8, 7, false),
            (7, 8, 9, true),
            (9, 8, 7, true),
            (7, 10, 9, false),
            (7, 6, 9, false),
            // Two apart are allowed however few there are; three only where they are one per cent.
            (0, 1, 2, true),
            (0, 1, 3, false),
            (297, 298, 300, true),
            (296, 298, 300, false),
            (100_000, 100_500, 101_000, true),
            (100_000, 100_500, 101_200, false),
            (100_000, 99_999, 100_000, false),
        ] {
            assert_eq!(agree(before, rows, after), expected, "{before} {rows} {after}");
        }
    }
}
