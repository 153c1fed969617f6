//! `bestand ordeal`: the proof that publishing loses nothing and doubles nothing, told in figures.
//!
//! A plan is made against the sandbox and published once in peace. Then it is published again and again from fresh
//! copies, by this very program as a child process that is killed, lied to, starved and doubled. What then stands in
//! the central register, and in its audit log, must be what the peaceful publication left.

mod compare;
mod dice;
mod faults;
mod kills;
mod meddling;
mod refusals;
mod row;
mod stage;
mod table;
mod trial;

use std::path::PathBuf;

use clap::Args;

use crate::cli::print;
use crate::error::Error;
use crate::exit_status::ExitStatus;
use row::Row;
use stage::Stage;

/// `bestand ordeal`.
#[derive(Args, Debug)]
pub(crate) struct OrdealArgs {
    /// How many SIGKILLs must strike a publication at work.
    #[arg(long, value_name = "N", default_value_t = 300)]
    kills: u64,
    /// About how many changes the plan has; never fewer.
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(100..=100_000))]
    changes: u64,
    /// What the estate, and the instants of the kills, are derived from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Only this scenario.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Keeps everything here: registers, run stores, logs, a folder per publication.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Where the run stores lie, such as `s3://bucket/prefix`; by default in folders of their own.
    #[arg(long, value_name = "URL")]
    run_store: Option<String>,
    /// Prints the figures as JSON rather than as a table.
    #[arg(long)]
    json: bool,
}

/// Plays every scenario and tells the figures. Ends with 1 if anything is lost or doubled, or a fault never struck.
pub(crate) async fn ordeal(asked: &OrdealArgs) -> Result<ExitStatus, Error> {
    let names: Vec<&str> = [kills::NAME]
        .into_iter()
        .chain(faults::names())
        .chain(meddling::names())
        .chain(refusals::names())
        .collect();
    if let Some(unknown) = asked.scenario.as_deref().filter(|name| !names.contains(name)) {
        let known = names.join(", ");
        return Err(Error::Usage(format!("--scenario: none is called {unknown}; there are {known}")));
    }
    let stage = Stage::set(asked).await?;
    let mut rows: Vec<Row> = Vec::new();
    for name in names.into_iter().filter(|name| asked.scenario.as_deref().is_none_or(|only| only == *name)) {
        tracing::info!(scenario = name, "begins");
        let row = if name == kills::NAME {
            if asked.kills == 0 {
                continue;
            }
            kills::play(&stage, asked.kills, asked.seed).await?
        } else if let Some(row) = faults::play(&stage, name).await? {
            row
        } else if let Some(row) = meddling::play(&stage, name).await? {
            row
        } else if let Some(row) = refusals::play(&stage, name).await? {
            row
        } else {
            tracing::warn!(scenario = name, "left out: it needs a run store in a folder");
            continue;
        };
        tracing::info!(scenario = name, struck = row.struck, right = row.is_right(), "ended");
        rows.push(row);
    }
    let right = !rows.is_empty() && rows.iter().all(Row::is_right);
    print(&if asked.json {
        serde_json::to_string(&rows).map_err(|error| Error::Unexpected(error.to_string()))?
    } else {
        table::text(&rows, asked, stage.kinds)
    });
    stage.end().await;
    Ok(if right { ExitStatus::Done } else { ExitStatus::Unexpected })
}
