use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::attribute;
use bestand_model::change_set::{Change, ChangeCounts, ChangeKind, Ground, WithheldReason};
use bestand_model::identifiers::RunId;
use bestand_publisher::run_store::{RunStore, Spool};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const PLAIN: Style = Style { width: 110, colour: false };
const NORTH: &str = "111111111111";
const SOUTH: &str = "222222222222";

/// A run directory with changes, and the summary that counts them.
struct Stage {
    _folder: TempDir,
    directory: RunDirectory,
    summary: RunSummary,
    changes: BTreeMap<&'static str, Vec<Change>>,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = RunStore::open(&format!("file://{}", folder.path().display()), folder.path()).unwrap();
        let run_id = RunId::new("20261128T090000.000Z-abcd");
        let summary = serde_json::from_value(json!({
            "schema_version": 1, "run_id": run_id, "command": "plan", "environment": "staging",
            "started_at": "2026-11-28T09:00:00Z", "tool_version": "0.1.0", "settings_digest": "",
        }))
        .unwrap();
        Self {
            directory: store.create_run(&run_id).unwrap(),
            _folder: folder,
            summary,
            changes: BTreeMap::new(),
        }
    }

    fn add(&mut self, account: &'static str, change: Change) {
        self.changes.entry(account).or_default().push(change);
    }

    /// Writes all down and gives what is shown.
    fn text(mut self, style: Style) -> String {
        let mut counts = ChangeCounts::default();
        for (account, changes) in &self.changes {
            let mut spool = self.directory.spool(Spool::Changes, account).unwrap();
            for change in changes {
                counts.add(change.kind);
                spool.push(change).unwrap();
            }
            spool.finish().unwrap();
        }
        self.summary.changes = counts;
        text(&self.summary, &self.directory, style).unwrap().unwrap_or_default()
    }
}

fn key(number: u128) -> AssetKey {
    serde_json::from_value(json!(format!("00000000-0000-0000-0000-{number:012x}"))).unwrap()
}

fn change(kind: ChangeKind, number: u128, account: &str, after: &[(&str, Value)]) -> Change {
    let mut change = Change::blank(kind, key(number), Some(account.parse().unwrap()));
    change.after.attributes = after.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    change
}

fn created(number: u128, name: &str) -> Change {
    let arn = format!("arn:aws:sqs:eu-central-1:{NORTH}:{number}");
    let kind = json!("AWS::SQS::Queue");
    let after =
        [(attribute::NAME, json!(name)), (attribute::RESOURCE_TYPE, kind), (attribute::ARN, json!(arn))];
    change(ChangeKind::Create, number, NORTH, &after)
}

fn published(number: u128, name: &str) -> PublishedAsset {
    serde_json::from_value(json!({
        "asset_key": key(number), "version": "1", "state": AssetState::Active,
        "attributes": {"name": name, "resource_type": "AWS::EC2::Volume", "asset_id": format!("ITK-{number}")},
    }))
    .unwrap()
}

#[test]
fn each_kind_of_change_has_its_sign_and_says_what_and_why() {
    let mut stage = Stage::new();
    stage.add(NORTH, created(1, "queue-of-fares"));
    let mut update =
        change(ChangeKind::Update, 2, NORTH, &[("owner", json!("m.muster")), ("size", Value::Null)]);
    update.before.attributes = [("owner".to_owned(), json!("a.alt")), ("size".to_owned(), json!(80))].into();
    stage.add(NORTH, update);
    let mut retire = change(ChangeKind::Retire, 3, SOUTH, &[]);
    retire.ground = Some(Ground::Deletion { at: "2026-11-27T22:00:00Z".parse().unwrap() });
    stage.add(SOUTH, retire);
    stage.add(SOUTH, change(ChangeKind::Retire, 4, SOUTH, &[]).withheld(WithheldReason::GateAccount));
    stage.add(SOUTH, change(ChangeKind::Unchanged, 5, SOUTH, &[]));
    for (account, number) in [(NORTH, 2), (SOUTH, 3)] {
        let mut spool = stage.directory.spool(Spool::Published, account).unwrap();
        spool.push(&published(number, &format!("volume-{number}"))).unwrap();
        spool.finish().unwrap();
    }
    let text = stage.text(PLAIN);
    for line in [
        "Changes in the central register: 1 to retire, 1 to create, 1 to update, 1 withheld (1 stay as they are)",
        "  111111111111  AWS::SQS::Queue",
        "    + queue-of-fares  arn:aws:sqs:eu-central-1:111111111111:1",
        "  111111111111  AWS::EC2::Volume",
        "    ~ volume-2  ITK-2",
        "        owner: a.alt → m.muster",
        "        size: 80 → –",
        "  222222222222  AWS::EC2::Volume",
        "    - volume-3  ITK-3  (deleted at 2026-11-27 22:00:00 UTC)",
    ] {
        assert!(text.lines().any(|other| other == line), "no `{line}` in:\n{text}");
    }
    let withheld = format!("    ! {}  (would be retired: gate_account)", key(4));
    assert!(text.contains(&withheld), "{text}");
    let end = text.lines().last().unwrap();
    assert!(
        end.contains("/changes;") && end.ends_with("bestand explain 20261128T090000.000Z-abcd KEY"),
        "{end}"
    );
}

