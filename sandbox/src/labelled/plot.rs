//! The story of one asset: what of it lives, what is written about it, and what follows, day by day.

use super::{
    Day, EntryState, ExpectedEntry,
    books::{Answer, Books, Seen, Verdict, Word, Written},
    dice::Dice,
    register::Edit,
    thing::{How, KINDS, Thing, instance_type_value},
    world::{BRIGHT, DIM, DIM_REGION, LEAVING, View, World},
};
use crate::{
    estate::{accounts::REGION_COUNT, kind::Kind},
    source_register::Record,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const TYPES: [&str; 3] = ["t3.small", "m6i.large", "c6i.2xlarge"];
pub(super) const OWNERS: [&str; 3] = ["Team Fahrplan", "Team Ticketing", "Team Leitstelle"];
/// What the asset id of a second row ends with.
pub(super) const SECOND: char = 'B';
/// Who changes entries in the central register behind bestand's back.
pub(super) const SOMEBODY: &str = "m.muster";

/// What one day tells of an asset.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) alive: bool,
    /// What the source register's row says; `None`: there is no row.
    pub(super) word: Option<Word>,
    /// Whether a second row speaks of it.
    pub(super) twin: bool,
    pub(super) owner: &'static str,
    /// Its instance type, and the one that its row names; of other resources nobody asks.
    pub(super) is_type: &'static str,
    pub(super) told_type: &'static str,
    /// Whether its row gives it another name.
    pub(super) misnamed: bool,
    /// Whether its row calls it by another resource type; only where the row names the ARN.
    pub(super) mistyped: bool,
    /// Whether its row puts it into another region; only where the row names the ARN.
    pub(super) displaced: bool,
    /// The owner that somebody writes into the central register before the run.
    pub(super) edit: Option<&'static str>,
    /// When it was made, where that is not long ago.
    pub(super) made_at: Option<i64>,
}

/// The story of one asset.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) case: &'static str,
    pub(super) thing: Thing,
    pub(super) how: How,
    /// Whether AWS Config dates its deletions.
    pub(super) dated: bool,
    /// How a second row names it; otherwise than the first, where nothing is said.
    pub(super) second: Option<How>,
    pub(super) pages: Vec<Page>,
}

impl Plot {
    /// An asset that lives and is rightly registered on all days, somewhere bright.
    pub(super) fn new(world: &World, dice: &mut Dice, case: &'static str) -> Self {
        let kind = dice.pick(&KINDS);
        Self::of_kind(world, dice, case, kind)
    }

    pub(super) fn of_kind(world: &World, dice: &mut Dice, case: &'static str, kind: Kind) -> Self {
        let thing = Thing::bright(world, dice, kind);
        Self::about(world, dice, case, thing)
    }

    /// The same in the dim account.
    pub(super) fn dim(world: &World, dice: &mut Dice, case: &'static str) -> Self {
        let kind = dice.pick(&KINDS);
        // Where the recorder stands still EC2 would know better, and that is a story of its own.
        let ec2 = matches!(kind, Kind::Instance | Kind::Volume);
        let kind = if ec2 && world.ever_stands_still() { Kind::Function } else { kind };
        // Only instances are dim where EC2 has an instance of its own.
        let kind = if world.ever_hides_an_instance() && dice.chance(60) { Kind::Instance } else { kind };
        let thing = Thing::new(world, dice, kind, DIM, DIM_REGION);
        Self::about(world, dice, case, thing)
    }

    /// The same in the account that leaves.
    pub(super) fn leaving(world: &World, dice: &mut Dice, case: &'static str) -> Self {
        let (kind, region) = (dice.pick(&KINDS), dice.below(REGION_COUNT));
        let thing = Thing::new(world, dice, kind, LEAVING, region);
        Self::about(world, dice, case, thing)
    }

    /// A story about a certain resource.
    pub(super) fn about(world: &World, dice: &mut Dice, case: &'static str, thing: Thing) -> Self {
        let how = match (dice.below(4), thing.kind, thing.account) {
            // A bucket's ARN names no account: such a row is placed by what lives, another story.
            (1, kind, _) if kind != Kind::Bucket => How::ByArn,
            (2, ..) => How::ByScope,
            // In how many regions something could be is clear only where all are.
            (3, kind, account) if !kind.global() && BRIGHT.contains(&account) => How::WithoutRegion,
            _ => How::Fully,
        };
        let (owner, is_type) = (dice.pick(&OWNERS), dice.pick(&TYPES));
        let page = Page {
            alive: true,
            word: Some(Word::Active),
            twin: false,
            owner,
            is_type,
            told_type: is_type,
            misnamed: false,
            mistyped: false,
            displaced: false,
            edit: None,
            made_at: None,
        };
        Self { case, thing, how, dated: dice.chance(50), second: None, pages: vec![page; world.days] }
    }

