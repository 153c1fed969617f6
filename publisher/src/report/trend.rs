//! How things went over the last runs: what is new, what is gone, what grows old, and the days without a run.

use bestand_model::finding::Severity;
use bestand_model::run_summary::RunSummary;

use super::overview::{AGE_BOUNDS, Overview};
use super::past::{PastRun, ReportPast};
use super::phrase::{Phrase, counted, phrase};
use super::words;

/// The section, ready for the template.
#[derive(Debug)]
pub(super) struct Trend {
    /// New, gone, days without a successful run.
    pub(super) figures: Vec<TrendFigure>,
    /// Which days those are; nothing where there are none.
    pub(super) days: Phrase,
    /// The ages of the differences to mend.
    pub(super) ages: Vec<AgeRow>,
    /// One picture per figure; none where no earlier run is known.
    pub(super) strips: Vec<Strip>,
    /// The runs in figures, the newest first.
    pub(super) runs: Vec<RunRow>,
    /// The instants of the oldest and the newest run.
    pub(super) span: Phrase,
    /// Runs among them that did not come so far that their findings are known.
    pub(super) unjudged: Phrase,
}

/// A number with its noun.
#[derive(Debug)]
pub(super) struct TrendFigure {
    pub(super) class: &'static str,
    pub(super) number: Phrase,
    pub(super) noun: &'static str,
}

/// Differences of an age.
#[derive(Debug)]
pub(super) struct AgeRow {
    pub(super) label: Phrase,
    pub(super) number: Phrase,
    /// Width of the bar, of 100.
    pub(super) bar: u64,
}

/// One figure over the runs, as columns.
#[derive(Debug)]
pub(super) struct Strip {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) class: &'static str,
    /// Width of the picture: ten for each run.
    pub(super) width: usize,
    pub(super) columns: Vec<Column>,
    /// What the picture says, for those who do not see it.
    pub(super) told: Phrase,
    pub(super) last: Phrase,
    pub(super) greatest: Phrase,
}

/// One run in a strip.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) x: usize,
    /// Of 40.
    pub(super) height: u64,
    pub(super) y: u64,
    /// Whether its findings are known.
    pub(super) judged: bool,
}

