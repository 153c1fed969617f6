//! A finding as it stands in a letter.

use std::collections::BTreeMap;

use bestand_model::attribute::cut;
use bestand_model::finding::{Finding, FindingKind, Severity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::advice;
use crate::report::{instant, one_line};

/// Characters of a value that are shown: a letter's line must not be longer than 998 bytes.
const VALUE_SHOWN: usize = 200;

/// What a scratch file keeps of a finding.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Entry {
    /// None: nobody is known to answer for it.
    pub(super) owner: Option<String>,
    pub(super) severity: Severity,
    pub(super) kind: FindingKind,
    pub(super) since: Option<Timestamp>,
    pub(super) finding_id: String,
    /// Its lines, indented so that nothing in them is taken for markup.
    pub(super) text: String,
}

impl Entry {
    /// Takes what a letter tells of a finding.
    pub(super) fn of(finding: &Finding, accounts: &BTreeMap<&str, &str>) -> Self {
        let owner = finding.owner.as_deref().map(str::trim).filter(|owner| !owner.is_empty());
        Self {
            owner: owner.map(str::to_owned),
            severity: finding.severity,
            kind: finding.kind,
            since: finding.since,
            finding_id: finding.finding_id.clone(),
            text: text(finding, accounts),
        }
    }
}

fn text(finding: &Finding, accounts: &BTreeMap<&str, &str>) -> String {
    let evidence = |name: &str| finding.evidence.get(name).and_then(Value::as_str).map(str::to_owned);
    let account = finding.account_id.as_ref().map(|id| match accounts.get(id.as_str()) {
        Some(name) => format!("{id} ({name})"),
        None => id.to_string(),
    });
    let shown = |value: &Option<Value>| {
        value.as_ref().map(|value| match value {
            Value::Null => "(none)".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let display = |value: Option<&dyn ToString>| value.map(ToString::to_string);
    let lines = [
        ("account", account),
        ("region", display(finding.region.as_ref().map(|own| own as _))),
        ("type", display(finding.resource_type.as_ref().map(|own| own as _))),
        ("name", finding.name.clone()),
        ("ARN", display(finding.arn.as_ref().map(|own| own as _))),
        ("resource id", display(finding.resource_id.as_ref().map(|own| own as _))),
        ("asset id", display(finding.asset_id.as_ref().map(|own| own as _))),
        ("row", evidence("row")),
        ("reason", evidence("reason")),
        ("problem", evidence("problem")),
        ("attribute", finding.attribute.clone()),
        ("in AWS", shown(&finding.live)),
        ("in the source register", shown(&finding.registered)),
        ("in the central register", shown(&finding.published)),
        ("decides", display(finding.authority.as_ref().map(|own| own as _))),
        ("since", finding.since.map(instant)),
        ("report", Some(format!("report.html#f-{}", finding.finding_id))),
    ];
    let mut text = String::new();
    for (label, value) in lines {
        if let Some(value) = value {
            let label = format!("{label}:");
            text += &format!("    {label:<25}{}\n", cut(&one_line(&value), VALUE_SHOWN));
        }
    }
    text += &format!("\nWhat to do: {}\n", advice::what_to_do(finding));
    text
}
