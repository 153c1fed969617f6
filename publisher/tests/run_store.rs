//! The run store on a real disk: nothing half-written is ever visible, damage and a full disk are told as such.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail it, too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bestand_model::identifiers::RunId;
use bestand_publisher::run_store::{LeaseTerms, RunDirectory, RunStore, RunStoreError, Spool};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Line {
    number: u64,
    text: String,
}

fn line(number: u64) -> Line {
    Line { number, text: format!("<tram № {number}>\nsecond half") }
}

fn store(folder: &Path) -> RunStore {
    RunStore::open("file:store", folder).unwrap()
}

fn directory(folder: &Path) -> RunDirectory {
    store(folder).create_run(&RunId::new("run-1")).unwrap()
}

fn path_of(directory: &RunDirectory) -> PathBuf {
    PathBuf::from(directory.place(""))
}

fn terms(run_id: &str) -> LeaseTerms {
    LeaseTerms {
        run_id: RunId::new(run_id),
        register_id: Some("register-of-the-test".into()),
        term: Duration::from_secs(60),
        clock: || Timestamp::UNIX_EPOCH,
    }
}

fn everything_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            names.extend(everything_below(&entry.path()));
        } else {
            names.push(entry.file_name().into_string().unwrap());
        }
    }
    names.sort();
    names
}

#[test]
fn a_store_is_given_to_one_environment_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.environment().unwrap(), None);
    let made = store.init("staging", Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(store.environment().unwrap().as_ref(), Some(&made));
    assert_eq!(store.init("staging", Timestamp::MAX).unwrap(), made, "the same again changes nothing");
    let error = store.init("production", Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(matches!(&error, RunStoreError::ForeignEnvironment { store, asked }
        if store == "staging" && asked == "production"));
    assert_eq!(store.environment().unwrap(), Some(made));
}

#[test]
fn whether_a_store_can_be_written_is_found_out_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let _lock = store.lease(terms("run-1")).unwrap();
    store.check_writable().unwrap();
    assert_eq!(
        everything_below(folder.path()),
        ["lease.json", "lock", "lock.guard"],
        "and without the lease of the run at work"
    );
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = RunStore::open("file:file/store", folder.path()).unwrap();
    assert!(matches!(below_a_file.check_writable().unwrap_err(), RunStoreError::Io { .. }));
}

#[test]
fn a_store_of_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("store")).unwrap();
    let text = r#"{"environment":"staging","created_at":"2026-11-23T06:00:00Z","schema_version":99}"#;
    fs::write(folder.path().join("store/environment.json"), text).unwrap();
    let error = store(folder.path()).environment().unwrap_err();
    assert!(matches!(error, RunStoreError::NewerSchema { found: 99, .. }), "{error}");
}

#[test]
fn one_run_at_a_time_holds_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path()).lease(terms("run-1")).unwrap();
    let error = store(folder.path()).lease(terms("run-2")).unwrap_err();
    let RunStoreError::Locked { holder } = &error else { panic!("{error}") };
    assert_eq!(holder, &format!("run run-1, process {}, until 1970-01-01T00:01:00Z", std::process::id()));
    drop(first);
    let second = store(folder.path()).lease(terms("run-2")).unwrap();
    let error = store(folder.path()).lease(terms("run-1")).unwrap_err();
    assert!(error.to_string().contains("run run-2"), "{error}");
    drop(second);
}

#[test]
fn runs_are_made_once_and_listed_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert!(store.runs().unwrap().is_empty());
    for id in ["20261123-b", "20261123-a", "20261122-z"] {
        store.create_run(&RunId::new(id)).unwrap();
    }
    let names: Vec<_> = store.runs().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["20261122-z", "20261123-a", "20261123-b"]);
    assert!(matches!(store.create_run(&RunId::new("20261123-a")), Err(RunStoreError::RunExists { .. })));
    assert!(matches!(store.run(&RunId::new("20261123-c")), Err(RunStoreError::NoSuchRun { .. })));
    assert_eq!(store.run(&RunId::new("20261123-a")).unwrap().run_id().as_str(), "20261123-a");
}

