//! A run directory made by hand, with one account and what belongs to none.

use std::collections::BTreeMap;

use bestand_model::account::{Account, AccountState};
use bestand_model::asset::{AssetKey, AssetState, KeyBasis, PublishedAsset};
use bestand_model::asset_record::{AssetRecord, Lifecycle, RecordLine, RejectedRecord};
use bestand_model::change_set::{Change, ChangeCounts};
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{AccountCoverage, Coverage, CoverageLine, Reason};
use bestand_model::digest::RunningDigest;
use bestand_model::history::{AccountHistory, AssetHistory};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::inventory::AccountInventory;
use bestand_model::judged::JudgedBy;
use bestand_model::last_published::PublishedMemory;
use bestand_model::plan::{ChangeFile, Plan, SCHEMA_VERSION};
use bestand_model::proof::{Answer as Said, Proofs};
use bestand_model::reconciliation::{
    AccountInput, AccountReconciliation, StrayRows, UnplacedRecord, reconcile, reconcile_not_aws,
    reconcile_unplaced, rejected_without_account,
};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::publish::{ChangeReceipt, Receipt, ReceiptStatus};
use bestand_publisher::run_store::{RunDirectory, RunStore, Spool};
use jiff::Timestamp;
use serde::Serialize;
use tempfile::TempDir;

use crate::error::Error;
use crate::explain::Answer;
use crate::plan::{NOT_AWS, REJECTED, UNPLACED};
use crate::settings::{self, Settings};
use crate::{compose, summary};

pub(super) const QUEUE: &str = "AWS::SQS::Queue";

pub(super) fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

/// Hours from the run.
pub(super) fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_795_586_400 + hours * 3600).unwrap()
}

pub(super) fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:sqs:{region}:111122223333:{id}")
}

pub(super) fn item(region: &str, kind: &str, id: &str) -> ConfigurationItem {
    ConfigurationItem {
        arn: Some(arn(region, id).parse().unwrap()),
        resource_name: Some(id.into()),
        ..ConfigurationItem::named(account(), region.into(), kind.into(), id.into())
    }
}

pub(super) fn record(row_key: &str, region: &str, kind: &str, id: &str) -> AssetRecord {
    AssetRecord {
        row_key: row_key.into(),
        aws: true,
        asset_id: Some(row_key.into()),
        arn: None,
        resource_id: Some(id.into()),
        account_id: Some(account()),
        region: Some(region.into()),
        resource_type: Some(kind.into()),
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::new(),
    }
}

/// An entry as bestand would have published it.
pub(super) fn entry(region: &str, kind: &str, id: &str) -> PublishedAsset {
    let arn = arn(region, id);
    let attributes = [
        ("arn", arn.as_str()),
        ("region", region),
        ("resource_type", kind),
        ("resource_id", id),
        ("name", id),
        ("registration", "registered"),
        ("verification", "live"),
    ];
    PublishedAsset {
        asset_key: AssetKey::mint("staging", &KeyBasis::Arn(&arn.parse().unwrap())),
        version: "1".into(),
        state: AssetState::Active,
        account_id: Some(account()),
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
        last_plan: Some("an earlier one".into()),
        last_writer: None,
        updated_at: None,
    }
}

pub(super) struct World {
    folder: TempDir,
    pub(super) settings: Settings,
    directory: RunDirectory,
    run_id: RunId,
    pub(super) state: AccountState,
    pub(super) items: Vec<ConfigurationItem>,
    pub(super) records: Vec<AssetRecord>,
    pub(super) published: Vec<PublishedAsset>,
    pub(super) lines: Vec<CoverageLine>,
    pub(super) not_aws: Vec<AssetRecord>,
    pub(super) unplaced: Vec<AssetRecord>,
    rejected: Vec<RejectedRecord>,
    history: AccountHistory,
    plan: Option<Plan>,
}

