//! The source register in a real PostgreSQL server, which `scripts/test` starts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::{self, Kept, account, columns, read};
use bestand_collector::source_register::{
    RecordSink, RecordSinkError, Relation, SignIn, SourceRegister, SourceRegisterError,
    SourceRegisterSettings, SqlSourceRegister,
};
use bestand_model::asset_record::{RecordLine, RecordPartition};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

const COLUMNS: &[(&str, &str)] = &[("asset_id", "id"), ("arn", "arn"), ("account_id", "account")];

static NEXT_SCHEMA: AtomicU32 = AtomicU32::new(1);

/// A schema of its own for each test, with a table named `Assets` in it.
struct Register {
    schema: String,
    settings: SourceRegisterSettings,
}

impl Register {
    /// Runs `sql` with the schema as the search path.
    async fn new(sql: &str) -> Self {
        let schema = format!("Test {}.{}", std::process::id(), NEXT_SCHEMA.fetch_add(1, Ordering::Relaxed));
        let relation = Relation::Table(format!("\"{schema}\".Assets"));
        let register =
            Self { settings: support::settings(&support::postgres_url(), relation, COLUMNS), schema };
        let mut writer = connect().await;
        execute(&mut writer, &format!("CREATE SCHEMA \"{}\"", register.schema)).await;
        execute(&mut writer, &format!("SET search_path = \"{}\", public; {sql}", register.schema)).await;
        register
    }

    fn table(&self) -> String {
        format!("\"{}\".\"Assets\"", self.schema)
    }

    async fn read(&self) -> Result<Kept, SourceRegisterError> {
        read(self.settings.clone()).await
    }
}

async fn connect() -> PgConnection {
    PgConnection::connect(&support::postgres_url()).await.unwrap()
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

#[tokio::test]
async fn a_row_becomes_a_record_of_its_account() {
    let register = Register::new(
        "CREATE TABLE \"Assets\" (id text, arn varchar(200), account bigint);
         INSERT INTO \"Assets\" VALUES ('A-1', 'arn:aws:s3:::fahrplan', 12345678901)",
    )
    .await;
    let kept = register.read().await.unwrap();
    let (partition, record) = kept.only_record();
    assert_eq!(partition, &account("012345678901"));
    assert_eq!(record.row_key, "A-1");
    assert_eq!(record.arn.as_ref().unwrap().as_str(), "arn:aws:s3:::fahrplan");
}

#[tokio::test]
async fn every_type_becomes_sensible_json() {
    let mut register = Register::new(
        "CREATE TYPE state AS ENUM ('Planned', 'active');
         CREATE DOMAIN cost_centre AS numeric(12, 2);
         CREATE TABLE \"Assets\" (id uuid, arn text, account numeric, cores smallint, size bigint, load real,
             price numeric, centre cost_centre, ha boolean, since date, seen timestamptz, local timestamp,
             status state, extra jsonb, raw json, owners text[], ports integer[], prices numeric[], days date[],
             net cidr, span interval, code char(8), nothing text, blank text);
         INSERT INTO \"Assets\" VALUES ('00112233-4455-6677-8899-aabbccddeeff', 'arn:aws:s3:::b', 98765432109.00,
             8, 9007199254740993, 0.5, 1234567890.123456789012345, 7.5, true, '2026-11-23',
             '2026-11-23 08:00:00.25+02', '2026-11-23 08:00', 'Planned', '{\"a\": [1, null]}', '\"text\"',
             '{\"a b\",c}', '{1,2}', '{1.10,2}', '{2026-11-23}', '10.0.0.0/8', '1 day', 'ab', NULL, '   ')",
    )
    .await;
    let names = [
        "cores", "size", "load", "price", "centre", "ha", "since", "seen", "local", "extra", "raw", "owners",
        "ports", "prices", "days", "net", "span", "code", "nothing", "blank",
    ];
    let mut mapping: Vec<(&str, &str)> = names.iter().map(|&name| (name, name)).collect();
    mapping.extend(COLUMNS);
    mapping.push(("lifecycle", "status"));
    register.settings.columns = columns(&mapping);
    let kept = register.read().await.unwrap();
    let (partition, record) = kept.only_record();
    assert_eq!(partition, &account("098765432109"));
    assert_eq!(record.row_key, "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(
        serde_json::to_value(record).unwrap()["attributes"],
        json!({
            "cores": 8, "size": 9_007_199_254_740_993_i64, "load": 0.5, "price": "1234567890.123456789012345",
            "centre": "7.50", "ha": true, "since": "2026-11-23", "seen": "2026-11-23T06:00:00.25+00:00",
            "local": "2026-11-23T08:00:00", "lifecycle": "Planned", "extra": { "a": [1, null] }, "raw": "text",
            "owners": ["a b", "c"], "ports": [1, 2], "prices": ["1.10", "2"], "days": ["2026-11-23"],
            "net": "10.0.0.0/8", "span": "1 day", "code": "ab", "nothing": null, "blank": null,
        })
    );
    assert_eq!(serde_json::to_value(record).unwrap()["lifecycle"], json!("planned"));
}

