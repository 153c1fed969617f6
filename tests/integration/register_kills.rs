//! The reference register is killed while writers write: what it answered is there, and nothing is there by halves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bestand_model::asset::{AssetKey, AssetPatch, AssetState, KeyBasis};
use bestand_model::change_set::{Change, ChangeKind, Precondition};
use bestand_model::identifiers::RunId;
use bestand_publisher::central_register::{
    CentralRegister as _, ChangeBatch, ChangeResult, RegisterApi, RegisterApiOptions, RegisterAuth,
    ResultStatus, RetryPolicy, SentChange,
};
use bestand_sandbox::register::{book, book_by_audit};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const PLAN: &str = "3f1c";
const WRITERS: u32 = 3;
const KILLS: u32 = 20;
const EARLIER_OR_LATER: Duration = Duration::from_millis(2);

/// `bestand sandbox` as a process of its own, which can be killed.
struct Register {
    child: Child,
    url: String,
}

impl Drop for Register {
    /// By SIGKILL: nothing is flushed, closed or said any more.
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Register {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bestand"))
            .args([
                "sandbox",
                "--json",
                "--faults",
                "none",
                "--accounts",
                "1",
                "--resources",
                "20",
                "--directory",
            ])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: ready["register_url"].as_str().unwrap().to_owned() }
    }

    /// A client that tries once: what is not answered is for the test to judge.
    fn client(&self) -> RegisterApi {
        let mut options = RegisterApiOptions::new(self.url.parse().unwrap(), RegisterAuth::None);
        options.retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        RegisterApi::new(options).unwrap()
    }
}

fn planned(kind: ChangeKind, number: u32, precondition: Precondition, after: AssetPatch) -> SentChange {
    let change = Change {
        kind,
        asset_key: AssetKey::mint("staging", &KeyBasis::Row(&number.to_string())),
        account_id: None,
        precondition: Some(precondition),
        before: AssetPatch::default(),
        after,
        reason: None,
        would_be: None,
        ground: None,
        provenance: BTreeMap::new(),
        digest: String::new(),
    };
    SentChange::of(&change.sealed(), PLAN).unwrap()
}

/// The batch of a writer with that number: thirty entries made, each changed at once, one in the middle that cannot be,
/// and a third of them retired.
fn batch(writer: u32, number: u32) -> ChangeBatch {
    let attributes = |value: u32| AssetPatch {
        attributes: [("n".to_owned(), json!(value)), ("text".to_owned(), json!("x".repeat(300)))].into(),
        ..AssetPatch::default()
    };
    let mut changes = Vec::new();
    for entry in (0..30).map(|entry| (number * WRITERS + writer) * 30 + entry) {
        let at = |version: &str| Precondition::Version(version.into());
        let active = AssetPatch { state: Some(AssetState::Active), ..attributes(0) };
        changes.push(planned(ChangeKind::Create, entry, Precondition::Absent(true), active));
        changes.push(planned(ChangeKind::Update, entry, at("1"), attributes(1)));
        if entry % 30 == 15 {
            changes.push(planned(ChangeKind::Update, entry, at("9"), attributes(9)));
        }
        if entry % 3 == 0 {
            let retired = AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() };
            changes.push(planned(ChangeKind::Retire, entry, at("2"), retired));
        }
    }
    ChangeBatch { plan_digest: PLAN.into(), run_id: RunId::from("run-1"), changes }
}

/// What became of a batch: its results, or nobody knows.
type Sent = (u32, u32, Option<Vec<ChangeResult>>);

/// Sends batch after batch, from a number up, until one is not answered.
async fn write(client: RegisterApi, writer: u32, from: u32, told: mpsc::UnboundedSender<Sent>) {
    for number in from.. {
        let answered = client.apply(&batch(writer, number)).await.ok();
        let over = answered.is_none();
        told.send((writer, number, answered)).unwrap();
        if over {
            return;
        }
    }
}

fn check(results: &[ChangeResult]) {
    let applied = results.iter().filter(|result| result.status == ResultStatus::Applied).count();
    assert_eq!((applied, results.len()), (70, 71), "all but the one that cannot be");
}

/// Sends a batch again: the answers must be the same, and all of them old ones, or all new.
async fn send_again(client: &RegisterApi, sent: &Sent) -> bool {
    let (writer, number, before) = sent;
    let mut again = client.apply(&batch(*writer, *number)).await.unwrap();
    check(&again);
    let replayed = again[0].replayed;
    assert!(again.iter().all(|result| result.replayed == replayed), "half of a batch was there: {again:?}");
    if let Some(before) = before {
        assert!(replayed, "what was answered was forgotten");
        for result in &mut again {
            result.replayed = false;
        }
        assert_eq!(again, *before);
    }
    replayed
}

#[test]
fn a_register_that_is_killed_amid_batches_keeps_what_it_answered_and_nothing_by_halves() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("register.db");
    let (mut all, mut next) = (Vec::new(), [0_u32; WRITERS as usize]);
    let mut unanswered = 0;
    for round in 1..=KILLS {
        let register = Register::start(folder.path());
        let (told, mut sent) = mpsc::unbounded_channel();
        for (writer, from) in (0..).zip(next) {
            runtime.spawn(write(register.client(), writer, from, told.clone()));
        }
        drop(told);
        let mut this_round: Vec<Sent> = Vec::new();
        while this_round.len() < 5 {
            this_round.push(sent.blocking_recv().unwrap());
        }
        // After an answer the next batch begins: the kills are spread over all that it takes.
        std::thread::sleep(EARLIER_OR_LATER * round);
        drop(register);
        while let Some(last) = sent.blocking_recv() {
            this_round.push(last);
        }
        for (writer, number, answered) in &this_round {
            next[usize::try_from(*writer).unwrap()] = number + 1;
            unanswered += u32::from(answered.is_none());
            if let Some(results) = answered {
                check(results);
            }
        }
        // The entries are what the audit trail says, before anybody asks the register anything.
        let found = runtime.block_on(book(&database)).unwrap();
        assert_eq!(runtime.block_on(book_by_audit(&database)).unwrap(), found);
        let register = Register::start(folder.path());
        runtime.block_on(async {
            for sent in &this_round {
                send_again(&register.client(), sent).await;
            }
        });
        all.extend(this_round);
    }
    assert!(unanswered >= KILLS, "{unanswered} batches were on their way when it was killed");
    let found = runtime.block_on(book(&database)).unwrap();
    assert_eq!(runtime.block_on(book_by_audit(&database)).unwrap(), found);
    assert_eq!(found.entries.len(), 30 * all.len(), "each batch was applied once");
    assert_eq!(found.applied.values().sum::<u64>(), 70 * u64::try_from(all.len()).unwrap());
}
