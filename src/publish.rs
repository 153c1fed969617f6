//! `bestand publish RUN`: publishes that plan exactly, or goes on where an earlier publication was cut off.

use std::collections::BTreeMap;
use std::time::Duration;

use bestand_model::account::Account;
use bestand_model::caller::is_another;
use bestand_model::coverage::CoverageLine;
use bestand_model::gate::GateCode;
use bestand_model::identifiers::RunId;
use bestand_model::plan::{Plan, SCHEMA_VERSION};
use bestand_model::run_summary::{Override, PublicationCounts, RunSummary};
use bestand_publisher::central_register::{CentralRegister, RegisterError, RegisterIdentity, RunEvidence};
use bestand_publisher::publish::{
    PublishError, PublishSettings, StopSignal, note_applied, note_beginning, publication_counts,
    publication_started, publish, settle_open_intents, verify_plan,
};
use bestand_publisher::run_store::{RunDirectory, RunStore, RunStoreError};
use serde_json::json;
use tokio::sync::watch;

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::progress::Progress;
use crate::run::Ended;
use crate::settings::Settings;
use crate::{clock, compose, report, run, signals, summary};

/// What a person lets through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Approval {
    /// Gate codes.
    pub(crate) accepted: Vec<String>,
    /// Why.
    pub(crate) because: Option<String>,
    /// `--first-run`.
    pub(crate) first_run: bool,
}

/// Publishes the plan of an earlier run. An error ended it before anything was sent.
pub(crate) async fn publish_run(
    settings: &Settings,
    run_id: &RunId,
    approval: &Approval,
    progress: Progress,
) -> Result<Ended, Error> {
    let Some(register) = &settings.central_register else {
        return Err(Error::Usage("`publish` needs [central_register] in the settings".into()));
    };
    signals::begin();
    let store = compose::run_store(settings).await?;
    run::check_store(settings, &store, true)?;
    let directory = store.run(run_id)?;
    let plan = read_plan(&directory)?;
    let lease = compose::lease(settings, &store, run_id, plan.register_id.as_deref())?;
    let mut summary: RunSummary = directory
        .read_json("run")?
        .ok_or_else(|| Error::Plan(format!("run `{run_id}` has no run.json: its plan was never finished")))?;

    let counts = publication_counts(&directory, &plan).map_err(explain)?;
    if counts.unknown == 0 && summary.publication == Some(counts) && !was_cut_off(&summary) {
        // Publishing a finished plan again changes nothing, and ends as it ended (SEMANTICS 3.6).
        return Ok(Ended { summary, directory, failure: None });
    }

    let register = signals::unless_stopped(compose::central_register(settings, register)).await?;
    let register = register.under(lease.tenure());
    let identity = signals::unless_stopped(run::check_register(settings, &register)).await?;
    check_same_register(settings, &plan, &identity)?;
    // What holds for what is sent now: the register may declare more or less than it did to the plan.
    summary.not_promised = identity.capabilities.missing();
    let started = publication_started(&directory)?;
    if let Some(newer) = superseding(&store, &plan)? {
        if started {
            signals::unless_stopped(async {
                settle_open_intents(&directory, &plan, &register).await.map_err(explain)
            })
            .await?;
            note_applied(&store, &directory, &plan).map_err(explain)?;
        }
        return Err(Error::Plan(format!(
            "run `{newer}` has planned anew since: what this plan says may no longer hold, and nothing of it is sent"
        )));
    }
    if !started {
        if clock::now() > plan.expires_at {
            return Err(Error::Plan(format!("the plan expired at {}", plan.expires_at)));
        }
        let let_through = overrides(&plan, approval)?;
        if !let_through.is_empty() {
            // Who lets a plan through is part of the evidence (SEMANTICS 3.12): without a name nobody does.
            let aws = bestand_collector::credentials::AwsContext::load(&settings.aws.region).await;
            let by = signals::unless_stopped(async { Ok(aws.caller_identity().await?.arn) }).await?;
            if !approval.accepted.is_empty() {
                check_identity(settings, &plan, &by)?;
            }
            let named = let_through.into_iter().map(|one| Override { by: Some(by.clone()), ..one });
            summary.overrides.extend(named);
            directory.write_json("run", &summary)?;
        }
    }
    note_beginning(&store, &plan)?;
    Ok(finish(settings, &store, directory, &plan, &register, progress, summary).await)
}

async fn finish(
    settings: &Settings,
    store: &RunStore,
    directory: RunDirectory,
    plan: &Plan,
    register: &dyn CentralRegister,
    progress: Progress,
    mut summary: RunSummary,
) -> Ended {
    let sent = send(settings, &directory, plan, register, progress, &mut summary).await;
    let result = sent.and_then(|status| noted(store, &directory, plan, status));
    let status = match &result {
        Ok(status) => (*status).max(summary::status_of_plan(&summary, false)),
        Err(error) => error.exit_status(),
    };
    let kept = keep(settings, store, &directory, plan, &result, status, &mut summary);
    // What ended the publication is what to tell; that it could not be written down comes second.
    let failure = result.err().or(kept.err());
    Ended { summary, directory, failure }
}

