//! A plan that is not what was planned is refused before a single change is sent (promise 4).

use std::fs;

use bestand_model::change_set::Change;
use bestand_model::plan::Plan;
use bestand_publisher::publish::{
    Intent, PlanError, PublishError, Receipt, StopSignal, publish, verify_plan,
};
use bestand_publisher::run_store::Spool;

use crate::drive::finish;
use crate::faulty_register::FaultyRegister;
use crate::world::{World, settings};

const FILE: &str = "changes/111111111111.ndjson.zst";

fn refused(world: &World, plan: &Plan, why: &str) -> String {
    let error = verify_plan(&world.directory, plan).unwrap_err();
    let PlanError::Tampered { what, .. } = error else { panic!("{why}: {error}") };
    let register = FaultyRegister::new(&world.register, []);
    let (settings, stop) = (settings(4, 1), StopSignal::never());
    let publication = publish(&world.directory, plan, &register, &settings, &stop, &|_| ());
    let error = finish(publication).unwrap_err();
    assert!(matches!(error, PublishError::Plan(PlanError::Tampered { .. })), "{why}: {error}");
    assert_eq!(register.calls(), 0, "{why}");
    what
}

fn rewrite(world: &World, file: &str, alter: impl FnOnce(&mut Vec<Change>)) {
    let mut changes: Vec<Change> =
        world.directory.read(Spool::Changes, file).unwrap().collect::<Result<_, _>>().unwrap();
    alter(&mut changes);
    let mut writer = world.directory.spool(Spool::Changes, file).unwrap();
    changes.iter().for_each(|change| writer.push(change).unwrap());
    writer.finish().unwrap();
}

#[test]
fn promise_4_the_plan_as_it_was_made_is_accepted() {
    let world = World::new(9);
    verify_plan(&world.directory, &world.plan).unwrap();
    let read: Plan = world.directory.read_json("plan").unwrap().unwrap();
    verify_plan(&world.directory, &read).unwrap();
}

#[test]
fn promise_4_no_byte_of_a_change_file_may_differ_in_meaning() {
    let world = World::new(9);
    let whole = fs::read(world.path(FILE)).unwrap();
    let mut refusals = 0;
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x04;
        fs::write(world.path(FILE), &altered).unwrap();
        // Some bits of a compressed frame's head say nothing: with them the changes are still what was planned.
        if let Err(error) = verify_plan(&world.directory, &world.plan) {
            assert!(matches!(error, PlanError::Tampered { .. }), "byte {at}: {error}");
            refusals += 1;
        }
    }
    assert!(refusals > whole.len() * 9 / 10, "{refusals} of {}", whole.len());
}

#[test]
fn promise_4_an_edited_change_is_refused_even_with_its_digest_made_anew() {
    let world = World::new(9);
    rewrite(&world, "111111111111", |changes| {
        changes[0].after.attributes.insert("owner".into(), "mallory".into());
    });
    assert!(refused(&world, &world.plan, "edited").contains("line 1 of changes/111111111111"));
    rewrite(&world, "111111111111", |changes| {
        let change = changes.remove(0).sealed();
        changes.insert(0, change);
    });
    assert!(refused(&world, &world.plan, "sealed anew").contains("do not match their digest"));
}

#[test]
fn promise_4_lines_removed_added_or_moved_are_refused() {
    let alterations: [fn(&mut Vec<Change>); 3] = [
        |changes| drop(changes.pop()),
        |changes| changes.push(changes[0].clone()),
        |changes| changes.swap(0, 1),
    ];
    for alter in alterations {
        let world = World::new(9);
        rewrite(&world, "222222222222", alter);
        refused(&world, &world.plan, "lines");
    }
}

