//! `bestand plan` and `bestand run`: the plan, and for `run` its publication.

use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::central_register::{CentralRegister, RegisterApi, RegisterIdentity};
use bestand_publisher::publish::{note_applied, note_beginning, settle_open_intents};
use bestand_publisher::run_store::{RunDirectory, RunStore};

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::plan::Planner;
use crate::progress::Progress;
use crate::publish;
use crate::settings::Settings;
use crate::{clock, compose, report, signals, summary};

/// How a run was asked for.
#[derive(Debug, Default)]
pub(crate) struct RunOptions {
    /// `run` rather than `plan`.
    pub(crate) publish: bool,
    pub(crate) run_id: Option<RunId>,
    /// `--first-run`.
    pub(crate) first_run: bool,
    /// `--fail-on-gate`.
    pub(crate) fail_on_gate: bool,
    /// `--fail-on-drift`.
    pub(crate) fail_on_drift: bool,
    /// `--accounts`.
    pub(crate) only: Vec<AccountId>,
}

/// A run that ended, well or not, with what it leaves.
pub(crate) struct Ended {
    /// `run.json`, as far as it could be written.
    pub(crate) summary: RunSummary,
    pub(crate) directory: RunDirectory,
    /// What ended it early.
    pub(crate) failure: Option<Error>,
}

/// Plans, and publishes if that was asked for. An error ended it before there was a run.
pub(crate) async fn run(
    settings: &Settings,
    options: &RunOptions,
    progress: Progress,
) -> Result<Ended, Error> {
    let now = clock::now();
    signals::begin();
    if options.publish && settings.central_register.is_none() {
        return Err(Error::Usage(
            "`run` needs [central_register] in the settings; `bestand plan` gives the drift report without it".into(),
        ));
    }
    let store = compose::run_store(settings).await?;
    check_store(settings, &store, options.publish)?;
    let run_id = options.run_id.clone().unwrap_or_else(|| clock::new_run_id(now));
    let register = match &settings.central_register {
        Some(register) => Some(signals::unless_stopped(compose::central_register(settings, register)).await?),
        None => None,
    };
    let identity = match &register {
        Some(register) => Some(signals::unless_stopped(check_register(settings, register)).await?),
        None => None,
    };
    let register_id = identity.as_ref().map(|identity| identity.register_id.as_str());
    let lease = compose::lease(settings, &store, &run_id, register_id)?;
    let register = register.map(|register| register.under(lease.tenure()));
    if let (true, Some(register)) = (options.publish, &register) {
        signals::unless_stopped(settle_last(&store, register)).await?;
    }
    note_last(&store)?;

    let directory = store.create_run(&run_id)?;
    let mut summary = summary::begin(settings, &run_id, if options.publish { "run" } else { "plan" }, now);
    summary.not_promised = identity.as_ref().map(|of| of.capabilities.missing()).unwrap_or_default();
    directory.write_json("run", &summary)?;
    // What the judgement rests on besides what is read: `explain` repeats it from the directory alone.
    directory.write_json("settings", &settings.shown())?;
    let register = register.as_ref().zip(identity.as_ref());
    let result = steps(settings, options, &store, &directory, register, progress, &mut summary).await;
    Ok(conclude(&store, directory, summary, result))
}

/// Ends `run.json`, and notes the run in the history.
pub(crate) fn conclude(
    store: &RunStore,
    directory: RunDirectory,
    mut summary: RunSummary,
    result: Result<ExitStatus, Error>,
) -> Ended {
    let status = match &result {
        Ok(status) => *status,
        Err(error) => error.exit_status(),
    };
    if let Err(error) = &result {
        summary::add_failure(&mut summary, error);
    }
    // A run that ended well ended before its report was written, and both tell the same, but for what the report took.
    let ended_at = summary.ended_at.filter(|_| result.is_ok()).unwrap_or_else(clock::now);
    summary::end(&mut summary, status, ended_at);
    // A full disk may be what ended the run: the first error is the one to tell.
    let kept = directory.write_json("run", &summary).and_then(|()| store.append_history("runs", &summary));
    report::write_index(store, &summary.environment);
    let failure = result.err().or_else(|| kept.err().map(Error::from));
    Ended { summary, directory, failure }
}

