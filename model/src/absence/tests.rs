use super::*;
use crate::identifiers::AccountId;

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn line(region: &str, kind: Option<&str>) -> CoverageLine {
    CoverageLine::complete(account(), Some(region.into()), kind.map(ResourceType::from))
}

fn counted(region: &str, kind: &str, collected: u64) -> CoverageLine {
    CoverageLine { collected: Some(collected), expected: Some(collected), ..line(region, Some(kind)) }
}

fn gap(region: &str, kind: Option<&str>, reason: Reason) -> CoverageLine {
    let mut line = line(region, kind);
    line.set_incomplete(reason, "");
    line
}

fn seen(pairs: &[(&str, &str)]) -> SeenTypes {
    let mut seen = SeenTypes::default();
    for (region, kind) in pairs {
        seen.add(&(*region).into(), &(*kind).into());
    }
    seen
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hours * 3600).unwrap()
}

fn finalise_all(
    ledger: &mut AccountCoverage,
    seen: &SeenTypes,
    before: &[ScopeHistory],
    now: Timestamp,
) -> Vec<ScopeHistory> {
    finalise(ledger, seen, before, &RetireRules::default(), now, |_, _| false)
}

#[test]
fn semantics_2_1_nothing_of_a_type_is_complete_only_where_it_was_ever_seen() {
    let empty = || AccountCoverage::new([line("eu", None), counted("eu", "AWS::SQS::Queue", 0)]);
    let scope = Domain::Scope("eu".into(), "AWS::SQS::Queue".into());
    let mut ledger = empty();
    finalise_all(&mut ledger, &SeenTypes::default(), &[], at(0));
    assert_eq!(scope.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::TypeNeverSeen));
    let mut ledger = empty();
    finalise_all(&mut ledger, &seen(&[("eu", "AWS::SQS::Queue")]), &[], at(0));
    assert_eq!(scope.coverage(&ledger, &BTreeSet::new()), Coverage::Complete);
}

#[test]
fn semantics_2_1_a_complete_region_says_nothing_of_a_type_that_nobody_looked_for() {
    let ledger = AccountCoverage::new([line("eu", None)]);
    assert_eq!(ledger.of(&"eu".into(), &"AWS::X::Y".into()), Coverage::Incomplete(Reason::TypeNeverSeen));
}

#[test]
fn semantics_2_1_a_collapse_holds_until_it_repeated_three_times() {
    let kinds = seen(&[("eu", "AWS::SQS::Queue")]);
    let scope = Domain::Scope("eu".into(), "AWS::SQS::Queue".into());
    let mut history =
        finalise_all(&mut AccountCoverage::new([counted("eu", "AWS::SQS::Queue", 100)]), &kinds, &[], at(0));
    let mut verdicts = Vec::new();
    for day in 1..=5 {
        // A second look within the interval does not count.
        for minutes in [0, 1] {
            let mut ledger = AccountCoverage::new([counted("eu", "AWS::SQS::Queue", 49)]);
            history = finalise_all(&mut ledger, &kinds, &history, at(day * 24 + minutes));
            verdicts.push(scope.coverage(&ledger, &BTreeSet::new()).is_complete());
        }
    }
    assert_eq!(verdicts, [false, false, false, false, false, false, true, true, true, true]);
}

#[test]
fn semantics_2_1_a_fall_that_goes_on_is_no_repetition() {
    let kinds = seen(&[("eu", "AWS::SQS::Queue")]);
    let mut history = Vec::new();
    let mut verdicts = Vec::new();
    for (day, collected) in [100, 49, 49, 49, 5, 5, 5, 5, 5].into_iter().enumerate() {
        let mut ledger = AccountCoverage::new([counted("eu", "AWS::SQS::Queue", collected)]);
        history = finalise_all(&mut ledger, &kinds, &history, at(24 * i64::try_from(day).unwrap()));
        verdicts.push(ledger.of(&"eu".into(), &"AWS::SQS::Queue".into()).is_complete());
    }
    assert_eq!(verdicts, [true, false, false, false, false, false, false, true, true]);
}

#[test]
fn semantics_2_1_half_or_ten_items_fewer_is_no_collapse() {
    let kinds = seen(&[("eu", "AWS::SQS::Queue")]);
    for (was, is, collapsed) in
        [(100, 50, false), (100, 49, true), (10, 0, false), (11, 0, true), (21, 10, true)]
    {
        let before = finalise_all(
            &mut AccountCoverage::new([counted("eu", "AWS::SQS::Queue", was)]),
            &kinds,
            &[],
            at(0),
        );
        let mut ledger = AccountCoverage::new([counted("eu", "AWS::SQS::Queue", is)]);
        finalise_all(&mut ledger, &kinds, &before, at(24));
        assert_eq!(
            !ledger.of(&"eu".into(), &"AWS::SQS::Queue".into()).is_complete(),
            collapsed,
            "{was} {is}"
        );
    }
}

