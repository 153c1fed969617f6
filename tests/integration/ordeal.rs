//! Publishing under kills, faults and other writers loses nothing and doubles nothing, and the ordeal would tell if not.

use std::process::Command;

use serde_json::Value;

/// Kills that strike here; `scripts/test` has 60.
const KILLS: &str = "20";

fn ordeal(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bestand"))
        .args(["ordeal", "--json", "--log-format", "json", "--changes", "400"])
        .args(arguments)
        .output()
        .unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), told, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn row<'t>(told: &'t Value, scenario: &str) -> &'t Value {
    let rows = told.as_array().unwrap();
    rows.iter().find(|row| row["scenario"] == scenario).unwrap_or_else(|| panic!("no {scenario} in {told}"))
}

#[test]
fn semantics_3_5_kills_and_faults_lose_nothing_and_double_nothing() {
    let (status, told, log) = ordeal(&["--kills", KILLS]);
    assert_eq!(status, Some(0), "{told}\n{log}");
    for row in told.as_array().unwrap() {
        assert!(row["struck"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(
            (&row["lost"], &row["doubled"], &row["rejected"]),
            (&0.into(), &0.into(), &0.into()),
            "{row}"
        );
        assert_eq!(
            row["applied"].as_u64().unwrap() + row["conflicted"].as_u64().unwrap(),
            row["changes"].as_u64().unwrap(),
            "{row}"
        );
    }
    assert_eq!(row(&told, "kill")["struck"], 20);
    assert_eq!(row(&told, "second_writer")["conflicted"], 25);
    assert_eq!(row(&told, "two_at_once")["struck"], 1);
    for refusal in ["wrong_register", "production_run_store", "altered_plan", "expired_plan"] {
        assert_eq!(row(&told, refusal)["changes"], 0);
    }
}

#[test]
fn a_publication_that_found_the_disk_full_ends_well_once_there_is_room() {
    let (status, told, log) = ordeal(&["--scenario", "disk_full"]);
    assert_eq!(status, Some(0), "{told}\n{log}");
    assert!(row(&told, "disk_full")["struck"].as_u64().unwrap() > 1, "{told}");
}

#[test]
fn a_scenario_that_is_not_there_is_a_usage_error() {
    let (status, _, log) = ordeal(&["--scenario", "nonsense"]);
    assert_eq!(status, Some(2));
    assert!(log.contains("none is called nonsense") && log.contains("reset_after_commit"), "{log}");
}
