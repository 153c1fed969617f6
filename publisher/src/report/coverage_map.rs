//! The map of accounts by regions: where everything was seen, where not, in a word why, and what changed since the
//! run before.

use std::collections::BTreeMap;

use bestand_model::account::{Account, AccountState};
use bestand_model::coverage::{CoverageLine, CrossCheck, Reason};
use bestand_model::identifiers::{AccountId, Region};

use super::ledger::{AccountLines, Ledger, Sight, State, share};
use super::past::ReportPast;
use super::phrase::{Phrase, counted, phrase};
use super::text::{mail_link, visible};
use super::words;

/// What there is to know of an account that a person named as closed or gone for good.
const DECOMMISSIONED: &str = "decommissioned";

/// The map, ready for the template.
#[derive(Debug)]
pub(super) struct CoverageMap {
    /// The columns: regions in which at least one account was asked.
    pub(super) regions: Vec<String>,
    /// Regions that were asked in no account.
    pub(super) unasked: String,
    /// What EC2 says beside AWS Config; nothing where it was not asked.
    pub(super) cross_check: Phrase,
    /// What changed since the run before.
    pub(super) changed: Phrase,
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
    pub(super) note: Phrase,
    /// One cell per column.
    pub(super) cells: Vec<Cell>,
    /// Whether every cell says what the status says: then a narrow screen need not show them.
    pub(super) uniform: bool,
    /// Its findings.
    pub(super) findings: Phrase,
    /// Whether it has any.
    pub(super) linked: bool,
}

/// One account in one region.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// How far it was seen.
    pub(super) state: State,
    /// The region, for narrow screens where the columns have no head.
    pub(super) region: String,
    /// Why, in a word.
    pub(super) note: Phrase,
    /// What became of it since the run before.
    pub(super) change: Option<Change>,
}

/// How a place is seen beside the run before.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// `worse`, `better` or `other`; the class in the style sheet.
    pub(super) class: &'static str,
    /// What it was.
    pub(super) told: Phrase,
}

impl CoverageMap {
    /// Draws the map from the ledger; accounts that it does not speak of are there as not seen.
    pub(super) fn draw(
        accounts: &[Account],
        coverage: &[CoverageLine],
        past: &ReportPast,
        findings: &BTreeMap<Option<AccountId>, u64>,
    ) -> Self {
        let directory: BTreeMap<&AccountId, &Account> = accounts.iter().map(|own| (&own.id, own)).collect();
        let mut ledger = Ledger::default();
        for id in directory.keys() {
            ledger.of_account(id);
        }
        for line in coverage {
            ledger.add(line);
        }
        // An account that could not be read at all says nothing about which regions were asked.
        let (asked, unasked): (Vec<&Region>, Vec<&Region>) =
            ledger.regions().into_iter().partition(|region| ledger.iter().any(|(_, own)| own.asked(region)));
        let names = |regions: &[&Region]| regions.iter().map(|own| visible(own.as_str())).collect::<Vec<_>>();
        let mut map = Self {
            regions: names(&asked),
            unasked: names(&unasked).join(", "),
            cross_check: cross_check(coverage),
            changed: Phrase::nothing(),
            troubled: Vec::new(),
            whole: Vec::new(),
        };
        let before = past.coverage();
        let (mut worse, mut better) = (0, 0);
        for (id, lines) in ledger.iter() {
            let account = directory.get(id).copied();
            let earlier = before.and_then(|ledger| ledger.get(id));
            let found = findings.get(&Some(id.clone())).copied().unwrap_or(0);
            let row = row(id, lines, earlier, account, &asked, found);
            for change in row.cells.iter().filter_map(|cell| cell.change.as_ref()) {
                worse += u64::from(change.class == "worse");
                better += u64::from(change.class == "better");
            }
            if row.status == State::Full { map.whole.push(row) } else { map.troubled.push(row) }
        }
        map.troubled.sort_by_key(|row| row.status);
        map.changed = changed(past, worse, better);
        map
    }

    /// Gives the number of the table's columns: account, status, regions, findings.
    pub(super) fn columns(&self) -> usize {
        self.regions.len() + 3
    }
}

/// Says in one sentence what changed since the run before.
fn changed(past: &ReportPast, worse: u64, better: u64) -> Phrase {
    let (Some(run), Some(_)) = (past.previous(), past.coverage()) else {
        return Phrase::Word("There is no ledger of an earlier run here to compare this one with.");
    };
    let run = phrase("{} of {}", [Phrase::verbatim(run.run_id.as_str()), Phrase::Instant(run.started_at)]);
    if worse + better == 0 {
        return phrase("Beside the run before, {}, nothing is seen better or worse.", [run]);
    }
    phrase(
        "Beside the run before, {}: {}, {}.",
        [
            run,
            counted("{} place is seen worse|{} places are seen worse", worse),
            counted("{} place is seen better|{} places are seen better", better),
        ],
    )
}

