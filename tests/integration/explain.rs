//! `bestand explain` over real runs: every change of them replays to the digest that the plan has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use bestand_sandbox::{Faults, PlantedKind};
use serde_json::{Value, json};

use crate::support::{Outcome, RunFiles, World, number};

/// Four runs over one register: the first publication, the same again, one after resources have gone, of which the gate
/// lets too few go, and one that may. They are made once for all tests of this module, which only read.
struct Runs {
    world: World,
    ids: Vec<String>,
}

/// The asset id that two rows of the last run have.
const DOUBLED: &str = "ITK-000-000002";

fn runs() -> &'static Runs {
    static RUNS: OnceLock<Runs> = OnceLock::new();
    RUNS.get_or_init(|| {
        let mut world = World::new(4, 2_400, Faults::none());
        world.init_store();
        world.command(&["run", "--first-run"]).expect(0);
        world.command(&["run"]).expect(0);
        let mut faults = Faults::demo();
        faults.deletions = true;
        world.restart(4, 2_400, faults);
        world.set("BESTAND__GATE__MAX_RETIRE_SHARE", "0.01");
        world.command(&["run"]).expect(20);
        // What the gate withheld, and what people wrote meanwhile.
        world.set("BESTAND__GATE__MAX_RETIRE_SHARE", "1.0");
        world.execute("itk.db", "UPDATE assets SET owner = 'Team Neu' WHERE id LIKE '%7'");
        // What somebody else wrote into the central register, and a row that takes another one's name.
        world.execute(
            "register.db",
            "UPDATE assets SET version = version + 1, last_writer = 'erika', \
             attributes = json_set(attributes, '$.owner', 'by hand') \
             WHERE json_extract(attributes, '$.owner') LIKE '%e' AND account_id IS NOT NULL",
        );
        for statement in [
            "CREATE TABLE copied AS SELECT * FROM assets",
            "DROP TABLE assets",
            "ALTER TABLE copied RENAME TO assets",
        ] {
            // A table without a primary key takes one id twice.
            world.execute("itk.db", statement);
        }
        world.execute(
            "itk.db",
            "UPDATE assets SET id = 'ITK-000-000002' WHERE id = \
             (SELECT id FROM assets WHERE arn LIKE 'arn:aws:sqs:%' ORDER BY id DESC LIMIT 1)",
        );
        // Buckets whose ARN names no account: most are placed where they live, and join that account.
        world.execute("itk.db", "UPDATE assets SET account = NULL WHERE arn LIKE 'arn:aws:s3:::%'");
        world.command(&["run"]).expect(20);
        let ids = world.runs();
        assert_eq!(ids.len(), 4);
        Runs { world, ids }
    })
}

impl Runs {
    fn last(&self) -> &str {
        self.ids.last().unwrap()
    }

    fn files(&self) -> RunFiles {
        self.world.run(self.last())
    }

    fn explain(&self, key: &str) -> Outcome {
        self.world.command(&["explain", self.last(), key])
    }

    #[track_caller]
    fn document(&self, key: &str) -> Value {
        self.document_of(self.last(), key)
    }

