//! `bestand report RUN`: the same report again, and no report of what is not whole or was changed.

use std::path::Path;
use std::time::Duration;

use bestand_sandbox::Faults;
use bestand_sandbox::register::{FaultKind, FaultyCalls, RegisterFaults};
use serde_json::{Value, json};

use crate::support::{World, change_a_letter, edit, edit_lines, number, some_findings};

/// The SHA-256 of nothing.
const NO_FINDINGS: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A world with a plan, and the plan's id.
fn planned() -> (World, String) {
    let world = World::small(Faults::demo());
    world.init_store();
    let id = world.command(&["plan", "--first-run"]).expect(20).summary()["run_id"].clone();
    (world, id.as_str().unwrap().to_owned())
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_report_is_written_again_with_all_findings_of_its_run() {
    let (world, id) = planned();
    let run = world.run(&id);
    let outcome = world.command(&["report", &id]).expect(0);
    let folder = world.path(&format!("bestand-report-{id}"));
    let told: Vec<&str> = outcome.stdout.lines().collect();
    let forms =
        ["report.html", "report.xlsx", "report.csv", "report.jsonl", "corrections.csv", "digests/index.csv"];
    for name in forms {
        assert!(told.iter().any(|path| path.ends_with(name)), "{told:?}");
    }
    let again = lines(&folder.join("report.jsonl"));
    let ids = |type_: &str| -> Vec<&Value> {
        again.iter().filter(|line| line["type"] == type_).map(|line| &line["finding_id"]).collect()
    };
    let of_run = run.values("findings");
    assert!(!of_run.is_empty());
    assert_eq!(ids("finding"), of_run.iter().map(|own| &own["finding_id"]).collect::<Vec<_>>());
    assert_eq!(again[1..], lines(&run.path("report.jsonl"))[1..], "but for the memory that writing it took");
    let mut summary = again[0].clone();
    summary.as_object_mut().unwrap().remove("type");
    assert_eq!(summary, run.json("run.json"));
    let embedded = |path: &Path| {
        let page = std::fs::read_to_string(path).unwrap();
        let (_, data) = page.split_once("id=\"findings\">").unwrap();
        serde_json::from_str::<Value>(data.split_once("</script>").unwrap().0).unwrap()
    };
    assert_eq!(embedded(&folder.join("report.html")), embedded(&run.path("report.html")));
}

#[test]
fn only_the_forms_that_are_asked_for_are_written_and_old_ones_are_replaced() {
    let (world, id) = planned();
    let folder = world.path("made/of two");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("report.jsonl"), "old").unwrap();
    world.command(&["report", &id, "--format", "jsonl", "--out", "made/of two"]).expect(0);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|own| own.unwrap().file_name()).collect();
    assert_eq!(names, ["report.jsonl"], "no half file is left either");
    assert_eq!(lines(&folder.join("report.jsonl"))[0]["run_id"], json!(id));
}

#[test]
fn every_line_is_as_the_published_schema_says() {
    let (world, id) = planned();
    let printed = world.command(&["report", "--schema"]).expect(0).stdout;
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    assert_eq!(printed, std::fs::read_to_string(published).unwrap(), "print it anew with --schema");
    let schema: Value = serde_json::from_str(&printed).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let told = lines(&world.run(&id).path("report.jsonl"));
    for line in &told {
        let problems: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?} in {line:#}");
    }
    let finding = told.iter().find(|line| line["type"] == "finding").unwrap();
    for (key, wrong) in [("kind", json!("other")), ("since", json!("today")), ("finding_id", json!(7))] {
        let mut line = finding.clone();
        line[key] = wrong;
        assert!(!validator.is_valid(&line), "{key}");
    }
    world.command(&["report"]).expect(2);
}

