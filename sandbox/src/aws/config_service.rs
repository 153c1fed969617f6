//! AWS Config of one account and region.

mod aggregator;
mod batch_get;
mod counts;
mod list;
mod recorders;

use super::{Aws, answer::Answer, error::AwsError, request::Call, select::Source, sessions::Caller};
use crate::estate::accounts::region_index;
pub(crate) use aggregator::AGGREGATOR;
use serde_json::Value;

impl Aws {
    /// Answers an operation of AWS Config.
    pub(crate) fn config_service(&self, caller: &Caller, call: &Call) -> Result<Answer, AwsError> {
        // A region that the account has not opted in to does not know its keys.
        let region = region_index(&call.region).ok_or_else(|| {
            AwsError::new(
                "UnrecognizedClientException",
                "the security token included in the request is invalid",
            )
        })?;
        let (account, input) = (caller.account, call.json());
        match call.operation.as_str() {
            "DescribeConfigurationRecorders" => self.recorders(account, region, input),
            "DescribeConfigurationRecorderStatus" => self.recorder_status(account, region, input),
            "GetDiscoveredResourceCounts" => self.counts(account, region, input),
            "SelectResourceConfig" => self.select(Source::Region { account, region }, input),
            "ListDiscoveredResources" => self.list(account, region, input),
            "BatchGetResourceConfig" => self.batch_get(account, region, input),
            "DescribeConfigurationAggregators" => self.aggregators(account, region, input),
            "DescribeConfigurationAggregatorSourcesStatus" => self.aggregator_sources(account, region, input),
            "SelectAggregateResourceConfig" => self.select_aggregate(account, region, input),
            "GetAggregateDiscoveredResourceCounts" => self.aggregate_counts(account, region, input),
            other => Err(AwsError::new("UnknownOperationException", format!("no operation {other}"))),
        }
    }

    fn require_recorder(&self, account: usize, region: usize) -> Result<(), AwsError> {
        match self.estate.strategy(account, region) {
            Some(_) => Ok(()),
            None => Err(AwsError::new(
                "NoAvailableConfigurationRecorderException",
                "there are no configuration recorders available to provide the role needed to describe your resources",
            )),
        }
    }
}

/// Reads a page limit of at most 100; 0 and none mean the default.
fn page_limit(value: &Value) -> Result<usize, AwsError> {
    const MAX: u64 = 100;
    let limit = if value.is_null() { Some(0) } else { value.as_u64() };
    match limit {
        Some(0) => Ok(MAX as usize),
        Some(limit) if limit <= MAX => Ok(limit as usize),
        _ => Err(AwsError::new(
            "InvalidLimitException",
            format!("the limit is {value}, at most {MAX} is allowed"),
        )),
    }
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", message)
}

fn invalid_token() -> AwsError {
    AwsError::new("InvalidNextTokenException", "the specified nextToken is not valid")
}
