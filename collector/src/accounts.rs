//! Which accounts there are: from the settings, or from AWS Organizations.

mod onboarding;
mod organizations;
mod selection;

use async_trait::async_trait;
use bestand_model::account::Account;

pub(crate) use onboarding::is_onboarding;
pub use organizations::OrganizationsDirectory;
pub use selection::{NotAUnit, Selection, UnitName};

/// Says which accounts there are.
#[async_trait]
pub trait AccountDirectory: Send + Sync {
    /// Gives every account, each once, by rising id.
    ///
    /// # Errors
    /// When the directory cannot be read to its end: half a directory would make accounts unknown.
    async fn accounts(&self) -> Result<Vec<Account>, DirectoryError>;
}

/// Why the directory could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Organizations answered with an error, or not at all.
    #[error("cannot read the organisation: {0}")]
    Unreadable(String),
    /// A listing did not end as it should.
    #[error("cannot read the organisation: {action}: a page token came twice, after {items} entries")]
    RepeatedToken {
        /// Which call.
        action: &'static str,
        /// What had arrived until then.
        items: usize,
    },
    /// An account without a proper id.
    #[error("cannot read the organisation: {0}")]
    NotAnAccount(String),
    /// The settings name organisational units that are not there, or that are several. Taken as nothing, such a
    /// name would silently make the estate another one.
    #[error("{}", .0.join("; "))]
    NoSuchUnits(Vec<String>),
}

/// Accounts that the settings name.
#[derive(Clone, Debug)]
pub struct ListedAccounts(Vec<Account>);

impl ListedAccounts {
    /// Takes the accounts; of two with the same id the first stands.
    pub fn new(mut accounts: Vec<Account>) -> Self {
        accounts.sort_by(|left, right| left.id.cmp(&right.id));
        accounts.dedup_by(|later, first| later.id == first.id);
        Self(accounts)
    }
}

#[async_trait]
impl AccountDirectory for ListedAccounts {
    async fn accounts(&self) -> Result<Vec<Account>, DirectoryError> {
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use bestand_model::account::AccountState;

    use super::*;

    #[tokio::test]
    async fn listed_accounts_come_sorted_and_once() {
        let account = |id: &str, name: &str| Account {
            name: Some(name.into()),
            ..Account::new(id.parse().unwrap(), AccountState::Active)
        };
        let listed = ListedAccounts::new(vec![
            account("222222222222", "b"),
            account("111111111111", "a"),
            account("222222222222", "again"),
        ]);
        let names: Vec<_> =
            listed.accounts().await.unwrap().into_iter().filter_map(|account| account.name).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
