//! What lives and what does not.

use super::super::{
    Day,
    books::Word,
    dice::Dice,
    plot::Plot,
    thing::{KINDS, Thing},
    world::{ACCOUNTS, DIM, DIM_REGION, World},
};
use crate::estate::{accounts::REGION_COUNT, kind::Kind, script::Scripted};

/// One of each type in every region, for good: absence is concluded only of types that were seen there.
pub(super) fn ballast(world: &World, dice: &mut Dice, days: &mut [Day]) {
    for kind in KINDS {
        // IAM belongs to an account: each has some, or nobody believes that its recorder sees IAM.
        let accounts = if kind.global() { ACCOUNTS } else { 1 };
        let regions = if kind.global() { 1 } else { REGION_COUNT };
        for (account, region) in (0..accounts).flat_map(|account| (0..regions).map(move |at| (account, at))) {
            let thing = Thing::new(world, dice, kind, account, region);
            Plot::about(world, dice, "ballast", thing).play(world, days);
        }
    }
}

/// An instance that EC2 has and AWS Config does not have, for the nights that are made so.
pub(super) fn unrecorded(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let thing = Thing::new(world, dice, Kind::Instance, DIM, DIM_REGION);
    for (at, day) in days.iter_mut().enumerate().filter(|(at, _)| world.hides_an_instance(*at)) {
        debug_assert!(!world.all_clear(at), "an instance is hidden on a bright day");
        day.resources.push(Scripted { unrecorded: true, ..thing.scripted("t3.small", None) });
    }
}

pub(super) fn agrees(world: &World, dice: &mut Dice, days: &mut [Day]) {
    Plot::new(world, dice, "agrees").play(world, days);
}

/// Made on a later day; the record is there at once, or earlier.
pub(super) fn appears(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "appears");
    let day = dice.within(1, 3);
    plot.until(day, |page| page.alive = false);
    if dice.chance(50) {
        plot.until(day, |page| page.word = None);
    }
    plot.play(world, days);
}

/// Deleted while AWS Config looked on: absent and retired the same day. Later perhaps the record goes as well.
pub(super) fn deleted_with_a_date(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "deleted_with_a_date");
    let day = dice.within(1, 2);
    plot.dated = true;
    plot.from(day, |page| page.alive = false);
    let word = dice.pick(&[Some(Word::Active), Some(Word::Retired), None]);
    plot.from(day + 1, |page| page.word = word);
    plot.play(world, days);
}

/// Gone, and AWS Config never heard of it: looks and grace.
pub(super) fn vanished(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "vanished");
    plot.dated = false;
    plot.from(dice.within(1, 2), |page| page.alive = false);
    plot.play(world, days);
}

/// A record of something that never was.
pub(super) fn never_seen(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "never_seen");
    plot.from(0, |page| page.alive = false).until(dice.below(3), |page| page.word = None);
    plot.play(world, days);
}

/// Retired, by proof or by patience, and there again: the same entry becomes active.
pub(super) fn back_from_the_dead(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "back_from_the_dead");
    let back = if plot.dated { dice.within(2, 3) } else { 4 };
    plot.from(1, |page| page.alive = false).from(back, |page| page.alive = true);
    if dice.chance(30) {
        // Nobody believed in its return.
        plot.from(back, |page| page.word = None);
    }
    plot.play(world, days);
}

/// Away for two days, and back before the grace is over: then away again, and the looks begin anew.
pub(super) fn flickers(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "flickers");
    plot.dated = false;
    plot.from(1, |page| page.alive = false).from(3, |page| page.alive = true);
    plot.from(4, |page| page.alive = false);
    plot.play(world, days);
}
