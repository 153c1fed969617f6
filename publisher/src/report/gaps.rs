//! The incomplete lines of the ledger, by reason: what it means, what mends it, where it holds.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::Account;
use bestand_model::coverage::{CoverageLine, CoverageStatus, Reason};
use bestand_model::identifiers::AccountId;

use super::phrase::{Phrase, counted, phrase};
use super::text::visible;
use super::words;

/// So many places of one reason are written out; `report.jsonl` has the whole ledger.
const MAX_PLACES: usize = 200;

/// So many types, and so many accounts, of one place are written out.
const MAX_NAMED: usize = 60;

/// One reason with all its places.
#[derive(Debug)]
pub(super) struct Gap {
    /// The code of the ledger.
    pub(super) code: &'static str,
    /// In two words.
    pub(super) label: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// What mends it.
    pub(super) remedy: &'static str,
    /// How much it concerns.
    pub(super) extent: Phrase,
    /// Where.
    pub(super) places: Vec<Place>,
    /// How many places are not written out; nothing where all are.
    pub(super) left_out: Phrase,
}

/// Where a reason holds: the same types, for the same cause, in one or several accounts and regions.
#[derive(Debug)]
pub(super) struct Place {
    /// The accounts.
    pub(super) accounts: Vec<Named>,
    /// How many accounts are not written out.
    pub(super) more_accounts: Phrase,
    /// The regions; `all regions` for the account as a whole.
    pub(super) regions: Phrase,
    /// The types with their counts; empty: everything.
    pub(super) types: Vec<Phrase>,
    /// How many types are not written out.
    pub(super) more_types: Phrase,
    /// What the ledger adds.
    pub(super) detail: String,
}

/// An account as people know it.
#[derive(Debug)]
pub(super) struct Named {
    /// Its id.
    pub(super) id: String,
    /// Its name; empty where no directory knows it.
    pub(super) name: String,
}

/// Gaps that somebody has to mend, and lines that are incomplete on purpose.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// To be mended.
    pub(super) open: Vec<Gap>,
    /// Left out by settings, or closed by AWS itself.
    pub(super) closed: Vec<Gap>,
}

/// Types with how many were seen, of how many.
type Types = BTreeSet<(String, Option<u64>, Option<u64>)>;

/// `None` is the account as a whole.
type Regions = BTreeSet<Option<String>>;

/// What one reason holds, while it is gathered: types per account, detail and region.
#[derive(Default)]
struct Gathered<'a> {
    lines: u64,
    accounts: BTreeSet<&'a AccountId>,
    types: BTreeMap<(&'a AccountId, &'a str, Option<String>), Types>,
}

impl Gaps {
    /// Gathers the incomplete lines; the reason with most lines comes first.
    pub(super) fn gather(accounts: &[Account], coverage: &[CoverageLine]) -> Self {
        let names: BTreeMap<&AccountId, &str> =
            accounts.iter().filter_map(|own| Some((&own.id, own.name.as_deref()?))).collect();
        let mut reasons: BTreeMap<Reason, Gathered<'_>> = BTreeMap::new();
        for line in coverage.iter().filter(|line| line.status == CoverageStatus::Incomplete) {
            reasons.entry(line.reason.unwrap_or(Reason::ServiceError)).or_default().add(line);
        }
        let mut order: Vec<(Reason, Gathered<'_>)> = reasons.into_iter().collect();
        order.sort_by_key(|(reason, gathered)| (std::cmp::Reverse(gathered.lines), *reason));
        let mut gaps = Self::default();
        for (reason, gathered) in order {
            let side = if reason.is_gap() { &mut gaps.open } else { &mut gaps.closed };
            side.push(gathered.into_gap(reason, &names));
        }
        gaps
    }
}

impl<'a> Gathered<'a> {
    fn add(&mut self, line: &'a CoverageLine) {
        self.lines += 1;
        self.accounts.insert(&line.account_id);
        let region = line.region.as_ref().map(|region| visible(region.as_str()));
        let key = (&line.account_id, line.detail.as_deref().unwrap_or(""), region);
        let types = self.types.entry(key).or_default();
        if let Some(resource_type) = &line.resource_type {
            types.insert((visible(resource_type.as_str()), line.collected, line.expected));
        }
    }

    fn into_gap(self, reason: Reason, names: &BTreeMap<&AccountId, &str>) -> Gap {
        // What holds in several regions of an account is one place, and so is what holds in several accounts.
        let mut by_account: BTreeMap<(&AccountId, &str, Types), Regions> = BTreeMap::new();
        for ((account, detail, region), types) in self.types {
            by_account.entry((account, detail, types)).or_default().insert(region);
        }
        let mut merged: BTreeMap<(&str, Types, Regions), Vec<&AccountId>> = BTreeMap::new();
        for ((account, detail, types), regions) in by_account {
            merged.entry((detail, types, regions)).or_default().push(account);
        }
        let all = merged.len();
        let places = merged
            .into_iter()
            .take(MAX_PLACES)
            .map(|((detail, types, regions), accounts)| place(&accounts, names, detail, types, regions))
            .collect::<Vec<_>>();
        let left_out = match u64::try_from(all - places.len()).unwrap_or(u64::MAX) {
            0 => Phrase::nothing(),
            more => counted(
                "{} more place is not written out here: `report.jsonl` has the whole ledger.|{} more places are not written out here: `report.jsonl` has the whole ledger.",
                more,
            ),
        };
        let words::ReasonWords { label, meaning, remedy } = words::reason(reason);
        let accounts = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX);
        let extent = phrase(
            "{} in {}",
            [counted("{} scope|{} scopes", self.lines), counted("{} account|{} accounts", accounts)],
        );
        Gap { code: reason.code(), label, meaning, remedy, extent, places, left_out }
    }
}

fn place(
    accounts: &[&AccountId],
    names: &BTreeMap<&AccountId, &str>,
    detail: &str,
    types: Types,
    regions: Regions,
) -> Place {
    let whole_account = regions.contains(&None);
    let named: Vec<String> = regions.into_iter().flatten().collect();
    Place {
        more_accounts: beyond(accounts.len()),
        accounts: accounts
            .iter()
            .take(MAX_NAMED)
            .map(|id| Named {
                id: id.to_string(),
                name: names.get(id).map_or_else(String::new, |name| visible(name)),
            })
            .collect(),
        regions: if whole_account { Phrase::Word("all regions") } else { Phrase::Verbatim(named.join(", ")) },
        more_types: beyond(types.len()),
        types: types.into_iter().take(MAX_NAMED).map(type_entry).collect(),
        detail: visible(detail),
    }
}

fn beyond(all: usize) -> Phrase {
    match all.saturating_sub(MAX_NAMED) {
        0 => Phrase::nothing(),
        more => phrase("and {} more", [Phrase::Number(u64::try_from(more).unwrap_or(u64::MAX))]),
    }
}

fn type_entry((name, collected, expected): (String, Option<u64>, Option<u64>)) -> Phrase {
    let name = Phrase::Verbatim(name);
    match (collected, expected) {
        (Some(collected), Some(expected)) => {
            phrase("{} ({} of {} seen)", [name, Phrase::Number(collected), Phrase::Number(expected)])
        }
        (None, Some(expected)) => phrase("{} ({} counted)", [name, Phrase::Number(expected)]),
        (_, None) => name,
    }
}
