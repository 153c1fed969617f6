//! Letters of hostile owners and values, in bounded number.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::exception::AppliedException;
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::provenance::Provenance;
use bestand_model::run_summary::RunSummary;
use jiff::Timestamp;
use serde_json::json;

use super::{DigestCounts, DigestHead, MAX_FINDINGS_PER_DIGEST, file_name, write_digests};

struct Written {
    letters: BTreeMap<String, String>,
    index: Vec<BTreeMap<String, String>>,
    counts: DigestCounts,
}

fn write(findings: Vec<Finding>) -> Written {
    let started_at = Timestamp::from_second(1_800_000_000).unwrap();
    let summary: RunSummary = serde_json::from_value(json!({
        "schema_version": 1, "run_id": "r-1", "command": "plan", "environment": "staging",
        "started_at": started_at, "tool_version": "0", "settings_digest": "0",
    }))
    .unwrap();
    let head = DigestHead { summary: &summary, accounts: &[] };
    let scratch = tempfile::tempdir().unwrap();
    let (mut letters, mut index) = (BTreeMap::new(), Vec::new());
    let mut keep = |name: &str, text: &str| {
        assert!(letters.insert(name.to_owned(), text.to_owned()).is_none(), "{name} twice");
        Ok(())
    };
    let counts =
        write_digests(&head, &mut findings.into_iter(), scratch.path(), &mut index, &mut keep).unwrap();
    let index = csv::Reader::from_reader(&*index).deserialize().map(|row| row.unwrap()).collect();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    Written { letters, index, counts }
}

fn finding(kind: FindingKind, id: &str, owner: Option<&str>) -> Finding {
    Finding { owner: owner.map(str::to_owned), ..Finding::new(kind, id.into()) }
}

#[test]
fn a_letter_has_a_subject_and_the_gravest_first_with_what_to_do_and_where() {
    let mut low = finding(FindingKind::Divergent, "00000000000000d1", Some("Team Nord"));
    low.live = Some(json!("t3.large"));
    low.registered = Some(json!("t3.small"));
    low.authority = Some(Provenance::SourceRegister);
    let high = finding(FindingKind::Absent, "00000000000000a1", Some("Team Nord"));
    let other = finding(FindingKind::Unregistered, "00000000000000b1", None);
    let written = write(vec![low, other, high]);
    assert_eq!(written.counts, DigestCounts { digests: 2, findings: 3 });
    let letter = &written.letters[&file_name(Some("Team Nord"))];
    let subject = letter.lines().next().unwrap();
    assert_eq!(subject, "Subject: bestand: 2 findings to act on (1 high, 1 low), staging, run r-1");
    let at = |text: &str| letter.find(text).unwrap_or_else(|| panic!("no {text} in {letter}"));
    assert!(at("\n## 1. Absent (high)") < at("\n## 2. Divergent (low)"));
    assert!(at("report.html#f-00000000000000a1") < at("report.html#f-00000000000000d1"));
    assert!(at("in AWS:                  t3.large") < at("in the source register:  t3.small"));
    at("The source register decides here: change it in AWS");
    assert!(written.letters["no-owner.md"].contains("no owner"));
    let row = written.index.iter().find(|row| row["owner"] == "Team Nord").unwrap();
    assert_eq!(
        ["file", "findings", "high", "shown"].map(|name| row[name].clone()),
        [file_name(Some("Team Nord")), "2".into(), "1".into(), "2".into()]
    );
}

#[test]
fn a_letter_tells_of_so_many_and_how_many_more() {
    let many = (0..MAX_FINDINGS_PER_DIGEST + 7).map(|number| {
        let mut own = finding(FindingKind::Divergent, &format!("{number:016}"), Some("x"));
        // The gravest comes last, and is there all the same.
        own.severity = if number == MAX_FINDINGS_PER_DIGEST + 6 { Severity::High } else { Severity::Low };
        own
    });
    let written = write(many.collect());
    let letter = &written.letters[&file_name(Some("x"))];
    assert_eq!(letter.matches("report.html#f-").count(), MAX_FINDINGS_PER_DIGEST);
    assert!(letter.contains("And 7 more:") && letter.contains("## 1. Divergent (high)"), "{letter}");
    assert_eq!(written.index[0]["findings"], (MAX_FINDINGS_PER_DIGEST + 7).to_string());
}

#[test]
fn what_is_not_an_owners_to_mend_is_in_no_letter() {
    let mut ignored = finding(FindingKind::Absent, "1", Some("x"));
    ignored.exception = Some(AppliedException {
        owner: "m".into(),
        because: "b".into(),
        until: Timestamp::from_second(0).unwrap(),
    });
    let mut info = finding(FindingKind::Unregistered, "2", Some("x"));
    info.severity = Severity::Info;
    let written = write(vec![ignored, info, finding(FindingKind::Unverified, "3", Some("x"))]);
    assert_eq!((written.letters.len(), written.index.len()), (0, 0));
}

#[test]
fn hostile_owners_and_values_stay_where_they_are_put() {
    let long = "x".repeat(64 << 10);
    let owners = [
        "..",
        "/etc/passwd",
        "a\r\nBcc: all@example.org",
        "=cmd|' /C calc'!A0",
        "\u{202e}spo",
        "Ops",
        "ops",
        "<script>alert(1)</script>",
        &long,
    ];
    let findings = owners.iter().map(|owner| {
        let mut own = finding(FindingKind::Divergent, "00000000000000f1", Some(owner));
        own.name = Some("x\n## 2. Nothing to do\n<script>".into());
        own.live = Some(json!(format!("\u{202e}{long}\r\n.\r\n")));
        own.registered = Some(json!({"a": "\n\n# b"}));
        own
    });
    let written = write(findings.collect());
    assert_eq!(written.letters.len(), owners.len());
    let lower: BTreeSet<String> = written.letters.keys().map(|name| name.to_lowercase()).collect();
    assert_eq!(lower.len(), owners.len());
    for (name, letter) in &written.letters {
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.'), "{name}");
        let (head, body) = letter.split_once("\n\n").unwrap();
        assert!(head.is_ascii() && head.lines().count() == 4 && !head.contains("Bcc"), "{head}");
        assert!(!letter.contains(['\r', '\u{202e}']), "{letter}");
        for line in body.lines() {
            assert!(line.len() < 998, "{} bytes", line.len());
            let ours =
                ["", "For", "1", "What", "More", "##", "And"].contains(&line.split(' ').next().unwrap());
            assert!(ours || line.starts_with("    "), "{line}");
        }
        assert_eq!(body.matches("\n## ").count(), 1);
    }
    assert!(written.index.iter().any(|row| row["owner"] == "'=cmd|' /C calc'!A0"));
}

#[test]
fn ten_thousand_owners_have_a_letter_each() {
    let findings = (0..10_000).map(|number| {
        finding(FindingKind::Absent, &format!("{number:016}"), Some(&format!("owner {number}")))
    });
    let written = write(findings.collect());
    assert_eq!((written.counts.digests, written.index.len()), (10_000, 10_000));
}