    /// Changes the story from a day on.
    pub(super) fn from(&mut self, day: usize, change: impl Fn(&mut Page)) -> &mut Self {
        self.pages.iter_mut().skip(day).for_each(change);
        self
    }

    /// Changes the story before a day.
    pub(super) fn until(&mut self, day: usize, change: impl Fn(&mut Page)) -> &mut Self {
        self.pages.iter_mut().take(day).for_each(change);
        self
    }

    /// Plays the story into the days.
    pub(super) fn play(&self, world: &World, days: &mut [Day]) {
        let mut playing = Playing { books: Books::default(), says: BTreeMap::new(), has_arn: false };
        for (at, day) in days.iter_mut().enumerate() {
            self.set(world, at, day);
            playing.day(self, world, at, day);
        }
    }

    /// Puts what is there on a day onto the stage.
    fn set(&self, world: &World, at: usize, day: &mut Day) {
        let page = &self.pages[at];
        let shown_of = world.stands_still(at).filter(|_| self.lies_in_the_dim_region()).unwrap_or(at);
        let mut thing = self.thing.clone();
        if let Some(made_at) = self.pages[shown_of].made_at {
            thing.created_at = made_at;
        }
        let is_type = self.pages[shown_of].is_type;
        if self.pages[shown_of].alive {
            day.resources.push(thing.scripted(is_type, None));
        } else if let Some(went) = self.died_on(shown_of).filter(|_| self.dated) {
            day.resources.push(thing.scripted(is_type, Some(world.before(went))));
        }
        if let Some(word) = page.word {
            let record = self.row(world, page, word);
            if page.twin {
                day.records.push(self.second_row(world, page, word));
            }
            day.records.push(record);
        }
        if let Some(owner) = page.edit {
            day.edits.push(Edit::attribute(&self.thing.names(), "owner", json!(owner), SOMEBODY));
        }
    }

    fn lies_in_the_dim_region(&self) -> bool {
        self.thing.account == DIM && !self.thing.kind.global()
    }

    /// The day by which it had gone last, if it ever lived.
    fn died_on(&self, at: usize) -> Option<usize> {
        let last = (0..at).rev().find(|day| self.pages[*day].alive)?;
        Some(last + 1)
    }

    fn row(&self, world: &World, page: &Page, word: Word) -> Record {
        let mut record = self.thing.record(world, self.how);
        record.status = Some(word.text().to_owned());
        record.owner = Some(page.owner.to_owned());
        record.instance_type = (self.thing.kind == Kind::Instance).then(|| page.told_type.to_owned());
        if page.misnamed {
            record.name = Some(format!("{} (alt)", self.thing.name));
        }
        if page.mistyped {
            record.resource_type = Some(other_kind(self.thing.kind).name().to_owned());
        }
        if page.displaced {
            let other = (self.thing.region + 1) % REGION_COUNT;
            record.region = record.region.map(|_| crate::estate::accounts::REGIONS[other].to_owned());
        }
        record
    }

    /// The second row names the resource another way, where there is one.
    pub(super) fn second_row(&self, world: &World, page: &Page, word: Word) -> Record {
        let other = if self.how == How::ByScope { How::Fully } else { How::ByScope };
        let how = self.second.unwrap_or(other);
        let mut record = Self { how, ..self.clone() }.row(world, page, word);
        record.id.push(SECOND);
        record
    }

    /// The names that an entry of it may carry, whichever of its rows gave them.
    fn names(&self) -> Vec<String> {
        let twin = self.pages.iter().any(|page| page.twin);
        let second = twin.then(|| format!("{}{SECOND}", self.thing.asset_id));
        self.thing.names().into_iter().chain(second).collect()
    }

