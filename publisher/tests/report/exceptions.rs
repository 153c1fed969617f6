//! What exceptions hide: not among the findings, not in the figures, and in full in a section of its own.

use bestand_model::accepted_gap::AcceptedGapUse;
use bestand_model::exception::{AppliedException, ExceptionState, ExceptionUse};
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::run_summary::FindingCounts;
use bestand_publisher::report::write_jsonl;
use serde_json::{Value, json};

use crate::markup::Page;
use crate::sample::{HOSTILE, Sample, started};
use crate::{MANY, MISFIT, render};

fn exception(because: &str) -> AppliedException {
    let until = "2027-03-31T00:00:00Z".parse().unwrap();
    AppliedException { owner: "m.muster".into(), because: because.into(), until }
}

fn listed(index: usize, state: ExceptionState, findings: u64) -> ExceptionUse {
    ExceptionUse {
        index,
        names: format!("kind = \"absent\", name = \"test-{index}-*\""),
        because: format!("reason {index}"),
        owner: format!("owner-{index}"),
        until: started(),
        state,
        findings,
    }
}

/// A run whose findings of a kind are ignored.
fn ignoring(findings: u64, kind: FindingKind, because: &str) -> (Sample, Vec<Finding>) {
    let mut sample = Sample::new(findings);
    let mut all: Vec<Finding> = sample.stream().collect();
    let mut counts = FindingCounts::default();
    for finding in &mut all {
        finding.exception = (finding.kind == kind).then(|| exception(because));
        counts.add(finding);
    }
    let ignored = counts.ignored.values().sum();
    sample.summary.findings = counts;
    sample.summary.exceptions = vec![listed(0, ExceptionState::InUse, ignored)];
    (sample, all)
}

fn page(sample: &Sample, findings: &[Finding]) -> Page {
    Page::parse(&render(sample, &mut findings.iter().cloned(), MANY).0)
}

/// The text of the section.
fn section(page: &Page) -> String {
    let text = page.text();
    let from = text.rsplit_once("Overrides").unwrap().1;
    from.split_once("The table of findings needs JavaScript").unwrap().0.to_owned()
}

#[test]
fn semantics_7_3_ignored_findings_stand_apart_with_owner_reason_and_end() {
    let (sample, all) = ignoring(100, FindingKind::Absent, "OPS-7, load test");
    let (_, totals) = render(&sample, &mut all.iter().cloned(), MANY);
    assert_eq!((totals.findings, totals.embedded, totals.all_ignored()), (90, 90, 10));
    assert_eq!(totals.by_kind, sample.summary.findings.by_kind);
    assert_eq!(totals.drift(), sample.summary.findings.drift);

    let page = page(&sample, &all);
    assert!(page.findings().iter().all(|row| row["kind"] != "absent" && row.get("exception").is_none()));
    assert_eq!(page.findings().len(), 90);
    assert_eq!(page.text_of("data-kind-total", "absent"), "0");
    let text = page.text();
    assert!(text.contains("10 findings are ignored by exceptions."), "{text}");
    assert!(!text.contains(MISFIT));
    let section = section(&page);
    assert!(section.contains("10 findings are ignored, by 1 exception."), "{section}");
    let ignored: Vec<&Finding> = all.iter().filter(|own| own.exception.is_some()).collect();
    for finding in &ignored {
        page.text_of("id", &format!("f-{}", finding.finding_id));
        assert!(section.contains(finding.arn.as_ref().unwrap().as_str()));
    }
    let told = section.matches("OPS-7, load test m.muster, until 2027-03-31 00:00:00 UTC").count();
    assert_eq!(told, ignored.len());
}

#[test]
fn semantics_7_3_json_lines_tell_ignored_findings_by_their_type() {
    let (sample, all) = ignoring(100, FindingKind::Absent, "OPS-7");
    let mut out = Vec::new();
    let totals = write_jsonl(&mut out, &sample.head(), &mut all.iter().cloned()).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| lines.iter().filter(|line| line["type"] == name).collect::<Vec<_>>();
    assert_eq!((of("finding").len(), of("ignored_finding").len()), (90, 10));
    assert_eq!((totals.findings, totals.embedded, totals.all_ignored()), (90, 90, 10));
    assert!(of("finding").iter().all(|line| line.get("exception").is_none()));
    for (line, own) in of("ignored_finding").iter().zip(all.iter().filter(|own| own.exception.is_some())) {
        assert_eq!(line["finding_id"], json!(own.finding_id));
        let exception = json!({ "owner": "m.muster", "because": "OPS-7", "until": "2027-03-31T00:00:00Z" });
        assert_eq!(line["exception"], exception);
        assert!(line["evidence"].is_object(), "all of the evidence is there");
    }
    assert_eq!(lines[0]["exceptions"][0]["state"], "in_use");
    assert_eq!(lines[0]["findings"]["ignored"], json!({ "absent": 10 }));
}

