//! Evidence packs of real runs: what is packed, what is refused, and what a check tells.

use std::fs::File;
use std::path::{Path, PathBuf};

use bestand_model::identifiers::RunId;
use bestand_publisher::evidence::{PackHead, write_pack};
use bestand_publisher::run_store::RunStore;
use bestand_sandbox::Faults;
use serde_json::Value;

use crate::support::{World, change_a_letter, edit, edit_lines, some_findings};

fn pack(world: &World, run: &str, more: &[&str]) -> (PathBuf, String) {
    let arguments = [&["report", run, "--format", "evidence", "--out", "filed"], more].concat();
    let told = world.command(&arguments).expect(0).stdout;
    let digest = told.lines().find_map(|line| line.strip_prefix("sha256 of its manifest: ")).unwrap();
    (world.path(&format!("filed/evidence-{run}.zip")), digest.to_owned())
}

/// Checks a pack where there are no settings at all.
fn verify(world: &World, pack: &Path, more: &[&str], status: i32) -> String {
    let pack = pack.to_str().unwrap();
    let arguments = [&["verify", pack, "--settings", "nowhere.toml"], more].concat();
    world.command(&arguments).expect(status).stdout
}

/// Packs a run as it lies there, unchecked, as a forger would: the manifest fits.
fn forge(world: &World, id: &str) -> PathBuf {
    let run = RunId::new(id);
    let directory = RunStore::open("file:.", &world.store()).and_then(|store| store.run(&run)).unwrap();
    let (own, plan) = (world.run(id).json("run.json"), world.run(id).json("plan.json"));
    let settings = world.run(id).json("settings.json");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut let_through_by: Vec<String> =
        own["overrides"].as_array().unwrap().iter().filter_map(|one| text(&one["by"])).collect();
    let_through_by.sort();
    let_through_by.dedup();
    let head = serde_json::json!({
        "run_id": id, "environment": own["environment"], "command": own["command"], "outcome": "done",
        "exit_status": own["exit_status"], "tool_version": own["tool_version"],
        "window": { "started_at": own["started_at"], "ended_at": own["ended_at"] },
        "identities": {
            "planned_by": plan["planned_by"], "let_through_by": let_through_by,
            "role": settings["accounts"]["role"]["name"],
        },
        "settings_digest": own["settings_digest"], "plan_digest": own["plan_digest"],
    });
    let head: PackHead = serde_json::from_value(head).unwrap();
    let path = world.path("forged.zip");
    write_pack(File::create(&path).unwrap(), &directory, head, "0.1.0", false).unwrap();
    path
}

#[test]
fn a_pack_of_a_published_run_is_good_until_anything_is_changed() {
    let world = World::published();
    let run = world.runs().pop().unwrap();
    let (path, digest) = pack(&world, &run, &[]);
    let told = verify(&world, &path, &["--digest", &digest], 0);
    assert!(
        told.contains(&digest) && told.contains("done, with status 0") && told.contains("good: "),
        "{told}"
    );
    let told = verify(&world, &path, &["--digest", &"0".repeat(64)], 44);
    assert!(told.contains("not the pack whose manifest has the digest 0000"), "{told}");

    let first = std::fs::read(&path).unwrap();
    assert!(pack(&world, &run, &[]).1 == digest && std::fs::read(&path).unwrap() == first, "the same bytes");
    let mut changed = first.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(&path, changed).unwrap();
    let told = verify(&world, &path, &[], 44);
    assert!(told.contains("wrong: ") && told.contains("not good: 1 problem"), "{told}");

    let (path, _) = pack(&world, &run, &["--with-inputs"]);
    verify(&world, &path, &[], 0);
    world.command(&["verify", "nowhere.zip"]).expect_failure(2, &["nowhere.zip"]);
}

#[test]
fn a_run_that_was_changed_is_not_packed_and_one_that_failed_says_so() {
    let mut world = World::small(Faults::none());
    let run = world.run_of(&world.command(&["plan"]).expect(0));
    let id = run.0.file_name().unwrap().to_str().unwrap().to_owned();
    let name = std::fs::read_dir(run.path("changes")).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read(&name).unwrap();
    std::fs::remove_file(&name).unwrap();
    world.command(&["report", &id, "--format", "evidence"]).expect_failure(44, &["changes/"]);
    std::fs::write(&name, kept).unwrap();
    let plan = std::fs::read(run.path("plan.json")).unwrap();
    std::fs::remove_file(run.path("plan.json")).unwrap();
    world.command(&["report", &id, "--format", "evidence"]).expect_failure(44, &["plan.json"]);
    std::fs::write(run.path("plan.json"), plan).unwrap();

    world.set("BESTAND__SOURCE_REGISTER__URL", "sqlite:///nowhere/itk.db");
    world.command(&["plan"]).expect_failure(30, &["cannot be reached"]);
    let failed = world.runs().pop().unwrap();
    world.command(&["report", &failed]).expect_failure(2, &["before its findings were known"]);
    let (path, _) = pack(&world, &failed, &[]);
    let told = verify(&world, &path, &[], 0);
    assert!(told.contains("failed, with status 30"), "{told}");
}

