//! The ledger by account and region: what the map is drawn from, and all that is kept of an earlier run's.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::coverage::{CoverageLine, CoverageStatus, CrossCheck, Reason};
use bestand_model::identifiers::{AccountId, Region};

use super::phrase::{Phrase, counted, phrase};
use super::words;

/// How far something was seen. The order is that of trouble.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum State {
    /// Nothing was seen.
    Blind,
    /// Some types were not seen.
    Part,
    /// Not asked, or closed by AWS itself.
    Closed,
    /// Everything was seen.
    Full,
}

impl State {
    /// Gives the class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Part => "part",
            Self::Closed => "closed",
            Self::Full => "full",
        }
    }

    /// Gives the word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Blind => "not seen",
            Self::Part => "in part",
            Self::Closed => "not asked",
            Self::Full => "complete",
        }
    }
}

/// The lines of a ledger, summed up by account and region: it does not grow with the types.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    accounts: BTreeMap<AccountId, AccountLines>,
}

/// What the ledger says of one account.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountLines {
    whole: Option<Verdict>,
    regions: BTreeMap<Region, RegionLines>,
}

/// A line about a whole account or region.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    complete: bool,
    reason: Reason,
    cross_check: Option<CrossCheck>,
}

#[derive(Clone, Debug, Default)]
struct RegionLines {
    default: Option<Verdict>,
    complete_types: u64,
    gaps: BTreeMap<Reason, u64>,
}

/// How far one scope was seen, and why not further.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sight {
    /// How far.
    pub(super) state: State,
    /// Why, in a word.
    pub(super) note: Phrase,
    /// So many types were not seen.
    pub(super) types: u64,
}

impl Sight {
    fn new(state: State, note: Phrase) -> Self {
        Self { state, note, types: 0 }
    }
}

impl Ledger {
    /// Takes a line.
    pub(super) fn add(&mut self, line: &CoverageLine) {
        self.of_account(&line.account_id).add(line);
    }

    /// Gives the account's lines, none where there are none yet.
    pub(super) fn of_account(&mut self, id: &AccountId) -> &mut AccountLines {
        // Most lines speak of an account that is there already.
        if !self.accounts.contains_key(id) {
            self.accounts.insert(id.clone(), AccountLines::default());
        }
        self.accounts.entry(id.clone()).or_default()
    }

    /// Gives the accounts in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AccountId, &AccountLines)> {
        self.accounts.iter()
    }

    /// Gives an account's lines.
    pub(super) fn get(&self, id: &AccountId) -> Option<&AccountLines> {
        self.accounts.get(id)
    }

    /// Gives all regions that it speaks of; global types first: they belong to no region, and to every account.
    pub(super) fn regions(&self) -> Vec<&Region> {
        let all: BTreeSet<&Region> = self.accounts.values().flat_map(|own| own.regions.keys()).collect();
        let mut order: Vec<&Region> = all.into_iter().collect();
        order.sort_by_key(|region| (region.as_str() != Region::GLOBAL, *region));
        order
    }
}

impl AccountLines {
    fn add(&mut self, line: &CoverageLine) {
        let verdict = Verdict {
            complete: line.status == CoverageStatus::Complete,
            reason: line.reason.unwrap_or(Reason::ServiceError),
            cross_check: line.cross_check,
        };
        let Some(region) = &line.region else {
            self.whole = Some(verdict);
            return;
        };
        let own = self.regions.entry(region.clone()).or_default();
        match (&line.resource_type, verdict.complete) {
            (None, _) => own.default = Some(verdict),
            (Some(_), true) => own.complete_types += 1,
            (Some(_), false) if verdict.reason.is_gap() => *own.gaps.entry(verdict.reason).or_default() += 1,
            (Some(_), false) => {}
        }
    }

    /// Tells whether the region was asked.
    pub(super) fn asked(&self, region: &Region) -> bool {
        self.regions.get(region).is_some_and(|lines| lines.sight().state != State::Closed)
    }

    /// Tells whether it speaks of any region.
    pub(super) fn has_regions(&self) -> bool {
        !self.regions.is_empty()
    }

    /// Tells how far the region was seen.
    pub(super) fn region(&self, region: &Region) -> Sight {
        let own = self.regions.get(region);
        let mut sight = match own {
            Some(lines) => lines.sight(),
            None => self.whole.map_or(Sight::new(State::Closed, Phrase::nothing()), Verdict::sight),
        };
        let checked = own.and_then(|lines| lines.default).and_then(|line| line.cross_check);
        if let Some(check) = checked.filter(|check| check.unrecorded > 0) {
            let told = phrase("{} of what EC2 has", [share(check)]);
            sight.note =
                if sight.note.is_nothing() { told } else { Phrase::List("; ", vec![sight.note, told]) };
        }
        sight
    }

    /// Tells how far the account as a whole was seen, where the ledger has a line about it.
    pub(super) fn whole(&self) -> Option<Sight> {
        self.whole.map(Verdict::sight)
    }

    /// Tells why the account as a whole is incomplete; nothing where it is not.
    pub(super) fn whole_note(&self) -> Option<Phrase> {
        self.whole.filter(|line| !line.complete).map(|line| line.sight().note)
    }
}

impl Verdict {
    fn sight(self) -> Sight {
        if self.complete {
            return Sight::new(State::Full, Phrase::nothing());
        }
        let state = if self.reason.is_gap() { State::Blind } else { State::Closed };
        Sight::new(state, Phrase::Word(words::reason(self.reason).label))
    }
}

impl RegionLines {
    fn sight(&self) -> Sight {
        let types: u64 = self.gaps.values().sum();
        let default = self.default.map(Verdict::sight);
        let blind_by_default = default.as_ref().is_some_and(|own| own.state == State::Blind);
        if blind_by_default && self.complete_types == 0 {
            return default.unwrap_or(Sight::new(State::Blind, Phrase::nothing()));
        }
        if types == 0 && !blind_by_default {
            return match default {
                Some(own) if own.state == State::Closed && self.complete_types == 0 => own,
                None if self.complete_types == 0 => Sight::new(State::Closed, Phrase::nothing()),
                _ => Sight::new(State::Full, Phrase::nothing()),
            };
        }
        let state = if default.is_none() && self.complete_types == 0 { State::Blind } else { State::Part };
        if types == 0 {
            return Sight::new(state, default.map_or_else(Phrase::nothing, |own| own.note));
        }
        let number = counted("{} type|{} types", types);
        let note = match self.gaps.keys().next() {
            Some(reason) if self.gaps.len() == 1 => {
                phrase("{}: {}", [number, Phrase::Word(words::reason(*reason).label)])
            }
            _ => number,
        };
        Sight { state, note, types }
    }
}

/// Gives a ratio so that only all of it is called 100 %.
pub(super) fn share(check: CrossCheck) -> Phrase {
    if check.unrecorded == 0 {
        return Phrase::Word("100 %");
    }
    Phrase::Share((check.ratio() * 1000.0).floor() / 1000.0)
}
