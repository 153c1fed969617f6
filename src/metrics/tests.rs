use serde_json::json;

use super::table::Unit;
use super::*;

fn summary(more: Value) -> RunSummary {
    let mut all = json!({
        "schema_version": 1, "run_id": "20261128T090000.000Z-abcd", "command": "run", "environment": "staging",
        "started_at": "2026-11-28T09:00:00Z", "tool_version": "0.1.0", "settings_digest": "",
        "aws_calls": {"config": {"calls": 70, "retries": 2}, "ec2": {"calls": 30, "retries": 1}},
    });
    let (Some(all_fields), Value::Object(more)) = (all.as_object_mut(), more) else { unreachable!() };
    all_fields.extend(more);
    serde_json::from_value(all).unwrap()
}

fn whole() -> Value {
    json!({
        "plan_digest": "d", "accounts": {"requested": 12, "complete": 10, "incomplete": 1, "failed": 1, "inactive": 0},
        "coverage": {"scopes": 8, "complete": 6, "by_reason": {"recorder_stopped": 2}, "gaps": 2},
        "findings": {"by_kind": {"absent": 3, "divergent": 4}, "by_severity": {"high": 3, "low": 4}, "drift": 7,
                     "ignored": {"absent": 1}},
        "changes": {"create": 5, "update": 4, "retire": 3, "unchanged": 2, "withheld": 1},
        "publication": {"applied": 9, "rejected": 1, "conflicted": 2, "unknown": 0},
    })
}

fn of(job: Job, status: ExitStatus, summary: Option<&RunSummary>) -> Value {
    let figures = Figures { job, status, seconds: 1.5, peak_memory_bytes: Some(1024), summary };
    document(&figures, "staging", "2026-11-28T09:00:01.500Z".parse().unwrap())
}

/// The names of the metrics that a document tells CloudWatch to take.
fn names(document: &Value) -> Vec<String> {
    let metrics = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
    metrics.iter().map(|metric| metric["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_tells_every_metric_with_the_figures_of_its_summary() {
    let told = of(Job::Run, ExitStatus::PublicationIncomplete, Some(&summary(whole())));
    assert_eq!(names(&told), METRICS.iter().map(|metric| metric.name).collect::<Vec<_>>());
    for (name, value) in [
        ("ExitStatus", json!(40)),
        ("Failed", json!(1)),
        ("Duration", json!(1.5)),
        ("PeakMemory", json!(1024)),
        ("AwsCalls", json!(100)),
        ("AwsRetries", json!(3)),
        ("CoverageGaps", json!(2)),
        ("CoverageComplete", json!(75.0)),
        ("Findings", json!(7)),
        ("FindingsDrift", json!(7)),
        ("FindingsHigh", json!(3)),
        ("FindingsMedium", json!(0)),
        ("FindingsIgnored", json!(1)),
        ("ChangesRetire", json!(3)),
        ("ChangesApplied", json!(9)),
        ("ChangesConflicted", json!(2)),
        ("Environment", json!("staging")),
        ("Command", json!("run")),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert_eq!(told["_aws"]["Timestamp"], 1_795_856_401_500_i64);
}

#[test]
fn what_is_not_known_is_left_out_rather_than_nought() {
    let early = of(Job::Run, ExitStatus::Usage, None);
    assert_eq!(names(&early), ["ExitStatus", "Failed", "Duration", "PeakMemory"]);
    assert_eq!((&early["ExitStatus"], &early["Failed"]), (&json!(2), &json!(1)));

    // Half a plan: what it counted so far would look like a good day.
    let mut half = whole();
    half.as_object_mut().unwrap().remove("plan_digest");
    half.as_object_mut().unwrap().remove("publication");
    let half = of(Job::Run, ExitStatus::NoAccount, Some(&summary(half)));
    assert_eq!(names(&half), ["ExitStatus", "Failed", "Duration", "PeakMemory", "AwsCalls", "AwsRetries"]);

    // The plan's run has told the plan's figures.
    let publish = names(&of(Job::Publish, ExitStatus::Done, Some(&summary(whole()))));
    assert!(publish.contains(&"ChangesApplied".to_owned()), "{publish:?}");
    assert!(!publish.iter().any(|name| name.starts_with("Findings") || name == "AwsCalls"), "{publish:?}");

    let revert = names(&of(Job::Revert, ExitStatus::Done, Some(&summary(whole()))));
    assert!(revert.contains(&"ChangesUpdate".to_owned()), "{revert:?}");
    assert!(
        !revert.iter().any(|name| name.starts_with("Findings") || name.starts_with("Coverage")),
        "{revert:?}"
    );
}

#[test]
fn drift_and_gaps_are_no_failure_and_everything_else_is() {
    let failed = |status| of(Job::Run, status, None)["Failed"] == 1;
    let good: Vec<ExitStatus> = ExitStatus::ALL.into_iter().filter(|status| !failed(*status)).collect();
    assert_eq!(good, [ExitStatus::Done, ExitStatus::Drift, ExitStatus::Gaps]);
}

#[test]
fn the_documents_table_is_the_codes() {
    let text = include_str!("../../docs/LOGGING.md");
    let section = text.split_once("### The metrics").unwrap().1;
    let section = section.split_once("\n#").map_or(section, |(section, _)| section);
    let rows: Vec<(String, String)> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            (cells[0].trim_matches('`').to_owned(), cells[1].to_owned())
        })
        .collect();
    let code: Vec<(String, String)> =
        METRICS.iter().map(|metric| (metric.name.to_owned(), metric.unit.name().to_owned())).collect();
    assert_eq!(rows, code);
    let dimensions = DIMENSIONS.map(|name| format!("`{name}`")).join(" and ");
    assert!(text.contains(&dimensions) && text.contains(&format!("namespace `{NAMESPACE}`")), "{dimensions}");
    assert_eq!(Unit::None.name(), "None");
}

#[test]
fn the_job_is_found_in_a_command_line_that_cannot_be_parsed() {
    let named = |line: &str| Job::named_in(line.split(' ').map(str::to_owned));
    assert_eq!(named("bestand run --nonsense"), Some(Job::Run));
    assert_eq!(named("bestand --settings x.toml publish"), Some(Job::Publish));
    assert_eq!(named("bestand doctor --nonsense"), None);
}
