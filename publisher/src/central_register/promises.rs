//! Whether a register keeps the promises of [`CentralRegister`], as far as it declares them (SEMANTICS 3.10).
//!
//! Whoever writes an implementation of the trait lets [`examine`] loose on it. The examination writes: it makes
//! entries in two accounts that are set aside for it, under keys that are minted for it, and leaves them retired. It
//! asks through the trait alone, and so cannot see what the trait does not show: that an answer is durable, how long
//! keys are remembered, what a register does under load.

mod batches;
mod bench;
mod catalogue;
mod entries;
mod evidence;
mod identity;
mod keys;
mod lists;
mod marks;
mod preconditions;
mod strangers;
mod verdict;

use bestand_model::identifiers::{AccountId, RunId};
use futures::future::BoxFuture;
use jiff::Timestamp;

use super::{CentralRegister, ListScope, RegisterError, RunEvidence};

pub use catalogue::Promise;
pub use verdict::{Examination, Outcome, Verdict};

use bench::{Bench, Case, Flaw};

/// What is examined, and what the examination may use.
pub struct Subject<'a> {
    /// The environment that the register must name; in any other nothing is written.
    pub environment: String,
    /// Two accounts that hold nothing but what earlier examinations left there.
    pub accounts: [AccountId; 2],
    /// A name that no earlier examination of this register had: letters, digits and `-`, at most 60 of them. Keys,
    /// plans and runs are named after it.
    pub name: String,
    /// When the examination takes place, for the evidence that it leaves.
    pub at: Timestamp,
    /// The most entries that it may make for one promise. Lists are examined over more than one page, and so it takes
    /// more than the register's `max_page` and `max_batch`.
    pub max_entries: usize,
    /// The same writer over a connection of its own. Without one both of two writers share the first.
    pub second: Option<&'a dyn CentralRegister>,
    /// Another writer. Without one it cannot be examined that the register keeps writers apart.
    pub stranger: Option<&'a dyn CentralRegister>,
    /// How evidence of runs is read back, which the trait has no need of. Without it it cannot be examined that evidence
    /// is replaced.
    pub evidence: Option<&'a dyn EvidenceReader>,
}

/// Reads what a register keeps of a run.
pub trait EvidenceReader: Send + Sync {
    /// Gives the evidence of a run of the examined writer; `None` where there is none.
    ///
    /// # Errors
    /// When the register cannot be asked.
    fn evidence<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<RunEvidence>, RegisterError>>;
}

/// Why nothing was examined, and nothing written.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The register does not say who it is, or what there is in the accounts.
    #[error("cannot ask the central register what it is")]
    Register(#[from] RegisterError),
    /// It is not the register that was meant.
    #[error(
        "the register belongs to environment `{found}`, not to `{meant}`: name the environment that is meant to be written to"
    )]
    Environment {
        /// The subject's.
        meant: String,
        /// The register's.
        found: String,
    },
    /// The subject makes no sense.
    #[error("{0}")]
    Subject(&'static str),
    /// An account is not set aside.
    #[error(
        "account {account} holds entry {asset_key}, which no examination made: name an account that is set aside"
    )]
    InUse {
        /// The account.
        account: AccountId,
        /// Somebody's entry.
        asset_key: String,
    },
}

/// Examines every promise, one after the other, each with entries of its own.
///
/// A promise that rests on something that the register does not declare is [`Outcome::NotClaimed`]. One that is
/// claimed and cannot be examined, for want of a helper or because the register fails, is
/// [`Outcome::NotExamined`], and no pass.
///
/// # Errors
/// [`Unfit`] where the register is not the one that was meant, the subject makes no sense, or an account is in use.
/// Nothing was written then.
pub async fn examine(register: &dyn CentralRegister, subject: &Subject<'_>) -> Result<Examination, Unfit> {
    let identity = register.identity().await?;
    check(subject, &identity.environment)?;
    let bench = Bench::new(register, subject, identity);
    set_aside(&bench).await?;
    let mut verdicts = Vec::new();
    for promise in Promise::ALL {
        let claimed =
            promise.rests_on().is_none_or(|capability| bench.identity.capabilities.declares(capability));
        let outcome = if claimed { Outcome::of(keep(promise, &bench).await) } else { Outcome::NotClaimed };
        verdicts.push(Verdict { promise, outcome });
    }
    let left_active = bench.retire_all().await;
    Ok(Examination { verdicts, left_active })
}

