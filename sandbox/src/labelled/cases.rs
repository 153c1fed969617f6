//! What is planted: one function per case, and combinations of cases on one asset.

mod accounts;
mod difference;
mod identity;
mod life;
mod mixed;
mod paper;

use super::{Day, dice::Dice, world::World};

/// A case that is written down and not yet planted: bestand does not find it yet.
#[derive(Debug, Clone, Copy)]
pub struct Awaited {
    /// The case.
    pub case: &'static str,
    /// What it waits for.
    pub what: &'static str,
}

/// A case in which bestand is known to be wrong, or the rules are silent: told in the table, never silently left out.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The case.
    pub case: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

/// Cases that wait for what bestand cannot do yet. Once it can, remove the line, and the case is planted.
pub const AWAITED: &[Awaited] = &[Awaited { case: "edited", what: "externally_changed" }];

/// Cases in which bestand is known to be wrong.
pub const KNOWN: &[Known] = &[];

/// Plants a case.
type Plant = fn(&World, &mut Dice, &mut [Day]);

/// Every case with its name, how often a seed plants it at most, and the function that plants it once.
const CASES: &[(&str, usize, Plant)] = &[
    ("agrees", 2, life::agrees),
    ("appears", 1, life::appears),
    ("deleted_with_a_date", 2, life::deleted_with_a_date),
    ("vanished", 2, life::vanished),
    ("never_seen", 1, life::never_seen),
    ("back_from_the_dead", 2, life::back_from_the_dead),
    ("flickers", 1, life::flickers),
    ("unregistered", 2, paper::unregistered),
    ("unregistered_then_gone", 1, paper::unregistered_then_gone),
    ("record_gone", 1, paper::record_gone),
    ("record_and_resource_gone", 1, paper::record_and_resource_gone),
    ("planned_then_live", 1, paper::planned_then_live),
    ("retired_but_live", 1, paper::retired_but_live),
    ("retired_as_it_should", 1, paper::retired_as_it_should),
    ("rejected_record", 1, paper::rejected_record),
    ("no_aws_resource", 1, paper::no_aws_resource),
    ("furniture", 1, paper::furniture),
    ("divergent", 2, difference::divergent),
    ("renamed_and_retyped", 2, difference::renamed_and_retyped),
    ("owner_moves", 1, difference::owner_moves),
    ("edited", 1, difference::edited),
    ("registered_twice", 2, identity::registered_twice),
    ("namesakes", 1, identity::namesakes),
    ("misplaced", 1, identity::misplaced),
    ("moved_bucket", 1, identity::moved_bucket),
    ("without_account", 1, accounts::without_account),
    ("without_account_and_never_seen", 1, accounts::without_account_and_never_seen),
    ("namesakes_in_two_accounts", 1, accounts::namesakes_in_two_accounts),
    ("dim_and_live", 1, accounts::dim_and_live),
    ("dim_and_gone", 2, accounts::dim_and_gone),
    ("dim_and_new", 1, accounts::dim_and_new),
    ("account_gone", 3, accounts::account_gone),
    ("mixed", 6, mixed::mixed),
    ("mixed_in_the_dim", 2, mixed::mixed_in_the_dim),
    ("mixed_in_an_account_that_leaves", 2, mixed::mixed_in_an_account_that_leaves),
];

/// The chance, in per cent, that a seed plants a case once more, up to the most.
const ONCE_MORE: u64 = 75;

/// Plants what a seed plants: what is always there, then most of the cases, some of them several times.
pub(super) fn plant_all(world: &World, dice: &mut Dice, days: &mut [Day]) {
    life::ballast(world, dice, days);
    for (name, most, plant) in CASES {
        let left_out = AWAITED.iter().map(|of| of.case).chain(KNOWN.iter().map(|of| of.case));
        for _ in 0..*most {
            // Thrown for every case, so that one that is awaited no longer changes nothing of the others.
            let (here, mut own) = (dice.chance(ONCE_MORE), Dice::new(dice.throw()));
            if here && !left_out.clone().any(|case| case == *name) {
                plant(world, &mut own, days);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_case_has_a_name_of_its_own_and_lists_name_cases_that_are_there() {
        let names: BTreeSet<&str> = CASES.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), CASES.len());
        let listed = AWAITED.iter().map(|of| of.case).chain(KNOWN.iter().map(|of| of.case));
        assert_eq!(listed.filter(|case| !names.contains(case)).collect::<Vec<_>>(), [""; 0]);
    }
}
