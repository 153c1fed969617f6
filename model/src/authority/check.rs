//! What a schema cannot say of rules of authority: whether they make sense together.

use std::collections::BTreeMap;

use super::hearing::json_bytes;
use super::rule::{AuthorityRule, SourceRule};
use super::value_map;
use crate::attribute::{self, CONFIGURATION_PREFIX};
use crate::provenance::Provenance;

/// Lists every problem with its key path.
pub fn problems(rules: &[AuthorityRule], max_attribute_bytes: usize) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let key = format!("authority.{index}");
        name(&key, rule, &mut problems);
        sources(&key, rule, &mut problems);
        default(&key, rule, max_attribute_bytes, &mut problems);
        for (other, earlier) in rules.iter().take(index).enumerate() {
            if let Some(types) = contradicts(earlier, rule) {
                problems.push(format!(
                    "{key}.attribute: `{}` is decided by authority.{other} already{types}; keep one of them, or put the one for fewer attributes or types first",
                    rule.attribute
                ));
            }
        }
    }
    problems
}

/// Gives the first rule that asks how old a source's value is.
pub fn asks_the_age_of(rules: &[AuthorityRule], source: &Provenance) -> Option<String> {
    rules.iter().enumerate().find_map(|(index, rule)| {
        let mut asked = rule.sources().enumerate();
        let found = asked.find(|(_, of)| of.from == *source && of.next_if_older_than_days.is_some());
        found.map(|(of, _)| format!("authority.{index}.sources.{of}.next_if_older_than_days"))
    })
}

fn name(key: &str, rule: &AuthorityRule, problems: &mut Vec<String>) {
    let name = &rule.attribute;
    if attribute::is_identity_or_mark(name) {
        problems.push(format!(
            "{key}.attribute: `{name}` tells which resource it is, or is bestand's own mark: no rule decides on it"
        ));
    }
    match rule.prefix() {
        _ if name.trim().is_empty() || name.trim() != name => {
            problems.push(format!("{key}.attribute: `{name}` is no name of an attribute"));
        }
        None if name.contains('*') => {
            problems.push(format!("{key}.attribute: a star may only stand at the end of `{name}`"));
        }
        Some(prefix) if prefix.contains('*') || prefix.len() < 2 || !prefix.ends_with('.') => {
            problems.push(format!(
                "{key}.attribute: before the star of `{name}` there must be a level of names, as in `{CONFIGURATION_PREFIX}*`"
            ));
        }
        _ => {}
    }
    if rule.types.iter().any(|kind| kind.as_str().trim().is_empty()) {
        problems.push(format!("{key}.types: a type must not be empty; leave `types` out for all types"));
    }
}

fn sources(key: &str, rule: &AuthorityRule, problems: &mut Vec<String>) {
    let sources: Vec<SourceRule> = rule.sources().collect();
    for (index, source) in sources.iter().enumerate() {
        let key = format!("{key}.sources.{index}");
        let from = &source.from;
        if sources.iter().take(index).any(|earlier| earlier.from == *from) {
            problems.push(format!("{key}: `{from}` is there twice"));
        }
        let conditions = source.next_if_empty.is_some() || source.next_if_older_than_days.is_some();
        match from {
            Provenance::Default if index + 1 < sources.len() => {
                problems.push(format!("{key}: what stands after `default` is never asked; put it last"));
            }
            Provenance::Default if conditions => {
                problems.push(format!("{key}: `default` always has a value; leave the conditions out"));
            }
            Provenance::LastPublished | Provenance::Bestand => {
                problems.push(format!("{key}: `{from}` is told of values, and is no source to ask"));
            }
            Provenance::Tag(tag) if tag.trim() != tag || tag.chars().count() > 128 => {
                problems.push(format!("{key}: `{tag}` is no key of a tag"));
            }
            _ => {}
        }
        if rule.prefix().is_some() && matches!(from, Provenance::Default | Provenance::Tag(_)) {
            problems.push(format!(
                "{key}: `{from}` needs the attribute's own name; `{}` is many",
                rule.attribute
            ));
        }
        map(&key, source, problems);
    }
}

fn map(key: &str, source: &SourceRule, problems: &mut Vec<String>) {
    if source.map.is_empty() {
        return;
    }
    if matches!(source.from, Provenance::CentralRegister | Provenance::Default) {
        problems.push(format!(
            "{key}.map: `{}` says what is published already: it would be mapped again in every run",
            source.from
        ));
    }
    let mut words: BTreeMap<String, &String> = BTreeMap::new();
    for (word, meaning) in &source.map {
        if word.trim().is_empty() || meaning.trim().is_empty() {
            problems.push(format!("{key}.map: neither a word nor what it is called here may be empty"));
        }
        if let Some(other) = words.insert(value_map::key(word), meaning).filter(|other| *other != meaning) {
            problems.push(format!(
                "{key}.map.{word}: is called `{other}` and `{meaning}`; space and capital letters do not matter here"
            ));
        }
    }
}

fn default(key: &str, rule: &AuthorityRule, max_attribute_bytes: usize, problems: &mut Vec<String>) {
    let asked = rule.sources().any(|source| source.from == Provenance::Default);
    match &rule.default {
        None if asked => {
            problems.push(format!("{key}.default: say what `default` is, or leave the source out"));
        }
        Some(_) if !asked => {
            problems.push(format!("{key}.default: is never used; add \"default\" to the sources"));
        }
        Some(value) if attribute::is_blank(value) || value.is_array() || value.is_object() => {
            problems.push(format!("{key}.default: must be a text, a number, true or false, and not empty"));
        }
        _ => {}
    }
    let meanings = rule.sources().flat_map(|source| source.map.into_values().collect::<Vec<_>>());
    let longest =
        meanings.map(|text| json_bytes(&text.into())).chain(rule.default.as_ref().map(json_bytes)).max();
    if longest.is_some_and(|longest| longest > max_attribute_bytes) {
        problems.push(format!("{key}: holds a value longer than plan.max_attribute_bytes"));
    }
}

/// Tells where a rule decides nothing because an earlier one does. One for some types may stand before one for all.
fn contradicts(earlier: &AuthorityRule, later: &AuthorityRule) -> Option<String> {
    let covered = earlier.attribute == later.attribute
        || earlier.prefix().is_some_and(|prefix| later.attribute.starts_with(prefix));
    if !covered {
        return None;
    }
    if earlier.types.is_empty() {
        return Some(String::new());
    }
    let shared = later.types.iter().find(|kind| earlier.types.contains(kind))?;
    Some(format!(" for {shared}"))
}