#[test]
fn tables_are_written_by_the_command() {
    let (world, id) = planned();
    let found = world.run(&id).values("findings");
    world.command(&["report", &id, "--format", "csv,xlsx", "--out", "tables"]).expect(0);
    let table = std::fs::read_to_string(world.path("tables/report.csv")).unwrap();
    for own in &found {
        let id = own["finding_id"].as_str().unwrap();
        assert_eq!(table.matches(&format!("{id},{}", own["kind"].as_str().unwrap())).count(), 1, "{own}");
    }
    let book = std::fs::read(world.path("tables/report.xlsx")).unwrap();
    assert!(book.starts_with(b"PK") && !world.path("tables/report.html").exists());

    let run = world.run(&id);
    assert_eq!(std::fs::read(run.path("report.csv")).unwrap(), table.as_bytes());
    assert!(run.has("report.xlsx"));
    // A workbook needs room for temporary files: without it the others are written all the same.
    let nowhere = [("TMPDIR", "/nowhere/at/all")];
    world
        .command_with(&["report", &id, "--format", "xlsx", "--out", "none"], &nowhere)
        .expect_failure(2, &["temporary files in `/nowhere/at/all`", "TMPDIR"]);
    assert!(std::fs::read_dir(world.path("none")).unwrap().next().is_none(), "no half file is left");
    world.command_with(&["report", &id, "--format", "csv,jsonl", "--out", "none"], &nowhere).expect(0);
    let outcome = world.command_with(&["plan", "--first-run"], &nowhere).expect(20);
    assert!(outcome.stderr.contains("the run goes without report.xlsx"), "{}", outcome.stderr);
    let run = world.run_of(&outcome);
    assert!(run.has("report.csv") && run.has("report.html") && !run.has("report.xlsx"));
}

#[test]
fn an_empty_run_gives_reports_that_can_be_read() {
    let world = World::small(Faults::none());
    world.init_store();
    let outcome = world.command(&["plan", "--first-run"]).expect(0);
    let (id, run) = (outcome.summary()["run_id"].as_str().unwrap().to_owned(), world.run_of(&outcome));
    std::fs::remove_dir_all(run.path("findings")).unwrap();
    edit(&run.path("run.json"), |summary| {
        summary["findings"] = json!({ "by_kind": {}, "by_severity": {}, "drift": 0, "ignored": {} });
        summary["findings_digest"] = json!(NO_FINDINGS);
    });
    world.command(&["report", &id, "--out", "empty"]).expect(0);
    assert!(lines(&world.path("empty/report.jsonl")).iter().all(|line| line["type"] != "finding"));
    let page = std::fs::read_to_string(world.path("empty/report.html")).unwrap();
    assert!(page.contains("no difference to mend was found"));
}

#[test]
fn what_was_changed_after_the_run_is_not_reported() {
    let (world, id) = planned();
    let run = world.run(&id);
    let plan = run.json("plan.json");
    let changes = format!("changes/{}.ndjson.zst", plan["files"][1]["name"].as_str().unwrap());
    let findings = some_findings(&run);
    let refused = |file: &str, words: &[&str], change: &dyn Fn(&Path)| {
        let path = run.path(file);
        let whole = std::fs::read(&path).unwrap();
        change(&path);
        world.command(&["report", &id, "--out", "refused"]).expect_failure(44, words);
        assert!(!world.path("refused").exists(), "nothing is written");
        std::fs::write(&path, whole).unwrap();
    };
    let misfit = ["findings/ does not hold what run.json counts"];
    let other = ["the findings are not those that were filed", "findings_digest", "one of them was changed"];
    refused(&findings, &other, &|path| edit_lines(path, |lines| change_a_letter(&mut lines[0])));
    refused(&findings, &other, &|path| edit_lines(path, |lines| lines.reverse()));
    refused(&findings, &other, &|path| edit_lines(path, |lines| lines[0].insert(1, ' ')));
    refused(&findings, &other, &|path| {
        // The same findings, but in the file of another account.
        let elsewhere = path.with_file_name("000000000000.ndjson.zst");
        std::fs::rename(path, &elsewhere).unwrap();
        world.command(&["report", &id, "--out", "refused"]).expect_failure(44, &other);
        std::fs::rename(elsewhere, path).unwrap();
        edit_lines(path, |lines| change_a_letter(&mut lines[0]));
    });
    refused("run.json", &other, &|path| {
        edit(path, |summary| summary["findings_digest"] = json!(NO_FINDINGS));
    });
    // What was compressed anew and says the same is the same.
    edit_lines(&run.path(&findings), |_| ());
    refused(&findings, &misfit, &|path| edit_lines(path, |lines| lines.truncate(lines.len() - 1)));
    refused(&findings, &misfit, &|path| edit_lines(path, |lines| lines.push(lines[0].clone())));
    refused(&findings, &misfit, &|path| {
        edit_lines(path, |lines| {
            let mut first: Value = serde_json::from_str(&lines[0]).unwrap();
            let other = if first["kind"] == "absent" { "unverified" } else { "absent" };
            first["kind"] = json!(other);
            lines[0] = first.to_string();
        });
    });
    refused(&findings, &misfit, &|path| std::fs::remove_file(path).unwrap());
    refused(&findings, &["findings"], &|path| {
        let whole = std::fs::read(path).unwrap();
        std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
    });
    refused(&findings, &["findings"], &|path| edit_lines(path, |lines| lines[0].truncate(20)));
    refused(&changes, &["changes"], &|path| edit_lines(path, |lines| lines.truncate(lines.len() - 1)));
    refused(&changes, &["changes"], &|path| std::fs::remove_file(path).unwrap());
    refused("plan.json", &[], &|path| edit(path, |plan| plan["changes"]["create"] = json!(1)));
    refused("run.json", &["another"], &|path| edit(path, |summary| summary["run_id"] = json!("another")));
    // As it was made it is reported.
    world.command(&["report", &id, "--out", "refused"]).expect(0);
}

