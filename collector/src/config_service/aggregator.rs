//! AWS Config's aggregator: rows of many accounts through one endpoint. It lags behind, and keeps resources of accounts
//! that have left for a while; its sources' states say how far it is to be believed.

mod sources;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_config::Client;
use aws_sdk_config::types::{ResourceCountFilters, ResourceCountGroupKey};
use bestand_model::identifiers::{AccountId, ResourceType};
use tokio::sync::OnceCell;

use super::error::CallError;
use super::query::Query;
use super::select::PAGE_SIZE;
use super::tokens::Tokens;
use crate::action::Action;
use crate::call::{Line, Pace, Patience};
use crate::collector::AggregatorSettings;
use crate::credentials::AwsContext;

pub(crate) use sources::Sources;

/// An aggregator, called with the job's own credentials: one session for all accounts.
#[derive(Debug)]
pub(crate) struct Aggregator {
    name: String,
    client: Client,
    line: Line,
    sources: OnceCell<Result<Sources, CallError>>,
}

impl Aggregator {
    pub(crate) fn new(
        context: &AwsContext,
        settings: &AggregatorSettings,
        per_second: u32,
        patience: Patience,
    ) -> Self {
        let pace = Arc::new(Pace::new(per_second, per_second));
        let region = settings.region.clone().unwrap_or_else(|| context.home_region());
        let config = context.home(Some(patience)).into_builder();
        let config = config.region(aws_config::Region::new(region.as_str().to_owned())).build();
        Self {
            name: settings.name.clone(),
            client: Client::new(&config),
            line: context.line(pace, Some(patience)),
            sources: OnceCell::new(),
        }
    }

    /// Gives its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Gives the states of its sources, asked for once.
    pub(crate) async fn sources(&self) -> Result<&Sources, CallError> {
        let read = self.sources.get_or_init(|| sources::read(&self.client, &self.line, &self.name)).await;
        read.as_ref().map_err(Clone::clone)
    }

    /// Gives the types that it has something of in an account.
    pub(crate) async fn types(&self, account_id: &AccountId) -> Result<BTreeSet<ResourceType>, CallError> {
        let mut types = BTreeSet::new();
        let mut tokens = Tokens::default();
        let filters = ResourceCountFilters::builder().account_id(account_id.as_str()).build();
        while !tokens.ended() {
            let page = self
                .line
                .call(Action::AggregatorCounts, || {
                    let request = self.client.get_aggregate_discovered_resource_counts();
                    request
                        .configuration_aggregator_name(&self.name)
                        .filters(filters.clone())
                        .group_by_key(ResourceCountGroupKey::ResourceType)
                        .limit(1000)
                        .set_next_token(tokens.next())
                        .send()
                })
                .await?;
            types.extend(page.grouped_resource_counts().iter().map(|group| group.group_name().into()));
            tokens.take(Action::AggregatorCounts, page.next_token)?;
        }
        Ok(types)
    }

    /// Gives the next page of an account's rows.
    pub(crate) async fn page(
        &self,
        query: &Query,
        account_id: &AccountId,
        tokens: &mut Tokens,
    ) -> Result<Vec<String>, CallError> {
        let expression = query.of_account(account_id);
        let page = self
            .line
            .call(Action::AggregatorSelect, || {
                let request = self.client.select_aggregate_resource_config();
                request
                    .configuration_aggregator_name(&self.name)
                    .expression(&expression)
                    .limit(PAGE_SIZE)
                    .set_next_token(tokens.next())
                    .send()
            })
            .await?;
        tokens.take(Action::AggregatorSelect, page.next_token)?;
        Ok(page.results.unwrap_or_default())
    }
}
