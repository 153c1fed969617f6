//! The source register is streamed: memory does not grow with its size.

use std::collections::BTreeMap;

use crate::support;
use bestand_collector::source_register::{
    RecordSink, RecordSinkError, Relation, SourceRegister, SqlSourceRegister,
};
use bestand_model::asset_record::{RecordLine, RecordPartition};

const ALONE: &str = "BESTAND_TEST_MEMORY_ALONE";
const ROWS: u64 = 200_000;

/// Counts by partition and keeps nothing.
#[derive(Default)]
struct Counting(BTreeMap<RecordPartition, u64>);

impl RecordSink for Counting {
    fn accept(&mut self, partition: RecordPartition, _: RecordLine) -> Result<(), RecordSinkError> {
        *self.0.entry(partition).or_default() += 1;
        Ok(())
    }
}

/// Gives the greatest memory that this process ever had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn stream(url: &str, query: &str) {
    let columns = [
        ("asset_id", "id"),
        ("resource_id", "id"),
        ("account_id", "account"),
        ("resource_type", "type"),
        ("note", "note"),
    ];
    let settings = support::settings(url, Relation::Query(query.to_owned()), &columns);
    let before = peak_kib();
    let mut sink = Counting::default();
    let totals = SqlSourceRegister::new(settings).unwrap().read(&mut sink).await.unwrap();
    assert_eq!((totals.read, totals.counted, totals.rejected), (ROWS, ROWS, 0));
    assert_eq!(sink.0.len(), 20);
    assert!(sink.0.values().all(|&rows| rows == ROWS / 20), "{:?}", sink.0);
    // The rows hold 200 MB of text; a tenth of that is generous for buffers.
    let grown = peak_kib() - before;
    println!("memory grew by {grown} KiB");
    assert!(grown < 20 * 1024, "memory grew by {grown} KiB");
}

#[tokio::test]
async fn two_hundred_thousand_rows_pass_through_little_memory() {
    // A process of its own: memory of the tests that run beside this one would be counted as well.
    if std::env::var_os(ALONE).is_none() {
        let name = "memory::two_hundred_thousand_rows_pass_through_little_memory";
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let output = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("itk.db");
    std::fs::write(&file, "").unwrap();
    stream(
        &format!("sqlite://{}", file.display()),
        &format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
             SELECT 'i-' || i AS id, 100000000000 + i % 20 AS account, 'AWS::EC2::Instance' AS type,
                    hex(zeroblob(500)) AS note FROM n"
        ),
    )
    .await;
    stream(
        &support::postgres_url(),
        &format!(
            "SELECT 'i-' || i AS id, 100000000000 + i % 20 AS account, 'AWS::EC2::Instance' AS type,
                    repeat('0', 1000) AS note FROM generate_series(1::bigint, {ROWS}) AS i"
        ),
    )
    .await;
}
