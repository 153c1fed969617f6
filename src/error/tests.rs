use std::collections::BTreeSet;

use bestand_model::identifiers::RunId;

use super::*;

fn run_id() -> RunId {
    RunId::new("20261128T090000.000Z-abcd")
}

/// One of each kind that has a next step of its own.
fn all() -> Vec<Error> {
    let secret = |key, source| Error::Secret { key, source };
    vec![
        Error::Settings(SettingsError::Wrong { path: "bestand.toml".into(), problems: vec!["x: y".into()] }),
        Error::Usage("`run` needs [central_register]".into()),
        secret(SecretKey::ApiKey, SecretError::NotSet("KEY".into())),
        secret(SecretKey::SourcePassword, SecretError::NoPlace),
        Error::Credentials(CredentialsError::Missing("none".into())),
        Error::Directory(DirectoryError::NoSuchUnits(vec!["ou-1".into()])),
        Error::Directory(DirectoryError::Unreadable("denied".into())),
        Error::NoAccountReadable { accounts: 3, first: "denied".into() },
        Error::SourceRegister(SourceRegisterError::Empty),
        Error::SourceShrunken { rows: 1, before: 9, min_share: 0.9 },
        Error::CentralRegister(RegisterError::Setup("no TLS".into())),
        Error::CentralRegister(RegisterError::TokenFile { path: "token".into(), reason: "empty".into() }),
        Error::CentralRegister(RegisterError::RepeatedCursor { call: "GET /v1/assets".into() }),
        Error::CentralRegister(RegisterError::NoLease),
        Error::Environment("the settings are for `a`, the run store for `b`".into()),
        Error::RunStore(RunStoreError::ForeignEnvironment { store: "a".into(), asked: "b".into() }),
        Error::RunStore(RunStoreError::Locked { holder: "another".into() }),
        Error::RunStore(RunStoreError::LeaseLost),
        Error::RunStore(RunStoreError::NewerSchema { found: 9, known: 1 }),
        Error::RunStore(RunStoreError::NoSuchRun { run_id: run_id() }),
        Error::RunStore(RunStoreError::RunExists { run_id: run_id() }),
        Error::RunStore(RunStoreError::Url { url: "ftp://x".into(), reason: "unknown".into() }),
        Error::RunStore(RunStoreError::DiskFull {
            path: "plan.json".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        }),
        Error::Plan("the plan expired".into()),
        Error::NoSuchKey("nothing".into()),
        Error::AmbiguousKey("two".into()),
        Error::Refused("the gate refuses the plan".into()),
        Error::Interrupted,
        Error::Terminated,
        Error::Unexpected("a bug".into()),
    ]
}

#[test]
fn every_status_that_ends_a_command_early_says_which_command_helps() {
    let mut met = BTreeSet::new();
    for error in all() {
        let step = error.next_step();
        assert!(step.contains("`bestand "), "{error}: {step}");
        assert_eq!(step.matches('`').count() % 2, 0, "the report sets commands apart by backticks: {step}");
        assert!(!error.to_string().is_empty());
        met.insert(error.exit_status());
    }
    // The others come with a summary, and its next steps.
    let by_summary =
        [ExitStatus::Done, ExitStatus::Drift, ExitStatus::Gaps, ExitStatus::PublicationIncomplete];
    let expected: BTreeSet<ExitStatus> =
        ExitStatus::ALL.into_iter().filter(|status| !by_summary.contains(status)).collect();
    assert_eq!(met, expected);
}
