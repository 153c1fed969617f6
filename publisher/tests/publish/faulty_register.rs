//! A decorator that makes a register fail on order.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::identifiers::AccountId;
use bestand_publisher::central_register::{
    ApplyError, CentralRegister, ChangeBatch, ChangeResult, Cursor, ListScope, Page, RegisterError,
    RegisterIdentity, RunEvidence,
};

use crate::drive::pause;
use crate::memory_register::MemoryRegister;

/// What one call meets. On a lookup, every fault but `None` is a failed lookup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    None,
    /// The connection breaks before anything is carried out.
    LostBefore,
    /// All is carried out, and the answer is lost.
    LostAfter,
    /// Half is carried out, then the connection breaks.
    LostHalfway,
    /// The answer times out; the batch arrives while the next call is under way.
    ArrivesLate,
    /// The answer is lost, and somebody edits each entry before anybody reads it.
    EditedAfterLoss,
    /// Somebody edits each entry just before the batch arrives.
    EditedBefore,
    /// No connection comes about.
    NotSent,
    /// The answer leaves out the last result.
    ShortAnswer,
}

pub(crate) struct FaultyRegister<'a> {
    pub(crate) inner: &'a MemoryRegister,
    faults: Mutex<VecDeque<Fault>>,
    late: Mutex<Vec<ChangeBatch>>,
    /// The answer of every further call once the faults are used up.
    pub(crate) then: Fault,
    /// Entries that make the register refuse a whole batch, with the status.
    pub(crate) poison: Option<(Vec<AssetKey>, u16)>,
    /// Refuses larger batches as too large, whatever the capabilities say.
    pub(crate) takes_at_most: usize,
    pub(crate) applies: AtomicUsize,
    pub(crate) look_ups: AtomicUsize,
    pub(crate) identities: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
    at_once: AtomicUsize,
    steps_left: AtomicU32,
    killed: AtomicBool,
}

impl<'a> FaultyRegister<'a> {
    pub(crate) fn new(inner: &'a MemoryRegister, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self {
            inner,
            faults: Mutex::new(faults.into_iter().collect()),
            late: Mutex::default(),
            then: Fault::None,
            poison: None,
            takes_at_most: usize::MAX,
            applies: AtomicUsize::default(),
            look_ups: AtomicUsize::default(),
            identities: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
            at_once: AtomicUsize::default(),
            steps_left: AtomicU32::new(u32::MAX),
            killed: AtomicBool::default(),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        [&self.applies, &self.look_ups, &self.identities]
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// Lets whoever calls live for so many steps more. Every call has one before the register does anything,
    /// and one between that and the answer.
    pub(crate) fn kill_after(&self, steps: u32) {
        self.steps_left.store(steps, Ordering::Relaxed);
        self.killed.store(false, Ordering::Relaxed);
    }

    pub(crate) fn has_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    async fn step(&self) {
        let left = self.steps_left.load(Ordering::Relaxed);
        if left == 0 {
            self.killed.store(true, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
        self.steps_left.store(left - 1, Ordering::Relaxed);
        pause().await;
    }

    fn next_fault(&self) -> Fault {
        self.faults.lock().unwrap().pop_front().unwrap_or(self.then)
    }

    /// What was under way when a publication was killed arrives now.
    pub(crate) fn let_late_batches_arrive(&self) {
        for batch in self.late.lock().unwrap().drain(..) {
            self.inner.apply(&batch);
        }
    }

    async fn apply_with(&self, batch: &ChangeBatch, fault: Fault) -> Result<Vec<ChangeResult>, ApplyError> {
        let edit_all = || batch.changes.iter().for_each(|change| self.inner.somebody_edits(change.asset_key));
        self.step().await;
        match fault {
            Fault::None => {}
            Fault::LostBefore => return Err(ApplyError::Unknown(nonsense())),
            Fault::NotSent => return Err(ApplyError::NotSent(nonsense())),
            Fault::ArrivesLate => {
                self.late.lock().unwrap().push(batch.clone());
                return Err(ApplyError::Unknown(nonsense()));
            }
            Fault::LostHalfway => {
                let mut half = batch.clone();
                half.changes.truncate(batch.changes.len() / 2);
                self.inner.apply(&half);
                return Err(ApplyError::Unknown(nonsense()));
            }
            Fault::EditedBefore => edit_all(),
            Fault::LostAfter | Fault::EditedAfterLoss | Fault::ShortAnswer => {}
        }
        if batch.changes.len() > self.takes_at_most {
            return Err(ApplyError::TooLarge { changes: batch.changes.len() });
        }
        if let Some((poison, status)) = &self.poison
            && batch.changes.iter().any(|change| poison.contains(&change.asset_key))
        {
            return Err(ApplyError::Refused { status: *status, source: refused(*status) });
        }
        let mut results = self.inner.apply(batch);
        // Between what the register did and what the caller learns of it lies the worst place to die.
        self.step().await;
        match fault {
            Fault::LostAfter => return Err(ApplyError::Unknown(nonsense())),
            Fault::EditedAfterLoss => {
                edit_all();
                return Err(ApplyError::Unknown(nonsense()));
            }
            Fault::ShortAnswer => drop(results.pop()),
            _ => {}
        }
        Ok(results)
    }
}

#[async_trait]
impl CentralRegister for FaultyRegister<'_> {
    async fn identity(&self) -> Result<RegisterIdentity, RegisterError> {
        self.identities.fetch_add(1, Ordering::Relaxed);
        self.step().await;
        Ok(self.inner.identity.clone())
    }

    async fn accounts(&self) -> Result<Vec<AccountId>, RegisterError> {
        panic!("publishing lists nothing")
    }

    async fn list(&self, _: &ListScope, _: Option<Cursor>) -> Result<Page<PublishedAsset>, RegisterError> {
        panic!("publishing lists nothing")
    }

    async fn look_up(&self, keys: &[AssetKey]) -> Result<Vec<PublishedAsset>, RegisterError> {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        let fault = self.next_fault();
        self.step().await;
        if fault != Fault::None {
            return Err(nonsense());
        }
        let found = self.inner.look_up(keys);
        // A late batch arrives just after the entries were read.
        self.let_late_batches_arrive();
        self.step().await;
        Ok(found)
    }

    async fn apply(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, ApplyError> {
        self.applies.fetch_add(1, Ordering::Relaxed);
        let at_once = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::Relaxed);
        assert!(batch.changes.len() <= self.inner.identity.capabilities.max_batch);
        let result = self.apply_with(batch, self.next_fault()).await;
        self.at_once.fetch_sub(1, Ordering::Relaxed);
        result
    }

    async fn record_run(&self, _: &RunEvidence) -> Result<(), RegisterError> {
        panic!("publishing records no run")
    }
}

pub(crate) fn nonsense() -> RegisterError {
    RegisterError::Nonsense {
        call: "POST /v1/changes".into(),
        what: "a fault".into(),
        excerpt: String::new(),
    }
}

pub(crate) fn refused(status: u16) -> RegisterError {
    RegisterError::Refused {
        call: "POST /v1/changes".into(),
        status,
        title: Some("no".into()),
        detail: None,
        retry_after: None,
    }
}
