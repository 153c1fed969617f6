//! Several cases on one asset: its life, its row, what the row says and who else meddles, each by chance.

use super::super::{
    Day,
    books::Word,
    dice::Dice,
    plot::{OWNERS, Page, Plot, TYPES},
    thing::How,
    world::World,
};

pub(super) fn mixed(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "mixed");
    if plot.how == How::WithoutRegion {
        // A story of its own: `without_region_and_unmatched`.
        plot.how = How::ByScope;
    }
    life(&mut plot, world, dice);
    paper(&mut plot, world, dice);
    values(&mut plot, world, dice);
    // Two rows of something that is not there are two assets to anybody, and another story.
    let (first, last) = (dice.below(world.days), dice.below(world.days));
    let twice = dice.chance(25);
    for (at, page) in plot.pages.iter_mut().enumerate() {
        page.twin = twice && page.alive && page.word.is_some() && (first..=last).contains(&at);
    }
    plot.play(world, days);
}

pub(super) fn mixed_in_the_dim(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::dim(world, dice, "mixed_in_the_dim");
    life(&mut plot, world, dice);
    paper(&mut plot, world, dice);
    plot.play(world, days);
}

pub(super) fn mixed_in_an_account_that_leaves(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::leaving(world, dice, "mixed_in_an_account_that_leaves");
    life(&mut plot, world, dice);
    paper(&mut plot, world, dice);
    plot.play(world, days);
}

/// Changes one thing up to three times.
fn turns(plot: &mut Plot, world: &World, dice: &mut Dice, mut change: impl FnMut(&mut Dice) -> Change) {
    for _ in 0..dice.below(4) {
        let change = change(dice);
        plot.from(dice.below(world.days), |page| change(page));
    }
}

type Change = Box<dyn Fn(&mut Page)>;

fn life(plot: &mut Plot, world: &World, dice: &mut Dice) {
    turns(plot, world, dice, |dice| {
        let alive = dice.chance(50);
        Box::new(move |page| page.alive = alive)
    });
}

fn paper(plot: &mut Plot, world: &World, dice: &mut Dice) {
    turns(plot, world, dice, |dice| {
        let word = dice.pick(&[
            None,
            Some(Word::Active),
            Some(Word::Active),
            Some(Word::Planned),
            Some(Word::Retired),
        ]);
        Box::new(move |page| page.word = word)
    });
}

fn values(plot: &mut Plot, world: &World, dice: &mut Dice) {
    turns(plot, world, dice, |dice| {
        let (is, told, owner) = (dice.pick(&TYPES), dice.pick(&TYPES), dice.pick(&OWNERS));
        let misnamed = dice.chance(30);
        Box::new(move |page| {
            (page.is_type, page.told_type, page.owner) = (is, told, owner);
            page.misnamed = misnamed;
        })
    });
}
