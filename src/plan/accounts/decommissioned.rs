//! Accounts that a person has named as closed or gone for good (SEMANTICS 2.12).

use std::collections::BTreeMap;

use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::Override;
use jiff::Timestamp;

use crate::settings::Decommissioned;

/// The code of the override that stands for each of them.
const CODE: &str = "decommissioned";

/// What came of the words in the settings.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Outcome {
    /// Words that hold: evidence, still without the plan that it is for.
    pub(crate) overrides: Vec<(AccountId, Override)>,
    /// Words that do not hold, for the log.
    pub(crate) warnings: Vec<String>,
}

/// Marks the accounts that are named. A word counts only beside what the directory says: that the account is
/// closed, or nothing at all. A word against the directory changes nothing.
pub(super) fn mark(
    accounts: &mut BTreeMap<AccountId, Account>,
    named: &[Decommissioned],
    now: Timestamp,
) -> Outcome {
    let mut outcome = Outcome::default();
    for word in named.iter().filter(|word| word.since <= now) {
        // Of an account that no directory, record or entry names there is nothing to retire.
        let Some(account) = word.id.parse().ok().and_then(|id: AccountId| accounts.get_mut(&id)) else {
            continue;
        };
        let against = match account.state {
            AccountState::Inactive if account.closed => None,
            AccountState::Unknown | AccountState::Decommissioned => None,
            AccountState::Inactive => Some("suspended or closing, not closed: what was in it stays withheld"),
            AccountState::Active => Some("active: it is read as usual"),
            AccountState::LeftOut => Some("active: it stays left out, and nothing of it is retired"),
        };
        if let Some(against) = against {
            outcome.warnings.push(format!(
                "account {} is named in accounts.decommissioned, and the directory says that it is {against}",
                account.id
            ));
            continue;
        }
        account.state = AccountState::Decommissioned;
        let because = format!("account {}: {}", account.id, word.because.trim());
        let by = Some(word.by.trim().to_owned());
        let plan_digest = String::new();
        let own = Override { code: CODE.to_owned(), because, by, at: word.since, plan_digest };
        outcome.overrides.push((account.id.clone(), own));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "111122223333";

    fn mark_one(account: Option<Account>, since: &str) -> (Option<AccountState>, Outcome) {
        let mut accounts: BTreeMap<_, _> =
            account.into_iter().map(|account| (account.id.clone(), account)).collect();
        let named = Decommissioned {
            id: ID.into(),
            since: since.parse().unwrap(),
            because: " depot closed ".into(),
            by: "m.muster".into(),
        };
        let outcome = mark(&mut accounts, &[named], "2026-11-23T09:00:00Z".parse().unwrap());
        (accounts.into_values().next().map(|account| account.state), outcome)
    }

    fn account(state: AccountState, closed: bool) -> Option<Account> {
        Some(Account { closed, ..Account::new(ID.parse().unwrap(), state) })
    }

    #[test]
    fn semantics_2_12_closed_or_gone_and_named_is_decommissioned_and_evidence() {
        for account in [account(AccountState::Inactive, true), account(AccountState::Unknown, false)] {
            let (state, outcome) = mark_one(account, "2026-11-01T00:00:00Z");
            assert_eq!(state, Some(AccountState::Decommissioned));
            assert!(outcome.warnings.is_empty());
            let [(id, own)] = outcome.overrides.as_slice() else { panic!("{outcome:?}") };
            assert_eq!(id.as_str(), ID);
            assert_eq!(
                (own.code.as_str(), own.because.as_str(), own.by.as_deref(), own.at.to_string().as_str()),
                (
                    "decommissioned",
                    "account 111122223333: depot closed",
                    Some("m.muster"),
                    "2026-11-01T00:00:00Z"
                )
            );
        }
    }

    #[test]
    fn semantics_2_12_a_word_against_the_directory_changes_nothing_and_is_told() {
        for (state, told) in [
            (AccountState::Active, "active: it is read as usual"),
            (AccountState::LeftOut, "it stays left out"),
            (AccountState::Inactive, "not closed"),
        ] {
            let (after, outcome) = mark_one(account(state, false), "2026-11-01T00:00:00Z");
            assert_eq!(after, Some(state));
            assert!(outcome.overrides.is_empty());
            assert!(outcome.warnings.concat().contains(told), "{outcome:?}");
        }
    }

    #[test]
    fn semantics_2_12_a_word_counts_from_its_day_on() {
        let closed = || account(AccountState::Inactive, true);
        assert_eq!(mark_one(closed(), "2026-11-23T09:00:01Z").0, Some(AccountState::Inactive));
        assert_eq!(mark_one(closed(), "2026-11-23T09:00:00Z").0, Some(AccountState::Decommissioned));
    }

    #[test]
    fn a_word_about_an_account_that_nothing_speaks_of_is_nothing() {
        assert_eq!(mark_one(None, "2026-11-01T00:00:00Z"), (None, Outcome::default()));
    }
}
