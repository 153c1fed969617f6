//! `corrections.csv` and `corrections.sql` of a run, made from its findings, its records as read, and the settings
//! that were in force.

use std::path::{Path, PathBuf};

use bestand_model::asset_record::{RecordLine, RecordPartition};
use bestand_model::finding::Finding;
use bestand_publisher::corrections::{Batch, CorrectionWriter, Layout, LayoutSettings, propose};
use bestand_publisher::run_store::{RunDirectory, Spool};
use serde_json::Value;

use super::filed::{Filed, damaged, settings_of};
use super::half::{Half, report_failed};
use super::sealed::same_settings;
use crate::error::Error;

/// Writes both files into the folder, and gives them. Held in memory is what one account's rows are asked for.
pub(super) fn write(filed: &Filed, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let layout = layout(filed)?;
    let mut csv = Half::begin(&folder.join("corrections.csv"))?;
    let mut sql = Half::begin(&folder.join("corrections.sql"))?;
    let failed = |error| report_failed(folder, error);
    let of = format!("run {} of environment {}", filed.summary.run_id, filed.summary.environment);
    let mut writer = CorrectionWriter::begin(&layout, &of, csv.out(), sql.out()).map_err(failed)?;
    for name in filed.directory.names(Spool::Findings)? {
        let mut batch = Batch::default();
        for finding in filed.directory.read::<Finding>(Spool::Findings, &name)? {
            let Some(proposal) = propose(&layout, &finding.map_err(damaged)?) else { continue };
            if let Some(row) = writer.take(proposal).map_err(failed)? {
                batch.add(row);
            }
        }
        read_rows(&filed.directory, &name, &mut batch)?;
        writer.rows(&batch).map_err(failed)?;
    }
    let counts = writer.finish().map_err(failed)?;
    tracing::info!(
        add = counts.add,
        correct = counts.correct,
        close = counts.close,
        reject = counts.reject,
        statements = counts.statements,
        "corrections for the source register"
    );
    Ok(vec![csv.finish()?, sql.finish()?])
}

/// Finds the rows as they were read: among the account's own, and among those that name no account.
fn read_rows(directory: &RunDirectory, account: &str, batch: &mut Batch) -> Result<(), Error> {
    let unplaced = RecordPartition::Unplaced;
    let unplaced = Some(unplaced.file_stem()).filter(|name| *name != account);
    for name in [Some(account), unplaced].into_iter().flatten() {
        if batch.lacks_rows() && directory.exists(Spool::Records, name)? {
            for line in directory.read::<RecordLine>(Spool::Records, name)? {
                batch.see(&line.map_err(damaged)?);
            }
        }
    }
    Ok(())
}

/// Reads the settings that the run was made with: nothing else says what its columns mean.
fn layout(filed: &Filed) -> Result<Layout, Error> {
    let summary = &filed.summary;
    let run_id = &summary.run_id;
    let value: Value = filed.directory.read_json("settings")?.ok_or_else(|| {
        Error::Usage(format!(
            "run `{run_id}` has no settings.json, which says what the register's columns mean: version {} of bestand did not keep it",
            summary.tool_version
        ))
    })?;
    same_settings(&value, summary)?;
    let settings = settings_of(value, summary)?;
    let source = settings.source_register;
    let many_rules = settings.identification.into_iter().filter(|rule| rule.many).map(|rule| rule.name);
    Ok(Layout::new(LayoutSettings {
        table: source.table,
        columns: source.columns,
        aws_rows: source.aws_rows,
        retired_words: source.lifecycle.map(|words| words.retired).unwrap_or_default(),
        many_rules: many_rules.collect(),
    }))
}