#[test]
fn no_name_leads_out_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let directory = directory(folder.path());
    for wrong in ["", "..", ".", "../x", "a/b", "/etc/passwd", "a\\b", "a\0b", ".hidden", &"x".repeat(129)] {
        let refused = [
            directory.spool::<Line>(Spool::Records, wrong).err(),
            directory.read::<Line>(Spool::Records, wrong).err(),
            directory.exists(Spool::Records, wrong).err(),
            directory.ndjson::<Line>(wrong).err(),
            directory.write_json(wrong, &1).err(),
            directory.read_json::<u8>(wrong).err(),
            directory.write_bytes(wrong).err(),
            directory.write_intent(wrong, &1).err(),
            directory.read_receipt::<u8>(wrong).err(),
            directory.partitioned(Spool::Records).unwrap().push(wrong, &1).err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(RunStoreError::UnsafeName { .. })), "{wrong:?}: {error:?}");
        }
    }
    for wrong in ["../environment", "accounts/../../x", "accounts//x", "/x", "accounts/"] {
        assert!(matches!(store.write_history(wrong, &1), Err(RunStoreError::UnsafeName { .. })), "{wrong:?}");
    }
    assert!(matches!(store.create_run(&RunId::new("../../x")), Err(RunStoreError::UnsafeName { .. })));
    assert!(matches!(store.run(&RunId::new("..")), Err(RunStoreError::UnsafeName { .. })));
}

#[test]
fn history_is_replaced_whole_and_damage_is_never_taken_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.read_history::<Line>("accounts/111111111111").unwrap(), None);
    store.write_history("accounts/111111111111", &line(1)).unwrap();
    store.write_history("accounts/111111111111", &line(2)).unwrap();
    assert_eq!(store.read_history("accounts/111111111111").unwrap(), Some(line(2)));
    fs::write(folder.path().join("store").join("history/accounts/111111111111.json"), "{\"number\":")
        .unwrap();
    let error = store.read_history::<Line>("accounts/111111111111").unwrap_err();
    let RunStoreError::Damaged { path, .. } = &error else { panic!("{error}") };
    assert_eq!(path, "history/accounts/111111111111.json");
}

#[test]
fn a_growing_history_loses_nothing_but_what_a_killed_run_tore() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert!(store.read_history_lines::<Line>("runs").unwrap().is_empty());
    store.append_history("runs", &line(1)).unwrap();
    store.append_history("runs", &line(2)).unwrap();
    let file = folder.path().join("store").join("history/runs.ndjson");
    let mut torn = fs::read(&file).unwrap();
    torn.extend_from_slice(br#"{"number":3,"te"#);
    fs::write(&file, torn).unwrap();
    assert_eq!(store.read_history_lines::<Line>("runs").unwrap(), [line(1), line(2)]);
    store.append_history("runs", &line(4)).unwrap();
    assert_eq!(store.read_history_lines::<Line>("runs").unwrap(), [line(1), line(2), line(4)]);
}

#[test]
fn a_spool_comes_back_as_it_was_written_and_other_tools_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let mut writer = directory.spool(Spool::Inventory, "111111111111").unwrap();
    (0..5000).for_each(|number| writer.push(&line(number)).unwrap());
    assert!(directory.names(Spool::Inventory).unwrap().is_empty(), "unfinished is not visible");
    assert!(!directory.exists(Spool::Inventory, "111111111111").unwrap());
    assert_eq!(writer.finish().unwrap(), 5000);
    assert_eq!(directory.names(Spool::Inventory).unwrap(), ["111111111111"]);
    let read: Result<Vec<Line>, _> = directory.read(Spool::Inventory, "111111111111").unwrap().collect();
    assert_eq!(read.unwrap(), (0..5000).map(line).collect::<Vec<_>>());

    let file = fs::File::open(path_of(&directory).join("inventory/111111111111.ndjson.zst")).unwrap();
    let text = String::from_utf8(zstd::decode_all(file).unwrap()).unwrap();
    assert_eq!(text.lines().count(), 5000);
    assert!(text.lines().all(|text| serde_json::from_str::<Line>(text).is_ok()));
}

