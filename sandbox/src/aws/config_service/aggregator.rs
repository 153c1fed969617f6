//! The organisation's aggregator: every account and region by one endpoint, as far as its copies go.

use super::{invalid_token, validation};
use crate::{
    aws::{
        Aws,
        answer::Answer,
        error::AwsError,
        select::Source,
        token::{Cursor, Listing},
    },
    estate::{
        accounts::REGIONS,
        code::{hash, hash_text},
        kind::Kind,
        organisation::ORGANIZATION,
        placement::Placement,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The name of the aggregator.
pub(crate) const AGGREGATOR: &str = "regiobus";
/// 2024-05-01, when it was made.
const MADE: f64 = 1_714_521_600.0;
/// How old an outdated copy is, in seconds.
const OUTDATED_SECONDS: i64 = 3 * 86_400;

impl Aws {
    pub(super) fn aggregators(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        let names = input["ConfigurationAggregatorNames"].as_array().into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            known(account, region, Some(name))?;
        }
        let management = &self.estate.accounts[0].id;
        let aggregator = json!({
            "ConfigurationAggregatorName": AGGREGATOR,
            "ConfigurationAggregatorArn": format!(
                "arn:aws:config:{}:{management}:config-aggregator/config-aggregator-regiobus1", REGIONS[0]
            ),
            "OrganizationAggregationSource": {
                "RoleArn": format!("arn:aws:iam::{management}:role/config-aggregator"),
                "AllAwsRegions": true,
            },
            "CreationTime": MADE,
            "LastUpdatedTime": MADE,
        });
        let here = known(account, region, Some(AGGREGATOR)).is_ok();
        let aggregators: Vec<Value> = here.then_some(aggregator).into_iter().collect();
        Ok(Answer::json(json!({"ConfigurationAggregators": aggregators}).to_string()))
    }

    /// One line for the organisation itself, and one for each account and region. The account that has left is no
    /// source any more.
    pub(super) fn aggregator_sources(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        known(account, region, input["ConfigurationAggregatorName"].as_str())?;
        let limit = limit(&input["Limit"], 100)?;
        let wanted: Vec<&str> =
            input["UpdateStatus"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let whole = json!({
            "SourceId": ORGANIZATION,
            "SourceType": "ORGANIZATION",
            "AwsRegion": REGIONS[0],
            "LastUpdateStatus": "SUCCEEDED",
            "LastUpdateTime": self.estate.started as f64,
        });
        let accounts = 0..self.estate.accounts.len();
        let places = accounts.flat_map(|account| (0..REGIONS.len()).map(move |region| (account, region)));
        let sources: Vec<Value> = std::iter::once(whole)
            .chain(places.map(|(account, region)| self.aggregator_source(account, region)))
            .filter(|source| {
                wanted.is_empty()
                    || source["LastUpdateStatus"].as_str().is_some_and(|of| wanted.contains(&of))
            })
            .collect();
        let key = wanted.iter().fold(0, |key, status| hash_text(key, status));
        self.aggregator_page(
            "AggregatedSourceStatusList",
            sources,
            hash(&[key, 350]),
            limit,
            input,
            json!({}),
        )
    }

    fn aggregator_source(&self, account: usize, region: usize) -> Value {
        let status = self.estate.placement.aggregator_status(account, region);
        let age = if status == "SUCCEEDED" { 0 } else { OUTDATED_SECONDS };
        let mut source = json!({
            "SourceId": self.estate.accounts[account].id,
            "SourceType": "ACCOUNT",
            "AwsRegion": REGIONS[region],
            "LastUpdateStatus": status,
            "LastUpdateTime": (self.estate.started - age) as f64,
        });
        if status == "FAILED" {
            source["LastErrorCode"] = json!("SOURCE_ACCOUNT_ERROR");
            source["LastErrorMessage"] = json!("the source could not be read");
        }
        source
    }

    pub(super) fn select_aggregate(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        known(account, region, input["ConfigurationAggregatorName"].as_str())?;
        self.select(Source::Aggregator, input)
    }

    pub(super) fn aggregate_counts(
        &self,
        account: usize,
        region: usize,
        input: &Value,
    ) -> Result<Answer, AwsError> {
        known(account, region, input["ConfigurationAggregatorName"].as_str())?;
        let limit = limit(&input["Limit"], 1000)?;
        let filters = &input["Filters"];
        let asked = |name: &str, value: &str| filters[name].as_str().is_none_or(|asked| asked == value);
        let group_by = match input["GroupByKey"].as_str() {
            None => None,
            Some(key @ ("RESOURCE_TYPE" | "ACCOUNT_ID" | "AWS_REGION")) => Some(key),
            Some(other) => return Err(validation(format!("there is no GroupByKey {other}"))),
        };
        let (mut groups, mut total) = (BTreeMap::<String, u64>::new(), 0);
        for (account, region) in self.estate.aggregated_places() {
            let id = &self.estate.account(account).id;
            if !asked("AccountId", id) {
                continue;
            }
            for kind in Kind::ALL {
                // What belongs to no region is filed under `global`, as its rows say.
                let place = Placement::scope_region(region, kind);
                if !asked("Region", place) || !asked("ResourceType", kind.name()) {
                    continue;
                }
                let count = u64::from(self.estate.aggregated_count(account, region, kind));
                total += count;
                let group = match group_by {
                    Some("ACCOUNT_ID") => id,
                    Some("AWS_REGION") => place,
                    _ => kind.name(),
                };
                if count > 0 && group_by.is_some() {
                    *groups.entry(group.to_owned()).or_default() += count;
                }
            }
        }
        let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
        groups.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        let groups =
            groups.into_iter().map(|(name, count)| json!({"GroupName": name, "ResourceCount": count}));
        let mut answer = json!({"TotalDiscoveredResources": total});
        if let Some(key) = group_by {
            answer["GroupByKey"] = json!(key);
        }
        let listing = hash(&[hash_text(hash_text(0, &filters.to_string()), group_by.unwrap_or("")), 351]);
        self.aggregator_page("GroupedResourceCounts", groups.collect(), listing, limit, input, answer)
    }

    /// Adds a page of entries to an answer.
    fn aggregator_page(
        &self,
        name: &str,
        entries: Vec<Value>,
        listing: Listing,
        limit: usize,
        input: &Value,
        mut answer: Value,
    ) -> Result<Answer, AwsError> {
        let listing = hash(&[listing, limit as u64]);
        let cursor = match input["NextToken"].as_str().filter(|token| !token.is_empty()) {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(invalid_token)?,
        };
        let from = (cursor.position as usize).min(entries.len());
        let until = (from + self.tokens.page_size(listing, cursor.page, limit)).min(entries.len());
        answer[name] = json!(entries[from..until]);
        if until < entries.len() {
            let next = Cursor { position: until as u64, page: cursor.page + 1 };
            answer["NextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }
}

/// The aggregator lies in the management account's home region, and nowhere else.
fn known(account: usize, region: usize, name: Option<&str>) -> Result<(), AwsError> {
    match name {
        Some(AGGREGATOR) if (account, region) == (0, 0) => Ok(()),
        Some(other) => Err(AwsError::new(
            "NoSuchConfigurationAggregatorException",
            format!("the configuration aggregator '{other}' does not exist"),
        )),
        None => Err(validation("ConfigurationAggregatorName is missing")),
    }
}

/// Reads a page limit; 0 and none mean the most.
fn limit(value: &Value, most: u64) -> Result<usize, AwsError> {
    let limit = if value.is_null() { Some(0) } else { value.as_u64() };
    match limit {
        Some(0) => Ok(most as usize),
        Some(limit) if limit <= most => Ok(limit as usize),
        _ => Err(AwsError::new(
            "InvalidLimitException",
            format!("the limit is {value}, at most {most} is allowed"),
        )),
    }
}
