//! The settings' exceptions and the findings that they hide: not among the others, and never out of sight.

use std::cmp::Reverse;

use bestand_model::attribute;
use bestand_model::exception::{ExceptionState, ExceptionUse};
use bestand_model::finding::{Finding, FindingKind, Severity};
use serde_json::Value;

use super::phrase::{Phrase, counted, phrase};
use super::text::visible;
use super::{ReportHead, ReportTotals, words};

/// So many ignored findings are written out; `report.jsonl` has all.
const MAX_IGNORED: usize = 500;
/// Characters of a foreign text that a cell shows.
const SHOWN: usize = 200;

/// The gravest of the ignored findings, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    rows: Vec<(Order, IgnoredRow)>,
    seen: u64,
}

/// The order of the report, and among equals that in which they came.
type Order = (Reverse<Severity>, FindingKind, u64);

impl Ignored {
    /// Keeps the finding if it is ignored and grave enough; tells whether it is ignored.
    pub(super) fn take(&mut self, finding: &Finding) -> bool {
        let Some(row) = IgnoredRow::new(finding) else { return false };
        self.rows.push(((Reverse(finding.severity), finding.kind, self.seen), row));
        self.seen += 1;
        // Sorted now and then, not with each one.
        if self.rows.len() >= 2 * MAX_IGNORED {
            self.cut();
        }
        true
    }

    fn cut(&mut self) {
        self.rows.sort_by_key(|(order, _)| *order);
        self.rows.truncate(MAX_IGNORED);
    }
}

/// An ignored finding as its row shows it.
#[derive(Debug)]
pub(super) struct IgnoredRow {
    pub(super) id: String,
    pub(super) severity: &'static str,
    pub(super) kind: &'static str,
    pub(super) what: String,
    pub(super) resource_type: String,
    pub(super) arn: String,
    pub(super) difference: Phrase,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) because: String,
    /// Who answers for it, and until when.
    pub(super) owner: Phrase,
}

impl IgnoredRow {
    fn new(finding: &Finding) -> Option<Self> {
        let exception = finding.exception.as_ref()?;
        let shown = |text: &str| visible(&attribute::cut(text, SHOWN));
        let name = finding.name.as_deref();
        let name = name.or_else(|| finding.resource_id.as_ref().map(AsRef::as_ref));
        let name = name.or_else(|| finding.asset_id.as_ref().map(AsRef::as_ref));
        let name = name.or_else(|| finding.evidence.get("row_key").and_then(Value::as_str));
        Some(Self {
            id: shown(&finding.finding_id),
            severity: words::severity_code(finding.severity),
            kind: words::kind(finding.kind).0,
            what: shown(name.unwrap_or(&finding.finding_id)),
            resource_type: finding.resource_type.as_ref().map_or_else(String::new, |own| shown(own.as_str())),
            arn: finding.arn.as_ref().map_or_else(String::new, |own| shown(own.as_str())),
            difference: difference(finding),
            account: finding.account_id.as_ref().map_or_else(String::new, ToString::to_string),
            region: finding.region.as_ref().map_or_else(String::new, |own| shown(own.as_str())),
            because: shown(&exception.because),
            owner: phrase(
                "{}, until {}",
                [Phrase::Verbatim(shown(&exception.owner)), Phrase::Instant(exception.until)],
            ),
        })
    }
}

/// Says in one line what differs, as the table of findings does.
fn difference(finding: &Finding) -> Phrase {
    let sides =
        [("live {}", &finding.live), ("source {}", &finding.registered), ("central {}", &finding.published)];
    let told = sides.into_iter().filter_map(|(side, value)| {
        let value = match value.as_ref()? {
            Value::Null => Phrase::Word("none"),
            Value::String(text) => brief(text),
            other => brief(&other.to_string()),
        };
        Some(phrase(side, [value]))
    });
    let told: Vec<Phrase> = told.collect();
    let name = finding.attribute.as_deref().map(brief);
    match (name, told.is_empty()) {
        (None, true) => Phrase::nothing(),
        (Some(name), true) => name,
        (name, false) => phrase("{}: {}", [name.unwrap_or(Phrase::Word("value")), Phrase::List(", ", told)]),
    }
}

fn brief(text: &str) -> Phrase {
    Phrase::verbatim(&attribute::cut(text, SHOWN))
}

/// An exception of the settings as its row shows it.
pub(super) struct ExceptionRow {
    pub(super) index: usize,
    pub(super) names: String,
    pub(super) class: &'static str,
    pub(super) state: &'static str,
    pub(super) meaning: &'static str,
    pub(super) owner: String,
    pub(super) because: String,
    pub(super) until: Phrase,
    pub(super) findings: Phrase,
}

impl ExceptionRow {
    fn new(one: &ExceptionUse) -> Self {
        let (state, meaning) = words::exception(one.state);
        Self {
            index: one.index,
            names: visible(&one.names),
            class: if one.state == ExceptionState::Expired { "blind" } else { "" },
            state,
            meaning,
            owner: visible(&one.owner),
            because: visible(&one.because),
            until: Phrase::Instant(one.until),
            findings: Phrase::Number(one.findings),
        }
    }
}

/// What the page shows of exceptions.
pub(super) struct ExceptionSection {
    pub(super) sentence: Phrase,
    pub(super) rows: Vec<ExceptionRow>,
    pub(super) ignored: Vec<IgnoredRow>,
    pub(super) number: Phrase,
    pub(super) left_out: Phrase,
}

impl ExceptionSection {
    /// Puts the section together.
    pub(super) fn new(head: &ReportHead<'_>, totals: &ReportTotals, mut ignored: Ignored) -> Self {
        ignored.cut();
        let number = totals.all_ignored();
        let shown = u64::try_from(ignored.rows.len()).unwrap_or(u64::MAX);
        let left_out = number.saturating_sub(shown);
        Self {
            sentence: sentence(head, number),
            rows: head.summary.exceptions.iter().map(ExceptionRow::new).collect(),
            ignored: ignored.rows.into_iter().map(|(_, row)| row).collect(),
            number: Phrase::Number(number),
            left_out: match left_out {
                0 => Phrase::nothing(),
                more => counted(
                    "{} more is not in this page; `report.jsonl` beside it has all.|{} more are not in this page; `report.jsonl` beside it has all.",
                    more,
                ),
            },
        }
    }
}

fn sentence(head: &ReportHead<'_>, ignored: u64) -> Phrase {
    let exceptions = &head.summary.exceptions;
    if exceptions.is_empty() && ignored == 0 {
        return Phrase::Word("The settings name no exceptions: nothing is ignored.");
    }
    let of = |state| exceptions.iter().filter(|one| one.state == state).count();
    let mut told = vec![
        phrase(
            "{}, by {}.",
            [
                counted("{} finding is ignored|{} findings are ignored", ignored),
                counted(
                    "{} exception|{} exceptions",
                    u64::try_from(of(ExceptionState::InUse)).unwrap_or(u64::MAX),
                ),
            ],
        ),
        Phrase::Word(
            "They are evidence like all others, in no other figure of this page and in none of drift; nothing in the central register changes, or stays, because of them.",
        ),
    ];
    if of(ExceptionState::Unused) > 0 {
        told.push(Phrase::Word(if head.summary.coverage.gaps == 0 {
            "What fits nothing any more can be taken out of the settings."
        } else {
            "What fits nothing may only not have been seen: there are gaps in coverage."
        }));
    }
    Phrase::List(" ", told)
}
