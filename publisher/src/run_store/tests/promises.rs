//! The promises of [`Files`], one by one.

use std::io::{Read as _, Write as _};

use super::Place;
use crate::run_store::RunStoreError;
use crate::run_store::files::{Durability, Files};

fn write(files: &dyn Files, key: &str, bytes: &[u8]) {
    std::fs::write(files.partial(key).unwrap(), bytes).unwrap();
    files.keep_partial(key, Durability::OnDisk).unwrap();
}

fn content(files: &dyn Files, key: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.open(key).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    for place in Place::each() {
        let (files, other) = (place.files(), place.files());
        let mut file = std::fs::File::create(files.partial("runs/a/plan.json").unwrap()).unwrap();
        file.write_all(b"{\"half\":").unwrap();
        assert_eq!(other.read("runs/a/plan.json").unwrap(), None);
        assert!(!other.exists("runs/a/plan.json").unwrap());
        assert_eq!(other.files("runs/a", ".json").unwrap(), Vec::<String>::new());
        file.write_all(b"1}").unwrap();
        drop(file);
        files.keep_partial("runs/a/plan.json", Durability::OnDisk).unwrap();
        assert_eq!(other.read("runs/a/plan.json").unwrap().as_deref(), Some(b"{\"half\":1}".as_slice()));
        write(&*files, "runs/a/plan.json", b"another");
        assert_eq!(content(&*other, "runs/a/plan.json"), b"another", "replaced as a whole");
    }
}

#[test]
fn a_file_that_is_given_up_leaves_nothing() {
    for place in Place::each() {
        let files = place.files();
        std::fs::write(files.partial("runs/a/x").unwrap(), "x").unwrap();
        files.drop_partial("runs/a/x");
        files.drop_partial("runs/a/x");
        assert!(files.keep_partial("runs/a/x", Durability::Whole).is_err());
        assert_eq!(files.read("runs/a/x").unwrap(), None);
        assert!(matches!(files.open("runs/a/x"), Err(RunStoreError::Missing { path }) if path == "runs/a/x"));
    }
}

#[test]
fn a_file_of_many_parts_arrives_byte_for_byte() {
    let bytes: Vec<u8> =
        (0..20_000_000_u32).flat_map(|at| [at as u8, (at >> 8) as u8]).take(30_000_001).collect();
    for place in Place::each() {
        let files = place.files();
        write(&*files, "runs/a/inventory/1.ndjson.zst", &bytes);
        assert!(content(&*files, "runs/a/inventory/1.ndjson.zst") == bytes);
        write(&*files, "runs/a/empty", b"");
        assert_eq!(content(&*files, "runs/a/empty"), b"");
    }
}

#[test]
fn folders_list_what_lies_in_them_and_no_more() {
    for place in Place::each() {
        let files = place.files();
        assert_eq!(files.folders("runs").unwrap(), Vec::<String>::new(), "no folder, no folders");
        assert!(files.create_folder("runs/b").is_ok_and(|made| made) || files.ensure_folder("runs").is_ok());
        for key in
            ["runs/b/intents/2.json", "runs/b/intents/1.json", "runs/b/intents/1.tmp", "runs/bb/plan.json"]
        {
            write(&*files, key, b"{}");
        }
        assert_eq!(files.files("runs/b/intents", ".json").unwrap(), ["1", "2"]);
        assert_eq!(files.files("runs/b/receipts", ".json").unwrap(), Vec::<String>::new());
        assert_eq!(files.folders("runs").unwrap(), ["b", "bb"]);
        assert!(files.is_folder("runs/b").unwrap() && !files.is_folder("runs/c").unwrap());
        assert!(!files.is_folder("run").unwrap(), "a beginning of a name is no folder");
    }
}

#[test]
fn a_folder_is_made_once() {
    for place in Place::each() {
        let (files, other) = (place.files(), place.files());
        files.ensure_folder("runs").unwrap();
        assert!(files.create_folder("runs/a").unwrap());
        assert!(!files.create_folder("runs/a").unwrap() && !other.create_folder("runs/a").unwrap());
        assert!(other.is_folder("runs/a").unwrap());
    }
}

#[test]
fn lines_are_added_one_by_one_also_by_two() {
    for place in Place::each() {
        let (files, other) = (place.files(), place.files());
        files.append_line("history/runs.ndjson", b"{\"a\":1}\n").unwrap();
        other.append_line("history/runs.ndjson", b"{\"b\":2}\n").unwrap();
        files.append_line("history/runs.ndjson", b"{\"c\":3}\n").unwrap();
        let text = files.read("history/runs.ndjson").unwrap().unwrap();
        assert_eq!(text, b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
    }
}

#[test]
fn a_version_is_replaced_only_by_who_has_read_it() {
    for place in Place::each() {
        let (files, other) = (place.files(), place.files());
        let first = files.put_if("lease.json", b"1", None).unwrap().unwrap();
        assert_eq!(other.put_if("lease.json", b"2", None).unwrap(), None, "it is there already");
        let (bytes, read) = other.read_tagged("lease.json").unwrap().unwrap();
        assert_eq!((bytes.as_slice(), &read), (b"1".as_slice(), &first));
        let second = other.put_if("lease.json", b"2", Some(&read)).unwrap().unwrap();
        assert_eq!(files.put_if("lease.json", b"3", Some(&first)).unwrap(), None, "somebody was faster");
        assert_ne!(first, second);
        assert_eq!(files.read("lease.json").unwrap().as_deref(), Some(b"2".as_slice()));
        assert_eq!(
            files.put_if("other.json", b"1", Some(&first)).unwrap(),
            None,
            "nothing is there to replace"
        );
    }
}

#[test]
fn many_writers_of_one_version_have_one_winner() {
    for place in Place::each() {
        let wins: usize = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8)
                .map(|at| {
                    let files = place.files();
                    scope.spawn(move || files.put_if("lease.json", format!("{at}").as_bytes(), None).unwrap())
                })
                .collect();
            writers.into_iter().map(|writer| usize::from(writer.join().unwrap().is_some())).sum()
        });
        assert_eq!(wins, 1);
    }
}

#[test]
fn probing_leaves_no_trace() {
    for place in Place::each() {
        let files = place.files();
        files.probe("probe-1").unwrap();
        assert!(!files.exists("probe-1").unwrap());
    }
}

#[test]
fn a_tree_lists_whole_files_at_any_depth_with_their_sizes() {
    for place in Place::each() {
        let files = place.files();
        assert_eq!(files.tree("runs/b").unwrap(), Vec::new(), "no folder, no files");
        files.ensure_folder("runs").unwrap();
        files.create_folder("runs/b").unwrap();
        for key in ["runs/b/run.json", "runs/b/intents/1.json", "runs/bb/plan.json"] {
            write(&*files, key, b"{}");
        }
        std::fs::write(files.partial("runs/b/half.json").unwrap(), "h").unwrap();
        let expected = [("intents/1.json".to_owned(), 2), ("run.json".to_owned(), 2)];
        assert_eq!(files.tree("runs/b").unwrap(), expected);
    }
}
