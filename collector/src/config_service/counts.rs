//! How many resources AWS Config counts, and whether a listing agrees with that.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_config::types::ResourceCount;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::ResourceType;

use super::error::CallError;
use super::tokens::Tokens;
use crate::action::Action;
use crate::region_client::RegionClient;

/// The largest page of counts.
const PAGE_SIZE: i32 = 100;
/// How far the two counts may lie apart in any case.
const MIN_SLACK: u64 = 2;

/// Resources by type. A type with none is commonly left out; so is one that AWS Config does not support here.
pub(crate) type Counts = BTreeMap<ResourceType, u64>;

/// Reads all counts of the region.
///
/// # Errors
/// Also when the counts do not add up to the total that AWS Config tells, or when one of them makes no sense.
pub(crate) async fn read(region: &RegionClient) -> Result<Counts, CallError> {
    let mut counts = Counts::new();
    let mut totals = BTreeSet::new();
    let mut tokens = Tokens::default();
    while !tokens.ended() {
        let page = region
            .config_line
            .call(Action::GetCounts, || {
                let request = region.config.get_discovered_resource_counts();
                request.limit(PAGE_SIZE).set_next_token(tokens.next()).send()
            })
            .await
            .map_err(CallError::of_counting)?;
        // The SDK gives zero for a total that is not in the answer, and a total of zero asks for nothing.
        totals.extend(u64::try_from(page.total_discovered_resources()).ok().filter(|total| *total > 0));
        for count in page.resource_counts() {
            let (resource_type, number) = entry(count)?;
            counts.insert(resource_type, number);
        }
        tokens.take(Action::GetCounts, page.next_token)?;
    }
    add_up(&counts, &totals)?;
    Ok(counts)
}

/// Reads an entry. The SDK does not tell a missing number from zero: such a type is kept and asked for, and the
/// total tells that something is missing.
fn entry(count: &ResourceCount) -> Result<(ResourceType, u64), CallError> {
    let nonsense = |what| CallError::nonsense(Reason::ServiceError, format!("{}: {what}", Action::GetCounts));
    let resource_type = count
        .resource_type()
        .map(|of| ResourceType::from(of.as_str()))
        .filter(|of| !of.as_str().is_empty())
        .ok_or_else(|| nonsense("a count names no type"))?;
    let number = u64::try_from(count.count()).map_err(|_| nonsense("a count is below zero"))?;
    Ok((resource_type, number))
}

/// Checks the sum of all counts, of types that are never asked for too. The total is told anew with each page
/// and may move meanwhile: the sum then lies between.
fn add_up(counts: &Counts, totals: &BTreeSet<u64>) -> Result<(), CallError> {
    let (Some(low), Some(high)) = (totals.first(), totals.last()) else { return Ok(()) };
    let sum = counts.values().fold(0_u64, |sum, number| sum.saturating_add(*number));
    if (*low..=*high).contains(&sum) {
        return Ok(());
    }
    let detail = format!("{}: the counts add up to {sum}, the total is {high}", Action::GetCounts);
    Err(CallError::nonsense(Reason::Truncated, detail))
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
    fn the_sum_lies_among_the_totals_that_were_told() {
        let counts = Counts::from([("AWS::EC2::VPC".into(), 2), ("AWS::EC2::Instance".into(), 3)]);
        for (totals, expected) in [
            (vec![], true),
            (vec![5], true),
            (vec![4], false),
            (vec![6], false),
            (vec![4, 6], true),
            (vec![6, 7], false),
        ] {
            let outcome = add_up(&counts, &totals.iter().copied().collect());
            assert_eq!(outcome.is_ok(), expected, "{totals:?}");
        }
    }

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
