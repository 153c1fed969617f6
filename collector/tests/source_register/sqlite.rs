//! The source register in a SQLite file: what rows become, and what is refused.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::{self, Kept, account, columns, read};
use bestand_collector::source_register::{
    LifecycleWords, Relation, SourceRegister, SourceRegisterError, SourceRegisterSettings, SqlSourceRegister,
};
use bestand_model::asset_record::{Lifecycle, RecordPartition};
use bestand_model::identification::{IdentificationRule, IdentificationRules};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

struct Register {
    folder: TempDir,
    settings: SourceRegisterSettings,
}

const COLUMNS: &[(&str, &str)] = &[
    ("asset_id", "id"),
    ("arn", "arn"),
    ("resource_id", "rid"),
    ("account_id", "account"),
    ("region", "region"),
    ("resource_type", "type"),
    ("name", "name"),
    ("lifecycle", "status"),
];

const TABLE: &str =
    "CREATE TABLE assets (id TEXT, arn TEXT, rid TEXT, account, region TEXT, type TEXT, name, status TEXT)";

impl Register {
    async fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("itk.db").display());
        let settings = support::settings(&url, Relation::Table("assets".to_owned()), COLUMNS);
        let register = Self { folder, settings };
        register.execute(sql).await;
        register
    }

    async fn with_rows(rows: &str) -> Self {
        Self::new(&format!("{TABLE}; INSERT INTO assets VALUES {rows}")).await
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("itk.db")
    }

    async fn writer(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.file())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(20));
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    async fn execute(&self, sql: &str) {
        let mut writer = self.writer().await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut writer).await.unwrap();
        writer.close().await.unwrap();
    }

    async fn read(&self) -> Result<Kept, SourceRegisterError> {
        read(self.settings.clone()).await
    }
}

#[tokio::test]
async fn a_row_becomes_a_record_of_its_account() {
    let register = Register::with_rows(
        "(' A-1 ', 'arn:aws:ec2:eu-central-1:111122223333:instance/i-1', 'i-1', NULL, ' EU-Central-1 ',
          'AWS::EC2::Instance', '  Fahrplan ', 'In Betrieb')",
    )
    .await;
    let kept = register.read().await.unwrap();
    let (partition, record) = kept.only_record();
    assert_eq!(partition, &account("111122223333"));
    assert_eq!(
        serde_json::to_value(record).unwrap(),
        json!({
            "row_key": "A-1", "aws": true, "asset_id": "A-1",
            "arn": "arn:aws:ec2:eu-central-1:111122223333:instance/i-1", "resource_id": "i-1",
            "account_id": "111122223333", "region": "eu-central-1", "resource_type": "AWS::EC2::Instance",
            "lifecycle": "active", "attributes": { "name": "Fahrplan", "lifecycle": "In Betrieb" },
        })
    );
    assert_eq!((kept.totals.read, kept.totals.counted, kept.totals.rejected), (1, 1, 0));
}

#[tokio::test]
async fn values_keep_their_kind_and_nothing_said_is_null() {
    let mut register = Register::new(
        "CREATE TABLE assets (id INTEGER, arn TEXT, cores INTEGER, price REAL, ha BOOLEAN, odd BOOLEAN, since DATE,
                              note TEXT, gone TEXT, raw TEXT);
         INSERT INTO assets VALUES (7, 'arn:aws:s3:::fahrplan', 8, 1.5, 1, 2, '2026-11-23', '  ', NULL,
                                    CAST('Bytes' AS BLOB))",
    )
    .await;
    register.settings.columns = columns(&[
        ("asset_id", "id"),
        ("arn", "arn"),
        ("configuration.cpuOptions.coreCount", "cores"),
        ("price", "price"),
        ("ha", "ha"),
        ("odd", "odd"),
        ("since", "since"),
        ("note", "note"),
        ("owner", "gone"),
        ("raw", "raw"),
    ]);
    let kept = register.read().await.unwrap();
    let (partition, record) = kept.only_record();
    assert_eq!(partition, &RecordPartition::Unplaced);
    assert_eq!(kept.totals.unplaced, 1);
    assert_eq!(record.asset_id.as_ref().unwrap().as_str(), "7");
    assert_eq!(
        serde_json::to_value(&record.attributes).unwrap(),
        json!({
            "configuration.cpuOptions.coreCount": 8, "price": 1.5, "ha": true, "odd": 2, "since": "2026-11-23",
            "note": null, "owner": null, "raw": "Bytes",
        })
    );
}

