use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::asset::AssetKey;

fn patch(state: Option<AssetState>, attributes: &[(&str, Value)]) -> AssetPatch {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    AssetPatch { state, account_id: None, attributes }
}

/// What was applied to the entry's version 3 and made it version 4.
fn applied(kind: ChangeKind, before: AssetPatch, after: AssetPatch) -> Change {
    let account = Some("111122223333".parse().unwrap());
    let blank = Change::blank(kind, AssetKey(Uuid::from_u128(7)), account);
    Change { before, after, ..blank }.sealed()
}

fn entry(version: &str, state: AssetState, attributes: &[(&str, Value)]) -> PublishedAsset {
    PublishedAsset {
        asset_key: AssetKey(Uuid::from_u128(7)),
        version: version.to_owned(),
        state,
        account_id: Some("111122223333".parse().unwrap()),
        attributes: patch(None, attributes).attributes,
        last_plan: Some("plan".to_owned()),
        last_writer: None,
        updated_at: None,
    }
}

fn owner_changed() -> Change {
    let before = patch(None, &[("owner", json!("anna")), ("team", Value::Null)]);
    applied(ChangeKind::Update, before, patch(None, &[("owner", json!("bert")), ("team", json!("bus"))]))
}

fn created() -> Change {
    applied(ChangeKind::Create, AssetPatch::default(), patch(None, &[("owner", json!("anna"))]))
}

fn withheld_for(change: &Change) -> (ChangeKind, Option<WithheldReason>, Option<ChangeKind>) {
    assert_eq!(change.digest, change.compute_digest());
    assert!(change.precondition.is_none() && change.after.is_empty(), "nothing of it is sent: {change:?}");
    (change.kind, change.reason, change.would_be)
}

const MOVED_UPDATE: (ChangeKind, Option<WithheldReason>, Option<ChangeKind>) =
    (ChangeKind::Withheld, Some(WithheldReason::MovedSince), Some(ChangeKind::Update));
const MOVED_RETIRE: (ChangeKind, Option<WithheldReason>, Option<ChangeKind>) =
    (ChangeKind::Withheld, Some(WithheldReason::MovedSince), Some(ChangeKind::Retire));

#[test]
fn semantics_3_13_an_update_is_undone_to_the_letter_under_the_version_of_today() {
    // Somebody else wrote an attribute of his own meanwhile: that is no reason to keep ours.
    let now = entry(
        "5",
        AssetState::Active,
        &[("owner", json!("bert")), ("team", json!("bus")), ("theirs", json!(1))],
    );
    let undone = inverse(&owner_changed(), Some("4"), Some(&now));
    assert_eq!(undone.kind, ChangeKind::Update);
    assert_eq!(undone.precondition, Some(Precondition::Version("5".into())));
    assert_eq!(undone.after, patch(None, &[("owner", json!("anna")), ("team", Value::Null)]));
    assert_eq!(undone.before, patch(None, &[("owner", json!("bert")), ("team", json!("bus"))]));
    assert_eq!(undone.digest, undone.compute_digest());
}

#[test]
fn semantics_3_13_what_moved_since_is_left_alone_as_a_whole() {
    let moved = entry("5", AssetState::Active, &[("owner", json!("carl")), ("team", json!("bus"))]);
    assert_eq!(withheld_for(&inverse(&owner_changed(), Some("4"), Some(&moved))), MOVED_UPDATE);
    assert_eq!(withheld_for(&inverse(&owner_changed(), Some("4"), None)), MOVED_UPDATE, "the entry is gone");
}

#[test]
fn semantics_3_13_a_create_is_undone_by_retiring_what_nobody_touched_since() {
    let untouched = entry("1", AssetState::Active, &[("owner", json!("anna"))]);
    let undone = inverse(&created(), Some("1"), Some(&untouched));
    assert_eq!((undone.kind, undone.ground), (ChangeKind::Retire, Some(Ground::Revert)));
    assert_eq!(undone.precondition, Some(Precondition::Version("1".into())));
    assert_eq!(undone.before, patch(Some(AssetState::Active), &[]));
    assert_eq!(undone.after, patch(Some(AssetState::Retired), &[]));
}

#[test]
fn semantics_3_13_nothing_is_retired_that_anybody_wrote_into_since() {
    let theirs = entry("2", AssetState::Active, &[("owner", json!("anna")), ("theirs", json!(1))]);
    assert_eq!(withheld_for(&inverse(&created(), Some("1"), Some(&theirs))), MOVED_RETIRE);
    // A register that tells no version leaves open whether somebody did.
    assert_eq!(withheld_for(&inverse(&created(), None, Some(&theirs))), MOVED_RETIRE);
    let brought_back = applied(
        ChangeKind::Update,
        patch(Some(AssetState::Retired), &[]),
        patch(Some(AssetState::Active), &[]),
    );
    let now = entry("5", AssetState::Active, &[]);
    assert_eq!(withheld_for(&inverse(&brought_back, Some("4"), Some(&now))), MOVED_RETIRE);
    let now = entry("4", AssetState::Active, &[]);
    assert_eq!(inverse(&brought_back, Some("4"), Some(&now)).kind, ChangeKind::Retire);
}

