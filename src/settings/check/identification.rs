//! `[[identification]]`: rules that cannot be meant so.

use std::collections::BTreeSet;

use bestand_collector::config_service::shipped_attributes;
use bestand_model::attribute;
use bestand_model::identification::{IdentificationRule, Pairing, Rule, TAG_PREFIX};
use bestand_model::identifiers::ResourceType;

use super::super::Settings;

/// What every resource of an account, a region or a type has in common: it tells none of them from another.
const TELLS_NOTHING: [&str; 3] = [attribute::ACCOUNT_ID, attribute::REGION, attribute::RESOURCE_TYPE];
/// What AWS Config says of every resource.
const ALWAYS_THERE: [&str; 6] = [
    attribute::ARN,
    attribute::RESOURCE_ID,
    attribute::NAME,
    attribute::ACCOUNT_ID,
    attribute::REGION,
    attribute::RESOURCE_TYPE,
];
/// What a record says of itself without a column of its own.
const OF_EVERY_RECORD: [&str; 1] = [attribute::ACCOUNT_ID];

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    let mut names = BTreeSet::new();
    for (index, rule) in settings.identification.iter().enumerate() {
        let path = format!("identification.{index}");
        if !names.insert(rule.name.as_str()) {
            problems.push(format!("{path}.name: there is another rule `{}`; give each its own", rule.name));
        }
        if Rule::BUILT_IN.contains(&rule.name.as_str()) {
            built_in(&path, rule, problems);
            continue;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let reserved = Rule::RESERVED.contains(&rule.name.as_str());
        if rule.name.is_empty() || reserved || !rule.name.chars().all(plain) {
            problems.push(format!(
                "{path}.name: `{}` must be letters, digits, `-`, `_` or `.`, and is taken if it is resource_id_without_region",
                rule.name
            ));
        }
        of_settings(settings, &path, rule, problems);
        for (other, earlier) in settings.identification.iter().enumerate().take(index) {
            if !earlier.pairs.is_empty() && earlier.pairs == rule.pairs && overlap(earlier, rule) {
                let many = if earlier.many == rule.many { "" } else { ", and they differ in `many`" };
                problems.push(format!(
                    "{path}: compares the same as identification.{other} for the same types{many}; keep one of them"
                ));
            }
        }
    }
}

fn built_in(path: &str, rule: &IdentificationRule, problems: &mut Vec<String>) {
    let bare = IdentificationRule {
        name: rule.name.clone(),
        types: Vec::new(),
        record_types: Vec::new(),
        pairs: Vec::new(),
        many: false,
    };
    if *rule != bare {
        problems.push(format!(
            "{path}: `{}` is built in and only takes its place here; give a rule of your own another name",
            rule.name
        ));
    }
}

fn of_settings(settings: &Settings, path: &str, rule: &IdentificationRule, problems: &mut Vec<String>) {
    if rule.pairs.is_empty() {
        problems.push(format!(
            "{path}.match: without anything to compare it would match everything; say what must be equal, such as {{ record = \"asset_id\", item = \"tag:inventory-id\" }}"
        ));
    } else if rule.pairs.iter().all(|pair| TELLS_NOTHING.contains(&pair.item.attribute())) {
        problems.push(format!(
            "{path}.match: every resource of an account, region or type says the same there, so it would match everything; compare something that tells them apart"
        ));
    }
    if rule.many && rule.types.is_empty() {
        problems.push(format!(
            "{path}.types: a rule with `many` must name the types that one record may speak for many of"
        ));
    }
    if !rule.record_types.is_empty() && rule.types.is_empty() {
        problems.push(format!("{path}.types: name the types of resources that such a record means"));
    }
    for (at, pair) in rule.pairs.iter().enumerate() {
        let path = format!("{path}.match.{at}");
        if pair.record.folds_case() != pair.item.folds_case() {
            problems.push(format!(
                "{path}: only one side is folded, so what has a capital letter could never match; put `| fold_case` on both"
            ));
        }
        record_side(settings, &path, pair, problems);
        item_side(settings, &path, rule, pair, problems);
    }
}

fn record_side(settings: &Settings, path: &str, pair: &Pairing, problems: &mut Vec<String>) {
    let name = pair.record.attribute();
    if name.starts_with(TAG_PREFIX) {
        problems.push(format!("{path}.record: a record has no tags; name one of source_register.columns"));
    } else if !settings.source_register.columns.contains_key(name) && !OF_EVERY_RECORD.contains(&name) {
        problems.push(format!(
            "{path}.record: `{name}` is no column of source_register.columns; map it there, or name another"
        ));
    }
}

fn item_side(
    settings: &Settings,
    path: &str,
    rule: &IdentificationRule,
    pair: &Pairing,
    problems: &mut Vec<String>,
) {
    let name = pair.item.attribute();
    if pair.item.tag().is_some() || ALWAYS_THERE.contains(&name) {
        return;
    }
    if rule.types.is_empty() {
        problems.push(format!(
            "{path}.item: `{name}` is collected of some types only; name them in `types`, or compare a tag, name, arn or resource_id"
        ));
        return;
    }
    let shipped = shipped_attributes();
    let collected = |kind: &ResourceType| {
        let lists = [shipped.get(kind), settings.collection.attributes.get(kind)];
        lists.into_iter().flatten().flatten().any(|path| path == name)
    };
    for kind in rule.types.iter().filter(|kind| !collected(kind)) {
        problems.push(format!(
            "{path}.item: `{name}` is not collected of {kind}, so nothing would ever match; add it to collection.attributes"
        ));
    }
}

fn overlap(one: &IdentificationRule, other: &IdentificationRule) -> bool {
    one.types.is_empty() || other.types.is_empty() || one.types.iter().any(|kind| other.types.contains(kind))
}
