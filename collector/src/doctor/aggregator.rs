//! Examines the aggregator: its three calls, and which of its sources are outdated.

use bestand_model::identifiers::AccountId;

use super::check::ActionCheck;
use super::examined::{ExaminedAggregator, StaleSource};
use crate::action::Action;
use crate::collector::Shared;
use crate::config_service::aggregator::Aggregator;
use crate::config_service::error::CallError;
use crate::config_service::query::pack;
use crate::config_service::tokens::Tokens;

pub(super) async fn examine(
    shared: &Shared,
    aggregator: &Aggregator,
    account_id: &AccountId,
) -> ExaminedAggregator {
    let sources = aggregator.sources().await;
    let mut actions = vec![ActionCheck::of(Action::AggregatorSourcesStatus, &sources)];
    if sources.as_ref().is_err_and(CallError::is_tiresome) {
        actions.extend([Action::AggregatorCounts, Action::AggregatorSelect].map(ActionCheck::not_tried));
    } else {
        actions.push(ActionCheck::of(Action::AggregatorCounts, &aggregator.types(account_id).await));
        let row = row(shared, aggregator, account_id).await;
        actions.push(ActionCheck::of(Action::AggregatorSelect, &row));
    }
    let (stale, gap) = match sources {
        Ok(sources) => (stale(sources), None),
        Err(error) => (Vec::new(), Some(error.into())),
    };
    ExaminedAggregator { name: aggregator.name().to_owned(), actions, stale, gap }
}

/// Asks for a page as the job does: a row of the account's networks.
async fn row(shared: &Shared, aggregator: &Aggregator, account_id: &AccountId) -> Result<(), CallError> {
    for query in pack([(&"AWS::EC2::VPC".into(), 1)], &shared.attributes) {
        aggregator.page(&query, account_id, &mut Tokens::default()).await?;
    }
    Ok(())
}

fn stale(sources: &crate::config_service::aggregator::Sources) -> Vec<StaleSource> {
    let stale = sources.stale().map(|(account_id, region, detail)| StaleSource {
        account_id: account_id.clone(),
        region: region.clone(),
        detail: detail.to_owned(),
    });
    stale.collect()
}
