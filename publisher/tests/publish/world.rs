//! A plan on a real disk, the register that it was made for, and what must hold whatever happened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bestand_model::asset::{AssetKey, AssetPatch, AssetState, PublishedAsset};
use bestand_model::change_set::{Change, ChangeCounts, ChangeKind, Precondition, WithheldReason};
use bestand_model::digest::RunningDigest;
use bestand_model::gate::GateVerdict;
use bestand_model::identifiers::RunId;
use bestand_model::plan::{ChangeFile, Plan, SCHEMA_VERSION};
use bestand_model::run_summary::PublicationCounts;
use bestand_publisher::central_register::CentralRegister;
use bestand_publisher::publish::{
    ChangeReceipt, Publication, PublishError, PublishSettings, Receipt, ReceiptStatus, StopSignal,
    publication_counts, publish,
};
use bestand_publisher::run_store::{RunDirectory, RunStore, Spool};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use crate::drive::until_killed;
use crate::faulty_register::FaultyRegister;
use crate::memory_register::{ENVIRONMENT, MemoryRegister, REGISTER_ID};

pub(crate) struct World {
    _folder: TempDir,
    pub(crate) directory: RunDirectory,
    pub(crate) plan: Plan,
    /// What is sent, in the order of the plan.
    pub(crate) sent: Vec<Change>,
    pub(crate) register: MemoryRegister,
}

impl World {
    /// Makes a plan with so many changes to send, over three files, among others that are not sent.
    pub(crate) fn new(sent: usize) -> Self {
        // Hundreds of publications that bring each file to the disk: in memory that costs nothing.
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let store = RunStore::open("file:store", folder.path()).unwrap();
        let run_id = RunId::new("run-1");
        let directory = store.create_run(&run_id).unwrap();
        let changes: Vec<_> = (0..sent).map(change).collect();
        let entries: Vec<_> = changes.iter().filter_map(entry_before).collect();
        let mut digest = RunningDigest::default();
        let mut counts = ChangeCounts::default();
        let mut files = Vec::new();
        let parts = changes.chunks(sent.div_ceil(3).max(1)).chain([&[][..]]);
        for (part, name) in parts.zip(["111111111111", "222222222222", "without-account", "zzz"]) {
            let mut writer = directory.spool(Spool::Changes, name).unwrap();
            for change in part.iter().flat_map(|change| [change.clone(), unsent(change)]) {
                digest.add(&change.digest);
                counts.add(change.kind);
                writer.push(&change).unwrap();
            }
            files.push(ChangeFile { name: name.into(), changes: writer.finish().unwrap() });
        }
        let plan = Plan {
            schema_version: SCHEMA_VERSION,
            run_id,
            environment: ENVIRONMENT.into(),
            register_id: Some(REGISTER_ID.into()),
            settings_digest: "settings".into(),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            changes: counts,
            files,
            changes_digest: digest.finish(),
            not_promised: Vec::new(),
            gate: GateVerdict::default(),
            planned_by: None,
            accept_by_another: false,
            reverts: None,
            digest: String::new(),
        }
        .sealed();
        directory.write_json("plan", &plan).unwrap();
        let register = MemoryRegister::new(&entries);
        Self { _folder: folder, directory, plan, sent: changes, register }
    }

