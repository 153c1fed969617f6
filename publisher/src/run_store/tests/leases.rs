//! One holder at a time, and none that does not know when it is over (SEMANTICS 3.7).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bestand_model::identifiers::RunId;
use jiff::Timestamp;

use super::Place;
use crate::run_store::files::Files;
use crate::run_store::root::Root;
use crate::run_store::{Lease, LeaseTerms, RunStoreError, lease};

/// Seconds that this test thread's time of day is ahead of 2026-11-25.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_second(1_795_600_000 + AHEAD.load(Ordering::SeqCst)).unwrap()
}

fn noon() -> Timestamp {
    Timestamp::from_second(1_795_600_000).unwrap()
}

fn a_day_later() -> Timestamp {
    Timestamp::from_second(1_795_686_400).unwrap()
}

fn terms(run_id: &str, term: Duration, clock: fn() -> Timestamp) -> LeaseTerms {
    LeaseTerms { run_id: RunId::new(run_id), register_id: Some("register-1".into()), term, clock }
}

fn take(root: &Arc<Root>, run_id: &str, clock: fn() -> Timestamp) -> Result<Lease, RunStoreError> {
    lease::take(root, terms(run_id, Duration::from_secs(60), clock))
}

#[track_caller]
fn refused(taken: Result<Lease, RunStoreError>, by: &str) {
    match taken {
        Err(RunStoreError::Locked { holder }) => assert!(holder.contains(by), "{holder}"),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never came about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn semantics_3_7_one_run_holds_the_store_and_gives_it_back() {
    for place in Place::each() {
        let first = take(&place.open(), "run-1", noon).unwrap();
        assert!(first.tenure().holds());
        refused(take(&place.open(), "run-2", noon), "run run-1");
        drop(first);
        let second = take(&place.open(), "run-2", noon).unwrap();
        refused(take(&place.open(), "run-1", noon), "run run-2");
        drop(second);
    }
}

#[test]
fn semantics_3_7_the_lease_names_the_register_and_its_end() {
    for place in Place::each() {
        let _lease = take(&place.open(), "run-1", noon).unwrap();
        let text = String::from_utf8(place.files().read("lease.json").unwrap().unwrap()).unwrap();
        let lease: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(lease["register_id"], "register-1");
        assert_eq!(lease["expires_at"], (noon() + jiff::SignedDuration::from_secs(60)).to_string());
    }
}

#[test]
fn semantics_3_7_a_lease_that_was_not_renewed_is_taken_over_and_its_holder_writes_nothing_more() {
    for place in Place::each() {
        let paused = place.open();
        // It is not renewed within this test: a third of an hour is long.
        let long = Duration::from_secs(3_600);
        let lease = lease::take(&paused, terms("run-1", long, noon)).unwrap();
        paused.write_json("runs/a/intents/1.json", &1).unwrap();
        let next = place.open();
        let new = take(&next, "run-2", a_day_later).unwrap();
        assert!(new.tenure().holds());
        next.write_json("runs/a/receipts/1.json", &"by run-2").unwrap();
        // The one that wakes finds out when it renews; here it is told so at once, as its clock would tell it.
        lease.tenure().lose();
        for wrong in [
            paused.write_json("runs/a/receipts/1.json", &"by run-1"),
            paused.append_line("history/runs.ndjson", b"{}\n"),
            paused.create_folder("runs/z").map(drop),
        ] {
            assert!(matches!(wrong, Err(RunStoreError::LeaseLost)), "{wrong:?}");
        }
        assert_eq!(next.read_json::<String>("runs/a/receipts/1.json").unwrap().as_deref(), Some("by run-2"));
        // Nor does it give back what is not its own any more.
        drop(lease);
        refused(take(&place.open(), "run-3", a_day_later), "run run-2");
    }
}

#[test]
fn semantics_3_7_who_lost_the_lease_finds_out_at_the_next_renewal() {
    for place in Place::each() {
        let first = lease::take(&place.open(), terms("run-1", Duration::from_secs(3), noon)).unwrap();
        let second = take(&place.open(), "run-2", a_day_later).unwrap();
        wait_until(|| !first.tenure().holds());
        assert!(second.tenure().holds());
    }
}

#[test]
fn semantics_3_7_a_lease_is_renewed_as_long_as_it_is_held() {
    for place in Place::each() {
        let term = Duration::from_secs(3);
        let lease = lease::take(&place.open(), terms("run-1", term, noon)).unwrap();
        let tenure = lease.tenure();
        wait_until(|| tenure.left() < term.mul_f64(0.9));
        let left = tenure.left();
        wait_until(|| tenure.left() > left);
        drop(lease);
        assert!(!tenure.holds());
    }
}

#[test]
fn semantics_3_7_clocks_of_two_machines_may_differ_a_little() {
    AHEAD.store(0, Ordering::SeqCst);
    for place in Place::each() {
        AHEAD.store(0, Ordering::SeqCst);
        let _held = lease::take(&place.open(), terms("run-1", Duration::from_secs(3_600), clock)).unwrap();
        AHEAD.store(3_600 + 900, Ordering::SeqCst);
        refused(take(&place.open(), "run-2", clock), "run run-1");
        AHEAD.store(3_600 + 901, Ordering::SeqCst);
        drop(take(&place.open(), "run-2", clock).unwrap());
    }
}

#[test]
fn a_lease_of_a_process_that_died_is_over_on_a_disk_and_waited_for_in_a_bucket() {
    let text = |on_disk: bool| {
        format!(
            r#"{{"run_id":"run-1","process":1,"holder":"0123456789abcdef","on_disk":{on_disk},"taken_at":"{0}",
                "renewed_at":"{0}","expires_at":"{1}","term_seconds":60,"given_back":false}}"#,
            noon(),
            noon() + jiff::SignedDuration::from_secs(60),
        )
    };
    let [disk, bucket] = Place::each();
    let left =
        |files: Box<dyn Files>, on_disk| files.put_if("lease.json", text(on_disk).as_bytes(), None).unwrap();
    left(disk.files(), true);
    drop(take(&disk.open(), "run-2", noon).unwrap());
    left(bucket.files(), false);
    refused(take(&bucket.open(), "run-2", noon), "run run-1");
    drop(take(&bucket.open(), "run-2", a_day_later).unwrap());
    // On a disk that is no help against one who took over from a paused process: its lock is not on this disk.
    let [disk, _] = Place::each();
    left(disk.files(), false);
    refused(take(&disk.open(), "run-2", noon), "run run-1");
}

#[test]
fn a_damaged_lease_is_told_with_what_to_do() {
    for place in Place::each() {
        place.files().put_if("lease.json", b"{", None).unwrap();
        let error = take(&place.open(), "run-1", noon).unwrap_err();
        assert!(error.to_string().contains("if no run is at work, delete it"), "{error}");
    }
}
