//! What the source register says, and does not say.

use super::super::{
    Day, EntryState,
    books::Word,
    dice::Dice,
    plot::{OWNERS, Plot, entry},
    thing::{How, Thing},
    world::World,
};
use crate::{
    estate::{accounts::REGIONS, kind::Kind},
    source_register::Record,
};
use serde_json::json;

/// Lives without a record, for good or until somebody registers it.
pub(super) fn unregistered(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "unregistered");
    let made = dice.below(3);
    plot.until(made, |page| page.alive = false);
    let registered = if dice.chance(50) { world.days } else { dice.within(made + 1, 4) };
    plot.until(registered, |page| page.word = None);
    plot.play(world, days);
}

/// Lives without a record, and is gone: no source vouches for it.
pub(super) fn unregistered_then_gone(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "unregistered_then_gone");
    plot.from(0, |page| page.word = None).from(dice.within(1, 2), |page| page.alive = false);
    plot.play(world, days);
}

/// The row goes, the resource stays: what people said last stays as well. Perhaps the row returns.
pub(super) fn record_gone(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "record_gone");
    let day = dice.within(1, 3);
    plot.from(day, |page| page.word = None);
    if dice.chance(30) {
        plot.from(day + 1, |page| page.word = Some(Word::Active));
    }
    plot.play(world, days);
}

/// The row goes, and the resource too.
pub(super) fn record_and_resource_gone(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "record_and_resource_gone");
    plot.from(dice.within(1, 2), |page| page.word = None);
    plot.from(dice.within(1, 2), |page| page.alive = false);
    plot.play(world, days);
}

/// Planned, then made, and later perhaps gone while the record still plans.
pub(super) fn planned_then_live(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "planned_then_live");
    let made = dice.within(1, 3);
    plot.until(made, |page| page.alive = false).until(made + dice.below(2), |page| {
        page.word = Some(Word::Planned);
    });
    if dice.chance(30) {
        plot.from(made, |page| page.word = Some(Word::Planned)).from(made + 1, |page| page.alive = false);
    }
    plot.play(world, days);
}

/// The record says that it is gone, and it runs; later perhaps it goes.
pub(super) fn retired_but_live(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "retired_but_live");
    plot.from(dice.below(3), |page| page.word = Some(Word::Retired));
    if dice.chance(50) {
        plot.from(dice.within(1, 3), |page| page.alive = false);
    }
    plot.play(world, days);
}

/// Both say that it is gone: no finding, and it is retired.
pub(super) fn retired_as_it_should(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::new(world, dice, "retired_as_it_should");
    let day = dice.within(1, 2);
    plot.from(day, |page| {
        page.word = Some(Word::Retired);
        page.alive = false;
    });
    plot.play(world, days);
}

/// A row that makes no sense, one of three ways, perhaps mended on a later day.
pub(super) fn rejected_record(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "rejected_record";
    let thing = Thing::bright(world, dice, Kind::Instance);
    let mut row = Record {
        id: thing.asset_id.clone(),
        account: Some(world.account_id(thing.account).to_owned()),
        region: Some(REGIONS[0].to_owned()),
        resource_type: Some(Kind::Instance.name().to_owned()),
        name: Some("verschrieben".to_owned()),
        status: Some("active".to_owned()),
        is_aws: true,
        ..Record::default()
    };
    match dice.below(3) {
        0 => {
            row.account = Some("12345".to_owned());
            row.resource_id = Some(thing.id.clone());
        }
        1 => row.arn = Some("arn:nonsense".to_owned()),
        _ => {}
    }
    let (first, last) = (dice.below(3), dice.within(2, 4));
    for (at, day) in days.iter_mut().enumerate() {
        if (first..=last).contains(&at) {
            day.records.push(row.clone());
            day.find(CASE, "rejected_record", &thing.asset_id, None);
        }
        day.truth.entries.push(entry(CASE, thing.names(), None, []));
    }
}

/// A printer: the register alone vouches for it. Once its row is gone it is retired after the grace, unless it
/// returns.
pub(super) fn no_aws_resource(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "no_aws_resource";
    let asset_id = format!("ITK-N-{:08}", dice.throw() % 100_000_000);
    let owner = dice.pick(&OWNERS);
    let row = Record {
        id: asset_id.clone(),
        resource_type: Some("Drucker".to_owned()),
        name: Some("Drucker Fahrdienstleitung".to_owned()),
        owner: Some(owner.to_owned()),
        status: Some("active".to_owned()),
        room: Some("Depot Süd, Raum 3.07".to_owned()),
        ..Record::default()
    };
    let gone = if dice.chance(30) { world.days } else { dice.within(1, 3) };
    let back = if dice.chance(30) { gone + dice.within(1, 3) } else { world.days };
    for (at, day) in days.iter_mut().enumerate() {
        if at < gone || at >= back {
            day.records.push(row.clone());
        }
        let retired = at >= gone + 2 && at < back;
        let state = if retired { EntryState::Retired } else { EntryState::Active };
        day.truth.entries.push(entry(CASE, vec![asset_id.clone()], Some(state), [("owner", json!(owner))]));
    }
}

/// What is inventoried only, and nobody registers: information, and no entry.
pub(super) fn furniture(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "furniture";
    let thing = Thing::bright(world, dice, Kind::NetworkInterface);
    let (first, last) = (dice.below(3), dice.within(2, 4));
    for (at, day) in days.iter_mut().enumerate() {
        if (first..=last).contains(&at) {
            day.resources.push(thing.scripted("", None));
            day.find(CASE, "unregistered", &thing.arn, None);
        }
        day.truth.entries.push(entry(CASE, thing.names(), None, []));
    }
}

/// Lives without a record, and goes; only then somebody writes a row, and names no region. There is but one such
/// resource in the account, and it has an entry: the row speaks of that.
pub(super) fn without_region_and_unmatched(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let kind = dice.pick(&[Kind::Instance, Kind::Volume]);
    let mut plot = Plot::of_kind(world, dice, "without_region_and_unmatched", kind);
    plot.how = How::WithoutRegion;
    plot.from(1, |page| page.alive = false).until(1, |page| page.word = None);
    plot.play(world, days);
}
