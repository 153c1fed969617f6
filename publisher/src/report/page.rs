//! What the templates show, as ready texts: a template decides where, not what.

use std::collections::BTreeMap;

use askama::Template;
use bestand_model::account::Account;
use bestand_model::finding::FindingKind;
use bestand_model::gate::{GateReason, Verdict};
use bestand_model::run_summary::{Override, RunSummary};
use serde::Serialize;

use super::accepted::AcceptedRow;
use super::breakdown::{self, Breakdown, Picture};
use super::coverage_map::CoverageMap;
use super::exceptions::{ExceptionSection, Ignored};
use super::gaps::Gaps;
use super::overview::Overview;
use super::phrase::{Phrase, counted, phrase};
use super::text::{Piece, duration, mebibytes, pieces, visible};
use super::trend::Trend;
use super::{ReportError, ReportHead, ReportTotals, embed, words};

/// The page's words in German, by the English ones.
const GERMAN: &str = include_str!("../../templates/german.json");

/// The page up to the findings' data.
#[derive(Template)]
#[template(path = "report_head.html")]
pub(super) struct Head {
    style: String,
    policy: String,
    environment: String,
    run_id: String,
    day: Phrase,
    sentence: Phrase,
    blindness: Phrase,
    picture: Picture,
    facts: Vec<Fact>,
    figures: Vec<Figure>,
    trend: Trend,
    kinds: Vec<KindRow>,
    drift: Phrase,
    breakdowns: Vec<Breakdown>,
    warning: Phrase,
    map: CoverageMap,
    gaps: Gaps,
    accepted: Vec<AcceptedRow>,
    changes: Vec<Figure>,
    withheld: Vec<WithheldRow>,
    published: Vec<Figure>,
    approved: bool,
    gate_reasons: Vec<GateRow>,
    overrides: Vec<OverrideRow>,
    not_promised: Vec<NotPromisedRow>,
    exceptions: ExceptionSection,
    next_steps: Vec<Vec<Piece>>,
    left_out: Phrase,
}

/// The page after the findings' data.
#[derive(Template)]
#[template(path = "report_tail.html")]
pub(super) struct Tail {
    words: String,
    script: &'static str,
}

/// A term and what it is.
struct Fact {
    term: &'static str,
    text: Phrase,
    code: bool,
}

/// A number with its noun.
struct Figure {
    class: &'static str,
    number: Phrase,
    noun: &'static str,
}

