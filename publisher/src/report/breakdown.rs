//! The findings in one picture, and by severity, account and owner: each row leads to its findings.

use std::collections::BTreeMap;

use bestand_model::account::Account;
use bestand_model::finding::{FindingKind, Severity};
use bestand_model::identifiers::AccountId;

use super::overview::{Overview, OwnerCounts};
use super::phrase::{Phrase, counted, phrase};
use super::text::visible;
use super::{ReportTotals, words};

/// So many rows of a breakdown are written out, the largest.
const MAX_ROWS: usize = 15;

/// The picture is so wide.
const WIDTH: u64 = 1000;

/// All findings as parts of one bar.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) parts: Vec<Part>,
    /// What the picture says, for those who do not see it.
    pub(super) told: Phrase,
}

/// One part of the bar.
#[derive(Debug)]
pub(super) struct Part {
    /// The class in the style sheet, which gives it its colour and its pattern.
    pub(super) class: &'static str,
    pub(super) label: Phrase,
    pub(super) x: u64,
    pub(super) width: u64,
}

impl Picture {
    /// Draws the bar; without findings it has no parts.
    pub(super) fn draw(totals: &ReportTotals) -> Self {
        let drift = |severity| totals.drift_of(severity);
        let unverified = totals.of(FindingKind::Unverified);
        let rest = totals.findings.saturating_sub(totals.drift() + unverified);
        let all = [
            ("high", "{} high", drift(Severity::High)),
            ("medium", "{} medium", drift(Severity::Medium)),
            ("low", "{} low", drift(Severity::Low)),
            ("info", "{} only to know", rest),
            ("unverified", "{} unverified", unverified),
            ("ignored", "{} ignored", totals.all_ignored()),
        ];
        let there: Vec<_> = all.into_iter().filter(|(.., number)| *number > 0).collect();
        let sum = there.iter().map(|(.., number)| *number).sum::<u64>().max(1);
        let mut parts = Vec::new();
        let mut x = 0;
        for (class, label, number) in &there {
            // What is there is seen, however little it is; the last part gives way.
            let wide = (number.saturating_mul(WIDTH) / sum).max(6);
            let width = wide.min(WIDTH.saturating_sub(x)).max(1);
            parts.push(Part { class, label: counted(label, *number), x, width });
            x += width;
        }
        let labels = parts.iter().map(|part| part.label.clone()).collect();
        let told = phrase("All findings as parts of one bar: {}.", [Phrase::List(", ", labels)]);
        Self { parts, told }
    }
}

/// A table that leads to findings.
#[derive(Debug)]
pub(super) struct Breakdown {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// The filter that a row sets.
    pub(super) field: &'static str,
    pub(super) rows: Vec<BreakdownRow>,
    /// What is not written out.
    pub(super) more: Phrase,
}

/// One value with its findings.
#[derive(Debug)]
pub(super) struct BreakdownRow {
    /// The value to filter by; none where the text is no value, or was changed to be shown.
    pub(super) value: Option<String>,
    pub(super) label: Phrase,
    /// A word more.
    pub(super) under: Phrase,
    pub(super) class: &'static str,
    pub(super) number: Phrase,
    /// Width of the bar, of 100.
    pub(super) bar: u64,
}

/// What the script filters by where a finding says nothing.
const NOTHING: &str = "none";

/// Makes the tables.
pub(super) fn tables(accounts: &[Account], totals: &ReportTotals, overview: &Overview) -> Vec<Breakdown> {
    vec![by_severity(totals), by_account(accounts, totals), by_owner(overview)]
}

fn by_severity(totals: &ReportTotals) -> Breakdown {
    let rows = words::SEVERITIES.into_iter().map(|severity| {
        let number = totals.by_severity.get(&severity).copied().unwrap_or(0);
        let code = words::severity_code(severity);
        (number, Some(code.to_owned()), Phrase::Word(code), Phrase::nothing(), code)
    });
    let rows: Vec<Unsized> = rows.collect();
    Breakdown {
        id: "by-severity",
        title: "By severity",
        field: "severity",
        more: Phrase::nothing(),
        rows: sized(rows),
    }
}

