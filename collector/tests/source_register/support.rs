//! What the tests of the source register share.

use std::collections::BTreeMap;
use std::time::Duration;

use bestand_collector::source_register::{
    LifecycleWords, RecordSink, RecordSinkError, Relation, SignIn, SourceRegister, SourceRegisterError,
    SourceRegisterSettings, SqlSourceRegister,
};
use bestand_model::asset_record::{AssetRecord, RecordLine, RecordPartition, RecordTotals, RejectedRecord};

/// All that was handed on, kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) lines: Vec<(RecordPartition, RecordLine)>,
    pub(crate) totals: RecordTotals,
}

impl RecordSink for Kept {
    fn accept(&mut self, partition: RecordPartition, line: RecordLine) -> Result<(), RecordSinkError> {
        self.lines.push((partition, line));
        Ok(())
    }
}

impl Kept {
    pub(crate) fn partitions(&self) -> Vec<RecordPartition> {
        self.lines.iter().map(|(partition, _)| partition.clone()).collect()
    }

    pub(crate) fn records(&self) -> Vec<(RecordPartition, &AssetRecord)> {
        let records = self.lines.iter().filter_map(|(partition, line)| match line {
            RecordLine::Record(record) => Some((partition.clone(), record)),
            RecordLine::Rejected { .. } => None,
        });
        records.collect()
    }

    pub(crate) fn rejected(&self) -> Vec<(RecordPartition, &RejectedRecord)> {
        let rejected = self.lines.iter().filter_map(|(partition, line)| match line {
            RecordLine::Rejected { rejected } => Some((partition.clone(), rejected)),
            RecordLine::Record(_) => None,
        });
        rejected.collect()
    }

    pub(crate) fn only_good(&self) -> &AssetRecord {
        match self.records().as_slice() {
            [(_, record)] => record,
            other => panic!("expected one record: {other:?}"),
        }
    }

    pub(crate) fn only_record(&self) -> (&RecordPartition, &AssetRecord) {
        match self.lines.as_slice() {
            [(partition, RecordLine::Record(record))] => (partition, record),
            other => panic!("expected one record: {other:?}"),
        }
    }
}

/// Keeps nothing, like a full disk.
pub(crate) struct Full;

impl RecordSink for Full {
    fn accept(&mut self, _: RecordPartition, _: RecordLine) -> Result<(), RecordSinkError> {
        Err(RecordSinkError(std::io::Error::other("no space left").into()))
    }
}

pub(crate) fn settings(url: &str, relation: Relation, pairs: &[(&str, &str)]) -> SourceRegisterSettings {
    SourceRegisterSettings {
        url: url.to_owned().into(),
        sign_in: SignIn::AsInUrl,
        extra_roots: None,
        relation,
        columns: columns(pairs),
        aws_rows: None,
        lifecycle: LifecycleWords::default(),
        identification: Default::default(),
        connect_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(60),
    }
}

pub(crate) fn columns(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(attribute, column)| (attribute.to_owned(), column.to_owned())).collect()
}

pub(crate) async fn read(settings: SourceRegisterSettings) -> Result<Kept, SourceRegisterError> {
    let mut kept = Kept::default();
    kept.totals = SqlSourceRegister::new(settings)?.read(&mut kept).await?;
    Ok(kept)
}

pub(crate) fn account(id: &str) -> RecordPartition {
    RecordPartition::Account(id.parse().unwrap())
}

/// Gives an error with all that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// Gives the URL of the PostgreSQL server that the harness started.
pub(crate) fn postgres_url() -> String {
    std::env::var("BESTAND_TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!("BESTAND_TEST_POSTGRES_URL is not set: run scripts/test, which starts a PostgreSQL server for the tests")
    })
}