/// One kind of finding.
struct KindRow {
    code: &'static str,
    label: &'static str,
    meaning: &'static str,
    /// The class in the style sheet, and the number.
    severities: Vec<(&'static str, Phrase)>,
    /// How many of it are ignored; nothing where none is.
    ignored: Phrase,
    empty: bool,
    /// Whether there is something to lead to.
    linked: bool,
    total: Phrase,
    /// Width of the bar, of 100.
    bar: u64,
}

struct WithheldRow {
    code: String,
    meaning: &'static str,
    number: Phrase,
}

struct GateRow {
    label: &'static str,
    message: String,
    limit: Phrase,
    actual: Phrase,
}

struct OverrideRow {
    code: String,
    because: String,
    by: Phrase,
    at: Phrase,
    plan_digest: String,
}

struct NotPromisedRow {
    code: &'static str,
    weaker: &'static str,
}

impl Head {
    /// Puts the page together.
    pub(super) fn new(
        head: &ReportHead<'_>,
        totals: &ReportTotals,
        overview: &Overview,
        ignored: Ignored,
        style: String,
        policy: String,
    ) -> Self {
        let summary = head.summary;
        Self {
            style,
            policy,
            environment: visible(&summary.environment),
            run_id: visible(summary.run_id.as_str()),
            day: Phrase::Day(summary.started_at),
            sentence: sentence(summary, totals),
            blindness: blindness(summary, totals),
            picture: Picture::draw(totals),
            facts: facts(summary),
            figures: account_figures(summary),
            trend: Trend::new(summary, head.past, overview),
            kinds: kind_rows(totals),
            drift: counted("{} difference to mend in all.|{} differences to mend in all.", totals.drift()),
            breakdowns: breakdown::tables(head.accounts, totals, overview),
            warning: warning(summary, totals),
            map: CoverageMap::draw(head.accounts, head.coverage, head.past, &totals.by_account),
            gaps: Gaps::gather(head.accounts, head.coverage),
            accepted: summary.accepted_gaps.iter().map(AcceptedRow::new).collect(),
            changes: change_figures(summary),
            withheld: withheld_rows(&summary.withheld_by_reason),
            published: publication_figures(summary),
            approved: summary.gate.verdict == Verdict::Approved,
            gate_reasons: summary.gate.reasons.iter().map(gate_row).collect(),
            overrides: summary.overrides.iter().map(override_row).collect(),
            not_promised: summary
                .not_promised
                .iter()
                .map(|capability| NotPromisedRow { code: capability.code(), weaker: capability.without() })
                .collect(),
            exceptions: ExceptionSection::new(head, totals, ignored),
            next_steps: summary.next_steps.iter().map(|step| pieces(step)).collect(),
            left_out: left_out(totals),
        }
    }
}

/// Says how many findings the page does not hold.
fn left_out(totals: &ReportTotals) -> Phrase {
    match totals.findings - totals.embedded {
        0 => Phrase::nothing(),
        number => phrase(
            "{} finding is left out of this page. It holds the {} gravest; `report.jsonl` beside it has all.|{} findings are left out of this page. It holds the {} gravest; `report.jsonl` beside it has all.",
            [Phrase::Number(number), Phrase::Number(totals.embedded)],
        ),
    }
}

impl Tail {
    /// Puts the script and what it needs to know together.
    ///
    /// # Errors
    /// The words have no JSON form.
    pub(super) fn new(
        head: &ReportHead<'_>,
        totals: &ReportTotals,
        script: &'static str,
    ) -> Result<Self, ReportError> {
        #[derive(Serialize)]
        struct Words<'a> {
            run_id: &'a str,
            environment: &'a str,
            started_at: String,
            findings: u64,
            embedded: u64,
            accounts: BTreeMap<&'a str, &'a str>,
            units: BTreeMap<&'a str, &'a str>,
            emails: BTreeMap<&'a str, &'a str>,
            kinds: BTreeMap<&'static str, (&'static str, &'static str)>,
            kind_order: Vec<&'static str>,
            withheld: BTreeMap<&'static str, &'static str>,
            german: serde_json::Value,
        }
        let known = |pick: fn(&Account) -> Option<&str>| {
            let accounts = head.accounts.iter();
            accounts.filter_map(|account| Some((account.id.as_str(), pick(account)?))).collect()
        };
        let words = Words {
            run_id: head.summary.run_id.as_str(),
            environment: &head.summary.environment,
            started_at: head.summary.started_at.to_string(),
            findings: totals.findings,
            embedded: totals.embedded,
            accounts: known(|account| account.name.as_deref()),
            units: known(|account| account.ou_path.as_deref()),
            emails: known(|account| account.email.as_deref()),
            kinds: FindingKind::ALL.into_iter().map(|kind| (kind.code(), words::kind(kind))).collect(),
            kind_order: FindingKind::ALL.into_iter().map(FindingKind::code).collect(),
            withheld: words::all_withheld().collect(),
            german: serde_json::from_str(GERMAN)
                .map_err(|source| ReportError::Json { what: "table of words", source })?,
        };
        Ok(Self { words: embed::json(&words, "glossary")?, script })
    }
}