#[test]
fn every_exception_is_listed_with_what_became_of_it() {
    let mut sample = Sample::new(0);
    assert!(section(&page(&sample, &[])).contains("The settings name no exceptions: nothing is ignored."));

    sample.summary.exceptions = vec![
        listed(0, ExceptionState::InUse, 3),
        listed(1, ExceptionState::Unused, 0),
        listed(2, ExceptionState::NotJudged, 0),
        listed(3, ExceptionState::Expired, 7),
    ];
    let text = section(&page(&sample, &[]));
    for (index, state) in ["in use", "unused", "not judged", "expired"].iter().enumerate() {
        let row = format!("name = \"test-{index}-*\" exceptions.{index} {state} ");
        let told = format!("reason {index} owner-{index} 2026-11-23 04:30:00 UTC");
        assert!(text.contains(&row) && text.contains(&told), "{row}{told}: {text}");
    }
    assert!(text.contains("may only not have been seen"), "the sample has gaps: {text}");
    sample.summary.coverage.gaps = 0;
    assert!(section(&page(&sample, &[])).contains("can be taken out of the settings"));
}

#[test]
fn of_too_many_ignored_findings_the_gravest_are_written_out() {
    let mut sample = Sample::new(3_000);
    let mut all: Vec<Finding> = sample.stream().collect();
    // The grave ones come last.
    all.sort_by_key(|own| own.severity);
    sample.summary.findings = FindingCounts::default();
    for finding in &mut all {
        finding.exception = Some(exception("OPS-7"));
        sample.summary.findings.add(finding);
    }
    let page = page(&sample, &all);
    assert_eq!(page.findings(), Vec::<Value>::new());
    let section = section(&page);
    assert!(section.contains("2,500 more are not in this page"), "{section}");
    let high = all.iter().filter(|own| own.severity == Severity::High).count();
    assert!(high >= 500);
    assert_eq!(section.matches(" high ").count(), 500);
    assert!(!section.contains(" low "));
}

#[test]
fn hostile_texts_of_exceptions_stay_texts() {
    for hostile in HOSTILE {
        let with = |text: &str| {
            let (mut sample, mut all) = ignoring(100, FindingKind::Absent, text);
            let one = &mut sample.summary.exceptions[0];
            (one.names, one.because, one.owner) = (text.into(), text.into(), text.into());
            for finding in all.iter_mut().filter(|own| own.exception.is_some()) {
                finding.name = Some(text.into());
                finding.owner = None;
                finding.attribute = Some(text.into());
                finding.live = Some(json!({ text: [text] }));
            }
            page(&sample, &all)
        };
        let page = with(hostile);
        assert_eq!(page.elements(), with("plain").elements(), "{hostile}");
        assert!(page.attributes().iter().all(|name| !name.starts_with("on") && *name != "style"));
    }
}

#[test]
fn long_texts_of_ignored_findings_are_cut_in_the_page() {
    let (sample, mut all) = ignoring(20, FindingKind::Absent, "OPS-7");
    for finding in all.iter_mut().filter(|own| own.exception.is_some()) {
        finding.live = Some(json!("ü".repeat(65_536)));
        finding.name = Some("x".repeat(65_536));
    }
    let (text, _) = render(&sample, &mut all.into_iter(), MANY);
    assert!(text.len() < 200_000, "{} bytes", text.len());
}

#[test]
fn a_summary_that_hides_more_than_was_found_is_told() {
    let (mut sample, all) = ignoring(100, FindingKind::Absent, "OPS-7");
    *sample.summary.findings.ignored.get_mut(&FindingKind::Absent).unwrap() += 1;
    assert!(page(&sample, &all).text().contains(&format!("{MISFIT} (absent, ignored: 11 and 10)")));
}

#[test]
fn to_ignore_what_was_not_seen_is_not_to_see_it() {
    let told = |page: &Page| page.text().contains("10 assets could not be verified");
    assert!(told(&page(&Sample::new(100), &Sample::new(100).stream().collect::<Vec<_>>())));
    let (sample, all) = ignoring(100, FindingKind::Unverified, "OPS-7");
    assert!(told(&page(&sample, &all)));
}

#[test]
fn accepted_gaps_are_listed_with_reason_and_end_and_their_texts_stay_texts() {
    let mut sample = Sample::new(3);
    let page = |sample: &Sample| self::page(sample, &sample.stream().collect::<Vec<_>>());
    assert!(!page(&sample).text().contains("Gaps that the settings accept"));
    let one = |index, state, scopes| AcceptedGapUse {
        index,
        names: format!("account = \"{index}\", reason = \"recorder_stopped\""),
        because: format!("OPS-{index} {}", HOSTILE.concat()),
        until: started(),
        state,
        scopes,
    };
    sample.summary.accepted_gaps =
        vec![one(4, ExceptionState::InUse, 1_234), one(5, ExceptionState::Expired, 0)];
    let page = page(&sample);
    let text = page.text();
    let section = text.split_once("Gaps that the settings accept").unwrap().1;
    for told in ["coverage.accepted.4", "1,234", "in use", "OPS-4", "coverage.accepted.5", "expired", "OPS-5"]
    {
        assert!(section.contains(told), "{told} in {section}");
    }
    assert!(page.attributes().iter().all(|name| !name.starts_with("on") && *name != "style"));
}
