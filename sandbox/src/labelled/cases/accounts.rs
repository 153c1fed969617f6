//! What lies between accounts: rows without one, places that are dark, accounts that end.

use super::super::{
    Day, EntryState,
    books::Word,
    dice::Dice,
    plot::{Plot, SECOND, entry},
    thing::{How, KINDS, Thing},
    world::{BRIGHT, View, World},
};
use crate::estate::{accounts::REGION_COUNT, kind::Kind};
use serde_json::json;

/// A row by type and id alone: matched if everything was seen, else only doubted, and its resource has no record.
pub(super) fn without_account(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "without_account";
    let kind = dice.pick(&KINDS);
    let thing = Thing::bright(world, dice, kind);
    let mut row = thing.record(world, How::ById);
    row.owner = Some("Team Daten".to_owned());
    let mut owner = None;
    for (at, day) in days.iter_mut().enumerate() {
        day.resources.push(thing.scripted("t3.small", None));
        day.records.push(row.clone());
        let placed = world.all_clear(at);
        if placed {
            owner = Some("Team Daten");
        } else {
            day.find(CASE, "unverified", &thing.asset_id, None);
            day.find(CASE, "unregistered", &thing.arn, None);
        }
        let registration = if placed { "registered" } else { "unregistered" };
        // What people said last stays.
        let says = [("registration", json!(registration)), ("owner", json!(owner))];
        day.truth.entries.push(entry(CASE, thing.names(), Some(EntryState::Active), says));
    }
}

/// A row by type and id alone, of something that nobody ever saw: it may be anywhere, so it is doubted for good.
pub(super) fn without_account_and_never_seen(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "without_account_and_never_seen";
    let kind = dice.pick(&KINDS);
    let thing = Thing::bright(world, dice, kind);
    let row = thing.record(world, How::ById);
    let gone = if dice.chance(50) { world.days } else { dice.within(1, 4) };
    for (at, day) in days.iter_mut().enumerate() {
        if at < gone {
            day.records.push(row.clone());
        }
        day.find(CASE, "unverified", &thing.asset_id, None);
        let says = [("verification", json!("unverified"))];
        day.truth.entries.push(entry(CASE, thing.names(), Some(EntryState::Active), says));
    }
}

/// A row by type and name, and two accounts have a function of that name: nobody can tell which is meant.
pub(super) fn namesakes_in_two_accounts(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "namesakes_in_two_accounts";
    let name = format!("gtfs-export-{:08x}", dice.throw() as u32);
    let mut plots: Vec<Plot> = BRIGHT
        .into_iter()
        .map(|account| {
            let place = (account, dice.below(REGION_COUNT));
            let thing = Thing::named(world, dice, Kind::Function, place, name.clone());
            let mut plot = Plot::about(world, dice, CASE, thing);
            plot.from(0, |page| page.word = None);
            plot
        })
        .collect();
    plots.iter_mut().for_each(|plot| plot.play(world, days));
    let mut thing = plots[0].thing.clone();
    thing.asset_id.push('Z');
    for (at, day) in days.iter_mut().enumerate() {
        day.records.push(thing.record(world, How::ById));
        let kind = if world.all_clear(at) { "duplicate" } else { "unverified" };
        day.find(CASE, kind, &thing.asset_id, None);
        day.truth.entries.push(entry(CASE, vec![thing.asset_id.clone()], None, []));
    }
}

/// Lives all the time, and is not seen for a while; with or without a record.
pub(super) fn dim_and_live(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::dim(world, dice, "dim_and_live");
    if dice.chance(40) {
        plot.from(0, |page| page.word = None);
    }
    plot.play(world, days);
}

/// Goes while nobody sees it, or shortly before.
pub(super) fn dim_and_gone(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::dim(world, dice, "dim_and_gone");
    let (dusk, dawn) = world.dusk_and_dawn().unwrap_or((1, 2));
    let goes = dice.within(dusk.saturating_sub(1).max(1), dawn);
    plot.from(goes, |page| page.alive = false);
    let word = dice.pick(&[Some(Word::Active), Some(Word::Active), Some(Word::Retired), None]);
    plot.from(dice.within(1, 3), |page| page.word = word);
    plot.play(world, days);
}

/// Registered while nobody sees it: the register alone vouches. Afterwards it turns out to live, or not.
pub(super) fn dim_and_new(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::dim(world, dice, "dim_and_new");
    let (dusk, _) = world.dusk_and_dawn().unwrap_or((1, 2));
    let lives = dice.chance(50);
    plot.until(dusk, |page| page.word = None).until(dusk, |page| page.alive = false);
    plot.from(dusk, |page| page.alive = lives);
    plot.play(world, days);
}

/// Its account leaves the organisation or is suspended: nothing of it is concluded any more.
pub(super) fn account_gone(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::leaving(world, dice, "account_gone");
    let end = world.end_day().unwrap_or(2);
    match dice.below(4) {
        0 => plot.from(0, |page| page.word = None),
        1 => plot.from(end, |page| page.word = None),
        2 => plot.from(end.saturating_sub(1).max(1), |page| page.alive = false),
        _ => plot.from(end, |page| page.word = Some(Word::Retired)),
    };
    plot.play(world, days);
}

/// Two rows of one resource in a region that is dark for a while: there it has one entry all the same.
pub(super) fn registered_twice_in_the_dark(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let mut plot = Plot::dim(world, dice, "registered_twice_in_the_dark");
    // The row that names the ARN has the better right to the entry.
    plot.how = How::ByArn;
    plot.from(1, |page| page.twin = true);
    plot.play(world, days);
    for (at, day) in days.iter_mut().enumerate().skip(1) {
        if world.view(plot.thing.account, plot.thing.kind, at) == View::Dark {
            day.find(plot.case, "unverified", &format!("{}{SECOND}", plot.thing.asset_id), None);
        }
    }
}
