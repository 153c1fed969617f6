//! The metrics line and the log, as whoever takes standard error meets them; docs/LOGGING.md promises it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bestand_sandbox::Faults;
use serde_json::Value;

use crate::support::{Outcome, World, number};

/// Every log line; nothing else may be among them.
fn lines(stderr: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    stderr.lines().map(parse).collect()
}

/// What CloudWatch would make of a log event, by the rules of the format: metrics by name, with unit and value.
fn extract(event: &Value) -> BTreeMap<String, (String, f64)> {
    let schema: Value = serde_json::from_str(include_str!("schemas/embedded_metric_format.json")).unwrap();
    let problems: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(event).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {event}");
    let mut metrics = BTreeMap::new();
    for directive in event["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "bestand");
        assert_eq!(directive["Dimensions"], serde_json::json!([["Environment", "Command"]]));
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            let value = event[dimension.as_str().unwrap()].as_str().unwrap();
            assert!(!value.trim().is_empty() && value.is_ascii() && value.len() <= 255, "{value:?}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let value = event[name].as_f64().unwrap_or_else(|| panic!("{name} is no number: {event}"));
            let told = (metric["Unit"].as_str().unwrap().to_owned(), value);
            assert!(metrics.insert(name.to_owned(), told).is_none(), "{name} twice");
        }
    }
    metrics
}

/// The one metrics line of a job: the last line, but for the error that ended it.
#[track_caller]
fn event(outcome: &Outcome) -> Value {
    let lines = lines(&outcome.stderr);
    let all: Vec<&Value> = lines.iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(all.len(), 1, "{}", outcome.stderr);
    let mut from_the_end = lines.iter().rev().filter(|line| line["level"] != "ERROR");
    assert_eq!(from_the_end.next(), Some(all[0]), "{}", outcome.stderr);
    let metrics = extract(all[0]);
    assert_eq!(metrics["ExitStatus"].1 as i64, i64::from(outcome.status.unwrap()));
    assert!(metrics["Duration"].1 > 0.0 && metrics["PeakMemory"].1 > 1e6, "{metrics:?}");
    all[0].clone()
}

#[test]
fn a_job_ends_with_one_line_of_metrics_that_agree_with_its_summary() {
    let mut world = World::small("account_denied".parse().unwrap());
    world.set("RUST_LOG", "warn,bestand=debug");
    world.init_store();
    let outcome = world.command(&["run", "--first-run"]).expect(20);
    let (summary, event) = (outcome.summary(), event(&outcome));
    assert_eq!(event["RunId"], summary["run_id"]);
    assert_eq!((&event["Environment"], &event["Command"]), (&"staging".into(), &"run".into()));
    let metrics = extract(&event);
    let value = |name: &str| metrics[name].1 as u64;
    for (name, pointer) in [
        ("AccountsRequested", "/accounts/requested"),
        ("AccountsFailed", "/accounts/failed"),
        ("CoverageGaps", "/coverage/gaps"),
        ("FindingsDrift", "/findings/drift"),
        ("ChangesCreate", "/changes/create"),
        ("ChangesWithheld", "/changes/withheld"),
        ("ChangesApplied", "/publication/applied"),
    ] {
        assert_eq!(value(name), number(&summary, pointer), "{name}");
    }
    let of_severities = ["FindingsHigh", "FindingsMedium", "FindingsLow", "FindingsInfo"].map(value);
    assert_eq!(of_severities.iter().sum::<u64>(), value("Findings"));
    assert!(value("CoverageGaps") > 0 && value("AwsCalls") > 10 && value("Failed") == 0, "{metrics:?}");
    assert!((1.0..100.0).contains(&metrics["CoverageComplete"].1), "{metrics:?}");

    // The same job for people: no such line.
    let human = world.command(&["plan", "--log-format", "human"]).expect(20);
    assert!(!human.stderr.contains("_aws") && !human.stdout.contains("_aws"), "{}", human.stderr);

    // Names and owners of assets, and addresses of accounts, are no business of whoever reads logs.
    let run = world.run_of(&outcome);
    let mut told: BTreeSet<String> = BTreeSet::new();
    for change in run.values("changes") {
        let attributes = &change["after"]["attributes"];
        told.extend(["owner", "name"].iter().filter_map(|name| attributes[name].as_str().map(str::to_owned)));
    }
    for account in run.json("accounts.json").as_array().unwrap() {
        told.extend(account["email"].as_str().map(str::to_owned));
    }
    told.retain(|text| text.len() > 5);
    assert!(told.len() > 50 && told.iter().any(|text| text.contains('@')), "{told:?}");
    for text in told {
        assert!(!outcome.stderr.contains(&text), "{text} is in the log");
    }
}

