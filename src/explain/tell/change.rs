//! What each source says, what is planned, and what became of it.

use std::collections::BTreeSet;

use bestand_model::change_set::{Change, ChangeKind, Precondition, Provenance};
use bestand_model::reconciliation::{ExplainedAttribute, Explanation};
use bestand_publisher::publish::ReceiptStatus;
use serde_json::Value;

use super::{code, value_words};
use crate::explain::publication::Publication;
use crate::explain::story::{Planned, Story};
use crate::explain::text::Page;
use crate::explain::words;

/// Attributes whose sources are of one mind are only counted.
pub(super) fn attributes(page: &mut Page, asset: &Explanation) {
    if asset.attributes.is_empty() {
        return;
    }
    page.heading("Attributes");
    if asset.entries.is_empty() && asset.attributes.iter().all(|attribute| !attribute.set_by_change) {
        unpublished(page, asset);
        return;
    }
    let (told, settled): (Vec<&ExplainedAttribute>, Vec<&ExplainedAttribute>) =
        asset.attributes.iter().partition(|attribute| attribute.is_of_interest());
    let rows: Vec<[String; 4]> = told.into_iter().map(row).collect();
    if !rows.is_empty() {
        page.table(["attribute", "stands", "from", "what the others say"], &rows);
    }
    if !settled.is_empty() {
        let names: Vec<&str> = settled.iter().map(|attribute| attribute.name.as_str()).collect();
        page.line(&format!("Nobody says otherwise, and nothing changes: {}.", names.join(", ")));
    }
}

/// Where nothing is published nobody wins.
fn unpublished(page: &mut Page, asset: &Explanation) {
    let says = |attribute: &ExplainedAttribute, source: Provenance| {
        let own = attribute.says.iter().find(|says| says.source == source);
        own.map_or_else(|| "-".to_owned(), |says| value_words(&says.value))
    };
    let rows: Vec<[String; 3]> = asset
        .attributes
        .iter()
        .filter(|attribute| attribute.is_of_interest())
        .map(|attribute| {
            let [live, registered] =
                [Provenance::ConfigService, Provenance::SourceRegister].map(|source| says(attribute, source));
            [attribute.name.clone(), live, registered]
        })
        .collect();
    page.line("Nothing is published of it. What its sources say:");
    page.table(["attribute", "AWS Config", "source register"], &rows);
}

fn row(attribute: &ExplainedAttribute) -> [String; 4] {
    let source = attribute.source.as_ref().map_or_else(|| "-".to_owned(), words::source);
    let others = attribute.says.iter().filter(|says| !says.agrees);
    let others: Vec<String> = others
        .map(|says| {
            let why = says.why.map(|why| format!(" ({})", words::why(why, &source))).unwrap_or_default();
            format!("{}: {}{why}", words::source(&says.source), value_words(&says.value))
        })
        .collect();
    let stands = attribute.value.as_ref().map_or_else(|| "-".to_owned(), value_words);
    [attribute.name.clone(), stands, source, others.join("; ")]
}

/// The changes, or that there is none.
pub(super) fn planned(page: &mut Page, story: &Story) {
    if story.asset.is_none() {
        return;
    }
    page.heading("Change");
    if story.planned.is_empty() {
        page.line("None: nothing is published of it, and nothing is due.");
    }
    let several = story.planned.len() > 1;
    for planned in &story.planned {
        if several {
            page.line(&format!("Of asset key {}:", planned.change.asset_key));
        }
        one(page, story, planned);
    }
}

fn one(page: &mut Page, story: &Story, planned: &Planned) {
    let change = &planned.change;
    match (&planned.withheld, change.kind) {
        (Some(withheld), _) => {
            let would_be = change.would_be.map(|kind| format!("{} is withheld", capital(&code(&kind))));
            let would_be = would_be.unwrap_or_else(|| "Withheld".to_owned());
            page.line(&format!("{would_be}, {}: {}", withheld.reason, withheld.meaning));
            page.line(&format!("What would lift it: {}.", withheld.lifted_by));
        }
        (None, ChangeKind::Unchanged) => page.line("None: the entry says what it should."),
        (None, kind) => page.line(&format!("{}{}.", capital(&code(&kind)), precondition(change))),
    }
    if let Some(ground) = change.ground {
        page.line(&format!("It rests on {}.", words::ground(ground)));
    }
    let rows = rows(change);
    if change.kind == ChangeKind::Create {
        page.line(&format!("{} attributes are set, see above.", change.after.attributes.len()));
    } else if !rows.is_empty() {
        page.table(["sets", "before", "after", "from"], &rows);
    }
    if change.kind.is_sent() {
        page.line(&publication(story, planned.publication.as_ref()));
    }
}

fn precondition(change: &Change) -> String {
    match &change.precondition {
        Some(Precondition::Absent(_)) => ", if no entry has the key".to_owned(),
        Some(Precondition::Version(version)) => format!(", if the entry still has version {version}"),
        None => String::new(),
    }
}

fn rows(change: &Change) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    let text = |value: Option<&Value>| value.map_or_else(|| "none".to_owned(), value_words);
    if let Some(state) = change.after.state {
        let before = change.before.state.map(|state| code(&state)).unwrap_or_else(|| "none".to_owned());
        rows.push(["state".to_owned(), before, code(&state), String::new()]);
    }
    if let Some(account) = &change.after.account_id {
        let before = change.before.account_id.as_ref().map_or("none".to_owned(), ToString::to_string);
        rows.push(["account_id".to_owned(), before, account.to_string(), String::new()]);
    }
    let names: BTreeSet<&String> =
        change.after.attributes.keys().chain(change.before.attributes.keys()).collect();
    for name in names {
        let source = change.provenance.get(name).map_or_else(String::new, words::source);
        rows.push([
            name.clone(),
            text(change.before.attributes.get(name)),
            text(change.after.attributes.get(name)),
            source,
        ]);
    }
    rows
}

fn publication(story: &Story, publication: Option<&Publication>) -> String {
    let Some(publication) = publication else {
        return if story.run.plan_digest.is_some() {
            "It was not sent: the plan was not published, or not that far.".to_owned()
        } else {
            "It was not sent: there is no plan.".to_owned()
        };
    };
    let batch = &publication.batch;
    let reason = [&publication.code, &publication.reason].into_iter().flatten().cloned().collect::<Vec<_>>();
    let reason = if reason.is_empty() { String::new() } else { format!(" ({})", reason.join(": ")) };
    match (publication.status, &publication.version) {
        (ReceiptStatus::Applied, Some(version)) => {
            format!("Applied in batch {batch}{reason}: the entry now has version {version}.")
        }
        (ReceiptStatus::Applied, None) => format!("Applied in batch {batch}{reason}."),
        (ReceiptStatus::Rejected, _) => format!("Rejected by the central register in batch {batch}{reason}."),
        (ReceiptStatus::Conflicted, version) => {
            let there = version.as_ref().map(|version| format!(", and now has version {version}"));
            format!(
                "Left alone in batch {batch}{reason}: the entry moved since the plan was made{}.",
                there.unwrap_or_default()
            )
        }
        (ReceiptStatus::Unknown, _) => format!(
            "Sent in batch {batch}, and nobody knows what became of it{reason}: `bestand publish {}` finds out.",
            story.run.run_id
        ),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