    pub(crate) fn key(&self, number: usize) -> AssetKey {
        self.sent[number].asset_key
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.directory.place(name))
    }

    /// Publishes; after each batch the sums must hold.
    pub(crate) async fn publish(
        &self,
        register: &dyn CentralRegister,
        settings: PublishSettings,
    ) -> Result<Publication, PublishError> {
        let stop = StopSignal::never();
        let progress = |counts: PublicationCounts| self.sums_hold(counts);
        let publication = publish(&self.directory, &self.plan, register, &settings, &stop, &progress).await?;
        assert_eq!(publication.counts, self.counts(), "what is told is what the receipts say");
        Ok(publication)
    }

    /// Publishes until the process dies after so many steps; none if it died.
    pub(crate) fn publish_killed(
        &self,
        register: &FaultyRegister<'_>,
        settings: PublishSettings,
        steps: u32,
    ) -> Option<Publication> {
        register.kill_after(steps);
        let publication = until_killed(self.publish(register, settings), || register.has_killed());
        register.kill_after(u32::MAX);
        publication.map(Result::unwrap)
    }

    pub(crate) fn counts(&self) -> PublicationCounts {
        let counts = publication_counts(&self.directory, &self.plan).unwrap();
        self.sums_hold(counts);
        counts
    }

    fn sums_hold(&self, counts: PublicationCounts) {
        let PublicationCounts { applied, rejected, conflicted, unknown } = counts;
        assert_eq!(applied + rejected + conflicted + unknown, self.plan.changes.sent());
    }

    /// Gives the receipts by entry.
    pub(crate) fn receipts(&self) -> BTreeMap<AssetKey, ChangeReceipt> {
        let mut by_key = BTreeMap::new();
        for name in self.directory.receipts().unwrap() {
            let receipt: Receipt = self.directory.read_receipt(&name).unwrap().unwrap();
            for result in receipt.results {
                assert!(by_key.insert(result.asset_key, result).is_none(), "one receipt per change");
            }
        }
        by_key
    }

    pub(crate) fn status(&self, number: usize) -> ReceiptStatus {
        self.receipts()[&self.key(number)].status
    }

    /// No change was carried out twice, and none that was not planned.
    pub(crate) fn nothing_doubled(&self) {
        let carried_out = self.register.carried_out();
        let once: BTreeSet<_> = carried_out.iter().cloned().collect();
        assert_eq!(once.len(), carried_out.len(), "no change is carried out twice");
        let planned: BTreeSet<_> =
            self.sent.iter().map(|change| change.idempotency_key(&self.plan.digest)).collect();
        assert!(once.is_subset(&planned));
    }

    /// What the receipts call applied, and only that, was carried out.
    pub(crate) fn receipts_are_true(&self) {
        self.nothing_doubled();
        let carried_out: BTreeSet<_> = self.register.carried_out().into_iter().collect();
        for receipt in self.receipts().values() {
            let happened = carried_out.contains(&receipt.idempotency_key);
            match receipt.status {
                ReceiptStatus::Applied => assert!(happened, "{receipt:?}"),
                ReceiptStatus::Rejected | ReceiptStatus::Conflicted => assert!(!happened, "{receipt:?}"),
                ReceiptStatus::Unknown => {}
            }
        }
    }

    /// Every change is in the register, exactly once, and the receipts say so.
    pub(crate) fn all_applied_once(&self) {
        self.receipts_are_true();
        assert_eq!(self.counts(), applied(self.plan.changes.sent()));
        assert_eq!(self.register.carried_out().len(), self.sent.len());
        for (number, change) in self.sent.iter().enumerate() {
            let entry = self.register.entry(change.asset_key).unwrap();
            assert_eq!(entry.attributes.get("owner"), change.after.attributes.get("owner"));
            assert!(!entry.attributes.contains_key("gone"));
            let expected =
                if change.kind == ChangeKind::Retire { AssetState::Retired } else { AssetState::Active };
            assert_eq!(entry.state, expected);
            let version = if change.kind == ChangeKind::Create { 1 } else { number + 2 };
            assert_eq!(entry.version, version.to_string(), "one version further, not two");
        }
    }
}

pub(crate) fn applied(applied: u64) -> PublicationCounts {
    PublicationCounts { applied, ..PublicationCounts::default() }
}

pub(crate) fn settings(batch_size: usize, concurrency: usize) -> PublishSettings {
    PublishSettings { batch_size, concurrency }
}

fn asset_key(number: usize) -> AssetKey {
    let text = format!("00000000-0000-5000-8000-{number:012}");
    serde_json::from_value(json!(text)).unwrap()
}

fn change(number: usize) -> Change {
    let kind = [ChangeKind::Create, ChangeKind::Update, ChangeKind::Retire][number % 3];
    let version = Precondition::Version((number + 1).to_string());
    let mut after = AssetPatch::default();
    after.attributes.insert("owner".into(), json!(format!("team {number}")));
    match kind {
        ChangeKind::Create => after.state = Some(AssetState::Active),
        ChangeKind::Retire => after.state = Some(AssetState::Retired),
        _ => drop(after.attributes.insert("gone".into(), json!(null))),
    }
    Change {
        kind,
        asset_key: asset_key(number),
        account_id: None,
        precondition: Some(if kind == ChangeKind::Create { Precondition::Absent(true) } else { version }),
        before: AssetPatch::default(),
        after,
        reason: None,
        would_be: None,
        ground: None,
        provenance: BTreeMap::new(),
        digest: String::new(),
    }
    .sealed()
}

fn unsent(like: &Change) -> Change {
    let number: usize = like.asset_key.to_string()[24..].parse().unwrap();
    let other = Change { asset_key: asset_key(number + 1_000_000), ..like.clone() };
    match number % 2 {
        0 => other.withheld(WithheldReason::Grace),
        _ => Change { kind: ChangeKind::Unchanged, precondition: None, ..other }.sealed(),
    }
}

fn entry_before(change: &Change) -> Option<PublishedAsset> {
    let Some(Precondition::Version(version)) = &change.precondition else { return None };
    let attributes = [("owner", json!("before")), ("gone", json!(1))];
    let mut attributes: BTreeMap<_, _> = attributes.map(|(name, value)| (name.to_owned(), value)).into();
    if change.kind == ChangeKind::Retire {
        attributes.remove("gone");
    }
    Some(PublishedAsset {
        asset_key: change.asset_key,
        version: version.clone(),
        state: AssetState::Active,
        account_id: None,
        attributes,
        last_plan: None,
        last_writer: None,
        updated_at: None,
    })
}
