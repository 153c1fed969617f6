//! A run is undone by a plan of its own: reviewed, gated, and only where what it wrote still stands (SEMANTICS 3.13).

use bestand_model::plan::Plan;
use bestand_sandbox::Faults;
use bestand_sandbox::register::{FaultKind, FaultyCalls, RegisterFaults};
use serde_json::{Value, json};

use crate::support::{World, number};

/// Key, state and attributes of every entry.
fn entries(world: &World, database: &str) -> Vec<(String, String, String)> {
    world.rows(database, "SELECT asset_key, state, attributes FROM assets ORDER BY asset_key")
}

fn run_id(summary: &Value) -> String {
    summary["run_id"].as_str().unwrap().to_owned()
}

const NEW_OWNERS: &str = "UPDATE assets SET owner = 'Team Neu' WHERE owner IS NOT NULL AND id LIKE '%7'";

#[test]
fn a_revert_restores_what_a_run_changed_and_only_once_it_is_published() {
    let world = World::published();
    let before = entries(&world, "register.db");
    world.execute("itk.db", NEW_OWNERS);
    let changed = world.command(&["run"]).expect(0).summary();
    let after = entries(&world, "register.db");
    assert!(number(&changed, "/changes/update") > 5 && before != after);

    let plan = world.command(&["revert", &run_id(&changed)]).expect(0).summary();
    assert_eq!(entries(&world, "register.db"), after, "a plan changes nothing");
    assert_eq!(plan["command"], "revert");
    assert_eq!(plan["reverts"], changed["run_id"]);
    assert_eq!(number(&plan, "/changes/update"), number(&changed, "/publication/applied"));
    let step = format!("bestand publish {}", run_id(&plan));
    assert!(plan["next_steps"].to_string().contains(&step), "{}", plan["next_steps"]);
    let run = world.run(&run_id(&plan));
    assert_eq!(run.json("plan.json")["reverts"], changed["run_id"]);
    assert!(run.has("report.html") && run.has("report.jsonl") && run.has("settings.json"));

    let published = world.command(&["publish", &run_id(&plan)]).expect(0).summary();
    assert_eq!(number(&published, "/publication/applied"), number(&plan, "/changes/update"));
    assert_eq!(entries(&world, "register.db"), before);
    assert!(world.applied("register.db").values().all(|times| *times == 1));
    let marks = "SELECT DISTINCT run FROM audit_log WHERE version > 2";
    assert!(world.rows::<(String,)>("register.db", marks).iter().all(|(run,)| *run == run_id(&plan)));

    // Undone already: nothing is left to do. What it did can itself be undone.
    let again = world.command(&["revert", &run_id(&changed)]).expect(0).summary();
    assert_eq!(number(&again, "/changes/unchanged"), number(&plan, "/changes/update"));
    assert_eq!(number(&again, "/changes/update") + number(&again, "/changes/withheld"), 0);
    let back = world.command(&["revert", &run_id(&plan)]).expect(0).summary();
    world.command(&["publish", &run_id(&back)]).expect(0);
    assert_eq!(entries(&world, "register.db"), after);
    // And a run finds everything as its own records say it.
    let quiet = world.command(&["run"]).expect(0).summary();
    assert_eq!(number(&quiet, "/publication/applied"), 0, "{}", quiet["changes"]);
}

#[test]
fn what_somebody_else_changed_since_is_left_alone() {
    let world = World::published();
    world.execute("itk.db", NEW_OWNERS);
    let changed = world.command(&["run"]).expect(0).summary();
    // Erika sets two of these owners herself, and adds a remark to two others.
    world.execute(
        "register.db",
        "UPDATE assets SET version = version + 1, last_writer = 'erika', \
         attributes = json_set(attributes, '$.owner', 'Erika') WHERE asset_key IN (SELECT asset_key FROM \
         assets WHERE attributes LIKE '%Team Neu%' ORDER BY asset_key LIMIT 2)",
    );
    world.execute(
        "register.db",
        "UPDATE assets SET version = version + 1, last_writer = 'erika', \
         attributes = json_set(attributes, '$.remark', 'seen') WHERE asset_key IN (SELECT asset_key FROM \
         assets WHERE attributes LIKE '%Team Neu%' ORDER BY asset_key LIMIT 2)",
    );
    let hers = "SELECT asset_key, attributes FROM assets WHERE attributes LIKE '%Erika%' ORDER BY asset_key";
    let before: Vec<(String, String)> = world.rows("register.db", hers);

    let plan = world.command(&["revert", &run_id(&changed)]).expect(0).summary();
    assert_eq!(plan["withheld_by_reason"], json!({"moved_since": 2}));
    assert_eq!(number(&plan, "/changes/update"), number(&changed, "/changes/update") - 2);
    world.command(&["publish", &run_id(&plan)]).expect(0);
    assert_eq!(world.rows::<(String, String)>("register.db", hers), before);
    let left = "SELECT count(*) FROM assets WHERE attributes LIKE '%Team Neu%'";
    assert_eq!(world.rows::<(i64,)>("register.db", left), [(0,)]);
    let remarks = "SELECT count(*) FROM assets WHERE attributes LIKE '%\"remark\":\"seen\"%'";
    assert_eq!(world.rows::<(i64,)>("register.db", remarks), [(2,)], "her remarks stay");
}

