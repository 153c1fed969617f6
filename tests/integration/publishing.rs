//! A plan is published exactly, by those who may, once.

use bestand_sandbox::Faults;
use bestand_sandbox::register::RegisterFaults;
use serde_json::{Value, json};

use crate::support::{RunFiles, World, edit, edit_lines, number};

fn planned(world: &World, arguments: &[&str]) -> (String, RunFiles) {
    let outcome = world.command(arguments).expect(0);
    let id = outcome.summary()["run_id"].as_str().unwrap().to_owned();
    let run = world.run(&id);
    (id, run)
}

#[test]
fn a_plan_is_published_exactly_and_once() {
    let world = World::small(Faults::none());
    world.init_store();
    let (id, run) = planned(&world, &["plan", "--first-run"]);
    let plan = run.json("plan.json");
    assert!(world.applied("register.db").is_empty(), "a plan changes nothing");
    assert!(!run.has("intents") && !run.has("receipts"));

    let first = world.command(&["publish", &id]).expect(0).summary();
    let creates = number(&plan, "/changes/create");
    assert!(creates > 100, "{creates}");
    assert_eq!(number(&first, "/publication/applied"), creates);
    let applied = world.applied("register.db");
    assert_eq!(applied.len() as u64, creates);
    assert!(applied.values().all(|times| *times == 1));
    // The register knows which plan wrote each entry, and keeps the run's evidence.
    let marks = world.rows::<(String,)>("register.db", "SELECT DISTINCT last_plan FROM assets");
    assert_eq!(marks, [(plan["digest"].as_str().unwrap().to_owned(),)]);
    let evidence = world.rows::<(String, String)>("register.db", "SELECT run_id, evidence FROM runs");
    assert_eq!((evidence.len(), evidence[0].0.as_str()), (1, id.as_str()));
    let evidence: Value = serde_json::from_str(&evidence[0].1).unwrap();
    assert_eq!(number(&evidence, "/totals/publication/applied"), creates);

    let again = world.command(&["publish", &id]).expect(0).summary();
    assert_eq!(again["publication"], first["publication"]);
    assert_eq!(world.applied("register.db"), applied);
    assert_eq!(run.json("plan.json"), plan, "a publication leaves its plan alone");
}

#[test]
fn publishing_a_finished_plan_again_gives_its_recorded_status() {
    let world = World::small("recorder_stopped".parse().unwrap());
    world.init_store();
    let outcome = world.command(&["run", "--first-run"]).expect(20);
    let id = outcome.summary()["run_id"].as_str().unwrap().to_owned();
    let applied = world.applied("register.db");
    let before = world.run(&id).json("run.json");
    // Nothing is left to say to the register: it need not even be there.
    let nowhere = [("BESTAND__CENTRAL_REGISTER__URL", "http://127.0.0.1:9")];
    assert_eq!(world.command_with(&["publish", &id], &nowhere).expect(20).summary()["exit_status"], 20);
    assert_eq!(world.applied("register.db"), applied);
    assert_eq!(world.run(&id).json("run.json"), before, "nothing is changed");
}

#[test]
fn a_plan_that_a_newer_run_overtook_is_not_published() {
    let world = World::small(Faults::none());
    world.init_store();
    let (old, _) = planned(&world, &["plan", "--first-run"]);
    let (new, _) = planned(&world, &["plan", "--first-run"]);
    world.command(&["publish", &old]).expect_failure(44, &[&new, "planned anew"]);
    assert!(world.applied("register.db").is_empty());
    world.command(&["publish", &new]).expect(0);
}

#[test]
fn a_first_publication_needs_a_word() {
    let world = World::small(Faults::none());
    world.init_store();
    let outcome = world.command(&["run"]).expect(41);
    let summary = outcome.summary();
    let id = summary["run_id"].as_str().unwrap();
    let step = format!("bestand publish {id} --first-run");
    assert!(summary["next_steps"].to_string().contains(&step), "{}", summary["next_steps"]);
    assert_eq!(summary["gate"]["reasons"][0]["code"], "first_run");
    assert!(world.run(id).has("report.html") && world.applied("register.db").is_empty());
    world.command(&["publish", id]).expect_failure(41, &["first_run"]);
    assert!(world.applied("register.db").is_empty());

    let published = world.command(&["publish", id, "--first-run"]).expect(0).summary();
    assert_eq!(number(&published, "/publication/applied"), number(&summary, "/changes/create"));
    assert_eq!(published["overrides"][0]["code"], "first_run");
    // From then on nobody needs to say it.
    world.command(&["run"]).expect(0);
}

