//! Which accounts are worked on: the directory's, those that records name, those that we own entries in.

mod decommissioned;

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::Override;
use jiff::Timestamp;

use super::Planner;
use super::records::Records;
use crate::error::Error;
use crate::settings::Settings;

/// The accounts of a run.
pub(super) struct Accounts {
    /// Every account, by id.
    pub(super) all: Vec<Account>,
    /// Those that this run works on: all, or those of `--accounts`.
    pub(super) asked: BTreeSet<AccountId>,
    /// Those in which we own entries.
    pub(super) owned: BTreeSet<AccountId>,
    /// A person's words that accounts are closed or gone for good.
    decommissioned: Vec<(AccountId, Override)>,
}

impl Accounts {
    /// Gives what persons decided beyond the directory, as evidence for the plan that rests on it.
    pub(super) fn overrides(&self, plan_digest: &str) -> Vec<Override> {
        let asked = self.decommissioned.iter().filter(|(id, _)| self.asked.contains(id));
        asked.map(|(_, own)| Override { plan_digest: plan_digest.to_owned(), ..own.clone() }).collect()
    }
}

/// Gathers the accounts (SEMANTICS 2.8).
pub(super) async fn gather(
    planner: &Planner<'_>,
    directory: Vec<Account>,
    records: &Records,
) -> Result<Accounts, Error> {
    let owned: BTreeSet<AccountId> = match planner.register {
        Some((register, _)) => register.accounts().await?.into_iter().collect(),
        None => BTreeSet::new(),
    };
    let named = records.accounts.iter().chain(&owned);
    let (all, overrides) = everyone(directory, named, planner.settings, planner.now);
    let asked = asked(&all, planner.only)?;
    let all = all.into_values().collect();
    Ok(Accounts { all, asked, owned, decommissioned: overrides })
}

/// Joins the directory's accounts with those that are named, and marks those that a person has closed; gives what
/// stands for that as evidence besides.
pub(crate) fn everyone<'a>(
    directory: Vec<Account>,
    named: impl IntoIterator<Item = &'a AccountId>,
    settings: &Settings,
    now: Timestamp,
) -> (BTreeMap<AccountId, Account>, Vec<(AccountId, Override)>) {
    let mut all: BTreeMap<AccountId, Account> =
        directory.into_iter().map(|account| (account.id.clone(), account)).collect();
    for id in named {
        all.entry(id.clone()).or_insert_with(|| Account::new(id.clone(), AccountState::Unknown));
    }
    let decommissioned = decommissioned::mark(&mut all, &settings.accounts.decommissioned, now);
    for warning in decommissioned.warnings {
        tracing::warn!("{warning}");
    }
    (all, decommissioned.overrides)
}

/// Gives the accounts of `--accounts`, or all.
pub(crate) fn asked(
    all: &BTreeMap<AccountId, Account>,
    only: &[AccountId],
) -> Result<BTreeSet<AccountId>, Error> {
    if only.is_empty() {
        return Ok(all.keys().cloned().collect());
    }
    let asked: BTreeSet<AccountId> = only.iter().cloned().collect();
    let strange: Vec<&str> =
        asked.iter().filter(|id| !all.contains_key(*id)).map(AccountId::as_str).collect();
    if !strange.is_empty() {
        return Err(Error::Usage(format!(
            "--accounts: {} {} in no directory, record or published asset",
            strange.join(", "),
            if strange.len() == 1 { "is" } else { "are" }
        )));
    }
    Ok(asked)
}
