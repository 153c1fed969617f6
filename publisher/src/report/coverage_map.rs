//! The map of accounts by regions: where everything was seen, where not, and in a word why.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::{Account, AccountState};
use bestand_model::coverage::{CoverageLine, CoverageStatus, CrossCheck, Reason};
use bestand_model::identifiers::{AccountId, Region};

use super::text::{count, counted, mail_link, visible};
use super::words;

/// What there is to know of an account that a person named as closed or gone for good.
const DECOMMISSIONED: &str = "decommissioned";

/// The map, ready for the template.
#[derive(Debug, Default)]
pub(super) struct CoverageMap {
    /// The columns: regions in which at least one account was asked.
    pub(super) regions: Vec<String>,
    /// Regions that were asked in no account.
    pub(super) unasked: Vec<String>,
    /// What EC2 says beside AWS Config; empty where it was not asked.
    pub(super) cross_check: String,
    /// Accounts that were not wholly seen.
    pub(super) troubled: Vec<Row>,
    /// Accounts that were.
    pub(super) whole: Vec<Row>,
}

/// One account.
#[derive(Debug)]
pub(super) struct Row {
    /// Its id.
    pub(super) id: String,
    /// Its name, where a directory knows it.
    pub(super) name: Option<String>,
    /// Its organisational unit, from the root down; empty where no directory tells.
    pub(super) unit: String,
    /// The address that AWS writes to about it; empty where no directory tells.
    pub(super) email: String,
    /// Where a link on that address leads; empty where it is not plainly an address.
    pub(super) email_link: String,
    /// How far it was read.
    pub(super) status: State,
    /// What there is to know of the status: the reason for the whole account.
    pub(super) note: String,
    /// One cell per column.
    pub(super) cells: Vec<Cell>,
    /// Whether every cell says what the status says: then a narrow screen need not show them.
    pub(super) uniform: bool,
    /// Its findings.
    pub(super) findings: String,
}

/// One account in one region.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// How far it was seen.
    pub(super) state: State,
    /// The region, for narrow screens where the columns have no head.
    pub(super) region: String,
    /// Why, in a word.
    pub(super) note: String,
}

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

/// What the ledger says of one account.
#[derive(Default)]
struct Ledger<'a> {
    account: Option<&'a CoverageLine>,
    regions: BTreeMap<&'a Region, RegionLines<'a>>,
}

#[derive(Default)]
struct RegionLines<'a> {
    default: Option<&'a CoverageLine>,
    complete_types: u64,
    gaps: BTreeMap<Reason, u64>,
}

impl CoverageMap {
    /// Draws the map from the ledger; accounts that it does not speak of are there as not seen.
    pub(super) fn draw(
        accounts: &[Account],
        coverage: &[CoverageLine],
        findings: &BTreeMap<Option<AccountId>, u64>,
    ) -> Self {
        let directory: BTreeMap<&AccountId, &Account> = accounts.iter().map(|own| (&own.id, own)).collect();
        let mut ledgers: BTreeMap<&AccountId, Ledger<'_>> = BTreeMap::new();
        for id in directory.keys() {
            ledgers.entry(id).or_default();
        }
        for line in coverage {
            ledgers.entry(&line.account_id).or_default().add(line);
        }
        let all: BTreeSet<&Region> = ledgers.values().flat_map(|own| own.regions.keys().copied()).collect();
        // An account that could not be read at all says nothing about which regions were asked.
        let (asked, unasked): (Vec<&Region>, Vec<&Region>) =
            in_order(&all).into_iter().partition(|region| ledgers.values().any(|own| own.asked(region)));
        let mut map = Self {
            regions: asked.iter().map(ToString::to_string).map(|text| visible(&text)).collect(),
            unasked: unasked.iter().map(ToString::to_string).map(|text| visible(&text)).collect(),
            cross_check: cross_check(coverage),
            ..Self::default()
        };
        for (id, ledger) in &ledgers {
            let account = directory.get(id).copied();
            let row = ledger.row(id, account, &asked, findings.get(&Some((*id).clone())).copied());
            if row.status == State::Full { map.whole.push(row) } else { map.troubled.push(row) }
        }
        map.troubled.sort_by_key(|row| row.status);
        map
    }