/// Writes down how the publication ended.
fn keep(
    settings: &Settings,
    store: &RunStore,
    directory: &RunDirectory,
    plan: &Plan,
    result: &Result<ExitStatus, Error>,
    status: ExitStatus,
    summary: &mut RunSummary,
) -> Result<(), Error> {
    let coverage: Vec<CoverageLine> = directory.read_ndjson("coverage")?.collect::<Result<_, _>>()?;
    let accounts: Vec<Account> = directory.read_json("accounts")?.unwrap_or_default();
    summary::set_next_steps(summary, plan, &coverage, settings);
    if let Err(error) = result {
        summary::add_failure(summary, error);
    }
    summary::end(summary, status, clock::now());
    directory.write_json("run", summary)?;
    store.append_history("runs", summary)?;
    report::write_index(store, &summary.environment);
    let past = report::read_past(store, summary);
    report::write(directory, summary, &accounts, &coverage, &past)
}

/// Tells whether a signal ended the run, or a run store that could not take what is written last, such as the report.
fn was_cut_off(summary: &RunSummary) -> bool {
    [ExitStatus::Interrupted, ExitStatus::Terminated, ExitStatus::RunStore]
        .iter()
        .any(|status| status.code() == summary.exit_status)
}

/// Finds a run that planned for the same register after this plan was made. What an older plan would still change
/// was decided by less: an asset that it retires may have been seen live since.
fn superseding(store: &RunStore, plan: &Plan) -> Result<Option<RunId>, Error> {
    for run_id in store.runs()?.into_iter().rev().filter(|run_id| *run_id != plan.run_id) {
        let other: Option<Plan> = match store.run(&run_id)?.read_json("plan") {
            Ok(other) => other,
            // A plan that cannot be read was made by somebody: whether it is newer, nobody knows.
            Err(RunStoreError::Damaged { .. }) => return Ok(Some(run_id)),
            Err(error) => return Err(error.into()),
        };
        if other
            .is_some_and(|other| other.register_id == plan.register_id && other.created_at > plan.created_at)
        {
            return Ok(Some(run_id));
        }
    }
    Ok(None)
}

/// A plan means nothing in another register than its own.
pub(crate) fn check_same_register(
    settings: &Settings,
    plan: &Plan,
    identity: &RegisterIdentity,
) -> Result<(), Error> {
    if plan.environment == settings.environment && plan.register_id.as_ref() == Some(&identity.register_id) {
        return Ok(());
    }
    Err(Error::Plan(format!(
        "the plan is for environment `{}` and register `{}`, this is `{}` and `{}`",
        plan.environment,
        plan.register_id.as_deref().unwrap_or("none"),
        settings.environment,
        identity.register_id
    )))
}

/// Reads a run's plan, if it is one, and still what was planned.
pub(crate) fn read_plan(directory: &RunDirectory) -> Result<Plan, Error> {
    let plan: Plan = directory.read_json("plan")?.ok_or_else(|| {
        Error::Plan(format!("run `{}` has no plan: it was stopped before", directory.run_id()))
    })?;
    if plan.schema_version != SCHEMA_VERSION {
        return Err(Error::Plan(format!(
            "the plan has schema version {}, this bestand knows {SCHEMA_VERSION}",
            plan.schema_version
        )));
    }
    verify_plan(directory, &plan).map_err(|error| explain(error.into()))?;
    Ok(plan)
}

/// Where two pairs of eyes are asked for, whoever made a plan may not let it through. The plan itself says so, whatever the
/// settings of the one who publishes say.
fn check_identity(settings: &Settings, plan: &Plan, accepts: &str) -> Result<(), Error> {
    if !(plan.accept_by_another || settings.gate.accept_by_another) {
        return Ok(());
    }
    match plan.planned_by.as_deref() {
        Some(planned) if is_another(planned, accepts) => Ok(()),
        planned => Err(Error::Refused(format!(
            "[gate] accept_by_another: the plan was made by {}, and {accepts} is not surely somebody else",
            planned.unwrap_or("nobody knows whom")
        ))),
    }
}

