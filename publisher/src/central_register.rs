//! The central register: what bestand needs of it, in domain terms.
//!
//! [`CentralRegister`] is the boundary; [`RegisterApi`] speaks the contract in `publisher/openapi/`. Nothing
//! of HTTP shows through the trait, so that a register of another kind is one more implementation; [`promises`]
//! examines whether it keeps what it declares.

mod error;
mod exchange;
pub mod promises;
mod register_api;

use async_trait::async_trait;
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::identifiers::AccountId;

pub use error::{ApplyError, RegisterError};
pub use exchange::{
    Capabilities, ChangeBatch, ChangeResult, Cursor, ListScope, Page, RegisterIdentity, ResultStatus,
    RunEvidence, SentChange,
};
pub use register_api::{ClientCertificate, RegisterApi, RegisterApiOptions, RegisterAuth, RetryPolicy};

/// A central register, as the writer that the credential names.
#[async_trait]
pub trait CentralRegister: Send + Sync {
    /// Says which register this is, for which environment, and which promises it keeps (SEMANTICS 3.9, 3.10).
    ///
    /// # Errors
    /// When the register cannot be asked or does not answer by its contract.
    async fn identity(&self) -> Result<RegisterIdentity, RegisterError>;

    /// Says which promises the register keeps (SEMANTICS 3.10): a part of what it says of itself, so that the two cannot
    /// contradict each other.
    ///
    /// # Errors
    /// As [`identity`](Self::identity).
    async fn capabilities(&self) -> Result<Capabilities, RegisterError> {
        Ok(self.identity().await?.capabilities)
    }

    /// Lists the accounts in which bestand owns entries, retired ones included, in order.
    ///
    /// # Errors
    /// When the register cannot be asked or does not answer by its contract.
    async fn accounts(&self) -> Result<Vec<AccountId>, RegisterError>;

    /// Gives one page of bestand's entries, retired ones included; the first one without a cursor.
    ///
    /// Only a page without `next` is the last; an empty page is not.
    ///
    /// # Errors
    /// When the register cannot be asked, does not answer by its contract, gives an entry of another account
    /// or source, or a cursor for the second time.
    async fn list(&self, of: &ListScope, page: Option<Cursor>)
    -> Result<Page<PublishedAsset>, RegisterError>;

    /// Reads entries by key, any number of them; keys that the register does not know are left out.
    ///
    /// # Errors
    /// When the register cannot be asked or does not answer by its contract.
    async fn look_up(&self, keys: &[AssetKey]) -> Result<Vec<PublishedAsset>, RegisterError>;

    /// Applies a batch and gives one result per change, in the batch's order.
    ///
    /// May send the batch several times where that is harmless, and wait between; the time it takes is
    /// bounded by the implementation's retry policy, not by one request's timeout.
    ///
    /// # Errors
    /// Each error says what may have become of the changes.
    async fn apply(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, ApplyError>;

    /// Leaves evidence of a run; the same run's later evidence replaces the earlier.
    ///
    /// # Errors
    /// When the register cannot be asked or refuses.
    async fn record_run(&self, evidence: &RunEvidence) -> Result<(), RegisterError>;
}
