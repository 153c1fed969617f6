//! What the absence of an asset would rest on: the answer about it, held against what is known of it
//! (SEMANTICS 2.4).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::arn::Arn;
use crate::finding::FindingKind;
use crate::identifiers::{Region, ResourceId, ResourceType};
use crate::outcome::{Action, Facts, outcome};
use crate::proof::{Answer, Missing, Question, SoughtKey};
use crate::resource_id;
use crate::resource_type::is_global;

/// What an absence would rest on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// AWS Config dates the deletion, and it is this very asset's.
    Deleted(Timestamp),
    /// Somebody still has it: it is not absent.
    Sighted,
    /// AWS Config never heard of it, or only of an earlier namesake: the long way may end in a retirement.
    NeverHeardOf,
    /// Nobody was asked yet, or nobody could say: nothing is retired.
    Open,
    /// Its place or its id is not known: nobody can ever be asked.
    Unaskable,
    /// Nobody can be asked any more: a person's word stands for the proof (SEMANTICS 2.12).
    Decommissioned,
    /// No AWS resource: there is nobody to ask.
    NoResource,
}

/// What there is to say of a finding's standing.
type Evidence = Vec<(&'static str, Value)>;

impl Judge<'_> {
    /// Works out what an absence would rest on, and the evidence for it.
    pub(super) fn standing(
        &self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> (Standing, Evidence) {
        if self.is_decommissioned() {
            return (Standing::Decommissioned, vec![("decommissioned", json!(true))]);
        }
        let Some((entry, question)) = entry.and_then(|entry| Some((entry, question(key, subject, entry)?)))
        else {
            return (Standing::Unaskable, Evidence::new());
        };
        let Some(answer) = self.proofs.and_then(|proofs| proofs.answers.get(&key)) else {
            return (Standing::Open, Evidence::new());
        };
        let mut evidence = vec![("answer", json!(answer.code()))];
        let standing = match answer {
            Answer::Deleted { at } => {
                evidence.push(("deleted_at", json!(at)));
                if self.is_its_own_deletion(*at, entry, &question) {
                    Standing::Deleted(*at)
                } else {
                    evidence.push(("believed", json!(false)));
                    Standing::NeverHeardOf
                }
            }
            Answer::Sighted { by } => {
                evidence.push(("sighted_by", json!(by)));
                Standing::Sighted
            }
            Answer::NeverHeardOf => Standing::NeverHeardOf,
            Answer::Hinted => Standing::Open,
            Answer::Unanswered { detail } => {
                evidence.push(("answer_detail", json!(detail)));
                Standing::Open
            }
        };
        (standing, evidence)
    }

    /// A deletion that lies before the asset was made, or was last seen, is that of an earlier namesake. Where
    /// neither is known only an id that is never given twice tells; an id that several resources carry at once
    /// never does.
    fn is_its_own_deletion(&self, at: Timestamp, entry: &PublishedAsset, question: &Question) -> bool {
        let (kind, id) = (&question.resource_type, &question.resource_id);
        let last_seen = self.assets_before.get(&entry.asset_key).and_then(|history| history.last_seen);
        let known = last_seen.max(entry.created_at());
        let not_before =
            known.map_or_else(|| resource_id::is_never_given_twice(kind, id), |known| at >= known);
        not_before && at <= self.now && !resource_id::may_be_shared(kind)
    }

    /// Notes an entry for which an answer would matter: a proven deletion would retire it.
    pub(super) fn note_missing(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        facts: Facts,
    ) {
        if self.inventory.is_none() {
            return;
        }
        let keys = self.sought_keys(subject);
        match entry {
            Some(entry)
                if outcome(Facts { deletion_is_proven: true, ..facts }).action == Action::RetireProven =>
            {
                let question = question(key, subject, entry).filter(|_| !self.is_decommissioned());
                let (kind, id, arn) = identity(subject, entry);
                self.result.missing.push(Missing {
                    asset_key: key,
                    resource: kind.zip(id),
                    arn,
                    keys,
                    question,
                });
            }
            // Nothing can be retired, but what lives elsewhere is not absent.
            None if outcome(facts).finding == Some(FindingKind::Absent) => {
                let (arn, resource) = (subject.arn().cloned(), subject.resource());
                let resource = resource.map(|(kind, id)| (kind.clone(), id.clone()));
                self.result.missing.push(Missing { asset_key: key, resource, arn, keys, question: None });
            }
            _ => {}
        }
    }

    /// What the settings' rules would know the record's resource by, wherever it is.
    fn sought_keys(&self, subject: &Subject<'_>) -> Vec<SoughtKey> {
        let Some(record) = subject.record else { return Vec::new() };
        let keys = self.rules.identification.of_settings().filter_map(|(at, rule)| {
            Some(SoughtKey { rule: at, key: rule.record_key(record)?, types: rule.types_for(record) })
        });
        keys.collect()
    }
}

/// What the asset is called: the entry speaks first, because it is the entry that would be retired.
fn identity(
    subject: &Subject<'_>,
    entry: &PublishedAsset,
) -> (Option<ResourceType>, Option<ResourceId>, Option<Arn>) {
    let record = subject.record;
    let arn = entry.arn().or_else(|| subject.arn().cloned());
    let kind = entry.resource_type().or_else(|| record.and_then(|record| record.resource_type.clone()));
    let id = entry.resource_id().or_else(|| record.and_then(|record| record.resource_id.clone()));
    let id = id.or_else(|| resource_id::of_arn(kind.as_ref()?, arn.as_ref()?));
    (kind, id, arn)
}

/// Makes the question about an asset whose region, type and id are known.
fn question(key: AssetKey, subject: &Subject<'_>, entry: &PublishedAsset) -> Option<Question> {
    let (kind, id, arn) = identity(subject, entry);
    let resource_type = kind?;
    let region = if is_global(&resource_type) {
        Region::global()
    } else {
        let of_arn = arn.as_ref().and_then(Arn::region);
        let of_record = || subject.record.and_then(|record| record.region.clone());
        entry.region().or(of_arn).or_else(of_record)?
    };
    Some(Question { asset_key: key, region, resource_type, resource_id: id?, arn })
}
