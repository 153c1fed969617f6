//! What is proposed, and what never is.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::asset_record::{AssetRecord, Lifecycle, RecordLine};
use bestand_model::exception::AppliedException;
use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::provenance::Provenance;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Batch, CorrectionCounts, CorrectionWriter, Layout, LayoutSettings, propose};

fn settings() -> LayoutSettings {
    let columns = [
        ("asset_id", "id"),
        ("arn", "arn"),
        ("resource_id", "resource_id"),
        ("account_id", "account"),
        ("region", "region"),
        ("resource_type", "type"),
        ("name", "name"),
        ("lifecycle", "status"),
        ("configuration.instanceType", "instance_type"),
    ];
    LayoutSettings {
        table: Some("itk.assets".into()),
        columns: columns.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        aws_rows: Some("is_aws = 1".into()),
        retired_words: vec!["retired".into()],
        many_rules: BTreeSet::from(["group".to_owned()]),
    }
}

fn record(id: &str) -> AssetRecord {
    AssetRecord {
        row_key: id.into(),
        aws: true,
        asset_id: Some(id.into()),
        arn: Some("arn:aws:ec2:eu-central-1:111111111111:instance/i-1".parse().unwrap()),
        resource_id: Some("i-1".into()),
        account_id: Some("111111111111".parse().unwrap()),
        region: Some("eu-central-1".into()),
        resource_type: Some("AWS::EC2::Instance".into()),
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::from([("lifecycle".to_owned(), json!("In Betrieb"))]),
    }
}

fn finding(kind: FindingKind, id: &str, row: &str) -> Finding {
    let mut finding = Finding::new(kind, id.into());
    finding.evidence.insert("row".into(), json!(row));
    finding
}

fn divergent(id: &str, row: &str, registered: Value, live: Value) -> Finding {
    Finding {
        attribute: Some("configuration.instanceType".into()),
        registered: Some(registered),
        live: Some(live),
        authority: Some(Provenance::ConfigService),
        ..finding(FindingKind::Divergent, id, row)
    }
}

fn absent(id: &str, row: &str) -> Finding {
    let mut finding = finding(FindingKind::Absent, id, row);
    finding.evidence.insert("coverage".into(), json!("complete"));
    finding.evidence.insert("lifecycle".into(), json!("active"));
    finding
}

struct Written {
    csv: Vec<BTreeMap<String, String>>,
    sql: String,
    counts: CorrectionCounts,
}

impl Written {
    fn statements(&self) -> Vec<&str> {
        let code = |line: &&str| !line.starts_with("--");
        let text: Vec<&str> = self.sql.lines().filter(code).collect();
        assert!(text.is_empty() || (text[0] == "BEGIN;" && text[text.len() - 1] == "COMMIT;"), "{text:?}");
        self.sql.split("UPDATE ").skip(1).collect()
    }
}

fn write(settings: LayoutSettings, findings: &[Finding], records: &[AssetRecord]) -> Written {
    let layout = Layout::new(settings);
    let (mut csv, mut sql) = (Vec::new(), Vec::new());
    let mut writer = CorrectionWriter::begin(&layout, "run r", &mut csv, &mut sql).unwrap();
    let mut batch = Batch::default();
    for finding in findings {
        if let Some(row) = propose(&layout, finding).and_then(|own| writer.take(own).unwrap()) {
            batch.add(row);
        }
    }
    for record in records {
        batch.see(&RecordLine::Record(record.clone()));
    }
    writer.rows(&batch).unwrap();
    let counts = writer.finish().unwrap();
    let mut reader = csv::Reader::from_reader(&*csv);
    let csv = reader.deserialize().map(|row| row.unwrap()).collect();
    Written { csv, sql: String::from_utf8(sql).unwrap(), counts }
}

