//! From a rule of the settings to an exception, and what cannot be meant so.

use super::glob::Glob;
use super::{Exception, ExceptionRule, Pick};
use crate::finding::FindingKind;

/// Makes one rule ready for use, and tells every problem that it has.
pub(super) fn compile(rule: &ExceptionRule, problem: &mut impl FnMut(&'static str, String)) -> Exception {
    for (key, text) in [("because", &rule.because), ("owner", &rule.owner)] {
        if text.trim().is_empty() {
            problem(key, "must not be empty: an exception has a reason and a person".into());
        }
    }
    let hex = |id: &str| id.len() == 16 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if let Some(id) = rule.finding.as_deref().filter(|id| !hex(id)) {
        problem("finding", format!("`{id}` is no finding's id: those are 16 digits of 0-9 and a-f"));
    }
    if rule.kind == Some(FindingKind::ExceptionExpired) {
        problem("kind", "that an exception is over cannot be hidden: renew it, or take it out".into());
    }
    let account = rule.account.as_ref().and_then(|id| match id.parse() {
        Ok(id) => Some(id),
        Err(error) => {
            problem("account", format!("{error}"));
            None
        }
    });
    if rule.region.as_ref().is_some_and(|region| region.as_str().is_empty() || region.as_str().contains('*'))
    {
        problem("region", "must be one region, as AWS writes it".into());
    }
    let globs: [(&'static str, &Option<String>, Pick); 5] = [
        ("type", &rule.resource_type, |finding| finding.resource_type.as_ref().map(|kind| kind.as_str())),
        ("arn", &rule.arn, |finding| finding.arn.as_ref().map(|arn| arn.as_str())),
        ("name", &rule.name, |finding| finding.name.as_deref()),
        ("asset_id", &rule.asset_id, |finding| finding.asset_id.as_ref().map(|id| id.as_str())),
        ("attribute", &rule.attribute, |finding| finding.attribute.as_deref()),
    ];
    let mut names = rule.finding.is_some() || rule.kind.is_some() || rule.account.is_some();
    names |= rule.region.is_some();
    let mut compiled = Vec::new();
    for (key, text, pick) in globs {
        let Some(text) = text else { continue };
        if text.trim().is_empty() {
            problem(key, "must not be empty; leave it out for anything".into());
        }
        names |= text.chars().any(|c| c != '*');
        compiled.push((pick, Glob::new(text)));
    }
    if !names {
        problem("", "names nothing, so it would hide every finding; say which it means".into());
    }
    Exception { rule: rule.clone(), account, globs: compiled }
}
