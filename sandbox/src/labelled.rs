//! Labelled estates: small estates whose every difference is planted, day after day, with the truth beside them.
//!
//! A [`Scenario`] derives from a seed, for each day, what AWS holds, what the source register says, what somebody
//! does to the central register before the run, and what is dark; and for the end of that day the exact findings
//! that a right reconciliation makes and the state that each entry must be in. The truth follows from what was
//! planted and from the written rules (`docs/SEMANTICS.md`) alone: nothing of bestand is asked.

mod books;
mod cases;
mod dice;
mod plot;
mod register;
mod settings;
mod stage;
mod thing;
mod world;

pub use cases::{AWAITED, Awaited, KNOWN, Known};
pub use register::{Entry, entries};
pub use stage::StageError;

use cases::Choice;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use world::World;

use crate::{estate::script::Scripted, source_register::Record};
use register::Edit;

/// The least days that a story needs: absent, two looks over the grace, and back again.
pub const MIN_DAYS: usize = 5;

/// One finding that must be there, and no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExpectedFinding {
    /// Its kind, as `findings/` spells it.
    pub kind: &'static str,
    /// Its ARN, or the row's asset id where it has none.
    pub subject: String,
    /// The attribute that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// What planted it.
    pub case: &'static str,
}

/// The state of an entry in the central register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// It counts.
    Active,
    /// Kept, but gone.
    Retired,
}

/// What the central register must say of one asset at the end of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpectedEntry {
    /// What planted it.
    pub case: &'static str,
    /// The ARNs and asset ids that belong to this asset and to no other: an entry with one of them is its entry.
    pub names: Vec<String>,
    /// The entry's state; `None`: there must be none.
    pub state: Option<EntryState>,
    /// Attributes that it must have; a null stands for none.
    pub says: BTreeMap<&'static str, Value>,
}

/// The truth at the end of one day.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DayTruth {
    /// What nobody could see on that day, in words.
    pub dark: Vec<String>,
    /// Every finding.
    pub findings: Vec<ExpectedFinding>,
    /// Every entry, those that must not be there included.
    pub entries: Vec<ExpectedEntry>,
}

/// What is there on one day, and the truth about it.
#[derive(Debug, Default)]
struct Day {
    resources: Vec<Scripted>,
    records: Vec<Record>,
    edits: Vec<Edit>,
    truth: DayTruth,
}

impl Day {
    fn find(&mut self, case: &'static str, kind: &'static str, subject: &str, attribute: Option<&str>) {
        let attribute = attribute.map(str::to_owned);
        let found = ExpectedFinding { kind, subject: subject.to_owned(), attribute, case };
        self.truth.findings.push(found);
    }
}

/// Several days of one estate, derived from a seed.
#[derive(Debug)]
pub struct Scenario {
    world: World,
    days: Vec<Day>,
}

impl Scenario {
    /// Derives the scenario of a seed; its first day is `start`.
    pub fn new(seed: u64, days: usize, start: Timestamp) -> Self {
        Self::planted(World::new(seed, days.max(MIN_DAYS), start.as_second(), Choice::Right))
    }

    /// Derives the scenario of a seed with nothing but one case, however far bestand is with it; `None`: there is no
    /// such case.
    pub fn of_case(seed: u64, days: usize, start: Timestamp, case: &str) -> Option<Self> {
        let choice = Choice::Only(cases::named(case)?);
        Some(Self::planted(World::new(seed, days.max(MIN_DAYS), start.as_second(), choice)))
    }

    fn planted(world: World) -> Self {
        let mut scenario = Self { days: (0..world.days).map(|_| Day::default()).collect(), world };
        for (day, into) in scenario.days.iter_mut().enumerate() {
            into.truth.dark = scenario.world.in_words(day);
        }
        cases::plant_all(&scenario.world, &mut scenario.days);
        for day in &mut scenario.days {
            day.truth.findings.sort();
        }
        scenario
    }

    /// How many days it has.
    pub fn days(&self) -> usize {
        self.days.len()
    }

    /// The truth at the end of a day.
    pub fn truth(&self, day: usize) -> &DayTruth {
        &self.days[day].truth
    }

    /// The truth of all days, for a file.
    pub fn truths(&self) -> Vec<&DayTruth> {
        self.days.iter().map(|day| &day.truth).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(seed: u64) -> Scenario {
        Scenario::new(seed, MIN_DAYS, Timestamp::from_second(1_790_000_000).unwrap())
    }

    #[test]
    fn the_same_seed_plants_the_same() {
        for seed in 1..20 {
            assert_eq!(scenario(seed).truths(), scenario(seed).truths());
        }
        assert_ne!(scenario(1).truths(), scenario(2).truths());
    }

    #[test]
    fn no_two_assets_share_a_name() {
        for seed in 1..60 {
            let scenario = scenario(seed);
            let mut owner: BTreeMap<&str, usize> = BTreeMap::new();
            for (at, entry) in scenario.truth(0).entries.iter().enumerate() {
                for name in &entry.names {
                    assert_eq!(*owner.entry(name).or_insert(at), at, "seed {seed}: {name}");
                }
            }
        }
    }

    #[test]
    fn an_expected_retirement_needs_an_earlier_entry_and_is_never_of_something_that_was_found_live() {
        for seed in 1..60 {
            let scenario = scenario(seed);
            for day in 0..scenario.days() {
                let truth = scenario.truth(day);
                for (at, entry) in truth.entries.iter().enumerate() {
                    if entry.state != Some(EntryState::Retired) {
                        continue;
                    }
                    assert!(day > 0 && scenario.truth(day - 1).entries[at].state.is_some(), "{entry:?}");
                    let says_live = |finding: &&ExpectedFinding| {
                        entry.names.contains(&finding.subject)
                            && ["unregistered", "divergent", "retired_but_live", "duplicate", "unverified"]
                                .contains(&finding.kind)
                            // What was retired before may be doubted afterwards: it stays retired.
                            && scenario.truth(day - 1).entries[at].state == Some(EntryState::Active)
                    };
                    assert_eq!(truth.findings.iter().find(says_live), None, "seed {seed}, day {day}");
                }
            }
        }
    }
}
