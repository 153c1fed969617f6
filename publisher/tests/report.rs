//! The drift report: what it says, what it leaves out, and that no name becomes more than a name.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "report/exceptions.rs"]
mod exceptions;
#[path = "report/languages.rs"]
mod languages;
#[path = "report/markup.rs"]
mod markup;
#[path = "report/overview.rs"]
mod overview;
#[path = "report/past.rs"]
mod past;
#[path = "report/runs.rs"]
mod runs;
#[path = "report/sample.rs"]
mod sample;
#[path = "report/tables.rs"]
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bestand_model::coverage::{CoverageStatus, CrossCheck};
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_publisher::report::{HtmlReport, ReportError, ReportTotals, write_jsonl};
use markup::Page;
use sample::{HOSTILE, Sample, finding};
use serde_json::{Value, json};

const MANY: usize = 100_000;

const MISFIT: &str = "The run's summary and the findings that were read do not agree";

fn html(sample: &Sample, max_findings: usize) -> (String, ReportTotals) {
    render(sample, &mut sample.stream(), max_findings)
}

fn render(
    sample: &Sample,
    findings: &mut dyn Iterator<Item = Finding>,
    max: usize,
) -> (String, ReportTotals) {
    let mut out = Vec::new();
    let totals = HtmlReport::write(&mut out, &sample.head(), findings, &mut sample.planned(), max).unwrap();
    (String::from_utf8(out).unwrap(), totals)
}

fn jsonl(sample: &Sample) -> (Vec<Value>, ReportTotals) {
    let mut out = Vec::new();
    let totals = write_jsonl(&mut out, &sample.head(), &mut sample.stream()).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.ends_with('\n'));
    (text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), totals)
}

fn of_type<'a>(lines: &'a [Value], name: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == name).collect()
}

#[test]
fn the_map_tells_how_much_of_what_ec2_has_was_seen() {
    let mut sample = Sample::new(3);
    let shown = |sample: &Sample| Page::parse(&html(sample, MANY).0).text();
    assert!(!shown(&sample).contains("EC2 was asked"), "where it was not asked it is not spoken of");
    let mut regions = sample.coverage.iter_mut().filter(|line| {
        line.resource_type.is_none() && line.region.is_some() && line.status == CoverageStatus::Complete
    });
    let mut check = |found, unrecorded, phantom| {
        regions.next().unwrap().cross_check = Some(CrossCheck { found, unrecorded, phantom });
    };
    check(1999, 1, 0);
    check(1, 0, 2);
    let text = shown(&sample);
    assert!(text.contains("AWS Config has 1,999 of the 2,000 resources that EC2 has (99.9 %)."), "{text}");
    assert!(text.contains("Of 2 only AWS Config knows."));
    assert_eq!(text.matches("99.9 % of what EC2 has").count(), 1);
}

#[test]
fn json_lines_hold_summary_ledger_and_every_finding_in_this_order() {
    let sample = Sample::new(60);
    let (lines, totals) = jsonl(&sample);
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let mut in_order = vec!["summary"];
    in_order.extend(vec!["coverage"; sample.coverage.len()]);
    in_order.extend(vec!["finding"; 60]);
    assert_eq!(types, in_order);

    let mut summary = lines[0].clone();
    summary.as_object_mut().unwrap().remove("type");
    assert_eq!(summary, serde_json::to_value(&sample.summary).unwrap());
    for (line, own) in of_type(&lines, "finding").into_iter().zip(sample.stream()) {
        let mut expected = serde_json::to_value(&own).unwrap();
        expected["type"] = json!("finding");
        if let Some(account) =
            sample.accounts.iter().find(|account| Some(&account.id) == own.account_id.as_ref())
        {
            let said = [
                ("account_name", &account.name),
                ("ou_path", &account.ou_path),
                ("account_email", &account.email),
            ];
            for (key, text) in said.into_iter().filter(|(_, text)| text.is_some()) {
                expected[key] = json!(text);
            }
        }
        assert_eq!(*line, expected);
    }
    assert_eq!((totals.findings, totals.embedded), (60, 60));
}