#[test]
fn what_a_person_lets_through_the_gate_is_kept_as_evidence() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__GATE__MAX_CREATE_COUNT", "10");
    world.command(&["plan", "--first-run", "--fail-on-gate"]).expect(41);
    let summary = world.command(&["run", "--first-run"]).expect(41).summary();
    let id = summary["run_id"].as_str().unwrap();
    assert_eq!(summary["gate"]["reasons"][0]["code"], "max_create_count");
    assert!(summary["next_steps"].to_string().contains("--accept-gate max_create_count --because TEXT"));

    world.command(&["publish", id, "--accept-gate", "max_create_count"]).expect(2);
    world
        .command(&["publish", id, "--accept-gate", "first_run", "--because", "x"])
        .expect_failure(2, &["first_run"]);
    world
        .command(&["publish", id, "--accept-gate", "max_create_count", "--because", "  "])
        .expect_failure(41, &[]);
    assert!(world.applied("register.db").is_empty());

    let because = "the depot \"Süd\" joins: <b>ticket OPS-17</b>";
    let accept = ["publish", id, "--accept-gate", "max_create_count", "--because", because];
    world.command(&accept).expect(0);
    let run = world.run(id);
    let kept = &run.json("run.json")["overrides"];
    assert_eq!(kept.as_array().unwrap().len(), 1);
    let kept = &kept[0];
    assert_eq!((kept["code"].as_str(), kept["because"].as_str()), (Some("max_create_count"), Some(because)));
    let by = kept["by"].as_str().unwrap();
    assert!(by.starts_with("arn:aws:iam::") && by.ends_with(":user/bestand"), "{by}");
    assert_eq!(kept["plan_digest"], run.json("plan.json")["digest"]);
    assert!(kept["at"].is_string());
    let evidence = world.rows::<(String,)>("register.db", "SELECT evidence FROM runs");
    let evidence: Value = serde_json::from_str(&evidence[0].0).unwrap();
    assert_eq!(&evidence["overrides"][0], kept);
    let report = std::fs::read_to_string(run.path("report.html")).unwrap();
    assert!(
        report.contains("max_create_count") && !report.contains("<b>ticket"),
        "the report lists overrides"
    );
    // A second word does not make a second override.
    world.command(&accept).expect(0);
    assert_eq!(run.json("run.json")["overrides"].as_array().unwrap().len(), 1);
}

