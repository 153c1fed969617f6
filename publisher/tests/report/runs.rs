//! The list of a store's runs: bounded, true to the last line of each, and what it shows stays text.

use bestand_model::identifiers::RunId;
use bestand_publisher::report::RunsIndex;
use jiff::ToSpan as _;

use crate::markup::Page;
use crate::sample::{HOSTILE, Sample, started};

fn page(index: RunsIndex, environment: &str, present: &[RunId]) -> String {
    let mut out = Vec::new();
    index.write(&mut out, environment, present).unwrap();
    String::from_utf8(out).unwrap()
}

fn run(number: usize) -> RunId {
    RunId::checked(&format!("run-{number:05}")).unwrap()
}

/// The history of so many runs, all judged.
fn history(runs: usize) -> (RunsIndex, Vec<RunId>) {
    let mut index = RunsIndex::default();
    let mut summary = Sample::new(1).summary;
    for number in 0..runs {
        summary.run_id = run(number);
        index.add(&summary, "done");
    }
    (index, (0..runs).map(run).collect())
}

#[test]
fn of_many_runs_the_newest_are_listed_and_the_rest_is_told() {
    let (index, mut present) = history(1_200);
    // Killed long ago, before the oldest that is listed, and lately.
    present.push(RunId::checked("run-00100-killed").unwrap());
    present.push(RunId::checked("run-00900-killed").unwrap());
    let text = page(index, "staging", &present);
    assert_eq!(text.matches("/report.html").count(), 1_000);
    assert!(text.contains("run-01199") && !text.contains("run-00199"), "the newest");
    assert!(text.contains("Older ones are left out"));
    assert!(text.contains("runs/run-00900-killed/run.json") && !text.contains("run-00100-killed"));
    assert!(text.find("run-01199") < text.find("run-00200"));
}

#[test]
fn a_run_counts_as_it_stands_last() {
    let mut index = RunsIndex::default();
    let mut summary = Sample::new(1).summary;
    (summary.exit_status, summary.publication) = (40, None);
    index.add(&summary, "incomplete");
    (summary.exit_status, summary.ended_at) = (0, Some(summary.started_at + 90.seconds()));
    index.add(&summary, "done");
    let text = page(index, "staging", &[]);
    assert!(text.contains("1 min 30 s") && !text.contains("incomplete"), "{text}");
    assert_eq!(text.matches("cleared away").count(), 1);
}

#[test]
fn an_empty_store_is_told() {
    let text = page(RunsIndex::default(), "staging", &[]);
    assert!(text.contains("No run has ended yet."));
    assert!(!text.contains("<script"));
}

#[test]
fn hostile_texts_stay_texts_and_the_policy_allows_this_style_alone() {
    let of = |text: &str| {
        let mut summary = Sample::new(1).summary;
        summary.command = text.to_owned();
        summary.started_at = started();
        let mut index = RunsIndex::default();
        index.add(&summary, "done");
        Page::parse(&page(index, text, &[]))
    };
    let plain = of("plain");
    for hostile in HOSTILE {
        let page = of(hostile);
        assert_eq!(page.elements(), plain.elements(), "{hostile}");
        assert!(page.attributes().iter().all(|name| !name.starts_with("on") && *name != "style"));
    }
    let (index, present) = history(1);
    let text = page(index, "staging", &present);
    assert!(text.contains("content=\"default-src 'none'; style-src 'sha256-"));
    assert!(!text.contains("http:") && !text.contains("https:"), "nothing leads out");
}