async fn keep(promise: Promise, bench: &Bench<'_>) -> Result<(), Flaw> {
    let case = Case::new(bench, promise);
    match promise {
        Promise::IdentityIsStable => identity::is_stable(&case).await,
        Promise::ForeignEvidenceIsRefused => identity::foreign_evidence_is_refused(&case).await,
        Promise::AccountsAreListed => lists::accounts(&case).await,
        Promise::RetiredEntriesAreListed => lists::retired(&case).await,
        Promise::AccountsAreKeptApart => lists::apart(&case).await,
        Promise::PagesHoldEveryEntryOnce => lists::pages(&case).await,
        Promise::StrangersEntriesAreNotShown => strangers::not_shown(&case).await,
        Promise::StrangersEntriesAreNotChanged => strangers::not_changed(&case).await,
        Promise::CreateOfAnExistingKeyConflicts => preconditions::create(&case).await,
        Promise::StaleVersionsConflict => preconditions::stale(&case).await,
        Promise::WhatIsNotThereIsNotChanged => preconditions::missing(&case).await,
        Promise::OneOfTwoWritersWins => preconditions::two_writers(&case).await,
        Promise::AKeyAppliesOnce => keys::applies_once(&case).await,
        Promise::AKeyStandsForOneChange => keys::stands_for_one_change(&case).await,
        Promise::AnEntryShowsItsLastPlan => marks::last_plan(&case).await,
        Promise::ResultsAreInOrder => batches::in_order(&case).await,
        Promise::ABadChangeHarmsNoOther => batches::bad_change(&case).await,
        Promise::ATooLargeBatchIsNotApplied => batches::too_large(&case).await,
        Promise::EveryChangeGivesANewVersion => entries::versions(&case).await,
        Promise::PatchesLeaveTheRestAlone => entries::patches(&case).await,
        Promise::NullRemoves => entries::null(&case).await,
        Promise::ValuesAreKeptAsWritten => entries::values(&case).await,
        Promise::RetiredIsAState => entries::retired(&case).await,
        Promise::UnknownKeysAreLeftOut => entries::unknown(&case).await,
        Promise::LaterEvidenceReplacesEarlier => evidence::replaces(&case).await,
    }
}

fn check(subject: &Subject<'_>, found: &str) -> Result<(), Unfit> {
    if subject.environment != found {
        let meant = subject.environment.clone();
        return Err(Unfit::Environment { meant, found: found.to_owned() });
    }
    let plain = |character: char| character.is_ascii_alphanumeric() || character == '-';
    if !(1..=60).contains(&subject.name.len()) || !subject.name.chars().all(plain) {
        return Err(Unfit::Subject(
            "the examination's name must have 1 to 60 characters: letters, digits and `-`",
        ));
    }
    if subject.accounts[0] == subject.accounts[1] {
        return Err(Unfit::Subject("the examination needs two accounts that differ"));
    }
    Ok(())
}

/// Makes sure that nobody lives in the accounts: an asset that is retired because somebody examined a register would
/// be wrongly retired.
async fn set_aside(bench: &Bench<'_>) -> Result<(), Unfit> {
    for account in &bench.subject.accounts {
        let listed = bench.list(&ListScope::Account(account.clone())).await;
        let entries = match listed {
            Ok(entries) => entries,
            // That it lists at all was not promised.
            Err(_) if !bench.identity.capabilities.list => continue,
            Err(error) => return Err(error.into()),
        };
        if let Some(other) = entries.iter().find(|entry| !entry.attributes.contains_key(bench::MARK)) {
            return Err(Unfit::InUse { account: account.clone(), asset_key: other.asset_key.to_string() });
        }
    }
    Ok(())
}