#[tokio::test]
async fn rows_that_make_no_sense_are_rejected_and_the_rest_is_read() {
    let mut register = Register::new(
        "CREATE TABLE \"Assets\" (id text, arn text, account text, note text, more json);
         INSERT INTO \"Assets\" VALUES
             ('A-1', 'arn:nonsense', '111122223333', NULL, NULL),
             ('A-2', 'arn:aws:s3:::b', '12345', NULL, NULL),
             ('A-3', 'arn:aws:s3:::b', '111122223333', repeat('ü', 40000), NULL),
             ('A-4', 'arn:aws:s3:::b', '111122223333', NULL, '{\"a\": \"\\u0000\"}'),
             ('A-5', 'arn:aws:s3:::b', '111122223333', repeat('x', 10000000), NULL),
             ('A-6', 'arn:aws:s3:::b', '111122223333', repeat('x', 65536), NULL)",
    )
    .await;
    register.settings.columns = columns(&[COLUMNS, &[("note", "note"), ("more", "more")]].concat());
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.read, kept.totals.rejected), (6, 5));
    assert_eq!(kept.only_good().row_key, "A-6");
    let reasons: Vec<_> = kept.rejected().iter().map(|(_, rejected)| rejected.reason.clone()).collect();
    let expected =
        ["is no ARN", "is no account id", "`note` is longer than 64 KiB", "`more` has a NUL", "64 KiB"];
    for (reason, part) in reasons.iter().zip(expected) {
        assert!(reason.contains(part), "{part}: {reason}");
    }
}

#[tokio::test]
async fn more_rows_than_one_fetch_arrive_each_once() {
    let mut register = Register::new(
        "CREATE TABLE \"Assets\" AS SELECT 'A-' || i AS id, 'arn:aws:s3:::b' || i AS arn, NULL AS account
         FROM generate_series(1, 2000) AS i",
    )
    .await;
    register.settings.aws_rows = Some("id <> 'A-7'".to_owned());
    let kept = register.read().await.unwrap();
    assert_eq!((kept.totals.read, kept.totals.unplaced, kept.totals.not_aws), (2000, 1999, 1));
    let mut keys: Vec<_> = kept.records().iter().map(|(_, record)| record.row_key.clone()).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2000);
}

#[tokio::test]
async fn a_condition_that_is_null_leaves_the_row_to_be_judged() {
    let mut register = Register::new(
        "CREATE TABLE \"Assets\" (id text, arn text, account text, kind text);
         INSERT INTO \"Assets\" VALUES ('A-1', 'arn:aws:s3:::b', NULL, NULL), ('D-1', NULL, NULL, 'printer')",
    )
    .await;
    register.settings.aws_rows = Some("kind = 'aws' -- what runs there".to_owned());
    let kept = register.read().await.unwrap();
    assert_eq!(kept.partitions(), [RecordPartition::Unplaced, RecordPartition::NotAws]);
}

