//! A test per row of the table.

use super::*;
use crate::coverage::Reason;

const COMPLETE: Coverage = Coverage::Complete;
const INCOMPLETE: Coverage = Coverage::Incomplete(Reason::RoleDenied);
const BOTH: [Coverage; 2] = [COMPLETE, INCOMPLETE];
const ACTIVE: Option<Lifecycle> = Some(Lifecycle::Active);

fn of(
    record: Option<Lifecycle>,
    live: Liveness,
    published: Option<AssetState>,
    coverage: Coverage,
) -> Outcome {
    outcome(Facts { record, live, published, coverage, type_is_asset: true, deletion_is_proven: false })
}

#[test]
fn semantics_1_record_and_live_and_not_published_is_created() {
    for coverage in BOTH {
        assert_eq!(of(ACTIVE, Liveness::Live, None, coverage), row(None, Action::Create));
    }
}

#[test]
fn semantics_1_record_and_live_and_published_is_updated_and_reactivated() {
    for coverage in BOTH {
        for state in [AssetState::Active, AssetState::Retired] {
            assert_eq!(of(ACTIVE, Liveness::Live, Some(state), coverage), row(None, Action::Update));
        }
    }
}

#[test]
fn semantics_1_live_without_record_is_unregistered_and_created_unless_its_type_is_inventoried_only() {
    for coverage in BOTH {
        let facts = Facts {
            record: None,
            live: Liveness::Live,
            published: None,
            coverage,
            type_is_asset: true,
            deletion_is_proven: false,
        };
        assert_eq!(outcome(facts), row(Some(FindingKind::Unregistered), Action::Create));
        let withheld = Action::Withhold(WithheldReason::TypeNotPublished);
        let furniture = Facts { type_is_asset: false, ..facts };
        assert_eq!(outcome(furniture), row(Some(FindingKind::Unregistered), withheld));
        let once_retired = Facts { published: Some(AssetState::Retired), ..furniture };
        assert_eq!(outcome(once_retired), row(Some(FindingKind::Unregistered), withheld));
    }
}

#[test]
fn semantics_1_live_and_published_without_record_keeps_what_people_said() {
    for coverage in BOTH {
        let expected = row(Some(FindingKind::Unregistered), Action::UpdateTechnical);
        assert_eq!(of(None, Liveness::Live, Some(AssetState::Active), coverage), expected);
        assert_eq!(of(None, Liveness::Live, Some(AssetState::Retired), coverage), expected);
    }
}

#[test]
fn semantics_1_record_and_published_but_absent_waits_for_the_grace() {
    let expected = row(Some(FindingKind::Absent), Action::RetireAfterGrace);
    assert_eq!(of(ACTIVE, Liveness::NotSeen, Some(AssetState::Active), COMPLETE), expected);
}

#[test]
fn semantics_1_record_and_published_but_unverified_changes_organisational_attributes_only() {
    for live in [Liveness::NotSeen, Liveness::Sighted] {
        for lifecycle in [Lifecycle::Active, Lifecycle::Retired] {
            for state in [AssetState::Active, AssetState::Retired] {
                let expected = row(Some(FindingKind::Unverified), Action::UpdateOrganisational);
                assert_eq!(of(Some(lifecycle), live, Some(state), INCOMPLETE), expected);
            }
        }
    }
}

#[test]
fn semantics_1_record_alone_in_complete_coverage_is_absent_and_withheld() {
    let expected = row(Some(FindingKind::Absent), Action::Withhold(WithheldReason::NotLive));
    assert_eq!(of(ACTIVE, Liveness::NotSeen, None, COMPLETE), expected);
    assert_eq!(of(ACTIVE, Liveness::NotSeen, Some(AssetState::Retired), COMPLETE), expected);
}

#[test]
fn semantics_1_record_alone_in_incomplete_coverage_is_created_marked_unverified() {
    let expected = row(Some(FindingKind::Unverified), Action::CreateUnverified);
    assert_eq!(of(ACTIVE, Liveness::NotSeen, None, INCOMPLETE), expected);
    assert_eq!(of(ACTIVE, Liveness::Sighted, None, INCOMPLETE), expected);
}

#[test]
fn semantics_1_published_alone_in_complete_coverage_waits_for_the_grace() {
    let expected = row(Some(FindingKind::Absent), Action::RetireAfterGrace);
    assert_eq!(of(None, Liveness::NotSeen, Some(AssetState::Active), COMPLETE), expected);
}

#[test]
fn semantics_1_published_alone_in_incomplete_coverage_is_withheld() {
    let expected = row(Some(FindingKind::Unverified), Action::Withhold(WithheldReason::Unverified));
    assert_eq!(of(None, Liveness::NotSeen, Some(AssetState::Active), INCOMPLETE), expected);
}

#[test]
fn semantics_1_planned_and_not_live_is_never_absent() {
    for coverage in BOTH {
        for live in [Liveness::NotSeen, Liveness::Sighted] {
            for published in [None, Some(AssetState::Active), Some(AssetState::Retired)] {
                let outcome = of(Some(Lifecycle::Planned), live, published, coverage);
                assert_eq!(outcome.finding, None);
                assert_ne!(outcome.action, Action::RetireAfterGrace);
            }
        }
    }
}

