use super::*;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

fn absent(looks: u32) -> Stage {
    Stage::Absent { since: at(0), looks }
}

const PLANNED: Option<Stage> = Some(Stage::Planned);
const ACTIVE: Option<Stage> = Some(Stage::Active);
const RETIRED: Option<Stage> = Some(Stage::Retired);

#[test]
fn semantics_5_1_every_stage_has_its_next_one_for_every_event() {
    let (one, two) = (Some(absent(1)), Some(absent(2)));
    let missed = Event::Missed { since: at(0), looks: 2 };
    // From: nothing, planned, active, absent, retired.
    let table = [
        (Event::Seen, [ACTIVE, ACTIVE, ACTIVE, ACTIVE, ACTIVE]),
        (Event::Vouched, [ACTIVE, ACTIVE, ACTIVE, ACTIVE, ACTIVE]),
        (Event::Sighted, [None, ACTIVE, ACTIVE, ACTIVE, RETIRED]),
        (missed, [None, two, two, two, RETIRED]),
        (Event::Expected, [PLANNED, PLANNED, PLANNED, PLANNED, RETIRED]),
        (Event::Unknown, [None, ACTIVE, ACTIVE, one, RETIRED]),
        (Event::Unpublished, [None, None, None, None, RETIRED]),
        (Event::LetGo, [RETIRED, RETIRED, RETIRED, RETIRED, RETIRED]),
    ];
    for (event, expected) in table {
        let from = [None, PLANNED, ACTIVE, one, RETIRED];
        for (from, expected) in from.into_iter().zip(expected) {
            assert_eq!(next(from, event), expected, "{from:?} {event:?}");
        }
    }
}

#[test]
fn semantics_5_1_a_stage_is_read_off_entry_and_history() {
    let active = Some(AssetState::Active);
    let history = AssetHistory { looks: 2, absent_since: Some(at(0)), ..AssetHistory::default() };
    assert_eq!(Stage::of(active, &history), Some(absent(2)));
    assert_eq!(Stage::of(Some(AssetState::Retired), &history), RETIRED);
    assert_eq!(Stage::of(None, &history), None);
    assert_eq!(Stage::of(active, &AssetHistory::default()), ACTIVE);
    let planned = AssetHistory { planned_since: Some(at(0)), ..AssetHistory::default() };
    assert_eq!((Stage::of(None, &planned), Stage::of(active, &planned)), (PLANNED, PLANNED));
}

#[test]
fn a_stage_is_written_with_all_that_it_says() {
    let text = serde_json::to_string(&absent(2)).unwrap();
    assert_eq!(text, r#"{"stage":"absent","since":"2027-01-15T08:00:00Z","looks":2}"#);
}
