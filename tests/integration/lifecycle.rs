//! What others do in the central register, and what was there before bestand.

use bestand_sandbox::Faults;
use serde_json::{Value, json};

use crate::support::{World, number};

/// Erika gives a live, registered asset another owner.
const BY_HAND: &str = "UPDATE assets SET version = version + 1, last_writer = 'erika', \
     attributes = json_set(attributes, '$.owner', 'by hand') \
     WHERE asset_key = (SELECT asset_key FROM assets WHERE account_id IS NOT NULL AND state = 'active' \
     AND json_extract(attributes, '$.registration') = 'registered' \
     AND json_extract(attributes, '$.verification') = 'live' \
     AND json_extract(attributes, '$.owner') IS NOT NULL ORDER BY asset_key LIMIT 1)";

fn by_hand(world: &World) -> Vec<(String,)> {
    world.rows(
        "register.db",
        "SELECT asset_key FROM assets WHERE json_extract(attributes, '$.owner') = 'by hand'",
    )
}

fn findings(world: &World, command: &str, kind: &str) -> Vec<Value> {
    let outcome = world.command(&[command]).expect(0);
    world.run_of(&outcome).findings(kind)
}

#[test]
fn what_somebody_else_changed_is_told_once_and_published_again() {
    let world = World::published();
    assert_eq!(findings(&world, "run", "externally_changed"), Vec::<Value>::new());
    world.execute("register.db", BY_HAND);
    let touched = by_hand(&world);
    assert_eq!(touched.len(), 1);

    let told = findings(&world, "plan", "externally_changed");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["asset_key"], &told[0]["attribute"]), (&json!(touched[0].0), &json!("owner")));
    assert_eq!(
        (&told[0]["published"], &told[0]["evidence"]["last_writer"]),
        (&json!("by hand"), &json!("erika"))
    );
    let ours = told[0]["evidence"]["last_published"].as_str().unwrap().to_owned();
    assert!(!ours.is_empty() && ours != "by hand");
    // Telling is not publishing: it is told as long as it stands.
    assert_eq!(findings(&world, "run", "externally_changed").len(), 1);
    assert_eq!(by_hand(&world), []);
    let owners: Vec<(String, String)> = world.rows(
        "register.db",
        "SELECT asset_key, json_extract(attributes, '$.owner') FROM assets WHERE last_run = \
         (SELECT max(last_run) FROM assets)",
    );
    assert_eq!(owners, [(touched[0].0.clone(), ours)]);
    assert_eq!(findings(&world, "run", "externally_changed"), Vec::<Value>::new());
}

#[test]
fn what_was_published_is_noted_from_the_receipts_of_a_run_that_died_before() {
    let world = World::published();
    let memory = world.store().join("history/published");
    let noted: Vec<_> = std::fs::read_dir(&memory).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(noted.len() >= 4, "a file per account, one without, and their head: {noted:?}");
    std::fs::remove_dir_all(&memory).unwrap();
    world.execute("register.db", BY_HAND);
    assert_eq!(findings(&world, "plan", "externally_changed").len(), 1);

    // Without its lines, and with nothing to note them from, nothing can be told, and nothing else changes.
    for file in std::fs::read_dir(&memory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "zst") {
            std::fs::write(path, "no frame").unwrap();
        }
    }
    let outcome = world.command(&["run"]).expect(0);
    assert!(outcome.stderr.contains("what was published last is lost in part"), "{}", outcome.stderr);
    assert_eq!(world.run_of(&outcome).findings("externally_changed"), Vec::<Value>::new());
    assert_eq!(by_hand(&world), [], "authority is as ever");
}