/// What `sha256sum` makes of the unpacked files is what the run says of them.
#[test]
fn every_run_with_a_plan_seals_its_findings_and_no_other_does() {
    let mut world = World::published();
    let published = world.runs().pop().unwrap();
    let reverted = world.command(&["revert", &published]).expect(0).summary();
    let planned = world.command(&["plan"]).expect(0).summary();
    for id in [&published, reverted["run_id"].as_str().unwrap(), planned["run_id"].as_str().unwrap()] {
        let run = world.run(id);
        let told = run.json("run.json")["findings_digest"].clone();
        assert_eq!(told.as_str(), Some(&*run.digest_of_findings()), "{id}");
    }
    assert_eq!(reverted["findings_digest"], NO_FINDINGS);
    assert_ne!(planned["findings_digest"], NO_FINDINGS);

    world.set("BESTAND__SOURCE_REGISTER__URL", "sqlite:///nowhere/itk.db");
    world.command(&["plan"]).expect_failure(30, &["cannot be reached"]);
    let failed = world.run(&world.runs().pop().unwrap()).json("run.json");
    assert!(failed.get("findings_digest").is_none(), "{failed}");
}

#[test]
fn a_changed_finding_is_neither_compared_nor_explained() {
    let (world, older) = planned();
    let newer = world.command(&["plan", "--first-run"]).expect(20).summary()["run_id"].clone();
    let newer = newer.as_str().unwrap();
    world.command(&["report", newer, "--since", &older, "--out", "since"]).expect(0);
    world.command(&["explain", &older]).expect(0);
    let run = world.run(&older);
    edit_lines(&run.path(&some_findings(&run)), |lines| change_a_letter(&mut lines[0]));
    let words = [older.as_str(), "the findings are not those that were filed"];
    world.command(&["report", newer, "--since", &older, "--out", "since"]).expect_failure(44, &words);
    world.command(&["explain", &older]).expect_failure(44, &words);
}

#[test]
fn a_run_of_a_version_that_sealed_no_findings_is_reported_with_a_notice() {
    let (world, id) = planned();
    let run = world.run(&id);
    let notice = "not sealed: findings/";
    let outcome = world.command(&["report", &id, "--out", "sealed"]).expect(0);
    assert!(!outcome.stderr.contains(notice), "{}", outcome.stderr);
    edit(&run.path("run.json"), |summary| {
        summary.as_object_mut().unwrap().remove("findings_digest");
    });
    for forms in ["html,xlsx,csv,jsonl,corrections,digests,evidence", "evidence", "csv"] {
        let outcome = world.command(&["report", &id, "--format", forms, "--out", "old"]).expect(0);
        assert_eq!(outcome.stderr.matches(notice).count(), 1, "{forms}: {}", outcome.stderr);
    }
    world.command(&["explain", &id]).expect(0);
    // Number, kinds and severities are held against the run all the same.
    edit_lines(&run.path(&some_findings(&run)), |lines| lines.push(lines[0].clone()));
    world.command(&["report", &id]).expect_failure(44, &["findings/ does not hold what run.json counts"]);
}

