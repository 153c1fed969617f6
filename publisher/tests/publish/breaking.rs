//! Registers that break one promise each.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::change_set::{ChangeKind, Precondition};
use bestand_model::identifiers::AccountId;
use bestand_publisher::central_register::promises::Promise;
use bestand_publisher::central_register::{
    ApplyError, Capabilities, CentralRegister, ChangeBatch, ChangeResult, Cursor, ListScope, Page,
    RegisterError, RegisterIdentity, ResultStatus, RunEvidence, SentChange,
};
use serde_json::{Value, json};

use crate::drive::pause;
use crate::faulty_register::refused;
use crate::memory_register::{MemoryRegister, SOURCE};
use crate::writer::{Writer, is_of, page_of};

/// How a register breaks its word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Breach {
    /// Declares this, whatever the one inside keeps.
    Declares(Capabilities),
    /// Retires are answered `applied` and do nothing.
    RetiresNothing,
    NewIdEachTime,
    TwoMinds,
    TakesForeignEvidence,
    ForgetsRetiredAccounts,
    AccountsTwice,
    ListsActiveOnly,
    ListsRetiredAsActive,
    MixesAccounts,
    PagesByNumber,
    LastEntryTwice,
    EndlessList,
    ListsStrangers,
    LooksUpStrangers,
    WritesStrangers,
    CreateOverwrites,
    AnyVersionUpdates,
    AnyVersionRetires,
    ConflictsAndApplies,
    UpdateMakes,
    ChecksThenWrites,
    ForgetsKeys,
    AppliesAgain,
    KeyOfAnything,
    KeyAnswersAnything,
    NoMark,
    FirstMarkStays,
    AnyPlanMarks,
    ResultsReversed,
    ResultLeftOut,
    EmptyBatchFails,
    BadChangeRefusesAll,
    BadChangeEndsBatch,
    TooLargeInPart,
    TakesAnySize,
    RetireKeepsVersion,
    ResultNamesOldVersion,
    PatchReplaces,
    PatchActivates,
    IgnoresNull,
    FractionsAsText,
    TrimsText,
    RetireDeletes,
    RetireEmpties,
    NoWayBack,
    InventsEntries,
    LooksUpOneBatch,
    FirstEvidenceStays,
    EvidenceOfOneRun,
}

