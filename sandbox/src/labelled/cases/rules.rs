//! What the settings ask for beyond the table of outcomes: tags, values, exceptions, other ways to identify.

use super::super::{
    Day, EntryState,
    dice::Dice,
    plot::{Plot, entry},
    register::Edit,
    thing::{How, KINDS, Thing},
    world::{BRIGHT, World},
};
use crate::estate::{
    accounts::{REGION_COUNT, REGIONS},
    code::hash,
    kind::Kind,
};
use serde_json::{Map, json};

/// The type of which the settings require a tag.
pub(in crate::labelled) const REQUIRED_OF: Kind = Kind::Table;
/// The type whose environments the settings map.
pub(in crate::labelled) const MAPPED: Kind = Kind::Topic;
/// The type that the settings identify by a tag.
pub(in crate::labelled) const BY_TAG: Kind = Kind::Repository;

/// Lacks the tag that the settings require, or has it with a value that they do not allow; perhaps it is mended.
pub(super) fn required_tag(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "required_tag";
    let mut thing = Thing::bright(world, dice, REQUIRED_OF);
    let value = dice.pick(&[None, Some("teuer"), Some("4711")]);
    thing.tags.extend(value.map(|value| ("cost-centre".to_owned(), value.to_owned())));
    let plot = Plot::about(world, dice, CASE, thing);
    plot.play(world, days);
    if value != Some("4711") {
        for day in days {
            day.find(CASE, "non_compliant", &plot.thing.arn, Some("tag:cost-centre"));
        }
    }
}

/// The settings name an exception whose time is over: one finding a run, of nothing in particular.
pub(super) fn expired_exception(_: &World, _: &mut Dice, days: &mut [Day]) {
    for day in days {
        day.find("expired_exception", "exception_expired", "", None);
    }
}

/// The settings map environments, and the row has one that they do not know.
pub(super) fn unmapped_value(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "unmapped_value";
    let thing = Thing::bright(world, dice, MAPPED);
    let mut row = thing.record(world, How::Fully);
    row.environment = Some(dice.pick(&["prod", "tset"]).to_owned());
    let known = row.environment.as_deref() == Some("prod");
    for day in days {
        day.resources.push(thing.scripted("", None));
        day.records.push(row.clone());
        if !known {
            day.find(CASE, "suspect_value", &thing.arn, Some("environment"));
        }
        let says = [("environment", if known { json!("production") } else { json!(null) })];
        day.truth.entries.push(entry(CASE, thing.names(), Some(EntryState::Active), says));
    }
}

/// Two resources, each rightly registered, under one asset id.
pub(super) fn shared_asset_id(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "shared_asset_id";
    let things: Vec<Thing> = (0..2)
        .map(|_| {
            let kind = dice.pick(&KINDS);
            Thing::bright(world, dice, kind)
        })
        .collect();
    let from = dice.below(3);
    for (at, day) in days.iter_mut().enumerate() {
        for thing in &things {
            day.resources.push(thing.scripted("t3.small", None));
            let mut row = thing.record(world, How::Fully);
            row.instance_type = (thing.kind == Kind::Instance).then(|| "t3.small".to_owned());
            if at >= from {
                row.id.clone_from(&things[0].asset_id);
                day.find(CASE, "shared_identity", &thing.arn, Some("asset_id"));
            }
            day.records.push(row);
            // The asset id tells the two apart no more.
            day.truth.entries.push(entry(CASE, vec![thing.arn.clone()], Some(EntryState::Active), []));
        }
    }
}

/// An entry under bestand's name that bestand never wrote, and that nothing was matched to: left alone.
pub(super) fn not_ours(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "not_ours";
    let kind = dice.pick(&KINDS);
    let thing = Thing::bright(world, dice, kind);
    let from = dice.within(0, 2).max(1);
    let fact = dice.throw();
    let group = hash(&[world.seed, fact, 602]) & 0xffff_ffff_ffff;
    let attributes = Map::from_iter([
        ("arn".to_owned(), json!(thing.arn)),
        ("resource_type".to_owned(), json!(kind.name())),
        ("resource_id".to_owned(), json!(thing.id)),
        ("region".to_owned(), json!(if kind.global() { "global" } else { REGIONS[thing.region] })),
        ("verification".to_owned(), json!("live")),
    ]);
    days[from].edits.push(Edit::Insert {
        asset_key: format!("{:08x}-0000-5000-8000-{group:012x}", fact as u32),
        account_id: Some(world.account_id(thing.account).to_owned()),
        attributes,
        by: "m.muster",
    });
    for (at, day) in days.iter_mut().enumerate() {
        let there = at >= from;
        if there {
            day.find(CASE, "not_ours", &thing.arn, None);
        }
        let state = there.then_some(EntryState::Active);
        day.truth.entries.push(entry(CASE, thing.names(), state, []));
    }
}