#[test]
fn semantics_2_1_a_person_may_accept_a_collapse() {
    let kinds = seen(&[("eu", "AWS::SQS::Queue")]);
    let before =
        finalise_all(&mut AccountCoverage::new([counted("eu", "AWS::SQS::Queue", 100)]), &kinds, &[], at(0));
    let mut ledger = AccountCoverage::new([counted("eu", "AWS::SQS::Queue", 1)]);
    let after = finalise(&mut ledger, &kinds, &before, &RetireRules::default(), at(24), |_, reason| {
        reason == Reason::Collapsed
    });
    assert!(ledger.of(&"eu".into(), &"AWS::SQS::Queue".into()).is_complete());
    assert_eq!(after.first().map(|scope| scope.collected), Some(1));
}

#[test]
fn semantics_2_2_an_arn_or_a_full_scope_is_one_scope() {
    let arn: Arn = "arn:aws:sqs:eu:111122223333:q".parse().unwrap();
    let expected = vec![Domain::Scope("eu".into(), "AWS::SQS::Queue".into())];
    assert_eq!(Domain::derive(Some(&arn), None, Some(&"AWS::SQS::Queue".into())), expected);
    assert_eq!(Domain::derive(None, Some(&"eu".into()), Some(&"AWS::SQS::Queue".into())), expected);
}

#[test]
fn semantics_2_2_an_arn_and_a_column_that_disagree_need_both_regions() {
    let arn: Arn = "arn:aws:sqs:eu:111122223333:q".parse().unwrap();
    let domain = Domain::derive(Some(&arn), Some(&"us".into()), Some(&"AWS::SQS::Queue".into()));
    assert_eq!(domain.len(), 2);
}

#[test]
fn semantics_2_2_an_arn_without_region_needs_every_region() {
    let arn: Arn = "arn:aws:s3:::b".parse().unwrap();
    let domain = Domain::derive(Some(&arn), Some(&"eu".into()), Some(&"AWS::S3::Bucket".into()));
    assert_eq!(domain, [Domain::EveryRegion("AWS::S3::Bucket".into())]);
}

#[test]
fn semantics_2_2_without_region_every_region_of_the_account_must_be_complete() {
    let domain = Domain::EveryRegion("AWS::SQS::Queue".into());
    let mut ledger = AccountCoverage::new([
        line("eu", None),
        counted("eu", "AWS::SQS::Queue", 1),
        line("us", None),
        counted("us", "AWS::SQS::Queue", 1),
        gap("ap", None, Reason::RegionDisabled),
    ]);
    assert!(domain.coverage(&ledger, &BTreeSet::new()).is_complete());
    // A disabled region that somebody names belongs to the account.
    assert!(!domain.coverage(&ledger, &BTreeSet::from(["ap".into()])).is_complete());
    ledger.insert(gap("us", Some("AWS::SQS::Queue"), Reason::CountMismatch));
    assert_eq!(domain.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::CountMismatch));
}

#[test]
fn semantics_2_2_an_unknown_type_needs_everything_that_is_there() {
    let ledger =
        AccountCoverage::new([line("eu", None), gap("eu", Some("AWS::SQS::Queue"), Reason::Throttled)]);
    for domain in [Domain::EveryType("eu".into()), Domain::Account] {
        assert_eq!(domain.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::Throttled));
    }
}

#[test]
fn semantics_2_2_without_a_type_even_a_complete_ledger_does_not_show_absence() {
    let ledger = AccountCoverage::new([line("eu", None), counted("eu", "AWS::SQS::Queue", 3)]);
    for domain in [Domain::EveryType("eu".into()), Domain::Account] {
        assert_eq!(domain.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::ScopeUnknown));
    }
}

#[test]
fn semantics_2_3_a_mismatch_is_named_only_where_nothing_worse_is_known() {
    let kind: ResourceType = "AWS::SQS::Queue".into();
    let busy = |region| gap(region, Some("AWS::SQS::Queue"), Reason::CountMismatch);
    let everywhere = Domain::EveryRegion(kind.clone());
    let mut ledger = AccountCoverage::new([line("eu", None), busy("eu"), line("us", None), busy("us")]);
    let mismatch = Coverage::Incomplete(Reason::CountMismatch);
    assert_eq!(everywhere.coverage(&ledger, &BTreeSet::new()), mismatch);
    // Where nobody names the type, a mismatch is the least of what is not known.
    for domain in [Domain::Account, Domain::EveryType("eu".into())] {
        assert_eq!(domain.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::ScopeUnknown));
    }
    ledger.insert(gap("us", Some("AWS::SQS::Queue"), Reason::Throttled));
    assert_eq!(everywhere.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(Reason::Throttled));
}

