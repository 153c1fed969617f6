//! `bestand revert RUN`: a plan that restores what RUN changed, where that still stands (SEMANTICS 3.13).
//!
//! It asks the central register alone, and it publishes nothing: the plan is looked at and then published as any other.

use std::collections::{BTreeMap, HashMap};

use bestand_model::account::Account;
use bestand_model::asset::{AssetKey, AssetState, PublishedAsset};
use bestand_model::capability::Capability;
use bestand_model::change_set::{Change, ChangeKind, WithheldReason};
use bestand_model::gate::{AccountTotals, PlanTotals, gate};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::plan::Plan;
use bestand_model::revert::inverse;
use bestand_model::run_summary::RunSummary;
use bestand_publisher::central_register::{CentralRegister, ListScope, RegisterIdentity};
use bestand_publisher::publish::{AppliedChange, applied, publication_started, settle_open_intents};
use bestand_publisher::report::ReportPast;
use bestand_publisher::run_store::{RunDirectory, Spool};

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::plan::{entries, head::Head};
use crate::progress::Progress;
use crate::run::Ended;
use crate::settings::Settings;
use crate::{clock, compose, publish, report, run, signals, summary};

/// Entries that are looked up at a time.
const ENTRIES_AT_ONCE: usize = 1_000;

/// The run that is reverted.
struct Target {
    directory: RunDirectory,
    plan: Plan,
}

/// Plans the way back from a run. An error ended it before there was a new run.
pub(crate) async fn revert(
    settings: &Settings,
    target: &RunId,
    run_id: Option<RunId>,
    progress: Progress,
) -> Result<Ended, Error> {
    let now = clock::now();
    signals::begin();
    let Some(register) = &settings.central_register else {
        return Err(Error::Usage("`revert` needs [central_register] in the settings".into()));
    };
    let store = compose::run_store(settings).await?;
    run::check_store(settings, &store, false)?;
    let directory = store.run(target)?;
    let target = Target { plan: publish::read_plan(&directory)?, directory };
    if !publication_started(&target.directory)? {
        return Err(Error::Usage(format!(
            "run `{}` published nothing: there is nothing to revert",
            target.plan.run_id
        )));
    }
    let run_id = run_id.unwrap_or_else(|| clock::new_run_id(now));
    let lease = compose::lease(settings, &store, &run_id, target.plan.register_id.as_deref())?;
    let register = signals::unless_stopped(compose::central_register(settings, register)).await?;
    let register = register.under(lease.tenure());
    let identity = signals::unless_stopped(run::check_register(settings, &register)).await?;
    publish::check_same_register(settings, &target.plan, &identity)?;

    let directory = store.create_run(&run_id)?;
    let mut summary = summary::begin(settings, &run_id, "revert", now);
    summary.reverts = Some(target.plan.run_id.clone());
    directory.write_json("run", &summary)?;
    directory.write_json("settings", &settings.shown())?;
    summary.not_promised = identity.capabilities.missing();
    let work = steps(settings, &target, &directory, (&register, &identity), progress, &mut summary);
    let result = signals::unless_stopped(work).await;
    Ok(run::conclude(&store, directory, summary, result))
}

/// Everything between the beginning and the end of `run.json`.
async fn steps(
    settings: &Settings,
    target: &Target,
    directory: &RunDirectory,
    (register, identity): (&dyn CentralRegister, &RegisterIdentity),
    progress: Progress,
    summary: &mut RunSummary,
) -> Result<ExitStatus, Error> {
    // What became of everything that was sent must be known before any of it is undone.
    let counts =
        settle_open_intents(&target.directory, &target.plan, register).await.map_err(publish::explain)?;
    if counts.unknown > 0 {
        tracing::warn!(run = target.plan.run_id.as_str(), ?counts, "not all of the run was published");
    }
    let planned_by = caller(settings).await;
    let mut totals = owned(register).await?;
    // As for any plan (SEMANTICS 3.10): without whole lists nobody knows what share of what is ours would go.
    let retires = !identity.capabilities.missing().contains(&Capability::List);
    restore(target, directory, register, retires, progress, &mut totals).await?;

    let limits = &settings.gate;
    let head = Head {
        settings,
        register: Some(identity),
        // An account that loses much is what a revert may well be for: the limits in all hold for it.
        gate: gate(&totals, limits, false),
        planned_by: planned_by.as_deref(),
        reverts: Some(&target.plan.run_id),
        now: summary.started_at,
    };
    let plan = head.seal(directory, progress, summary)?;
    // The files that readers and `publish` expect; nothing was collected, and nothing is concluded.
    directory.ndjson::<()>("coverage")?.finish()?;
    let accounts: Vec<Account> = target.directory.read_json("accounts")?.unwrap_or_default();
    directory.write_json("accounts", &accounts)?;
    summary::set_next_steps(summary, &plan, &[], settings);
    summary::end(summary, ExitStatus::Done, clock::now());
    // Nothing was judged: there is nothing that earlier runs could be held against.
    report::write(directory, summary, &accounts, &[], &ReportPast::default())?;
    Ok(ExitStatus::Done)
}

