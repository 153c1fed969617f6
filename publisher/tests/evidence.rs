//! Evidence packs: the same bytes for the same run, and nothing that was done to one goes unseen.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail it, too")]

use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};

use bestand_model::identifiers::RunId;
use bestand_publisher::evidence::{
    Identities, MANIFEST_FILE, Manifest, Outcome, PackHead, Packed, Unpacked, Window, check_lines, unpack,
    write_pack,
};
use bestand_publisher::run_store::{RunDirectory, RunStore, Spool};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

type Archive = ZipWriter<Cursor<Vec<u8>>>;

fn head() -> PackHead {
    PackHead {
        run_id: RunId::new("run-1"),
        environment: "staging".into(),
        command: "run".into(),
        outcome: Outcome::Done,
        exit_status: Some(0),
        tool_version: "0.1.0".into(),
        window: Window { started_at: "2026-11-28T06:07:09Z".parse().unwrap(), ended_at: None },
        identities: Identities::default(),
        settings_digest: "00".into(),
        plan_digest: None,
    }
}

fn run(folder: &TempDir) -> RunDirectory {
    let store = RunStore::open("file:store", folder.path()).unwrap();
    let directory = store.create_run(&RunId::new("run-1")).unwrap();
    directory.write_json("run", &"a run").unwrap();
    directory.write_json("plan", &vec!["a plan"; 20]).unwrap();
    let mut spool = directory.spool::<String>(Spool::Findings, "111111111111").unwrap();
    (0..50).for_each(|number| spool.push(&format!("=cmd|{number}\u{202e}\n")).unwrap());
    spool.finish().unwrap();
    for spool in [Spool::Records, Spool::Inventory, Spool::Judged, Spool::Published] {
        let mut spool = directory.spool::<String>(spool, "111111111111").unwrap();
        spool.push(&"an owner".to_owned()).unwrap();
        spool.finish().unwrap();
    }
    directory.write_receipt("000001", &"a receipt").unwrap();
    let mut report = directory.write_bytes("report.html").unwrap();
    report.write_all(b"<html>".repeat(40).as_slice()).unwrap();
    report.finish().unwrap();
    directory
}

fn pack(directory: &RunDirectory, inputs: bool) -> (Vec<u8>, Packed) {
    let mut bytes = Cursor::new(Vec::new());
    let packed = write_pack(&mut bytes, directory, head(), "0.1.0", inputs).unwrap();
    (bytes.into_inner(), packed)
}

fn check(bytes: &[u8]) -> Unpacked {
    let folder = tempfile::tempdir().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    unpack(&file, &folder.path().join("unpacked")).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], words: &str) {
    let found = check(bytes);
    assert!(found.problems.iter().any(|problem| problem.contains(words)), "{words}: {:?}", found.problems);
}

/// Packs files of any kind, with a manifest that fits them.
fn forged(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    forged_as(files, files, method)
}

/// The same with a manifest that speaks of other files.
fn forged_as(told: &[(&str, &[u8])], files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let manifest = Manifest {
        schema_version: 1,
        packed_by: "x".into(),
        run: head(),
        left_out: Vec::new(),
        files: told
            .iter()
            .map(|(path, bytes)| bestand_publisher::evidence::PackedFile {
                path: (*path).to_owned(),
                bytes: bytes.len() as u64,
                sha256: bestand_model::digest::sha256_hex(bytes),
            })
            .collect(),
    };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        archive.start_file(*path, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file(MANIFEST_FILE, stored).unwrap();
    archive.write_all(&manifest.bytes().unwrap()).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn the_same_run_gives_the_same_bytes_and_they_are_good() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, packed) = pack(&run(&one), false);
    let (second, _) = pack(&run(&other), false);
    assert!(first == second, "packs differ");
    let found = check(&first);
    assert_eq!(found.problems, Vec::<String>::new());
    assert_eq!(found.digest.as_deref(), Some(packed.digest.as_str()));
    let manifest = found.manifest.unwrap();
    let paths: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    let expected =
        ["findings/111111111111.ndjson.zst", "plan.json", "receipts/000001.json", "report.html", "run.json"];
    assert_eq!(paths, expected, "what the run was judged by is left out");
    assert_eq!(manifest.left_out, ["inventory", "judged", "published", "records"]);
    assert_eq!(packed.files, 5);

    let (whole, packed) = pack(&run(&tempfile::tempdir().unwrap()), true);
    assert_eq!((packed.files, check(&whole).problems), (9, Vec::new()));
}

#[test]
fn half_written_and_strange_files_are_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(&folder);
    let path = std::path::PathBuf::from(directory.place(""));
    let before = pack(&directory, false).0;
    std::fs::write(path.join("plan.json.partial"), "half").unwrap();
    std::fs::write(path.join(".hidden"), "x").unwrap();
    std::fs::write(path.join("a name"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", path.join("link.json")).unwrap();
    assert!(pack(&directory, false).0 == before);
}

/// Everything but a deflated file's own bits is compared as it stands; of those, the ones behind the last block say
/// nothing, and no reader sees them.
#[test]
fn no_flipped_bit_is_good_but_the_padding_of_a_deflated_file() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, _) = pack(&run(&folder), false);
    let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let padded: Vec<u64> = (0..archive.len())
        .filter_map(|index| {
            let file = archive.by_index_raw(index).unwrap();
            (file.compression() == CompressionMethod::Deflated)
                .then(|| file.data_start().unwrap() + file.compressed_size() - 1)
        })
        .collect();
    for at in 0..bytes.len() {
        // One bit of each byte, another one from byte to byte.
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let good = check(&changed).problems.is_empty();
        assert!(!good || padded.contains(&(at as u64)), "byte {at} of {}", bytes.len());
    }
}

