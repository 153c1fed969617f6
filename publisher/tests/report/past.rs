//! What a report tells of earlier runs.

use bestand_model::coverage::{CoverageLine, Reason};
use bestand_publisher::report::ReportPast;
use jiff::ToSpan as _;

use crate::markup::Page;
use crate::sample::{Sample, started};
use crate::{MANY, html, render};

fn text(sample: &Sample) -> String {
    Page::parse(&html(sample, MANY).0).text()
}

/// The text of the section.
fn section(sample: &Sample) -> String {
    let text = text(sample);
    let from = text.rsplit_once("New is what no run had before").map(|(before, _)| before.len()).unwrap();
    let start = text[..from].rfind("Over the last runs").unwrap();
    let end = text[from..].find("Coverage: where we saw").map(|at| from + at).unwrap();
    text[start..end].to_owned()
}

#[test]
fn a_first_run_has_nothing_to_compare_with() {
    let told = section(&Sample::new(50));
    assert!(told.contains("No earlier run is known"), "{told}");
    assert!(!told.contains("gone since the run before"));
    assert!(text(&Sample::new(50)).contains("There is no ledger of an earlier run here"));
}

#[test]
fn new_and_gone_findings_are_counted_from_the_run_before() {
    let mut sample = Sample::new(60);
    let mut before = sample.earlier_run(1);
    // It had all but three of today's, and two that are gone.
    let all = 60 - 3 + 2;
    before.findings.by_kind = [(bestand_model::finding::FindingKind::Divergent, all)].into();
    sample.past.add_run(&before);
    let mut findings: Vec<_> = sample.stream().collect();
    for (index, finding) in findings.iter_mut().enumerate() {
        finding.since = Some(if index < 3 { started() } else { started() - 240.hours() });
    }
    let page = render(&sample, &mut findings.into_iter(), MANY).0;
    let told = Page::parse(&page).text();
    assert!(told.contains("3 new in this run 2 gone since the run before"), "{told}");

    // A run for other accounts is none to compare with.
    sample.summary.accounts.left_out += 1;
    assert!(!section(&sample).contains("gone since the run before"));
}

#[test]
fn differences_are_told_by_age() {
    let mut sample = Sample::new(0);
    sample.summary.findings = Default::default();
    let days = [0, 1, 6, 7, 29, 30, 89, 90, 364, 365, 1000];
    let mut findings: Vec<_> = days
        .into_iter()
        .map(|days: i64| {
            let mut finding = crate::sample::finding(0);
            finding.since = Some(started() - (24 * days).hours());
            finding
        })
        .collect();
    findings[0].since = Some(started());
    let page = render(&sample, &mut findings.into_iter(), MANY).0;
    let told = Page::parse(&page).text();
    let ages = "new in this run 1 younger than 7 days 2 7 to 30 days 2 30 to 90 days 2 90 to 365 days 2 365 days and older 2";
    assert!(told.contains(ages), "{told}");
}

#[test]
fn the_last_thirty_runs_are_shown_and_failed_ones_are_hollow() {
    let sample = Sample::new(600).with_past();
    let page = html(&sample, MANY).0;
    // In five strips; of the last thirty the ones 5, 18 and 31 days ago failed.
    assert_eq!(page.matches("width=\"8\"").count(), 5 * 30);
    assert_eq!(page.matches("<rect class=\"unjudged\"").count(), 5 * 3);
    let told = section(&sample);
    assert!(told.contains("3 of the runs ended before their findings were known"), "{told}");
    assert!(
        told.contains("earlier-001") && told.contains("earlier-032") && !told.contains("earlier-033"),
        "{told}"
    );
}

#[test]
fn days_without_a_successful_run_are_named() {
    let told = section(&Sample::new(60).with_past());
    // Three without any run, and two of the last thirty with one that failed; today's was not whole either.
    let days = "Of 30 days looked at, counted in UTC, no run succeeded on: 2026-11-05, 2026-11-12, 2026-11-13, 2026-11-14, 2026-11-18, 2026-11-23.";
    assert!(told.contains(days), "{told}");
    assert!(told.contains("6 days without a successful run"), "{told}");

    let mut sample = Sample::new(60);
    sample.summary.exit_status = 0;
    sample.past.add_run(&sample.earlier_run(1));
    assert!(section(&sample).contains("A run succeeded on each of the last 2 days."));
}

#[test]
fn a_run_that_stands_twice_in_the_history_counts_as_it_stands_last() {
    let mut sample = Sample::new(60);
    let mut run = sample.earlier_run(1);
    run.exit_status = 40;
    sample.past.add_run(&run);
    run.exit_status = 20;
    sample.past.add_run(&run);
    let told = section(&sample);
    assert_eq!(told.matches("earlier-001").count(), 1, "{told}");
    assert_eq!(sample.past.previous_run(), Some(&run.run_id));
}

#[test]
fn reverts_and_failed_runs_are_none_to_compare_with() {
    let sample = Sample::new(60);
    let mut past = ReportPast::default();
    let good = sample.earlier_run(3);
    past.add_run(&good);
    let mut revert = sample.earlier_run(2);
    revert.command = "revert".into();
    past.add_run(&revert);
    let mut failed = sample.earlier_run(1);
    failed.plan_digest = None;
    past.add_run(&failed);
    assert_eq!(past.previous_run(), Some(&good.run_id));
}

#[test]
fn the_map_marks_what_is_seen_worse_or_better_than_before() {
    let text = text(&Sample::new(50).with_past());
    assert!(text.contains(": 2 places are seen worse, 1 place is seen better."), "{text}");
    let map = text.split_once("As a whole").unwrap().1;
    let row = |name: &str| map.split_once(name).unwrap().1.chars().take(260).collect::<String>();
    assert!(
        row("daten-plattform").contains("not seen recorder stopped worse, was: complete"),
        "{}",
        row("daten-plattform")
    );
    assert!(row("fahrplan").contains("1 type: count mismatch worse, was: complete"), "{}", row("fahrplan"));
    assert!(row("regio-bus-nord").contains("complete better, was: "), "{}", row("regio-bus-nord"));

    let mut same = Sample::new(50);
    same.past.add_run(&same.earlier_run(1));
    for line in &same.coverage {
        same.past.add_coverage(line);
    }
    assert!(self::text(&same).contains("nothing is seen better or worse"));
}

#[test]
fn more_types_unseen_is_worse_though_the_place_was_in_part_before() {
    let mut sample = Sample::new(0);
    sample.past.add_run(&sample.earlier_run(1));
    for line in &sample.coverage {
        let mut line: CoverageLine = line.clone();
        let first = line.resource_type.as_ref().is_some_and(|own| own.as_str() == "AWS::EC2::Instance");
        if line.reason == Some(Reason::TypeNotRecorded) && first {
            line = CoverageLine::complete(line.account_id, line.region, line.resource_type);
        }
        sample.past.add_coverage(&line);
    }
    let text = text(&sample);
    assert_eq!(text.matches("3 types: type not recorded worse, was: 2 types not seen").count(), 4, "{text}");
}
