//! Every kind of answer but the good one.

use std::sync::atomic::Ordering;

use bestand_model::run_summary::PublicationCounts;
use bestand_publisher::publish::{PublishSettings, ReceiptStatus};

use crate::drive::finish;
use crate::faulty_register::{Fault, FaultyRegister};
use crate::world::{World, applied, settings};

#[test]
fn semantics_3_4_a_batch_that_is_too_large_is_halved_until_it_fits() {
    let world = World::new(50);
    let mut register = FaultyRegister::new(&world.register, []);
    register.takes_at_most = 7;
    finish(world.publish(&register, settings(50, 1))).unwrap();
    world.all_applied_once();
    assert_eq!(world.directory.receipts().unwrap(), ["000001"], "batches are transport only");
}

#[test]
fn a_change_that_is_too_large_alone_is_rejected() {
    let world = World::new(3);
    let mut register = FaultyRegister::new(&world.register, []);
    register.takes_at_most = 0;
    let publication = finish(world.publish(&register, settings(3, 1))).unwrap();
    assert_eq!(publication.counts.rejected, 3);
    assert_eq!(world.receipts()[&world.key(0)].code.as_deref(), Some("too_large"));
    assert!(world.register.carried_out().is_empty());
}

#[test]
fn semantics_3_4_one_poisoned_change_never_blocks_the_others() {
    for poisoned in [0, 13, 39] {
        let world = World::new(40);
        let mut register = FaultyRegister::new(&world.register, []);
        register.poison = Some((vec![world.key(poisoned)], 400));
        let publication = finish(world.publish(&register, settings(20, 2))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { applied: 39, rejected: 1, ..Default::default() });
        assert_eq!(publication.halted, None);
        assert_eq!(world.status(poisoned), ReceiptStatus::Rejected);
        assert!(register.applies.load(Ordering::Relaxed) <= 12, "bisected, not tried one by one");
        world.receipts_are_true();
    }
}

#[test]
fn promise_4_a_batch_refused_for_a_precondition_ends_as_that_one_conflict() {
    for status in [409, 412] {
        let world = World::new(10);
        world.register.somebody_edits(world.key(4));
        let mut register = FaultyRegister::new(&world.register, []);
        register.poison = Some((vec![world.key(4)], status));
        let publication = finish(world.publish(&register, settings(10, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { applied: 9, conflicted: 1, ..Default::default() });
        let receipt = &world.receipts()[&world.key(4)];
        assert_eq!((receipt.status, receipt.version.as_deref()), (ReceiptStatus::Conflicted, Some("6")));
        world.receipts_are_true();
    }
}

#[test]
fn promise_4_an_entry_that_moved_is_left_alone_and_reported() {
    let world = World::new(12);
    for moved in [1, 2, 7] {
        world.register.somebody_edits(world.key(moved));
    }
    let before = world.register.entry(world.key(2)).unwrap();
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(5, 2))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 9, conflicted: 3, ..Default::default() });
    assert_eq!(world.register.entry(world.key(2)).unwrap(), before);
    let receipt = &world.receipts()[&world.key(2)];
    assert_eq!(receipt.code.as_deref(), Some("version_mismatch"));
    assert_eq!(receipt.version.as_deref(), Some("4"), "the version that is there");
    world.receipts_are_true();
}

#[test]
fn a_rejected_change_keeps_the_registers_reason() {
    let mut world = World::new(4);
    world.register.rejected.push(world.key(2));
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, PublishSettings::default())).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 3, rejected: 1, ..Default::default() });
    let receipt = &world.receipts()[&world.key(2)];
    assert_eq!(receipt.code.as_deref(), Some("not_owner"));
    assert_eq!(receipt.reason.as_deref(), Some("because of not_owner"));
}

#[test]
fn a_refused_credential_stops_at_once_and_rejects_nothing() {
    for status in [401, 403, 404] {
        let world = World::new(40);
        let mut register = FaultyRegister::new(&world.register, []);
        register.poison = Some((world.sent.iter().map(|change| change.asset_key).collect(), status));
        let publication = finish(world.publish(&register, settings(4, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { unknown: 40, ..Default::default() });
        assert!(publication.halted.unwrap().contains(&status.to_string()));
        assert_eq!(register.applies.load(Ordering::Relaxed), 1);
        let mended = FaultyRegister::new(&world.register, []);
        finish(world.publish(&mended, settings(4, 1))).unwrap();
        world.all_applied_once();
    }
}

#[test]
fn a_register_that_refuses_whole_batches_is_not_asked_for_all_of_them() {
    let world = World::new(200);
    let mut register = FaultyRegister::new(&world.register, []);
    register.poison = Some((world.sent.iter().map(|change| change.asset_key).collect(), 400));
    let publication = finish(world.publish(&register, settings(4, 1))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { rejected: 12, unknown: 188, ..Default::default() });
    assert!(publication.halted.is_some());
}

#[test]
fn three_batches_in_a_row_without_an_answer_end_the_sending() {
    for fault in [Fault::NotSent, Fault::LostBefore] {
        let world = World::new(100);
        let mut register = FaultyRegister::new(&world.register, []);
        register.then = fault;
        let publication = finish(world.publish(&register, settings(4, 1))).unwrap();
        assert_eq!(publication.counts, PublicationCounts { unknown: 100, ..Default::default() });
        assert!(publication.halted.unwrap().contains("a fault"));
        assert_eq!(world.directory.intents().unwrap().len(), 3, "the rest stays without intent");
        let mended = FaultyRegister::new(&world.register, []);
        finish(world.publish(&mended, settings(4, 1))).unwrap();
        world.all_applied_once();
    }
}

#[test]
fn two_troubled_batches_between_good_ones_do_not_end_the_sending() {
    let world = World::new(20);
    let faults = [Fault::NotSent, Fault::NotSent, Fault::None, Fault::NotSent, Fault::NotSent];
    let register = FaultyRegister::new(&world.register, faults);
    let publication = finish(world.publish(&register, settings(2, 1))).unwrap();
    assert_eq!(publication.counts, PublicationCounts { applied: 12, unknown: 8, ..Default::default() });
    assert_eq!(publication.halted, None);
    finish(world.publish(&register, settings(2, 1))).unwrap();
    world.all_applied_once();
}

#[test]
fn semantics_3_5_a_lost_answer_is_settled_by_reading_back_and_sending_again() {
    for fault in [
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::LostHalfway,
        Fault::ArrivesLate,
        Fault::EditedAfterLoss,
        Fault::ShortAnswer,
    ] {
        let world = World::new(20);
        let register = FaultyRegister::new(&world.register, [fault]);
        let publication = finish(world.publish(&register, settings(5, 1))).unwrap();
        assert_eq!(publication.counts, applied(20), "{fault:?}");
        assert!(register.look_ups.load(Ordering::Relaxed) > 0);
        world.receipts_are_true();
        assert_eq!(world.register.carried_out().len(), 20, "{fault:?}");
    }
}
