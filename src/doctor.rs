//! `bestand doctor`: what would stand in a run's way, before one is made, and whether what failed in one is mended.
//!
//! It calls what the job calls and changes nothing: no run directory, no history, no lock. One part that fails never
//! keeps the others from being looked at.

mod aws;
mod judge;
mod left_out;
mod recheck;
mod registers;
mod report;
mod secrets;
mod table;

use std::collections::BTreeSet;

use bestand_model::identifiers::{AccountId, RunId};

use crate::error::Error;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::{clock, compose, signals};

use report::Part;
pub(crate) use report::Report;
pub(crate) use table::table;

/// What the doctor is asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Only these accounts; empty: all.
    pub(crate) accounts: Vec<AccountId>,
    /// Only what failed in this run.
    pub(crate) run: Option<RunId>,
    /// What the role sessions are called after.
    pub(crate) session: Option<RunId>,
}

/// Examines everything that a run needs.
pub(crate) async fn doctor(settings: &Settings, asked: &Asked, progress: Progress) -> Result<Report, Error> {
    signals::begin();
    signals::unless_stopped(examine(settings, asked, progress)).await
}

async fn examine(settings: &Settings, asked: &Asked, progress: Progress) -> Result<Report, Error> {
    let now = clock::now();
    let mut report = Report::new(&settings.environment);
    let store = match compose::run_store(settings).await {
        Ok(store) => {
            registers::run_store(settings, &store, &mut report);
            Some(store)
        }
        // A run that is asked for by name cannot be found in a store that has no place.
        Err(error) if asked.run.is_some() => return Err(error),
        Err(error) => {
            report.run_store = Part::failed(report.fail("run store", &error));
            None
        }
    };
    let complaints = match (&store, &asked.run) {
        (Some(store), Some(run)) => recheck::complaints(store, run)?,
        _ => None,
    };
    let lacking = secrets::check(settings, &mut report).await;
    let rows = if lacking.source {
        registers::Rows::default()
    } else {
        registers::source(settings, store.as_ref(), &mut report, progress).await
    };
    let owned =
        if lacking.central { BTreeSet::new() } else { registers::central(settings, &mut report).await };
    let session = asked.session.clone().unwrap_or_else(|| clock::new_run_id(now));
    let ward = aws::Ward {
        settings,
        store: store.as_ref(),
        now,
        complaints: complaints.as_ref(),
        rows: &rows,
        owned: &owned,
    };
    ward.examine(&asked.accounts, &session, &mut report, progress).await?;
    report.close();
    Ok(report)
}
