//! What the templates show, as ready texts: a template decides where, not what.

use std::collections::BTreeMap;

use askama::Template;
use bestand_model::account::Account;
use bestand_model::finding::FindingKind;
use bestand_model::gate::{GateReason, Verdict};
use bestand_model::run_summary::{Override, RunSummary};
use serde::Serialize;

use super::coverage_map::CoverageMap;
use super::exceptions::{ExceptionSection, Ignored};
use super::gaps::Gaps;
use super::text::{Piece, count, counted, duration, instant, mebibytes, pieces, visible};
use super::{ReportError, ReportHead, ReportTotals, embed, words};

/// The page up to the findings' data.
#[derive(Template)]
#[template(path = "report_head.html")]
pub(super) struct Head {
    style: &'static str,
    policy: String,
    environment: String,
    day: String,
    sentence: String,
    blindness: String,
    facts: Vec<Fact>,
    figures: Vec<Figure>,
    kinds: Vec<KindRow>,
    drift: String,
    warning: String,
    map: CoverageMap,
    gaps: Gaps,
    changes: Vec<Figure>,
    withheld: Vec<WithheldRow>,
    published: Vec<Figure>,
    approved: bool,
    gate_reasons: Vec<GateRow>,
    overrides: Vec<OverrideRow>,
    not_promised: Vec<NotPromisedRow>,
    exceptions: ExceptionSection,
    next_steps: Vec<Vec<Piece>>,
    left_out: String,
    embedded: String,
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
    text: String,
    code: bool,
}

/// A number with its noun.
struct Figure {
    class: &'static str,
    number: String,
    noun: &'static str,
}

/// One kind of finding.
struct KindRow {
    code: &'static str,
    label: &'static str,
    meaning: &'static str,
    severities: Vec<(&'static str, String)>,
    /// How many of it are ignored; empty where none is.
    ignored: String,
    total: String,
    /// Width of the bar, of 100.
    bar: u64,
}

struct WithheldRow {
    code: String,
    meaning: &'static str,
    number: String,
}

struct GateRow {
    label: &'static str,
    message: String,
    limit: String,
    actual: String,
}

struct OverrideRow {
    code: String,
    because: String,
    by: String,
    at: String,
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
        ignored: Ignored,
        style: &'static str,
        policy: String,
    ) -> Self {
        let summary = head.summary;
        let left_out = totals.findings - totals.embedded;
        Self {
            style,
            policy,
            environment: visible(&summary.environment),
            day: summary.started_at.strftime("%Y-%m-%d").to_string(),
            sentence: sentence(summary, totals),
            blindness: blindness(summary, totals),
            facts: facts(summary),
            figures: account_figures(summary),
            kinds: kind_rows(totals),
            drift: count(totals.drift()),
            warning: warning(summary, totals),
            map: CoverageMap::draw(head.accounts, head.coverage, &totals.by_account),
            gaps: Gaps::gather(head.accounts, head.coverage),
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
            left_out: if left_out == 0 { String::new() } else { count(left_out) },
            embedded: count(totals.embedded),
        }
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
        };
        Ok(Self { words: embed::json(&words, "glossary")?, script })
    }
}

/// Says the run's result in one sentence.
fn sentence(summary: &RunSummary, totals: &ReportTotals) -> String {
    let compared = format!(
        "{} in {} were compared with {} of the source register",
        counted(summary.inventory.items, "live resource", "live resources"),
        counted(summary.accounts.requested, "account", "accounts"),
        counted(summary.records.read, "record", "records"),
    );
    let ignored = match totals.all_ignored() {
        0 => String::new(),
        ignored => {
            format!(" {} by exceptions.", counted(ignored, "finding is ignored", "findings are ignored"))
        }
    };
    let drift = totals.drift();
    if drift == 0 {
        return format!("{compared}: no difference to mend was found.{ignored}");
    }
    let by_severity: Vec<String> = words::SEVERITIES
        .into_iter()
        .filter(|severity| totals.drift_of(*severity) > 0)
        .map(|severity| format!("{} {}", count(totals.drift_of(severity)), words::severity_code(severity)))
        .collect();
    format!(
        "{compared}: {} ({}).{ignored}",
        counted(drift, "difference to mend was found", "differences to mend were found"),
        by_severity.join(", ")
    )
}

