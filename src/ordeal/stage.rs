//! Where the ordeal takes place: an estate, a plan, and what an undisturbed publication of it leaves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bestand_sandbox::register::{Book, FaultKind, FaultyCalls, RegisterFaults, book, copy as copy_register};
use bestand_sandbox::{Sandbox, SandboxOptions, day_before, next_day};
use serde_json::Value;

use super::OrdealArgs;
use super::compare::{Differences, compare};
use super::trial::{Ended, Trial, TrialOptions, child};
use crate::clock;
use crate::error::{Error, chain};

/// How often an estate is made larger until its plan is large enough.
const ESTATES: u32 = 4;

/// The register's file before the plan.
const BEFORE: &str = "before.db";

/// What goes is retired at the first look, and the gate lets everything through: here it is not judged, but published.
const BOLD: [(&str, &str); 5] = [
    ("BESTAND__RETIRE__AFTER_RUNS", "1"),
    ("BESTAND__RETIRE__AFTER_HOURS", "0"),
    ("BESTAND__GATE__MAX_RETIRE_SHARE", "1.0"),
    ("BESTAND__GATE__MAX_RETIRE_COUNT", "1000000"),
    ("BESTAND__GATE__MAX_CREATE_COUNT", "1000000"),
];

/// How long each batch takes, so that there is something to strike.
const SLOWNESS: Duration = Duration::from_millis(12);

/// A register that takes its time: the answer comes late, or the work begins late.
pub(super) fn slow(late_answer: bool) -> RegisterFaults {
    let kind = if late_answer { FaultKind::Hang(SLOWNESS) } else { FaultKind::Delay(SLOWNESS) };
    RegisterFaults::one(FaultyCalls::Changes, 0, u32::MAX, kind)
}

