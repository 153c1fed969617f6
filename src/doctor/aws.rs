//! The accounts: who calls, which accounts there are, and each of them, some at a time.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::collector::Collector;
use bestand_collector::credentials::AwsContext;
use bestand_collector::doctor::ExaminedAccount;
use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_publisher::run_store::RunStore;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::judge::Judge;
use super::recheck::{self, Complaints};
use super::registers::Rows;
use super::report::{Caller, Directory, Part, Rechecked, Report};
use crate::compose;
use crate::error::Error;
use crate::plan::accounts;
use crate::progress::Progress;
use crate::settings::Settings;

/// What is known before any account is entered.
pub(super) struct Ward<'a> {
    pub(super) settings: &'a Settings,
    pub(super) store: Option<&'a RunStore>,
    pub(super) now: Timestamp,
    /// What an earlier run complained of, where only that is looked at.
    pub(super) complaints: Option<&'a Complaints>,
    pub(super) rows: &'a Rows,
    /// Accounts that we own entries in.
    pub(super) owned: &'a BTreeSet<AccountId>,
}

impl Ward<'_> {
    /// Examines the accounts into the report.
    ///
    /// # Errors
    /// Only where `--accounts` names an account that nobody knows.
    pub(super) async fn examine(
        &self,
        only: &[AccountId],
        session: &RunId,
        report: &mut Report,
        progress: Progress,
    ) -> Result<(), Error> {
        let aws = AwsContext::load(&self.settings.aws.region).await;
        match aws.caller_identity().await {
            Ok(caller) => {
                report.caller = Part::ok(Caller { account_id: caller.account_id, arn: caller.arn });
            }
            Err(error) => {
                report.caller = Part::failed(report.fail("credentials", &error.into()));
                return Ok(());
            }
        }
        let directory = match compose::account_directory(self.settings, &aws).accounts().await {
            Ok(directory) => directory,
            Err(error) => {
                report.directory = Part::failed(report.fail("account directory", &error.into()));
                return Ok(());
            }
        };
        report.directory = Part::ok(Directory { accounts: directory.len() });
        let named = self.rows.by_account.keys().chain(self.owned);
        let (all, _) = accounts::everyone(directory, named, self.settings, self.now);
        let asked = accounts::asked(&all, only)?;

        let collector = compose::collector(self.settings, &aws, session);
        let patients: Vec<&Account> = all
            .values()
            .filter(|account| asked.contains(&account.id))
            .filter(|account| self.complaints.is_none_or(|all| all.by_account.contains_key(&account.id)))
            .collect();
        if let Some(first) = patients.iter().find(|account| account.state == AccountState::Active) {
            report.aggregator = collector.examine_aggregator(&first.id).await;
        }
        let phase = progress.phase("doctor", "accounts", Some(patients.len() as u64));
        let examined: BTreeMap<AccountId, (ExaminedAccount, Vec<Rechecked>)> =
            futures::stream::iter(patients)
                .map(|account| async {
                    let examined = self.one(&collector, account).await;
                    phase.add(1);
                    examined
                })
                .buffer_unordered(self.settings.collection.concurrency)
                .try_collect()
                .await?;
        report.aws_calls = aws.calls();
        phase.done(&format!("{} accounts, {} AWS calls", examined.len(), report.aws_calls.calls()));
        let mut rechecked = Vec::new();
        for (examined, of_account) in examined.into_values() {
            report.accounts.push(examined);
            rechecked.extend(of_account);
        }
        let judge = Judge { settings: self.settings, now: self.now };
        if self.complaints.is_some() {
            judge.accounts(report, None);
            judge.rechecked(report, &rechecked);
            report.rechecked = Some(rechecked);
        } else {
            judge.accounts(report, Some(&self.rows.by_account));
            judge.any_account_readable(report);
        }
        Ok(())
    }

    async fn one(
        &self,
        collector: &Collector,
        account: &Account,
    ) -> Result<(AccountId, (ExaminedAccount, Vec<Rechecked>)), Error> {
        let (Some(complaints), Some(store)) = (self.complaints, self.store) else {
            return Ok((account.id.clone(), (collector.examine(account, None).await, Vec::new())));
        };
        let lines = complaints.by_account.get(&account.id).map(Vec::as_slice).unwrap_or_default();
        let regions = recheck::regions(lines);
        let examined = collector.examine(account, regions.as_ref()).await;
        let recheck = recheck::Recheck { settings: self.settings, store, collector, now: self.now };
        Ok((account.id.clone(), (examined, recheck.account(account, lines).await?)))
    }
}