/// A forger who can repack: every digest of the manifest is right, and the run still contradicts itself.
#[test]
fn a_forged_run_contradicts_itself() {
    type Forge = fn(&mut Value);
    let forgeries: [(&str, Forge, &str); 4] = [
        ("run.json", |run| run["findings"]["drift"] = 0.into(), "findings/"),
        ("run.json", |run| run["coverage"]["scopes"] = 1.into(), "coverage.ndjson"),
        ("settings.json", |settings| settings["environment"] = "production".into(), "settings.json"),
        (
            "run.json",
            |run| run["publication"]["applied"] = 999_999.into(),
            "more answers than there are receipts",
        ),
    ];
    let world = World::published();
    let run = world.runs().pop().unwrap();
    for (file, forge, words) in forgeries {
        let path = world.run(&run).path(file);
        let before = std::fs::read(&path).unwrap();
        let mut value: Value = serde_json::from_slice(&before).unwrap();
        forge(&mut value);
        std::fs::write(&path, serde_json::to_vec(&value).unwrap()).unwrap();
        let outcome = world.command(&["report", &run, "--format", "evidence", "--out", "filed"]);
        if outcome.status == Some(0) {
            let told = verify(&world, &world.path(&format!("filed/evidence-{run}.zip")), &[], 44);
            assert!(told.contains(words), "{words}: {told}");
        } else {
            outcome.expect_failure(44, &[words]);
        }
        std::fs::write(&path, before).unwrap();
    }
}

#[test]
fn a_run_of_which_one_letter_was_changed_is_not_packed() {
    let world = World::published();
    let id = world.runs().pop().unwrap();
    let run = world.run(&id);
    let refused = |file: &str, words: &[&str], change: &dyn Fn(&Path)| {
        let path = run.path(file);
        let whole = std::fs::read(&path).unwrap();
        change(&path);
        for forms in ["evidence", "csv,evidence"] {
            world
                .command(&["report", &id, "--format", forms, "--out", "refused"])
                .expect_failure(44, &[words, &[&id]].concat());
            assert!(!world.path(&format!("refused/evidence-{id}.zip")).exists(), "{file}");
        }
        std::fs::write(&path, whole).unwrap();
    };
    refused(&some_findings(&run), &["the findings are not those that were filed"], &|path| {
        edit_lines(path, |lines| change_a_letter(&mut lines[0]));
    });
    let settings = ["settings.json", "not what the run was made with"];
    refused("settings.json", &settings, &|path| {
        edit(path, |settings| settings["environment"] = "stagimg".into());
    });
    refused("settings.json", &["no settings.json", "taken away"], &|path| {
        std::fs::remove_file(path).unwrap();
    });
    pack(&world, &id, &[]);
}

/// Packed by hand, with a manifest that fits: only the run's own seal tells it.
#[test]
fn a_pack_with_one_changed_letter_in_a_finding_or_a_setting_is_told() {
    let world = World::published();
    let id = world.runs().pop().unwrap();
    let run = world.run(&id);
    let told = |file: &str, words: &str, change: &dyn Fn(&Path)| {
        let path = run.path(file);
        let whole = std::fs::read(&path).unwrap();
        change(&path);
        let told = verify(&world, &forge(&world, &id), &[], 44);
        assert!(told.contains(words) && told.contains("not good: 1 problem"), "{told}");
        std::fs::write(&path, whole).unwrap();
    };
    verify(&world, &forge(&world, &id), &[], 0);
    told(&some_findings(&run), "the findings are not those that were filed", &|path| {
        edit_lines(path, |lines| change_a_letter(&mut lines[0]));
    });
    told("settings.json", "is not what the run was made with", &|path| {
        edit(path, |settings| settings["environment"] = "stagimg".into());
    });
}

#[test]
fn a_pack_of_a_run_that_sealed_no_findings_says_so_and_is_good() {
    let world = World::published();
    let id = world.runs().pop().unwrap();
    let (path, _) = pack(&world, &id, &[]);
    assert!(!verify(&world, &path, &[], 0).contains("not sealed"));
    edit(&world.run(&id).path("run.json"), |summary| {
        summary.as_object_mut().unwrap().remove("findings_digest");
    });
    let (path, _) = pack(&world, &id, &[]);
    let told = verify(&world, &path, &[], 0);
    assert!(told.contains("not sealed: findings/") && told.contains("good: "), "{told}");
}