impl World {
    /// Everything of two regions was seen.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bestand.toml");
        std::fs::write(&path, settings::DEFAULT).unwrap();
        let mut settings = settings::load(&path).unwrap();
        settings.run_store.url = format!("file://{}", folder.path().join("store").display());
        let run_id = RunId::new("run-1");
        let store: RunStore = store_of(&settings);
        let directory = store.create_run(&run_id).unwrap();
        let lines = ["eu-central-1", "eu-west-1"].map(|region| {
            [None, Some(QUEUE.into())]
                .map(|kind| CoverageLine::complete(account(), Some(region.into()), kind))
        });
        Self {
            folder,
            settings,
            directory,
            run_id,
            state: AccountState::Active,
            items: Vec::new(),
            records: Vec::new(),
            published: Vec::new(),
            lines: lines.into_iter().flatten().collect(),
            not_aws: Vec::new(),
            unplaced: Vec::new(),
            rejected: Vec::new(),
            history: AccountHistory::default(),
            plan: None,
        }
    }

    pub(super) fn reject(&mut self, row_key: &str, reason: &str) {
        let (row_key, reason) = (row_key.to_owned(), reason.to_owned());
        self.rejected.push(RejectedRecord { row_key, asset_id: None, account_id: None, reason });
    }

    /// A look before this run found every entry absent; each was seen live an hour before it.
    pub(super) fn look(&mut self, now: Timestamp) {
        for entry in &self.published {
            let seen = Some(now.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap());
            let mut history = AssetHistory { first_seen: seen, last_seen: seen, ..AssetHistory::default() };
            self.settings.retire.look(&mut history, now);
            self.history.assets.insert(entry.asset_key, history);
        }
    }

    fn spool<T: Serialize>(&self, spool: Spool, name: &str, values: &[T]) {
        let mut writer = self.directory.spool(spool, name).unwrap();
        values.iter().for_each(|value| writer.push(value).unwrap());
        writer.finish().unwrap();
    }

    fn spool_result(&self, name: &str, by: JudgedBy<'_>, result: &AccountReconciliation) {
        self.spool(Spool::Judged, name, &by.lines(SCHEMA_VERSION).collect::<Vec<_>>());
        self.spool(Spool::Findings, name, &result.findings);
        self.spool(Spool::Changes, name, &result.changes);
    }

    /// Judges as a run does, and writes what a run writes.
    pub(super) fn judge(&mut self) {
        let run = summary::begin(&self.settings, &self.run_id, "run", at(0));
        self.directory.write_json("run", &run).unwrap();
        self.directory.write_json("settings", &self.settings.shown()).unwrap();
        let name = Some("regio-bus-nord".to_owned());
        let known = Account { name, ..Account::new(account(), self.state) };
        self.directory.write_json("accounts", &[known]).unwrap();
        let mut ledger = self.directory.ndjson("coverage").unwrap();
        self.lines.iter().for_each(|line| ledger.push(line).unwrap());
        ledger.finish().unwrap();
        self.judge_account();
        self.judge_without_account();
        self.seal();
    }

    fn judge_account(&self) {
        let records: Vec<RecordLine> = self.records.iter().cloned().map(RecordLine::Record).collect();
        self.spool(Spool::Records, account().as_str(), &records);
        self.spool(Spool::Inventory, account().as_str(), &self.items);
        self.spool(Spool::Published, account().as_str(), &self.published);
        let inventory = AccountInventory {
            account_id: account(),
            state: self.state,
            items: self.items.clone(),
            coverage: AccountCoverage::new(self.lines.iter().cloned()),
        };
        let rules = compose::rules(&self.settings, StrayRows::default(), Default::default());
        let input = AccountInput {
            inventory: &inventory,
            records: &self.records,
            rejected: &[],
            published: &self.published,
            memory: &PublishedMemory::default(),
            proofs: &Proofs::default(),
        };
        let missing = reconcile(&input, &rules, &self.history, at(0)).missing;
        let questions = missing.iter().filter_map(|missing| missing.question.as_ref());
        let answers = questions.map(|question| (question.asset_key, Said::NeverHeardOf)).collect();
        let proofs = Proofs { answers, ..Proofs::default() };
        let result = reconcile(&AccountInput { proofs: &proofs, ..input }, &rules, &self.history, at(0));
        let by = JudgedBy {
            state: Some(self.state),
            published: &self.published,
            proofs: &proofs,
            ..JudgedBy::rules_and_history(&rules, &self.history)
        };
        self.spool_result(account().as_str(), by, &result);
    }

    fn judge_without_account(&self) {
        let rules = compose::rules(&self.settings, StrayRows::default(), Default::default());
        let none = AccountHistory::default();
        let records: Vec<RecordLine> = self.not_aws.iter().cloned().map(RecordLine::Record).collect();
        self.spool(Spool::Records, NOT_AWS, &records);
        let result = reconcile_not_aws(&self.not_aws, &[], &PublishedMemory::default(), &rules, &none, at(0));
        self.spool_result(NOT_AWS, JudgedBy::rules_and_history(&rules, &none), &result);

        let coverage = Coverage::Incomplete(Reason::ScopeUnknown);
        let unplaced = |record: &AssetRecord| UnplacedRecord {
            record: record.clone(),
            sighted: false,
            claimed_in: Default::default(),
        };
        let unplaced: Vec<UnplacedRecord> = self.unplaced.iter().map(unplaced).collect();
        let result =
            reconcile_unplaced(&unplaced, &[], &PublishedMemory::default(), coverage, &rules, &none, at(0));
        let by = JudgedBy { coverage, unplaced: &unplaced, ..JudgedBy::rules_and_history(&rules, &none) };
        self.spool_result(UNPLACED, by, &result);

        let rows = self.rejected.iter().cloned();
        let rows: Vec<RecordLine> = rows.map(|rejected| RecordLine::Rejected { rejected }).collect();
        self.spool(Spool::Records, REJECTED, &rows);
        let result = rejected_without_account(&self.rejected, &rules, &none, at(0));
        self.spool_result(REJECTED, JudgedBy::rules_and_history(&rules, &none), &result);
    }

    fn changes(&self, name: &str) -> Vec<Change> {
        self.directory.read(Spool::Changes, name).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn seal(&mut self) {
        let (mut files, mut counts, mut digest) =
            (Vec::new(), ChangeCounts::default(), RunningDigest::default());
        for name in self.directory.names(Spool::Changes).unwrap() {
            let changes = self.changes(&name);
            for change in &changes {
                counts.add(change.kind);
                digest.add(&change.digest);
            }
            files.push(ChangeFile { name, changes: changes.len() as u64 });
        }
        let plan = Plan {
            schema_version: SCHEMA_VERSION,
            run_id: self.run_id.clone(),
            environment: "staging".into(),
            register_id: Some("register".into()),
            settings_digest: self.settings.digest(),
            created_at: at(0),
            expires_at: at(12),
            changes: counts,
            files,
            changes_digest: digest.finish(),
            not_promised: Vec::new(),
            gate: Default::default(),
            planned_by: None,
            accept_by_another: false,
            reverts: None,
            digest: String::new(),
        }
        .sealed();
        self.directory.write_json("plan", &plan).unwrap();
        self.plan = Some(plan);
    }

    /// What became of all that was sent of the account.
    pub(super) fn receipt(&self, status: ReceiptStatus) {
        let plan = self.plan.as_ref().unwrap();
        let changes = self.changes(account().as_str()).into_iter().filter(|change| change.kind.is_sent());
        let results = changes.map(|change| ChangeReceipt {
            asset_key: change.asset_key,
            kind: change.kind,
            idempotency_key: change.idempotency_key(&plan.digest),
            status,
            version: Some("2".into()),
            code: None,
            reason: None,
        });
        let receipt = Receipt {
            schema_version: SCHEMA_VERSION,
            batch: "000001".into(),
            plan_digest: plan.digest.clone(),
            results: results.collect(),
        };
        self.directory.write_receipt("000001", &receipt).unwrap();
    }

    /// A record of an account that was left out.
    pub(super) fn not_judged(&self, account: &str, record: AssetRecord) {
        self.spool(Spool::Records, account, &[RecordLine::Record(record)]);
    }

    /// Rewrites the account's changes.
    pub(super) fn alter(&self, alter: impl Fn(Change) -> Change) {
        let changes: Vec<Change> = self.changes(account().as_str()).into_iter().map(alter).collect();
        self.spool(Spool::Changes, account().as_str(), &changes);
    }

    /// Rewrites settings.json.
    pub(super) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings.shown();
        change(&mut settings);
        self.directory.write_json("settings", &settings).unwrap();
    }

    /// Rewrites run.json.
    pub(super) fn change_summary(&self, change: impl FnOnce(&mut RunSummary)) {
        let mut summary: RunSummary = self.directory.read_json("run").unwrap().unwrap();
        change(&mut summary);
        self.directory.write_json("run", &summary).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        let path = std::path::PathBuf::from(self.directory.place(name));
        assert!(path.starts_with(self.folder.path()));
        std::fs::remove_file(path).unwrap();
    }

    pub(super) fn explain(&self, key: Option<&str>) -> Result<Answer, Error> {
        crate::explain::explain(&store_of(&self.settings), &self.run_id, key)
    }
}

fn store_of(settings: &Settings) -> RunStore {
    RunStore::open(&settings.run_store.url, std::path::Path::new(".")).unwrap()
}
