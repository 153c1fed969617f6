//! Where records, resources and entries say different things.

use super::super::{
    Day,
    dice::Dice,
    plot::{OWNERS, Plot, TYPES},
    thing::How,
    world::World,
};
use crate::estate::kind::Kind;

/// The record names another instance type, or another name, from a day on; perhaps it is mended.
pub(super) fn divergent(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let technical = dice.chance(60);
    let kind = if technical {
        Kind::Instance
    } else {
        dice.pick(&[Kind::Bucket, Kind::Function, Kind::DbInstance, Kind::Role])
    };
    let mut plot = Plot::of_kind(world, dice, "divergent", kind);
    let (first, mended) = (dice.below(3), dice.within(3, 5));
    let (is, other) = two_types(dice);
    // Either the register is wrong, or the resource was changed and nobody told.
    let resource_changes = dice.chance(50);
    plot.from(0, |page| (page.is_type, page.told_type) = (is, is));
    plot.from(first, |page| match (technical, resource_changes) {
        (true, true) => page.is_type = other,
        (true, false) => page.told_type = other,
        (false, _) => page.misnamed = true,
    });
    plot.from(mended, |page| {
        page.told_type = page.is_type;
        page.misnamed = false;
    });
    plot.play(world, days);
}

/// Two at once: name and instance type, or name and resource type, or region and name.
pub(super) fn renamed_and_retyped(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "renamed_and_retyped");
    let first = dice.within(0, 2);
    let (is, other) = two_types(dice);
    plot.from(0, |page| (page.is_type, page.told_type) = (is, is));
    if plot.how.names_arn() || plot.thing.kind == Kind::Instance {
        plot.how =
            if plot.thing.kind == Kind::Bucket { How::Fully } else { dice.pick(&[How::Fully, How::ByArn]) };
        let mistyped = dice.chance(60);
        let displaced = dice.chance(40);
        plot.from(first, |page| {
            page.mistyped = mistyped;
            page.displaced = displaced;
        });
    }
    plot.from(first, |page| {
        page.misnamed = true;
        page.is_type = other;
    });
    plot.play(world, days);
}

/// The register gives it another owner, and nothing else happens.
pub(super) fn owner_moves(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "owner_moves");
    for day in 1..world.days {
        let owner = dice.pick(&OWNERS);
        plot.from(day, |page| page.owner = owner);
    }
    plot.play(world, days);
}

/// Somebody changes the owner in the central register: found, and written back.
pub(super) fn edited(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "edited");
    let at = dice.within(1, 3);
    plot.pages[at].edit = Some("Team Unbekannt");
    plot.play(world, days);
    days[at].find(plot.case, "externally_changed", &plot.thing.arn, Some("owner"));
}

fn two_types(dice: &mut Dice) -> (&'static str, &'static str) {
    let at = dice.below(TYPES.len());
    (TYPES[at], TYPES[(at + 1) % TYPES.len()])
}
