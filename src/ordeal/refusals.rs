//! Staging against production: what must be refused before anything is written.

use std::path::Path;

use bestand_sandbox::register::RegisterFaults;
use serde_json::Value;

use super::row::Row;
use super::stage::{Stage, cannot, read, write};
use super::trial::{Trial, TrialOptions};
use crate::clock::DEMO_CLOCK;
use crate::error::{Error, chain};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The register has another identity, in the same environment.
    Register,
    /// The register belongs to production.
    RegisterEnvironment,
    /// The settings say production.
    Settings,
    /// The run store belongs to production.
    Store,
    /// The plan was changed by hand.
    Plan,
    /// The plan is another run's.
    ForeignPlan,
    /// The plan has expired.
    Expired,
}

/// Each by name, with the status that it must be refused with.
const REFUSALS: [(&str, Wrong, i32); 7] = [
    ("wrong_register", Wrong::Register, 44),
    ("production_register", Wrong::RegisterEnvironment, 43),
    ("production_settings", Wrong::Settings, 43),
    ("production_run_store", Wrong::Store, 43),
    ("altered_plan", Wrong::Plan, 44),
    ("foreign_plan", Wrong::ForeignPlan, 44),
    ("expired_plan", Wrong::Expired, 44),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REFUSALS.iter().map(|(name, ..)| *name)
}

/// Plays a refusal; none has this name, or it needs a run store in a folder: `None`.
pub(super) async fn play(stage: &Stage, name: &str) -> Result<Option<Row>, Error> {
    let Some((_, wrong, due)) = REFUSALS.iter().find(|(own, ..)| *own == name) else { return Ok(None) };
    let mut row = Row { publications: 1, ..Row::new(name) };
    let mut options = TrialOptions::of(RegisterFaults::default());
    match wrong {
        Wrong::Register => options.register_id = "another-register",
        Wrong::RegisterEnvironment => options.environment = "production",
        _ => {}
    }
    let trial = Trial::start(stage, name, options).await?;
    let mut command = trial.command()?;
    match (wrong, &trial.store) {
        (Wrong::Register | Wrong::RegisterEnvironment, _) => {}
        (Wrong::Settings, _) => drop(command.env("BESTAND__ENVIRONMENT", "production")),
        (Wrong::Expired, _) => drop(command.env(DEMO_CLOCK, "+20h")),
        (Wrong::Store, Some(store)) => edit(&store.join("environment.json"), "environment", "production")?,
        (Wrong::Plan, Some(store)) => {
            edit(&plan_of(store, &trial), "expires_at", "2099-01-01T00:00:00Z")?;
        }
        (Wrong::ForeignPlan, Some(store)) => edit(&plan_of(store, &trial), "run_id", "another")?,
        (Wrong::Store | Wrong::Plan | Wrong::ForeignPlan, None) => return Ok(None),
    }
    let ended = trial.spawn(command, 0)?.wait().await?;
    if ended.status == Some(*due) {
        row.struck = 1;
    } else {
        row.wrong(format!("ended with {:?} rather than {due}: {}", ended.status, ended.last_word));
    }
    let found = read(&trial.database()).await?;
    if found != stage.before {
        let written = found.applied.values().sum::<u64>().saturating_sub(stage.before.applied.values().sum());
        row.doubled = written.max(1);
        row.wrong(format!("{written} changes were written to a register that must not be touched"));
    }
    trial.stop().await;
    Ok(Some(row))
}

fn plan_of(store: &Path, trial: &Trial<'_>) -> std::path::PathBuf {
    store.join("runs").join(&trial.run).join("plan.json")
}

/// Sets a member of a JSON file; that it was another before is part of the proof.
fn edit(path: &Path, member: &str, value: &str) -> Result<(), Error> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot("read", path, &error))?;
    let mut json: Value = serde_json::from_str(&text).map_err(|error| Error::Unexpected(chain(&error)))?;
    let old = json.as_object_mut().and_then(|object| object.insert(member.into(), value.into()));
    if old.is_none_or(|old| old == value) {
        return Err(Error::Unexpected(format!("{} has no other {member} to change", path.display())));
    }
    write(path, &json.to_string())
}