#[test]
fn a_job_that_fails_early_has_its_metrics_line_too() {
    let world = World::small(Faults::none());
    let command = |arguments: &[&str], variables: &[(&str, &str)], status| {
        let outcome = world.command_with(arguments, variables).expect(status);
        outcome.failure();
        let event = event(&outcome);
        let metrics = extract(&event);
        assert_eq!(metrics["Failed"].1, 1.0);
        assert!(!metrics.contains_key("Findings") && !metrics.contains_key("ChangesCreate"), "{metrics:?}");
        event
    };
    // No settings at all; settings that name no more than the environment; a job that is not set up.
    let nowhere = command(&["plan", "--settings", "nowhere.toml"], &[], 2);
    assert_eq!((&nowhere["Environment"], &nowhere["Command"]), (&"unknown".into(), &"plan".into()));
    let wrong = command(&["run"], &[("BESTAND__GATE__MAX_RETIRE_COUNT", "some")], 2);
    assert_eq!((&wrong["Environment"], &wrong["Command"]), (&"staging".into(), &"run".into()));
    assert_eq!(command(&["run"], &[], 43)["Environment"], "staging", "the store was never made ready");
    // Midway: there is a run.
    let source = [("BESTAND__SOURCE_REGISTER__URL", "sqlite://nowhere.db")];
    assert!(command(&["plan"], &source, 30)["RunId"].is_string());
    assert_eq!(command(&["publish", "20261128T090000.000Z-abcd"], &[], 43)["Command"], "publish");

    // A command line that makes no sense: a schedule that is wrong must be seen as well.
    let outcome = world.command(&["run", "--nonsense"]).expect(2);
    let line = outcome.stderr.lines().find(|line| line.contains("_aws")).unwrap();
    let event: Value = serde_json::from_str(line).unwrap();
    assert_eq!((extract(&event)["ExitStatus"].1, &event["Environment"]), (2.0, &"staging".into()));
    // What is no job has none.
    assert!(!world.command(&["settings", "--check"]).expect(0).stderr.contains("_aws"));
}

/// The fields of every log line of bestand's own: the names before the message of each macro.
fn fields(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // The ordeal's own log is that of a test.
        if path.is_dir() && name != "ordeal" {
            fields(&path, found);
        } else if name.ends_with(".rs") && name != "ordeal.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("tracing::").skip(1) {
                let Some((level, rest)) = call.split_once("!(") else { continue };
                if ["error", "warn", "info", "debug", "trace"].contains(&level) {
                    found.extend(fields_of(rest));
                }
            }
        }
    }
}

/// Parts a macro's arguments at their commas, up to the message.
fn fields_of(arguments: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut argument) = (0, String::new());
    for character in arguments.chars() {
        match character {
            // The message begins: it is the last, or what it is formatted from follows.
            '"' if argument.trim().is_empty() => break,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                let name = argument.split(" = ").next().unwrap().trim();
                names.push(name.trim_start_matches(['%', '?']).rsplit('.').next().unwrap().to_owned());
                argument.clear();
                continue;
            }
            _ => {}
        }
        argument.push(character);
    }
    names
}

#[test]
fn every_field_of_the_log_is_in_its_document_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut said = BTreeSet::new();
    for folder in ["src", "collector/src", "publisher/src", "model/src"] {
        fields(&root.join(folder), &mut said);
    }
    let text = std::fs::read_to_string(root.join("docs/LOGGING.md")).unwrap();
    let section = text.split_once("### The fields").unwrap().1.split_once("\n###").unwrap().0;
    let told: BTreeSet<String> = section
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect();
    assert!(said.len() > 20, "{said:?}");
    assert_eq!(told, said);
}
