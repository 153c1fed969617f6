//! What a person at a terminal is shown of a run, and what a script gets instead.

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