#[test]
fn what_was_opened_and_closed_between_two_runs_is_told() {
    let world = World::published();
    let first = world.runs().pop().unwrap();
    let found = world.run(&first).findings("divergent");
    let mended = found[0].clone();
    world.execute("itk.db", "DELETE FROM assets WHERE rowid = (SELECT MAX(rowid) FROM assets)");
    let second = world.run_of(&world.command(&["plan"]).expect(0));
    let id = second.0.file_name().unwrap().to_str().unwrap().to_owned();
    let told = world.command(&["report", &id, "--since", &first, "--out", "since"]).expect(0).stdout;
    assert!(told.contains("still open") && !world.path("since/report.html").exists(), "{told}");
    let whole: Value =
        serde_json::from_slice(&std::fs::read(world.path("since/since.json")).unwrap()).unwrap();
    let lines = whole["findings"].as_array().unwrap();
    // Held against the ids alone, as a stranger would.
    let ids = |run: &crate::support::RunFiles| -> std::collections::BTreeSet<String> {
        run.values("findings").iter().map(|own| own["finding_id"].as_str().unwrap().to_owned()).collect()
    };
    let (was, is) = (ids(&world.run(&first)), ids(&second));
    for (states, expected) in [
        (vec!["opened"], is.difference(&was).cloned().collect()),
        (vec!["closed", "not_seen"], was.difference(&is).cloned().collect()),
        (
            vec!["still_open", "changed"],
            was.intersection(&is).cloned().collect::<std::collections::BTreeSet<_>>(),
        ),
    ] {
        let told: std::collections::BTreeSet<String> = lines
            .iter()
            .filter(|line| states.contains(&line["state"].as_str().unwrap()))
            .map(|line| line["finding"]["finding_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(told, expected, "{states:?}");
    }
    assert_ne!(was, is);
    assert!(was.contains(mended["finding_id"].as_str().unwrap()));
    let rows = std::fs::read_to_string(world.path("since/since.csv")).unwrap();
    assert!(
        rows.starts_with("state,finding_id,kind,severity,") && rows.matches("\r\n").count() > lines.len()
    );

    world.command(&["report", &first, "--since", &id]).expect_failure(2, &["is not older"]);
    world.command(&["report", &id, "--since", &id]).expect_failure(2, &["is not older"]);
}

#[test]
fn what_was_not_seen_is_not_closed() {
    let world = World::small(Faults::none());
    let first = world.run_of(&world.command(&["plan"]).expect(0));
    let first = first.0.file_name().unwrap().to_str().unwrap().to_owned();
    let asked = world.run(&first).json("accounts.json")[0]["id"].as_str().unwrap().to_owned();
    let second = world.run_of(&world.command(&["plan", "--accounts", &asked]).expect(0));
    let id = second.0.file_name().unwrap().to_str().unwrap().to_owned();
    world.command(&["report", &id, "--since", &first, "--out", "since"]).expect(0);
    let whole: Value =
        serde_json::from_slice(&std::fs::read(world.path("since/since.json")).unwrap()).unwrap();
    let mut unseen = 0;
    for line in whole["findings"].as_array().unwrap() {
        let elsewhere = line["finding"]["account_id"].as_str().is_some_and(|own| own != asked);
        assert!(!elsewhere || line["state"] != "closed", "{line}");
        unseen += usize::from(line["state"] == "not_seen");
    }
    assert!(unseen > 0);
}

#[test]
fn intents_and_receipts_of_other_changes_than_the_plans_are_told() {
    let world = World::published();
    let id = world.runs().pop().unwrap();
    let run = world.run(&id);
    let other = Value::from("00000000-0000-5000-8000-000000000000");
    for (file, pointer) in [
        ("intents/000001.json", "/changes/0/asset_key"),
        ("receipts/000001.json", "/results/0/asset_key"),
        ("receipts/000001.json", "/results/0/idempotency_key"),
    ] {
        let whole = std::fs::read(run.path(file)).unwrap();
        edit(&run.path(file), |value| {
            *value.pointer_mut(pointer).unwrap() = other.clone();
            // No answer that counts as applied: what was refused must be the plan's as well.
            if let Some(status) = value.pointer_mut("/results/0/status") {
                *status = "rejected".into();
            }
        });
        let (path, _) = pack(&world, &id, &[]);
        let told = verify(&world, &path, &[], 44);
        assert!(told.contains(file), "{told}");
        std::fs::write(run.path(file), whole).unwrap();
    }
}

#[test]
fn a_plan_whose_publication_was_killed_is_no_evidence_of_a_run_that_is_done() {
    let world = World::published();
    let id = world.runs().pop().unwrap();
    let run = world.run(&id);
    // As it lies there when a plan was made, and whoever published it later was killed after the first batch.
    edit(&run.path("run.json"), |own| {
        own.as_object_mut().unwrap().remove("publication");
    });
    for name in std::fs::read_dir(run.path("receipts")).unwrap() {
        let path = name.unwrap().path();
        if !path.ends_with("000001.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let (path, _) = pack(&world, &id, &[]);
    let told = verify(&world, &path, &[], 0);
    assert!(told.contains("unfinished"), "{told}");
}
