//! Stopped, terminated or killed at any instant: it ends quickly, loses nothing and doubles nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bestand_sandbox::Faults;
use bestand_sandbox::register::{FaultKind, FaultyCalls, RegisterFaults};

use crate::support::{Job, RunFiles, World, number, read_json};

/// Well below the 30 s that a container gets before it is killed.
const QUICKLY: Duration = Duration::from_secs(6);

/// A world whose central register takes its time, and whose publication has many batches.
fn slow_register(answer: Duration) -> World {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", "4");
    world.with_register(
        "staging",
        RegisterFaults::one(FaultyCalls::Changes, 0, u32::MAX, FaultKind::Hang(answer)),
    );
    world
}

/// Every change of a plan was applied, and none twice.
fn applied_exactly_once(world: &World, run: &RunFiles) {
    let plan = run.json("plan.json");
    let sent: u64 =
        ["create", "update", "retire"].map(|kind| number(&plan, &format!("/changes/{kind}"))).iter().sum();
    let applied = world.applied("other.db");
    let twice: Vec<_> = applied.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(applied.len() as u64, sent);
    let planned: BTreeSet<String> = run
        .values("changes")
        .iter()
        .filter(|change| change["kind"] == "create")
        .map(|change| change["asset_key"].as_str().unwrap().to_owned())
        .collect();
    let rows = world.rows::<(String, i64)>("other.db", "SELECT asset_key, version FROM assets");
    assert!(rows.iter().all(|(_, version)| *version == 1), "each entry was written once");
    assert_eq!(rows.into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>(), planned);
}

fn end_quickly(job: Job, status: i32) {
    let began = Instant::now();
    let outcome = job.wait().expect(status);
    assert!(began.elapsed() < QUICKLY, "{:?}", began.elapsed());
    let (_, next_step) = outcome.failure();
    assert!(next_step.contains("run again"), "{next_step}");
    assert!(outcome.stderr.contains(&format!("\"ExitStatus\":{status}")), "no metrics: {}", outcome.stderr);
}

#[test]
fn a_signal_while_collecting_ends_the_run_and_keeps_what_is_spooled() {
    for (signal, status, faults) in [("INT", 130, "latency=250"), ("TERM", 143, "hanging")] {
        let world = World::small(faults.parse().unwrap());
        let mut job = world.start(&["plan"]);
        let begun = || world.runs().first().is_some_and(|id| world.run(id).has("inventory"));
        job.wait_until("a beginning of the inventory", begun);
        job.signal(signal);
        end_quickly(job, status);
        let run = world.run(&world.runs()[0]);
        let summary = run.json("run.json");
        assert_eq!(summary["exit_status"], status);
        assert!(summary["ended_at"].is_string() && number(&summary, "/records/read") > 100);
        assert!(!summary["next_steps"].as_array().unwrap().is_empty());
        assert!(!run.has("plan.json"));
        let records = u64::try_from(run.values("records").len()).unwrap();
        assert_eq!(records, number(&summary, "/records/read"), "what was spooled stays, and is whole");
        // The store is free again.
        assert_eq!(read_json(&world.store().join("lease.json"))["given_back"], true);
    }
}

#[test]
fn a_signal_while_the_register_keeps_silent_ends_the_run() {
    let mut world = World::small(Faults::none());
    world.init_store();
    let silent = FaultKind::Hang(Duration::from_secs(50));
    world.with_register("staging", RegisterFaults::one(FaultyCalls::Identity, 0, u32::MAX, silent));
    let mut job = world.start(&["run", "--first-run"]);
    job.wait_until("a call", || world.calls_of_register() > 0);
    job.signal("TERM");
    end_quickly(job, 143);
    assert!(world.runs().is_empty());
}

#[test]
fn a_signal_while_publishing_lets_open_batches_end_and_can_be_resumed() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let world = slow_register(Duration::from_millis(100));
        let mut job = world.start(&["run", "--first-run"]);
        let receipts = || world.runs().first().is_some_and(|id| world.run(id).count("receipts") >= 3);
        job.wait_until("three receipts", receipts);
        job.signal(signal);
        end_quickly(job, status);
        let id = world.runs()[0].clone();
        let run = world.run(&id);
        assert_eq!(run.count("intents"), run.count("receipts"), "no batch is left open");
        let summary = run.json("run.json");
        assert_eq!(summary["exit_status"], status);
        let left = number(&summary, "/publication/unknown");
        assert!(left > 0 && number(&summary, "/publication/applied") > 0, "{summary}");
        assert!(summary["next_steps"].to_string().contains(&format!("bestand publish {id}")), "{summary}");

        let summary = world.command(&["publish", &id]).expect(0).summary();
        assert_eq!(number(&summary, "/publication/unknown"), 0);
        applied_exactly_once(&world, &run);
        world.command(&["run"]).expect(0);
        applied_exactly_once(&world, &run);
    }
}