impl Breach {
    /// Each breach with the promises that it breaks.
    pub(crate) fn each() -> Vec<(Self, Vec<Promise>)> {
        use Promise as P;
        vec![
            (Self::NewIdEachTime, vec![P::IdentityIsStable]),
            (Self::TwoMinds, vec![P::IdentityIsStable]),
            (Self::TakesForeignEvidence, vec![P::ForeignEvidenceIsRefused]),
            (Self::ForgetsRetiredAccounts, vec![P::AccountsAreListed]),
            (Self::AccountsTwice, vec![P::AccountsAreListed]),
            (Self::ListsActiveOnly, vec![P::RetiredEntriesAreListed]),
            (Self::ListsRetiredAsActive, vec![P::RetiredEntriesAreListed]),
            (Self::MixesAccounts, vec![P::AccountsAreKeptApart]),
            (Self::PagesByNumber, vec![P::PagesHoldEveryEntryOnce]),
            (Self::LastEntryTwice, vec![P::PagesHoldEveryEntryOnce]),
            (Self::EndlessList, vec![P::PagesHoldEveryEntryOnce]),
            (Self::ListsStrangers, vec![P::StrangersEntriesAreNotShown]),
            (Self::LooksUpStrangers, vec![P::StrangersEntriesAreNotShown]),
            (Self::WritesStrangers, vec![P::StrangersEntriesAreNotChanged]),
            (Self::CreateOverwrites, vec![P::CreateOfAnExistingKeyConflicts]),
            (
                Self::AnyVersionUpdates,
                vec![P::StaleVersionsConflict, P::OneOfTwoWritersWins, P::AnEntryShowsItsLastPlan],
            ),
            (Self::AnyVersionRetires, vec![P::StaleVersionsConflict]),
            (Self::ConflictsAndApplies, vec![P::StaleVersionsConflict]),
            (Self::UpdateMakes, vec![P::WhatIsNotThereIsNotChanged]),
            (Self::ChecksThenWrites, vec![P::OneOfTwoWritersWins]),
            (Self::ForgetsKeys, vec![P::AKeyAppliesOnce, P::AKeyStandsForOneChange]),
            (Self::AppliesAgain, vec![P::AKeyAppliesOnce, P::AnEntryShowsItsLastPlan]),
            (Self::KeyOfAnything, vec![P::AKeyStandsForOneChange]),
            (Self::KeyAnswersAnything, vec![P::AKeyStandsForOneChange]),
            (Self::NoMark, vec![P::AnEntryShowsItsLastPlan]),
            (Self::FirstMarkStays, vec![P::AnEntryShowsItsLastPlan]),
            (Self::AnyPlanMarks, vec![P::AnEntryShowsItsLastPlan]),
            (Self::ResultsReversed, vec![P::ResultsAreInOrder]),
            (Self::ResultLeftOut, vec![P::ResultsAreInOrder]),
            (Self::EmptyBatchFails, vec![P::ResultsAreInOrder]),
            (Self::BadChangeRefusesAll, vec![P::ABadChangeHarmsNoOther]),
            (Self::BadChangeEndsBatch, vec![P::ABadChangeHarmsNoOther]),
            (Self::TooLargeInPart, vec![P::ATooLargeBatchIsNotApplied]),
            (Self::TakesAnySize, vec![P::ATooLargeBatchIsNotApplied]),
            (Self::RetireKeepsVersion, vec![P::EveryChangeGivesANewVersion]),
            (Self::ResultNamesOldVersion, vec![P::EveryChangeGivesANewVersion]),
            (Self::PatchReplaces, vec![P::PatchesLeaveTheRestAlone, P::NullRemoves]),
            (Self::PatchActivates, vec![P::PatchesLeaveTheRestAlone]),
            (Self::IgnoresNull, vec![P::NullRemoves]),
            (Self::FractionsAsText, vec![P::ValuesAreKeptAsWritten]),
            (Self::TrimsText, vec![P::ValuesAreKeptAsWritten]),
            (Self::RetireDeletes, vec![P::RetiredIsAState]),
            (Self::RetireEmpties, vec![P::RetiredIsAState]),
            (Self::NoWayBack, vec![P::RetiredIsAState]),
            (Self::InventsEntries, vec![P::UnknownKeysAreLeftOut]),
            (Self::LooksUpOneBatch, vec![P::UnknownKeysAreLeftOut]),
            (Self::FirstEvidenceStays, vec![P::LaterEvidenceReplacesEarlier]),
            (Self::EvidenceOfOneRun, vec![P::LaterEvidenceReplacesEarlier]),
        ]
    }
}

/// A register that is true but for one thing.
pub(crate) struct Breaking<'a> {
    register: &'a MemoryRegister,
    writer: Writer<'a>,
    breach: Breach,
    calls: AtomicUsize,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// By idempotency key: the first change, what was made of it, and its result.
    sent: BTreeMap<String, (SentChange, SentChange, ChangeResult)>,
    /// Marks that are shown in place of the true ones.
    marks: BTreeMap<AssetKey, String>,
}

impl<'a> Breaking<'a> {
    pub(crate) fn new(register: &'a MemoryRegister, breach: Breach) -> Self {
        let writer = Writer { register, source: SOURCE };
        Self { register, writer, breach, calls: AtomicUsize::default(), memory: Mutex::default() }
    }

    fn is(&self, breach: Breach) -> bool {
        self.breach == breach
    }

    fn owned(&self) -> Vec<PublishedAsset> {
        let mut entries = self.register.owned(SOURCE);
        if self.is(Breach::ListsStrangers) {
            entries.extend(self.register.owned("stranger"));
            entries.sort_by_key(|entry| entry.asset_key);
        }
        entries
    }

    /// An entry as this register shows it.
    fn shown(&self, mut entry: PublishedAsset) -> PublishedAsset {
        let retired = entry.state == AssetState::Retired;
        match self.breach {
            Breach::NoMark => entry.last_plan = None,
            Breach::FirstMarkStays | Breach::AnyPlanMarks => {
                let memory = self.memory.lock().unwrap();
                entry.last_plan = memory.marks.get(&entry.asset_key).cloned().or(entry.last_plan);
            }
            Breach::RetireKeepsVersion if retired => entry.version = before(&entry.version),
            Breach::FractionsAsText | Breach::TrimsText => {
                entry.attributes.values_mut().for_each(|value| match value {
                    Value::Number(number) if self.is(Breach::FractionsAsText) && number.is_f64() => {
                        *value = json!(number.to_string());
                    }
                    Value::String(text) if self.is(Breach::TrimsText) => *value = json!(text.trim()),
                    _ => {}
                });
            }
            _ => {}
        }
        entry
    }