    /// Gives the number of the table's columns: account, status, regions, findings.
    pub(super) fn columns(&self) -> usize {
        self.regions.len() + 3
    }
}

/// Sums up what EC2 says of all regions in which it was asked.
fn cross_check(coverage: &[CoverageLine]) -> String {
    let of_regions = coverage.iter().filter(|line| line.resource_type.is_none());
    let Some(sum) = of_regions.filter_map(|line| line.cross_check).reduce(CrossCheck::and) else {
        return String::new();
    };
    let recorded = sum.found - sum.unrecorded;
    let mut text = format!(
        "EC2 was asked as well: AWS Config has {} of the {} that EC2 has ({}).",
        count(recorded),
        counted(sum.found, "resource", "resources"),
        percent(sum)
    );
    if sum.phantom > 0 {
        text.push_str(&format!(" Of {} only AWS Config knows.", count(sum.phantom)));
    }
    text
}

/// Writes a ratio so that only all of it is called 100 %.
fn percent(check: CrossCheck) -> String {
    let share = (check.ratio() * 1000.0).floor() / 10.0;
    if check.unrecorded == 0 { "100 %".to_owned() } else { format!("{share:.1} %") }
}

/// Global types first: they belong to no region, and to every account.
fn in_order<'a>(regions: &BTreeSet<&'a Region>) -> Vec<&'a Region> {
    let mut order: Vec<&Region> = regions.iter().copied().collect();
    order.sort_by_key(|region| (region.as_str() != Region::GLOBAL, *region));
    order
}

impl<'a> Ledger<'a> {
    fn add(&mut self, line: &'a CoverageLine) {
        match (&line.region, &line.resource_type) {
            (None, _) => self.account = Some(line),
            (Some(region), None) => self.regions.entry(region).or_default().default = Some(line),
            (Some(region), Some(_)) => {
                let own = self.regions.entry(region).or_default();
                match (line.status, line.reason.unwrap_or(Reason::ServiceError)) {
                    (CoverageStatus::Complete, _) => own.complete_types += 1,
                    (CoverageStatus::Incomplete, reason) if reason.is_gap() => {
                        *own.gaps.entry(reason).or_default() += 1;
                    }
                    (CoverageStatus::Incomplete, _) => {}
                }
            }
        }
    }

    fn asked(&self, region: &Region) -> bool {
        self.regions.get(region).is_some_and(|lines| lines.state().0 != State::Closed)
    }

    fn cell(&self, region: &Region) -> Cell {
        let (state, note) = match self.regions.get(region) {
            Some(lines) => lines.state(),
            None => self.account.map_or((State::Closed, String::new()), default_state),
        };
        let default = self.regions.get(region).and_then(|lines| lines.default);
        let checked = default.and_then(|line| line.cross_check).filter(|check| check.unrecorded > 0);
        let ratio = checked.map(|check| format!("{} of what EC2 has", percent(check)));
        let notes: Vec<String> =
            [Some(note), ratio].into_iter().flatten().filter(|note| !note.is_empty()).collect();
        Cell { state, region: visible(region.as_str()), note: notes.join("; ") }
    }

