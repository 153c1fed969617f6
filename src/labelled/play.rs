//! Plays one seed: for each day a sandbox, a run as a child process, and the comparison.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bestand_model::finding::Finding;
use bestand_publisher::run_store::{RunStore, Spool};
use bestand_sandbox::Sandbox;
use bestand_sandbox::labelled::{Scenario, entries};

use super::LabelledArgs;
use super::compare::Comparison;
use super::tally::Tally;
use crate::clock::{self, DEMO_CLOCK};
use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;

/// How a run may end: some seeds leave gaps, and drift is what they are made of.
const WELL_ENDED: [ExitStatus; 3] = [ExitStatus::Done, ExitStatus::Drift, ExitStatus::Gaps];

/// A seed's folder; one that nobody wants to keep is removed in the end.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed lies in the folder for temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl Folder {
    fn new(seed: u64, keep: Option<&Path>) -> Result<Self, Error> {
        let name = format!("seed-{seed}");
        let path = match keep {
            Some(keep) => keep.join(&name),
            None => std::env::temp_dir().join(format!("bestand-labelled-{}-{name}", std::process::id())),
        };
        if path.join("store").exists() {
            let text = format!("{} holds an earlier seed's runs: name another folder", path.display());
            return Err(Error::Usage(text));
        }
        std::fs::create_dir_all(&path).map_err(|error| cannot("make", &path, &error))?;
        let path = path.canonicalize().map_err(|error| cannot("find", &path, &error))?;
        Ok(Self { path, keep: keep.is_some() })
    }
}

/// Plays all days of a seed.
pub(super) async fn seed(seed: u64, asked: &LabelledArgs) -> Result<Tally, Error> {
    let folder = Folder::new(seed, asked.keep.as_deref())?;
    let path = folder.path.as_path();
    let (days, start) = (usize::from(asked.days), clock::now());
    let scenario = match &asked.case {
        None => Scenario::new(seed, days, start),
        Some(case) => Scenario::of_case(seed, days, start, case)
            .ok_or_else(|| Error::Usage(format!("--case: no case is called {case}")))?,
    };
    let truth = serde_json::to_string_pretty(&scenario.truths()).map_err(unexpected)?;
    write(&path.join("truth.json"), &truth)?;
    let mut comparison = Comparison::new(seed);
    for day in 0..scenario.days() {
        let sandbox = scenario.start(day, path).await.map_err(|error| Error::Unexpected(chain(&error)))?;
        write(&path.join("bestand.toml"), &scenario.settings_toml(path, sandbox.register_url()))?;
        let command = |arguments: &[&str]| command(path, &sandbox, &scenario, day, arguments);
        if day == 0 {
            well_ended(command(&["settings", "--init-store"])?, seed, day, path).await?;
            well_ended(command(&["run", "--first-run"])?, seed, day, path).await?;
        } else {
            well_ended(command(&["run"])?, seed, day, path).await?;
        }
        sandbox.stop().await;
        let findings = findings(path)?;
        let entries = entries(path).await.map_err(unexpected)?;
        comparison.day(day, scenario.truth(day), &findings, &entries);
    }
    Ok(comparison.tally)
}

/// This program, led to the sandbox of a day, with that day's clock.
fn command(
    folder: &Path,
    sandbox: &Sandbox,
    scenario: &Scenario,
    day: usize,
    arguments: &[&str],
) -> Result<Command, Error> {
    let program = std::env::current_exe().map_err(unexpected)?;
    let log = folder.join(format!("day-{day}.log"));
    let log = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(|error| cannot("write", &log, &error))?;
    let mut command = Command::new(program);
    // Nothing of the person's own set-up may lead out of the sandbox, or bend its settings.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AWS_") || text.starts_with("BESTAND_") {
            command.env_remove(&name);
        }
    }
    command
        .args(arguments)
        .arg("--settings")
        .arg(folder.join("bestand.toml"))
        .args(["--log-format", "json"])
        .current_dir(folder)
        .envs(sandbox.environment_variables())
        .env("NO_PROXY", "127.0.0.1")
        .env(DEMO_CLOCK, format!("{}h", (clock::ahead() + scenario.ahead(day)).as_hours()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(log));
    Ok(command)
}

/// Waits for a run beside the sandbox that serves it.
async fn well_ended(mut command: Command, seed: u64, day: usize, folder: &Path) -> Result<(), Error> {
    let status = tokio::task::spawn_blocking(move || command.status());
    let status = status.await.map_err(unexpected)?.map_err(unexpected)?;
    if WELL_ENDED.iter().any(|good| status.code() == Some(i32::from(good.code()))) {
        return Ok(());
    }
    let log = std::fs::read_to_string(folder.join(format!("day-{day}.log"))).unwrap_or_default();
    let last = log.lines().next_back().unwrap_or("it said nothing").to_owned();
    Err(Error::Unexpected(format!("seed {seed}, day {day}: the job ended with {status}: {last}")))
}

/// Reads what the newest run found.
fn findings(folder: &Path) -> Result<Vec<Finding>, Error> {
    let store = RunStore::open("file:store", folder)?;
    let run = store.runs()?.pop().ok_or_else(|| Error::Unexpected("the job left no run".into()))?;
    let run = store.run(&run)?;
    let mut findings = Vec::new();
    for name in run.names(Spool::Findings)? {
        for finding in run.read::<Finding>(Spool::Findings, &name)? {
            findings.push(finding?);
        }
    }
    Ok(findings)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Usage(format!("cannot {what} {}: {error}", path.display()))
}

fn unexpected(error: impl std::error::Error + 'static) -> Error {
    Error::Unexpected(chain(&error))
}
