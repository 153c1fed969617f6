//! Labelled estates over days: every finding and every entry is as it was planted, and the suite would tell if not.

use std::process::Command;

use serde_json::Value;

/// Seeds that are tried here; `scripts/test` tries 200.
const SEEDS: &str = "6";

fn labelled(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bestand"))
        .args(["labelled", "--json", "--log-format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), told, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_planted_difference_is_found_nothing_else_is_and_nothing_is_wrongly_retired() {
    let (status, told, log) = labelled(&["--seeds", SEEDS]);
    assert_eq!(told["mismatches"], serde_json::json!([]), "{log}");
    assert_eq!(status, Some(0), "{log}");
    assert_eq!(told["runs"], 30);
    for kind in [
        "absent",
        "retired_but_live",
        "unregistered",
        "divergent",
        "duplicate",
        "misplaced",
        "rejected_record",
        "unverified",
    ] {
        let counts = &told["findings"][kind];
        assert!(counts["expected"].as_u64().unwrap() > 0, "{kind} was not planted");
        assert_eq!(counts["found"], counts["expected"], "{kind}");
        assert_eq!(counts["right"], counts["expected"], "{kind}");
    }
    let entries = &told["entries"];
    assert!(entries["retirements"].as_u64().unwrap() > 20, "{entries}");
    assert!(entries["reactivations"].as_u64().unwrap() > 2, "{entries}");
    for wrong in ["wrong_retires", "missed_retires", "lost_reactivations", "wrong_creates", "wrong_values"] {
        assert_eq!(entries[wrong], 0, "{wrong}");
    }
}

#[test]
fn a_case_that_is_not_there_is_a_usage_error() {
    let (status, _, log) = labelled(&["--seeds", "1", "--case", "nonsense"]);
    assert_eq!(status, Some(2));
    assert!(log.contains("no case is called nonsense"), "{log}");
}