/// Deleted and made anew under the same ARN between two runs: another resource, the same entry.
pub(super) fn remade(world: &World, dice: &mut Dice, days: &mut [Day]) {
    let kind = dice.pick(&[Kind::Function, Kind::Bucket]);
    let mut plot = Plot::of_kind(world, dice, "remade", kind);
    let at = dice.within(1, 3);
    plot.from(at, |page| page.made_at = Some(world.before(at)));
    plot.play(world, days);
    days[at].find(plot.case, "replaced", &plot.thing.arn, Some("created_at"));
}

/// A row that names no resource: its asset id stands in a tag, spelt otherwise.
pub(super) fn by_tag(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "by_tag";
    let mut thing = Thing::bright(world, dice, BY_TAG);
    thing.tags.push(("inventory-id".to_owned(), format!(" {} ", thing.asset_id.to_lowercase())));
    let mut row = thing.record(world, How::ByScope);
    row.resource_id = None;
    row.owner = Some("Team Daten".to_owned());
    for day in days {
        day.resources.push(thing.scripted("", None));
        day.records.push(row.clone());
        let says = [("owner", json!("Team Daten")), ("registration", json!("registered"))];
        day.truth.entries.push(entry(CASE, thing.names(), Some(EntryState::Active), says));
    }
}

/// Tag and region moved at once: made anew in another region under the tag of the old one, and the row still names
/// the old region.
pub(super) fn tag_and_region_moved(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "tag_and_region_moved";
    let mut here = Thing::bright(world, dice, BY_TAG);
    here.tags.push(("inventory-id".to_owned(), here.asset_id.clone()));
    let mut there = here.clone();
    there.region = (here.region + 1) % REGION_COUNT;
    there.arn = there.arn_in(world, there.account, there.region);
    let mut row = here.record(world, How::ByScope);
    row.resource_id = None;
    let moved = dice.within(1, 3);
    for (at, day) in days.iter_mut().enumerate() {
        day.resources.push(if at < moved { &here } else { &there }.scripted("", None));
        day.records.push(row.clone());
        day.truth.entries.push(entry(CASE, vec![here.arn.clone()], Some(EntryState::Active), []));
        if at >= moved {
            // The row's resource is not where it says; and the old entry may be about what lives there now: a person
            // must tell.
            day.find(CASE, "misplaced", &there.arn, None);
            day.find(CASE, "misplaced", &here.arn, None);
        }
        let made = (at >= moved).then_some(EntryState::Active);
        day.truth.entries.push(entry(CASE, vec![there.arn.clone()], made, []));
    }
}

/// The row names another account than the one in which the resource lives.
pub(super) fn in_another_account(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "in_another_account";
    // AWS calls a database's id unique within a region only.
    let kind = dice.pick(&[Kind::Instance, Kind::Volume]);
    let thing = Thing::bright(world, dice, kind);
    let other = BRIGHT.into_iter().find(|account| *account != thing.account).unwrap_or(thing.account);
    let mut row = thing.record(world, How::ByScope);
    row.account = Some(world.account_id(other).to_owned());
    let mut plot = Plot::about(world, dice, CASE, thing);
    plot.from(0, |page| page.word = None);
    plot.play(world, days);
    for day in days {
        day.records.push(row.clone());
        day.find(CASE, "misplaced", &plot.thing.asset_id, None);
    }
}

/// The settings leave alone what somebody else writes into these attributes.
pub(super) fn edited_and_left(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "edited_and_left";
    let (attribute, ours) = dice.pick(&[("cost_centre", "KST-4711"), ("data_classification", "intern")]);
    let kind = dice.pick(&KINDS);
    let thing = Thing::bright(world, dice, kind);
    let at = dice.within(1, 3);
    let theirs = json!("von Hand");
    days[at].edits.push(Edit::attribute(&thing.names(), attribute, theirs.clone(), "m.muster"));
    for (day, into) in days.iter_mut().enumerate() {
        into.resources.push(thing.scripted("t3.small", None));
        let mut row = thing.record(world, How::Fully);
        row.data_class = Some("intern".to_owned());
        row.instance_type = (kind == Kind::Instance).then(|| "t3.small".to_owned());
        into.records.push(row);
        if day >= at {
            into.find(CASE, "externally_changed", &thing.arn, Some(attribute));
        }
        let says = [(attribute, if day >= at { theirs.clone() } else { json!(ours) })];
        into.truth.entries.push(entry(CASE, thing.names(), Some(EntryState::Active), says));
    }
}

/// Two rows of one resource: one that names its account, and one that names none. Where not everything is seen the
/// second is only doubted.
pub(super) fn registered_twice_once_without_account(world: &World, dice: &mut Dice, days: &mut [Day]) {
    const CASE: &str = "registered_twice_once_without_account";
    let mut plot = Plot::new(world, dice, CASE);
    plot.second = Some(How::ById);
    for (at, page) in plot.pages.iter_mut().enumerate() {
        page.twin = world.all_clear(at);
    }
    plot.play(world, days);
    for (at, day) in days.iter_mut().enumerate() {
        if !world.all_clear(at) {
            let second = plot.second_row(world, &plot.pages[at], super::super::books::Word::Active);
            day.find(CASE, "unverified", &second.id, None);
            day.records.push(second);
        }
    }
}
