//! What a person at a terminal is shown of a run, and what a script gets instead.

use serde_json::Value;

use crate::support::World;

const NEW_OWNERS: &str = "UPDATE assets SET owner = 'Team Neu' WHERE owner IS NOT NULL AND id LIKE '%7'";

#[test]
fn plan_and_revert_list_what_they_would_change_before_the_table() {
    let world = World::published();
    world.execute("itk.db", NEW_OWNERS);
    let plan = world.command(&["plan", "--log-format", "human"]).expect(0).stdout;
    let (list, table) = plan.split_once('┌').unwrap();
    assert!(list.starts_with("Changes in the central register: 0 to retire, 0 to create, "), "{list}");
    assert!(
        list.lines().any(|line| line.starts_with("        owner: ") && line.ends_with(" → Team Neu")),
        "{list}"
    );
    // A patch says nothing of its asset: the entry does.
    assert!(list.lines().any(|line| line.starts_with("    ~ ") && line.contains("arn:aws:")), "{list}");
    assert!(!list.contains("type not known"), "{list}");
    assert!(list.contains("/changes; why: bestand explain ") && !plan.contains('\u{1b}'), "{list}");
    assert!(table.contains("report.html"), "{table}");

    let run = world.command(&["run"]).expect(0).summary();
    let id = run["run_id"].as_str().unwrap();
    let revert = world.command(&["revert", id, "--log-format", "human"]).expect(0).stdout;
    let back = revert.lines().any(|line| line.starts_with("        owner: Team Neu → "));
    assert!(back && !revert.contains("type not known"), "{revert}");

    // What is published was looked at when it was planned.
    let published = world.command(&["publish", id, "--log-format", "human"]).expect(0).stdout;
    assert!(published.starts_with('┌'), "{published}");
}

#[test]
fn json_and_quiet_say_no_more_than_was_asked_for() {
    let world = World::small("account_denied".parse().unwrap());
    let command = |arguments: &[&str]| world.command(arguments).expect(20);
    let document = |text: &str| -> Value {
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(text).unwrap()
    };
    let human = command(&["plan", "--json", "--log-format", "human"]);
    assert_eq!(document(&human.stdout)["exit_status"], 20);
    assert!(human.stderr.contains("phase done") && !human.stderr.contains("_aws"), "{}", human.stderr);
    let json = command(&["plan", "--log-format", "json"]);
    assert_eq!(document(&json.stdout)["exit_status"], 20);
    assert_eq!(json.stderr.matches("_aws").count(), 1);
    let quiet = command(&["plan", "--quiet", "--log-format", "human"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let quiet = world.command_with(&["plan", "-q"], &[("RUST_LOG", "info")]).expect(20);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let both = command(&["plan", "--quiet", "--json"]);
    assert_eq!((document(&both.stdout)["command"].as_str(), both.stderr.as_str()), (Some("plan"), ""));

    // What fails is told in any case, and has its document once there is a run.
    let nowhere = [("BESTAND__SOURCE_REGISTER__URL", "sqlite://nowhere.db")];
    let failed =
        world.command_with(&["plan", "--quiet", "--json"], &nowhere).expect_failure(30, &["source register"]);
    assert_eq!(document(&failed.stdout)["exit_status"], 30);
    assert_eq!(failed.stderr.lines().count(), 1, "{}", failed.stderr);
    let failed = world.command_with(&["plan", "--quiet"], &nowhere).expect_failure(30, &["source register"]);
    assert_eq!(failed.stdout, "");
}

#[test]
fn a_terminal_shows_each_phase_with_rate_and_rest_and_colours_unless_told_not_to() {
    let world = World::small("latency=20".parse().unwrap());
    let shown = world.at_a_terminal(&["plan"], &[]);
    for words in [
        "collect",
        " accounts, ",
        "/s, ",
        " left",
        "\u{1b}[32m+\u{1b}[0m",
        "Changes in the central register: ",
    ] {
        assert!(shown.contains(words), "no `{words}` in:\n{shown}");
    }
    let plain = world.at_a_terminal(&["plan"], &[("NO_COLOR", "1")]);
    assert!(plain.contains("    + ") && !plain.contains("\u{1b}[32m"), "{plain}");
    let quiet = world.at_a_terminal(&["plan", "--quiet"], &[]);
    assert_eq!(quiet.trim(), "");
}
