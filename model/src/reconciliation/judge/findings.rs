//! Findings with everything that is known of their subject.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sight::Sight;
use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::arn::Arn;
use crate::asset_record::RejectedRecord;
use crate::attribute;
use crate::change_set::Change;
use crate::coverage::Coverage;
use crate::finding::{Finding, FindingKind};
use crate::history::AssetHistory;
use crate::reconciliation::has_looks;

/// Characters of a name that help a person; all of it is in the registers.
const NAME_SHOWN: usize = 256;

impl Judge<'_> {
    /// Makes a finding with everything that is known of the subject's identity.
    pub(in crate::reconciliation) fn finding(
        &self,
        kind: FindingKind,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) -> Finding {
        let record = subject.record;
        let resource = subject.resource();
        let text = |name: &str| {
            let registered = record.and_then(|record| record.attributes.get(name)).and_then(Value::as_str);
            registered.or_else(|| entry.and_then(|entry| entry.attributes.get(name)).and_then(Value::as_str))
        };
        let arn = subject.arn().cloned().or_else(|| entry.and_then(PublishedAsset::arn));
        let subject_name = arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
        Finding {
            finding_id: Finding::id(kind, &subject_name, None),
            kind,
            severity: kind.severity(),
            asset_key: Some(key),
            account_id: self
                .account()
                .cloned()
                .or_else(|| record.and_then(|record| record.account_id.clone())),
            region: subject
                .item
                .map(|item| item.region.clone())
                .or_else(|| record.and_then(|record| record.region.clone()))
                .or_else(|| arn.as_ref().and_then(Arn::region))
                .or_else(|| entry.and_then(PublishedAsset::region)),
            resource_type: resource
                .map(|(kind, _)| kind.clone())
                .or_else(|| record.and_then(|record| record.resource_type.clone()))
                .or_else(|| entry.and_then(PublishedAsset::resource_type)),
            resource_id: resource
                .map(|(_, id)| id.clone())
                .or_else(|| entry.and_then(PublishedAsset::resource_id)),
            arn,
            asset_id: subject.asset_id().cloned().or_else(|| entry.and_then(PublishedAsset::asset_id)),
            name: text(attribute::NAME)
                .or_else(|| subject.item.and_then(|item| item.resource_name.as_deref()))
                .map(|name| attribute::cut(name, NAME_SHOWN)),
            owner: text("owner").map(|owner| attribute::cut(owner, NAME_SHOWN)),
            attribute: None,
            live: None,
            registered: None,
            published: None,
            authority: None,
            since: None,
            exception: None,
            evidence: BTreeMap::new(),
        }
    }

    pub(super) fn add_evidence(
        &self,
        finding: &mut Finding,
        subject: &Subject<'_>,
        sight: &Sight,
        looks: &AssetHistory,
        change: Option<&Change>,
    ) {
        let mut add = |name: &str, value: Value| {
            finding.evidence.insert(name.to_owned(), value);
        };
        if let Some(record) = subject.record {
            add("row", json!(record.row_key));
            add("lifecycle", json!(record.lifecycle));
        }
        if let Some(rule) = &subject.rule {
            add("rule", json!(rule));
        }
        if subject.item.is_some_and(|item| item.arn_built) {
            add("arn_built", json!(true));
        }
        match sight.coverage {
            Coverage::Complete => add("coverage", json!("complete")),
            Coverage::Incomplete(reason) => add("coverage", json!(reason)),
        }
        for (name, value) in &sight.evidence {
            add(name, value.clone());
        }
        if has_looks(finding.kind) && looks.looks > 0 {
            add("complete_looks", json!(looks.looks));
            add("absent_since", json!(looks.absent_since));
        }
        if has_looks(finding.kind)
            && let Some(last_seen) = looks.last_seen
        {
            add("last_seen", json!(last_seen));
        }
        if let Some(change) = change {
            add("change", json!(change.kind));
            if let Some(reason) = change.reason {
                add("withheld", json!(reason));
            }
        }
    }

    /// Makes the finding of a resource that a rule of the settings found where the record does not say.
    pub(super) fn add_moved(&mut self, key: AssetKey, subject: &Subject<'_>, entry: Option<&PublishedAsset>) {
        let Some(item) = subject.item.filter(|_| subject.has_moved()) else { return };
        let mut finding = self.finding(FindingKind::Misplaced, key, subject, entry);
        let place = json!({ "account_id": item.account_id, "region": item.region });
        finding.evidence.insert("seen_in".into(), place);
        if let Some(record) = subject.record {
            finding.evidence.insert("row".into(), json!(record.row_key));
        }
        if let Some(rule) = &subject.rule {
            finding.evidence.insert("rule".into(), json!(rule));
        }
        self.result.findings.push(finding);
    }

    /// Makes the findings of rows that make no sense.
    pub(in crate::reconciliation) fn reject_all(&mut self, rejected: &[RejectedRecord]) {
        let mut rejected: Vec<&RejectedRecord> = rejected.iter().collect();
        rejected.sort_by_key(|row| (&row.row_key, &row.reason, &row.asset_id, &row.account_id));
        rejected.into_iter().for_each(|row| self.reject(row));
    }

    pub(super) fn reject(&mut self, rejected: &RejectedRecord) {
        let kind = FindingKind::RejectedRecord;
        self.result.findings.push(Finding {
            finding_id: Finding::id(kind, &rejected.row_key, Some(&rejected.reason)),
            kind,
            severity: kind.severity(),
            asset_key: None,
            account_id: rejected.account_id.clone(),
            region: None,
            resource_type: None,
            resource_id: None,
            arn: None,
            asset_id: rejected.asset_id.clone(),
            name: None,
            owner: None,
            attribute: None,
            live: None,
            registered: None,
            published: None,
            authority: None,
            since: None,
            exception: None,
            evidence: BTreeMap::from([
                ("row".to_owned(), json!(rejected.row_key)),
                ("reason".to_owned(), json!(rejected.reason)),
            ]),
        });
    }
}

/// Two entries of one ARN have the same finding, and so have two rows with the same fault: each but the first
/// gets an id of its own.
pub(super) fn name_apart(findings: &mut [Finding]) {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let count = taken.entry(finding.finding_id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            let subject = format!("{}\u{1f}{count}", finding.finding_id);
            finding.finding_id = Finding::id(finding.kind, &subject, finding.attribute.as_deref());
        }
    }
}
