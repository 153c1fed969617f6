//! Open intents of an earlier publication, with registers of every ability.

use std::fs;
use std::sync::atomic::Ordering;

use bestand_model::run_summary::PublicationCounts;
use bestand_publisher::publish::{PlanError, PublishError, Receipt, ReceiptStatus, settle_open_intents};
use serde_json::Value;

use crate::drive::finish;
use crate::faulty_register::{Fault, FaultyRegister};
use crate::world::{World, settings};

/// Kills a publication of one batch after the register carried it out, before the receipt.
fn killed_after_commit(world: &World) {
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(100, 1), 2).is_none());
    assert_eq!(world.register.carried_out().len(), world.sent.len());
    assert!(world.directory.receipts().unwrap().is_empty());
}

/// Kills a publication of one batch after its intent, before the register has it.
fn killed_before_commit(world: &World) {
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(100, 1), 1).is_none());
    assert_eq!(world.directory.intents().unwrap(), ["000001"]);
    assert!(world.register.carried_out().is_empty());
}

/// The same where preconditions are not enforced: the two steps of a look come first.
fn killed_after_commit_after_a_look(world: &World) {
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(100, 1), 4).is_none());
    assert_eq!(world.register.carried_out().len(), world.sent.len());
}

fn killed_before_commit_after_a_look(world: &World) {
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(100, 1), 3).is_none());
    assert!(world.register.carried_out().is_empty());
}

#[test]
fn semantics_3_5_the_plans_mark_and_content_prove_that_it_was_applied_without_sending() {
    let world = World::new(9);
    killed_after_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(register.applies.load(Ordering::Relaxed), 0);
    assert_eq!(world.receipts()[&world.key(0)].code.as_deref(), Some("read_back"));
    world.all_applied_once();
}

#[test]
fn semantics_3_5_applied_and_then_edited_is_known_by_the_key() {
    let world = World::new(9);
    killed_after_commit(&world);
    (0..9).for_each(|number| world.register.somebody_edits(world.key(number)));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(publication.counts.applied, 9);
    world.receipts_are_true();
}

#[test]
fn semantics_3_10_without_remembered_keys_what_moved_is_conflicted_and_never_sent_again() {
    let mut world = World::new(9);
    world.register.identity.capabilities.idempotency = false;
    killed_after_commit(&world);
    world.register.somebody_edits(world.key(4));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 8, conflicted: 1, ..Default::default() });
    assert_eq!(world.status(4), ReceiptStatus::Conflicted);
    assert_eq!(register.applies.load(Ordering::Relaxed), 0);
    world.nothing_doubled();
}

#[test]
fn semantics_3_5_what_somebody_else_wrote_is_not_ours_though_it_says_the_same() {
    for idempotency in [true, false] {
        let mut world = World::new(9);
        world.register.identity.capabilities.idempotency = idempotency;
        killed_before_commit(&world);
        let owner = world.sent[1].after.attributes["owner"].clone();
        world.register.somebody_sets(world.key(1), &[("owner", owner), ("gone", Value::Null)]);
        let register = FaultyRegister::new(&world.register, []);
        let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { applied: 8, conflicted: 1, ..Default::default() });
        world.receipts_are_true();
    }
}

#[test]
fn semantics_3_10_without_marks_the_key_alone_settles_it() {
    let mut world = World::new(9);
    world.register.identity.capabilities.read_back = false;
    killed_after_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(100, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_10_without_marks_and_keys_the_content_alone_settles_it() {
    let mut world = World::new(9);
    world.register.identity.capabilities.read_back = false;
    world.register.identity.capabilities.idempotency = false;
    killed_after_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(100, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_10_without_enforced_preconditions_bestand_looks_before_it_writes() {
    let mut world = World::new(12);
    world.register.identity.capabilities.preconditions = false;
    world.register.somebody_edits(world.key(5));
    let before = world.register.entry(world.key(5));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(4, 2))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 11, conflicted: 1, ..Default::default() });
    assert_eq!(world.register.entry(world.key(5)), before);
    world.receipts_are_true();
}

#[test]
fn semantics_3_10_with_neither_keys_nor_preconditions_nothing_is_sent_twice() {
    for read_back in [true, false] {
        let mut world = World::new(9);
        let capabilities = &mut world.register.identity.capabilities;
        (capabilities.idempotency, capabilities.preconditions) = (false, false);
        capabilities.read_back = read_back;
        // The first look is before the writing; the batch arrives while the second is under way.
        let register = FaultyRegister::new(&world.register, [Fault::None, Fault::ArrivesLate]);
        let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { unknown: 9, ..Default::default() });
        assert_eq!(register.applies.load(Ordering::Relaxed), 1);
        let receipt = &world.receipts()[&world.key(0)];
        assert!(receipt.reason.as_ref().unwrap().contains("nothing is sent twice"), "{receipt:?}");
        // It is found once it can be seen.
        finish(world.publish(&register, settings(100, 1))).unwrap();
        world.all_applied_once();

        // What never arrived is left to the next run.
        let mut world = World::new(9);
        let capabilities = &mut world.register.identity.capabilities;
        (capabilities.idempotency, capabilities.preconditions) = (false, false);
        killed_before_commit_after_a_look(&world);
        let register = FaultyRegister::new(&world.register, []);
        let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { unknown: 9, ..Default::default() });
        assert_eq!(register.applies.load(Ordering::Relaxed), 0);
        world.nothing_doubled();
    }
}