/// Five entries that somebody brought in under our name: three with the ARN of a record, two of nothing at all.
const PREFILLED: &str = "INSERT INTO assets (asset_key, source, state, account_id, version, attributes, \
     last_plan, last_run, last_writer, created_at, updated_at) \
     SELECT '00000000-0000-4000-8000-00000000000' || n, 'bestand', 'active', account, 1, \
     CASE WHEN n <= 3 THEN json_object('arn', arn, 'note', 'theirs') ELSE json_object('note', 'theirs') END, \
     NULL, NULL, 'erika', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z' \
     FROM (SELECT row_number() OVER (ORDER BY id) AS n, arn, account FROM other.assets \
     WHERE is_aws = 1 AND status = 'active' AND arn LIKE 'arn:aws:%' AND account IS NOT NULL \
     AND type IS NOT NULL AND region IS NOT NULL AND resource_id IS NOT NULL \
     GROUP BY arn HAVING count(*) = 1) WHERE n <= 5";

fn theirs(world: &World) -> Vec<(String, i64, Option<String>)> {
    world.rows(
        "register.db",
        "SELECT asset_key, version, json_extract(attributes, '$.registration') FROM assets \
         WHERE asset_key LIKE '00000000-0000-4000-8000-%' ORDER BY asset_key",
    )
}

#[test]
fn a_first_run_adopts_what_it_knows_and_leaves_all_other_entries_alone() {
    let world = World::small(Faults::none());
    world.init_store();
    world.execute_with("register.db", "itk.db", PREFILLED);
    let before = theirs(&world);
    assert_eq!(before.len(), 5);
    // What somebody else brought in is no reason to think that bestand has been here.
    let refused = world.command(&["run"]).expect(41).summary();
    assert_eq!(refused["gate"]["reasons"][0]["code"], "first_run");
    assert_eq!(theirs(&world), before);

    let outcome = world.command(&["run", "--first-run"]).expect(0);
    let run = world.run_of(&outcome);
    let alone = run.findings("not_ours");
    assert_eq!(alone.len(), 2, "{alone:?}");
    assert_eq!(number(&outcome.summary(), "/withheld_by_reason/not_ours"), 2);
    let after = theirs(&world);
    let adopted: Vec<bool> = after.iter().map(|(_, version, mark)| *version > 1 && mark.is_some()).collect();
    assert_eq!(adopted, [true, true, true, false, false], "{after:?}");
    // No second entry was made beside an adopted one, and what was theirs on it stays.
    let doubles: Vec<(String,)> = world.rows(
        "register.db",
        "SELECT json_extract(attributes, '$.arn') AS arn FROM assets WHERE arn IS NOT NULL \
         GROUP BY arn HAVING count(*) > 1",
    );
    assert_eq!(doubles, []);
    let notes: Vec<(i64,)> = world.rows(
        "register.db",
        "SELECT count(*) FROM assets WHERE json_extract(attributes, '$.note') = 'theirs'",
    );
    assert_eq!(notes, [(5,)]);

    // Days later they are still there.
    assert_eq!(findings(&world, "run", "not_ours").len(), 2);
    assert_eq!(theirs(&world), after);
}

#[test]
fn a_way_that_is_not_listed_adopts_nothing_and_makes_no_second_entry() {
    let world = World::small(Faults::none());
    world.init_store();
    world.execute_with("register.db", "itk.db", PREFILLED);
    let before = theirs(&world);
    world.edit_settings(|text| {
        text.replace("kind = \"register_api\"", "kind = \"register_api\"\nadopt = [\"asset_key\"]")
    });
    let outcome = world.command(&["run", "--first-run"]).expect(0);
    let alone = world.run_of(&outcome).findings("not_ours");
    assert_eq!(alone.len(), 5);
    let by_arn = alone.iter().filter(|of| of["evidence"]["matched_by"] == json!(["arn"])).count();
    assert_eq!((by_arn, theirs(&world)), (3, before));
    let entries: Vec<(i64,)> = world.rows(
        "register.db",
        "SELECT count(*) FROM assets WHERE json_extract(attributes, '$.arn') IN (SELECT \
         json_extract(attributes, '$.arn') FROM assets WHERE asset_key LIKE '00000000-0000-4000-8000-%')",
    );
    assert_eq!(entries, [(3,)]);
}