#[test]
fn a_plan_that_was_changed_is_not_published() {
    let world = World::small(Faults::none());
    world.init_store();
    let (id, run) = planned(&world, &["plan", "--first-run"]);
    let plan_path = run.path("plan.json");
    let plan = std::fs::read(&plan_path).unwrap();
    let file = format!("changes/{}.ndjson.zst", run.json("plan.json")["files"][1]["name"].as_str().unwrap());
    let changes_path = run.path(&file);
    let changes = std::fs::read(&changes_path).unwrap();

    let refused = |what: &str| {
        let outcome = world.command(&["publish", &id]);
        assert_eq!(outcome.status, Some(44), "{what}");
        let (message, next_step) = outcome.failure();
        assert!(next_step.contains("bestand plan"), "{what}: {message}");
        assert!(world.applied("register.db").is_empty(), "{what}");
        std::fs::write(&plan_path, &plan).unwrap();
        std::fs::write(&changes_path, &changes).unwrap();
    };
    let a_year_on = |plan: &mut Value| plan["expires_at"] = json!("2036-01-01T00:00:00Z");
    edit(&plan_path, a_year_on);
    refused("a plan that lives longer");
    edit(&plan_path, |plan| plan["gate"] = json!({ "verdict": "approved", "reasons": [] }));
    edit(&plan_path, |plan| plan["changes"]["create"] = json!(1));
    refused("other totals");
    edit(&plan_path, |plan| plan["run_id"] = json!("another"));
    refused("another run's plan");
    edit_lines(&changes_path, |lines| {
        let create = lines.iter_mut().find(|line| line.contains("\"state\":\"active\"")).unwrap();
        *create = create.replace("\"state\":\"active\"", "\"state\":\"retired\"");
    });
    refused("a changed change");
    edit_lines(&changes_path, |lines| lines.truncate(lines.len() - 1));
    refused("a change less");
    edit_lines(&changes_path, |lines| lines.push(lines[0].clone()));
    refused("a change twice");
    edit_lines(&changes_path, |lines| lines.swap(0, 1));
    refused("another order");
    std::fs::remove_file(&changes_path).unwrap();
    refused("a file less");
    let stray = run.path("changes/000000000000.ndjson.zst");
    std::fs::write(&stray, &changes).unwrap();
    refused("a file more");
    std::fs::remove_file(&stray).unwrap();
    // As it was made it is published.
    let summary = world.command(&["publish", &id]).expect(0).summary();
    assert_eq!(number(&summary, "/publication/applied"), number(&run.json("plan.json"), "/changes/create"));
}

#[test]
fn an_expired_plan_may_not_begin_but_be_finished() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__PLAN__EXPIRES_AFTER_HOURS", "1");
    let (id, run) = planned(&world, &["plan", "--first-run"]);
    // Aged by its maker's own rules: the digest fits, only the time is over.
    edit(&run.path("plan.json"), |plan| {
        plan["created_at"] = json!("2026-01-01T00:00:00Z");
        plan["expires_at"] = json!("2026-01-01T01:00:00Z");
        let mut bare: bestand_model::plan::Plan = serde_json::from_value(plan.clone()).unwrap();
        bare = bare.sealed();
        plan["digest"] = json!(bare.digest);
    });
    world.command(&["publish", &id]).expect_failure(44, &["expired at 2026-01-01T01:00:00Z"]);
    assert!(world.applied("register.db").is_empty());
}

#[test]
fn a_plan_for_another_register_is_not_published() {
    let mut world = World::small(Faults::none());
    world.init_store();
    let (id, _) = planned(&world, &["plan", "--first-run"]);
    world.with_register("staging", Default::default());
    world.command(&["publish", &id]).expect_failure(44, &["sandbox-register", "register-of-the-test"]);
    assert!(world.applied("other.db").is_empty());
    world.command(&["publish", "20200101T000000Z-0000"]).expect_failure(2, &["20200101T000000Z-0000"]);
}

#[test]
fn semantics_3_10_what_is_declared_when_it_is_sent_counts() {
    let mut world = World::small(Faults::none());
    world.with_register("staging", Default::default());
    world.init_store();
    let (id, run) = planned(&world, &["plan", "--first-run"]);
    let undeclared = vec!["preconditions", "read_back"];
    world.with_register("staging", RegisterFaults { undeclared, ..RegisterFaults::default() });
    let summary = world.command(&["publish", &id]).expect(0).summary();
    assert_eq!(summary["not_promised"], json!(["preconditions", "read_back"]));
    assert_eq!(run.json("run.json")["not_promised"], summary["not_promised"]);
    assert_eq!(run.json("plan.json").get("not_promised"), None, "the plan stays what it was");
    assert!(std::fs::read_to_string(run.path("report.html")).unwrap().contains("id=\"not-promised\""));
    assert_eq!(number(&summary, "/publication/applied"), number(&summary, "/changes/create"));
    assert!(world.applied("other.db").values().all(|times| *times == 1));
}