#[test]
fn a_pack_that_is_cut_off_or_grown_is_not_good() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, _) = pack(&run(&folder), false);
    for length in 0..bytes.len() {
        assert!(!check(&bytes[..length]).problems.is_empty(), "cut off at {length}");
    }
    let grown = |before: &[u8], after: &[u8]| [before, &bytes, after].concat();
    assert!(!check(&grown(b"", b"x")).problems.is_empty());
    assert!(!check(&grown(b"x", b"")).problems.is_empty());
    assert!(!check(&grown(b"", &bytes)).problems.is_empty());
}

#[test]
fn names_that_lead_out_or_that_nobody_expects_are_refused() {
    for path in ["../run.json", "/etc/passwd", "a/../../b", "C:\\x", "changes\\a", "", "a//b", "a b\n"] {
        let found = check(&forged(&[(path, b"x")], CompressionMethod::Deflated));
        assert!(!found.problems.is_empty(), "{path}");
        assert!(found.problems.iter().all(|line| !line.contains('\n')), "{:?}", found.problems);
    }
}

#[test]
fn a_file_that_is_not_the_one_that_the_manifest_names_is_told() {
    let deflated = |told: &[u8], there: &[u8]| {
        forged_as(&[("run.json", told)], &[("run.json", there)], CompressionMethod::Deflated)
    };
    refused(&deflated(b"done", b"lost"), "`run.json`: its digest is not the manifest's");
    refused(&deflated(b"done", b"undone"), "`run.json`: it has 6 bytes, the manifest says 4");
    let twice = [("run.json", b"x".as_slice()), ("run.json", b"x".as_slice())];
    refused(&forged_as(&twice, &twice[..1], CompressionMethod::Deflated), "the manifest names it twice");
}

#[test]
fn another_method_of_compression_and_another_time_are_refused() {
    refused(&forged(&[("run.json", b"x")], CompressionMethod::Stored), "another method");
    refused(&forged(&[("a.ndjson.zst", b"x")], CompressionMethod::Deflated), "another method");
    refused(&forged(&[("run.json", b"x")], CompressionMethod::Deflated), "not as bestand writes it");
}

#[test]
fn missing_extra_and_linked_files_are_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, _) = pack(&run(&folder), false);
    let rewritten = |change: &dyn Fn(&mut Archive, &str) -> bool| {
        let mut source = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let mut target = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..source.len() {
            let file = source.by_index_raw(index).unwrap();
            let name = file.name().to_owned();
            if change(&mut target, &name) {
                target.raw_copy_file(file).unwrap();
            }
        }
        target.finish().unwrap().into_inner()
    };
    refused(
        &rewritten(&|_, name| name != "plan.json"),
        "`plan.json`: it is in the manifest, but not in the pack",
    );
    let extra = rewritten(&|target, name| {
        if name == MANIFEST_FILE {
            target.start_file("report.exe", SimpleFileOptions::default()).unwrap();
        }
        true
    });
    refused(&extra, "`report.exe`: it is in the pack, but not in the manifest");
    let linked = rewritten(&|target, name| {
        if name == "plan.json" {
            target.add_symlink(name, "/etc/passwd", SimpleFileOptions::default()).unwrap();
        }
        name != "plan.json"
    });
    refused(&linked, "`plan.json`: it is no file");
    refused(&rewritten(&|_, name| name != MANIFEST_FILE), "no evidence pack");
}

#[test]
fn a_pack_that_claims_more_than_it_can_hold_is_not_unpacked() {
    let zeros = vec![0; 65 << 20];
    refused(&forged(&[("run.json", &zeros)], CompressionMethod::Deflated), "at most");
    let many = zstd_of(&vec![b'x'; 65 << 20]);
    assert!(check_lines("findings/a.ndjson.zst", &mut many.as_slice()).is_err(), "an endless line");
    assert!(check_lines("findings/a.ndjson.zst", &mut zstd_of(b"x\ny\n").as_slice()).is_ok());
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn a_newer_pack_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, _) = pack(&run(&folder), false);
    let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut manifest = String::new();
    archive.by_name(MANIFEST_FILE).unwrap().read_to_string(&mut manifest).unwrap();
    let newer = manifest.replacen("\"schema_version\": 1", "\"schema_version\": 2", 1);
    let mut target = ZipWriter::new(Cursor::new(Vec::new()));
    target
        .start_file(MANIFEST_FILE, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
        .unwrap();
    target.write_all(newer.as_bytes()).unwrap();
    refused(&target.finish().unwrap().into_inner(), "use a newer version");
}
