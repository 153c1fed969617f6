//! A writer of the register in memory, through the trait.

use async_trait::async_trait;
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_publisher::central_register::promises::EvidenceReader;
use bestand_publisher::central_register::{
    ApplyError, CentralRegister, ChangeBatch, ChangeResult, Cursor, ListScope, Page, RegisterError,
    RegisterIdentity, RunEvidence,
};
use futures::future::BoxFuture;

use crate::faulty_register::refused;
use crate::memory_register::MemoryRegister;

#[derive(Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub(crate) register: &'a MemoryRegister,
    pub(crate) source: &'static str,
}

/// One page of what is in the order of keys: it goes on after the last key.
pub(crate) fn page_of(
    entries: impl IntoIterator<Item = PublishedAsset>,
    size: usize,
    cursor: Option<Cursor>,
) -> Page<PublishedAsset> {
    let after = cursor.as_ref().map(|cursor| cursor.as_str().to_owned());
    let mut items: Vec<_> = entries
        .into_iter()
        .filter(|entry| after.as_ref().is_none_or(|after| entry.asset_key.to_string() > *after))
        .take(size + 1)
        .collect();
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|last| last.asset_key.to_string());
    Page { items, next: next.and_then(|next| Cursor::after(cursor, next)) }
}

pub(crate) fn is_of(entry: &PublishedAsset, scope: &ListScope) -> bool {
    match scope {
        ListScope::Account(account) => entry.account_id.as_ref() == Some(account),
        ListScope::WithoutAccount => entry.account_id.is_none(),
    }
}

#[async_trait]
impl CentralRegister for Writer<'_> {
    async fn identity(&self) -> Result<RegisterIdentity, RegisterError> {
        Ok(RegisterIdentity { source: self.source.into(), ..self.register.identity.clone() })
    }

    async fn accounts(&self) -> Result<Vec<AccountId>, RegisterError> {
        let mut accounts: Vec<_> =
            self.register.owned(self.source).into_iter().filter_map(|entry| entry.account_id).collect();
        accounts.sort();
        accounts.dedup();
        Ok(accounts)
    }

    async fn list(
        &self,
        of: &ListScope,
        page: Option<Cursor>,
    ) -> Result<Page<PublishedAsset>, RegisterError> {
        let owned = self.register.owned(self.source).into_iter().filter(|entry| is_of(entry, of));
        Ok(page_of(owned, self.register.identity.capabilities.max_page, page))
    }

    async fn look_up(&self, keys: &[AssetKey]) -> Result<Vec<PublishedAsset>, RegisterError> {
        let mut owned = self.register.owned(self.source);
        owned.retain(|entry| keys.contains(&entry.asset_key));
        Ok(owned)
    }

    async fn apply(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, ApplyError> {
        if batch.changes.len() > self.register.identity.capabilities.max_batch {
            return Err(ApplyError::TooLarge { changes: batch.changes.len() });
        }
        Ok(self.register.apply_as(self.source, batch))
    }

    async fn record_run(&self, evidence: &RunEvidence) -> Result<(), RegisterError> {
        if evidence.environment != self.register.identity.environment {
            return Err(refused(409));
        }
        self.register.record_run(self.source, evidence);
        Ok(())
    }
}

impl EvidenceReader for Writer<'_> {
    fn evidence<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<RunEvidence>, RegisterError>> {
        Box::pin(async move { Ok(self.register.evidence(self.source, run)) })
    }
}