#[test]
fn both_forms_and_the_summary_count_the_same() {
    let sample = Sample::new(500);
    let (page, of_html) = html(&sample, MANY);
    let (lines, of_jsonl) = jsonl(&sample);
    assert_eq!(of_html, of_jsonl);
    assert_eq!(of_html.by_kind, sample.summary.findings.by_kind);
    assert_eq!(of_html.by_severity.values().sum::<u64>(), 500);
    let page = Page::parse(&page);
    let embedded = page.findings();
    let by_id =
        |rows: Vec<Value>| rows.iter().map(|row| row["finding_id"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(embedded.len(), 500);
    assert_eq!(by_id(embedded), by_id(of_type(&lines, "finding").into_iter().cloned().collect()));
    for (kind, number) in &of_html.by_kind {
        assert_eq!(page.text_of("data-kind-total", kind.code()), number.to_string());
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let sample = Sample::new(300);
    assert_eq!(html(&sample, MANY).0, html(&sample, MANY).0);
    assert_eq!(jsonl(&sample).0, jsonl(&sample).0);
}

#[test]
fn hostile_names_stay_names() {
    let sample = Sample::new(300);
    let (text, _) = html(&sample, MANY);
    let page = Page::parse(&text);
    // The only elements of the page are the template's own.
    let plain = Page::parse(&html(&tame(Sample::new(300)), MANY).0);
    assert_eq!(page.elements(), plain.elements());
    assert_eq!(page.scripts().len(), 3, "two blocks of data and the script");
    assert!(
        page.attributes().iter().all(|name| !name.starts_with("on") && !matches!(*name, "style" | "src"))
    );
    // And the names are there, as they are.
    let names: BTreeSet<String> =
        page.findings().iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect();
    for name in HOSTILE {
        assert!(names.contains(name), "{name}");
    }
    assert!(
        page.words()["accounts"].as_object().unwrap().values().any(|name| name == "<b>netz</b> & betrieb")
    );
}

/// The same run, its hostile texts replaced by harmless ones.
fn tame(mut sample: Sample) -> Sample {
    for account in &mut sample.accounts {
        account.name = Some("name".into());
        account.ou_path = account.ou_path.take().map(|_| "unit".into());
        // Only plain addresses are links, in both.
        account.email = account.email.take().map(|own| own.replace(['<', '>'], ""));
    }
    sample.summary.overrides[0].because = "because".into();
    let withheld = std::mem::take(&mut sample.summary.withheld_by_reason);
    sample.summary.withheld_by_reason =
        withheld.into_iter().map(|(code, number)| (code.replace(['<', '>', '/'], ""), number)).collect();
    for line in &mut sample.coverage {
        line.detail = line.detail.take().map(|detail| detail.replace(['<', '>', '/'], ""));
    }
    sample
}

#[test]
fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
    let (text, _) = html(&Sample::new(10), MANY);
    let page = Page::parse(&text);
    let policy = page.policy();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains(&format!("style-src 'sha256-{}'", markup::hash(page.styles()[0]))), "{policy}");
    assert!(policy.contains(&format!("script-src 'sha256-{}'", markup::hash(page.scripts()[2]))));
    assert!(!policy.contains("unsafe"));
    let without_script = text.replace(page.scripts()[2], "");
    assert!(
        !without_script.contains("http://") && !without_script.contains("https://"),
        "no address of anybody"
    );
    assert_eq!(page.scripts()[2].matches("https://").count(), 1, "the script makes links to the AWS console");
}

#[test]
fn of_too_many_findings_the_gravest_are_kept_and_the_rest_is_told() {
    let sample = Sample::new(1_000);
    let (text, totals) = html(&sample, 450);
    assert_eq!((totals.findings, totals.embedded), (1_000, 450));
    assert_eq!(totals.by_kind, sample.summary.findings.by_kind, "what is left out is counted");
    let page = Page::parse(&text);
    let kept = page.findings();
    // 300 are high, 280 medium: of the medium ones the kind that comes first in the report.
    let expected: Vec<String> = {
        let mut all: Vec<Finding> = sample.stream().collect();
        all.sort_by_key(|own| (std::cmp::Reverse(own.severity), own.kind));
        all.into_iter().take(450).map(|own| own.finding_id).collect()
    };
    let ids: Vec<&str> = kept.iter().map(|row| row["finding_id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected);
    assert!(page.text().contains("550 findings are left out of this page"), "{}", page.text());
    assert!(!Page::parse(&html(&sample, 1_000).0).text().contains("left out of this page"));
}

#[test]
fn which_findings_are_kept_does_not_hang_on_when_the_grave_ones_come() {
    let sample = Sample::new(1_000);
    let mut backwards: Vec<Finding> = sample.stream().collect();
    backwards.sort_by_key(|own| own.severity);
    let (text, _) = render(&sample, &mut backwards.into_iter(), 300);
    let kept = Page::parse(&text).findings();
    assert_eq!(kept.len(), 300);
    assert!(kept.iter().all(|row| row["severity"] == "high"));
}

#[test]
fn overlong_values_are_cut_in_the_page_and_whole_in_the_lines() {
    let long = "ü".repeat(65_536);
    let mut own = finding(0);
    own.live = Some(json!(long));
    own.registered = Some(json!(vec!["x".repeat(1_000); 100]));
    own.evidence = (0..50).map(|key| (format!("key {key}"), json!(long))).collect();
    let sample = Sample::new(0);
    let (text, _) = render(&sample, &mut [own.clone()].into_iter(), 10);
    assert!(text.len() < 200_000, "{} bytes", text.len());
    let row = &Page::parse(&text).findings()[0];
    assert!(row["live"].as_str().unwrap().ends_with("(cut here, 65536 characters: see report.jsonl)"));
    assert!(row["registered"].as_str().unwrap().starts_with("left out here"));
    assert!(row["evidence"]["left_out"].as_str().unwrap().ends_with("see report.jsonl"));

    let mut out = Vec::new();
    write_jsonl(&mut out, &sample.head(), &mut [own].into_iter()).unwrap();
    assert!(String::from_utf8(out).unwrap().contains(&long));
}

#[test]
fn an_empty_run_says_that_there_is_nothing() {
    let mut sample = Sample::new(0);
    sample.accounts.clear();
    sample.coverage.clear();
    sample.summary.next_steps.clear();
    sample.summary.overrides.clear();
    sample.summary.ended_at = None;
    sample.summary.publication = None;
    let page = Page::parse(&html(&sample, MANY).0);
    let text = page.text();
    for told in [
        "no difference to mend was found",
        "There is nothing to do.",
        "The ledger of this run is empty",
        "Nobody went beyond a limit.",
        "Nothing was published by this run.",
        "the run was still going, or was killed",
    ] {
        assert!(text.contains(told), "{told}");
    }
    assert!(page.findings().is_empty());
}

#[test]
fn a_summary_that_does_not_fit_its_findings_is_told() {
    let mut sample = Sample::new(100);
    assert!(!Page::parse(&html(&sample, MANY).0).text().contains(MISFIT));
    *sample.summary.findings.by_kind.get_mut(&FindingKind::Absent).unwrap() += 1;
    assert!(Page::parse(&html(&sample, MANY).0).text().contains(&format!("{MISFIT} (absent: 11 and 10)")));
}

#[test]
fn the_map_shows_where_nobody_looked_and_why() {
    let text = Page::parse(&html(&Sample::new(50), MANY).0).text();
    let map = text.split_once("As a whole").unwrap().1;
    let row = |name: &str| map.split_once(name).unwrap().1.chars().take(220).collect::<String>();
    assert!(row("vertrieb-online").contains("not seen role denied"), "{}", row("vertrieb-online"));
    let stopped = row("daten-plattform");
    assert!(stopped.contains("in part") && stopped.contains("not seen recorder stopped"), "{stopped}");
    assert!(row("sandbox-labor").contains("in part 3 types: type not recorded"));
    assert!(row("abgeschaltet-2024").contains("not asked account inactive"));
    assert!(text.contains("Asked in no account: ap-south-1."));
    assert!(text.contains("The recorder is stopped: what it answers may be old."));
    assert!(text.contains("AWS::EC2::Volume (31 of 40 seen)"));
}

#[test]
fn an_account_tells_where_it_lies_and_whom_to_write_to() {
    let page = Page::parse(&html(&Sample::new(50), MANY).0);
    let text = page.text();
    let map = text.split_once("As a whole").unwrap().1;
    let row = |name: &str| map.split_once(name).unwrap().1.chars().take(220).collect::<String>();
    assert!(row("regio-bus-nord").contains("Root/Verkehr/Nord aws+konto-0@regiobus.example"));
    assert!(row("daten-plattform").contains("x@example.org?bcc=<img src=x>"), "a text, and no link");
    assert!(!row("abgeschaltet-2024").split("not asked").next().unwrap().contains("Root/"));
    let links: Vec<&str> = page.links().into_iter().filter(|link| !link.starts_with('#')).collect();
    assert_eq!(links.len(), 9, "{links:?}");
    assert!(
        links.iter().all(|link| link.starts_with("mailto:aws+konto-") && link.ends_with("@regiobus.example"))
    );
    assert_eq!(page.words()["units"]["100000000000"], "Root/Verkehr/Nord");
    assert_eq!(page.words()["emails"]["100000000000"], "aws+konto-0@regiobus.example");
}

#[test]
fn accounts_that_nobody_entered_on_purpose_are_no_gap_in_the_map() {
    let text = Page::parse(&html(&Sample::new(50), MANY).0).text();
    let map = text.split_once("As a whole").unwrap().1;
    let row = |name: &str| map.split_once(name).unwrap().1.chars().take(300).collect::<String>();
    assert!(row("archiv").contains("not asked not requested"), "{}", row("archiv"));
    assert!(row("leitstelle").contains("not asked decommissioned"), "{}", row("leitstelle"));
    assert!(
        !row("leitstelle").split("abgeschaltet").next().unwrap().contains("complete"),
        "{}",
        row("leitstelle")
    );
}

#[test]
fn severities_are_counted_by_kind() {
    let sample = Sample::new(100);
    let (_, totals) = html(&sample, MANY);
    assert_eq!(totals.by_kind_and_severity[&(FindingKind::Divergent, Severity::Low)], 30);
    assert_eq!(totals.drift(), 88, "unverified is no drift, and what is only to know is none");
    assert_eq!(totals.drift(), sample.summary.findings.drift);
    assert_eq!(totals.by_severity, sample.summary.findings.by_severity);
    assert_eq!(totals.drift_of(Severity::Info), 0);
}

/// A disk that is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let sample = Sample::new(1);
    let error =
        HtmlReport::write(&mut Full, &sample.head(), &mut sample.stream(), &mut sample.planned(), MANY)
            .unwrap_err();
    assert!(matches!(error, ReportError::Write(cause) if cause.kind() == std::io::ErrorKind::StorageFull));
    let error = write_jsonl(&mut Full, &sample.head(), &mut sample.stream()).unwrap_err();
    assert!(matches!(error, ReportError::Write(cause) if cause.kind() == std::io::ErrorKind::StorageFull));
}

/// `tests/peers/report_browser.py` opens these in a real browser: one with every hostile name, one as large as
/// a page gets, with more findings than it may hold.
#[test]
fn sample_reports_for_the_browser_are_written() {
    for (name, findings, max) in [("sample", 600, MANY), ("large", 100_500, MANY), ("empty", 0, MANY)] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report").join(name);
        fs::create_dir_all(&folder).unwrap();
        let sample = Sample::new(findings);
        let sample = if findings > 0 { sample.with_past() } else { sample };
        let mut page = fs::File::create(folder.join("report.html")).map(std::io::BufWriter::new).unwrap();
        let totals =
            HtmlReport::write(&mut page, &sample.head(), &mut sample.stream(), &mut sample.planned(), max)
                .unwrap();
        let mut lines = fs::File::create(folder.join("report.jsonl")).map(std::io::BufWriter::new).unwrap();
        let of_lines = write_jsonl(&mut lines, &sample.head(), &mut sample.stream()).unwrap();
        assert_eq!(totals.findings, findings);
        assert_eq!(totals.embedded, findings.min(100_000));
        assert_eq!(of_lines.by_kind_and_severity, totals.by_kind_and_severity);
    }
}
