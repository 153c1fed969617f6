use serde_json::json;
use uuid::Uuid;

use super::*;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

fn change(kind: ChangeKind, read: &str, attributes: &[(&str, Value)]) -> Change {
    let precondition = if kind == ChangeKind::Create {
        Precondition::Absent(true)
    } else {
        Precondition::Version(read.into())
    };
    Change {
        kind,
        asset_key: AssetKey(Uuid::from_u128(1)),
        account_id: None,
        precondition: Some(precondition),
        before: AssetPatch::default(),
        after: AssetPatch {
            state: (kind == ChangeKind::Create).then_some(AssetState::Active),
            account_id: None,
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        },
        reason: None,
        would_be: None,
        ground: None,
        provenance: BTreeMap::new(),
        digest: String::new(),
    }
}

fn publish(
    before: Option<LastPublished>,
    plan: &str,
    hour: i64,
    change: &Change,
    version: &str,
) -> LastPublished {
    let applied = Applied { plan, planned_at: at(hour), change, version: Some(version.into()) };
    LastPublished::after(before, applied)
}

fn created() -> LastPublished {
    let change = change(ChangeKind::Create, "", &[("owner", json!("a")), ("size", json!(1))]);
    publish(None, "p1", 1, &change, "1")
}

fn entry(version: &str, plan: &str, attributes: &[(&str, Value)]) -> PublishedAsset {
    PublishedAsset {
        asset_key: AssetKey(Uuid::from_u128(1)),
        version: version.into(),
        state: AssetState::Active,
        account_id: None,
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        last_plan: Some(plan.into()),
        last_writer: None,
        updated_at: None,
    }
}

/// Bestand sent three plans.
fn known() -> Publications {
    let mut publications = Publications::default().written_by(Some("bestand"));
    ["p1", "p2", "p9"].into_iter().for_each(|plan| publications.begin(plan));
    publications
}

fn names(line: &LastPublished, entry: &PublishedAsset) -> Vec<String> {
    line.changed(entry, &known()).into_iter().map(|changed| changed.attribute).collect()
}

#[test]
fn semantics_3_2_what_was_published_is_the_sum_of_what_was_applied() {
    let update = change(ChangeKind::Update, "1", &[("owner", json!("b")), ("size", Value::Null)]);
    let line = publish(Some(created()), "p2", 2, &update, "2");
    assert_eq!(line.attributes, [("owner".into(), json!("b")), ("size".into(), Value::Null)].into());
    assert_eq!(
        (line.state, line.version.as_deref(), line.shared),
        (Some(AssetState::Active), Some("2"), false)
    );
    let retired = publish(Some(line), "p3", 3, &change(ChangeKind::Retire, "2", &[]), "3");
    assert_eq!(retired.state, Some(AssetState::Retired));
    assert_eq!(
        publish(Some(retired), "p4", 4, &change(ChangeKind::Create, "", &[]), "1").attributes.len(),
        0
    );
}

#[test]
fn semantics_3_2_noting_a_plan_twice_or_an_older_one_later_changes_nothing() {
    let update = change(ChangeKind::Update, "1", &[("owner", json!("b"))]);
    let line = publish(Some(created()), "p2", 2, &update, "2");
    assert_eq!(publish(Some(line.clone()), "p2", 2, &update, "2"), line);
    let older = change(ChangeKind::Update, "1", &[("owner", json!("old"))]);
    assert_eq!(publish(Some(line.clone()), "p0", 1, &older, "1"), line);
}

#[test]
fn semantics_3_2_only_what_bestand_published_and_somebody_else_changed_is_told() {
    let line = created();
    let same = entry("2", "theirs", &[("owner", json!("a ")), ("size", json!("1")), ("extra", json!(7))]);
    assert_eq!(names(&line, &same), Vec::<String>::new(), "their own attributes, and spelling");
    let mut other = entry("2", "theirs", &[("owner", json!("b"))]);
    other.state = AssetState::Retired;
    assert_eq!(names(&line, &other), ["owner", "size", "state"]);
    assert_eq!(names(&line, &entry("1", "p1", &[])), Vec::<String>::new(), "the version is ours");
}

#[test]
fn semantics_3_2_what_bestand_wrote_and_did_not_note_yet_is_nobody_elses() {
    let unnoted = entry("5", "p9", &[("owner", json!("b"))]);
    assert_eq!(names(&created(), &unnoted), Vec::<String>::new());
    // Nor where even the list of plans is lost, as long as the register names us.
    let by_name = |plan: Option<&str>| PublishedAsset {
        last_plan: plan.map(str::to_owned),
        last_writer: Some("bestand".into()),
        ..unnoted.clone()
    };
    for entry in [by_name(Some("lost")), by_name(None)] {
        assert_eq!(names(&created(), &entry), Vec::<String>::new());
    }
    let theirs = PublishedAsset { last_writer: Some("erika".into()), ..by_name(None) };
    assert_eq!(names(&created(), &theirs), ["owner", "size"]);
}

#[test]
fn semantics_3_2_a_foreign_write_between_two_of_ours_stays_told() {
    // Somebody else made version 2; our next write rests on it and leaves their value.
    let update = change(ChangeKind::Update, "2", &[("size", json!(2))]);
    let line = publish(Some(created()), "p2", 2, &update, "3");
    assert!(line.shared);
    let kept = entry("3", "p2", &[("owner", json!("theirs")), ("size", json!(2))]);
    assert_eq!(names(&line, &kept), ["owner"]);
    let later = publish(Some(line), "p3", 3, &change(ChangeKind::Update, "3", &[("size", json!(3))]), "4");
    assert!(later.shared);
}

#[test]
fn the_memory_is_read_for_those_alone_that_somebody_else_may_have_touched() {
    let mut publications = Publications::default().written_by(Some("bestand"));
    let mut ours = entry("1", "p1", &[]);
    ours.last_writer = Some("bestand".into());
    assert!(publications.needs_memory(&ours), "nothing is known");
    publications.begin("p1");
    assert!(!publications.needs_memory(&ours));
    assert!(publications.made("p1") && !publications.is_noted("p1"));
    publications.end("p1", Standing::Noted, ["111122223333".to_owned()]);
    publications.begin("p1");
    assert!(publications.is_noted("p1") && publications.is_shared("111122223333"));
    let theirs = PublishedAsset { last_writer: Some("erika".into()), ..ours.clone() };
    let other_plan = PublishedAsset { last_plan: Some("x".into()), ..ours.clone() };
    let no_plan = PublishedAsset { last_plan: None, ..ours };
    assert!([theirs, other_plan, no_plan].iter().all(|entry| publications.needs_memory(entry)));
}
