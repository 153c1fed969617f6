use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{
    ExclusionByResourceTypes, RecorderStatus, RecordingMode, RecordingModeOverride, RecordingStrategy,
    RecordingStrategyType, ResourceType as SdkType,
};

use super::*;

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn types(names: &[&str]) -> Vec<SdkType> {
    names.iter().map(|name| SdkType::from(*name)).collect()
}

fn strategy(only: &str) -> RecordingStrategy {
    RecordingStrategy::builder().use_only(RecordingStrategyType::from(only)).build()
}

fn excluded(names: &[&str]) -> ExclusionByResourceTypes {
    ExclusionByResourceTypes::builder().set_resource_types(Some(types(names))).build()
}

fn recorder(group: Option<RecordingGroup>, mode: Option<RecordingMode>) -> ConfigurationRecorder {
    ConfigurationRecorder::builder()
        .name("default")
        .set_recording_group(group)
        .set_recording_mode(mode)
        .build()
}

fn status(recording: bool, last: Option<&str>, started: Option<&str>) -> ConfigurationRecorderStatus {
    let started = started.map(|time| DateTime::from_secs(time.parse::<Timestamp>().unwrap().as_second()));
    ConfigurationRecorderStatus::builder()
        .name("default")
        .recording(recording)
        .set_last_status(last.map(RecorderStatus::from))
        .set_last_start_time(started)
        .last_error_code("InsufficientDeliveryPolicy")
        .build()
}

const LONG_AGO: Option<&str> = Some("2024-01-01T00:00:00Z");

#[test]
fn semantics_2_1_only_a_recorder_that_runs_well_and_long_enough_is_believed() {
    for (recording, last, started, expected) in [
        (true, Some("SUCCESS"), LONG_AGO, None),
        (true, Some("Success"), LONG_AGO, None),
        (true, Some("SUCCESS"), Some("2026-11-22T09:00:00Z"), None),
        (true, Some("SUCCESS"), Some("2026-11-22T09:00:01Z"), Some(Reason::RecorderWarming)),
        (true, Some("SUCCESS"), None, Some(Reason::RecorderUnknown)),
        (true, Some("FAILURE"), LONG_AGO, Some(Reason::RecorderFailing)),
        (true, Some("PENDING"), LONG_AGO, Some(Reason::RecorderPending)),
        (true, None, LONG_AGO, Some(Reason::RecorderPending)),
        (true, Some("NOT_APPLICABLE"), LONG_AGO, Some(Reason::RecorderUnknown)),
        (false, Some("SUCCESS"), LONG_AGO, Some(Reason::RecorderStopped)),
        (false, Some("FAILURE"), LONG_AGO, Some(Reason::RecorderStopped)),
    ] {
        let verdict = judge(&recorder(None, None), Some(&status(recording, last, started)), now());
        assert_eq!(
            verdict.gap.as_ref().map(|(reason, _)| *reason),
            expected,
            "{recording} {last:?} {started:?}"
        );
    }
    let without_status = judge(&recorder(None, None), None, now());
    assert_eq!(without_status.gap.unwrap().0, Reason::RecorderUnknown);
}

#[test]
fn a_failing_recorder_tells_its_error() {
    let verdict = judge(&recorder(None, None), Some(&status(true, Some("FAILURE"), LONG_AGO)), now());
    assert!(verdict.gap.unwrap().1.contains("InsufficientDeliveryPolicy"));
}

/// Which of instance, bucket, role, global cluster and a private type are recorded.
fn recorded(group: Option<RecordingGroup>) -> [bool; 5] {
    let verdict = judge(&recorder(group, None), Some(&status(true, Some("SUCCESS"), LONG_AGO)), now());
    [
        "AWS::EC2::Instance",
        "AWS::S3::Bucket",
        "AWS::IAM::Role",
        "AWS::RDS::GlobalCluster",
        "Regiobus::Fahrzeug::Bordrechner",
    ]
    .map(|name| verdict.records(&ResourceType::from(name)))
}

#[test]
fn the_recording_group_decides_in_all_three_strategies() {
    let group = RecordingGroup::builder;
    let all = "ALL_SUPPORTED_RESOURCE_TYPES";
    for (case, group, expected) in [
        ("no group", None, [true, true, false, true, true]),
        ("all, without IAM", Some(group().all_supported(true).build()), [true, true, false, true, true]),
        (
            "all, with IAM",
            Some(group().all_supported(true).include_global_resource_types(true).build()),
            [true; 5],
        ),
        (
            "all, named, with IAM",
            Some(
                group()
                    .recording_strategy(strategy(all))
                    .all_supported(true)
                    .include_global_resource_types(true)
                    .build(),
            ),
            [true; 5],
        ),
        (
            "inclusion",
            Some(
                group()
                    .recording_strategy(strategy("INCLUSION_BY_RESOURCE_TYPES"))
                    .set_resource_types(Some(types(&["AWS::EC2::Instance", "AWS::IAM::Role"])))
                    .build(),
            ),
            [true, false, true, false, false],
        ),
        (
            "inclusion, unnamed",
            Some(group().set_resource_types(Some(types(&["AWS::S3::Bucket"]))).build()),
            [false, true, false, false, false],
        ),
        (
            "exclusion: IAM is recorded unless listed",
            Some(
                group()
                    .recording_strategy(strategy("EXCLUSION_BY_RESOURCE_TYPES"))
                    .exclusion_by_resource_types(excluded(&["AWS::S3::Bucket"]))
                    .build(),
            ),
            [true, false, true, true, true],
        ),
        (
            "exclusion of IAM",
            Some(
                group()
                    .recording_strategy(strategy("EXCLUSION_BY_RESOURCE_TYPES"))
                    .include_global_resource_types(true)
                    .exclusion_by_resource_types(excluded(&["AWS::IAM::Role"]))
                    .build(),
            ),
            [true, true, false, true, true],
        ),
        ("nothing at all", Some(group().build()), [false; 5]),
    ] {
        assert_eq!(recorded(group), expected, "{case}");
    }
}

#[test]
fn a_daily_mode_holds_for_every_type_but_those_with_a_frequency_of_their_own() {
    let override_ = |frequency: RecordingFrequency| {
        RecordingModeOverride::builder()
            .set_resource_types(Some(types(&["AWS::EC2::Instance"])))
            .recording_frequency(frequency)
            .build()
            .unwrap()
    };
    let mode = |frequency: RecordingFrequency, other: RecordingFrequency| {
        RecordingMode::builder()
            .recording_frequency(frequency)
            .recording_mode_overrides(override_(other))
            .build()
            .unwrap()
    };
    for (mode, by_default, instance) in [
        (None, false, false),
        (Some(mode(RecordingFrequency::Daily, RecordingFrequency::Continuous)), true, false),
        (Some(mode(RecordingFrequency::Continuous, RecordingFrequency::Daily)), false, true),
    ] {
        let verdict = judge(&recorder(None, mode), Some(&status(true, Some("SUCCESS"), LONG_AGO)), now());
        assert_eq!(verdict.is_daily(None), by_default);
        assert_eq!(verdict.is_daily(Some(&ResourceType::from("AWS::S3::Bucket"))), by_default);
        assert_eq!(verdict.is_daily(Some(&ResourceType::from("AWS::EC2::Instance"))), instance);
    }
}
