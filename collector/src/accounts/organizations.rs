//! The accounts of an organisation: those that it lists, where they lie in it, and which of them are asked for.

mod calls;
mod units;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;

use super::{AccountDirectory, DirectoryError, Selection};
use crate::credentials::AwsContext;

use calls::Calls;
use units::Units;

/// Reads the accounts from AWS Organizations, in the management account or a delegated administrator's.
#[derive(Debug)]
pub struct OrganizationsDirectory {
    calls: Calls,
    selection: Selection,
}

impl OrganizationsDirectory {
    /// Makes a directory that asks with the job's own credentials for the accounts of a selection.
    pub fn new(context: &AwsContext, selection: Selection, list_accounts_per_second: u32) -> Self {
        Self { calls: Calls::new(context, list_accounts_per_second), selection }
    }

    /// Reads the tree of units. Where no unit is asked for it only tells the report each account's place, and
    /// what may not read it may still list the accounts.
    async fn units(&self) -> Result<Option<Units>, DirectoryError> {
        match self.calls.units().await {
            Ok(units) => Ok(Some(units)),
            Err(error) if !self.selection.asks_for_units() => {
                tracing::warn!(%error, "the report will not tell in which organisational unit an account lies");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Leaves out what the settings exclude, or do not include.
    fn select_by_unit(
        &self,
        accounts: &mut BTreeMap<AccountId, Account>,
        units: &Units,
    ) -> Result<(), DirectoryError> {
        if !self.selection.asks_for_units() {
            return Ok(());
        }
        let (include, exclude) = units.resolve(&self.selection.include, &self.selection.exclude)?;
        for account in active(accounts) {
            let Some(chain) = units.chain_of(&account.id) else {
                // It moved while the tree was read, and may be one that must not be entered.
                tracing::warn!(
                    account_id = %account.id,
                    "the account lies in no organisational unit: it moved while the organisation was read, and is left out this time"
                );
                account.state = AccountState::LeftOut;
                continue;
            };
            let included = include.is_empty() || chain.iter().any(|unit| include.contains(*unit));
            let excluded = chain.iter().any(|unit| exclude.contains(*unit));
            if !included || excluded {
                account.state = AccountState::LeftOut;
            }
        }
        Ok(())
    }

    /// Leaves out what has other tags. Only accounts that would be read are asked for theirs.
    async fn select_by_tags(
        &self,
        accounts: &mut BTreeMap<AccountId, Account>,
    ) -> Result<(), DirectoryError> {
        if self.selection.tags.is_empty() {
            return Ok(());
        }
        for account in active(accounts) {
            if !self.selection.takes_tags(&self.calls.tags(&account.id).await?) {
                account.state = AccountState::LeftOut;
            }
        }
        Ok(())
    }
}

/// Only an active account can be left out: what AWS itself has closed is inactive wherever it lies.
fn active(accounts: &mut BTreeMap<AccountId, Account>) -> impl Iterator<Item = &mut Account> {
    accounts.values_mut().filter(|account| account.state == AccountState::Active)
}

#[async_trait]
impl AccountDirectory for OrganizationsDirectory {
    async fn accounts(&self) -> Result<Vec<Account>, DirectoryError> {
        let mut accounts = self.calls.accounts().await?;
        if let Some(units) = self.units().await? {
            for account in accounts.values_mut() {
                account.ou_path = units.path_of(&account.id).map(str::to_owned);
            }
            self.select_by_unit(&mut accounts, &units)?;
        }
        self.select_by_tags(&mut accounts).await?;
        let left_out = accounts.values().filter(|account| account.state == AccountState::LeftOut).count();
        tracing::debug!(accounts = accounts.len(), left_out, "the organisation is read");
        Ok(accounts.into_values().collect())
    }
}