    fn seen(&self, world: &World, at: usize, once_live: bool) -> Seen {
        let (thing, alive) = (&self.thing, |day: usize| self.pages[day].alive);
        match world.view(thing.account, thing.kind, at) {
            View::Clear if alive(at) => Seen::Live,
            View::Clear if world.is_silent(thing.account, thing.kind, at) => Seen::Gone(Answer::Silence),
            View::Clear => {
                // Of something that was never seen, a deletion may be an earlier namesake's.
                let its_own = once_live || thing.is_told_apart_for_ever(self.how);
                let dated = self.dated && self.died_on(at).is_some() && its_own;
                Seen::Gone(if dated { Answer::Dated } else { Answer::NeverHeardOf })
            }
            View::Murky => {
                let shown = world.stands_still(at).unwrap_or(at);
                if alive(shown) { Seen::Shown } else { Seen::Nothing }
            }
            View::Dark => Seen::Nothing,
        }
    }
}

/// A type that a careless row gives to a resource.
pub(super) const fn other_kind(kind: Kind) -> Kind {
    match kind {
        Kind::Instance => Kind::Volume,
        _ => Kind::Instance,
    }
}

/// What is known while a story is played.
struct Playing {
    books: Books,
    /// What the entry says.
    says: BTreeMap<&'static str, Value>,
    /// Whether the entry names the ARN.
    has_arn: bool,
}

impl Playing {
    fn day(&mut self, plot: &Plot, world: &World, at: usize, day: &mut Day) {
        let page = &plot.pages[at];
        if let Some(owner) = page.edit.filter(|_| self.books.entry.is_some()) {
            self.says.insert("owner", json!(owner));
        }
        let seen = plot.seen(world, at, self.books.once_live);
        let there = matches!(seen, Seen::Live | Seen::Shown);
        if page.twin && page.word.is_some() && there {
            self.books.sighted();
            day.find(plot.case, "duplicate", &plot.thing.arn, None);
        } else {
            let before = self.books.entry;
            let Verdict { finding, written } = self.books.day(at, page.word, seen);
            self.write(plot, page, written, seen == Seen::Live);
            let named =
                there || page.word.is_some() && plot.how.names_arn() || before.is_some() && self.has_arn;
            let subject = if named { &plot.thing.arn } else { &plot.thing.asset_id };
            if let Some(kind) = finding {
                day.find(plot.case, kind, subject, None);
            }
            if seen == Seen::Live && page.word.is_some() {
                self.compare(plot, page, day);
            }
        }
        day.truth.entries.push(ExpectedEntry {
            case: plot.case,
            names: plot.names(),
            state: self.books.entry,
            says: self.says.clone(),
        });
    }

    /// What the entry says after the day.
    fn write(&mut self, plot: &Plot, page: &Page, written: Written, live: bool) {
        let mut say = |name, value: Option<Value>| {
            if let Some(value) = value {
                self.says.insert(name, value);
            }
        };
        let kind = plot.thing.kind;
        match written {
            Written::Nothing => return,
            Written::All => {
                say("owner", Some(json!(page.owner)));
                say("registration", Some(json!("registered")));
                say("verification", Some(json!("live")));
                say("configuration.instanceType", instance_type_value(kind, page.is_type));
            }
            Written::Technical => {
                say("registration", Some(json!("unregistered")));
                say("verification", Some(json!("live")));
                say("configuration.instanceType", instance_type_value(kind, page.is_type));
            }
            Written::Organisational => {
                say("owner", Some(json!(page.owner)));
                say("registration", Some(json!("registered")));
            }
            Written::Unverified => {
                say("owner", Some(json!(page.owner)));
                say("registration", Some(json!("registered")));
                say("verification", Some(json!("unverified")));
                say("configuration.instanceType", instance_type_value(kind, page.told_type));
            }
        }
        self.has_arn |= live || written == Written::Unverified && plot.how.names_arn();
    }

    /// What the row says otherwise than AWS.
    fn compare(&self, plot: &Plot, page: &Page, day: &mut Day) {
        let thing = &plot.thing;
        let mut differs = |attribute| day.find(plot.case, "divergent", &thing.arn, Some(attribute));
        if thing.kind == Kind::Instance && page.told_type != page.is_type {
            differs("configuration.instanceType");
        }
        if page.misnamed && thing.shows_name() {
            differs("name");
        }
        if page.mistyped {
            differs("resource_type");
        }
        if page.displaced && plot.how == How::Fully && !thing.kind.global() {
            differs("region");
        }
    }
}

/// The truth about an asset that has one entry, without a story of its own.
pub(super) fn entry(
    case: &'static str,
    names: Vec<String>,
    state: Option<EntryState>,
    says: impl IntoIterator<Item = (&'static str, Value)>,
) -> ExpectedEntry {
    ExpectedEntry { case, names, state, says: says.into_iter().collect() }
}
