//! The registers and the run store: reachable, readable, of the right environment.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::collector::Interest;
use bestand_collector::source_register::{RecordSink, RecordSinkError, SourceRegister as _};
use bestand_model::asset_record::{RecordLine, RecordPartition};
use bestand_model::capability::Capability;
use bestand_model::identification::IdentificationRules;
use bestand_model::identifiers::AccountId;
use bestand_publisher::central_register::{CentralRegister as _, RegisterApi, RegisterIdentity};
use bestand_publisher::run_store::RunStore;

use super::report::{Part, PartStatus, Problem, Register, Report, SourceRegister, Store};
use crate::error::Error;
use crate::exit_status::ExitStatus;
use crate::plan::records;
use crate::progress::{Phase, Progress};
use crate::settings::Settings;
use crate::{compose, run};

/// What the source register speaks of, by account.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) by_account: BTreeMap<AccountId, Interest>,
}

/// Looks at the run store without disturbing a run that is at work in it.
pub(super) fn run_store(settings: &Settings, store: &RunStore, report: &mut Report) {
    let scope = "run store";
    let written = store.check_writable();
    let mut found =
        Store { url: settings.run_store.url.clone(), environment: None, writable: written.is_ok() };
    let mut failures: Vec<Error> = written.err().map(Error::from).into_iter().collect();
    match store.environment() {
        Ok(environment) => found.environment = environment.map(|of| of.environment),
        Err(error) => failures.push(error.into()),
    }
    // A plan needs no store that was made ready; a publication does.
    let publishes = settings.central_register.is_some();
    failures.extend(run::check_store(settings, store, publishes).err().filter(|error| {
        // A file that cannot be read was told above.
        error.exit_status() == ExitStatus::Environment
    }));
    let words: Vec<String> = failures.iter().map(|error| report.fail(scope, error)).collect();
    report.run_store = Part {
        status: if words.is_empty() { PartStatus::Ok } else { PartStatus::Failed },
        found: Some(found),
        detail: words.into_iter().next(),
    };
}

/// Reads the source register as a run would, and gives what it speaks of.
pub(super) async fn source(
    settings: &Settings,
    store: Option<&RunStore>,
    report: &mut Report,
    progress: Progress,
) -> Rows {
    let phase = progress.phase("source register", "rows", None);
    let mut sink = Reading { rules: compose::identification(settings), rows: Rows::default(), phase: &phase };
    let read = async {
        let totals = compose::source_register(settings).await?.read(&mut sink).await?;
        let min_share = settings.source_register.min_source_share;
        if let Some(store) = store {
            records::check_against_last(store, &totals, min_share)?;
        }
        Ok::<_, Error>(totals)
    };
    match read.await {
        Ok(totals) => {
            phase.done(&format!("{} rows", totals.read));
            report.source_register = Part::ok(SourceRegister {
                rows: totals.read,
                rejected: totals.rejected,
                unplaced: totals.unplaced,
                not_aws: totals.not_aws,
            });
        }
        Err(error) => {
            phase.done("failed");
            // What earlier reads left may be what cannot be read.
            let of_store = error.exit_status() == ExitStatus::RunStore;
            let scope = if of_store { "run store" } else { "source register" };
            report.source_register = Part::failed(report.fail(scope, &error));
        }
    }
    sink.rows
}

/// Keeps of each row where it would be looked for.
struct Reading<'a> {
    rules: IdentificationRules,
    rows: Rows,
    phase: &'a Phase,
}

impl RecordSink for Reading<'_> {
    fn accept(&mut self, partition: RecordPartition, line: RecordLine) -> Result<(), RecordSinkError> {
        self.phase.add(1);
        if let (RecordPartition::Account(account), RecordLine::Record(record)) = (partition, line) {
            let interest = self.rows.by_account.entry(account).or_default();
            records::add_interest(interest, self.rules.domains(&record));
        }
        Ok(())
    }
}

/// Asks the central register who it is and what of ours it has; gives the accounts that we own entries in.
pub(super) async fn central(settings: &Settings, report: &mut Report) -> BTreeSet<AccountId> {
    let scope = "central register";
    let Some(of) = &settings.central_register else { return BTreeSet::new() };
    let asked = async {
        let register = compose::central_register(settings, of).await?;
        let identity = register.identity().await?;
        Ok::<_, Error>((register, identity))
    };
    let (register, identity): (RegisterApi, RegisterIdentity) = match asked.await {
        Ok(asked) => asked,
        Err(error) => {
            report.central_register = Part::failed(report.fail(scope, &error));
            return BTreeSet::new();
        }
    };
    let missing = identity.capabilities.missing();
    if !missing.is_empty() {
        report.problems.push(weaker(&missing));
    }
    let mut failures = Vec::new();
    failures.extend(run::same_environment(settings, &identity).err());
    let accounts = match register.accounts().await {
        Ok(accounts) => Some(accounts),
        Err(error) => {
            failures.push(error.into());
            None
        }
    };
    let words: Vec<String> = failures.iter().map(|error: &Error| report.fail(scope, error)).collect();
    report.central_register = Part {
        status: if words.is_empty() { PartStatus::Ok } else { PartStatus::Failed },
        found: Some(Register {
            register_id: identity.register_id,
            name: identity.name,
            environment: identity.environment,
            api_version: identity.api_version,
            source: identity.source,
            missing,
            accounts: accounts.as_ref().map(Vec::len),
        }),
        detail: words.into_iter().next(),
    };
    accounts.into_iter().flatten().collect()
}

/// A register that cannot do everything is no failure: what it cannot do, nobody promises.
fn weaker(missing: &[Capability]) -> Problem {
    let words: Vec<String> =
        missing.iter().map(|capability| format!("{capability}: {}", capability.without())).collect();
    Problem {
        scope: "central register".to_owned(),
        account_id: None,
        regions: Vec::new(),
        reason: None,
        problem: format!("it does not promise {}", words.join(" ")),
        fix: "know that bestand's promises are weaker for it; plan, report and run.json say the same"
            .to_owned(),
        accepted: false,
        exit_status: ExitStatus::Done,
    }
}
