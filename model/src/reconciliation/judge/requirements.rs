//! Findings about what the settings require of an asset. They change nothing.

use serde_json::{Value, json};

use super::{AssetKey, Judge, PublishedAsset, Subject};
use crate::asset_record::Lifecycle;
use crate::change_set::Provenance;
use crate::configuration_item::Tags;
use crate::finding::{Finding, FindingKind};
use crate::reconciliation::values::Desired;
use crate::requirement::Wanted;

/// The attribute by which a rule is narrowed to environments.
const ENVIRONMENT: &str = "environment";

impl Judge<'_> {
    /// Makes the findings of an asset that lives and lacks what is required of it, or has it wrong. What nobody
    /// reports is no finding: it is not known to be empty.
    pub(super) fn add_non_compliances(
        &mut self,
        key: AssetKey,
        subject: &Subject<'_>,
        entry: Option<&PublishedAsset>,
        desired: &Desired,
    ) {
        let rules = self.rules;
        let Some(item) = subject.item.filter(|_| !rules.requirements.is_empty()) else { return };
        let in_use = subject.record.is_none_or(|record| record.lifecycle == Lifecycle::Active);
        if !in_use || (subject.record.is_none() && !self.type_is_asset(subject)) {
            return;
        }
        // What no source speaks of stays as it was published last.
        let will_say = |name: &str| -> Option<(Value, Provenance)> {
            let last = || entry.and_then(|entry| entry.attributes.get(name));
            let desired = desired.get(name).map(|(value, provenance)| (value.clone(), provenance.clone()));
            desired.or_else(|| Some((last()?.clone(), Provenance::LastPublished)))
        };
        for requirement in rules.requirements.of_type(&item.resource_type) {
            let holds = requirement.holds_in_all_environments()
                || will_say(ENVIRONMENT).is_some_and(|(environment, _)| requirement.holds_in(&environment));
            if !holds {
                continue;
            }
            let said = match (&requirement.wanted, &item.tags) {
                (Wanted::Tag(tag), Tags::Collected(tags)) => {
                    Some((tags.get(tag).map_or(Value::Null, |value| json!(value)), Provenance::ConfigService))
                }
                (Wanted::Tag(_), Tags::NotCollected) => None,
                (Wanted::Attribute(name), _) => will_say(name),
            };
            let Some((value, provenance)) = said else { continue };
            let Some(breach) = requirement.breach(&value) else { continue };
            let mut finding = self.finding(FindingKind::NonCompliant, key, subject, entry);
            let attribute = requirement.attribute();
            // Two rules about one tag are two findings, each with an id that stays.
            let named = finding.arn.as_ref().map_or_else(|| key.to_string(), ToString::to_string);
            let named = format!("{named}\u{1f}{}", requirement.name);
            finding.finding_id = Finding::id(FindingKind::NonCompliant, &named, Some(&attribute));
            finding.severity = requirement.severity;
            finding.attribute = Some(attribute.into_owned());
            finding.authority = Some(provenance.clone());
            match provenance {
                Provenance::SourceRegister => finding.registered = Some(value),
                Provenance::LastPublished | Provenance::CentralRegister | Provenance::Default => {
                    finding.published = Some(value)
                }
                Provenance::ConfigService | Provenance::Tag(_) | Provenance::Bestand => {
                    finding.live = Some(value)
                }
            }
            let evidence = &mut finding.evidence;
            evidence.insert("requirement".into(), json!(requirement.name));
            evidence.insert("problem".into(), json!(breach.code()));
            evidence.extend(requirement.expectation().map(|(name, value)| (name.to_owned(), value)));
            evidence.extend(subject.record.map(|record| ("row".to_owned(), json!(record.row_key))));
            evidence.extend(subject.rule.as_ref().map(|rule| ("rule".to_owned(), json!(rule))));
            self.result.findings.push(finding);
        }
    }
}