fn by_account(accounts: &[Account], totals: &ReportTotals) -> Breakdown {
    let names: BTreeMap<&AccountId, &str> =
        accounts.iter().filter_map(|own| Some((&own.id, own.name.as_deref()?))).collect();
    let mut rows: Vec<Unsized> = totals
        .by_account
        .iter()
        .map(|(account, number)| match account {
            None => (*number, Some(NOTHING.to_owned()), Phrase::Word("no account"), Phrase::nothing(), ""),
            Some(id) => {
                let name = names.get(id);
                let label = name.map_or_else(|| Phrase::verbatim(id.as_str()), |name| Phrase::verbatim(name));
                let under = name.map_or_else(Phrase::nothing, |_| Phrase::verbatim(id.as_str()));
                (*number, Some(id.to_string()), label, under, "")
            }
        })
        .collect();
    let more = keep_largest(&mut rows, "{} more account|{} more accounts");
    Breakdown { id: "by-account", title: "By account", field: "account_id", more, rows: sized(rows) }
}

fn by_owner(overview: &Overview) -> Breakdown {
    let mut rows: Vec<Unsized> = overview
        .by_owner
        .iter()
        .map(|(owner, OwnerCounts { findings, by_severity })| {
            let Some(name) = owner else {
                return (
                    *findings,
                    Some(NOTHING.to_owned()),
                    Phrase::Word("nobody"),
                    severities(by_severity),
                    "",
                );
            };
            let shown = visible(name);
            // A longer name was cut, and what is shown by its code cannot stand in an attribute.
            let value = (shown == **name && name.len() < 200).then(|| format!("={name}"));
            (*findings, value, Phrase::Verbatim(shown), severities(by_severity), "")
        })
        .collect();
    let mut more = vec![keep_largest(&mut rows, "{} more owner|{} more owners")];
    if overview.owners_left_out {
        more.push(counted(
            "There are more owners than are told apart here: they have {} finding.|There are more owners than are told apart here: together they have {} findings.",
            overview.of_others.findings,
        ));
    }
    more.retain(|part| !part.is_nothing());
    Breakdown {
        id: "by-owner",
        title: "By owner",
        field: "owner",
        more: Phrase::List(" ", more),
        rows: sized(rows),
    }
}

fn severities(by_severity: &[u64; 4]) -> Phrase {
    let labels = ["{} high", "{} medium", "{} low", "{} info"];
    let there = labels.into_iter().zip(by_severity).filter(|(_, number)| **number > 0);
    Phrase::List(", ", there.map(|(label, number)| counted(label, *number)).collect())
}

/// A row before it is known how wide its bar is.
type Unsized = (u64, Option<String>, Phrase, Phrase, &'static str);

/// Keeps the largest rows and tells how many those are that it does not keep.
fn keep_largest(rows: &mut Vec<Unsized>, more: &'static str) -> Phrase {
    rows.sort_by_key(|(number, ..)| std::cmp::Reverse(*number));
    let left_out: Vec<Unsized> = rows.drain(MAX_ROWS.min(rows.len())..).collect();
    if left_out.is_empty() {
        return Phrase::nothing();
    }
    let findings = left_out.iter().map(|(number, ..)| *number).sum();
    phrase(
        "And {} with {}: the table of findings filters by each.",
        [
            counted(more, u64::try_from(left_out.len()).unwrap_or(u64::MAX)),
            counted("{} finding|{} findings", findings),
        ],
    )
}

fn sized(rows: Vec<Unsized>) -> Vec<BreakdownRow> {
    let greatest = rows.iter().map(|(number, ..)| *number).max().unwrap_or(0).max(1);
    rows.into_iter()
        .map(|(number, value, label, under, class)| BreakdownRow {
            value: value.filter(|_| number > 0),
            label,
            under,
            class,
            number: Phrase::Number(number),
            bar: number.saturating_mul(100).div_ceil(greatest),
        })
        .collect()
}
