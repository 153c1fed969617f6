//! What can be found out about missing assets before anything of them is retired (SEMANTICS 2.4).

use std::collections::BTreeMap;

use bestand_collector::collector::Collector;
use bestand_model::account::{Account, AccountState};
use bestand_model::asset::AssetKey;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::identification::IdentificationRules;
use bestand_model::identifiers::AccountId;
use bestand_model::proof::{Answer, Elsewhere, Missing, Proofs, Question};
use bestand_model::settle::Whereabouts;
use bestand_publisher::run_store::{RunDirectory, Spool};
use futures::StreamExt as _;

use super::bench::Case;
use crate::error::Error;
use crate::progress::Progress;

/// Whoever can be asked for single assets of an account.
pub(in crate::plan) trait Witness {
    /// Asks for assets by their ids. What gets no answer is not retired.
    async fn ask(&self, account: &Account, questions: &[Question]) -> BTreeMap<AssetKey, Answer>;
}

impl Witness for Collector {
    async fn ask(&self, account: &Account, questions: &[Question]) -> BTreeMap<AssetKey, Answer> {
        Self::ask(self, &account.id, questions).await
    }
}

/// Looks for what is missing in the other accounts, then asks for what was not found there, `concurrency` accounts
/// at a time.
pub(super) async fn gather(
    directory: &RunDirectory,
    rules: &IdentificationRules,
    progress: Progress,
    concurrency: usize,
    witness: &impl Witness,
    cases: &[Case<'_>],
    missing: &[(&Case<'_>, Vec<Missing>)],
) -> Result<BTreeMap<AccountId, Proofs>, Error> {
    let mut elsewhere = tokio::task::block_in_place(|| look_around(directory, rules, cases, missing))?;
    let work = missing.iter().map(|(case, of_account)| {
        let found = elsewhere.remove(&case.account.id).unwrap_or_default();
        let questions: Vec<Question> = of_account
            .iter()
            .filter(|of| !found.contains_key(&of.asset_key))
            .filter_map(|of| of.question.clone())
            .collect();
        (case.account, found, questions)
    });
    let work: Vec<_> = work.collect();
    let asked: usize = work.iter().map(|(_, _, questions)| questions.len()).sum();
    if asked == 0 {
        return Ok(work.into_iter().map(|(account, found, _)| (account.id.clone(), seen(found))).collect());
    }
    let phase = progress.phase("prove", "assets", Some(asked as u64));
    let mut answered = 0;
    let mut proofs = BTreeMap::new();
    let mut all = futures::stream::iter(work)
        .map(async |(account, found, questions)| {
            let answers =
                if questions.is_empty() { BTreeMap::new() } else { witness.ask(account, &questions).await };
            (account, questions.len(), Proofs { answers, ..seen(found) })
        })
        .buffer_unordered(concurrency);
    while let Some((account, questions, of_account)) = all.next().await {
        let known = |answer: &&Answer| !matches!(answer, Answer::Unanswered { .. });
        answered += of_account.answers.values().filter(known).count();
        proofs.insert(account.id.clone(), of_account);
        phase.add(questions as u64);
    }
    drop(all);
    phase.done(&format!("{asked} missing assets asked for by id, {answered} answers"));
    Ok(proofs)
}

fn seen(elsewhere: BTreeMap<AssetKey, Elsewhere>) -> Proofs {
    Proofs { elsewhere, ..Proofs::default() }
}

/// Streams every account's inventory once, and only if something is missing that could be known again.
fn look_around(
    directory: &RunDirectory,
    rules: &IdentificationRules,
    cases: &[Case<'_>],
    missing: &[(&Case<'_>, Vec<Missing>)],
) -> Result<BTreeMap<AccountId, BTreeMap<AssetKey, Elsewhere>>, Error> {
    let mut whereabouts = Whereabouts::new(rules);
    for (case, of_account) in missing {
        of_account.iter().for_each(|of| whereabouts.look_for(&case.account.id, of));
    }
    if whereabouts.is_empty() {
        return Ok(BTreeMap::new());
    }
    for case in cases {
        if !directory.exists(Spool::Inventory, case.account.id.as_str())? {
            continue;
        }
        let active = case.account.state == AccountState::Active;
        for item in directory.read::<ConfigurationItem>(Spool::Inventory, case.account.id.as_str())? {
            let item = item?;
            whereabouts.see(&item, !active || !case.ledger.coverage.of_item(&item).is_complete());
        }
    }
    Ok(whereabouts.finish())
}

#[cfg(test)]
mod tests;
