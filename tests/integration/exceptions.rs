//! What the settings require, and what they bear with for a while: required tags, an exception in force, one that is over.

use bestand_sandbox::Faults;
use serde_json::{Value, json};

use crate::support::{Outcome, World, number};

/// Nothing in the sandbox has this tag.
const RULES: &str = r#"
[[required]]
name = "inventory-number"
tag = "inventory-number"
types = ["AWS::EC2::Instance", "AWS::S3::Bucket"]
severity = "medium"

[[exceptions]]
kind = "non_compliant"
type = "AWS::S3::*"
attribute = "tag:inventory-*"
because = "OPS-7, buckets get their numbers in March"
owner = "m.muster"
until = "2099-03-31T00:00:00Z"

[[exceptions]]
kind = "unregistered"
because = "OPS-8, the first weeks"
owner = "e.beispiel"
until = "2026-01-31T00:00:00Z"

[[exceptions]]
name = "there-is-none-of-this-name-*"
because = "OPS-9"
owner = "e.beispiel"
until = "2099-03-31T00:00:00Z"
"#;

fn of_type<'a>(findings: &'a [Value], kind: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["resource_type"] == kind).collect()
}

/// The plan's changes without what is new in every plan.
fn changes(world: &World, outcome: &Outcome) -> Vec<(String, Value)> {
    world.run_of(outcome).spool("changes")
}

#[test]
fn semantics_7_3_exceptions_hide_findings_from_the_figures_and_change_nothing_else() {
    let world = World::small(Faults::none());
    world.init_store();
    let bare = world.command(&["plan"]).expect(0);
    let without = bare.summary();
    assert_eq!(without["findings"]["ignored"], json!({}));
    let unregistered = number(&without, "/findings/by_kind/unregistered");
    let drift = number(&without, "/findings/drift");
    world.edit_settings(|text| format!("{text}{RULES}"));

    let outcome = world.command(&["plan"]).expect(0);
    let (summary, run) = (outcome.summary(), world.run_of(&outcome));
    let missing = run.findings("non_compliant");
    let (instances, buckets) =
        (of_type(&missing, "AWS::EC2::Instance"), of_type(&missing, "AWS::S3::Bucket"));
    assert!(!instances.is_empty() && !buckets.is_empty() && instances.len() + buckets.len() == missing.len());
    for finding in &missing {
        assert_eq!((&finding["attribute"], &finding["live"]), (&json!("tag:inventory-number"), &Value::Null));
        assert_eq!(
            (&finding["evidence"]["problem"], &finding["severity"]),
            (&json!("missing"), &json!("medium"))
        );
    }
    let marked = |findings: &[&Value]| findings.iter().filter(|own| own.get("exception").is_some()).count();
    assert_eq!((marked(&instances), marked(&buckets)), (0, buckets.len()));
    let told = json!({ "because": "OPS-7, buckets get their numbers in March", "owner": "m.muster",
        "until": "2099-03-31T00:00:00Z" });
    assert_eq!(buckets[0]["exception"], told);

    // The figures: what is ignored by itself, what an expired one hid as ever.
    let counts = &summary["findings"];
    assert_eq!(number(counts, "/ignored/non_compliant"), buckets.len() as u64);
    assert_eq!(number(counts, "/by_kind/non_compliant"), instances.len() as u64);
    assert_eq!(number(counts, "/by_kind/unregistered"), unregistered);
    assert_eq!((number(counts, "/by_kind/exception_expired"), number(counts, "/drift")), (1, drift));
    let over = run.findings("exception_expired");
    assert_eq!((over.len(), &over[0]["owner"]), (1, &json!("e.beispiel")));
    assert_eq!(over[0]["evidence"]["findings"], json!(unregistered));
    let states: Vec<&Value> =
        summary["exceptions"].as_array().unwrap().iter().map(|own| &own["state"]).collect();
    assert_eq!(states, ["in_use", "expired", "unused"]);

    // Who ran the job that was told so, for which plan (SEMANTICS 3.12).
    let [own] = summary["overrides"].as_array().unwrap().as_slice() else { panic!("{summary}") };
    assert_eq!((&own["code"], &own["plan_digest"]), (&json!("exception"), &summary["plan_digest"]));
    assert!(own["by"].as_str().unwrap().starts_with("arn:aws:"), "{own}");
    assert!(own["because"].as_str().unwrap().contains("OPS-7, buckets get their numbers in March"), "{own}");

    let table = world.command(&["plan", "--log-format", "human"]).expect(0).stdout;
    assert!(table.contains(&format!("by 1 exception: {} non_compliant", buckets.len())), "{table}");

    // Nothing that would be published is another one.
    assert_eq!(changes(&world, &bare), changes(&world, &outcome));
    assert!(!changes(&world, &outcome).is_empty());

    let html = std::fs::read_to_string(run.path("report.html")).unwrap();
    assert!(html.contains("OPS-7, buckets get their numbers in March") && html.contains("Ignored findings"));
    let lines = std::fs::read_to_string(run.path("report.jsonl")).unwrap();
    assert_eq!(lines.matches("{\"type\":\"ignored_finding\"").count(), buckets.len());

    // The account is judged again with the same marks, and the finding says why it is ignored.
    let run_id = summary["run_id"].as_str().unwrap();
    let story = world.command(&["explain", run_id, buckets[0]["arn"].as_str().unwrap()]).expect(0);
    assert!(story.stdout.contains("It is ignored until 2099-03-31"), "{}", story.stdout);
    let proof = world.command(&["explain", run_id, "--json"]).expect(0);
    let proof: Value = serde_json::from_str(&proof.stdout).unwrap();
    for account in proof["accounts"].as_array().unwrap() {
        assert_eq!(account["findings"], account["findings_same"], "{account}");
    }
    let id = over[0]["finding_id"].as_str().unwrap();
    let nothing = world.command(&["explain", run_id, id]);
    assert!(nothing.stderr.contains("the finding of an exception whose time is over"), "{}", nothing.stderr);
}