#[test]
fn semantics_2_10_an_unrecorded_scope_stays_incomplete_and_keeps_its_history() {
    let kinds = seen(&[("eu", "AWS::SQS::Queue")]);
    let before =
        finalise_all(&mut AccountCoverage::new([counted("eu", "AWS::SQS::Queue", 100)]), &kinds, &[], at(0));
    let mut unrecorded = counted("eu", "AWS::SQS::Queue", 3);
    unrecorded.set_incomplete(Reason::Unrecorded, "");
    let mut ledger = AccountCoverage::new([unrecorded]);
    assert_eq!(finalise_all(&mut ledger, &kinds, &before, at(24)), before);
    let verdict = ledger.of(&"eu".into(), &"AWS::SQS::Queue".into());
    assert_eq!(verdict, Coverage::Incomplete(Reason::Unrecorded));
}

#[test]
fn semantics_2_8_what_was_not_asked_is_not_absent() {
    let empty = AccountCoverage::default();
    let scope = Domain::Scope("eu".into(), "AWS::SQS::Queue".into());
    for domain in [
        scope,
        Domain::EveryRegion("AWS::SQS::Queue".into()),
        Domain::EveryType("eu".into()),
        Domain::Account,
    ] {
        assert_eq!(domain.coverage(&empty, &BTreeSet::new()), Coverage::Incomplete(Reason::NotRequested));
    }
    for reason in [Reason::NotRequested, Reason::RegionDisabled, Reason::AccountUnknown] {
        let ledger = AccountCoverage::new([CoverageLine::incomplete(account(), None, None, reason, "")]);
        assert_eq!(Domain::Account.coverage(&ledger, &BTreeSet::new()), Coverage::Incomplete(reason));
    }
}

#[test]
fn semantics_2_6_looks_count_once_per_interval_and_the_grace_needs_looks_and_hours() {
    let rules = RetireRules::default();
    let mut history = AssetHistory::default();
    rules.look(&mut history, at(0));
    rules.look(&mut history, at(1));
    assert_eq!(history.looks, 1);
    assert!(!rules.grace_is_over(&history, false, at(100)), "one look is not enough");
    rules.look(&mut history, at(24));
    assert!(!rules.grace_is_over(&history, false, at(47)), "too early");
    assert!(rules.grace_is_over(&history, false, at(48)));
}

#[test]
fn semantics_2_6_a_sighting_resets() {
    let rules = RetireRules::default();
    let mut history = AssetHistory::default();
    rules.look(&mut history, at(0));
    rules.look(&mut history, at(24));
    sighting(&mut history, false, at(30));
    assert_eq!(history, AssetHistory::default());
    rules.look(&mut history, at(48));
    assert!(!rules.grace_is_over(&history, false, at(96)));
}

#[test]
fn semantics_2_6_daily_recording_raises_the_hours() {
    let rules = RetireRules { after_hours: 1, after_runs: 1, ..RetireRules::default() };
    let mut history = AssetHistory::default();
    rules.look(&mut history, at(0));
    assert!(rules.grace_is_over(&history, false, at(1)));
    assert!(!rules.grace_is_over(&history, true, at(47)));
    assert!(rules.grace_is_over(&history, true, at(48)));
}

#[test]
fn semantics_2_6_a_clock_that_jumps_back_only_delays() {
    let rules = RetireRules::default();
    let mut history = AssetHistory::default();
    rules.look(&mut history, at(100));
    rules.look(&mut history, at(0));
    assert_eq!(history.looks, 1);
    assert!(!rules.grace_is_over(&history, false, at(0)));
}

#[test]
fn semantics_2_7_a_global_type_has_one_scope_whatever_people_wrote() {
    let domain = Domain::derive(None, Some(&"eu".into()), Some(&"AWS::IAM::Role".into()));
    assert_eq!(domain, [Domain::Scope(Region::global(), "AWS::IAM::Role".into())]);
}

#[test]
fn semantics_2_6_the_earliest_end_of_the_grace_is_when_the_rule_itself_lets_go() {
    for (after_runs, after_hours, min_look_interval_hours) in
        [(1, 0, 12), (2, 48, 12), (5, 10, 12), (3, 100, 1)]
    {
        for daily in [false, true] {
            let rules = RetireRules { after_runs, after_hours, min_look_interval_hours };
            let mut history = AssetHistory::default();
            assert_eq!(rules.earliest_end(&history, daily), None, "no look has counted");
            rules.look(&mut history, at(0));
            let end = rules.earliest_end(&history, daily).unwrap();
            // Somebody looks every hour until then.
            let mut now = at(0);
            while !rules.grace_is_over(&history, daily, now) {
                assert!(now < end, "{rules:?}");
                now = now.checked_add(SignedDuration::from_hours(1)).unwrap();
                rules.look(&mut history, now);
            }
            assert_eq!(now, end, "{rules:?} {daily}");
        }
    }
}