/// Says the run's result in one sentence.
fn sentence(summary: &RunSummary, totals: &ReportTotals) -> Phrase {
    let items = counted("{} live resource|{} live resources", summary.inventory.items);
    let accounts = counted("{} account|{} accounts", summary.accounts.requested);
    let records = counted("{} record|{} records", summary.records.read);
    let drift = totals.drift();
    let mut told = vec![if drift == 0 {
        phrase(
            "{} in {} were compared with {} of the source register: no difference to mend was found.",
            [items, accounts, records],
        )
    } else {
        let by_severity = words::SEVERITIES
            .into_iter()
            .map(|severity| (severity, totals.drift_of(severity)))
            .filter(|(_, number)| *number > 0)
            .map(|(severity, number)| counted(words::severity_counted(severity), number));
        phrase(
            "{} in {} were compared with {} of the source register: {} ({}).",
            [
                items,
                accounts,
                records,
                counted("{} difference to mend was found|{} differences to mend were found", drift),
                Phrase::List(", ", by_severity.collect()),
            ],
        )
    }];
    if totals.all_ignored() > 0 {
        told.push(counted(
            "{} finding is ignored by exceptions.|{} findings are ignored by exceptions.",
            totals.all_ignored(),
        ));
    }
    Phrase::List(" ", told)
}

/// Says in one sentence how much was not seen.
fn blindness(summary: &RunSummary, totals: &ReportTotals) -> Phrase {
    let accounts = &summary.accounts;
    // An exception can make a person content with it, but it makes nobody see more.
    let unverified = totals.of(FindingKind::Unverified) + totals.ignored_of(FindingKind::Unverified);
    if summary.coverage.gaps == 0 && accounts.incomplete + accounts.failed == 0 && unverified == 0 {
        return Phrase::Word("Everything that was asked for was seen.");
    }
    phrase(
        "{} in part and {} not at all, with {} in coverage: there nothing is called absent, and {}.",
        [
            counted("{} account was read|{} accounts were read", accounts.incomplete),
            Phrase::Number(accounts.failed),
            counted("{} gap|{} gaps", summary.coverage.gaps),
            counted("{} asset could not be verified|{} assets could not be verified", unverified),
        ],
    )
}

fn facts(summary: &RunSummary) -> Vec<Fact> {
    let fact = |term, text| Fact { term, text, code: false };
    let plain = |term, text: &str| Fact { term, text: Phrase::verbatim(text), code: false };
    let code = |term, text: &str| Fact { term, text: Phrase::verbatim(text), code: true };
    let mut facts = vec![
        plain("Environment", &summary.environment),
        code("Run", summary.run_id.as_str()),
        code("Command", &format!("bestand {}", summary.command)),
        fact("Started", Phrase::Instant(summary.started_at)),
        fact(
            "Ended",
            match summary.ended_at {
                Some(ended) => {
                    let took = Phrase::Verbatim(duration(summary.started_at, ended));
                    phrase("{} (took {})", [Phrase::Instant(ended), took])
                }
                None => Phrase::Word("not recorded: the run was still going, or was killed"),
            },
        ),
        plain("Version", &format!("bestand {}", summary.tool_version)),
        plain("Exit status", &summary.exit_status.to_string()),
        code("Settings digest", &summary.settings_digest),
    ];
    if let Some(digest) = &summary.plan_digest {
        facts.push(code("Plan digest", digest));
    }
    if let Some(digest) = &summary.findings_digest {
        facts.push(code("Findings digest", digest));
    }
    if let Some(bytes) = summary.peak_memory_bytes {
        facts.push(fact("Peak memory", phrase("{} MiB", [Phrase::Number(mebibytes(bytes))])));
    }
    facts
}

fn figure(class: &'static str, number: u64, noun: &'static str) -> Figure {
    Figure { class, number: Phrase::Number(number), noun }
}

fn account_figures(summary: &RunSummary) -> Vec<Figure> {
    let accounts = &summary.accounts;
    vec![
        figure("", accounts.requested, "accounts asked"),
        figure("full", accounts.complete, "complete"),
        figure(if accounts.incomplete == 0 { "" } else { "part" }, accounts.incomplete, "in part"),
        figure(if accounts.failed == 0 { "" } else { "blind" }, accounts.failed, "not read"),
        figure("", accounts.inactive, "inactive"),
        figure("", accounts.left_out, "left out"),
    ]
}

