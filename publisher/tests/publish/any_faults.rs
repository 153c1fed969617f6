//! Any sequence of faults and kills, on registers with and without remembered keys.

use bestand_model::run_summary::PublicationCounts;
use bestand_publisher::publish::ReceiptStatus;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::faulty_register::{Fault, FaultyRegister};
use crate::world::{World, settings};

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::LostBefore),
        1 => Just(Fault::LostAfter),
        1 => Just(Fault::LostHalfway),
        1 => Just(Fault::ArrivesLate),
        1 => Just(Fault::NotSent),
        1 => Just(Fault::ShortAnswer),
    ]
}

fn any_fault_or_edit() -> impl Strategy<Value = Fault> {
    prop_oneof![4 => any_fault(), 1 => Just(Fault::EditedBefore), 1 => Just(Fault::EditedAfterLoss)]
}

/// Publishes with other settings after each kill, then without faults until nothing is unknown, or nothing more comes
/// of it.
fn publish_through(world: &World, faults: &[Fault], kills: &[u32], sizes: &[usize]) -> PublicationCounts {
    let register = FaultyRegister::new(&world.register, faults.iter().copied());
    let attempts = kills.iter().copied().chain(std::iter::repeat_n(u32::MAX, faults.len() + 1));
    for (attempt, steps) in attempts.enumerate() {
        let settings = settings(sizes[attempt % sizes.len()], 1 + attempt % 3);
        if let Some(publication) = world.publish_killed(&register, settings, steps)
            && publication.counts.unknown == 0
        {
            return publication.counts;
        }
        world.nothing_doubled();
        world.counts();
        register.let_late_batches_arrive();
    }
    world.counts()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn semantics_3_5_any_faults_lose_nothing_and_double_nothing(
        changes in 1usize..16,
        faults in vec(any_fault(), 0..20),
        kills in vec(0u32..24, 0..4),
        sizes in vec(1usize..7, 1..4),
        idempotency in any::<bool>(),
    ) {
        let mut world = World::new(changes);
        world.register.identity.capabilities.idempotency = idempotency;
        let counts = publish_through(&world, &faults, &kills, &sizes);
        prop_assert_eq!(counts.applied, changes as u64);
        world.all_applied_once();
    }

    #[test]
    fn semantics_3_10_whatever_is_declared_any_faults_lose_nothing_and_double_nothing(
        changes in 1usize..16,
        faults in vec(any_fault(), 0..20),
        kills in vec(0u32..24, 0..4),
        sizes in vec(1usize..7, 1..4),
        declared in any::<[bool; 3]>(),
    ) {
        let mut world = World::new(changes);
        let capabilities = &mut world.register.identity.capabilities;
        [capabilities.preconditions, capabilities.idempotency, capabilities.read_back] = declared;
        let repeatable = capabilities.preconditions || capabilities.idempotency;
        let counts = publish_through(&world, &faults, &kills, &sizes);
        if repeatable {
            prop_assert_eq!(counts.applied, changes as u64);
            world.all_applied_once();
        } else {
            // What may be on its way is not sent again, and stays unknown where it cannot be seen.
            prop_assert_eq!(counts.applied + counts.unknown, changes as u64);
            world.receipts_are_true();
        }
    }

    #[test]
    fn semantics_3_6_among_other_writers_receipts_stay_true(
        changes in 1usize..16,
        faults in vec(any_fault_or_edit(), 0..20),
        kills in vec(0u32..24, 0..4),
        sizes in vec(1usize..7, 1..4),
    ) {
        let world = World::new(changes);
        let counts = publish_through(&world, &faults, &kills, &sizes);
        prop_assert_eq!(counts.unknown, 0);
        world.receipts_are_true();
        let applied = world.receipts().values().filter(|r| r.status == ReceiptStatus::Applied).count();
        prop_assert_eq!(applied, world.register.carried_out().len());
    }
}