#[test]
fn semantics_1_retired_but_live_stays_active() {
    for coverage in BOTH {
        let finding = Some(FindingKind::RetiredButLive);
        let published = of(Some(Lifecycle::Retired), Liveness::Live, Some(AssetState::Active), coverage);
        assert_eq!(published, row(finding, Action::Update));
        assert_eq!(
            of(Some(Lifecycle::Retired), Liveness::Live, None, coverage),
            row(finding, Action::Create)
        );
    }
}

#[test]
fn semantics_2_5_a_record_that_says_retired_lets_an_absent_asset_go() {
    let outcome = of(Some(Lifecycle::Retired), Liveness::NotSeen, Some(AssetState::Active), COMPLETE);
    assert_eq!(outcome, row(None, Action::RetireAfterGrace));
    let gone = of(Some(Lifecycle::Retired), Liveness::NotSeen, Some(AssetState::Retired), COMPLETE);
    assert_eq!(gone, row(None, Action::Nothing));
}

#[test]
fn semantics_2_9_presence_in_an_incomplete_scope_vetoes_absence_and_causes_nothing_technical() {
    for record in [None, ACTIVE, Some(Lifecycle::Planned), Some(Lifecycle::Retired)] {
        for published in [None, Some(AssetState::Active), Some(AssetState::Retired)] {
            for coverage in BOTH {
                let outcome = of(record, Liveness::Sighted, published, coverage);
                assert_ne!(outcome.finding, Some(FindingKind::Absent));
                let harmless = matches!(
                    outcome.action,
                    Action::Nothing
                        | Action::Withhold(_)
                        | Action::UpdateOrganisational
                        | Action::CreateUnverified
                );
                assert!(harmless, "{record:?} {published:?} {outcome:?}");
            }
        }
    }
}

const DELETED: Facts = Facts {
    record: ACTIVE,
    live: Liveness::NotSeen,
    published: Some(AssetState::Active),
    coverage: COMPLETE,
    type_is_asset: true,
    deletion_is_proven: true,
};

#[test]
fn semantics_2_4_a_proven_deletion_needs_no_grace() {
    let absent = row(Some(FindingKind::Absent), Action::RetireProven);
    assert_eq!(outcome(DELETED), absent);
    assert_eq!(outcome(Facts { record: None, ..DELETED }), absent);
    let agreed = Facts { record: Some(Lifecycle::Retired), ..DELETED };
    assert_eq!(outcome(agreed), row(None, Action::RetireProven));
}

#[test]
fn semantics_2_3_a_proven_deletion_is_believed_in_a_busy_scope_and_in_no_other_gap() {
    for reason in Reason::ALL {
        let facts = Facts { coverage: Coverage::Incomplete(reason), ..DELETED };
        let expected = if reason == Reason::CountMismatch {
            row(Some(FindingKind::Absent), Action::RetireProven)
        } else {
            row(Some(FindingKind::Unverified), Action::UpdateOrganisational)
        };
        assert_eq!(outcome(facts), expected, "{reason}");
    }
}

#[test]
fn semantics_2_4_a_proven_deletion_changes_nothing_of_what_lives_is_sighted_or_misplaced() {
    for live in [Liveness::Live, Liveness::Sighted, Liveness::Misplaced] {
        for record in [None, ACTIVE, Some(Lifecycle::Planned), Some(Lifecycle::Retired)] {
            for published in [None, Some(AssetState::Active), Some(AssetState::Retired)] {
                for coverage in [COMPLETE, INCOMPLETE, Coverage::Incomplete(Reason::CountMismatch)] {
                    let proven = Facts { record, live, published, coverage, ..DELETED };
                    let unproven = Facts { deletion_is_proven: false, ..proven };
                    assert_eq!(outcome(proven), outcome(unproven));
                    let retires = [Action::RetireProven, Action::RetireAfterGrace];
                    assert!(!retires.contains(&outcome(proven).action), "{proven:?}");
                }
            }
        }
    }
}

#[test]
fn semantics_2_4_what_would_be_absent_and_lives_elsewhere_is_misplaced() {
    let misplaced = row(Some(FindingKind::Misplaced), Action::Withhold(WithheldReason::Misplaced));
    for record in [None, ACTIVE, Some(Lifecycle::Retired)] {
        assert_eq!(of(record, Liveness::Misplaced, Some(AssetState::Active), COMPLETE), misplaced);
    }
    for published in [None, Some(AssetState::Retired)] {
        assert_eq!(of(ACTIVE, Liveness::Misplaced, published, COMPLETE), misplaced);
    }
    // Where not enough was seen it may be where it should be as well.
    for record in [None, ACTIVE, Some(Lifecycle::Planned), Some(Lifecycle::Retired)] {
        for published in [None, Some(AssetState::Active), Some(AssetState::Retired)] {
            let not_seen = of(record, Liveness::NotSeen, published, INCOMPLETE);
            assert_eq!(of(record, Liveness::Misplaced, published, INCOMPLETE), not_seen);
        }
    }
}

#[test]
fn less_coverage_never_creates_an_absence_or_a_retire() {
    for record in [None, ACTIVE, Some(Lifecycle::Planned), Some(Lifecycle::Retired)] {
        for live in [Liveness::NotSeen, Liveness::Sighted, Liveness::Live] {
            for published in [None, Some(AssetState::Active), Some(AssetState::Retired)] {
                let outcome = of(record, live, published, INCOMPLETE);
                assert_ne!(outcome.finding, Some(FindingKind::Absent));
                assert_ne!(outcome.action, Action::RetireAfterGrace);
            }
        }
    }
}
