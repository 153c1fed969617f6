//! Which accounts a run works on, and what persons say of them.

use bestand_sandbox::Faults;
use serde_json::{Value, json};

use crate::support::{World, number};

/// Makes the settings list these accounts, in place of asking Organizations.
fn list(world: &World, ids: &[String], more: &str) {
    let accounts: Vec<String> = ids.iter().map(|id| format!("{{ id = \"{id}\" }}")).collect();
    let listed = format!("source = \"list\"\nlist = [{}]\n{more}", accounts.join(", "));
    world.edit_settings(|text| text.replacen("source = \"organizations\"", &listed, 1));
}

fn active(world: &World) -> Vec<String> {
    let accounts = world.sandbox().truth().accounts.iter();
    accounts.filter(|account| account.state == "ACTIVE").map(|account| account.id.clone()).collect()
}

#[test]
fn semantics_2_12_an_account_that_is_gone_is_unknown_until_a_person_names_it() {
    let world = World::published();
    let accounts = active(&world);
    let (gone, rest) = accounts.split_last().unwrap();
    let settings = std::fs::read_to_string(world.path("bestand.toml")).unwrap();
    list(&world, rest, "");
    let unnamed = world.command(&["run"]).expect(20);
    let line = |run: &crate::support::RunFiles| -> Value {
        let ledger = std::fs::read_to_string(run.path("coverage.ndjson")).unwrap();
        let lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let own: Vec<Value> = lines.filter(|line| line["account_id"] == gone.as_str()).collect();
        assert_eq!(own.len(), 1, "{own:?}");
        own[0].clone()
    };
    assert_eq!(line(&world.run_of(&unnamed))["reason"], "account_unknown");
    assert_eq!(unnamed.summary()["overrides"], json!([]));

    // The word is evidence, for this plan, in all three places.
    std::fs::write(world.path("bestand.toml"), &settings).unwrap();
    let word = format!(
        "decommissioned = [{{ id = \"{gone}\", since = \"2026-01-01T00:00:00Z\", because = \"<b>OPS-42</b>\", by = \"m.muster\" }}]"
    );
    list(&world, rest, &word);
    let named = world.command(&["run"]).expect(0);
    let run = world.run_of(&named);
    assert_eq!(line(&run)["status"], "complete");
    assert_eq!(number(&named.summary(), "/changes/retire"), 0, "looks and grace come first");
    let kept = &run.json("run.json")["overrides"];
    let expected = json!([{
        "code": "decommissioned",
        "because": format!("account {gone}: <b>OPS-42</b>"),
        "by": "m.muster",
        "at": "2026-01-01T00:00:00Z",
        "plan_digest": run.json("plan.json")["digest"],
    }]);
    assert_eq!(*kept, expected);
    let report = std::fs::read_to_string(run.path("report.html")).unwrap();
    assert!(
        report.contains("decommissioned") && report.contains("m.muster") && !report.contains("<b>OPS-42")
    );
    let id = named.summary()["run_id"].as_str().unwrap().to_owned();
    let evidence: Vec<(String,)> = world.rows("register.db", "SELECT evidence FROM runs");
    let evidence: Vec<Value> = evidence.iter().map(|(text,)| serde_json::from_str(text).unwrap()).collect();
    assert!(evidence.iter().any(|own| own["overrides"] == *kept), "{id}: {evidence:?}");
}

#[test]
fn semantics_2_12_a_word_against_the_directory_changes_nothing() {
    let world = World::small(Faults::none());
    let id = active(&world)[0].clone();
    let word = format!(
        "source = \"organizations\"\ndecommissioned = [{{ id = \"{id}\", since = \"2026-01-01T00:00:00Z\", because = \"OPS-42\", by = \"m.muster\" }}]"
    );
    world.edit_settings(|text| text.replacen("source = \"organizations\"", &word, 1));
    let outcome = world.command(&["plan"]).expect(0);
    assert_eq!(outcome.summary()["overrides"], json!([]));
    assert!(outcome.stderr.contains(&format!("account {id} is named in accounts.decommissioned")));
    let inventory = world.run_of(&outcome).values("inventory");
    assert!(inventory.iter().any(|item| item["account_id"] == id.as_str()), "it is read as usual");
}