    /// Makes of a change what this register takes it for. `None`: it is answered without being looked at.
    fn taken(&self, change: &SentChange) -> SentChange {
        let owned = self.register.owned(SOURCE);
        let there = owned.into_iter().find(|entry| entry.asset_key == change.asset_key);
        let mut taken = change.clone();
        let now = there.as_ref().map(|entry| Precondition::Version(entry.version.clone()));
        match (self.breach, change.kind, &there) {
            (Breach::CreateOverwrites, ChangeKind::Create, Some(_)) => taken.kind = ChangeKind::Update,
            (Breach::AnyVersionUpdates | Breach::ChecksThenWrites, ChangeKind::Update, Some(_))
            | (Breach::AnyVersionRetires | Breach::ConflictsAndApplies, ChangeKind::Retire, Some(_)) => {}
            (Breach::UpdateMakes, ChangeKind::Update | ChangeKind::Retire, None) => {
                taken.kind = ChangeKind::Create;
                taken.precondition = Precondition::Absent(true);
                taken.patch.state = None;
                return taken;
            }
            (Breach::RetireKeepsVersion, ChangeKind::Update, Some(entry))
                if entry.state == AssetState::Retired => {}
            (Breach::PatchReplaces, ChangeKind::Update, Some(entry))
            | (Breach::RetireEmpties, ChangeKind::Retire, Some(entry)) => {
                let gone = entry.attributes.keys().map(|name| (name.clone(), Value::Null));
                let named = std::mem::take(&mut taken.patch.attributes);
                taken.patch.attributes = gone.chain(named).collect();
                return taken;
            }
            (Breach::PatchActivates, ChangeKind::Update, _) => {
                taken.patch.state = Some(AssetState::Active);
                return taken;
            }
            (Breach::IgnoresNull, ..) => {
                taken.patch.attributes.retain(|_, value| !value.is_null());
                return taken;
            }
            _ => return taken,
        }
        taken.precondition = now.unwrap_or(taken.precondition);
        taken
    }

    async fn apply_one(&self, batch: &ChangeBatch, change: &SentChange) -> ChangeResult {
        let sent = self.memory.lock().unwrap().sent.get(&change.idempotency_key).cloned();
        let mut taken = match &sent {
            Some((first, taken, _)) if first == change => taken.clone(),
            _ => self.taken(change),
        };
        match (self.breach, &sent) {
            (Breach::ForgetsKeys, Some(_)) => self.rekey(&mut taken),
            (Breach::AppliesAgain, Some((first, ..))) if first == change => {
                self.rekey(&mut taken);
                if let Some(entry) = self.register.look_up(&[change.asset_key]).pop() {
                    taken.precondition = Precondition::Version(entry.version);
                }
            }
            (Breach::KeyOfAnything, Some((first, ..))) if first != change => self.rekey(&mut taken),
            (Breach::KeyAnswersAnything, Some((_, _, result))) => {
                return ChangeResult { replayed: true, ..result.clone() };
            }
            _ => {}
        }
        let there = self.register.look_up(&[change.asset_key]).pop();
        let version = there.as_ref().map(|entry| entry.version.clone());
        let is_retired = there.is_some_and(|entry| entry.state == AssetState::Retired);
        let answer = |status, version| ChangeResult {
            idempotency_key: change.idempotency_key.clone(),
            asset_key: change.asset_key,
            status,
            replayed: false,
            version,
            code: None,
            reason: None,
        };
        if self.is(Breach::RetiresNothing) && change.kind == ChangeKind::Retire {
            return answer(ResultStatus::Applied, version);
        }
        if self.is(Breach::NoWayBack) && is_retired && change.kind == ChangeKind::Update {
            return answer(ResultStatus::Rejected, None);
        }
        if self.is(Breach::ChecksThenWrites) && change.kind == ChangeKind::Update && sent.is_none() {
            if version.clone().map(Precondition::Version).as_ref() != Some(&change.precondition) {
                return answer(ResultStatus::Conflicted, version);
            }
            pause().await;
            // What was read before the pause is held to be true still.
            taken = self.taken(change);
        }
        let strangers =
            self.register.owned("stranger").iter().any(|entry| entry.asset_key == change.asset_key);
        let source = if self.is(Breach::WritesStrangers) && strangers { "stranger" } else { SOURCE };
        let one = ChangeBatch { changes: vec![taken.clone()], ..batch.clone() };
        let mut result = self.register.apply_as(source, &one).remove(0);
        result.idempotency_key.clone_from(&change.idempotency_key);
        let applied = result.status == ResultStatus::Applied;
        match (&change.precondition, self.breach) {
            (Precondition::Version(old), Breach::ResultNamesOldVersion) if applied => {
                result.version = Some(old.clone());
            }
            (Precondition::Version(old), Breach::ConflictsAndApplies)
                if change.kind == ChangeKind::Retire && version.as_ref() != Some(old) =>
            {
                result = answer(ResultStatus::Conflicted, version);
            }
            (_, Breach::RetireKeepsVersion) if applied && change.kind == ChangeKind::Retire => {
                result.version = result.version.as_deref().map(before);
            }
            _ => {}
        }
        let mut memory = self.memory.lock().unwrap();
        let first_mark = self.is(Breach::FirstMarkStays) && applied && change.kind == ChangeKind::Create;
        if first_mark || (self.is(Breach::AnyPlanMarks) && !result.replayed) {
            memory.marks.insert(change.asset_key, batch.plan_digest.clone());
        }
        memory
            .sent
            .entry(change.idempotency_key.clone())
            .or_insert_with(|| (change.clone(), taken, result.clone()));
        result
    }

