//! What every examination works with: keys that nobody had before, changes, and the way to the register.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use bestand_model::asset::{AssetKey, AssetPatch, AssetState, KeyBasis, PublishedAsset};
use bestand_model::change_set::{ChangeKind, Precondition};
use bestand_model::identifiers::{AccountId, RunId};
use serde_json::{Value, json};

use super::{Promise, Subject};
use crate::central_register::{
    ApplyError, CentralRegister, ChangeBatch, ChangeResult, ListScope, RegisterError, RegisterIdentity,
    ResultStatus, SentChange,
};
use crate::chain::chain;

/// The attribute that every entry of an examination bears: an account that holds others is not set aside.
pub(super) const MARK: &str = "bestand_examination";

/// Why a promise is not called kept.
#[derive(Debug)]
pub(super) enum Flaw {
    /// The register broke it.
    Broken(String),
    /// It could not be examined.
    NotExamined(String),
}

impl From<RegisterError> for Flaw {
    fn from(error: RegisterError) -> Self {
        Self::NotExamined(chain(&error))
    }
}

impl From<ApplyError> for Flaw {
    fn from(error: ApplyError) -> Self {
        Self::NotExamined(chain(&error))
    }
}

/// The promise is broken unless this holds.
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::Broken(what())) }
}

/// The examination as a whole.
pub(super) struct Bench<'a> {
    pub(super) register: &'a dyn CentralRegister,
    pub(super) subject: &'a Subject<'a>,
    pub(super) identity: RegisterIdentity,
    /// What may have been made, and by whom: the examined writer or the stranger.
    made: Mutex<BTreeSet<(bool, AssetKey)>>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        register: &'a dyn CentralRegister,
        subject: &'a Subject<'a>,
        identity: RegisterIdentity,
    ) -> Self {
        Self { register, subject, identity, made: Mutex::default() }
    }

    /// Gives a whole list. One that goes on for ever is cut off with an error.
    pub(super) async fn list(&self, of: &ListScope) -> Result<Vec<PublishedAsset>, RegisterError> {
        let (mut entries, mut cursor, mut pages) = (Vec::new(), None, 0_usize);
        loop {
            let page = self.register.list(of, cursor).await?;
            entries.extend(page.items);
            cursor = page.next;
            pages += 1;
            if cursor.is_none() {
                return Ok(entries);
            }
            if pages > MAX_PAGES {
                return Err(RegisterError::Nonsense {
                    call: format!("list of {of}"),
                    what: format!("it has not ended after {MAX_PAGES} pages"),
                    excerpt: String::new(),
                });
            }
        }
    }

    /// Leaves what was made retired; gives what could not be.
    pub(super) async fn retire_all(&self) -> Vec<AssetKey> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut left = Vec::new();
        for (by_stranger, register) in [(false, Some(self.register)), (true, self.subject.stranger)] {
            let keys: Vec<AssetKey> =
                made.iter().filter(|(by, _)| *by == by_stranger).map(|(_, key)| *key).collect();
            let Some(register) = register.filter(|_| !keys.is_empty()) else { continue };
            match self.retire(register, &keys).await {
                Ok(active) => left.extend(active),
                Err(Flaw::Broken(why) | Flaw::NotExamined(why)) => {
                    tracing::warn!(why, "cannot retire what an examination made");
                    left.extend(keys);
                }
            }
        }
        left
    }

    async fn retire(&self, register: &dyn CentralRegister, keys: &[AssetKey]) -> Result<Vec<AssetKey>, Flaw> {
        let is_active =
            |entry: &PublishedAsset| entry.state == AssetState::Active && keys.contains(&entry.asset_key);
        let mut active: Vec<PublishedAsset> = register.look_up(keys).await?;
        active.retain(is_active);
        for entries in active.chunks(self.identity.capabilities.max_batch.max(1)) {
            let changes = entries.iter().map(|entry| SentChange {
                idempotency_key: format!("{}:end:{}", self.subject.name, entry.asset_key),
                kind: ChangeKind::Retire,
                asset_key: entry.asset_key,
                precondition: Precondition::Version(entry.version.clone()),
                patch: AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() },
            });
            register.apply(&self.batch("end", changes.collect())).await?;
        }
        let mut left = register.look_up(keys).await?;
        left.retain(is_active);
        Ok(left.into_iter().map(|entry| entry.asset_key).collect())
    }

    fn batch(&self, plan: &str, changes: Vec<SentChange>) -> ChangeBatch {
        let plan_digest = format!("{}:{plan}", self.subject.name);
        ChangeBatch { run_id: RunId::new(&plan_digest), plan_digest, changes }
    }
}

/// More than the most entries that an examination makes, should a page hold but one of them.
const MAX_PAGES: usize = 10_000;

/// One promise on the bench.
pub(super) struct Case<'a> {
    pub(super) bench: &'a Bench<'a>,
    pub(super) promise: Promise,
}

impl<'a> Case<'a> {
    pub(super) fn new(bench: &'a Bench<'a>, promise: Promise) -> Self {
        Self { bench, promise }
    }