#[test]
fn semantics_7_2_an_expired_exception_is_one_finding_a_run_with_one_beginning() {
    let world = World::small(Faults::none());
    world.init_store();
    world.edit_settings(|text| format!("{text}{RULES}"));
    let first = world.command(&["plan"]).expect(0);
    let over = |outcome: &Outcome| {
        let found = world.run_of(outcome).spool("findings");
        let found: Vec<_> = found.into_iter().filter(|(_, own)| own["kind"] == "exception_expired").collect();
        let [(file, own)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(file, "_exceptions");
        (own["finding_id"].clone(), own["since"].clone())
    };
    let account = world.run_of(&first).spool("records").iter().map(|(file, _)| file.clone()).find(|name| {
        name.chars().all(|digit| digit.is_ascii_digit())
            && world.run_of(&first).path(&format!("inventory/{name}.ndjson.zst")).exists()
    });
    // Also where only some accounts are looked at; but then nobody knows what is unused.
    let partial = world.command(&["plan", "--accounts", &account.unwrap()]).expect(0);
    assert_eq!(over(&first), over(&partial));
    assert_eq!(partial.summary()["exceptions"][2]["state"], "not_judged");
}

#[test]
fn semantics_7_3_what_is_ignored_does_not_fail_on_drift() {
    let world = World::small(Faults::none());
    world.init_store();
    world.command(&["plan", "--fail-on-drift"]).expect(10);
    let kinds = [
        "absent",
        "retired_but_live",
        "unregistered",
        "divergent",
        "externally_changed",
        "duplicate",
        "shared_identity",
        "misplaced",
        "replaced",
        "suspect_value",
        "rejected_record",
    ];
    let hide = |kinds: &[&str]| -> String {
        let rule = |kind: &&str| {
            format!(
                "\n[[exceptions]]\nkind = \"{kind}\"\nbecause = \"OPS-7\"\nowner = \"m.muster\"\nuntil = \"2099-01-01T00:00:00Z\"\n"
            )
        };
        kinds.iter().map(rule).collect()
    };
    world.edit_settings(|text| format!("{text}{}", hide(&kinds)));
    let outcome = world.command(&["plan", "--fail-on-drift"]).expect(0);
    assert_eq!(number(&outcome.summary(), "/findings/drift"), 0);
    assert!(number(&outcome.summary(), "/findings/ignored/unregistered") > 0);
}