/// One run in figures.
#[derive(Debug)]
pub(super) struct RunRow {
    pub(super) run_id: String,
    pub(super) started: Phrase,
    pub(super) status: u8,
    /// Each with its head.
    pub(super) numbers: Vec<(&'static str, Phrase)>,
}

impl Trend {
    /// Draws the section.
    pub(super) fn new(summary: &RunSummary, past: &ReportPast, overview: &Overview) -> Self {
        let own = PastRun::new(summary);
        let (missing, looked_at) = past.days_without(&own);
        let mut figures = vec![figure("", overview.opened, "new in this run")];
        figures.extend(
            closed(past, &own, overview).map(|number| figure("", number, "gone since the run before")),
        );
        let without = u64::try_from(missing.len()).unwrap_or(u64::MAX);
        figures.push(figure(
            if without == 0 { "" } else { "part" },
            without,
            "days without a successful run",
        ));
        let runs = past.runs_with(own);
        let days = if missing.is_empty() {
            counted(
                "A run succeeded on the one day that is known of.|A run succeeded on each of the last {} days.",
                u64::try_from(looked_at).unwrap_or(0),
            )
        } else {
            let listed = missing.iter().map(|day| Phrase::CivilDay(*day)).collect();
            phrase(
                "Of {} day looked at, counted in UTC, no run succeeded on: {}.|Of {} days looked at, counted in UTC, no run succeeded on: {}.",
                [Phrase::Number(u64::try_from(looked_at).unwrap_or(0)), Phrase::List(", ", listed)],
            )
        };
        let unjudged = u64::try_from(runs.iter().filter(|run| !run.judged).count()).unwrap_or(0);
        Self {
            figures,
            days,
            ages: ages(overview),
            strips: if runs.len() < 2 { Vec::new() } else { strips(&runs) },
            span: match (runs.first(), runs.last()) {
                (Some(first), Some(last)) => {
                    phrase("{} to {}", [Phrase::Instant(first.started_at), Phrase::Instant(last.started_at)])
                }
                _ => Phrase::nothing(),
            },
            unjudged: match unjudged {
                0 => Phrase::nothing(),
                number => counted(
                    "{} of the runs ended before its findings were known: its column is hollow.|{} of the runs ended before their findings were known: their columns are hollow.",
                    number,
                ),
            },
            runs: runs.iter().rev().map(run_row).collect(),
        }
    }
}

fn figure(class: &'static str, number: u64, noun: &'static str) -> TrendFigure {
    TrendFigure { class, number: Phrase::Number(number), noun }
}

/// Reckons from the totals how many findings of the run before are gone: all that it had, less those that are still
/// here. Nothing where that run was for other accounts.
fn closed(past: &ReportPast, own: &PastRun, overview: &Overview) -> Option<u64> {
    let before = past.previous().filter(|run| run.left_out == own.left_out)?;
    Some(before.findings.saturating_sub(overview.all.saturating_sub(overview.opened)))
}

fn ages(overview: &Overview) -> Vec<AgeRow> {
    let [week, month, quarter, year] =
        AGE_BOUNDS.map(|days| Phrase::Number(u64::try_from(days).unwrap_or(0)));
    let labels = [
        phrase("younger than {} days", [week.clone()]),
        phrase("{} to {} days", [week, month.clone()]),
        phrase("{} to {} days", [month, quarter.clone()]),
        phrase("{} to {} days", [quarter, year.clone()]),
        phrase("{} days and older", [year]),
    ];
    let mut rows = vec![(Phrase::Word("new in this run"), overview.new)];
    rows.extend(labels.into_iter().zip(overview.by_age));
    if overview.undated > 0 {
        rows.push((Phrase::Word("not known since when"), overview.undated));
    }
    let greatest = rows.iter().map(|(_, number)| *number).max().unwrap_or(0).max(1);
    let bar = |number: u64| number.saturating_mul(100).div_ceil(greatest);
    rows.into_iter()
        .map(|(label, number)| AgeRow { label, number: Phrase::Number(number), bar: bar(number) })
        .collect()
}

fn strips(runs: &[PastRun]) -> Vec<Strip> {
    let of = |severity| move |run: &PastRun| run.by_severity.get(&severity).copied().unwrap_or(0);
    vec![
        strip("drift", "differences to mend", "all", runs, |run| run.drift),
        strip("high", "high", "high", runs, of(Severity::High)),
        strip("medium", "medium", "medium", runs, of(Severity::Medium)),
        strip("low", "low", "low", runs, of(Severity::Low)),
        strip("gaps", "gaps in coverage", "all", runs, |run| run.gaps),
    ]
}

fn strip(
    id: &'static str,
    label: &'static str,
    class: &'static str,
    runs: &[PastRun],
    of: impl Fn(&PastRun) -> u64,
) -> Strip {
    const HEIGHT: u64 = 40;
    let judged = || runs.iter().filter(|run| run.judged);
    let greatest = judged().map(&of).max().unwrap_or(0);
    let columns = runs.iter().enumerate().map(|(index, run)| {
        let number = if run.judged { of(run) } else { greatest };
        // A little of something is never drawn as nothing.
        let height = number.saturating_mul(HEIGHT).div_ceil(greatest.max(1));
        Column { x: index * 10 + 1, height, y: HEIGHT - height.min(HEIGHT), judged: run.judged }
    });
    let first = judged().next().map_or(0, &of);
    let last = judged().next_back().map_or(0, &of);
    Strip {
        id,
        label,
        class,
        width: runs.len() * 10,
        columns: columns.collect(),
        told: phrase(
            "{}, one column per run, the newest at the right: {} at first, {} at last, {} at most",
            [Phrase::Word(label), Phrase::Number(first), Phrase::Number(last), Phrase::Number(greatest)],
        ),
        last: Phrase::Number(last),
        greatest: phrase("{} at most", [Phrase::Number(greatest)]),
    }
}

fn run_row(run: &PastRun) -> RunRow {
    let known =
        |number: u64| if run.judged { Phrase::Number(number) } else { Phrase::Verbatim("–".to_owned()) };
    let mut numbers = vec![("To mend", known(run.drift))];
    numbers.extend(words::SEVERITIES.into_iter().map(|severity| {
        let number = run.by_severity.get(&severity).copied().unwrap_or(0);
        (words::severity_code(severity), known(number))
    }));
    numbers.push(("Gaps", known(run.gaps)));
    RunRow {
        run_id: super::text::visible(run.run_id.as_str()),
        started: Phrase::Instant(run.started_at),
        status: run.exit_status,
        numbers,
    }
}
