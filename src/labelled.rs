//! `bestand labelled`: labelled estates over several days, a real `bestand run` a day, held against the truth.
//!
//! The sandbox plants every kind of difference by seed and writes down what a right reconciliation must find and
//! publish. The job knows nothing of that: it is this very program as a child process, over HTTP and SQL, with its
//! own run store. What it found and what then stands in the central register is compared, and told in figures.

mod compare;
mod play;
mod table;
mod tally;

use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::cli::print;
use crate::error::Error;
use crate::exit_status::ExitStatus;
use tally::Tally;

/// `bestand labelled`.
#[derive(Args, Debug)]
pub(crate) struct LabelledArgs {
    /// How many estates.
    #[arg(long, value_name = "N", default_value_t = 200)]
    seeds: u64,
    /// The seed of the first of them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    first_seed: u64,
    /// Days, and runs, of each.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(5..=30))]
    days: u16,
    /// Estates at a time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Only this case, also one that is awaited or known to be wrong.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Keeps everything here, a folder per seed: truth, registers, run store, logs.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Prints the figures as JSON rather than as a table.
    #[arg(long)]
    json: bool,
}

/// Runs every seed and tells the figures. Ends with 1 if a single one is not right.
pub(crate) async fn labelled(asked: &LabelledArgs) -> Result<ExitStatus, Error> {
    let last = asked.first_seed.saturating_add(asked.seeds);
    let mut played = futures::stream::iter(asked.first_seed..last)
        .map(|seed| play::seed(seed, asked))
        .buffered(usize::from(asked.jobs));
    let mut all = Tally::default();
    while let Some(of_seed) = played.try_next().await? {
        all.merge(of_seed);
    }
    print(&if asked.json {
        serde_json::to_string(&all).map_err(|error| Error::Unexpected(error.to_string()))?
    } else {
        table::text(&all, asked)
    });
    Ok(if all.is_right() { ExitStatus::Done } else { ExitStatus::Unexpected })
}