#[test]
fn reverting_a_first_publication_meets_the_gate_and_retires_it_when_a_person_says_so() {
    let world = World::published();
    let first = world.runs().remove(0);
    let plan = world.command(&["revert", &first]).expect(0).summary();
    let created = entries(&world, "register.db").len() as u64;
    assert_eq!(number(&plan, "/changes/retire"), created);
    let id = run_id(&plan);
    let grounds = world.run(&id).values("changes").into_iter().map(|change| change["ground"].clone());
    assert!(grounds.into_iter().all(|ground| ground == json!({"kind": "revert"})));
    world.command(&["publish", &id]).expect_failure(41, &["max_retire"]);
    let codes = "max_retire_count,max_retire_share";
    let accepted = ["publish", &id, "--accept-gate", codes, "--because", "wrong register: ticket OPS-4"];
    let done = world.command(&accepted).expect(0).summary();
    assert_eq!(number(&done, "/publication/applied"), created);
    assert!(entries(&world, "register.db").iter().all(|(_, state, _)| state == "retired"));
    assert!(world.applied("register.db").values().all(|times| *times == 1));

    // The next run decides anew, by what it sees.
    world.command(&["run"]).expect(0);
    assert!(entries(&world, "register.db").iter().all(|(_, state, _)| state == "active"));
}

#[test]
fn semantics_3_10_without_whole_lists_a_revert_retires_nothing_either() {
    let mut world = World::small(Faults::none());
    world.with_register("staging", RegisterFaults::default());
    world.init_store();
    let first = world.command(&["run", "--first-run"]).expect(0).summary();
    let undeclared = vec!["list"];
    world.with_register("staging", RegisterFaults { undeclared, ..RegisterFaults::default() });
    let plan = world.command(&["revert", &run_id(&first)]).expect(0).summary();
    assert_eq!(number(&plan, "/changes/retire"), 0);
    assert_eq!(
        number(&plan, "/withheld_by_reason/list_not_promised"),
        number(&first, "/publication/applied"),
        "all of it was created"
    );
    let run = world.run(&run_id(&plan));
    for file in ["run.json", "plan.json"] {
        assert_eq!(run.json(file)["not_promised"], json!(["list"]), "{file}");
    }
    assert!(std::fs::read_to_string(run.path("report.html")).unwrap().contains("id=\"not-promised\""));
}

#[test]
fn only_what_was_applied_is_undone() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", "20");
    let gone = RegisterFaults::one(FaultyCalls::Changes, 6, u32::MAX, FaultKind::Html);
    world.with_register("staging", gone);
    let summary = world.command(&["run", "--first-run"]).expect(40).summary();
    let applied = number(&summary, "/publication/applied");
    assert!(applied > 0 && applied < number(&summary, "/changes/create"), "{}", summary["publication"]);
    world.with_register("staging", RegisterFaults::default());
    let plan = world.command(&["revert", &run_id(&summary)]).expect(0).summary();
    assert_eq!(number(&plan, "/changes/retire"), applied);
}

#[test]
fn what_cannot_be_reverted_is_refused_before_anything_is_written() {
    let mut world = World::small(Faults::none());
    world.init_store();
    let planned = world.command(&["plan", "--first-run"]).expect(0).summary();
    world.command(&["revert", &run_id(&planned)]).expect_failure(2, &["published nothing"]);
    world.command(&["revert", "20200101-000000-0000"]).expect_failure(2, &["20200101-000000-0000"]);
    let run = world.command(&["run", "--first-run"]).expect(0).summary();
    let runs = world.runs();

    world.with_register("staging", RegisterFaults::default());
    world.command(&["revert", &run_id(&run)]).expect_failure(44, &["register-of-the-test"]);
    world.with_register("production", RegisterFaults::default());
    world.command(&["revert", &run_id(&run)]).expect_failure(43, &["production"]);
    world.unset("BESTAND__CENTRAL_REGISTER__URL");
    let path = world.run(&run_id(&run)).path("plan.json");
    let plan = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, plan.replacen("\"unchanged\": 0", "\"unchanged\": 1", 1)).unwrap();
    world.command(&["revert", &run_id(&run)]).expect_failure(44, &["altered"]);
    std::fs::write(&path, plan).unwrap();
    assert_eq!(world.runs(), runs, "no run was begun");

    let revert = world.command(&["revert", &run_id(&run)]).expect(0).summary();
    let told = format!("bestand explain {}", run_id(&run));
    world.command(&["explain", &run_id(&revert)]).expect_failure(2, &[&told]);
}

#[test]
fn whoever_made_a_plan_cannot_let_it_through_where_another_is_asked_for() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__GATE__MAX_CREATE_COUNT", "10");
    world.set("BESTAND__GATE__ACCEPT_BY_ANOTHER", "true");
    let summary = world.command(&["plan", "--first-run"]).expect(0).summary();
    let id = run_id(&summary);
    let accept = ["publish", &id, "--accept-gate", "max_create_count", "--because", "OPS-17"];
    // The plan remembers what it asks for, whatever the settings say later.
    world.unset("BESTAND__GATE__ACCEPT_BY_ANOTHER");
    world.command(&accept).expect_failure(41, &["accept_by_another", ":user/bestand"]);
    assert!(world.applied("register.db").is_empty());

    // The same plan, made by the job.
    let path = world.run(&id).path("plan.json");
    let mut plan: Plan = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(plan.planned_by.as_ref().unwrap().ends_with(":user/bestand"));
    plan.planned_by = Some("arn:aws:sts::111122223333:assumed-role/bestand-task/5f2c".into());
    std::fs::write(&path, serde_json::to_vec(&plan.clone()).unwrap()).unwrap();
    world.command(&accept).expect_failure(44, &["altered"]);
    std::fs::write(&path, serde_json::to_vec(&plan.sealed()).unwrap()).unwrap();
    world.command(&accept).expect(0);
    assert_eq!(world.run(&id).json("run.json")["overrides"][0]["code"], "max_create_count");
}
