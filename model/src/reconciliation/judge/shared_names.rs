//! Findings about rows that name themselves as others do. They change nothing: each row is judged for itself.

use serde_json::{Value, json};

use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::attribute;
use crate::finding::FindingKind;
use crate::shared_identity::MOST_NAMED;

impl Judge<'_> {
    pub(super) fn add_shared_names(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
    ) {
        // A record that speaks for many is told once, not with each of them.
        let Some(record) = subject.record.filter(|_| !subject.one_of_many) else { return };
        let shared = &self.rules.shared;
        let mut found: Vec<(FindingKind, &str, Value, u64)> = Vec::new();
        if let Some(sharing) = shared.of_asset_id(record) {
            found.push((
                FindingKind::SharedIdentity,
                attribute::ASSET_ID,
                json!(sharing.rows),
                sharing.count,
            ));
        }
        if let Some(sharing) = shared.of_arn(record) {
            found.push((FindingKind::SharedIdentity, attribute::ARN, json!(sharing.rows), sharing.count));
        }
        let alike = shared.alike(record);
        if !alike.is_empty() {
            found.push((FindingKind::SuspectValue, attribute::ASSET_ID, json!(alike), alike.len() as u64));
        }
        for (kind, name, rows, count) in found {
            let mut finding = self.finding_about(kind, key, subject, entry, name);
            finding.attribute = Some(name.to_owned());
            finding.registered = match name {
                attribute::ARN => record.arn.as_ref().map(|arn| json!(arn)),
                _ => record.asset_id.as_ref().map(|id| json!(id)),
            };
            finding.evidence.insert("row".into(), json!(record.row_key));
            finding.evidence.insert("rows".into(), rows);
            if count > MOST_NAMED as u64 {
                finding.evidence.insert("rows_in_all".into(), json!(count));
            }
            if kind == FindingKind::SuspectValue {
                finding.evidence.insert("problem".into(), json!("looks_alike"));
            }
            self.result.findings.push(finding);
        }
    }
}