fn kind_rows(totals: &ReportTotals) -> Vec<KindRow> {
    let greatest = totals.by_kind.values().copied().max().unwrap_or(0).max(1);
    FindingKind::ALL
        .into_iter()
        .map(|kind| {
            let (label, meaning) = words::kind(kind);
            let number = totals.of(kind);
            let ignored = totals.ignored_of(kind);
            KindRow {
                code: kind.code(),
                label,
                meaning,
                severities: words::SEVERITIES
                    .into_iter()
                    .filter_map(|severity| {
                        let number = totals.by_kind_and_severity.get(&(kind, severity))?;
                        let told = counted(words::severity_counted(severity), *number);
                        Some((words::severity_code(severity), told))
                    })
                    .collect(),
                ignored: match ignored {
                    0 => Phrase::nothing(),
                    number => counted("{} ignored", number),
                },
                empty: number + ignored == 0,
                linked: number > 0,
                total: Phrase::Number(number),
                bar: number.saturating_mul(100).div_ceil(greatest),
            }
        })
        .collect()
}

/// Tells where `run.json` and the findings themselves do not agree: then the directory is not whole.
fn warning(summary: &RunSummary, totals: &ReportTotals) -> Phrase {
    let mut differing = Vec::new();
    let mut hold = |said: Option<&u64>, own: u64, what: String| {
        let said = said.copied().unwrap_or(0);
        if said != own {
            let both = [Phrase::Verbatim(what), Phrase::Number(said), Phrase::Number(own)];
            differing.push(phrase("{}: {} and {}", both));
        }
    };
    for kind in FindingKind::ALL {
        hold(summary.findings.by_kind.get(&kind), totals.of(kind), kind.to_string());
        hold(summary.findings.ignored.get(&kind), totals.ignored_of(kind), format!("{kind}, ignored"));
    }
    if differing.is_empty() {
        return Phrase::nothing();
    }
    phrase(
        "The run's summary and the findings that were read do not agree ({}). The run directory may be incomplete or altered; this report counts what was read.",
        [Phrase::List("; ", differing)],
    )
}

fn change_figures(summary: &RunSummary) -> Vec<Figure> {
    let changes = &summary.changes;
    vec![
        figure("", changes.create, "to create"),
        figure("", changes.update, "to update"),
        figure("", changes.retire, "to retire"),
        figure("", changes.unchanged, "unchanged"),
        figure("", changes.withheld, "withheld"),
    ]
}

fn publication_figures(summary: &RunSummary) -> Vec<Figure> {
    let Some(publication) = summary.publication else {
        return Vec::new();
    };
    let bad = |number| if number == 0 { "" } else { "blind" };
    vec![
        figure("full", publication.applied, "applied"),
        figure(bad(publication.rejected), publication.rejected, "rejected"),
        figure(bad(publication.conflicted), publication.conflicted, "in conflict"),
        figure(bad(publication.unknown), publication.unknown, "unknown"),
    ]
}

fn withheld_rows(reasons: &BTreeMap<String, u64>) -> Vec<WithheldRow> {
    reasons
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(code, number)| WithheldRow {
            code: visible(code),
            meaning: words::withheld(code),
            number: Phrase::Number(*number),
        })
        .collect()
}

fn gate_row(reason: &GateReason) -> GateRow {
    let value = |number: f64| {
        if words::gate_is_share(reason.code) {
            Phrase::Share(number)
        } else {
            Phrase::Verbatim(format!("{number:.0}"))
        }
    };
    GateRow {
        label: words::gate(reason.code),
        message: visible(&reason.message),
        limit: value(reason.limit),
        actual: value(reason.actual),
    }
}

fn override_row(own: &Override) -> OverrideRow {
    OverrideRow {
        code: visible(&own.code),
        because: visible(&own.because),
        by: own.by.as_deref().map_or(Phrase::Word("not known"), Phrase::verbatim),
        at: Phrase::Instant(own.at),
        plan_digest: visible(&own.plan_digest),
    }
}
