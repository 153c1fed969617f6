//! A register that does what it should.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use bestand_model::run_summary::PublicationCounts;
use bestand_publisher::publish::{
    Intent, PublishError, PublishSettings, StopSignal, publication_started, publish,
};
use tokio::sync::watch;

use crate::drive::finish;
use crate::faulty_register::FaultyRegister;
use crate::world::{World, applied, settings};

#[test]
fn semantics_3_4_each_planned_change_is_applied_once_in_few_batches() {
    let world = World::new(250);
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, PublishSettings::default())).unwrap();
    assert_eq!((publication.counts, publication.stopped, publication.halted), (applied(250), false, None));
    world.all_applied_once();
    assert_eq!(register.applies.load(Ordering::Relaxed), 3, "100, 100 and 50");
    assert_eq!(register.look_ups.load(Ordering::Relaxed), 0, "nothing was in doubt");
}

#[test]
fn semantics_3_5_at_most_k_intents_are_open() {
    for concurrency in [1, 3] {
        let world = World::new(60);
        let register = FaultyRegister::new(&world.register, []);
        finish(world.publish(&register, settings(4, concurrency))).unwrap();
        assert_eq!(register.most_at_once.load(Ordering::Relaxed), concurrency);
        world.all_applied_once();
    }
}

#[test]
fn semantics_3_5_an_intent_is_on_the_disk_before_its_batch_is_sent() {
    let world = World::new(10);
    let register = FaultyRegister::new(&world.register, []);
    assert!(!publication_started(&world.directory).unwrap());
    assert!(world.publish_killed(&register, settings(4, 1), 1).is_none(), "killed as the batch sets out");
    assert_eq!(register.applies.load(Ordering::Relaxed), 1);
    assert_eq!(world.register.carried_out().len(), 0, "the intent was there first");
    assert!(publication_started(&world.directory).unwrap());
    let intent: Intent = world.directory.read_intent("000001").unwrap().unwrap();
    let keys: Vec<_> = intent.changes.iter().map(|change| change.asset_key).collect();
    assert_eq!(keys, (0..4).map(|number| world.key(number)).collect::<Vec<_>>());
    for (intended, planned) in intent.changes.iter().zip(&world.sent) {
        assert_eq!(intended.digest, planned.digest);
        assert_eq!(intended.idempotency_key, planned.idempotency_key(&world.plan.digest));
    }
    assert_eq!(intent.plan_digest, world.plan.digest);
}

#[test]
fn semantics_3_6_a_finished_plan_published_again_sends_nothing_and_counts_the_same() {
    let mut world = World::new(20);
    world.register.rejected.push(world.key(3));
    world.register.somebody_edits(world.key(1));
    let first = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&first, settings(6, 2))).unwrap();
    let expected = PublicationCounts { applied: 18, rejected: 1, conflicted: 1, unknown: 0 };
    assert_eq!(publication.counts, expected);
    let second = FaultyRegister::new(&world.register, []);
    assert_eq!(finish(world.publish(&second, settings(7, 1))).unwrap(), publication);
    assert_eq!(second.calls(), 0, "not even asked");
    world.receipts_are_true();
}

#[test]
fn semantics_3_6_a_resumed_publication_keeps_its_batches_whatever_the_settings_say_now() {
    let world = World::new(30);
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(4, 2), 8).is_none());
    let begun = world.directory.intents().unwrap().len();
    assert!(begun > 0 && begun < 8, "{begun}");
    finish(world.publish(&register, settings(11, 3))).unwrap();
    world.all_applied_once();
    assert_eq!(world.directory.receipts().unwrap().len(), 8, "30 changes in fours");
}

#[test]
fn a_register_that_takes_less_than_before_gets_the_same_batches_in_parts() {
    let mut world = World::new(25);
    let register = FaultyRegister::new(&world.register, []);
    assert!(world.publish_killed(&register, settings(10, 1), 4).is_none());
    world.register.identity.capabilities.max_batch = 3;
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(10, 1))).unwrap();
    assert_eq!(world.directory.receipts().unwrap().len(), 3);
    world.all_applied_once();
}

#[test]
fn a_new_publication_keeps_the_registers_own_maximum() {
    let mut world = World::new(25);
    world.register.identity.capabilities.max_batch = 10;
    let register = FaultyRegister::new(&world.register, []);
    finish(world.publish(&register, settings(100, 1))).unwrap();
    assert_eq!(world.directory.receipts().unwrap().len(), 3);
    world.all_applied_once();
}

#[test]
fn a_plan_that_sends_nothing_asks_nothing() {
    let world = World::new(0);
    let register = FaultyRegister::new(&world.register, []);
    assert_eq!(finish(world.publish(&register, settings(4, 2))).unwrap().counts, applied(0));
    assert_eq!(register.calls(), 0);
}

#[test]
fn a_stop_finishes_the_open_batches_and_begins_none() {
    let world = World::new(40);
    let register = FaultyRegister::new(&world.register, []);
    let (raise, raised) = watch::channel(false);
    let stop = StopSignal::new(raised);
    let told = Mutex::new(Vec::new());
    let progress = |counts: PublicationCounts| {
        told.lock().unwrap().push(counts);
        if counts.applied >= 8 {
            raise.send_replace(true);
        }
    };
    let settings = settings(4, 3);
    let publication =
        finish(publish(&world.directory, &world.plan, &register, &settings, &stop, &progress)).unwrap();
    assert!(publication.stopped);
    let counts = publication.counts;
    assert!(
        counts.applied >= 8 && counts.applied <= 20 && counts.unknown == 40 - counts.applied,
        "{counts:?}"
    );
    assert_eq!(world.directory.intents().unwrap(), world.directory.receipts().unwrap(), "none is left open");
    assert_eq!(world.register.carried_out().len() as u64, counts.applied);
    assert!(told.lock().unwrap().is_sorted_by_key(|counts| counts.applied));

    finish(world.publish(&register, settings)).unwrap();
    world.all_applied_once();
}

#[test]
fn a_plan_for_another_register_or_environment_is_not_sent() {
    for (register_id, environment) in [("another", "staging"), ("register-of-tests", "production")] {
        let mut world = World::new(5);
        world.register.identity.register_id = register_id.into();
        world.register.identity.environment = environment.into();
        let register = FaultyRegister::new(&world.register, []);
        let error = finish(world.publish(&register, PublishSettings::default())).unwrap_err();
        assert!(matches!(error, PublishError::ForeignRegister { .. }), "{error}");
        assert!(world.directory.intents().unwrap().is_empty());
        assert_eq!(register.applies.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn a_publication_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let world = World::new(1);
    let register = FaultyRegister::new(&world.register, []);
    let stop = StopSignal::never();
    let settings = PublishSettings::default();
    let publication = publish(&world.directory, &world.plan, &register, &settings, &stop, &|_| ());
    is_send(&publication);
    finish(publication).unwrap();
    world.all_applied_once();
}