/// The stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) folder: PathBuf,
    keep: bool,
    sandbox: Option<Sandbox>,
    pub(super) environment: Vec<(String, String)>,
    /// The plan in a run store that is a folder: the store to copy, and the run.
    planned: Option<(PathBuf, String)>,
    /// Where other run stores lie.
    stores: Option<String>,
    pub(super) changes: u64,
    /// How many of them create, update and retire.
    pub(super) kinds: [u64; 3],
    pub(super) batch_size: u64,
    /// What stands in the register before the plan.
    pub(super) before: Book,
    /// A copy of its file.
    pub(super) before_database: PathBuf,
    /// What the undisturbed publication left.
    pub(super) expected: Book,
    /// Its register's file.
    pub(super) expected_database: PathBuf,
    /// How long it took from its first call on.
    pub(super) span: Duration,
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed lies in the folder for temporary files.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Stage {
    /// Tells whether run stores lie elsewhere than in this stage's folder.
    pub(super) fn keeps_runs_in_a_bucket(&self) -> bool {
        self.stores.is_some()
    }

    /// Makes the estate and the plan, and publishes it in peace.
    pub(super) async fn set(asked: &OrdealArgs) -> Result<Self, Error> {
        let folder = match &asked.keep {
            Some(keep) => keep.clone(),
            None => std::env::temp_dir().join(format!("bestand-ordeal-{}", std::process::id())),
        };
        if folder.join("store").exists() {
            let text = format!("{} holds an earlier ordeal: name another folder", folder.display());
            return Err(Error::Usage(text));
        }
        std::fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, &error))?;
        let folder = folder.canonicalize().map_err(|error| cannot("find", &folder, &error))?;
        let mut stage = Self {
            folder,
            keep: asked.keep.is_some(),
            sandbox: None,
            environment: Vec::new(),
            planned: None,
            stores: asked.run_store.clone(),
            changes: 0,
            kinds: [0; 3],
            batch_size: (asked.changes / 100).clamp(4, 50),
            before: Book::default(),
            before_database: PathBuf::new(),
            expected: Book::default(),
            expected_database: PathBuf::new(),
            span: Duration::ZERO,
        };
        stage.plan(asked).await?;
        stage.publish_in_peace().await?;
        Ok(stage)
    }

    /// Makes an estate, and a day before, whose plan is as large as asked. Not every resource and row becomes a change.
    async fn plan(&mut self, asked: &OrdealArgs) -> Result<(), Error> {
        let mut resources = usize::try_from(asked.changes).unwrap_or(usize::MAX);
        for _ in 0..ESTATES {
            let options = SandboxOptions {
                accounts: if asked.changes < 2000 { 3 } else { 12 },
                resources,
                seed: asked.seed,
                clock_ahead: clock::ahead(),
                ..SandboxOptions::new(&self.folder)
            };
            if let Some(sandbox) = self.sandbox.take() {
                sandbox.stop().await;
            }
            self.clear()?;
            let sandbox = Sandbox::start(options).await.map_err(|error| Error::Unexpected(chain(&error)))?;
            write(&self.folder.join("bestand.toml"), &sandbox.settings_toml())?;
            self.environment = sandbox.environment_variables();
            self.sandbox = Some(sandbox);
            self.day_before(asked.changes).await?;
            let (kinds, run) = self.plan_in("file:store").await?;
            let changes = kinds.iter().sum();
            if changes >= asked.changes {
                if let Some(none) = ["create", "update", "retire"].iter().zip(kinds).find(|(_, of)| *of == 0)
                {
                    return Err(Error::Unexpected(format!("the plan has no {}", none.0)));
                }
                (self.changes, self.kinds) = (changes, kinds);
                self.planned = Some((self.folder.join("store"), run));
                return Ok(());
            }
            // A little more than the share that is missing.
            let factor = usize::try_from(asked.changes * 1030 / changes.max(1)).unwrap_or(2000);
            resources = resources.saturating_mul(factor) / 1000;
        }
        Err(Error::Unexpected(format!("no estate gives a plan of {} changes", asked.changes)))
    }

    /// Removes what an estate left that was too small.
    fn clear(&self) -> Result<(), Error> {
        for name in ["store", "before", "register.db", "register.db-wal", "register.db-shm", BEFORE] {
            let path = self.folder.join(name);
            let removed =
                if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(cannot("remove", &path, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Publishes what is known on the day before. Then people work in the source register, so that the plan of the day itself
    /// has changes of every kind.
    async fn day_before(&mut self, changes: u64) -> Result<(), Error> {
        let failed = |error: &dyn std::error::Error| Error::Unexpected(error.to_string());
        let some = u32::try_from(changes / 4).unwrap_or(u32::MAX);
        let source = self.folder.join("itk.db");
        day_before(&source, some).await.map_err(|error| failed(&error))?;
        self.job("file:before", &["settings", "--init-store"]).await?;
        self.job("file:before", &["run", "--first-run"]).await?;
        next_day(&source, some * 2).await.map_err(|error| failed(&error))?;
        self.before_database = self.folder.join(BEFORE);
        copy_register(&self.folder.join("register.db"), &self.before_database)
            .await
            .map_err(|error| failed(&error))?;
        self.before = read(&self.before_database).await?;
        Ok(())
    }

    /// Makes a run store ready and plans in it; gives the creates, updates and retires, and the run.
    async fn plan_in(&self, store: &str) -> Result<([u64; 3], String), Error> {
        self.job(store, &["settings", "--init-store"]).await?;
        let summary = self.job(store, &["plan"]).await?;
        let count =
            |kind: &str| summary.pointer(&format!("/changes/{kind}")).and_then(Value::as_u64).unwrap_or(0);
        let run = summary.get("run_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((["create", "update", "retire"].map(count), run))
    }

    /// Runs a command that must end well, and gives its summary, if it has one.
    async fn job(&self, store: &str, arguments: &[&str]) -> Result<Value, Error> {
        let mut command = child(self, &self.folder, arguments)?;
        command.env("BESTAND__RUN_STORE__URL", store).envs(BOLD);
        let ended = Ended::of(command, &self.folder).await?;
        // A plan may have gaps; they are no matter of publishing.
        if !matches!(ended.status, Some(0 | 20)) {
            let (status, word) = (ended.status, ended.last_word);
            return Err(Error::Unexpected(format!(
                "`{}` ended with {status:?}: {word}",
                arguments.join(" ")
            )));
        }
        let text = std::fs::read_to_string(self.folder.join("out.json"))
            .map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    async fn publish_in_peace(&mut self) -> Result<(), Error> {
        let trial = Trial::start(self, "undisturbed", TrialOptions::of(slow(true))).await?;
        let (ended, span) = trial.publish_timed().await?;
        if ended.status != Some(0) {
            let word = ended.last_word;
            return Err(Error::Unexpected(format!("the undisturbed publication did not end well: {word}")));
        }
        let database = trial.database();
        trial.stop().await;
        (self.span, self.expected_database) = (span, database);
        self.expected = read(&self.expected_database).await?;
        let before = |key: &String| self.before.applied.get(key).copied().unwrap_or(0);
        let applied: Vec<u64> = self
            .expected
            .applied
            .iter()
            .map(|(key, times)| times - before(key))
            .filter(|of| *of > 0)
            .collect();
        if applied.iter().sum::<u64>() != self.changes || applied.len() as u64 != self.changes {
            let text = format!("the undisturbed publication applied {applied:?} of {} changes", self.changes);
            return Err(Error::Unexpected(text));
        }
        Ok(())
    }

    /// Gives a run store of its own with the plan in it: the URL, the folder if it is one, and the run. A store that is no
    /// folder is planned in anew; the same estate gives the same changes.
    pub(super) async fn store(
        &self,
        name: &str,
        folder: &Path,
    ) -> Result<(String, Option<PathBuf>, String), Error> {
        if let Some(stores) = &self.stores {
            let url = format!("{}/ordeal-{}-{name}", stores.trim_end_matches('/'), std::process::id());
            let (kinds, run) = self.plan_in(&url).await?;
            if kinds != self.kinds {
                let text = format!("the plan in {url} has {kinds:?} changes rather than {:?}", self.kinds);
                return Err(Error::Unexpected(text));
            }
            return Ok((url, None, run));
        }
        let (planned, run) =
            self.planned.as_ref().ok_or_else(|| Error::Unexpected("nothing is planned".into()))?;
        let store = folder.join("store");
        copy(planned, &store)?;
        Ok(("file:store".into(), Some(store), run.clone()))
    }

    /// Tells what a trial left that it must not have left.
    pub(super) async fn compare(&self, trial: &Trial<'_>, theirs: &Book) -> Result<Differences, Error> {
        let found = read(&trial.database()).await?;
        let mut differences = compare(&self.before, &self.expected, &found, theirs);
        for words in &mut differences.words {
            *words = format!("{}: {words}", trial.name());
        }
        Ok(differences)
    }

    pub(super) const fn keeps(&self) -> bool {
        self.keep
    }

    pub(super) async fn end(mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.stop().await;
        }
    }
}

/// Reads a register's file.
pub(super) async fn read(database: &Path) -> Result<Book, Error> {
    book(database).await.map_err(|error| Error::Unexpected(chain(&error)))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

pub(super) fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Usage(format!("cannot {what} {}: {error}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(|error| cannot("make", to, &error))?;
    for entry in std::fs::read_dir(from).map_err(|error| cannot("read", from, &error))? {
        let path = entry.map_err(|error| cannot("read", from, &error))?.path();
        let Some(name) = path.file_name() else { continue };
        let target = to.join(name);
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target).map_err(|error| cannot("copy", &path, &error))?;
        }
    }
    Ok(())
}