#[test]
fn a_publication_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    // The answer comes late, so that a batch is often applied when the kill finds it without a receipt.
    let world = slow_register(Duration::from_millis(40));
    let planned = world.command(&["plan", "--first-run"]).expect(0).summary();
    let id = planned["run_id"].as_str().unwrap();
    let run = world.run(id);
    let mut open = 0;
    for (folder, more) in [("intents", 1), ("receipts", 1), ("intents", 2), ("receipts", 5), ("intents", 9)] {
        let before = run.count(folder);
        // The approval is kept with the run as soon as the publication has begun.
        let arguments: &[&str] = &["publish", id, "--first-run"];
        let mut job = world.start(arguments);
        job.wait_until("some batches", || run.count(folder) >= before + more);
        job.signal("KILL");
        assert_eq!(job.wait().status, None);
        open += run.count("intents") - run.count("receipts");
    }
    assert!(open > 0, "no kill met an open batch: the test shows nothing");
    let summary = world.command(&["publish", id, "--first-run"]).expect(0).summary();
    assert_eq!(number(&summary, "/publication/applied"), number(&planned, "/changes/create"));
    applied_exactly_once(&world, &run);
}

#[test]
fn a_new_run_settles_what_a_killed_one_left_open() {
    let world = slow_register(Duration::from_millis(60));
    let mut job = world.start(&["run", "--first-run"]);
    let begun = || {
        let run = world.runs().first().map(|id| world.run(id));
        run.is_some_and(|run| run.count("receipts") > 2 && run.count("intents") > run.count("receipts"))
    };
    job.wait_until("an open batch", begun);
    job.signal("KILL");
    job.wait();
    let id = world.runs()[0].clone();
    let killed = world.run(&id);
    assert_eq!(killed.json("run.json")["exit_status"], 1, "it never came to say how it ended");

    let outcome = world.command(&["run"]).expect(0);
    assert_eq!(killed.count("intents"), killed.count("receipts"), "settled first");
    let creates = number(&killed.json("plan.json"), "/changes/create");
    let rest = number(&outcome.summary(), "/changes/create");
    assert!(0 < rest && rest < creates, "{rest} of {creates}");
    let rows = world.rows::<(i64,)>("other.db", "SELECT version FROM assets");
    assert_eq!(rows.len() as u64, creates);
    assert!(rows.iter().all(|(version,)| *version == 1));
    assert!(world.applied("other.db").values().all(|times| *times == 1));
    // What the old plan did not send was decided anew since.
    world.command(&["publish", &id]).expect_failure(44, &["planned anew"]);
}

#[test]
fn a_run_killed_while_it_plans_is_simply_run_again() {
    let world = World::small("latency=100".parse().unwrap());
    world.init_store();
    let mut job = world.start(&["run", "--first-run"]);
    let begun = || world.runs().first().is_some_and(|id| world.run(id).has("inventory"));
    job.wait_until("a beginning of the inventory", begun);
    job.signal("KILL");
    assert_eq!(job.wait().status, None);
    assert!(world.applied("register.db").is_empty());
    let id = world.runs()[0].clone();
    world.command(&["publish", &id]).expect_failure(44, &["has no plan"]);
    let summary = world.command(&["run", "--first-run"]).expect(0).summary();
    assert_eq!(number(&summary, "/publication/applied"), number(&summary, "/changes/create"));
}

#[test]
fn answers_lost_on_the_way_double_nothing() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", "20");
    // Some calls are carried out and their answers lost or cut, some are not carried out.
    let mut faults = RegisterFaults::default();
    for call in [1, 4, 7] {
        faults.faults.extend(RegisterFaults::one(FaultyCalls::Changes, call, 1, FaultKind::DropAfter).faults);
        faults
            .faults
            .extend(RegisterFaults::one(FaultyCalls::Changes, call + 1, 1, FaultKind::CutJson).faults);
        let unavailable = FaultKind::Unavailable { retry_after_secs: 0 };
        faults.faults.extend(RegisterFaults::one(FaultyCalls::Changes, call + 2, 1, unavailable).faults);
    }
    world.with_register("staging", faults);
    let outcome = world.command(&["run", "--first-run"]).expect(0);
    applied_exactly_once(&world, &world.run_of(&outcome));
}

#[test]
fn a_register_that_goes_away_is_waited_for_until_the_next_publication() {
    let mut world = World::small(Faults::none());
    world.init_store();
    world.set("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", "20");
    let gone = RegisterFaults::one(FaultyCalls::Changes, 6, u32::MAX, FaultKind::Html);
    world.with_register("staging", gone);
    let outcome = world.command(&["run", "--first-run"]).expect(40);
    let summary = outcome.summary();
    let id = summary["run_id"].as_str().unwrap();
    let (applied, left) =
        (number(&summary, "/publication/applied"), number(&summary, "/publication/unknown"));
    assert!(applied > 0 && left > 0 && applied + left == number(&summary, "/changes/create"), "{summary}");
    assert!(summary["next_steps"].to_string().contains(&format!("bestand publish {id}")), "{summary}");

    world.with_register("staging", RegisterFaults::default());
    world.command(&["publish", id]).expect(0);
    applied_exactly_once(&world, &world.run(id));
}