/// Sums up what EC2 says of all regions in which it was asked.
fn cross_check(coverage: &[CoverageLine]) -> Phrase {
    let of_regions = coverage.iter().filter(|line| line.resource_type.is_none());
    let Some(sum) = of_regions.filter_map(|line| line.cross_check).reduce(CrossCheck::and) else {
        return Phrase::nothing();
    };
    let mut told = vec![phrase(
        "EC2 was asked as well: AWS Config has {} of the {} that EC2 has ({}).",
        [
            Phrase::Number(sum.found.saturating_sub(sum.unrecorded)),
            counted("{} resource|{} resources", sum.found),
            share(sum),
        ],
    )];
    if sum.phantom > 0 {
        told.push(phrase("Of {} only AWS Config knows.", [Phrase::Number(sum.phantom)]));
    }
    Phrase::List(" ", told)
}

fn row(
    id: &AccountId,
    lines: &AccountLines,
    earlier: Option<&AccountLines>,
    account: Option<&Account>,
    regions: &[&Region],
    findings: u64,
) -> Row {
    let decommissioned = account.is_some_and(|own| own.state == AccountState::Decommissioned);
    let cells: Vec<Cell> = regions
        .iter()
        .map(|region| {
            let region_name = visible(region.as_str());
            if decommissioned {
                // Nobody was asked there: the ledger is complete by a person's word.
                let note = Phrase::Word(DECOMMISSIONED);
                return Cell { state: State::Closed, region: region_name, note, change: None };
            }
            let sight = lines.region(region);
            let change = earlier.and_then(|before| change(&before.region(region), &sight));
            Cell { state: sight.state, region: region_name, note: sight.note, change }
        })
        .collect();
    let (status, note) = if decommissioned {
        (State::Closed, Phrase::Word(DECOMMISSIONED))
    } else {
        whole(lines, account, &cells)
    };
    let email = account.and_then(|own| own.email.as_deref());
    Row {
        id: id.to_string(),
        name: account.and_then(|own| own.name.as_deref()).map(visible),
        unit: account.and_then(|own| own.ou_path.as_deref()).map(visible).unwrap_or_default(),
        email: email.map(visible).unwrap_or_default(),
        email_link: email.and_then(mail_link).unwrap_or_default(),
        uniform: cells.iter().all(|cell| cell.state == status && cell.note == note && cell.change.is_none()),
        status,
        note,
        cells,
        findings: Phrase::Number(findings),
        linked: findings > 0,
    }
}

/// Tells what became of a place, if anything did.
fn change(before: &Sight, now: &Sight) -> Option<Change> {
    let was = match (before.state, before.types) {
        (State::Part, types) if types > 0 => counted("{} type not seen|{} types not seen", types),
        (state, _) => Phrase::Word(state.word()),
    };
    let told = |class, pattern| Some(Change { class, told: phrase(pattern, [was.clone()]) });
    if before.state == now.state {
        return match before.types.cmp(&now.types) {
            std::cmp::Ordering::Less if now.state == State::Part => told("worse", "worse, was: {}"),
            std::cmp::Ordering::Greater if now.state == State::Part => told("better", "better, was: {}"),
            _ => None,
        };
    }
    if before.state == State::Closed || now.state == State::Closed {
        return told("other", "changed, was: {}");
    }
    if now.state < before.state { told("worse", "worse, was: {}") } else { told("better", "better, was: {}") }
}

/// Tells how far the account as a whole was seen.
fn whole(lines: &AccountLines, account: Option<&Account>, cells: &[Cell]) -> (State, Phrase) {
    let by_state = || {
        let reason = match account.map(|own| own.state) {
            Some(AccountState::Inactive) => Reason::AccountInactive,
            Some(AccountState::Unknown) => Reason::AccountUnknown,
            Some(AccountState::LeftOut) => Reason::NotRequested,
            Some(AccountState::Active | AccountState::Decommissioned) | None => return Phrase::nothing(),
        };
        Phrase::Word(words::reason(reason).label)
    };
    let note = lines.whole_note().unwrap_or_else(by_state);
    if !lines.has_regions() {
        return match lines.whole() {
            Some(sight) => (sight.state, note),
            None if account
                .is_some_and(|own| matches!(own.state, AccountState::Inactive | AccountState::LeftOut)) =>
            {
                (State::Closed, note)
            }
            None if note.is_nothing() => (State::Blind, Phrase::Word("not in the ledger")),
            None => (State::Blind, note),
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
