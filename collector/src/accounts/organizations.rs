//! The accounts of an organisation, by `ListAccounts`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_organizations::Client;
use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;

use super::{AccountDirectory, DirectoryError};
use crate::config_service::error::explain;
use crate::credentials::AwsContext;
use crate::throttle::Limiter;

/// Calls a second to `ListAccounts`: AWS publishes no figure, its own inventory tool keeps to this one.
const LIST_ACCOUNTS_PER_SECOND: u32 = 1;
/// Calls that may come at once before the limit holds: four hundred accounts are listed without waiting.
const LIST_ACCOUNTS_BURST: u32 = 20;
/// The largest page that Organizations gives.
const PAGE_SIZE: i32 = 20;

/// Reads the accounts from AWS Organizations, in the management account or a delegated administrator's.
#[derive(Debug)]
pub struct OrganizationsDirectory {
    client: Client,
    limiter: Limiter,
}

impl OrganizationsDirectory {
    /// Makes a directory that asks with the job's own credentials.
    pub fn new(context: &AwsContext) -> Self {
        Self {
            client: Client::new(context.sdk_config()),
            limiter: Limiter::per_second(LIST_ACCOUNTS_PER_SECOND, LIST_ACCOUNTS_BURST),
        }
    }
}

#[async_trait]
impl AccountDirectory for OrganizationsDirectory {
    async fn accounts(&self) -> Result<Vec<Account>, DirectoryError> {
        let mut accounts = BTreeMap::new();
        let mut seen_tokens = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            self.limiter.ready().await;
            let request = self.client.list_accounts().max_results(PAGE_SIZE).set_next_token(token.take());
            let page = request.send().await.map_err(|error| {
                DirectoryError::Unreadable(explain("organizations:ListAccounts", &error).detail)
            })?;
            // Empty pages with a token happen: only the missing token ends the listing.
            for listed in page.accounts() {
                let account = account(listed)?;
                accounts.insert(account.id.clone(), account);
            }
            let Some(next) = page.next_token.filter(|next| !next.is_empty()) else {
                return Ok(accounts.into_values().collect());
            };
            if !seen_tokens.insert(next.clone()) {
                return Err(DirectoryError::RepeatedToken { accounts: accounts.len() });
            }
            token = Some(next);
        }
    }
}

fn account(listed: &aws_sdk_organizations::types::Account) -> Result<Account, DirectoryError> {
    let id: AccountId = listed.id().unwrap_or_default().parse().map_err(
        |error: bestand_model::identifiers::NotAnAccountId| DirectoryError::NotAnAccount(error.to_string()),
    )?;
    // `Status` was retired on 2026-09-09; endpoints that do not know `State` yet still answer with it.
    let status = listed.status().map(|status| status.as_str());
    let state = match listed.state().map(|state| state.as_str()).or(status) {
        Some("ACTIVE") => AccountState::Active,
        // Also what AWS may add: an account that is not plainly active is never concluded about.
        Some(_) | None => AccountState::Inactive,
    };
    Ok(Account { name: listed.name().map(str::to_owned), ..Account::new(id, state) })
}
