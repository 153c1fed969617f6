//! Which record speaks of which resource.

use super::super::{
    Day, EntryState,
    dice::Dice,
    plot::{Plot, entry},
    thing::{How, Thing},
    world::{BRIGHT, World},
};
use crate::estate::{
    accounts::{REGION_COUNT, REGIONS},
    kind::Kind,
};
use serde_json::json;

/// Two rows speak of one resource for some days.
pub(super) fn registered_twice(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "registered_twice");
    let (first, mended) = (dice.below(3), dice.within(3, 5));
    plot.from(first, |page| page.twin = true).from(mended, |page| page.twin = false);
    plot.play(world, days);
}

/// Two functions of one name in two regions, each with its record; one of them goes.
pub(super) fn namesakes(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "namesakes";
    let account = dice.pick(&BRIGHT);
    let name = format!("ankunft-melden-{:08x}", dice.throw() as u32);
    let first = dice.below(REGION_COUNT);
    let mut plots: Vec<Plot> = [first, (first + 1) % REGION_COUNT]
        .into_iter()
        .map(|region| {
            let thing = Thing::named(world, dice, Kind::Function, (account, region), name.clone());
            let mut plot = Plot::about(world, dice, CASE, thing);
            if plot.how == How::WithoutRegion {
                plot.how = How::ByScope;
            }
            plot
        })
        .collect();
    let goes = dice.below(2);
    plots[goes].from(dice.within(1, 2), |page| page.alive = false);
    plots.iter().for_each(|plot| plot.play(world, days));
}

/// The row names another region than the one in which the resource lives, until it is put right or the resource
/// goes.
pub(super) fn misplaced(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "misplaced";
    let kind = dice.pick(&[Kind::Instance, Kind::Volume, Kind::DbInstance]);
    let thing = Thing::bright(world, dice, kind);
    let mut row = thing.record(world, How::ByScope);
    row.region = Some(REGIONS[(thing.region + 1) % REGION_COUNT].to_owned());
    row.owner = Some("Team Daten".to_owned());
    // The resource alone is unregistered; its row comes on top, on the same days.
    let mut plot = Plot::about(world, dice, CASE, thing);
    let gone = if dice.chance(50) { world.days } else { dice.within(2, 4) };
    plot.from(0, |page| page.word = None).from(gone, |page| page.alive = false);
    plot.play(world, days);
    for (at, day) in days.iter_mut().enumerate() {
        day.records.push(row.clone());
        let kind = if at < gone { "misplaced" } else { "absent" };
        day.find(CASE, kind, &plot.thing.asset_id, None);
    }
}

/// A bucket is made anew in another region: its name is the same, and so is its entry. A row that names the ARN
/// follows it, one that names the region does not.
pub(super) fn moved_bucket(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "moved_bucket";
    let moved = dice.within(1, 3);
    let here = Thing::bright(world, dice, Kind::Bucket);
    let there = Thing { region: (here.region + 1) % REGION_COUNT, ..here.clone() };
    let how = dice.pick(&[How::Fully, How::ByScope]);
    let mut row = here.record(world, how);
    row.owner = Some("Team Daten".to_owned());
    for (at, day) in days.iter_mut().enumerate() {
        let lives = if at < moved { &here } else { &there };
        day.resources.push(lives.scripted("", None));
        day.records.push(row.clone());
        let follows = at < moved || how == How::Fully;
        if at >= moved {
            if how == How::Fully {
                day.find(CASE, "divergent", &here.arn, Some("region"));
            } else {
                day.find(CASE, "misplaced", &here.asset_id, None);
                day.find(CASE, "unregistered", &here.arn, None);
            }
        }
        let registration = if follows { "registered" } else { "unregistered" };
        let says = [
            ("region", json!(REGIONS[lives.region])),
            ("registration", json!(registration)),
            ("owner", json!("Team Daten")),
        ];
        day.truth.entries.push(entry(CASE, here.names(), Some(EntryState::Active), says));
    }
}
