//! What somebody else changed in the central register since bestand published it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::proof::only;
use super::support::*;
use crate::asset::{AssetState, PublishedAsset};
use crate::change_set::ChangeKind;
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::last_published::{Applied, LastPublished, Publications, PublishedMemory};
use crate::reconciliation::AccountReconciliation;

/// A queue with an owner, live, recorded and published, with what is remembered of the publication.
fn published() -> (Estate, Vec<LastPublished>) {
    let mut record = by_id("a", Some("eu"), QUEUE, "q");
    record.attributes.insert("owner".into(), "netz".into());
    let mut live = item("eu", QUEUE, "q");
    live.attributes.insert("configuration.x".into(), 1.into());
    let mut estate = Estate::seen().items([live]).records([record]);
    let lines = publish(&mut estate, Vec::new(), 0);
    (estate, lines)
}

/// Publishes what a run plans, and remembers it.
fn publish(estate: &mut Estate, lines: Vec<LastPublished>, hour: i64) -> Vec<LastPublished> {
    let result = estate.run(&AccountHistory::default(), at(hour));
    apply(&mut estate.published, &result.changes);
    let mut lines: BTreeMap<_, _> = lines.into_iter().map(|line| (line.asset_key, line)).collect();
    for change in result.changes.iter().filter(|change| change.kind.is_sent()) {
        let entry = estate.published.iter().find(|entry| entry.asset_key == change.asset_key).unwrap();
        let plan = format!("plan-{hour}");
        let applied =
            Applied { plan: &plan, planned_at: at(hour), change, version: Some(entry.version.clone()) };
        let before = lines.remove(&change.asset_key);
        lines.insert(change.asset_key, LastPublished::after(before, applied));
    }
    lines.into_values().collect()
}

/// Erika writes.
fn edit(estate: &mut Estate, edit: impl FnOnce(&mut PublishedAsset)) {
    let entry = estate.published.first_mut().unwrap();
    entry.version = (entry.version.parse::<u64>().unwrap() + 1).to_string();
    entry.last_writer = Some("erika".into());
    entry.last_plan = None;
    entry.updated_at = Some(at(5));
    edit(entry);
}

fn remember(estate: Estate, lines: Vec<LastPublished>) -> Estate {
    Estate { memory: PublishedMemory::new(Publications::default(), lines), ..estate }
}

fn attributes(result: &AccountReconciliation) -> Vec<&str> {
    let external = result.findings.iter().filter(|of| of.kind == FindingKind::ExternallyChanged);
    external.filter_map(|of| of.attribute.as_deref()).collect()
}

#[test]
fn semantics_3_2_what_somebody_else_changed_is_told_and_published_again() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "by hand".into());
        entry.attributes.insert("their_own".into(), "note".into());
        entry.attributes.remove("configuration.x");
    });
    let result = remember(estate, lines).once();
    assert_eq!(attributes(&result), ["configuration.x", "owner"]);
    let owner = result.findings.iter().find(|of| of.attribute.as_deref() == Some("owner")).unwrap();
    assert_eq!(owner.published, Some(json!("by hand")));
    let evidence: Vec<&Value> =
        ["last_published", "last_writer", "updated_at", "policy"].map(|name| &owner.evidence[name]).into();
    assert_eq!(evidence, [&json!("netz"), &json!("erika"), &json!(at(5)), &json!("overwrite")]);
    let after = &result.changes[0].after.attributes;
    assert_eq!((&after["owner"], &after["configuration.x"], after.len()), (&json!("netz"), &json!(1), 2));
}

#[test]
fn semantics_3_2_a_writer_whom_the_register_does_not_name_is_unknown() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "by hand".into());
        entry.last_writer = None;
    });
    let result = remember(estate, lines).once();
    assert_eq!(result.findings[0].evidence["last_writer"], "unknown");
}

#[test]
fn semantics_3_2_a_state_that_somebody_else_set_is_told() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| entry.state = AssetState::Retired);
    let result = remember(estate, lines).once();
    assert_eq!(attributes(&result), ["state"]);
    let finding = &result.findings[0];
    assert_eq!(
        (&finding.published, &finding.evidence["last_published"]),
        (&Some(json!("retired")), &json!("active"))
    );
    assert_eq!(result.changes[0].after.state, Some(AssetState::Active), "it lives: reactivated");
}

#[test]
fn semantics_3_2_lost_memory_only_means_that_nothing_can_be_told() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "by hand".into());
    });
    let lost = estate.once();
    let known = remember(estate, lines).once();
    assert_eq!(attributes(&lost), Vec::<&str>::new());
    assert_eq!(lost.changes, known.changes);
}

#[test]
fn semantics_3_2_what_all_sides_agree_on_by_now_is_no_difference() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "depot".into());
    });
    // The owners of the source register were asked, and changed their row.
    estate.records[0].attributes.insert("owner".into(), "depot".into());
    let result = remember(estate, lines).once();
    assert_eq!((attributes(&result), only(&result).0), (vec![], ChangeKind::Unchanged));
}

#[test]
fn semantics_3_2_an_entry_that_is_withheld_or_in_the_dark_is_told_of_all_the_same() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "by hand".into());
    });
    let estate = remember(estate, lines);
    let dark = estate.clone().lines([gap("eu", Some(QUEUE), Reason::Throttled)]);
    assert_eq!(attributes(&dark.once()), ["owner"]);
    let quarrel = estate.records([by_id("b", Some("eu"), QUEUE, "q")]).once();
    assert_eq!(attributes(&quarrel), ["owner"]);
    assert_eq!(kinds(&quarrel), [ChangeKind::Withheld]);
}

#[test]
fn semantics_3_2_what_was_overwritten_is_told_no_more() {
    let (mut estate, lines) = published();
    edit(&mut estate, |entry| {
        entry.attributes.insert("owner".into(), "by hand".into());
    });
    let mut estate = remember(estate, lines.clone());
    let lines = publish(&mut estate, lines, 6);
    let after = remember(estate, lines).once();
    assert_eq!((attributes(&after), only(&after).0), (vec![], ChangeKind::Unchanged));
}
