//! Which accounts are worked on: the directory's, those that records name, those that we own entries in.

mod decommissioned;

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::Override;

use super::Planner;
use super::records::Records;
use crate::error::Error;

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
    let mut all: BTreeMap<AccountId, Account> =
        directory.into_iter().map(|account| (account.id.clone(), account)).collect();
    for id in records.accounts.iter().chain(&owned) {
        all.entry(id.clone()).or_insert_with(|| Account::new(id.clone(), AccountState::Unknown));
    }
    let decommissioned =
        decommissioned::mark(&mut all, &planner.settings.accounts.decommissioned, planner.now);
    for warning in decommissioned.warnings {
        tracing::warn!("{warning}");
    }
    let asked: BTreeSet<AccountId> = if planner.only.is_empty() {
        all.keys().cloned().collect()
    } else {
        planner.only.iter().cloned().collect()
    };
    let strange: Vec<&str> =
        asked.iter().filter(|id| !all.contains_key(*id)).map(AccountId::as_str).collect();
    if !strange.is_empty() {
        return Err(Error::Usage(format!(
            "--accounts: {} {} in no directory, record or published asset",
            strange.join(", "),
            if strange.len() == 1 { "is" } else { "are" }
        )));
    }
    let all = all.into_values().collect();
    Ok(Accounts { all, asked, owned, decommissioned: decommissioned.overrides })
}
