//! Weighs what the sources say of one asset, and tells of what differs or cannot be meant.

use serde_json::{Value, json};

use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::attribute;
use crate::authority::{Authority, Problem, Suspect, Values};
use crate::change_set::Provenance;
use crate::finding::{Finding, FindingKind};
use crate::reconciliation::divergence::divergences;
use crate::reconciliation::values::{self, Desired, Spoken};

/// Characters of a value too long to be shown.
const LONG_SHOWN: usize = 120;

/// What says where a resource is.
const PLACE: [&str; 3] = [attribute::ARN, attribute::REGION, attribute::RESOURCE_ID];

impl Judge<'_> {
    /// Works out what the entry should say. What nobody should believe becomes a finding.
    pub(super) fn weigh(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        spoken: &Spoken,
    ) -> Desired {
        let kind = values::kind(subject, entry);
        let authority = self.rules.authority.of(kind.as_ref());
        let sides = spoken.sides(entry, self.now);
        if self.rules.tell.contains(&key) {
            self.result.stories.insert(key, values::story(authority, &sides));
        }
        if spoken.live.is_none() && spoken.registered.is_none() {
            return Desired::new();
        }
        let (desired, suspects) = values::desired(authority, &sides);
        for suspect in suspects {
            self.suspect(key, subject, entry, authority, suspect);
        }
        desired
    }

    fn suspect(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        authority: Authority<'_>,
        suspect: Suspect,
    ) {
        let Suspect { attribute, problem, source, value } = suspect;
        let what = format!("{attribute}\u{1f}{}\u{1f}{source}", problem.code());
        let mut finding = self.about(FindingKind::SuspectValue, key, subject, entry, &what);
        let value = shown(&value, authority.max_bytes(), &mut finding);
        let mut add = |name: &str, value: Value| {
            finding.evidence.insert(name.to_owned(), value);
        };
        add("problem", json!(problem.code()));
        add("source", json!(source));
        if let Problem::TooLong(bytes) = problem {
            add("bytes", json!(bytes));
            add("max_bytes", json!(authority.max_bytes()));
        }
        finding.authority = authority.ruling(&attribute).first().cloned();
        match source {
            Provenance::ConfigService | Provenance::Tag(_) => finding.live = Some(value),
            Provenance::SourceRegister => finding.registered = Some(value),
            Provenance::CentralRegister
            | Provenance::Default
            | Provenance::LastPublished
            | Provenance::Bestand => finding.published = Some(value),
        }
        finding.attribute = Some(attribute);
        self.result.findings.push(finding);
    }

    pub(super) fn add_divergences(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        live: &Values,
        registered: &Values,
    ) {
        let kind = values::kind(subject, entry);
        let authority = self.rules.authority.of(kind.as_ref());
        let moved = subject.has_moved();
        for of in divergences(authority, live, registered) {
            if moved && PLACE.contains(&of.attribute) {
                // `misplaced` says it all.
                continue;
            }
            let mut finding = self.about(FindingKind::Divergent, key, subject, entry, of.attribute);
            let max = authority.max_bytes();
            finding.live = Some(shown(of.live, max, &mut finding));
            finding.registered = Some(shown(of.registered, max, &mut finding));
            let published = entry.and_then(|entry| entry.attributes.get(of.attribute));
            finding.published = published.map(|value| shown(value, max, &mut finding));
            finding.authority = authority.ruling(of.attribute).first().cloned();
            finding.attribute = Some(of.attribute.to_owned());
            let mut add = |name: &str, value: Value| {
                finding.evidence.insert(name.to_owned(), value);
            };
            if *of.live_source != Provenance::ConfigService {
                add("live_source", json!(of.live_source));
            }
            if of.live_called != of.live {
                add("live_mapped", of.live_called.clone());
            }
            if of.registered_called != of.registered {
                add("registered_mapped", of.registered_called.clone());
            }
            if of.looks_alike {
                add("looks_alike", json!(true));
            }
            self.result.findings.push(finding);
        }
    }

    /// Makes a finding about one attribute, with the row and the rule that it rests on.
    fn about(
        &self,
        kind: FindingKind,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        what: &str,
    ) -> Finding {
        let mut finding = self.finding(kind, key, subject, entry);
        let named = finding.arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
        finding.finding_id = Finding::id(kind, &named, Some(what));
        if let Some(record) = subject.record {
            finding.evidence.insert("row".into(), json!(record.row_key));
        }
        if let Some(rule) = &subject.rule {
            finding.evidence.insert("rule".into(), json!(rule));
        }
        finding
    }
}

/// A report that quotes what is too long to be published would be as long itself.
fn shown(value: &Value, max_bytes: usize, finding: &mut Finding) -> Value {
    let text = match value {
        Value::String(text) if text.len() > max_bytes => text,
        Value::Array(_) | Value::Object(_) if value.to_string().len() > max_bytes => &value.to_string(),
        _ => return value.clone(),
    };
    finding.evidence.insert("cut".into(), json!(true));
    Value::String(attribute::cut(text, LONG_SHOWN))
}