/// Everything between the beginning and the end of `run.json`.
async fn steps(
    settings: &Settings,
    options: &RunOptions,
    store: &RunStore,
    directory: &RunDirectory,
    register: Option<(&RegisterApi, &RegisterIdentity)>,
    progress: Progress,
    summary: &mut RunSummary,
) -> Result<ExitStatus, Error> {
    let planner = Planner {
        settings,
        store,
        directory,
        register: register.map(|(register, identity)| (register as &dyn CentralRegister, identity)),
        progress,
        only: &options.only,
        first_run: options.first_run,
        now: summary.started_at,
    };
    // Until something is sent, a signal simply ends the work; what is spooled stays.
    let planned = signals::unless_stopped(planner.plan(summary)).await?;
    let mut status = summary::status_of_plan(summary, options.fail_on_drift);
    let past = report::read_past(store, summary);
    let refused = !summary.gate.reasons.is_empty();
    if refused && (options.publish || options.fail_on_gate) {
        status = status.max(ExitStatus::Refused);
    }
    let mut sent = Ok(ExitStatus::Done);
    if let (Some((register, _)), true, false) = (register, options.publish, refused) {
        // The plan's report stands before anything is sent, whatever becomes of the publication.
        // So do its figures: `publish` goes on from them where this process is killed.
        let mut shown = summary.clone();
        summary::end(&mut shown, status, clock::now());
        report::write_before_sending(directory, &shown, &planned.accounts, &planned.coverage, &past)?;
        directory.write_json("run", summary)?;
        note_beginning(store, &planned.plan)?;
        sent = publish::send(settings, directory, &planned.plan, register, progress, summary).await;
        sent = sent.and_then(|status| publish::noted(store, directory, &planned.plan, status));
    }
    // A publication that was cut off has its next steps as well.
    summary::set_next_steps(summary, &planned.plan, &planned.coverage, settings);
    status = status.max(match &sent {
        Ok(status) => *status,
        Err(error) => error.exit_status(),
    });
    summary::end(summary, status, clock::now());
    report::write(directory, summary, &planned.accounts, &planned.coverage, &past)?;
    sent?;
    Ok(status)
}

/// The run store must belong to the same environment (SEMANTICS 3.9). A store that was never made ready may
/// serve a plan, not a publication.
pub(crate) fn check_store(settings: &Settings, store: &RunStore, before_writing: bool) -> Result<(), Error> {
    match store.environment()? {
        Some(of_store) if of_store.environment != settings.environment => Err(Error::Environment(format!(
            "the settings are for environment `{}`, the run store belongs to `{}`",
            settings.environment, of_store.environment
        ))),
        None if before_writing => Err(Error::Environment(
            "the run store does not say which environment it belongs to: run `bestand settings --init-store` once".into(),
        )),
        Some(_) | None => Ok(()),
    }
}

/// The register must belong to the same environment (SEMANTICS 3.9).
pub(crate) async fn check_register(
    settings: &Settings,
    register: &dyn CentralRegister,
) -> Result<RegisterIdentity, Error> {
    let identity = register.identity().await?;
    same_environment(settings, &identity)?;
    for capability in identity.capabilities.missing() {
        tracing::warn!(
            capability = capability.code(),
            weaker = capability.without(),
            register = identity.register_id,
            "the central register does not promise something"
        );
    }
    Ok(identity)
}

/// Holds the register's environment against the settings'.
pub(crate) fn same_environment(settings: &Settings, identity: &RegisterIdentity) -> Result<(), Error> {
    if identity.environment == settings.environment {
        return Ok(());
    }
    Err(Error::Environment(format!(
        "the settings are for environment `{}`, the central register `{}` belongs to `{}`",
        settings.environment, identity.register_id, identity.environment
    )))
}

/// Gives the last run that began to publish, with its plan if this bestand can read it.
fn last_publication(store: &RunStore) -> Result<Option<(RunDirectory, Plan)>, Error> {
    for run_id in store.runs()?.into_iter().rev() {
        let directory = store.run(&run_id)?;
        if directory.intents()?.is_empty() {
            continue;
        }
        let plan = directory.read_json::<Plan>("plan")?;
        return Ok(plan.filter(|plan| plan.schema_version == SCHEMA_VERSION).map(|plan| (directory, plan)));
    }
    Ok(None)
}

/// A new run first finds out what became of the last publication's open intents (SEMANTICS 3.6).
async fn settle_last(store: &RunStore, register: &dyn CentralRegister) -> Result<(), Error> {
    let Some((directory, plan)) = last_publication(store)? else { return Ok(()) };
    let run = directory.run_id().as_str();
    match settle_open_intents(&directory, &plan, register).await.map_err(publish::explain) {
        Ok(counts) if counts.unknown > 0 => {
            tracing::warn!(run, ?counts, "the last publication left changes unsent: this run decides anew");
        }
        Ok(counts) => tracing::debug!(run, ?counts, "the last publication is settled"),
        // An old plan that cannot be trusted any more, or is another register's, must not stop the job
        // for good: nothing of it is sent, and the new run reads the register anew.
        Err(error @ Error::Plan(_)) => {
            tracing::warn!(run, error = chain(&error), "cannot settle the last publication");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Notes what the last publication applied, where it was cut off before that: its changes would otherwise look like
/// somebody else's (SEMANTICS 3.2).
fn note_last(store: &RunStore) -> Result<(), Error> {
    let Some((directory, plan)) = last_publication(store)? else { return Ok(()) };
    match note_applied(store, &directory, &plan).map_err(publish::explain) {
        Err(error @ Error::Plan(_)) => {
            let run = directory.run_id().as_str();
            tracing::warn!(run, error = chain(&error), "cannot note what the last publication applied");
            Ok(())
        }
        other => other,
    }
}