#[tokio::test]
async fn leading_zeros_of_an_account_id_come_back() {
    let rows: Vec<_> = ["12345678901", "12345678901.0", "'012345678901'"]
        .iter()
        .map(|account| {
            format!("('A', NULL, 'i-1', {account}, 'eu-central-1', 'AWS::EC2::Instance', NULL, NULL)")
        })
        .collect();
    let register = Register::with_rows(&rows.join(", ")).await;
    let kept = register.read().await.unwrap();
    assert_eq!(kept.partitions(), vec![account("012345678901"); 3]);
    assert_eq!(kept.totals.rejected, 0);
}

#[tokio::test]
async fn rows_that_make_no_sense_are_rejected_with_key_and_reason() {
    let long = "x".repeat(64 * 1024 + 1);
    let register = Register::with_rows(&format!(
        "('A-1', 'arn:nonsense', NULL, '111122223333', NULL, NULL, NULL, NULL),
         ('A-2', NULL, 'i-2', '12345', NULL, 'AWS::EC2::Instance', NULL, NULL),
         (NULL, NULL, NULL, '111122223333', NULL, 'AWS::EC2::Instance', NULL, NULL),
         ('A-4', NULL, 'i-4', '111122223333', NULL, NULL, NULL, NULL),
         ('A-5', 'arn:aws:ec2:eu-central-1:111122223333:instance/i-5', NULL, '444455556666', NULL, NULL, NULL, NULL),
         ('A-6', 'arn:aws:ec2:eu-central-1:111122223333:instance/i-6', NULL, NULL, NULL, NULL, '{long}', NULL),
         ('A-7', 'arn:aws:s3:::b', NULL, NULL, NULL, NULL, CAST(x'fffe' AS TEXT), NULL),
         ('A-8', 'arn:aws:s3:::b', NULL, NULL, NULL, NULL, 'a' || char(0) || 'b', NULL),
         ('A-9', NULL, 'i-9', 12345678901234, NULL, 'AWS::EC2::Instance', x'ff', NULL),
         ('A-10', 'arn:aws:s3:::fine', NULL, NULL, NULL, NULL, NULL, NULL)",
    ))
    .await;
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.read, kept.totals.rejected, kept.totals.unplaced), (10, 9, 1));
    let rejected = kept.rejected();
    let expected: [(&str, RecordPartition, &str); 9] = [
        ("A-1", account("111122223333"), "column `arn`: `arn:nonsense` is no ARN"),
        ("A-2", RecordPartition::Rejected, "column `account`: `12345` is no account id"),
        ("row 3", account("111122223333"), "nothing to identify it by"),
        ("A-4", account("111122223333"), "without resource type or ARN"),
        (
            "A-5",
            account("111122223333"),
            "the ARN names account 111122223333, column `account` says 444455556666",
        ),
        ("A-6", account("111122223333"), "column `name` is longer than 64 KiB"),
        ("A-7", RecordPartition::Rejected, "column `name` is not valid UTF-8"),
        ("A-8", RecordPartition::Rejected, "column `name` has a NUL character"),
        (
            "A-9",
            RecordPartition::Rejected,
            "column `name` is not valid UTF-8; column `account`: `12345678901234`",
        ),
    ];
    assert_eq!(rejected.len(), expected.len());
    for ((key, partition, reason), (found_partition, found)) in expected.iter().zip(rejected) {
        assert_eq!(&found.row_key, key);
        assert_eq!(&found_partition, partition, "{key}");
        assert!(found.reason.contains(reason), "{key}: {}", found.reason);
        let placed = matches!(partition, RecordPartition::Account(_));
        assert_eq!(found.account_id.is_some(), placed, "{key}");
    }
}

#[tokio::test]
async fn rows_that_are_no_aws_resources_pass_by_and_a_doubtful_one_is_judged() {
    let mut register = Register::with_rows(
        "('A-1', 'arn:aws:s3:::b', NULL, NULL, NULL, 'AWS::S3::Bucket', NULL, NULL),
         ('D-1', 'Schrank 4', NULL, 'Kostenstelle 12', NULL, 'Drucker', 'Drucker Hof', NULL),
         (NULL, NULL, NULL, NULL, NULL, 'Drucker', NULL, NULL),
         ('X-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    register.settings.aws_rows = Some("\"type\" LIKE 'AWS::%' -- the rest is furniture".to_owned());
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.not_aws, kept.totals.unplaced, kept.totals.rejected), (1, 1, 2));
    let (_, printer) =
        kept.records().into_iter().find(|(partition, _)| *partition == RecordPartition::NotAws).unwrap();
    assert!(!printer.aws);
    assert_eq!((&printer.arn, &printer.account_id), (&None, &None));
    assert_eq!(printer.attributes["arn"], json!("Schrank 4"));
    assert_eq!(printer.attributes["account_id"], json!("Kostenstelle 12"));
    let rejected = kept.rejected();
    assert_eq!(rejected[0].1.row_key, "row 3");
    assert!(rejected[0].1.reason.contains("no asset id"), "{}", rejected[0].1.reason);
    // NULL is neither true nor false: judged as an AWS row, it has nothing to be identified by.
    assert_eq!(rejected[1].1.row_key, "X-1");
}