    /// Gives the change a key that the register inside has not seen.
    fn rekey(&self, change: &mut SentChange) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        change.idempotency_key = format!("{}-{number}", change.idempotency_key);
    }
}

fn before(version: &str) -> String {
    (version.parse::<u64>().unwrap() - 1).to_string()
}

fn is_bad(change: &SentChange) -> bool {
    change.kind == ChangeKind::Create && change.patch.state == Some(AssetState::Retired)
}

#[async_trait]
impl CentralRegister for Breaking<'_> {
    async fn identity(&self) -> Result<RegisterIdentity, RegisterError> {
        let mut identity = self.writer.identity().await?;
        match self.breach {
            Breach::NewIdEachTime => {
                identity.register_id = format!("register-{}", self.calls.fetch_add(1, Ordering::Relaxed));
            }
            Breach::Declares(capabilities) => identity.capabilities = capabilities,
            _ => {}
        }
        Ok(identity)
    }

    async fn capabilities(&self) -> Result<Capabilities, RegisterError> {
        let capabilities = self.identity().await?.capabilities;
        Ok(Capabilities { list: capabilities.list && !self.is(Breach::TwoMinds), ..capabilities })
    }

    async fn accounts(&self) -> Result<Vec<AccountId>, RegisterError> {
        let mut accounts = self.writer.accounts().await?;
        if self.is(Breach::ForgetsRetiredAccounts) {
            let owned = self.owned();
            accounts.retain(|account| {
                owned.iter().any(|entry| {
                    entry.account_id.as_ref() == Some(account) && entry.state == AssetState::Active
                })
            });
        }
        if self.is(Breach::AccountsTwice) {
            accounts = accounts.into_iter().flat_map(|account| [account.clone(), account]).collect();
        }
        Ok(accounts)
    }

    async fn list(
        &self,
        of: &ListScope,
        page: Option<Cursor>,
    ) -> Result<Page<PublishedAsset>, RegisterError> {
        let size = self.register.identity.capabilities.max_page;
        let mut entries = self.owned();
        entries.retain(|entry| {
            is_of(entry, of) || (self.is(Breach::MixesAccounts) && entry.account_id.is_none())
        });
        let entries = entries.into_iter().map(|entry| self.shown(entry));
        match self.breach {
            Breach::ListsActiveOnly => {
                Ok(page_of(entries.filter(|entry| entry.state == AssetState::Active), size, page))
            }
            Breach::ListsRetiredAsActive => {
                let active = |entry| PublishedAsset { state: AssetState::Active, ..entry };
                Ok(page_of(entries.map(active), size, page))
            }
            Breach::PagesByNumber => {
                let mut entries: Vec<_> = entries.collect();
                entries.sort_by_key(|entry| (entry.state == AssetState::Retired, entry.asset_key));
                let from = page.as_ref().map_or(0, |cursor| cursor.as_str().parse().unwrap());
                let more = entries.len() > from + size;
                let items = entries.into_iter().skip(from).take(size).collect();
                let next = more.then(|| Cursor::after(page, (from + size).to_string())).flatten();
                Ok(Page { items, next })
            }
            Breach::LastEntryTwice => {
                let entries: Vec<_> = entries.collect();
                let last = page.as_ref().map(|cursor| cursor.as_str().to_owned());
                let again = entries.iter().find(|entry| Some(entry.asset_key.to_string()) == last).cloned();
                let mut page = page_of(entries, size, page);
                page.items.extend(again);
                Ok(page)
            }
            Breach::EndlessList => {
                let number = self.calls.fetch_add(1, Ordering::Relaxed);
                if page.as_ref().is_some_and(|cursor| cursor.as_str().starts_with('~')) {
                    return Ok(Page { items: Vec::new(), next: Cursor::after(page, format!("~{number}")) });
                }
                let goes_on = page.is_some();
                let mut page = page_of(entries, size, page);
                if goes_on {
                    page.next = page.next.or_else(|| Cursor::after(None, format!("~{number}")));
                }
                Ok(page)
            }
            _ => Ok(page_of(entries, size, page)),
        }
    }

    async fn look_up(&self, keys: &[AssetKey]) -> Result<Vec<PublishedAsset>, RegisterError> {
        let asked = match self.breach {
            Breach::LooksUpOneBatch => &keys[..keys.len().min(self.register.identity.capabilities.max_batch)],
            _ => keys,
        };
        let mut found = self.writer.look_up(asked).await?;
        match self.breach {
            Breach::LooksUpStrangers => found = self.register.look_up(keys),
            Breach::RetireDeletes => found.retain(|entry| entry.state == AssetState::Active),
            Breach::InventsEntries if !found.is_empty() => {
                let like = found[0].clone();
                let invented = |key: &AssetKey| PublishedAsset { asset_key: *key, ..like.clone() };
                found = keys.iter().map(invented).collect();
            }
            _ => {}
        }
        Ok(found.into_iter().map(|entry| self.shown(entry)).collect())
    }

    async fn apply(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, ApplyError> {
        let max_batch = self.register.identity.capabilities.max_batch;
        let too_large = batch.changes.len() > max_batch;
        if too_large && !self.is(Breach::TakesAnySize) && !self.is(Breach::TooLargeInPart) {
            return Err(ApplyError::TooLarge { changes: batch.changes.len() });
        }
        let bad = batch.changes.iter().position(is_bad);
        let refuses = (batch.changes.is_empty() && self.is(Breach::EmptyBatchFails))
            || (bad.is_some() && self.is(Breach::BadChangeRefusesAll));
        if refuses {
            return Err(ApplyError::Refused { status: 400, source: refused(400) });
        }
        let mut results = Vec::new();
        for (number, change) in batch.changes.iter().enumerate() {
            if number == max_batch && self.is(Breach::TooLargeInPart) {
                return Err(ApplyError::TooLarge { changes: batch.changes.len() });
            }
            if bad.is_some_and(|bad| number > bad) && self.is(Breach::BadChangeEndsBatch) {
                results.push(ChangeResult {
                    idempotency_key: change.idempotency_key.clone(),
                    asset_key: change.asset_key,
                    status: ResultStatus::Rejected,
                    replayed: false,
                    version: None,
                    code: None,
                    reason: None,
                });
                continue;
            }
            results.push(self.apply_one(batch, change).await);
        }
        match self.breach {
            Breach::ResultsReversed => results.reverse(),
            // Of a long batch only, so that what came of the others can be told.
            Breach::ResultLeftOut if results.len() > 3 => drop(results.pop()),
            _ => {}
        }
        Ok(results)
    }

    async fn record_run(&self, evidence: &RunEvidence) -> Result<(), RegisterError> {
        let environment = self.register.identity.environment.clone();
        match self.breach {
            Breach::TakesForeignEvidence => {
                return self.writer.record_run(&RunEvidence { environment, ..evidence.clone() }).await;
            }
            Breach::FirstEvidenceStays if self.register.evidence(SOURCE, &evidence.run_id).is_some() => {
                return Ok(());
            }
            Breach::EvidenceOfOneRun if evidence.environment == environment => {
                self.register.forget_evidence()
            }
            _ => {}
        }
        self.writer.record_run(evidence).await
    }
}