#[test]
fn an_entry_that_moved_meanwhile_is_left_alone_and_told() {
    let world = World::published();
    // Two rows get another owner; one of their entries is touched by somebody else before the publication.
    world.execute(
        "itk.db",
        "UPDATE assets SET owner = 'Team Neu' WHERE id IN (SELECT id FROM assets WHERE is_aws = 0 LIMIT 2)",
    );
    let (id, run) = planned(&world, &["plan"]);
    let updates: Vec<Value> =
        run.values("changes").into_iter().filter(|change| change["kind"] == "update").collect();
    assert_eq!(updates.len(), 2, "{updates:?}");
    for update in &updates {
        let sent = update["after"]["attributes"].as_object().unwrap();
        assert_eq!(
            sent.keys().collect::<Vec<_>>(),
            ["owner"],
            "a patch names what changes, and nothing else"
        );
    }
    world.execute(
        "register.db",
        "UPDATE assets SET version = version + 1, last_writer = 'erika', \
         attributes = json_set(attributes, '$.owner', 'by hand') \
         WHERE asset_key = (SELECT asset_key FROM assets WHERE account_id IS NULL \
         AND json_extract(attributes, '$.asset_id') = 'ITK-N-000001')",
    );
    let summary = world.command(&["publish", &id]).expect(40).summary();
    assert_eq!(
        (number(&summary, "/publication/applied"), number(&summary, "/publication/conflicted")),
        (1, 1)
    );
    assert!(summary["next_steps"].to_string().contains("moved since the plan"), "{}", summary["next_steps"]);
    let owners = world.rows::<(String,)>(
        "register.db",
        "SELECT json_extract(attributes, '$.owner') FROM assets WHERE account_id IS NULL \
         AND json_extract(attributes, '$.asset_id') IN ('ITK-N-000001', 'ITK-N-000002') ORDER BY 1",
    );
    assert_eq!(owners, [("Team Neu".to_owned(),), ("by hand".to_owned(),)]);
    assert_eq!(
        world.command(&["publish", &id]).expect(40).summary()["exit_status"],
        40,
        "the recorded status"
    );
}

#[test]
fn equal_input_gives_equal_findings_and_changes() {
    let world = World::small(Faults::demo());
    let plan = |store: &str| {
        let mut again =
            world.command_with(&["plan"], &[("BESTAND__RUN_STORE__URL", store)]).expect(20).summary();
        let id = again["run_id"].as_str().unwrap().to_owned();
        // What is of the moment.
        for moment in [
            "run_id",
            "started_at",
            "ended_at",
            "peak_memory_bytes",
            "settings_digest",
            "plan_digest",
            "findings_digest",
        ] {
            again.as_object_mut().unwrap().remove(moment);
        }
        let files = RunFiles(world.path(store.trim_start_matches("file:")).join("runs").join(id));
        (again, files)
    };
    let (first, first_files) = plan("file:one");
    let (second, second_files) = plan("file:two");
    for spool in ["records", "changes"] {
        let (one, two) = (first_files.spool_texts(spool), second_files.spool_texts(spool));
        assert!(one.len() >= 3 && one == two, "{spool}");
    }
    // Regions are read side by side: their rows come in the order in which AWS answers.
    let inventory = |files: &RunFiles| -> Vec<String> {
        let texts = files.spool_texts("inventory").into_values();
        let mut lines: Vec<String> =
            texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        lines.sort();
        lines
    };
    assert_eq!(inventory(&first_files), inventory(&second_files));
    let coverage = |files: &RunFiles| -> Vec<Value> {
        let mut lines = files.coverage();
        for line in &mut lines {
            line.as_object_mut().unwrap().retain(|name, _| name != "began_at" && name != "ended_at");
        }
        lines
    };
    assert_eq!(coverage(&first_files), coverage(&second_files));
    let findings = |files: &RunFiles| -> Vec<(String, Value)> {
        let mut lines = files.spool("findings");
        lines.iter_mut().for_each(|(_, finding)| {
            finding.as_object_mut().unwrap().remove("since");
        });
        lines
    };
    assert_eq!(findings(&first_files), findings(&second_files));
    assert_eq!(
        first_files.json("plan.json")["changes_digest"],
        second_files.json("plan.json")["changes_digest"]
    );
    // The next steps name the run.
    let summaries = [first, second].map(|mut summary| {
        summary.as_object_mut().unwrap().remove("next_steps");
        summary
    });
    assert_eq!(summaries[0], summaries[1]);
}