#[test]
fn a_cell_is_corrected_only_as_it_was_read_and_only_in_one_row() {
    let written =
        write(settings(), &[divergent("f1", "B-1", json!("t3.small"), json!("t3.large"))], &[record("B-1")]);
    let statements = written.statements();
    assert_eq!(statements.len(), 1);
    for part in [
        "\"itk\".\"assets\" AS r SET \"instance_type\" = 't3.large' WHERE r.\"id\" = 'B-1'",
        "(SELECT COUNT(*) FROM \"itk\".\"assets\" AS d WHERE d.\"id\" = 'B-1') = 1",
        "COALESCE(TRIM(CAST(r.\"instance_type\" AS TEXT)), '') = 't3.small'",
        "COALESCE(TRIM(CAST(r.\"arn\" AS TEXT)), '') = 'arn:aws:ec2:eu-central-1:111111111111:instance/i-1'",
    ] {
        assert!(statements[0].contains(part), "{part} in {}", statements[0]);
    }
    assert!(written.sql.contains("-- correct: finding f1, row B-1\n"), "{}", written.sql);
    let row = &written.csv[0];
    let told = [
        "bestand_action",
        "bestand_finding_id",
        "bestand_row",
        "bestand_read",
        "bestand_proposed",
        "bestand_sql",
        "id",
        "instance_type",
    ];
    assert_eq!(
        told.map(|name| row[name].as_str()),
        ["correct", "f1", "B-1", "t3.small", "t3.large", "yes", "B-1", "t3.large"]
    );
}

#[test]
fn several_cells_of_a_row_are_one_statement() {
    let mut name = divergent("f2", "B-1", json!("alt"), json!("neu"));
    name.attribute = Some("name".into());
    name.authority = Some(Provenance::Tag("Name".into()));
    name.evidence.insert("live_source".into(), json!("tag:Name"));
    let findings = [divergent("f1", "B-1", json!("a"), json!("b")), name];
    let written = write(settings(), &findings, &[record("B-1")]);
    let statements = written.statements();
    assert_eq!((statements.len(), written.counts.correct), (1, 2));
    assert!(statements[0].contains("SET \"instance_type\" = 'b', \"name\" = 'neu'"), "{}", statements[0]);
    assert!(written.sql.contains("finding f1,") && written.sql.contains("finding f2,"));
}

#[test]
fn nothing_is_proposed_where_the_register_has_authority_or_the_value_is_not_the_registers_word() {
    let proposed = |change: fn(&mut Finding)| {
        let mut finding = divergent("f1", "B-1", json!("a"), json!("b"));
        change(&mut finding);
        propose(&Layout::new(settings()), &finding).is_some()
    };
    assert!(proposed(|_| {}));
    assert!(!proposed(|own| own.authority = Some(Provenance::SourceRegister)));
    assert!(!proposed(|own| own.authority = Some(Provenance::CentralRegister)));
    assert!(!proposed(|own| own.authority = Some(Provenance::Tag("x".into()))));
    assert!(!proposed(|own| own.attribute = Some("vendor".into())));
    assert!(!proposed(|own| {
        own.authority = Some(Provenance::SourceRegister);
        own.evidence.insert("live_source".into(), json!("source_register"));
    }));
    for evidence in ["cut", "live_mapped", "registered_mapped"] {
        let mut finding = divergent("f1", "B-1", json!("a"), json!("b"));
        finding.evidence.insert(evidence.into(), json!(true));
        assert!(propose(&Layout::new(settings()), &finding).is_none(), "{evidence}");
    }
    assert!(!proposed(|own| {
        own.exception = Some(AppliedException {
            owner: "m".into(),
            because: "x".into(),
            until: Timestamp::from_second(0).unwrap(),
        });
    }));
}