#[tokio::test]
async fn every_wrong_column_is_named_at_once_with_those_there_are() {
    let mut register =
        Register::new("CREATE TABLE \"Assets\" (id text, photo bytea, photos bytea[], titel text)").await;
    register.settings.columns = columns(&[
        ("asset_id", "id"),
        ("name", "nam"),
        ("owner", "besitzer"),
        ("a", "photo"),
        ("b", "photos"),
    ]);
    let message = register.read().await.unwrap_err().to_string();
    for part in
        ["`nam`", "`besitzer`", "`photo` (for `a`) cannot be read", "`photos` (for `b`)", "bytea", "`titel`"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn nothing_in_the_settings_can_write() {
    let mut register = Register::new(
        "CREATE TABLE \"Assets\" (id text, arn text, account text);
         INSERT INTO \"Assets\" VALUES ('A-1', 'arn:aws:s3:::b', NULL);
         CREATE FUNCTION wipe() RETURNS boolean LANGUAGE plpgsql SET search_path FROM CURRENT AS
             $$ BEGIN DELETE FROM \"Assets\"; RETURN true; END $$",
    )
    .await;
    let table = register.table();
    let wipe = format!("\"{}\".wipe()", register.schema);
    register.settings.aws_rows = Some(wipe);
    let error = register.read().await.unwrap_err();
    assert!(support::chain(&error).contains("read-only transaction"), "{}", support::chain(&error));
    register.settings.aws_rows = None;
    for attack in [
        format!("SELECT * FROM {table}; DROP TABLE {table}"),
        format!("WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone"),
    ] {
        register.settings.relation = Relation::Query(attack);
        register.read().await.unwrap_err();
    }
    register.settings.relation = Relation::Query(format!("SELECT * FROM {table} ; "));
    assert_eq!(register.read().await.unwrap().totals.read, 1);
}

#[tokio::test]
async fn an_empty_table_and_a_missing_one_are_errors() {
    let mut register = Register::new("CREATE TABLE \"Assets\" (id text, arn text, account text)").await;
    assert!(matches!(register.read().await, Err(SourceRegisterError::Empty)));
    register.settings.relation = Relation::Table("assets_that_are_not_there".to_owned());
    let error = register.read().await.unwrap_err();
    assert!(support::chain(&error).contains("assets_that_are_not_there"), "{}", support::chain(&error));
}

#[tokio::test]
async fn the_password_is_in_no_message() {
    let password = "geheim-4711";
    let with_password = |url: &str| {
        let url = url::Url::parse(url).unwrap();
        let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
        [
            format!("postgres://nobody:{password}@{host}:{port}/postgres"),
            format!("postgres://nobody:{password}@{host}:{port}/postgres?sslmode={password}"),
            format!("postgres://nobody:{password}@{host}:99999/postgres"),
            format!("postgres://nobody:{password}@{host}:1/postgres"),
            format!("postgres://nobody:{password}@unknown.invalid/postgres"),
            format!("postgres://nobody:1/{password}@{host}/postgres"),
            format!("postgres://nobody:1#{password}@{host}/postgres"),
            format!("postgres:{password}"),
            password.to_owned(),
            format!("mysql://nobody:{password}@{host}/x"),
        ]
    };
    for url in with_password(&support::postgres_url()) {
        let settings = support::settings(&url, Relation::Table("assets".to_owned()), COLUMNS);
        assert!(!format!("{settings:?}").contains(password));
        match SqlSourceRegister::new(settings) {
            Ok(register) => {
                assert!(!format!("{register:?}").contains(password));
                let error = register.read(&mut Kept::default()).await.unwrap_err();
                assert!(matches!(error, SourceRegisterError::Unreachable { .. }), "{error:?}");
                assert!(!format!("{error:?} {}", support::chain(&error)).contains(password), "{error:?}");
            }
            Err(error) => assert!(!format!("{error:?} {error}").contains(password), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_password_may_come_beside_the_url() {
    let mut register = Register::new("CREATE TABLE \"Assets\" (id text, arn text, account text)").await;
    execute(&mut connect().await, &format!("INSERT INTO {} VALUES ('1', 'x', 'y')", register.table())).await;
    let mut url = url::Url::parse(&support::postgres_url()).unwrap();
    let password = url.password().unwrap().to_owned();
    url.set_password(None).unwrap();
    register.settings.url = url.to_string().into();
    register.settings.sign_in = SignIn::Password("geheim-4711".into());
    let error = register.read().await.unwrap_err();
    assert!(matches!(error, SourceRegisterError::Unreachable { .. }), "{error:?}");
    assert!(!format!("{error:?} {}", support::chain(&error)).contains("geheim-4711"), "{error:?}");
    register.settings.sign_in = SignIn::Password(password.into());
    assert_eq!(register.read().await.unwrap().totals.read, 1);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_given_up() {
    let mut register = Register::new("CREATE TABLE \"Assets\" (id text, arn text, account text)").await;
    let mut locking = connect().await;
    execute(&mut locking, &format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", register.table())).await;
    register.settings.statement_timeout = Duration::from_millis(200);
    let text = support::chain(&register.read().await.unwrap_err());
    assert!(text.contains("gave no answer") || text.contains("statement timeout"), "{text}");
}

/// Inserts a row from outside as soon as the first row arrives.
struct Meddling {
    table: String,
    kept: Kept,
}

impl RecordSink for Meddling {
    fn accept(&mut self, partition: RecordPartition, line: RecordLine) -> Result<(), RecordSinkError> {
        if self.kept.lines.is_empty() {
            let insert = format!("INSERT INTO {} VALUES ('late', 'arn:aws:s3:::late', NULL)", self.table);
            let meddle = async move { execute(&mut connect().await, &insert).await };
            let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            std::thread::spawn(move || runtime().block_on(meddle)).join().unwrap();
        }
        self.kept.accept(partition, line)
    }
}

#[tokio::test]
async fn a_row_written_while_rows_arrive_is_not_seen() {
    let register = Register::new(
        "CREATE TABLE \"Assets\" AS SELECT 'A-' || i AS id, 'arn:aws:s3:::b' AS arn, NULL::text AS account
         FROM generate_series(1, 1500) AS i",
    )
    .await;
    let mut sink = Meddling { table: register.table(), kept: Kept::default() };
    let totals = SqlSourceRegister::new(register.settings.clone()).unwrap().read(&mut sink).await.unwrap();
    assert_eq!((totals.read, totals.counted), (1500, 1500));
    assert!(sink.kept.records().iter().all(|(_, record)| record.row_key != "late"));
    assert_eq!(register.read().await.unwrap().totals.read, 1501);
}

#[tokio::test]
async fn a_row_written_between_count_and_rows_is_not_seen() {
    let mut register = Register::new(
        "CREATE TABLE \"Assets\" (id text, arn text, account text);
         INSERT INTO \"Assets\" VALUES ('A-1', 'arn:aws:s3:::b', NULL)",
    )
    .await;
    let table = register.table();
    // Both count and rows must pass a lock that this test holds, so that it knows when the count is under way.
    let lock = i64::from(std::process::id()) * 1000 + i64::from(NEXT_SCHEMA.fetch_add(1, Ordering::Relaxed));
    register.settings.relation = Relation::Query(format!(
        "SELECT a.* FROM {table} AS a, (SELECT pg_advisory_xact_lock_shared({lock})) AS l"
    ));
    let mut outside = connect().await;
    execute(&mut outside, &format!("SELECT pg_advisory_lock({lock})")).await;
    let settings = register.settings.clone();
    let reading = tokio::spawn(async move { read(settings).await });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND (classid::bigint << 32) + objid::bigint = $1";
    while sqlx::query_scalar::<_, i64>(waiting).bind(lock).fetch_one(&mut outside).await.unwrap() == 0 {
        assert!(!reading.is_finished(), "the count did not wait for the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    execute(&mut outside, &format!("INSERT INTO {table} VALUES ('late', 'arn:aws:s3:::late', NULL)")).await;
    execute(&mut outside, &format!("SELECT pg_advisory_unlock({lock})")).await;
    let kept = reading.await.unwrap().unwrap();
    assert_eq!((kept.totals.read, kept.totals.counted), (1, 1));
}
