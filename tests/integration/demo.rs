//! The whole job on the demo's estate, held against the truth of what was planted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bestand_sandbox::{Faults, Planted, PlantedKind};
use serde_json::Value;

use crate::support::{Outcome, RunFiles, World, files_below, number, read_json};

/// What a difference is told by: its kind, and the record or the resource that it is about.
type Told = (String, String);

/// The demo's two runs, made once for all tests of this module: they only read.
struct Demo {
    world: World,
    first: Outcome,
    audit_after_first: i64,
    second: Outcome,
    audit_after_second: i64,
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let world = World::new(12, 6_000, Faults::demo());
        world.init_store();
        let audit = || world.rows::<(i64,)>("register.db", "SELECT COUNT(*) FROM audit_log")[0].0;
        let first = world.command(&["run", "--first-run"]).expect(20);
        let audit_after_first = audit();
        let second = world.command(&["run"]).expect(20);
        let audit_after_second = audit();
        Demo { world, first, audit_after_first, second, audit_after_second }
    })
}

impl Demo {
    fn first_run(&self) -> RunFiles {
        self.world.run_of(&self.first)
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn place(parts: [&str; 4]) -> String {
    parts.join(" ")
}

/// A finding by what it is about: its records, or the place of a resource that has none.
fn told(finding: &Value) -> Told {
    let subject = match finding["evidence"]["rows"].as_array().filter(|_| finding["kind"] == "duplicate") {
        Some(rows) => rows.iter().map(|row| row.as_str().unwrap()).collect::<Vec<_>>().join(" "),
        None => match text(finding, "asset_id") {
            "" => place(
                ["account_id", "region", "resource_type", "resource_id"].map(|name| text(finding, name)),
            ),
            asset_id => asset_id.to_owned(),
        },
    };
    (text(finding, "kind").to_owned(), subject)
}

/// The finding that a planted difference calls for.
fn expected(planted: &Planted) -> Option<Told> {
    let kind = match planted.kind {
        PlantedKind::Unregistered => "unregistered",
        PlantedKind::Absent => "absent",
        PlantedKind::Divergent => "divergent",
        PlantedKind::RetiredButLive => "retired_but_live",
        PlantedKind::Duplicate => "duplicate",
        PlantedKind::RejectedRecord => "rejected_record",
        PlantedKind::Planned => return None,
    };
    let records: Vec<&str> =
        [&planted.asset_id, &planted.other_asset_id].into_iter().filter_map(|id| id.as_deref()).collect();
    let subject = if records.is_empty() {
        let parts = [&planted.account_id, &planted.region, &planted.resource_type, &planted.resource_id];
        place(parts.map(|part| part.as_deref().unwrap_or_default()))
    } else {
        records.join(" ")
    };
    Some((kind.to_owned(), subject))
}

fn is_drift(finding: &Value) -> bool {
    match text(finding, "kind") {
        "unverified" => false,
        "unregistered" => finding["severity"] != "info",
        _ => true,
    }
}

#[test]
fn every_planted_difference_in_complete_scopes_is_found_and_no_other() {
    let demo = demo();
    let truth = demo.world.sandbox().truth();
    let findings = demo.first_run().values("findings");
    let found: BTreeSet<Told> = findings.iter().filter(|finding| is_drift(finding)).map(told).collect();

    let wanted: BTreeSet<Told> =
        truth.planted.iter().filter(|planted| planted.scope_complete).filter_map(expected).collect();
    assert!(wanted.len() > 200, "the estate has too little in it: {}", wanted.len());
    let kinds: BTreeSet<&str> = wanted.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    let missed: Vec<&Told> = wanted.difference(&found).collect();
    assert!(missed.is_empty(), "{} missed: {missed:#?}", missed.len());
    // That two records claim one row is known whatever else was seen (SEMANTICS 1, coverage "any").
    let hidden = truth.planted.iter().filter(|one| !one.scope_complete && one.kind == PlantedKind::Duplicate);
    let allowed: BTreeSet<Told> = hidden.filter_map(expected).collect();
    let invented: Vec<&Told> = found.difference(&wanted).filter(|one| !allowed.contains(one)).collect();
    assert!(invented.is_empty(), "{} invented: {invented:#?}", invented.len());
}

#[test]
fn a_divergent_attribute_is_told_with_both_values() {
    let demo = demo();
    let truth = demo.world.sandbox().truth();
    let findings = demo.first_run().findings("divergent");
    let by_record: BTreeMap<&str, &Value> =
        findings.iter().map(|finding| (text(finding, "asset_id"), finding)).collect();
    assert_eq!(by_record.len(), findings.len(), "one attribute differs in each");
    let mut compared = 0;
    for planted in truth.planted.iter().filter(|one| one.scope_complete && one.kind == PlantedKind::Divergent)
    {
        let finding = by_record[planted.asset_id.as_deref().unwrap()];
        assert_eq!(finding["attribute"].as_str(), planted.attribute);
        assert_eq!(finding["live"].as_str(), planted.live.as_deref());
        assert_eq!(finding["registered"].as_str(), planted.registered.as_deref());
        assert_eq!(finding["authority"], "config_service");
        compared += 1;
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn nothing_that_was_not_seen_is_absent_or_retired() {
    let demo = demo();
    let truth = demo.world.sandbox().truth();
    let run = demo.first_run();
    let whole = truth.incomplete.iter().filter(|gap| gap.resource_type.is_none());
    let gaps: BTreeSet<(&str, Option<&str>)> =
        whole.map(|gap| (gap.account_id.as_str(), gap.region.as_deref())).collect();
    assert!(truth.incomplete.iter().any(|gap| gap.reason == "role_denied"));
    assert!(truth.incomplete.iter().any(|gap| gap.reason == "recorder_stopped"));
    for finding in run.findings("absent") {
        let (account, region) = (text(&finding, "account_id"), finding["region"].as_str());
        assert!(!gaps.contains(&(account, None)), "{finding}");
        assert!(!gaps.contains(&(account, region)), "{finding}");
    }
    assert!(
        run.values("changes").iter().all(|change| change["kind"] != "retire"),
        "a first run retires nothing"
    );

    // The records of what was not seen are said to be unverified instead.
    let unverified: BTreeSet<String> =
        run.findings("unverified").iter().map(|finding| text(finding, "asset_id").to_owned()).collect();
    let hidden = truth.planted.iter().filter(|one| !one.scope_complete && one.kind == PlantedKind::Absent);
    let mut counted = 0;
    for planted in hidden {
        assert!(unverified.contains(planted.asset_id.as_deref().unwrap()), "{planted:?}");
        counted += 1;
    }
    assert!(counted > 5, "{counted}");

    // And the ledger has the very reasons.
    let ledger: BTreeSet<(String, String, String)> = run
        .coverage()
        .iter()
        .filter(|line| line["status"] == "incomplete")
        .map(|line| [text(line, "account_id"), text(line, "region"), text(line, "reason")].map(str::to_owned))
        .map(|[account, region, reason]| (account, region, reason))
        .collect();
    for gap in &truth.incomplete {
        let line = (gap.account_id.clone(), gap.region.clone().unwrap_or_default(), gap.reason.to_owned());
        assert!(ledger.contains(&line), "{gap:?}");
    }
}

#[test]
fn furniture_without_records_is_told_as_information_only() {
    let demo = demo();
    let truth = demo.world.sandbox().truth();
    let incomplete: BTreeSet<(&str, &str)> = truth
        .incomplete
        .iter()
        .filter(|gap| gap.resource_type.is_none())
        .map(|gap| (gap.account_id.as_str(), gap.region.as_deref().unwrap_or("")))
        .collect();
    let seen = |account: &str, region: &str| {
        !incomplete.contains(&(account, "")) && !incomplete.contains(&(account, region))
    };
    let mut wanted: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for live in &truth.live {
        if truth.inventoried_only.contains(&live.resource_type) && seen(&live.account_id, &live.region) {
            let scope = (live.account_id.clone(), live.region.clone(), live.resource_type.clone());
            *wanted.entry(scope).or_default() += u64::from(live.count);
        }
    }
    let mut found: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for finding in demo.first_run().findings("unregistered") {
        if finding["severity"] == "info" {
            let scope = ["account_id", "region", "resource_type"].map(|name| text(&finding, name).to_owned());
            let [account, region, kind] = scope;
            *found.entry((account, region, kind)).or_default() += 1;
        }
    }
    assert!(wanted.len() > 100, "{}", wanted.len());
    assert_eq!(found, wanted);
}

#[test]
fn no_secret_of_a_configuration_is_anywhere() {
    let demo = demo();
    let mark = demo.world.sandbox().truth().secret_mark.as_bytes();
    assert!(mark.len() > 5, "{mark:?}");
    let forbidden: [&[u8]; 2] = [mark, b"configuration.environment"];
    let mut read = 0;
    for path in files_below(&demo.world.store()) {
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "zst") {
            bytes.extend(zstd::decode_all(bytes.as_slice()).unwrap());
        }
        for word in forbidden {
            assert!(!bytes.windows(word.len()).any(|part| part == word), "in {}", path.display());
        }
        read += 1;
    }
    assert!(read > 60, "{read} files");
    for outcome in [&demo.first, &demo.second] {
        for word in forbidden {
            let word = std::str::from_utf8(word).unwrap();
            assert!(!outcome.stderr.contains(word) && !outcome.stdout.contains(word));
        }
    }
    // The secret lies in the estate: a function's environment, which nobody asks for.
    let inventory = demo.first_run().values("inventory");
    let functions = inventory.iter().filter(|item| item["resource_type"] == "AWS::Lambda::Function");
    assert!(functions.count() > 50);
}

#[test]
fn the_register_holds_what_the_run_says_and_the_sums_agree() {
    let demo = demo();
    let run = demo.first_run();
    let summary = run.json("run.json");
    assert_eq!(summary, demo.first.summary(), "what is printed is what is kept");
    let publication: u64 = ["applied", "rejected", "conflicted", "unknown"]
        .map(|name| number(&summary, &format!("/publication/{name}")))
        .iter()
        .sum();
    let sent: u64 =
        ["create", "update", "retire"].map(|name| number(&summary, &format!("/changes/{name}"))).iter().sum();
    assert_eq!(publication, sent);
    assert_eq!(number(&summary, "/publication/applied"), sent);
    assert_eq!(demo.audit_after_first, i64::try_from(sent).unwrap());

    let mut by_kind: BTreeMap<String, u64> = BTreeMap::new();
    let mut created: BTreeMap<String, Value> = BTreeMap::new();
    for change in run.values("changes") {
        *by_kind.entry(text(&change, "kind").to_owned()).or_default() += 1;
        if change["kind"] == "create" {
            created.insert(text(&change, "asset_key").to_owned(), change["after"].clone());
        }
    }
    for kind in ["create", "update", "retire", "unchanged", "withheld"] {
        let counted = by_kind.get(kind).copied().unwrap_or_default();
        assert_eq!(number(&summary, &format!("/changes/{kind}")), counted, "{kind}");
    }
    let rows = demo.world.rows::<(String, String, Option<String>, String)>(
        "register.db",
        "SELECT asset_key, state, account_id, attributes FROM assets",
    );
    assert_eq!(rows.len(), created.len());
    for (key, state, account, attributes) in rows {
        let after = &created[&key];
        assert_eq!(after["state"], state.as_str());
        assert_eq!(after["account_id"].as_str(), account.as_deref());
        let attributes: Value = serde_json::from_str(&attributes).unwrap();
        for (name, value) in after["attributes"].as_object().unwrap() {
            assert_eq!(attributes.get(name).unwrap_or(&Value::Null), value, "{key} {name}");
        }
    }

    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for finding in run.values("findings") {
        *kinds.entry(text(&finding, "kind").to_owned()).or_default() += 1;
    }
    let said: BTreeMap<String, u64> = serde_json::from_value(summary["findings"]["by_kind"].clone()).unwrap();
    assert_eq!(said, kinds);
    let truth = demo.world.sandbox().truth();
    assert_eq!(number(&summary, "/records/read"), truth.records_total);
    let items = u64::try_from(run.values("inventory").len()).unwrap();
    assert_eq!(number(&summary, "/inventory/items"), items);
    // One refuses the role, and one is known to a record alone.
    assert_eq!(number(&summary, "/accounts/failed"), 2);
    assert_eq!(number(&summary, "/accounts/inactive"), 1);
    let lines = u64::try_from(run.coverage().len()).unwrap();
    assert_eq!(number(&summary, "/coverage/scopes"), lines);
}

#[test]
fn a_second_run_over_the_same_registers_publishes_nothing() {
    let demo = demo();
    let summary = demo.second.summary();
    for kind in ["create", "update", "retire"] {
        let changes = demo.world.run_of(&demo.second).values("changes");
        let one = changes.iter().find(|change| change["kind"] == kind);
        assert_eq!(number(&summary, &format!("/changes/{kind}")), 0, "{kind}: {one:?}");
    }
    assert_eq!(demo.audit_after_second, demo.audit_after_first);
    assert_eq!(number(&summary, "/publication/applied"), 0);
    let by_kind = |outcome: &Outcome| outcome.summary()["findings"]["by_kind"].clone();
    assert_eq!(by_kind(&demo.first), by_kind(&demo.second), "nothing was mended, so nothing is mended");

    // A finding keeps its id and the day on which it was first found.
    let ids = |outcome: &Outcome| -> BTreeMap<String, String> {
        let findings = demo.world.run_of(outcome).values("findings").into_iter();
        findings.map(|one| (text(&one, "finding_id").to_owned(), text(&one, "since").to_owned())).collect()
    };
    assert_eq!(ids(&demo.first), ids(&demo.second));
}

#[test]
fn the_report_shows_hostile_names_as_text() {
    let demo = demo();
    let run = demo.first_run();
    let hostile = "<script>alert";
    let names = run.values("findings");
    assert!(
        run.spool_texts("inventory")
            .values()
            .chain(run.spool_texts("records").values())
            .any(|text| text.contains(hostile)),
        "the estate has a name that would run"
    );
    let report = std::fs::read_to_string(run.path("report.html")).unwrap();
    assert!(!report.to_lowercase().contains(hostile));
    assert!(report.len() > 10_000 && !names.is_empty());
    // One file: nothing is fetched from anywhere.
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!report.contains(outside), "{outside}");
    }
}

#[test]
fn the_report_as_lines_has_every_finding() {
    let demo = demo();
    let run = demo.first_run();
    let report = std::fs::read_to_string(run.path("report.jsonl")).unwrap();
    let lines: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: BTreeSet<&str> = lines.iter().filter_map(|line| find_id(line)).collect();
    let findings = run.values("findings");
    let kept: BTreeSet<&str> = findings.iter().filter_map(|finding| finding["finding_id"].as_str()).collect();
    assert_eq!(told, kept);
}

fn find_id(line: &Value) -> Option<&str> {
    line["finding_id"].as_str().or_else(|| line["finding"]["finding_id"].as_str())
}

#[test]
fn the_demo_command_is_the_whole_job_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |more: &[&str]| {
        let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("bestand"));
        command.current_dir(folder.path()).env("AWS_PROFILE", "somebody's own").env_remove("RUST_LOG");
        command.args(["demo", "--accounts", "3", "--resources", "300", "--directory", "here"]).args(more);
        command.args(["--faults", "account_denied,recorder_stopped"]).output().unwrap()
    };
    let first = demo(&["--log-format", "human"]);
    let shown = String::from_utf8(first.stdout).unwrap();
    assert_eq!(first.status.code(), Some(20), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(shown.contains("report.html") && shown.contains("recorder_stopped "), "{shown}");
    assert!(shown.contains("next: role_denied"), "{shown}");

    let again = demo(&["same", "--log-format", "json"]);
    assert_eq!(again.status.code(), Some(20));
    let summary: Value = serde_json::from_slice(&again.stdout).unwrap();
    for kind in ["create", "update", "retire"] {
        assert_eq!(number(&summary, &format!("/changes/{kind}")), 0, "{kind}");
    }
    assert!(number(&summary, "/changes/unchanged") > 100);
    let truth = read_json(&folder.path().join("here/truth.json"));
    assert_eq!(number(&truth, "/records_total"), number(&summary, "/records/read"));
}