#[test]
fn semantics_3_13_a_retired_entry_is_brought_back() {
    let retired = applied(
        ChangeKind::Retire,
        patch(Some(AssetState::Active), &[]),
        patch(Some(AssetState::Retired), &[]),
    );
    let undone = inverse(&retired, Some("4"), Some(&entry("6", AssetState::Retired, &[])));
    assert_eq!((undone.kind, undone.ground), (ChangeKind::Update, None));
    assert_eq!(undone.after, patch(Some(AssetState::Active), &[]));
    assert_eq!(undone.precondition, Some(Precondition::Version("6".into())));
}

#[test]
fn semantics_3_13_what_is_undone_already_stays_as_it_is() {
    let undone = entry("5", AssetState::Active, &[("owner", json!("anna"))]);
    assert_eq!(inverse(&owner_changed(), Some("4"), Some(&undone)).kind, ChangeKind::Unchanged);
    let retired = entry("2", AssetState::Retired, &[("owner", json!("anna"))]);
    assert_eq!(inverse(&created(), Some("1"), Some(&retired)).kind, ChangeKind::Unchanged);
}

#[test]
fn semantics_3_13_an_account_that_was_given_is_not_taken_away() {
    let mut placed = applied(ChangeKind::Update, AssetPatch::default(), AssetPatch::default());
    placed.after.account_id = Some("111122223333".parse().unwrap());
    let now = entry("4", AssetState::Active, &[]);
    let (kind, reason, _) = withheld_for(&inverse(&placed, Some("4"), Some(&now)));
    assert_eq!((kind, reason), (ChangeKind::Withheld, Some(WithheldReason::NotRevertible)));
    // One that was changed goes back.
    placed.before.account_id = Some("444455556666".parse().unwrap());
    let undone = inverse(&placed, Some("4"), Some(&now));
    assert_eq!(undone.after.account_id, placed.before.account_id);
    assert_eq!(undone.before.account_id, placed.after.account_id);
}

#[test]
fn semantics_3_13_reverting_a_revert_restores_what_was_applied() {
    let applied = owner_changed();
    let now = entry("4", AssetState::Active, &[("owner", json!("bert")), ("team", json!("bus"))]);
    let undone = inverse(&applied, Some("4"), Some(&now));
    let now = entry("5", AssetState::Active, &[("owner", json!("anna"))]);
    let again = inverse(&undone, Some("5"), Some(&now));
    assert_eq!((again.kind, again.after), (ChangeKind::Update, applied.after));
}

/// What a register does with a change.
fn apply(change: &Change, entry: &PublishedAsset) -> PublishedAsset {
    let mut entry = entry.clone();
    let retired = (change.kind == ChangeKind::Retire).then_some(AssetState::Retired);
    entry.state = retired.or(change.after.state).unwrap_or(entry.state);
    entry.account_id = change.after.account_id.clone().or(entry.account_id);
    entry.attributes.extend(change.after.attributes.clone());
    entry.attributes.retain(|_, value| !value.is_null());
    entry.version = (entry.version.parse::<u64>().unwrap() + 1).to_string();
    entry
}

fn values() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let value = prop_oneof![Just(Value::Null), (0..3u8).prop_map(Value::from), Just(json!("x"))];
    btree_map("[abc]", value, 0..4)
}

fn state() -> impl Strategy<Value = AssetState> {
    prop_oneof![Just(AssetState::Active), Just(AssetState::Retired)]
}

proptest! {
    #[test]
    fn semantics_3_13_undoing_gives_back_what_was_there_and_nothing_else(
        there in values(), was in state(), set in values(), becomes in proptest::option::of(state()), theirs in values(),
    ) {
        let mut before = entry("1", was, &[]);
        before.attributes = there.into_iter().filter(|(_, value)| !value.is_null()).collect();
        // As a plan is made: only what differs is set, and `before` names what stood there.
        let current = |name: &String| before.attributes.get(name).cloned().unwrap_or_default();
        let set: BTreeMap<_, _> = set.into_iter().filter(|(name, value)| *value != current(name)).collect();
        let becomes = becomes.filter(|state| *state != was);
        let old = set.keys().map(|name| (name.clone(), current(name))).collect();
        let kind = if becomes == Some(AssetState::Retired) { ChangeKind::Retire } else { ChangeKind::Update };
        let old = AssetPatch { state: becomes.map(|_| was), account_id: None, attributes: old };
        let change = applied(kind, old, AssetPatch { state: becomes, account_id: None, attributes: set });
        let after = apply(&change, &before);
        let undone = inverse(&change, Some("2"), Some(&after));
        let back = apply(&undone, &after);
        prop_assert_eq!((&back.attributes, back.state), (&before.attributes, before.state), "{:?}", undone);

        // Somebody else writes: he keeps every word of his, and nothing is retired any more.
        let mut hers = after.clone();
        hers.version = "3".into();
        hers.attributes.extend(theirs.clone());
        hers.attributes.retain(|_, value| !value.is_null());
        let undone = inverse(&change, Some("2"), Some(&hers));
        prop_assert!(undone.kind != ChangeKind::Retire);
        let back = apply(&undone, &hers);
        for (name, value) in theirs {
            let set_the_same = change.after.attributes.get(&name) == Some(&value);
            let now = back.attributes.get(&name).cloned().unwrap_or_default();
            prop_assert!(now == value || set_the_same, "{name}: {now} rather than {value}: {undone:?}");
        }
    }
}
