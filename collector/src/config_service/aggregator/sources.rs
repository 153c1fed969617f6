//! How far an aggregator's sources are up to date.

use std::collections::BTreeMap;

use aws_sdk_config::Client;
use aws_sdk_config::types::AggregatedSourceStatus;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, Region};

use crate::action::Action;
use crate::call::Line;
use crate::config_service::error::{CallError, cut};
use crate::config_service::tokens::Tokens;

/// The largest page.
const PAGE_SIZE: i32 = 100;

/// The state of every source: an account in a region.
#[derive(Debug, Default)]
pub(crate) struct Sources(BTreeMap<(AccountId, Region), Option<String>>);

impl Sources {
    /// Tells why the aggregator's copy of an account and region is not to be believed, if so.
    pub(crate) fn gap(&self, account_id: &AccountId, region: &Region) -> Option<(Reason, String)> {
        match self.0.get(&(account_id.clone(), region.clone())) {
            Some(None) => None,
            Some(Some(detail)) => Some((Reason::Stale, detail.clone())),
            None => {
                let detail = "the aggregator has no source in the account and region";
                Some((Reason::Stale, detail.to_owned()))
            }
        }
    }

    /// Gives the regions of an account that are sources.
    pub(crate) fn regions(&self, account_id: &AccountId) -> impl Iterator<Item = &Region> {
        self.0.keys().filter(move |(account, _)| account == account_id).map(|(_, region)| region)
    }

    /// Gives the sources that are not up to date, with what the aggregator says of each.
    pub(crate) fn stale(&self) -> impl Iterator<Item = (&AccountId, &Region, &str)> {
        let stale = self.0.iter().filter_map(|(source, detail)| Some((source, detail.as_deref()?)));
        stale.map(|((account, region), detail)| (account, region, detail))
    }

    fn add(&mut self, status: &AggregatedSourceStatus) {
        // A source that is the organisation itself tells of the list of its accounts, not of any copy.
        let account: Option<AccountId> = status.source_id().and_then(|id| id.parse().ok());
        let (Some(account), Some(region)) = (account, status.aws_region().map(Region::from)) else { return };
        let state = status.last_update_status().map_or("unknown", |state| state.as_str());
        let detail = (state != "SUCCEEDED").then(|| {
            let error = match (status.last_error_code(), status.last_error_message()) {
                (None, None) => String::new(),
                (code, message) => {
                    format!(": {}: {}", code.unwrap_or("no code"), message.unwrap_or("no message"))
                }
            };
            cut(&format!("the aggregator's source is {state}{error}"))
        });
        self.0.insert((account, region), detail);
    }
}

/// Reads the states of all sources.
pub(super) async fn read(client: &Client, line: &Line, aggregator: &str) -> Result<Sources, CallError> {
    let mut sources = Sources::default();
    let mut tokens = Tokens::default();
    while !tokens.ended() {
        let page = line
            .call(Action::AggregatorSourcesStatus, || {
                let request = client.describe_configuration_aggregator_sources_status();
                request
                    .configuration_aggregator_name(aggregator)
                    .limit(PAGE_SIZE)
                    .set_next_token(tokens.next())
                    .send()
            })
            .await?;
        page.aggregated_source_status_list().iter().for_each(|status| sources.add(status));
        tokens.take(Action::AggregatorSourcesStatus, page.next_token)?;
    }
    Ok(sources)
}