/// Who plans is evidence where AWS tells it. A revert itself needs nothing of AWS, and may be made where it is down.
async fn caller(settings: &Settings) -> Option<String> {
    let aws = bestand_collector::credentials::AwsContext::load(&settings.aws.region).await;
    match aws.caller_identity().await {
        Ok(caller) => Some(caller.arn),
        Err(error) => {
            tracing::warn!(error = chain(&error), "AWS does not tell who plans");
            None
        }
    }
}

/// Counts what bestand owns, which the gate measures by. Nothing is concluded from absence, so that all of it counts as
/// seen.
async fn owned(register: &dyn CentralRegister) -> Result<PlanTotals, Error> {
    let mut totals = PlanTotals::default();
    let accounts = register.accounts().await?.into_iter().map(Some);
    for account in accounts.chain([None]) {
        let scope = account.clone().map_or(ListScope::WithoutAccount, ListScope::Account);
        let of_account: &mut AccountTotals = totals.accounts.entry(account).or_default();
        totals.entries += entries::list(register, &scope, |entry| {
            of_account.owned += u64::from(entry.state == AssetState::Active && entry.bears_our_mark());
            Ok(())
        })
        .await?;
        of_account.owned_in_complete_scopes = of_account.owned;
    }
    Ok(totals)
}

/// Writes for each applied change what undoes it, in the same file and order.
async fn restore(
    target: &Target,
    directory: &RunDirectory,
    register: &dyn CentralRegister,
    retires: bool,
    progress: Progress,
    totals: &mut PlanTotals,
) -> Result<(), Error> {
    let phase = progress.phase("look up", "entries", None);
    let mut of_files: BTreeMap<String, AccountTotals> = BTreeMap::new();
    let mut all = applied(&target.directory, &target.plan).map_err(publish::explain)?.peekable();
    while let Some(Ok(first)) = all.peek() {
        let file = first.file.clone();
        let mut spool = directory.spool(Spool::Changes, &file)?;
        let of_file = of_files.entry(file.clone()).or_default();
        loop {
            let mut some = Vec::new();
            while some.len() < ENTRIES_AT_ONCE
                && let Some(next) = all.next_if(|next| next.as_ref().is_ok_and(|next| next.file == file))
            {
                some.push(next.map_err(publish::explain)?);
            }
            if some.is_empty() {
                break;
            }
            for change in back(&some, register).await? {
                let change = match change.kind {
                    ChangeKind::Retire if !retires => change.withheld(WithheldReason::ListNotPromised),
                    _ => change,
                };
                of_file.retires += u64::from(change.kind == ChangeKind::Retire);
                spool.push(&change)?;
                phase.add(1);
            }
        }
        spool.finish()?;
    }
    // What ended the walk early is an error of the plan or of the disk.
    all.next().transpose().map_err(publish::explain)?;
    for (file, of_file) in of_files {
        let account: Option<AccountId> = file.parse().ok();
        totals.accounts.entry(account).or_default().retires += of_file.retires;
    }
    phase.done("what was applied is compared with what stands there now");
    Ok(())
}

/// Gives what undoes some changes, by their entries as they are now.
async fn back(some: &[AppliedChange], register: &dyn CentralRegister) -> Result<Vec<Change>, Error> {
    let keys: Vec<AssetKey> = some.iter().map(|one| one.change.asset_key).collect();
    let entries = register.look_up(&keys).await?;
    let entries: HashMap<AssetKey, PublishedAsset> =
        entries.into_iter().map(|entry| (entry.asset_key, entry)).collect();
    let undo = |one: &AppliedChange| {
        inverse(&one.change, one.version.as_deref(), entries.get(&one.change.asset_key))
    };
    Ok(some.iter().map(undo).collect())
}