#[test]
fn only_the_lines_with_a_text_are_read_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let texts = ["Wagen \"7\"", "\"", "Wagen\n8", "Straße", "Wagen 71", "C:\\dir"];
    let mut spool = directory.spool(Spool::Judged, "a").unwrap();
    for (number, text) in texts.iter().enumerate() {
        spool.push(&Line { number: number as u64, text: (*text).to_owned() }).unwrap();
    }
    spool.finish().unwrap();
    let with = |text: &str| -> Vec<u64> {
        let lines = directory.read_with::<Line>(Spool::Judged, "a", text).unwrap();
        lines.map(|line| line.unwrap().number).collect()
    };
    for (number, text) in texts.iter().enumerate() {
        assert!(with(text).contains(&(number as u64)), "{text:?} is found as it was written");
    }
    assert_eq!(with("Wagen 7"), [4]);
    assert_eq!(with("Wagen\n8"), [2]);
    assert_eq!(with(""), [0, 1, 2, 3, 4, 5], "no text: all lines");
    assert!(with("Bus").is_empty());

    // A damaged line is told where it has the text, and with its own number.
    let path = path_of(&directory).join("judged/a.ndjson.zst");
    let lines = "{\"number\":1,\"text\":\"x\"}\n{\"number\":2}\n{\"number\":oops,\"text\":\"bus\"}\n";
    fs::write(&path, zstd::encode_all(lines.as_bytes(), 1).unwrap()).unwrap();
    let mut read = directory.read_with::<Line>(Spool::Judged, "a", "bus").unwrap();
    assert!(matches!(read.next(), Some(Err(RunStoreError::Damaged { line: Some(3), .. }))));
}

#[test]
fn an_empty_spool_is_there_and_a_missing_one_is_told_as_missing() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    assert_eq!(directory.spool::<Line>(Spool::Findings, "none").unwrap().finish().unwrap(), 0);
    assert_eq!(directory.read::<Line>(Spool::Findings, "none").unwrap().count(), 0);
    let error = directory.read::<Line>(Spool::Findings, "other").unwrap_err();
    let RunStoreError::Missing { path } = &error else { panic!("{error}") };
    assert_eq!(path, "runs/run-1/findings/other.ndjson.zst");
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let mut spool = directory.spool(Spool::Changes, "a").unwrap();
    spool.push(&line(1)).unwrap();
    let mut plain = directory.ndjson("coverage").unwrap();
    plain.push(&line(1)).unwrap();
    let bytes = directory.write_bytes("report.html").unwrap();
    let mut parts = directory.partitioned(Spool::Records).unwrap().with_buffer(0);
    parts.push("a", &line(1)).unwrap();
    drop((spool, plain, bytes, parts));
    assert_eq!(everything_below(&path_of(&directory)), Vec::<String>::new());
}

#[test]
fn what_a_killed_run_left_behind_is_neither_listed_nor_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let mut parts = directory.partitioned(Spool::Records).unwrap().with_buffer(0);
    parts.push("a", &line(1)).unwrap();
    std::mem::forget(parts);
    let mut spool = directory.spool(Spool::Records, "b").unwrap();
    spool.push(&line(1)).unwrap();
    std::mem::forget(spool);
    assert!(directory.names(Spool::Records).unwrap().is_empty());

    let mut parts = directory.partitioned(Spool::Records).unwrap().with_buffer(0);
    parts.push("a", &line(2)).unwrap();
    parts.push("b", &line(3)).unwrap();
    parts.finish().unwrap();
    for (name, expected) in [("a", line(2)), ("b", line(3))] {
        let read: Result<Vec<Line>, _> = directory.read(Spool::Records, name).unwrap().collect();
        assert_eq!(read.unwrap(), [expected]);
    }
}