#[test]
fn a_row_is_closed_only_by_the_settings_word_and_only_while_it_says_what_was_read() {
    let written = write(settings(), &[absent("f1", "B-1")], &[record("B-1")]);
    let statements = written.statements();
    assert_eq!(statements.len(), 1);
    assert!(statements[0].contains("SET \"status\" = 'retired'"), "{}", statements[0]);
    assert!(
        statements[0].contains("COALESCE(TRIM(CAST(r.\"status\" AS TEXT)), '') = 'In Betrieb'"),
        "{}",
        statements[0]
    );
    let read = ["bestand_action", "bestand_read", "bestand_proposed", "status"];
    assert_eq!(read.map(|name| written.csv[0][name].as_str()), ["close", "In Betrieb", "retired", "retired"]);

    let wordless = LayoutSettings { retired_words: Vec::new(), ..settings() };
    let written = write(wordless, &[absent("f1", "B-1")], &[record("B-1")]);
    assert!(written.statements().is_empty());
    assert_eq!(
        (written.csv[0]["bestand_action"].as_str(), written.csv[0]["bestand_sql"].as_str()),
        ("close", "no")
    );
}

#[test]
fn what_nobody_could_be_asked_for_is_not_closed_and_what_still_waits_only_by_people() {
    let withheld = |reason: &str| {
        let mut own = absent("f1", "B-1");
        own.evidence.insert("withheld".into(), json!(reason));
        let written = write(settings(), &[own], &[record("B-1")]);
        (written.counts.close, written.counts.statements)
    };
    assert_eq!(withheld("unproven"), (0, 0));
    assert_eq!(withheld("gate_account"), (0, 0), "too much is missing at once");
    assert_eq!(withheld("grace"), (1, 0));
    for reason in ["not_live", "never_seen"] {
        assert_eq!(withheld(reason), (1, 1), "{reason}");
    }
}

#[test]
fn what_cannot_be_said_safely_is_for_people_alone() {
    let note = |settings: LayoutSettings, findings: &[Finding], records: &[AssetRecord]| {
        let written = write(settings, findings, records);
        assert!(written.statements().is_empty(), "{}", written.sql);
        written.csv.iter().map(|row| row["bestand_note"].clone()).collect::<Vec<_>>().join("; ")
    };
    let own = divergent("f1", "B-1", json!("a"), json!("b"));
    assert!(note(settings(), std::slice::from_ref(&own), &[]).contains("not among those that were read"));
    assert!(
        note(settings(), std::slice::from_ref(&own), &[record("B-1"), record("B-1")])
            .contains("several rows have this key")
    );
    let nameless = AssetRecord { asset_id: None, ..record("row 7") };
    let of_nameless = divergent("f1", "row 7", json!("a"), json!("b"));
    assert!(note(settings(), &[of_nameless], &[nameless]).contains("no key"));
    let query = LayoutSettings { table: None, ..settings() };
    assert!(note(query, std::slice::from_ref(&own), &[record("B-1")]).contains("a query"));
    let other = divergent("f2", "B-1", json!("a"), json!("c"));
    assert!(note(settings(), &[own.clone(), other], &[record("B-1")]).contains("different things"));
    let mut of_many = own.clone();
    of_many.evidence.insert("rule".into(), json!("group"));
    assert!(note(settings(), &[of_many], &[record("B-1")]).contains("many resources"));
    let mut shared = settings();
    shared.columns.insert("vendor".into(), "Instance_Type".into());
    assert!(note(shared, &[own], &[record("B-1")]).contains("several attributes"));
    for (read, live, why) in [
        (json!("a"), json!(null), "no value"),
        (json!("a"), json!(["b"]), "single value"),
        (json!(5), json!("b"), "another type"),
        (json!("a"), json!("b\0c"), "NUL"),
    ] {
        assert!(
            note(settings(), &[divergent("f1", "B-1", read, live)], &[record("B-1")]).contains(why),
            "{why}"
        );
    }
}

