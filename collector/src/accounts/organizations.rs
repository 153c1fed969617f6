//! The accounts of an organisation, by `ListAccounts`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_organizations::Client;
use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;

use super::{AccountDirectory, DirectoryError};
use crate::action::Action;
use crate::call::{Line, Pace};
use crate::credentials::AwsContext;

/// Calls that may come at once before the limit holds: four hundred accounts are listed without waiting.
const BURST: u32 = 20;
/// The largest page that Organizations gives.
const PAGE_SIZE: i32 = 20;

/// Reads the accounts from AWS Organizations, in the management account or a delegated administrator's.
#[derive(Debug)]
pub struct OrganizationsDirectory {
    client: Client,
    line: Line,
}

impl OrganizationsDirectory {
    /// Makes a directory that asks with the job's own credentials.
    pub fn new(context: &AwsContext, per_second: u32) -> Self {
        let pace = Arc::new(Pace::new(per_second, BURST));
        Self { client: Client::new(&context.home(None)), line: context.line(pace, None) }
    }
}

#[async_trait]
impl AccountDirectory for OrganizationsDirectory {
    async fn accounts(&self) -> Result<Vec<Account>, DirectoryError> {
        let mut accounts = BTreeMap::new();
        let mut seen_tokens = BTreeSet::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .line
                .call(Action::ListAccounts, || {
                    let request = self.client.list_accounts().max_results(PAGE_SIZE);
                    request.set_next_token(token.clone()).send()
                })
                .await
                .map_err(|error| DirectoryError::Unreadable(error.detail))?;
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