/// Says in one sentence how much was not seen.
fn blindness(summary: &RunSummary, totals: &ReportTotals) -> String {
    let accounts = &summary.accounts;
    // An exception can make a person content with it, but it makes nobody see more.
    let unverified = totals.of(FindingKind::Unverified) + totals.ignored_of(FindingKind::Unverified);
    if summary.coverage.gaps == 0 && accounts.incomplete + accounts.failed == 0 && unverified == 0 {
        return "Everything that was asked for was seen.".to_owned();
    }
    format!(
        "{} in part and {} not at all, with {} in coverage: there nothing is called absent, and {} could not be \
         verified.",
        counted(accounts.incomplete, "account was read", "accounts were read"),
        count(accounts.failed),
        counted(summary.coverage.gaps, "gap", "gaps"),
        counted(unverified, "asset", "assets"),
    )
}

fn facts(summary: &RunSummary) -> Vec<Fact> {
    let plain = |term, text: String| Fact { term, text: visible(&text), code: false };
    let code = |term, text: &str| Fact { term, text: visible(text), code: true };
    let mut facts = vec![
        plain("Environment", summary.environment.clone()),
        code("Run", summary.run_id.as_str()),
        code("Command", &format!("bestand {}", summary.command)),
        plain("Started", instant(summary.started_at)),
        plain(
            "Ended",
            match summary.ended_at {
                Some(ended) => format!("{} (took {})", instant(ended), duration(summary.started_at, ended)),
                None => "not recorded: the run was still going, or was killed".to_owned(),
            },
        ),
        plain("Version", format!("bestand {}", summary.tool_version)),
        plain("Exit status", summary.exit_status.to_string()),
        code("Settings digest", &summary.settings_digest),
    ];
    if let Some(digest) = &summary.plan_digest {
        facts.push(code("Plan digest", digest));
    }
    if let Some(bytes) = summary.peak_memory_bytes {
        facts.push(plain("Peak memory", mebibytes(bytes)));
    }
    facts
}

fn figure(class: &'static str, number: u64, noun: &'static str) -> Figure {
    Figure { class, number: count(number), noun }
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
            KindRow {
                code: kind.code(),
                label,
                meaning,
                severities: words::SEVERITIES
                    .into_iter()
                    .filter_map(|severity| {
                        let number = totals.by_kind_and_severity.get(&(kind, severity))?;
                        Some((words::severity_code(severity), count(*number)))
                    })
                    .collect(),
                ignored: match totals.ignored_of(kind) {
                    0 => String::new(),
                    ignored => count(ignored),
                },
                total: count(number),
                bar: number.saturating_mul(100).div_ceil(greatest),
            }
        })
        .collect()
}

/// Tells where `run.json` and the findings themselves do not agree: then the directory is not whole.
fn warning(summary: &RunSummary, totals: &ReportTotals) -> String {
    let differing: Vec<String> = FindingKind::ALL
        .into_iter()
        .map(|kind| {
            let said = summary.findings.by_kind.get(&kind).copied().unwrap_or(0);
            let own = totals.of(kind);
            let ignored_said = summary.findings.ignored.get(&kind).copied().unwrap_or(0);
            let ignored = totals.ignored_of(kind);
            let counted = (said != own).then(|| format!("{kind}: {} and {}", count(said), count(own)));
            let hidden = (ignored_said != ignored)
                .then(|| format!("{kind}, ignored: {} and {}", count(ignored_said), count(ignored)));
            [counted, hidden].into_iter().flatten().collect::<Vec<_>>().join("; ")
        })
        .filter(|text| !text.is_empty())
        .collect();
    if differing.is_empty() {
        return String::new();
    }
    format!(
        "The run's summary and the findings that were read do not agree ({}). The run directory may be \
         incomplete or altered; this report counts what was read.",
        differing.join("; ")
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
            number: count(*number),
        })
        .collect()
}

fn gate_row(reason: &GateReason) -> GateRow {
    let value = |number: f64| {
        if words::gate_is_share(reason.code) {
            format!("{:.1} %", number * 100.0)
        } else {
            format!("{number:.0}")
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
        by: own.by.as_deref().map_or_else(|| "not known".to_owned(), visible),
        at: instant(own.at),
        plan_digest: visible(&own.plan_digest),
    }
}
