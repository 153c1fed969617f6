//! Gets changes to the register and finds out what became of each, however the register answers.

use std::collections::BTreeMap;

use bestand_model::identifiers::RunId;

use super::answers;
use super::batches::PlannedChange;
use super::read_back::{Verdict, judge};
use super::receipt::{ChangeReceipt, ReceiptStatus};
use crate::central_register::{ApplyError, Capabilities, CentralRegister, ChangeBatch, RegisterError};
use crate::chain::chain;

/// How often changes whose answer was lost are sent again after reading back; the client has its own retries
/// below this.
const RESENDS_MAX: u32 = 1;

/// The way to the register.
#[derive(Clone, Copy)]
pub(super) struct Courier<'a> {
    pub(super) register: &'a dyn CentralRegister,
    pub(super) capabilities: Capabilities,
    pub(super) plan_digest: &'a str,
    pub(super) run_id: &'a RunId,
}

/// How changes set out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Departure {
    /// Never sent before.
    Fresh,
    /// Perhaps sent before: read back first, then send what is not applied.
    Resumed,
    /// Perhaps sent before: read back, and send nothing that could still be applied.
    Abandoned,
}

/// Which changes are sent once more after reading back.
#[derive(Clone, Copy, Debug)]
struct Again {
    not_applied: bool,
    moved: bool,
}

/// Why changes stayed without an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// The register could not be reached or did not answer: the next batch may do better.
    Passing(String),
    /// The register will take nothing from this writer: no batch will do better.
    Lasting(String),
    /// This process may not write any more.
    NoLease(String),
}

/// What a delivery came to: results by idempotency key. A change without one is unknown.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) results: BTreeMap<String, ChangeReceipt>,
    pub(super) trouble: Option<Trouble>,
}

impl Delivery {
    fn put(&mut self, receipt: ChangeReceipt) {
        self.results.insert(receipt.idempotency_key.clone(), receipt);
    }

    fn put_all(&mut self, changes: &[PlannedChange], code: &str, reason: &str) {
        changes.iter().for_each(|change| self.put(answers::open(change, code, reason)));
    }
}

