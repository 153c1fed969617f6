//! A run's directory, opened to be explained: what must be there for that, and what is missing if it is not.

use bestand_model::account::Account;
use bestand_model::identifiers::RunId;
use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::run_store::{RunDirectory, RunStore, Spool};
use serde_json::Value;

use crate::error::Error;
use crate::report::{findings_as_filed, settings_of};
use crate::settings::Settings;

/// What a run left.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) directory: RunDirectory,
    pub(super) summary: RunSummary,
    /// The settings that were in force.
    pub(super) settings: Settings,
    /// None where the run ended before.
    pub(super) plan: Option<Plan>,
    pub(super) accounts: Vec<Account>,
    /// The accounts that were judged, and what belongs to none.
    pub(super) judged: Vec<String>,
}

impl Run {
    pub(super) fn open(store: &RunStore, run_id: &RunId) -> Result<Self, Error> {
        let directory = store.run(run_id)?;
        let summary: RunSummary = directory
            .read_json("run")?
            .ok_or_else(|| Error::Usage(format!("run `{run_id}` has no run.json: it never began")))?;
        if summary.schema_version != SCHEMA_VERSION {
            return Err(Error::Usage(format!(
                "run `{run_id}` has schema version {}, this bestand knows {SCHEMA_VERSION}: explain it with version {} of bestand, which made it",
                summary.schema_version, summary.tool_version
            )));
        }
        if let Some(reverted) = &summary.reverts {
            return Err(Error::Usage(format!(
                "run `{run_id}` judged nothing: it restores what was there before run `{reverted}`, which `bestand explain {reverted}` explains"
            )));
        }
        let judged = directory.names(Spool::Judged)?;
        let settings: Option<Value> = directory.read_json("settings")?;
        let (Some(settings), false) = (settings, judged.is_empty()) else {
            return Err(Error::Usage(format!(
                "run `{run_id}` does not hold what its accounts were judged by (judged/, settings.json): it was stopped before, or made by a version of bestand that did not keep it"
            )));
        };
        let settings = settings_of(settings, &summary)?;
        // What is told of findings is what was filed, or nothing is.
        findings_as_filed(&directory, &summary)?;
        let plan = directory.read_json("plan")?;
        let accounts = directory.read_json("accounts")?.unwrap_or_default();
        Ok(Self { directory, summary, settings, plan, accounts, judged })
    }

    /// The account of that name.
    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id.as_str() == name)
    }

    /// Tells whether settings.json is what the run was made with.
    pub(super) fn settings_are_its_own(&self) -> bool {
        self.settings.digest() == self.summary.settings_digest
    }

    /// Tells whether another version of bestand made the run.
    pub(super) fn is_of_another_version(&self) -> bool {
        self.summary.tool_version != env!("CARGO_PKG_VERSION")
    }
}