    fn row(
        &self,
        id: &AccountId,
        account: Option<&Account>,
        regions: &[&Region],
        findings: Option<u64>,
    ) -> Row {
        let cells: Vec<Cell> = regions.iter().map(|region| self.cell(region)).collect();
        let (cells, status, note) = match account.map(|own| own.state) {
            // Nobody was asked there: the ledger is complete by a person's word.
            Some(AccountState::Decommissioned) => {
                let closed =
                    |cell: Cell| Cell { state: State::Closed, note: DECOMMISSIONED.to_owned(), ..cell };
                (cells.into_iter().map(closed).collect(), State::Closed, DECOMMISSIONED.to_owned())
            }
            _ => {
                let (status, note) = self.status(account, &cells);
                (cells, status, note)
            }
        };
        let email = account.and_then(|own| own.email.as_deref());
        Row {
            id: id.to_string(),
            name: account.and_then(|own| own.name.as_deref()).map(visible),
            unit: account.and_then(|own| own.ou_path.as_deref()).map(visible).unwrap_or_default(),
            email: email.map(visible).unwrap_or_default(),
            email_link: email.and_then(mail_link).unwrap_or_default(),
            uniform: cells.iter().all(|cell| cell.state == status && cell.note == note),
            status,
            note,
            cells,
            findings: count(findings.unwrap_or(0)),
        }
    }

    fn status(&self, account: Option<&Account>, cells: &[Cell]) -> (State, String) {
        let note = match self.account {
            Some(line) if line.status == CoverageStatus::Incomplete => default_state(line).1,
            _ => match account.map(|own| own.state) {
                Some(AccountState::Inactive) => words::reason(Reason::AccountInactive).label.to_owned(),
                Some(AccountState::Unknown) => words::reason(Reason::AccountUnknown).label.to_owned(),
                Some(AccountState::LeftOut) => words::reason(Reason::NotRequested).label.to_owned(),
                Some(AccountState::Active | AccountState::Decommissioned) | None => String::new(),
            },
        };
        if self.regions.is_empty() {
            return match self.account {
                Some(line) => (default_state(line).0, note),
                None if account.is_some_and(|own| {
                    matches!(own.state, AccountState::Inactive | AccountState::LeftOut)
                }) =>
                {
                    (State::Closed, note)
                }
                None => (State::Blind, if note.is_empty() { "not in the ledger".to_owned() } else { note }),
            };
        }
        let seen = |state| cells.iter().any(|cell| cell.state == state);
        let state = match (seen(State::Blind) || seen(State::Part), seen(State::Full) || seen(State::Part)) {
            (true, true) => State::Part,
            (true, false) => State::Blind,
            (false, true) => State::Full,
            (false, false) => State::Closed,
        };
        (state, note)
    }
}

impl RegionLines<'_> {
    fn state(&self) -> (State, String) {
        let types: u64 = self.gaps.values().sum();
        let default = self.default.map(default_state);
        let blind_by_default = matches!(default, Some((State::Blind, _)));
        if blind_by_default && self.complete_types == 0 {
            return default.unwrap_or((State::Blind, String::new()));
        }
        if types == 0 && !blind_by_default {
            return match default {
                Some((State::Closed, note)) if self.complete_types == 0 => (State::Closed, note),
                None if self.complete_types == 0 => (State::Closed, String::new()),
                _ => (State::Full, String::new()),
            };
        }
        let state =
            if self.default.is_none() && self.complete_types == 0 { State::Blind } else { State::Part };
        if types == 0 {
            return (state, default.map(|(_, note)| note).unwrap_or_default());
        }
        let note = match self.gaps.keys().next() {
            Some(reason) if self.gaps.len() == 1 => {
                format!("{}: {}", counted(types, "type", "types"), words::reason(*reason).label)
            }
            _ => counted(types, "type", "types"),
        };
        (state, note)
    }
}

fn default_state(line: &CoverageLine) -> (State, String) {
    match (line.status, line.reason.unwrap_or(Reason::ServiceError)) {
        (CoverageStatus::Complete, _) => (State::Full, String::new()),
        (CoverageStatus::Incomplete, reason) => {
            let state = if reason.is_gap() { State::Blind } else { State::Closed };
            (state, words::reason(reason).label.to_owned())
        }
    }
}