#[test]
fn what_is_no_whole_run_is_not_reported() {
    let (world, id) = planned();
    let run = world.run(&id);
    world.command(&["report", "20200101T000000Z-0000"]).expect_failure(2, &["20200101T000000Z-0000"]);

    let whole = std::fs::read(run.path("run.json")).unwrap();
    edit(&run.path("run.json"), |summary| {
        summary["schema_version"] = json!(999);
        summary["tool_version"] = json!("99.1.0");
    });
    world.command(&["report", &id]).expect_failure(2, &["schema version 999", "version 99.1.0 of bestand"]);
    std::fs::remove_file(run.path("run.json")).unwrap();
    world.command(&["report", &id]).expect_failure(2, &["no run.json"]);
    std::fs::write(run.path("run.json"), &whole[..whole.len() / 2]).unwrap();
    let outcome = world.command(&["report", &id]);
    assert!(outcome.failure().0.contains("run.json"), "{outcome:?}");
    std::fs::write(run.path("run.json"), whole).unwrap();

    std::fs::remove_file(run.path("plan.json")).unwrap();
    world.command(&["report", &id]).expect_failure(44, &["no plan.json", "taken away"]);
    edit(&run.path("run.json"), |summary| {
        summary.as_object_mut().unwrap().remove("plan_digest");
    });
    world.command(&["report", &id]).expect_failure(2, &["before its findings were known"]);
    edit(&run.path("run.json"), |summary| {
        summary.as_object_mut().unwrap().remove("ended_at");
    });
    world.command(&["report", &id]).expect_failure(2, &["has no plan", "was killed"]);
    assert!(!world.path(&format!("bestand-report-{id}")).exists());
}

#[test]
fn a_run_that_was_killed_while_it_planned_is_not_reported() {
    let world = World::small("latency=100".parse().unwrap());
    let mut job = world.start(&["plan"]);
    job.wait_until("a beginning of the inventory", || {
        world.runs().first().is_some_and(|id| world.run(id).has("inventory"))
    });
    job.signal("KILL");
    job.wait();
    let id = world.runs()[0].clone();
    world.command(&["report", &id]).expect_failure(2, &["has no plan", "was killed"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let (world, id) = planned();
    std::fs::write(world.path("file"), "in the way").unwrap();
    world.command(&["report", &id, "--out", "file/folder"]).expect_failure(2, &["cannot write file/folder"]);
    world.command(&["report", &id, "--out", "file"]).expect_failure(2, &["cannot write file"]);
}

#[test]
fn a_run_that_was_killed_while_it_published_keeps_its_figures() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", "4");
    let slow = FaultKind::Hang(Duration::from_millis(40));
    world.with_register("staging", RegisterFaults::one(FaultyCalls::Changes, 0, u32::MAX, slow));
    let mut job = world.start(&["run", "--first-run"]);
    job.wait_until("some receipts", || {
        world.runs().first().is_some_and(|id| world.run(id).count("receipts") > 2)
    });
    job.signal("KILL");
    job.wait();
    let id = world.runs()[0].clone();
    world.command(&["publish", &id]).expect(0);

    let run = world.run(&id);
    let (summary, plan) = (run.json("run.json"), run.json("plan.json"));
    assert_eq!(summary["changes"], plan["changes"]);
    let of_kinds = summary["findings"]["by_kind"].as_object().unwrap();
    let counted: u64 = of_kinds.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counted, run.values("findings").len() as u64);
    assert!(counted > 0);
    assert_eq!(number(&summary, "/coverage/scopes"), run.coverage().len() as u64);
    assert_eq!(summary["findings_digest"].as_str(), Some(&*run.digest_of_findings()));
    world.command(&["report", &id, "--out", "after"]).expect(0);
    assert_eq!(lines(&world.path("after/report.jsonl"))[0]["publication"], summary["publication"]);
}
