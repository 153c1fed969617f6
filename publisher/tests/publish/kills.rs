//! A publication that is killed at any instant (promise 5).

use crate::drive::finish;
use crate::faulty_register::{Fault, FaultyRegister};
use crate::world::{World, applied, settings};

const CHANGES: usize = 13;
const BATCH_SIZE: usize = 3;

/// Gives how many steps a publication takes that nobody kills.
fn steps_of_a_whole_publication(faults: &[Fault]) -> u32 {
    let survives = |steps: &u32| {
        let world = World::new(CHANGES);
        let register = FaultyRegister::new(&world.register, faults.iter().copied());
        world.publish_killed(&register, settings(BATCH_SIZE, 2), *steps).is_some()
    };
    (0..).find(survives).unwrap()
}

fn killed_then_resumed(faults: &[Fault], kills: &[u32]) {
    let world = World::new(CHANGES);
    let register = FaultyRegister::new(&world.register, faults.iter().copied());
    for steps in kills {
        let _ = world.publish_killed(&register, settings(BATCH_SIZE, 2), *steps);
        world.receipts_are_true();
        world.counts();
        // What was on its way when the process died still arrives.
        register.let_late_batches_arrive();
    }
    // Faults may have used up the resends of a batch: the last publication meets none.
    finish(world.publish(&register, settings(BATCH_SIZE, 2))).unwrap();
    let register = FaultyRegister::new(&world.register, []);
    let publication = finish(world.publish(&register, settings(BATCH_SIZE, 2))).unwrap();
    assert_eq!(publication.counts, applied(CHANGES as u64), "faults {faults:?}, kills {kills:?}");
    world.all_applied_once();
}

#[test]
fn semantics_3_5_killed_at_every_step_nothing_is_lost_and_nothing_doubled() {
    let steps = steps_of_a_whole_publication(&[]);
    assert_eq!(steps, 11, "one for the identity, two for each of five batches");
    (0..=steps).for_each(|kill| killed_then_resumed(&[], &[kill]));
}

#[test]
fn semantics_3_6_killed_again_while_resuming_nothing_is_lost_and_nothing_doubled() {
    let steps = steps_of_a_whole_publication(&[]);
    for first in 0..=steps {
        for second in 0..=steps {
            killed_then_resumed(&[], &[first, second]);
        }
    }
}

#[test]
fn semantics_3_5_killed_at_every_step_among_lost_answers() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::LostHalfway, Fault::ArrivesLate] {
        let faults = [Fault::None, fault, Fault::None, fault];
        let steps = steps_of_a_whole_publication(&faults);
        assert!(steps > 11, "{steps}");
        (0..=steps).for_each(|kill| killed_then_resumed(&faults, &[kill]));
    }
}
