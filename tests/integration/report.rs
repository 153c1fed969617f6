//! What the HTML report of a run tells beyond that run: earlier ones, and what is planned for each finding.

use serde_json::Value;

use crate::support::{Outcome, World};

/// The page without the data that lies in it for its script, which holds every word that any report could say.
fn page(world: &World, outcome: &Outcome) -> String {
    let report = std::fs::read_to_string(world.run_of(outcome).path("report.html")).unwrap();
    report.split_once("id=\"findings\"").unwrap().0.to_owned()
}

#[test]
fn a_report_tells_of_earlier_runs_and_goes_without_where_they_cannot_be_read() {
    let world = World::published();
    let first = &world.runs()[0];
    let told = page(&world, &world.command(&["plan"]).expect(0));
    assert!(
        told.contains("gone since the run before") && told.contains(&format!("run before, {first} of ")),
        "{told}"
    );
    assert!(told.contains("nothing is seen better or worse"));

    // A run that was cleared away leaves its line in the history, and no ledger.
    let last = world.runs().pop().unwrap();
    std::fs::remove_dir_all(world.store().join("runs").join(last)).unwrap();
    let told = page(&world, &world.command(&["plan"]).expect(0));
    assert!(
        told.contains("gone since the run before") && told.contains("There is no ledger of an earlier run")
    );

    std::fs::write(world.store().join("history/runs.ndjson"), "{\"run_id\":\n").unwrap();
    let outcome = world.command(&["plan"]).expect(0);
    assert!(outcome.stderr.contains("the report goes without trends"), "{}", outcome.stderr);
    let told = page(&world, &outcome);
    assert!(told.contains("No earlier run is known") && !told.contains("gone since the run before"));
}

#[test]
fn the_report_and_run_json_tell_the_same_of_the_run() {
    let world = World::published();
    for outcome in
        [world.command(&["plan"]).expect(0), world.command(&["revert", &world.runs()[0]]).expect(0)]
    {
        let files = world.run_of(&outcome);
        let lines = std::fs::read_to_string(files.path("report.jsonl")).unwrap();
        let mut told: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let mut run = files.json("run.json");
        // Writing the report may be what takes most.
        for value in [&mut told, &mut run] {
            let one = value.as_object_mut().unwrap();
            assert!(one.remove("peak_memory_bytes").is_some());
        }
        assert_eq!(told.as_object_mut().unwrap().remove("type"), Some("summary".into()));
        assert_eq!(told, run);
    }
}

#[test]
fn a_report_tells_what_is_planned_for_each_finding() {
    let world = World::small(bestand_sandbox::Faults::none());
    world.init_store();
    let run = world.run_of(&world.command(&["plan", "--first-run"]).expect(0));
    let report = std::fs::read_to_string(run.path("report.html")).unwrap();
    let (_, data) = report.split_once("id=\"findings\">").unwrap();
    let rows: Vec<Value> = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
    let changes = run.values("changes");
    let mut told = 0;
    for row in &rows {
        let own =
            changes.iter().find(|own| own["asset_key"] == row["asset_key"] && row["asset_key"].is_string());
        let kinds = (row["planned"]["kind"].as_str(), own.and_then(|own| own["kind"].as_str()));
        assert_eq!(kinds.0, kinds.1, "{row}");
        told += usize::from(kinds.0.is_some());
    }
    assert!(told > 0);
}

#[test]
fn the_run_store_lists_its_runs() {
    let world = World::published();
    let run = world.runs()[0].clone();
    let index = || std::fs::read_to_string(world.store().join("index.html")).unwrap();
    assert!(index().contains(&format!("<a href=\"runs/{run}/report.html\">{run}</a>")), "{}", index());
    assert!(!index().contains("never ended"));

    // Killed before it ended: there is a folder, and the history does not know it.
    std::fs::create_dir(world.store().join("runs/20990101T000000.000Z-dead")).unwrap();
    let itk = std::fs::read(world.path("itk.db")).unwrap();
    std::fs::write(world.path("itk.db"), "no database").unwrap();
    world.command(&["plan"]).expect(30);
    std::fs::write(world.path("itk.db"), itk).unwrap();
    let failed = world.runs().into_iter().rfind(|own| !own.ends_with("dead")).unwrap();
    let told = index();
    assert!(told.contains("href=\"runs/20990101T000000.000Z-dead/run.json\""), "{told}");
    assert!(told.contains(&format!("href=\"runs/{failed}/run.json\"")), "{told}");
    assert!(told.contains("source register unreadable, empty or shrunken"));
    assert!(told.find(&failed) < told.find(&run), "the newest first");

    // A run that was cleared away is told, and leads nowhere.
    std::fs::remove_dir_all(world.store().join("runs").join(&run)).unwrap();
    world.command(&["revert", &failed]).expect(44);
    world.command(&["plan"]).expect(0);
    assert!(index().contains(&format!("{run} <small>cleared away</small>")), "{}", index());
    assert_eq!(index().matches(&run).count(), 1);

    // Where it cannot be written, the run goes well, and says so.
    std::fs::remove_file(world.store().join("index.html")).unwrap();
    std::fs::create_dir(world.store().join("index.html")).unwrap();
    let outcome = world.command(&["plan"]).expect(0);
    assert!(outcome.stderr.contains("index.html of the run store"), "{}", outcome.stderr);
}