#[tokio::test]
async fn lifecycle_words_are_the_registers_own() {
    let mut register = Register::with_rows(
        "('A-1', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, NULL, ' GEPLANT '),
         ('A-2', 'arn:aws:s3:::b', NULL, NULL, NULL, NULL, NULL, 'stillgelegt'),
         ('A-3', 'arn:aws:s3:::c', NULL, NULL, NULL, NULL, NULL, 'anders'),
         ('A-4', 'arn:aws:s3:::d', NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    register.settings.lifecycle =
        LifecycleWords { planned: vec!["geplant".to_owned()], retired: vec!["Stillgelegt".to_owned()] };
    let kept = register.read().await.unwrap();
    let states: Vec<_> = kept.records().into_iter().map(|(_, record)| record.lifecycle).collect();
    assert_eq!(states, [Lifecycle::Planned, Lifecycle::Retired, Lifecycle::Active, Lifecycle::Active]);
    let words: Vec<_> =
        kept.records().into_iter().map(|(_, record)| record.attributes["lifecycle"].clone()).collect();
    assert_eq!(words, [json!("GEPLANT"), json!("stillgelegt"), json!("anders"), Value::Null]);
}

#[tokio::test]
async fn a_query_is_read_like_a_table_with_its_semicolon_and_comment() {
    let mut register =
        Register::with_rows("('A-1', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, 'x', NULL)").await;
    register.settings.relation = Relation::Query(
        "SELECT 'Q-' || id AS id, arn FROM assets WHERE name <> ';' ; -- all of them".to_owned(),
    );
    register.settings.columns = columns(&[("asset_id", "id"), ("arn", "arn")]);
    let kept = register.read().await.unwrap();
    assert_eq!(kept.only_record().1.row_key, "Q-A-1");
}

#[tokio::test]
async fn several_statements_are_refused_before_anything_is_opened() {
    let mut register =
        Register::with_rows("('A-1', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, NULL, NULL)").await;
    for attack in
        ["SELECT * FROM assets; DROP TABLE assets", "SELECT * FROM assets) AS x; DROP TABLE assets; --"]
    {
        register.settings.relation = Relation::Query(attack.to_owned());
        let error = register.read().await.unwrap_err();
        assert!(matches!(error, SourceRegisterError::Settings { .. }), "{error}");
    }
    register.settings.relation = Relation::Table("assets; DROP TABLE assets".to_owned());
    assert!(matches!(register.read().await, Err(SourceRegisterError::Database { .. })));
    register.settings.relation = Relation::Table("main.assets".to_owned());
    assert_eq!(register.read().await.unwrap().totals.read, 1);
}

#[tokio::test]
async fn every_wrong_column_is_named_at_once_with_those_there_are() {
    let mut register = Register::new("CREATE TABLE assets (id TEXT, photo BLOB, titel TEXT)").await;
    register.settings.columns =
        columns(&[("asset_id", "id"), ("name", "nam"), ("owner", "besitzer"), ("photo", "photo")]);
    register.settings.aws_rows = Some("\"kind\" = 'aws'".to_owned());
    let message = register.read().await.unwrap_err().to_string();
    for part in [
        "`nam` (for `name`)",
        "`besitzer` (for `owner`)",
        "`photo` (for `photo`)",
        "BLOB",
        "`titel`",
        "\"kind\"",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn all_wrong_settings_are_listed_at_once() {
    let settings = SourceRegisterSettings {
        aws_rows: Some("type = 'aws".to_owned()),
        lifecycle: LifecycleWords { planned: vec!["weg".to_owned()], retired: vec!["WEG ".to_owned()] },
        ..support::settings(
            "oracle://itk:geheim@db/itk",
            Relation::Table(String::new()),
            &[("name", ""), ("owner", "o")],
        )
    };
    let error = SqlSourceRegister::new(settings).unwrap_err();
    let message = error.to_string();
    for part in [
        "`oracle`",
        "`sqlite://` or `postgres://`",
        "no name",
        "`aws_rows`",
        "`columns.name`",
        "no row could",
        "`weg`",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!message.contains("geheim"), "{message}");
}

#[tokio::test]
async fn an_empty_register_is_an_error() {
    let register = Register::new(TABLE).await;
    assert!(matches!(register.read().await, Err(SourceRegisterError::Empty)));
}

#[tokio::test]
async fn a_missing_file_is_an_error_and_is_never_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing.db");
    for url in [format!("sqlite://{}", file.display()), format!("sqlite://{}?mode=rwc", file.display())] {
        let error =
            read(support::settings(&url, Relation::Table("assets".to_owned()), COLUMNS)).await.unwrap_err();
        assert!(matches!(error, SourceRegisterError::Unreachable { .. }), "{error}");
        let text = support::chain(&error);
        assert!(text.contains("missing.db") && text.contains("does not exist"), "{text}");
        assert!(!file.exists());
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_and_a_table_that_is_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.db");
    std::fs::write(&file, "this is no database, only a long line of text that was put here for the test")
        .unwrap();
    let url = format!("sqlite://{}", file.display());
    let error =
        read(support::settings(&url, Relation::Table("assets".to_owned()), COLUMNS)).await.unwrap_err();
    assert!(support::chain(&error).contains("not a database"), "{}", support::chain(&error));

    let mut register = Register::new(TABLE).await;
    register.settings.relation = Relation::Table("asets".to_owned());
    let error = register.read().await.unwrap_err();
    assert!(support::chain(&error).contains("no such table: asets"), "{}", support::chain(&error));
}

#[tokio::test]
async fn the_file_is_opened_for_reading_only() {
    let mut register = Register::new(TABLE).await;
    let mut writer = register.writer().await;
    let insert = "INSERT INTO assets VALUES ('A-1', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, NULL, NULL)";
    sqlx::raw_sql(insert).execute(&mut writer).await.unwrap();
    // A copy whose last writer never finished: whoever may write moves its log into the file when it closes.
    let copy = register.folder.path().join("copy.db");
    for ending in ["", "-wal"] {
        let name = |path: &std::path::Path| format!("{}{ending}", path.display());
        std::fs::copy(name(&register.file()), name(&copy)).unwrap();
    }
    let before = std::fs::read(&copy).unwrap();
    register.settings.url = format!("sqlite://{}?mode=rwc", copy.display()).into();
    assert_eq!(register.read().await.unwrap().totals.read, 1);
    assert_eq!(std::fs::read(&copy).unwrap(), before);
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_reading() {
    let register = Register::with_rows("('A-1', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, NULL, NULL)").await;
    let error = SqlSourceRegister::new(register.settings.clone())
        .unwrap()
        .read(&mut support::Full)
        .await
        .unwrap_err();
    assert!(matches!(error, SourceRegisterError::Sink(_)));
    assert!(support::chain(&error).contains("no space left"), "{}", support::chain(&error));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_written_while_reading_are_not_seen() {
    let register = Register::with_rows("('A-0', 'arn:aws:s3:::a', NULL, NULL, NULL, NULL, NULL, NULL)").await;
    register
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO assets SELECT 'A-' || i, 'arn:aws:s3:::b', NULL, NULL, NULL, NULL, NULL, NULL FROM n",
        )
        .await;
    let mut writer = register.writer().await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let writing = tokio::spawn(async move {
        let mut written = 0_u64;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            let insert =
                "INSERT INTO assets VALUES ('late', 'arn:aws:s3:::c', NULL, NULL, NULL, NULL, NULL, NULL)";
            sqlx::raw_sql(insert).execute(&mut writer).await.unwrap();
            written += 1;
        }
        written
    });
    // Without one snapshot over count and rows, some of these readings would not add up.
    for _ in 0..40 {
        let kept = register.read().await.unwrap();
        assert_eq!(kept.totals.read, kept.totals.counted);
        assert!(kept.totals.read >= 3001);
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(writing.await.unwrap() > 0);
}

#[tokio::test]
async fn a_row_that_only_a_rule_of_the_settings_identifies_makes_sense_where_there_is_one() {
    let mut register = Register::with_rows(
        "('ITK-1', NULL, NULL, '111111111111', NULL, NULL, 'web', 'active'),
         ('ITK-2', NULL, NULL, '111111111111', NULL, NULL, NULL, 'active'),
         ('ITK-3', NULL, 'i-3', '111111111111', NULL, NULL, NULL, 'active')",
    )
    .await;
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.read, kept.totals.rejected), (3, 3), "without a rule nothing identifies them");
    let rule = json!([{ "name": "by-name", "match": [{ "record": "name", "item": "name" }] }]);
    let rules: Vec<IdentificationRule> = serde_json::from_value(rule).unwrap();
    register.settings.identification = IdentificationRules::new(&rules);
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.read, kept.totals.rejected), (3, 2), "the others have no name to go by");
    assert_eq!(kept.only_good().row_key, "ITK-1");
}
