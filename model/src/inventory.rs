//! An account's live resources together with what is known of their completeness. One without the other is
//! meaningless.

use crate::account::AccountState;
use crate::configuration_item::ConfigurationItem;
use crate::coverage::AccountCoverage;
use crate::identifiers::AccountId;

/// What one account holds, and how far that is to be believed.
#[derive(Clone, Debug)]
pub struct AccountInventory {
    /// The account.
    pub account_id: AccountId,
    /// Whether the directory knows it and says that it runs.
    pub state: AccountState,
    /// Live items, each resource once.
    pub items: Vec<ConfigurationItem>,
    /// The completeness ledger.
    pub coverage: AccountCoverage,
}
