//! A disk that fails in the middle of a publication.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use bestand_publisher::publish::PublishError;
use bestand_publisher::run_store::RunStoreError;

use crate::drive::finish;
use crate::faulty_register::FaultyRegister;
use crate::world::{World, settings};

/// `/dev/full` answers every write with the system's own "no space left".
fn disk_is_full_at(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink("/dev/full", path).unwrap();
}

#[test]
fn semantics_3_5_without_an_intent_on_the_disk_nothing_is_sent() {
    let world = World::new(12);
    disk_is_full_at(&world.path("intents/000001.json.partial"));
    let register = FaultyRegister::new(&world.register, []);
    let error = finish(world.publish(&register, settings(3, 1))).unwrap_err();
    assert!(matches!(error, PublishError::Store(RunStoreError::DiskFull { .. })), "{error}");
    assert!(world.register.carried_out().is_empty());
    assert!(world.directory.intents().unwrap().is_empty());
    finish(world.publish(&register, settings(3, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_5_a_receipt_that_finds_no_room_is_settled_by_the_next_publication() {
    let world = World::new(12);
    disk_is_full_at(&world.path("receipts/000002.json.partial"));
    let register = FaultyRegister::new(&world.register, []);
    let error = finish(world.publish(&register, settings(3, 2))).unwrap_err();
    let PublishError::Store(RunStoreError::DiskFull { path, .. }) = &error else { panic!("{error}") };
    assert_eq!(path, "runs/run-1/receipts/000002.json");
    let receipts = world.directory.receipts().unwrap();
    assert!(!receipts.contains(&"000002".to_owned()));
    let open = world.directory.intents().unwrap().len() - receipts.len();
    assert_eq!(open, 1, "the other open batch was finished");
    world.receipts_are_true();
    finish(world.publish(&register, settings(3, 2))).unwrap();
    world.all_applied_once();
}