/// Gives what is let through, or refuses: every limit that the plan met needs its own word.
fn overrides(plan: &Plan, approval: &Approval) -> Result<Vec<Override>, Error> {
    for code in &approval.accepted {
        if !plan.gate.reasons.iter().any(|reason| reason.code.code() == code) {
            return Err(Error::Usage(format!("--accept-gate {code}: the plan met no such limit")));
        }
    }
    let mut given = Vec::new();
    for reason in &plan.gate.reasons {
        let code = reason.code.code();
        let because = if reason.code == GateCode::FirstRun && approval.first_run {
            Some("--first-run")
        } else if approval.accepted.iter().any(|accepted| accepted == code) {
            approval.because.as_deref()
        } else {
            None
        };
        match because {
            Some(because) if !because.trim().is_empty() => given.push(Override {
                code: code.to_owned(),
                because: because.to_owned(),
                by: None,
                at: clock::now(),
                plan_digest: plan.digest.clone(),
            }),
            _ => {
                return Err(Error::Refused(format!(
                    "the gate refuses the plan ({code}): {}",
                    reason.message
                )));
            }
        }
    }
    Ok(given)
}

/// Notes what was applied. A publication that was cut off is noted by the next run.
pub(crate) fn noted(
    store: &RunStore,
    directory: &RunDirectory,
    plan: &Plan,
    status: ExitStatus,
) -> Result<ExitStatus, Error> {
    note_applied(store, directory, plan).map_err(explain)?;
    Ok(status)
}

/// How long open batches may take to end after a signal: a container is killed 30 s after its SIGTERM.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Sends what is left of a plan. A signal lets the open batches end and sends no more.
pub(crate) async fn send(
    settings: &Settings,
    directory: &RunDirectory,
    plan: &Plan,
    register: &dyn CentralRegister,
    progress: Progress,
    summary: &mut RunSummary,
) -> Result<ExitStatus, Error> {
    let batch_size = settings.central_register.as_ref().map_or(100, |register| register.batch_size);
    let publish_settings = PublishSettings { batch_size, ..PublishSettings::default() };
    let phase = progress.phase("publish", "changes", Some(plan.changes.sent()));
    let (raise, raised) = watch::channel(false);
    let stop = StopSignal::new(raised);
    let tell = |counts: PublicationCounts| phase.set(counts.applied + counts.rejected + counts.conflicted);
    let work = publish(directory, plan, register, &publish_settings, &stop, &tell);
    tokio::pin!(work);
    let mut signal = None;
    let publication = tokio::select! {
        publication = &mut work => publication,
        stopped = signals::stop_requested() => {
            signal = Some(stopped);
            raise.send_replace(true);
            match tokio::time::timeout(STOP_PATIENCE, &mut work).await {
                Ok(publication) => publication,
                // What is open has its intent: the next publication finds out what became of it.
                Err(_) => return Err(signal.unwrap_or(Error::Interrupted)),
            }
        }
    }
    .map_err(explain)?;
    let counts = publication.counts;
    phase.done(&format!(
        "{} applied, {} rejected, {} conflicted, {} unknown",
        counts.applied, counts.rejected, counts.conflicted, counts.unknown
    ));
    summary.publication = Some(counts);
    if let Some(halted) = publication.halted {
        tracing::error!(reason = halted, "gave up sending");
    }
    if publication.lost_lease {
        return Err(RegisterError::NoLease.into());
    }
    if let Some(stopped) = signal.filter(|_| publication.stopped) {
        return Err(stopped);
    }
    record(register, plan, summary, counts).await;
    Ok(if counts.is_whole() { ExitStatus::Done } else { ExitStatus::PublicationIncomplete })
}

/// Leaves evidence in the register. The changes are in, so a failure here is a warning.
async fn record(
    register: &dyn CentralRegister,
    plan: &Plan,
    summary: &RunSummary,
    counts: PublicationCounts,
) {
    let totals = BTreeMap::from([
        ("changes".to_owned(), json!(plan.changes)),
        ("publication".to_owned(), json!(counts)),
        ("coverage".to_owned(), json!(summary.coverage)),
        ("findings".to_owned(), json!(summary.findings)),
    ]);
    let evidence = RunEvidence {
        run_id: plan.run_id.clone(),
        environment: plan.environment.clone(),
        plan_digest: Some(plan.digest.clone()),
        command: summary.command.clone(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: summary.started_at,
        ended_at: Some(clock::now()),
        totals,
        overrides: summary.overrides.clone(),
    };
    if let Err(error) = register.record_run(&evidence).await {
        tracing::warn!(error = chain(&error), "the register did not take the run's evidence");
    }
}

/// Sorts a failure of publishing into this command's errors.
pub(crate) fn explain(error: PublishError) -> Error {
    match error {
        PublishError::Plan(bestand_publisher::publish::PlanError::Store(error))
        | PublishError::Store(error) => Error::RunStore(error),
        PublishError::Plan(error) => Error::Plan(chain(&error)),
        PublishError::Register(error) => Error::CentralRegister(error),
        foreign @ PublishError::ForeignRegister { .. } => Error::Plan(foreign.to_string()),
    }
}
