//! What is planted: one function per case, and combinations of cases on one asset.

mod accounts;
mod difference;
mod identity;
mod life;
mod mixed;
mod paper;
mod rules;

pub(super) use rules::{BY_TAG, MAPPED, REQUIRED_OF};

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
pub const AWAITED: &[Awaited] = &[];

/// Cases in which bestand is known to be wrong.
pub const KNOWN: &[Known] = &[];

/// What of the cases is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// All but those that are awaited or known to be wrong.
    Right,
    /// One, as often as it may be, and what it stands on.
    Only(&'static str),
}

impl Choice {
    /// Whether a case is planted.
    pub(super) fn plants(self, case: &str) -> bool {
        match self {
            Self::Only(only) => [only, BALLAST, UNRECORDED].contains(&case),
            Self::Right => {
                let mut left_out = AWAITED.iter().map(|of| of.case).chain(KNOWN.iter().map(|of| of.case));
                !left_out.any(|of| of == case)
            }
        }
    }
}

/// The case of this name.
pub(super) fn named(case: &str) -> Option<&'static str> {
    let mut all = CASES.iter().map(|(name, ..)| *name).chain(ALWAYS.iter().map(|(name, _)| *name));
    all.find(|name| *name == case)
}

const BALLAST: &str = "ballast";
const UNRECORDED: &str = "unrecorded";

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
    ("registered_twice_once_without_account", 1, rules::registered_twice_once_without_account),
    ("in_another_account", 1, rules::in_another_account),
    ("shared_asset_id", 1, rules::shared_asset_id),
    ("by_tag", 1, rules::by_tag),
    ("tag_and_region_moved", 1, rules::tag_and_region_moved),
    ("edited_and_left", 1, rules::edited_and_left),
    ("remade", 1, rules::remade),
    ("not_ours", 1, rules::not_ours),
    ("required_tag", 2, rules::required_tag),
    ("unmapped_value", 1, rules::unmapped_value),
    ("registered_twice_in_the_dark", 1, accounts::registered_twice_in_the_dark),
    ("without_region_and_unmatched", 1, paper::without_region_and_unmatched),
    ("mixed", 6, mixed::mixed),
    ("mixed_in_the_dim", 2, mixed::mixed_in_the_dim),
    ("mixed_in_an_account_that_leaves", 2, mixed::mixed_in_an_account_that_leaves),
];

/// What every seed plants once.
const ALWAYS: &[(&str, Plant)] = &[
    (BALLAST, life::ballast),
    (UNRECORDED, life::unrecorded),
    ("expired_exception", rules::expired_exception),
];

/// The chance, in per cent, that a seed plants a case once more, up to the most.
const ONCE_MORE: u64 = 75;

/// Plants what a seed plants: what is always there, then most of the cases, some of them several times.
pub(super) fn plant_all(world: &World, days: &mut [Day]) {
    for (name, plant) in ALWAYS {
        if world.choice.plants(name) {
            plant(world, &mut Dice::of_case(world.seed, name, 0), days);
        }
    }
    for (name, most, plant) in CASES {
        for nth in 0..*most {
            let mut dice = Dice::of_case(world.seed, name, nth);
            let chosen = dice.chance(ONCE_MORE) || world.choice != Choice::Right;
            if chosen && world.choice.plants(name) {
                plant(world, &mut dice, days);
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
        let all = || CASES.iter().map(|(name, ..)| *name).chain(ALWAYS.iter().map(|(name, _)| *name));
        let names: BTreeSet<&str> = all().collect();
        assert_eq!(names.len(), all().count());
        let listed = AWAITED.iter().map(|of| of.case).chain(KNOWN.iter().map(|of| of.case));
        assert_eq!(listed.filter(|case| !names.contains(case)).collect::<Vec<_>>(), [""; 0]);
    }
}