#[test]
fn semantics_3_10_with_keys_alone_what_the_entry_says_settles_it() {
    let mut world = World::new(9);
    let capabilities = &mut world.register.identity.capabilities;
    (capabilities.preconditions, capabilities.read_back) = (false, false);
    killed_after_commit_after_a_look(&world);
    world.register.somebody_edits(world.key(4));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 8, conflicted: 1, ..Default::default() });
    assert_eq!((world.status(4), register.applies.load(Ordering::Relaxed)), (ReceiptStatus::Conflicted, 0));
    world.nothing_doubled();
}

#[test]
fn semantics_3_5_keys_that_were_forgotten_double_nothing() {
    let world = World::new(9);
    killed_after_commit(&world);
    world.register.forget_keys();
    world.register.somebody_edits(world.key(1));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 8, conflicted: 1, ..Default::default() });
    world.nothing_doubled();
}

#[test]
fn semantics_3_5_open_intents_are_settled_before_anything_else_is_sent() {
    let world = World::new(12);
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(3, 2), 1).is_none());
    let open = ["000001", "000002"];
    assert_eq!(world.directory.intents().unwrap(), open);
    // The first steps read back; they end with receipts, before another intent is written.
    let begins_another = (1..).find(|steps| {
        let register = FaultyRegister::new(&world.register, [Fault::NotSent; 2]);
        assert!(world.publish_killed(&register, settings(3, 2), *steps).is_none());
        world.directory.intents().unwrap() != open
    });
    assert!(begins_another.unwrap() > 2);
    assert_eq!(world.directory.receipts().unwrap(), open);
    finish(world.publish(&register, settings(3, 2))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_5_a_receipt_that_leaves_a_change_out_is_open() {
    let world = World::new(9);
    killed_after_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(100, 1))).unwrap();
    let mut receipt: Receipt = world.directory.read_receipt("000001").unwrap().unwrap();
    receipt.results.truncate(6);
    world.directory.write_receipt("000001", &receipt).unwrap();
    assert_eq!(world.counts(), PublicationCounts { applied: 6, unknown: 3, ..Default::default() });
    finish(world.publish(&register, settings(100, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_6_a_new_run_finds_out_what_the_last_one_did() {
    let world = World::new(9);
    killed_after_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    let counts = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap();
    assert_eq!(counts.applied, 9);
    world.all_applied_once();
}

#[test]
fn semantics_3_6_a_new_run_sends_nothing_of_an_old_plan_that_could_still_be_applied() {
    let world = World::new(9);
    killed_before_commit(&world);
    let register = FaultyRegister::new(&world.register, []);
    let counts = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap();
    assert_eq!(counts, PublicationCounts { unknown: 9, ..Default::default() });
    assert!(world.register.carried_out().is_empty());
    assert_eq!(world.receipts()[&world.key(0)].code.as_deref(), Some("not_applied"));
    finish(world.publish(&register, settings(100, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_6_a_new_run_learns_by_key_what_became_of_an_entry_that_moved() {
    let world = World::new(9);
    killed_after_commit(&world);
    (0..9).for_each(|number| world.register.somebody_edits(world.key(number)));
    let register = FaultyRegister::new(&world.register, []);
    let counts = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap();
    assert_eq!(counts.applied, 9);
    world.receipts_are_true();
}

#[test]
fn settling_asks_nothing_where_nothing_is_open() {
    let world = World::new(9);
    let register = FaultyRegister::new(&world.register, []);
    let counts = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap();
    assert_eq!((counts.unknown, register.calls()), (9, 0));
}

#[test]
fn an_old_plan_that_was_cleared_away_holds_up_no_new_run_once_it_is_settled() {
    let world = World::new(9);
    let register = FaultyRegister::new(&world.register, []);
    killed_after_commit(&world);
    fs::rename(world.path("changes"), world.path("elsewhere")).unwrap();
    let error = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap_err();
    assert!(matches!(error, PublishError::Plan(PlanError::Tampered { .. })), "{error}");
    fs::rename(world.path("elsewhere"), world.path("changes")).unwrap();
    finish(world.publish(&register, settings(100, 1))).unwrap();
    fs::remove_dir_all(world.path("changes")).unwrap();
    let counts = finish(settle_open_intents(&world.directory, &world.plan, &register)).unwrap();
    assert_eq!(counts.applied, 9);
}