#[test]
fn the_list_is_short_and_the_gravest_are_on_it() {
    let mut stage = Stage::new();
    for number in 0..3_000 {
        stage.add(NORTH, change(ChangeKind::Update, number, NORTH, &[("owner", json!("x"))]));
    }
    for number in 3_000..3_100 {
        stage.add(NORTH, created(number, "queue"));
    }
    for number in 3_100..3_105 {
        // The last file's last lines: whoever stops reading early misses them.
        stage.add(SOUTH, change(ChangeKind::Retire, number, SOUTH, &[]));
    }
    let text = stage.text(PLAIN);
    let signed = |sign: &str| text.lines().filter(|line| line.trim_start().starts_with(sign)).count();
    assert_eq!(signed("- "), 5, "{text}");
    let creates = signed("+ ");
    assert!(creates > 30 && signed("~ ") == 0, "{text}");
    assert!(text.lines().count() <= MAX_LINES + 3, "{text}");
    let left = format!("not shown: {} to create, 3000 to update", 100 - creates);
    assert!(text.contains(&left), "no {left} in {text}");
}

#[test]
fn what_a_rule_withholds_every_day_comes_after_what_somebody_should_look_at() {
    let mut stage = Stage::new();
    for number in 0..100 {
        stage.add(NORTH, created(number, "interface").withheld(WithheldReason::TypeNotPublished));
    }
    stage.add(SOUTH, created(100, "twin").withheld(WithheldReason::Ambiguous));
    stage.add(SOUTH, change(ChangeKind::Retire, 101, SOUTH, &[]).withheld(WithheldReason::Unproven));
    let text = stage.text(PLAIN);
    assert!(text.contains("(would be created: ambiguous)"), "{text}");
    assert!(text.contains("(would be retired: unproven)"), "{text}");
    assert!(text.contains("(would be created: type_not_published)"), "{text}");
}

#[test]
fn an_update_of_many_attributes_is_short_too() {
    let mut stage = Stage::new();
    let names: Vec<String> = (0..50).map(|number| format!("attribute-{number:02}")).collect();
    let after: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), json!(1))).collect();
    stage.add(NORTH, change(ChangeKind::Update, 1, NORTH, &after));
    let text = stage.text(PLAIN);
    assert!(text.contains("attribute-02: – → 1") && text.contains("and 47 more attributes"), "{text}");
    assert!(!text.contains("attribute-03"), "{text}");
}

#[test]
fn hostile_names_and_values_neither_steer_the_terminal_nor_flood_it() {
    let mut stage = Stage::new();
    stage.add(NORTH, created(1, "evil\u{1b}[2J\u{202e}\r\n    - forged  arn"));
    stage.add(NORTH, created(2, &"\u{1b}".repeat(65_536)));
    let value = json!({"deep": "\u{9b}31m".repeat(20_000)});
    stage.add(NORTH, change(ChangeKind::Update, 3, NORTH, &[("own\u{1b}er", value)]));
    let text = stage.text(PLAIN);
    assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert!(text.contains("evil⟨U+001B⟩[2J⟨U+202E⟩⟨U+000D⟩"), "{text}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("- forged")), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 300), "{text}");
}

#[test]
fn kinds_are_coloured_where_that_is_wanted_alone() {
    let list = |style| {
        let mut stage = Stage::new();
        stage.add(NORTH, created(1, "queue"));
        stage.add(NORTH, change(ChangeKind::Retire, 2, NORTH, &[]));
        stage.text(style)
    };
    let coloured = list(Style { width: 110, colour: true });
    assert!(
        coloured.contains("\u{1b}[32m+\u{1b}[0m") && coloured.contains("\u{1b}[31m-\u{1b}[0m"),
        "{coloured:?}"
    );
    assert!(!list(PLAIN).contains('\u{1b}'));
}

#[test]
fn a_plan_that_changes_nothing_has_no_list() {
    let mut stage = Stage::new();
    stage.add(NORTH, change(ChangeKind::Unchanged, 1, NORTH, &[]));
    assert_eq!(stage.text(PLAIN), "");
}