#[test]
fn thousands_of_partitions_are_written_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let mut parts = directory.partitioned(Spool::Records).unwrap().with_buffer(64 << 10);
    let account = |number: u64| format!("{:012}", number * 7919 % 3000);
    (0..12_000).for_each(|number| parts.push(&account(number), &line(number)).unwrap());
    assert!(directory.names(Spool::Records).unwrap().is_empty(), "none is visible before all are finished");
    let written = parts.finish().unwrap();
    assert_eq!((written.len(), written.values().sum::<u64>()), (3000, 12_000));
    assert_eq!(directory.names(Spool::Records).unwrap(), written.keys().cloned().collect::<Vec<_>>());
    for name in [account(0), account(2999)] {
        let read: Result<Vec<Line>, _> = directory.read(Spool::Records, &name).unwrap().collect();
        let expected: Vec<_> = (0..12_000).filter(|number| account(*number) == name).map(line).collect();
        assert_eq!(read.unwrap(), expected, "in the order of pushing, over several frames");
    }
}

#[test]
fn damage_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let whole = r#"{"number":1,"text":"a"}"#;
    for (text, expected_line) in [
        (format!("{whole}\n{{\"number\":\"x\"}}\n{whole}\n"), 2),
        (format!("{whole}\n{whole}\n{whole}"), 3),
        (format!("{whole}\n\n"), 2),
    ] {
        fs::write(path_of(&directory).join("coverage.ndjson"), &text).unwrap();
        let items: Vec<_> = directory.read_ndjson::<Line>("coverage").unwrap().collect();
        let Some(Err(RunStoreError::Damaged { path, line, .. })) = items.last() else { panic!("{items:?}") };
        assert_eq!((path.as_str(), *line), ("runs/run-1/coverage.ndjson", Some(expected_line)));
        assert!(items.iter().rev().skip(1).all(Result::is_ok));
    }
}

#[test]
fn a_cut_or_altered_spool_is_damage_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    let mut writer = directory.spool(Spool::Changes, "a").unwrap();
    (0..20).for_each(|number| writer.push(&line(number)).unwrap());
    writer.finish().unwrap();
    let file = path_of(&directory).join("changes/a.ndjson.zst");
    let whole = fs::read(&file).unwrap();
    let reads = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        directory.read::<Line>(Spool::Changes, "a").and_then(|lines| lines.collect::<Result<Vec<_>, _>>())
    };
    let expected: Vec<_> = (0..20).map(line).collect();
    assert_eq!(reads(&whole).unwrap(), expected);
    for length in 0..whole.len() {
        let result = reads(&whole[..length]);
        assert!(matches!(result, Err(RunStoreError::Damaged { .. })), "cut to {length}: {result:?}");
    }
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        // A few bits of a frame's head carry no meaning: altering them must not alter the lines either.
        if let Ok(lines) = reads(&altered) {
            assert_eq!(lines, expected, "byte {at}");
        }
    }
}

#[test]
fn documents_are_replaced_whole_and_listed_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(folder.path());
    assert_eq!(directory.read_json::<Line>("run").unwrap(), None);
    directory.write_json("run", &line(1)).unwrap();
    directory.write_json("run", &line(2)).unwrap();
    assert_eq!(directory.read_json("run").unwrap(), Some(line(2)));
    assert!(directory.intents().unwrap().is_empty() && directory.receipts().unwrap().is_empty());
    directory.write_intent("000002", &line(2)).unwrap();
    directory.write_intent("000001", &line(1)).unwrap();
    directory.write_receipt("000001", &line(3)).unwrap();
    assert_eq!(directory.intents().unwrap(), ["000001", "000002"]);
    assert_eq!(directory.receipts().unwrap(), ["000001"]);
    assert_eq!(directory.read_intent("000001").unwrap(), Some(line(1)));
    assert_eq!(directory.read_receipt("000001").unwrap(), Some(line(3)));
    assert_eq!(directory.read_receipt::<Line>("000002").unwrap(), None);
}