    pub(super) fn register(&self) -> &'a dyn CentralRegister {
        self.bench.register
    }

    /// The account in which most things happen.
    pub(super) fn account(&self) -> &'a AccountId {
        &self.bench.subject.accounts[0]
    }

    /// The account in which nothing stays active for longer than one promise.
    pub(super) fn other_account(&self) -> &'a AccountId {
        &self.bench.subject.accounts[1]
    }

    /// A name that no other promise and no other examination uses.
    pub(super) fn named(&self, what: &str) -> String {
        format!("{}:{}:{what}", self.bench.subject.name, self.promise)
    }

    /// Mints the key of an entry.
    pub(super) fn key(&self, number: usize) -> AssetKey {
        AssetKey::mint(&self.bench.identity.environment, &KeyBasis::Row(&self.named(&number.to_string())))
    }

    /// A change under a key of its own; `label` tells it apart from the promise's others.
    pub(super) fn change(
        &self,
        label: &str,
        kind: ChangeKind,
        asset_key: AssetKey,
        precondition: Precondition,
        patch: AssetPatch,
    ) -> SentChange {
        SentChange { idempotency_key: self.named(label), kind, asset_key, precondition, patch }
    }

    /// A create in the first account.
    pub(super) fn create(&self, number: usize) -> SentChange {
        self.create_in(number, Some(self.account()))
    }

    pub(super) fn create_in(&self, number: usize, account: Option<&AccountId>) -> SentChange {
        let patch = AssetPatch {
            state: Some(AssetState::Active),
            account_id: account.cloned(),
            attributes: attributes(),
        };
        let label = format!("create-{number}");
        self.change(&label, ChangeKind::Create, self.key(number), Precondition::Absent(true), patch)
    }

    /// An update of the entry as it was read.
    pub(super) fn update(
        &self,
        label: &str,
        entry: &PublishedAsset,
        attributes: &[(&str, Value)],
    ) -> SentChange {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let patch = AssetPatch { attributes, ..AssetPatch::default() };
        self.change(label, ChangeKind::Update, entry.asset_key, at(entry), patch)
    }

    /// A retire of the entry as it was read.
    pub(super) fn retire(&self, label: &str, entry: &PublishedAsset) -> SentChange {
        let patch = AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() };
        self.change(label, ChangeKind::Retire, entry.asset_key, at(entry), patch)
    }

    /// Sends a batch of a plan as it is.
    pub(super) async fn send(
        &self,
        plan: &str,
        changes: Vec<SentChange>,
    ) -> Result<Vec<ChangeResult>, ApplyError> {
        self.send_by(self.register(), plan, changes).await
    }

    /// The same by another hand.
    pub(super) async fn send_by(
        &self,
        register: &dyn CentralRegister,
        plan: &str,
        changes: Vec<SentChange>,
    ) -> Result<Vec<ChangeResult>, ApplyError> {
        let stranger = self.bench.subject.stranger;
        let by_stranger = stranger.is_some_and(|stranger| std::ptr::addr_eq(stranger, register));
        let keys = changes.iter().map(|change| (by_stranger, change.asset_key));
        self.bench.made.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
        register.apply(&self.bench.batch(&format!("{}:{plan}", self.promise), changes)).await
    }

    /// Sends one change and gives its result.
    pub(super) async fn one(&self, change: SentChange) -> Result<ChangeResult, Flaw> {
        self.one_of("plan", change).await
    }

    /// Sends one change of a plan and gives its result.
    pub(super) async fn one_of(&self, plan: &str, change: SentChange) -> Result<ChangeResult, Flaw> {
        let key = change.idempotency_key.clone();
        let results = self.send(plan, vec![change]).await?;
        results.into_iter().next().ok_or_else(|| Flaw::NotExamined(format!("change {key} got no result")))
    }

    /// Sends one change that the examination rests on, and reads the entry.
    pub(super) async fn applied(&self, change: SentChange) -> Result<PublishedAsset, Flaw> {
        let (label, key) = (change.idempotency_key.clone(), change.asset_key);
        let result = self.one(change).await?;
        if result.status != ResultStatus::Applied {
            return Err(Flaw::NotExamined(format!("change {label} was {}", told(&result))));
        }
        self.entry(key).await
    }

    /// Makes an entry in the first account, and reads it.
    pub(super) async fn made(&self, number: usize) -> Result<PublishedAsset, Flaw> {
        self.applied(self.create(number)).await
    }

    /// Reads an entry that must be there.
    pub(super) async fn entry(&self, key: AssetKey) -> Result<PublishedAsset, Flaw> {
        let found = self.find(key).await?;
        found.ok_or_else(|| Flaw::NotExamined(format!("entry {key} was applied, and cannot be looked up")))
    }

    /// Reads an entry that may be there.
    pub(super) async fn find(&self, key: AssetKey) -> Result<Option<PublishedAsset>, Flaw> {
        let found = self.register().look_up(&[key]).await?;
        Ok(found.into_iter().find(|entry| entry.asset_key == key))
    }

    /// The entry must be as it was, whatever was tried; it is broken otherwise.
    pub(super) async fn unchanged(&self, before: &PublishedAsset, tried: &str) -> Result<(), Flaw> {
        let after = self.entry(before.asset_key).await?;
        ensure(same(before, &after), || format!("{tried}, and the entry changed all the same"))
    }
}

/// What is asked of an entry that nothing was applied to. Times and writers are the register's own business.
pub(super) fn same(before: &PublishedAsset, after: &PublishedAsset) -> bool {
    (&before.version, before.state, &before.account_id, &before.attributes)
        == (&after.version, after.state, &after.account_id, &after.attributes)
}

/// The precondition that the entry is as it was read.
pub(super) fn at(entry: &PublishedAsset) -> Precondition {
    Precondition::Version(entry.version.clone())
}

/// The attributes that every entry is made with.
pub(super) fn attributes() -> BTreeMap<String, Value> {
    [(MARK, json!(true)), ("name", json!("an entry")), ("size", json!(3))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// A result in words.
pub(super) fn told(result: &ChangeResult) -> String {
    let status = match result.status {
        ResultStatus::Applied => "applied",
        ResultStatus::Rejected => "rejected",
        ResultStatus::Conflicted => "conflicted",
    };
    match &result.code {
        Some(code) => format!("{status} ({code})"),
        None => status.to_owned(),
    }
}
