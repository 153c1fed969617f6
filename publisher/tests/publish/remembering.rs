//! What was applied, and nothing else, is noted for the next comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bestand_model::asset::{AssetKey, AssetState};
use bestand_model::change_set::ChangeKind;
use bestand_model::last_published::{LastPublished, PublishedMemory};
use bestand_publisher::publish::{
    PUBLISHED_MEMORY, ReceiptStatus, note_applied, note_beginning, publications, readable,
};
use bestand_publisher::run_store::RunStore;
use serde_json::json;

use crate::drive::finish;
use crate::faulty_register::{Fault, FaultyRegister};
use crate::world::{World, settings};

const CHANGES: usize = 13;
const BATCH_SIZE: usize = 3;

fn root(world: &World) -> PathBuf {
    world.path("plan.json").ancestors().nth(3).unwrap().to_owned()
}

fn store(world: &World) -> RunStore {
    RunStore::open(&format!("file://{}", root(world).display()), Path::new(".")).unwrap()
}

fn lines(store: &RunStore) -> BTreeMap<AssetKey, LastPublished> {
    let mut all = BTreeMap::new();
    for file in store.history_spools(PUBLISHED_MEMORY).unwrap() {
        let before: Vec<AssetKey> = all.keys().copied().collect();
        let of_file: Vec<LastPublished> =
            readable(store, &format!("{PUBLISHED_MEMORY}/{file}")).unwrap().collect();
        assert!(of_file.is_sorted_by_key(|line| line.asset_key), "in the order of keys");
        all.extend(of_file.into_iter().map(|line| (line.asset_key, line)));
        assert!(before.iter().all(|key| all.contains_key(key)));
    }
    all
}

/// Notes, and holds what is noted against receipts and register.
fn note(world: &World) -> BTreeMap<AssetKey, LastPublished> {
    let store = store(world);
    note_applied(&store, &world.directory, &world.plan).unwrap();
    let lines = lines(&store);
    let applied: Vec<AssetKey> = world
        .receipts()
        .into_values()
        .filter(|receipt| receipt.status == ReceiptStatus::Applied)
        .map(|receipt| receipt.asset_key)
        .collect();
    assert_eq!(lines.keys().copied().collect::<Vec<_>>(), applied, "applied changes alone");
    let memory = PublishedMemory::new(publications(&store).unwrap(), lines.values().cloned());
    for (key, line) in &lines {
        let entry = world.register.entry(*key).unwrap();
        assert_eq!(line.version.as_deref(), Some(entry.version.as_str()));
        assert_eq!(memory.changed(&entry), [], "nobody else has written");
    }
    lines
}

fn publish_whole(world: &World) {
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(BATCH_SIZE, 2))).unwrap();
}

fn begin(world: &World) {
    note_beginning(&store(world), &world.plan).unwrap();
}

#[test]
fn semantics_3_2_each_applied_change_is_noted_with_what_it_set() {
    let world = World::new(CHANGES);
    begin(&world);
    publish_whole(&world);
    let lines = note(&world);
    assert_eq!(lines.len(), CHANGES);
    for change in &world.sent {
        let line = &lines[&change.asset_key];
        assert_eq!((&line.attributes, &line.plan), (&change.after.attributes, &world.plan.digest));
        let state = match change.kind {
            ChangeKind::Create => Some(AssetState::Active),
            ChangeKind::Retire => Some(AssetState::Retired),
            _ => None,
        };
        assert_eq!((line.state, line.shared), (state, false));
    }
    assert!(publications(&store(&world)).unwrap().is_noted(&world.plan.digest));
}

#[test]
fn semantics_3_2_a_publication_that_was_killed_anywhere_is_noted_as_far_as_it_came_and_whole_in_the_end() {
    for faults in [&[][..], &[Fault::None, Fault::LostAfter, Fault::LostBefore]] {
        for steps in 0..14 {
            let world = World::new(CHANGES);
            begin(&world);
            let register = FaultyRegister::new(&world.register, faults.iter().copied());
            let _ = world.publish_killed(&register, settings(BATCH_SIZE, 2), steps);
            let some = note(&world);
            register.let_late_batches_arrive();
            // Before it is settled nothing of what was on its way is taken for somebody else's.
            let known = publications(&store(&world)).unwrap();
            let memory = PublishedMemory::new(known, some.into_values());
            for change in &world.sent {
                let entry = world.register.entry(change.asset_key);
                assert!(entry.is_none_or(|entry| memory.changed(&entry).is_empty()));
            }
            finish(world.publish(&register, settings(BATCH_SIZE, 2))).unwrap();
            publish_whole(&world);
            let whole = note(&world);
            assert_eq!(whole.len(), CHANGES);
            assert_eq!(note(&world), whole, "once more changes nothing");
        }
    }
}

#[test]
fn semantics_3_2_what_was_planned_and_not_sent_is_not_noted() {
    let world = World::new(CHANGES);
    assert_eq!(note(&world).len(), 0);
    begin(&world);
    assert_eq!(note(&world).len(), 0);
    let known = publications(&store(&world)).unwrap();
    assert!(known.made(&world.plan.digest) && !known.is_noted(&world.plan.digest));
}

#[test]
fn semantics_3_2_a_damaged_memory_is_lost_as_far_as_it_is_damaged_and_begun_anew() {
    let world = World::new(CHANGES);
    begin(&world);
    publish_whole(&world);
    let store = store(&world);
    let file = root(&world).join("history/published/111111111111.ndjson.zst");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "no frame").unwrap();
    assert_eq!(note(&world).len(), CHANGES);
    std::fs::write(&file, "no frame").unwrap();
    assert!(lines(&store).len() < CHANGES);
}

#[test]
fn semantics_3_2_a_plan_that_was_altered_is_not_noted() {
    let world = World::new(CHANGES);
    begin(&world);
    publish_whole(&world);
    let mut altered = world.plan.clone();
    altered.settings_digest = json!("another").to_string();
    assert!(note_applied(&store(&world), &world.directory, &altered).is_err());
    assert_eq!(lines(&store(&world)).len(), 0);
}