    #[track_caller]
    fn document_of(&self, id: &str, key: &str) -> Value {
        let outcome = self.world.command(&["explain", id, key, "--json"]).expect(0);
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

#[test]
fn every_change_of_every_run_replays_to_the_digest_of_the_plan() {
    let runs = runs();
    for id in &runs.ids {
        let outcome = runs.world.command(&["explain", id, "--json"]).expect(0);
        let proof: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let accounts = proof["accounts"].as_array().unwrap();
        let sum = |name: &str| accounts.iter().map(|account| number(account, name)).sum::<u64>();
        let planned = runs.world.run(id).values("changes");
        assert!(planned.len() > 400, "{}", planned.len());
        assert_eq!(sum("/changes"), planned.len() as u64, "all of them");
        assert_eq!((sum("/same") + sum("/settled"), sum("/differing")), (sum("/changes"), 0), "{proof:#}");
        // What only the whole plan decides: too many retirements, keys that are claimed twice.
        let by_gate = planned.iter().filter(|change| change["reason"] == "gate_account").count() as u64;
        let mut keys: BTreeMap<&str, u64> = BTreeMap::new();
        planned
            .iter()
            .for_each(|change| *keys.entry(change["asset_key"].as_str().unwrap()).or_default() += 1);
        let twice: u64 = keys.values().filter(|count| **count > 1).sum();
        assert!(sum("/settled") >= by_gate && sum("/settled") <= by_gate + twice, "{proof:#}");
        assert_eq!(sum("/findings_same"), runs.world.run(id).values("findings").len() as u64);
        assert_eq!(proof["run"]["settings_match"], true);
    }
    let all = runs.ids.iter().flat_map(|id| runs.world.run(id).values("changes"));
    for kind in ["externally_changed", "shared_identity"] {
        assert!(!runs.files().findings(kind).is_empty(), "no {kind}");
    }
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let kinds: BTreeSet<(String, String)> =
        all.map(|change| (text(&change["kind"]), text(&change["reason"]))).collect();
    for kind in ["create", "update", "retire", "unchanged"] {
        assert!(kinds.contains(&(kind.to_owned(), "-".to_owned())), "no {kind} in {kinds:?}");
    }
    for reason in
        ["gate_account", "grace", "ambiguous", "not_live", "planned", "unverified", "type_not_published"]
    {
        assert!(kinds.contains(&("withheld".to_owned(), reason.to_owned())), "no {reason} in {kinds:?}");
    }
}

#[test]
fn a_row_that_joined_an_account_from_nowhere_is_explained_there() {
    let runs = runs();
    let judged = runs.files().spool("judged");
    let of_line = |line: &'static str| judged.iter().filter(move |(_, value)| value["line"] == line);
    let (account, placed) = of_line("record").next().expect("no row was placed");
    let document = runs.document(placed["asset_id"].as_str().unwrap());
    assert_eq!(document["partition"], account.as_str());
    assert_eq!(document["asset"]["records"][0]["asset_id"], placed["asset_id"]);
    let told =
        of_line("unplaced").map(|(_, line)| runs.document(line["record"]["asset_id"].as_str().unwrap()));
    let told: Vec<Value> = told.collect();
    assert!(told.iter().any(|document| document["partition"] == "_unplaced"), "every row was placed");
    // Its own entry still lies in the account: both claim it, and both are told.
    let twice = told
        .iter()
        .find(|document| document["also_claimed_by"][0].is_object())
        .expect("no key is claimed twice");
    assert_eq!(twice["also_claimed_by"][0]["partition"], "_unplaced");
    for document in [twice, &twice["also_claimed_by"][0]] {
        assert_eq!(document["planned"][0]["withheld"]["reason"], "ambiguous");
    }
}

#[test]
fn every_kind_of_planted_difference_is_explained() {
    let runs = runs();
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for planted in &runs.world.sandbox().truth().planted {
        let count = told.entry(format!("{:?}", planted.kind)).or_default();
        let Some(key) = planted.asset_id.as_deref().or(planted.resource_id.as_deref()) else { continue };
        if *count >= 3 || !planted.scope_complete || key == DOUBLED {
            continue;
        }
        *count += 1;
        let document = runs.document(key);
        let asset = &document["asset"];
        let findings = asset["findings"].as_array().cloned().unwrap_or_default();
        let kinds: Vec<&str> = findings.iter().filter_map(|finding| finding["kind"].as_str()).collect();
        let records = asset["records"].as_array().map_or(0, Vec::len);
        match planted.kind {
            PlantedKind::Unregistered => assert_eq!((kinds, records), (vec!["unregistered"], 0), "{key}"),
            PlantedKind::Absent => {
                assert_eq!(kinds, ["absent"], "{key}");
                assert_eq!(asset["absence"]["complete"], true);
                assert!(asset["seen"].as_array().unwrap().is_empty());
            }
            PlantedKind::Divergent => {
                let attribute = planted.attribute.unwrap();
                let told = asset["attributes"].as_array().unwrap();
                let told = told.iter().find(|one| one["name"] == attribute).unwrap();
                assert_eq!(told["value"].as_str(), planted.live.as_deref(), "{key}");
                assert_eq!(told["source"], "config_service");
                let loser =
                    told["says"].as_array().unwrap().iter().find(|says| says["agrees"] == false).unwrap();
                assert_eq!(loser["value"].as_str(), planted.registered.as_deref());
                assert_eq!(loser["why"], "authority");
            }
            PlantedKind::RetiredButLive => {
                assert_eq!(kinds, ["retired_but_live"], "{key}");
                assert_eq!(asset["seen"][0]["believed"], true);
            }
            PlantedKind::Duplicate => {
                assert_eq!((kinds, records), (vec!["duplicate"], 2), "{key}");
                assert_eq!(document["planned"][0]["withheld"]["reason"], "ambiguous");
            }
            PlantedKind::RejectedRecord => {
                assert_eq!(document["finding"]["kind"], "rejected_record", "{key}")
            }
            PlantedKind::Planned => assert_eq!(document["planned"][0]["withheld"]["reason"], "planned"),
        }
        assert_eq!(document["findings_not_reported"].as_array().map(Vec::len), Some(0));
    }
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told.values().all(|count| *count > 0), "{told:?}");
}

#[test]
fn one_change_of_each_kind_is_told_by_its_key_with_all_that_the_documents_promise() {
    let runs = runs();
    let schema = runs.world.command(&["explain", "--schema"]).expect(0);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let story = jsonschema::validator_for(&schema["story"]).unwrap();
    let run_proof = jsonschema::validator_for(&schema["run_proof"]).unwrap();
    let proof = runs.world.command(&["explain", runs.last(), "--json"]).expect(0);
    run_proof.validate(&serde_json::from_str(&proof.stdout).unwrap()).unwrap();
    let mut seen = BTreeSet::new();
    let changes = runs.ids.iter().rev().flat_map(|id| {
        let lines = runs.world.run(id).spool("changes");
        lines.into_iter().map(move |(partition, change)| (id, partition, change))
    });
    for (id, partition, change) in changes {
        let kind = format!("{} {} {}", change["kind"], change["reason"], partition.starts_with('_'));
        if !seen.insert(kind) {
            continue;
        }
        let mut document = runs.document_of(id, change["asset_key"].as_str().unwrap());
        let problems: Vec<String> = story.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?} in {document:#}");
        if document["partition"] != partition.as_str() {
            document = document["also_claimed_by"][0].take();
        }
        let told = document["planned"].as_array().unwrap();
        let told = told.iter().find(|planned| planned["change"]["asset_key"] == change["asset_key"]).unwrap();
        assert_eq!(told["change"], change);
        let by_plan = told["replayed_digest"] != change["digest"];
        match change["reason"].as_str() {
            Some("gate_account") => {
                assert_eq!((&told["replay"], by_plan), (&json!("withheld_by_gate"), true))
            }
            Some("ambiguous") if by_plan => assert_eq!(told["replay"], "claimed_twice"),
            _ => assert_eq!((&told["replay"], by_plan), (&json!("same"), false)),
        }
        assert_eq!(told.get("withheld").is_some(), change["kind"] == "withheld");
        let sent = ["create", "update", "retire"].contains(&change["kind"].as_str().unwrap());
        assert_eq!(told["publication"]["status"] == "applied", sent, "{told:#}");
    }
    assert!(seen.len() >= 12, "{seen:?}");
}

#[test]
fn two_rows_of_one_asset_id_are_told_apart_by_their_keys() {
    let runs = runs();
    let (message, _) = runs.explain(DOUBLED).expect(2).failure();
    assert!(message.starts_with(&format!("`{DOUBLED}` may mean 2 assets:")), "{message}");
    for line in message.lines().skip(1) {
        let document = runs.document(line.split_whitespace().next().unwrap());
        assert_eq!(document["asset"]["identity"]["asset_id"], DOUBLED);
        assert_eq!(document["asset"]["records"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_finding_an_arn_and_an_asset_id_lead_to_the_same_asset() {
    let runs = runs();
    let findings = runs.files().findings("divergent");
    let finding =
        findings.iter().find(|finding| finding["arn"].is_string() && finding["asset_id"] != DOUBLED).unwrap();
    let documents = ["finding_id", "arn", "asset_id", "asset_key"].map(|name| {
        let document = runs.document(finding[name].as_str().unwrap());
        let found_as: Vec<String> = serde_json::from_value(document["found_as"].clone()).unwrap();
        assert!(found_as.contains(&name.to_owned()), "{name}: {found_as:?}");
        document["asset"].clone()
    });
    assert!(documents.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn what_several_assets_are_called_is_listed_and_what_nothing_is_called_is_told() {
    let runs = runs();
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for item in runs.files().values("inventory") {
        if let Some(name) = item["resource_name"].as_str() {
            *names.entry(name.to_owned()).or_default() += 1;
        }
    }
    let (name, count) = names.into_iter().max_by_key(|(_, count)| *count).unwrap();
    assert!(count > 1, "{name}");
    let (message, next_step) = runs.explain(&name).expect(2).failure();
    assert!(message.starts_with(&format!("`{name}` may mean ")), "{message}");
    assert!(message.lines().count() > count as usize, "{message}");
    assert!(next_step.contains("ARN"), "{next_step}");
    runs.explain("nobody-is-called-so").expect_failure(2, &["nothing that is called `nobody-is-called-so`"]);
    runs.world.command(&["explain", "no-such-run", "x"]).expect_failure(2, &["no-such-run"]);
}

#[test]
fn a_story_on_no_terminal_is_plain_text_of_a_fixed_width() {
    let runs = runs();
    let divergent = runs.files().findings("divergent");
    let text = runs.explain(divergent[0]["finding_id"].as_str().unwrap()).expect(0).stdout;
    assert!(!text.contains('\u{1b}'), "{text}");
    for heading in ["Record", "What was seen", "Attributes", "Findings", "Change", "Proof"] {
        assert!(text.lines().any(|line| line == heading), "no {heading} in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
}

#[test]
fn an_account_that_was_left_out_is_told_as_such_and_its_old_run_still_explains_it() {
    let world = World::small(Faults::none());
    let first = world.command(&["plan"]).expect(0);
    let run = world.run_of(&first);
    let record = run.values("records").into_iter().find(|record| record["account_id"].is_string()).unwrap();
    let (account, key) = (record["account_id"].as_str().unwrap(), record["row_key"].as_str().unwrap());
    let other = run.spool_texts("inventory").into_keys().find(|name| name != account).unwrap();
    let second = world.command(&["plan", "--accounts", &other]).expect(0);
    let id = |outcome: &Outcome| outcome.summary()["run_id"].as_str().unwrap().to_owned();
    world
        .command(&["explain", &id(&second), key])
        .expect_failure(2, &[&format!("account {account}"), "did not judge"]);
    world.command(&["explain", &id(&first), key]).expect(0);

    // A run of a version that did not keep what is needed.
    std::fs::remove_dir_all(run.path("judged")).unwrap();
    world.command(&["explain", &id(&first), key]).expect_failure(2, &["judged/"]);
}