#[test]
fn a_file_where_the_store_should_be_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("store"), "not a folder").unwrap();
    let error = store(folder.path()).init("staging", Timestamp::UNIX_EPOCH).unwrap_err();
    let RunStoreError::Io { .. } = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("a file stands where a folder belongs"), "{error}");
}

/// `/dev/full` answers every write with the system's own "no space left"; the partial files lead there.
mod disk_full {
    use std::io::Write as _;

    use super::*;

    fn full(directory: &RunDirectory, name: &str) {
        let partial = path_of(directory).join(format!("{name}.partial"));
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/dev/full", partial).unwrap();
    }

    fn is_full(error: Option<RunStoreError>, name: &str) {
        let Some(RunStoreError::DiskFull { path, .. }) = &error else { panic!("{name}: {error:?}") };
        assert_eq!(path, &format!("runs/run-1/{name}"));
    }

    #[test]
    fn a_spool_tells_it_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path());
        full(&directory, "inventory/a.ndjson.zst");
        let mut writer = directory.spool(Spool::Inventory, "a").unwrap();
        // Few lines stay in the compressor: the last moment to notice is the finish.
        writer.push(&line(1)).unwrap();
        is_full(writer.finish().err(), "inventory/a.ndjson.zst");
        assert_eq!(everything_below(&path_of(&directory)), Vec::<String>::new());

        full(&directory, "inventory/a.ndjson.zst");
        let mut writer = directory.spool(Spool::Inventory, "a").unwrap();
        let error = (0..10_000_000).find_map(|number| writer.push(&line(number * 7919)).err());
        is_full(error, "inventory/a.ndjson.zst");
        drop(writer);
        assert_eq!(everything_below(&path_of(&directory)), Vec::<String>::new());
    }

    #[test]
    fn a_partitioned_spool_tells_it_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path());
        let mut parts = directory.partitioned(Spool::Records).unwrap().with_buffer(0);
        parts.push("a", &line(1)).unwrap();
        parts.push("b", &line(1)).unwrap();
        fs::remove_file(path_of(&directory).join("records/a.ndjson.zst.partial")).unwrap();
        full(&directory, "records/a.ndjson.zst");
        is_full(parts.push("a", &line(2)).err(), "records/a.ndjson.zst");
        drop(parts);
        assert_eq!(everything_below(&path_of(&directory)), Vec::<String>::new());
    }

    #[test]
    fn a_document_that_was_there_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path());
        directory.write_receipt("000001", &line(1)).unwrap();
        full(&directory, "receipts/000001.json");
        is_full(directory.write_receipt("000001", &line(2)).err(), "receipts/000001.json");
        assert_eq!(directory.read_receipt("000001").unwrap(), Some(line(1)));
        full(&directory, "intents/000002.json");
        is_full(directory.write_intent("000002", &line(2)).err(), "intents/000002.json");
        assert!(directory.intents().unwrap().is_empty());
        assert_eq!(everything_below(&path_of(&directory)), ["000001.json"]);
    }

    #[test]
    fn plain_lines_and_reports_tell_it() {
        let folder = tempfile::tempdir().unwrap();
        let directory = directory(folder.path());
        full(&directory, "coverage.ndjson");
        let mut writer = directory.ndjson("coverage").unwrap();
        writer.push(&line(1)).unwrap();
        is_full(writer.finish().err(), "coverage.ndjson");
        full(&directory, "report.html");
        let mut report = directory.write_bytes("report.html").unwrap();
        let error = report.write_all(b"<html>").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        drop(report);
        assert_eq!(everything_below(&path_of(&directory)), Vec::<String>::new());
    }
}