#[test]
fn a_row_to_add_is_a_template_that_leaves_the_key_to_the_register() {
    let mut own = Finding::new(FindingKind::Unregistered, "f1".into());
    own.resource_id = Some("i-9".into());
    own.arn = Some("arn:aws:ec2:eu-central-1:111111111111:instance/i-9".parse().unwrap());
    own.name = Some("it's".into());
    let written = write(settings(), &[own.clone()], &[]);
    assert!(written.statements().is_empty());
    let template = written.sql.lines().find(|line| line.starts_with("-- INSERT")).unwrap();
    assert!(
        template.contains("(\"id\", \"arn\", \"resource_id\", \"name\", \"is_aws\") SELECT '<key>', "),
        "{template}"
    );
    assert!(template.contains("'it''s', '1' WHERE NOT EXISTS (SELECT 1 FROM"), "{template}");
    assert_eq!((written.csv[0]["is_aws"].as_str(), written.csv[0]["name"].as_str()), ("1", "it's"));

    own.name = Some("x\nDROP TABLE assets;".into());
    let written = write(settings(), &[own.clone()], &[]);
    assert!(!written.sql.contains("INSERT") && !written.sql.contains("DROP"), "{}", written.sql);
    assert_eq!(written.counts.add, 1);

    own.severity = Severity::Info;
    assert!(propose(&Layout::new(settings()), &own).is_none());
}

#[test]
fn rejected_rows_are_told_with_their_reason_and_no_comment_breaks_out() {
    let mut own = finding(FindingKind::RejectedRecord, "f1", "B-1\r\nDROP TABLE assets; --");
    own.evidence.insert("reason".into(), json!("=cmd|' /C calc'!A0\n; DROP TABLE assets;"));
    let written = write(settings(), &[own], &[]);
    assert!(written.statements().is_empty());
    assert!(written.csv[0]["bestand_note"].starts_with("'=cmd|"));
    assert!(written.sql.lines().all(|line| line.starts_with("--") || ["BEGIN;", "COMMIT;"].contains(&line)));
}

proptest! {
    /// Whatever a finding looks like: no row is closed without a complete look, none that is unverified, none that an
    /// exception answers for.
    #[test]
    fn a_row_is_never_closed_without_a_complete_look(
        kind in prop::sample::select(FindingKind::ALL.to_vec()),
        coverage in prop::sample::select(vec!["complete", "role_denied", "count_mismatch", "not_requested", ""]),
        lifecycle in prop::sample::select(vec!["active", "planned", "retired", ""]),
        has_row in any::<bool>(),
    ) {
        let mut own = Finding::new(kind, "f1".into());
        if has_row {
            own.evidence.insert("row".into(), json!("B-1"));
        }
        for (name, value) in [("coverage", coverage), ("lifecycle", lifecycle)] {
            if !value.is_empty() {
                own.evidence.insert(name.into(), json!(value));
            }
        }
        let written = write(settings(), &[own], &[record("B-1")]);
        let may = kind == FindingKind::Absent && coverage == "complete" && lifecycle == "active" && has_row;
        prop_assert_eq!(written.counts.close > 0, may);
        prop_assert_eq!(written.counts.statements > 0, may);
    }

    /// A value is the value, whatever is in it: the literal, read as either database reads it, gives it back.
    #[test]
    fn a_literal_gives_back_its_text(text in "[a'\\\\\n;\\-]{0,12}") {
        let literal = super::sql::literal(&text).unwrap();
        for escapes in [false, true] {
            prop_assert_eq!(evaluated(&literal, escapes), text.clone(), "{} {}", literal, escapes);
        }
    }
}

/// Reads a literal as a database does; `escapes` tells whether a backslash escapes.
fn evaluated(sql: &str, escapes: bool) -> String {
    let read = |text: &str| -> (String, usize) {
        let mut value = String::new();
        let mut characters = text.char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            match (character, next) {
                ('\'', Some('\'')) => value.push(characters.next().unwrap().1),
                ('\'', _) => return (value, at + 1),
                ('\\', Some(_)) if escapes => value.push(characters.next().unwrap().1),
                _ => value.push(character),
            }
        }
        panic!("the literal does not end: {text}")
    };
    match sql.strip_prefix("REPLACE(") {
        None => {
            let (value, end) = read(sql);
            assert_eq!(end, sql.len(), "{sql}");
            value
        }
        Some(rest) => {
            let (value, end) = read(rest);
            let rest = rest[end..].strip_prefix(", ").unwrap();
            let (backslashes, end) = read(rest);
            assert_eq!(&rest[end..], ", SUBSTR('\\\\', 1, 1))");
            value.replace(&backslashes, "\\")
        }
    }
}
