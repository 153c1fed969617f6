//! How the list reads: counts, groups of account and type with a line per change, and where to read on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bestand_model::attribute;
use bestand_model::change_set::{ChangeKind, Ground};
use bestand_model::identifiers::AccountId;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::report::{instant, one_line};
use bestand_publisher::run_store::RunDirectory;

use super::entry::{Entry, Weight};
use crate::explain::Style;

/// Characters of an account's name that are shown.
const ACCOUNT_NAME: usize = 40;

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
const BOLD: &str = "1";

/// Renders what is shown; the entries come with the gravest first.
pub(super) fn render(
    summary: &RunSummary,
    directory: &RunDirectory,
    shown: &[Entry],
    names: &BTreeMap<AccountId, String>,
    style: Style,
) -> String {
    let mut text = style.emphasised(BOLD, "Changes in the central register: ");
    text.push_str(&counts(summary, style));
    text.push('\n');
    let mut groups: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
    for entry in shown {
        groups.entry(entry.group()).or_default().push(entry);
    }
    // Writing to a string cannot fail.
    for ((account, kind), entries) in groups {
        let account = match account {
            Some(id) => match names.get(id) {
                Some(name) => format!("{id} {}", attribute::cut(&one_line(name), ACCOUNT_NAME)),
                None => id.to_string(),
            },
            None => "no account".to_owned(),
        };
        let _ = writeln!(
            text,
            "  {}",
            style.emphasised(BOLD, &format!("{account}  {}", kind.unwrap_or("type not known")))
        );
        for entry in entries {
            one(&mut text, entry, style);
        }
    }
    text.push_str(&read_on(summary, directory, shown));
    text
}

fn counts(summary: &RunSummary, style: Style) -> String {
    let changes = &summary.changes;
    let all = [
        (changes.retire, "to retire", RED),
        (changes.create, "to create", GREEN),
        (changes.update, "to update", YELLOW),
        (changes.withheld, "withheld", CYAN),
    ];
    let told: Vec<String> = all
        .into_iter()
        .map(|(count, what, code)| {
            let part = format!("{count} {what}");
            if count > 0 { style.emphasised(code, &part) } else { part }
        })
        .collect();
    format!("{} ({} stay as they are)", told.join(", "), changes.unchanged)
}

fn one(text: &mut String, entry: &Entry, style: Style) {
    let (sign, code) = match entry.weight {
        Weight::Retire => ('-', RED),
        Weight::Create => ('+', GREEN),
        Weight::Update => ('~', YELLOW),
        Weight::WithheldRetire | Weight::Withheld | Weight::WithheldByRule => ('!', CYAN),
    };
    let facts = &entry.facts;
    let key =
        facts.arn.clone().or_else(|| facts.asset_id.clone()).unwrap_or_else(|| entry.asset_key.to_string());
    // Many ARNs end with the name.
    let name = facts.name.as_deref().filter(|name| !key.ends_with(name));
    let name = name.map_or_else(String::new, |name| format!("{name}  "));
    let because = because(entry);
    let _ = writeln!(text, "    {} {name}{key}{because}", style.emphasised(code, &sign.to_string()));
    for (attribute, before, after) in &entry.sets {
        let _ = writeln!(text, "        {attribute}: {before} → {}", style.emphasised(code, after));
    }
    if entry.more > 0 {
        let attributes = if entry.more == 1 { "attribute" } else { "attributes" };
        let _ = writeln!(text, "        and {} more {attributes}", entry.more);
    }
}

/// Says what a retirement rests on, and why a change is withheld.
fn because(entry: &Entry) -> String {
    if let Some(reason) = entry.reason {
        return match entry.would_be {
            Some(ChangeKind::Retire) => format!("  (would be retired: {reason})"),
            Some(ChangeKind::Create) => format!("  (would be created: {reason})"),
            Some(ChangeKind::Update) => format!("  (would be updated: {reason})"),
            Some(ChangeKind::Unchanged | ChangeKind::Withheld) | None => format!("  ({reason})"),
        };
    }
    match (entry.weight, entry.ground) {
        (Weight::Retire, Some(Ground::Deletion { at })) => format!("  (deleted at {})", instant(at)),
        (Weight::Retire, Some(Ground::Patience)) => "  (absent for long enough)".to_owned(),
        (Weight::Retire, Some(Ground::Decommissioned)) => "  (its account is decommissioned)".to_owned(),
        (Weight::Retire, Some(Ground::Revert)) => "  (the reverted run made it active)".to_owned(),
        _ => String::new(),
    }
}

/// Says what is left out, and where all of it stands.
fn read_on(summary: &RunSummary, directory: &RunDirectory, shown: &[Entry]) -> String {
    let changes = &summary.changes;
    let count =
        |weights: &[Weight]| shown.iter().filter(|entry| weights.contains(&entry.weight)).count() as u64;
    let left: Vec<String> = [
        (changes.retire - count(&[Weight::Retire]).min(changes.retire), "to retire"),
        (changes.create - count(&[Weight::Create]).min(changes.create), "to create"),
        (changes.update - count(&[Weight::Update]).min(changes.update), "to update"),
        (
            changes.withheld
                - count(&[Weight::WithheldRetire, Weight::Withheld, Weight::WithheldByRule])
                    .min(changes.withheld),
            "withheld",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let rest = if left.is_empty() { String::new() } else { format!("  not shown: {}\n", left.join(", ")) };
    format!("{rest}  all: {}; why: bestand explain {} KEY\n", directory.place("changes"), summary.run_id)
}