impl Courier<'_> {
    /// Delivers changes; each ends with a result.
    pub(super) async fn deliver(&self, changes: Vec<PlannedChange>, departure: Departure) -> Delivery {
        let mut delivery = Delivery::default();
        // What may be on its way still is sent again only where it cannot be applied twice.
        let repeats = departure != Departure::Abandoned && self.capabilities.bears_repeating();
        let mut pending = changes;
        // A register that does not enforce preconditions is asked first, so that a moved entry is left alone.
        if departure != Departure::Fresh || !self.capabilities.preconditions {
            let again = Again { not_applied: repeats || departure == Departure::Fresh, moved: true };
            pending = self.settle(pending, again, &mut delivery).await;
        }
        for resends_left in (0..=RESENDS_MAX).rev() {
            let doubtful = self.send(pending, &mut delivery).await;
            let again = Again { not_applied: repeats && resends_left > 0, moved: resends_left > 0 };
            pending = self.settle(doubtful, again, &mut delivery).await;
        }
        delivery
    }

    /// Reads back what became of changes. Gives those that are to be sent again; the others have a result.
    async fn settle(
        &self,
        changes: Vec<PlannedChange>,
        again: Again,
        delivery: &mut Delivery,
    ) -> Vec<PlannedChange> {
        let Some(verdicts) = self.read_back(&changes, delivery).await else {
            return Vec::new();
        };
        // A precondition that no longer holds makes sending again harmless: it can only bring the answer that
        // the register gave at the first time, or a conflict.
        let asks_safely = self.capabilities.answers_again();
        let mut resent = Vec::new();
        for (change, verdict) in changes.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Applied { version } => delivery.put(answers::applied_as_read(&change, version)),
                Verdict::NotApplied if again.not_applied => resent.push(change),
                Verdict::NotApplied => {
                    let reason = if self.capabilities.bears_repeating() {
                        "the entry is as before"
                    } else {
                        "the entry is as before; the register promises neither keys nor preconditions, so nothing is \
                         sent twice: the next run decides anew"
                    };
                    delivery.put(answers::open(&change, "not_applied", reason));
                }
                Verdict::Moved { .. } if asks_safely && again.moved => resent.push(change),
                Verdict::Moved { .. } if asks_safely => {
                    delivery.put(answers::open(
                        &change,
                        "no_answer",
                        "the entry moved, and its key has no answer",
                    ));
                }
                Verdict::Moved { version } => delivery.put(answers::moved(&change, version)),
            }
        }
        resent
    }

    /// Sends changes and gives those whose answer is missing.
    async fn send(&self, changes: Vec<PlannedChange>, delivery: &mut Delivery) -> Vec<PlannedChange> {
        let mut doubtful = Vec::new();
        let mut conflicted = Vec::new();
        // The next part is taken from the end, so that changes leave in the order of the plan.
        let mut waiting: Vec<Vec<PlannedChange>> =
            changes.rchunks(self.capabilities.max_batch.max(1)).map(<[_]>::to_vec).collect();
        while let Some(part) = waiting.pop() {
            match self.register.apply(&self.batch(&part)).await {
                Ok(results) => {
                    for (change, answer) in answers::matched(part, results) {
                        match answer {
                            Some(receipt) if receipt.status == ReceiptStatus::Conflicted => {
                                conflicted.push((change, receipt));
                            }
                            Some(receipt) => delivery.put(receipt),
                            None => {
                                delivery.put(answers::open(&change, "no_answer", "the answer leaves it out"));
                                doubtful.push(change);
                            }
                        }
                    }
                }
                Err(ApplyError::TooLarge { .. }) => match answers::halves(part) {
                    Ok([first, second]) => waiting.extend([second, first]),
                    Err(part) => {
                        let refused =
                            |change| answers::refused(change, "too_large", "the change alone is too large");
                        part.iter().map(refused).for_each(|receipt| delivery.put(receipt));
                    }
                },
                Err(ApplyError::Refused { status, source }) => match (blame(status), answers::halves(part)) {
                    // One poisoned change must not hold up the others.
                    (Blame::Content | Blame::Precondition, Ok([first, second])) => {
                        waiting.extend([second, first]);
                    }
                    (Blame::Content, Err(part)) => {
                        let reason = chain(&source);
                        let refused = |change| answers::refused(change, answers::BATCH_REFUSED, &reason);
                        part.iter().map(refused).for_each(|receipt| delivery.put(receipt));
                    }
                    (Blame::Precondition, Err(part)) => {
                        let reason = chain(&source);
                        conflicted.extend(part.into_iter().map(|change| {
                            let receipt = answers::conflicted(&change, &reason);
                            (change, receipt)
                        }));
                    }
                    (Blame::Writer, part) => {
                        waiting.push(part.map_or_else(|part| part, |halves| halves.concat()));
                        let reason = chain(&source);
                        waiting.drain(..).for_each(|part| delivery.put_all(&part, "not_sent", &reason));
                        delivery.trouble = Some(Trouble::Lasting(reason));
                    }
                },
                Err(ApplyError::NotSent(source)) => {
                    waiting.push(part);
                    let reason = chain(&source);
                    waiting.drain(..).for_each(|part| delivery.put_all(&part, "not_sent", &reason));
                    delivery.trouble = Some(match source {
                        // Whoever lost the lease has nothing more to send, ever.
                        RegisterError::NoLease => Trouble::NoLease(reason),
                        _ => Trouble::Passing(reason),
                    });
                }
                Err(ApplyError::Unknown(source)) => {
                    let reason = chain(&source);
                    delivery.trouble = Some(Trouble::Passing(reason.clone()));
                    delivery.put_all(&part, "no_answer", &reason);
                    doubtful.extend(part);
                }
            }
        }
        self.confirm_conflicts(conflicted, delivery).await;
        doubtful
    }

    /// Reads back what the register calls conflicted: a change that was sent before and whose key was
    /// forgotten conflicts with itself.
    async fn confirm_conflicts(
        &self,
        conflicted: Vec<(PlannedChange, ChangeReceipt)>,
        delivery: &mut Delivery,
    ) {
        let (changes, receipts): (Vec<_>, Vec<_>) = conflicted.into_iter().unzip();
        let mut unread = Delivery::default();
        let verdicts = self.read_back(&changes, &mut unread).await;
        if verdicts.is_none() && !self.capabilities.idempotency {
            delivery.results.extend(unread.results);
            delivery.trouble = unread.trouble;
            return;
        }
        let verdicts = verdicts.unwrap_or_default().into_iter().map(Some).chain(std::iter::repeat(None));
        for ((change, receipt), verdict) in changes.iter().zip(receipts).zip(verdicts) {
            delivery.put(match verdict {
                Some(Verdict::Applied { version }) => answers::applied_as_read(change, version),
                Some(Verdict::Moved { version }) if receipt.version.is_none() => {
                    receipt.with_version(version)
                }
                Some(Verdict::Moved { .. } | Verdict::NotApplied) | None => receipt,
            });
        }
    }

    /// Gives a verdict per change, or none where the register cannot be read: all are unknown then.
    async fn read_back(&self, changes: &[PlannedChange], delivery: &mut Delivery) -> Option<Vec<Verdict>> {
        if changes.is_empty() {
            return Some(Vec::new());
        }
        let keys: Vec<_> = changes.iter().map(|change| change.sent.asset_key).collect();
        match self.register.look_up(&keys).await {
            Ok(entries) => {
                let entries: BTreeMap<_, _> = entries.iter().map(|entry| (entry.asset_key, entry)).collect();
                let verdict = |change: &PlannedChange| {
                    let entry = entries.get(&change.sent.asset_key).copied();
                    judge(&change.sent, entry, self.plan_digest, &self.capabilities)
                };
                Some(changes.iter().map(verdict).collect())
            }
            Err(error) => {
                let reason = chain(&error);
                delivery.put_all(changes, "no_answer", &reason);
                delivery.trouble = Some(Trouble::Passing(reason));
                None
            }
        }
    }

    fn batch(&self, changes: &[PlannedChange]) -> ChangeBatch {
        ChangeBatch {
            plan_digest: self.plan_digest.to_owned(),
            run_id: self.run_id.clone(),
            changes: changes.iter().map(|change| change.sent.clone()).collect(),
        }
    }
}

/// What a whole batch's refusal is about.
enum Blame {
    /// Something in it makes no sense to the register.
    Content,
    /// Something in it is not as the register has it.
    Precondition,
    /// The writer, the address or the contract: no batch will fare better.
    Writer,
}

fn blame(status: u16) -> Blame {
    match status {
        400 | 422 => Blame::Content,
        409 | 412 => Blame::Precondition,
        _ => Blame::Writer,
    }
}