#[test]
fn promise_4_files_swapped_removed_or_added_are_refused() {
    let world = World::new(9);
    let other = world.path("changes/222222222222.ndjson.zst");
    let (left, right) = (fs::read(world.path(FILE)).unwrap(), fs::read(&other).unwrap());
    fs::write(world.path(FILE), &right).unwrap();
    fs::write(&other, &left).unwrap();
    refused(&world, &world.plan, "swapped");
    fs::write(world.path(FILE), &left).unwrap();
    fs::write(&other, &right).unwrap();
    verify_plan(&world.directory, &world.plan).unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(refused(&world, &world.plan, "removed"), "changes/222222222222 is missing");
    fs::write(&other, &right).unwrap();
    fs::write(world.path("changes/333333333333.ndjson.zst"), &right).unwrap();
    assert_eq!(refused(&world, &world.plan, "added"), "changes/333333333333 does not belong to it");
}

#[test]
fn promise_4_an_edited_plan_is_refused() {
    let world = World::new(9);
    let edits: [fn(&mut Plan); 6] = [
        |plan| plan.environment = "production".into(),
        |plan| plan.expires_at = jiff::Timestamp::MAX,
        |plan| plan.changes.retire = 0,
        |plan| plan.register_id = Some("another".into()),
        |plan| drop(plan.files.pop()),
        |plan| plan.digest = "0".repeat(64),
    ];
    for (number, edit) in edits.iter().enumerate() {
        let mut plan = world.plan.clone();
        edit(&mut plan);
        let why = refused(&world, &plan, &format!("edit {number}"));
        assert_eq!(why, "plan.json does not match its own digest");
    }
}

#[test]
fn promise_4_a_plan_sealed_anew_still_has_to_match_its_changes() {
    let world = World::new(9);
    let edits: [fn(&mut Plan); 4] = [
        |plan| plan.changes.retire -= 1,
        |plan| plan.changes_digest = "0".repeat(64),
        |plan| plan.files[0].changes += 1,
        |plan| plan.run_id = "run-2".into(),
    ];
    for (number, edit) in edits.iter().enumerate() {
        let mut plan = world.plan.clone();
        edit(&mut plan);
        refused(&world, &plan.sealed(), &format!("edit {number}"));
    }
    let newer = Plan { schema_version: 99, ..world.plan.clone() }.sealed();
    assert!(matches!(verify_plan(&world.directory, &newer), Err(PlanError::NewerSchema { found: 99 })));
}

#[test]
fn semantics_3_5_intents_and_receipts_of_another_plan_are_refused() {
    let world = World::new(9);
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(3, 1), 3).is_none());
    let intent: Intent = world.directory.read_intent("000001").unwrap().unwrap();
    let receipt: Receipt = world.directory.read_receipt("000001").unwrap().unwrap();
    let publishes = || match finish(world.publish(&register, settings(3, 1))) {
        Err(PublishError::Plan(PlanError::Tampered { what, .. })) => what,
        other => panic!("{other:?}"),
    };

    world.directory.write_intent("000001", &Intent { plan_digest: "x".into(), ..intent.clone() }).unwrap();
    assert_eq!(publishes(), "intents/000001.json belongs to another plan");
    world.directory.write_intent("000001", &intent).unwrap();
    world.directory.write_receipt("000001", &Receipt { plan_digest: "x".into(), ..receipt.clone() }).unwrap();
    assert_eq!(publishes(), "receipts/000001.json belongs to another plan");
    world.directory.write_receipt("000001", &receipt).unwrap();
    world.directory.write_receipt("000009", &Receipt { batch: "000009".into(), ..receipt.clone() }).unwrap();
    assert_eq!(publishes(), "receipts/000009.json has no intent");
    fs::remove_file(world.path("receipts/000009.json")).unwrap();

    fs::remove_file(world.path("receipts/000001.json")).unwrap();
    let mut altered = intent.clone();
    altered.changes.swap(0, 1);
    world.directory.write_intent("000001", &altered).unwrap();
    assert_eq!(publishes(), "intents/000001.json names other changes than the plan");
    world.directory.write_intent("000001", &intent).unwrap();
    finish(world.publish(&register, settings(3, 1))).unwrap();
    world.all_applied_once();
}
