//! One publication: a copy of the plan, a register of its own, and the command as a child process.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bestand_model::run_summary::PublicationCounts;
use bestand_sandbox::register::{RegisterFaults, RegisterOptions, RegisterServer, Traffic};
use serde_json::Value;

use super::stage::{Stage, cannot};
use crate::error::{Error, chain};

/// How often a child and its traffic are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// No child may take longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often a publication that is not finished is taken up again, and how long is waited in between. A killed one
/// may hold its store for a while.
pub(super) const RESUMPTIONS: u32 = 400;
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// What a trial's register says of itself, and how it misbehaves.
pub(super) struct TrialOptions {
    pub(super) register_id: &'static str,
    pub(super) environment: &'static str,
    pub(super) faults: RegisterFaults,
}

impl TrialOptions {
    /// The register that the plan was made for.
    pub(super) const fn of(faults: RegisterFaults) -> Self {
        Self { register_id: "sandbox-register", environment: "staging", faults }
    }
}

/// A publication to be.
#[derive(Debug)]
pub(super) struct Trial<'s> {
    stage: &'s Stage,
    name: String,
    folder: PathBuf,
    url: String,
    /// The run store, where it is a folder.
    pub(super) store: Option<PathBuf>,
    pub(super) run: String,
    server: RegisterServer,
}

/// How a child ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// None: a signal ended it.
    pub(super) status: Option<i32>,
    /// What its summary says of the publication.
    pub(super) publication: Option<PublicationCounts>,
    /// The last line of its log.
    pub(super) last_word: String,
}

/// A child that ends with us.
pub(super) struct Running(Child, PathBuf);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl<'s> Trial<'s> {
    pub(super) async fn start(stage: &'s Stage, name: &str, options: TrialOptions) -> Result<Self, Error> {
        let folder = stage.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, &error))?;
        let (url, store, run) = stage.store(name, &folder).await?;
        let database = folder.join("register.db");
        std::fs::copy(&stage.before_database, &database)
            .map_err(|error| cannot("copy", &stage.before_database, &error))?;
        let options = RegisterOptions {
            database,
            register_id: options.register_id.into(),
            environment: options.environment.into(),
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            credentials: Vec::new(),
            faults: options.faults,
        };
        let server =
            RegisterServer::start(options).await.map_err(|error| Error::Unexpected(chain(&error)))?;
        Ok(Self { stage, name: name.to_owned(), folder, url, store, run, server })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("register.db")
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.server.traffic()
    }

    /// `bestand publish` of the plan.
    pub(super) fn command(&self) -> Result<Command, Error> {
        let mut command = child(self.stage, &self.folder, &["publish", &self.run])?;
        command
            .env("BESTAND__RUN_STORE__URL", &self.url)
            .env("BESTAND__CENTRAL_REGISTER__URL", self.server.url())
            .env("BESTAND__CENTRAL_REGISTER__BATCH_SIZE", self.stage.batch_size.to_string());
        Ok(command)
    }

    /// Starts a command; its output is told apart from that of others by `number`.
    pub(super) fn spawn(&self, command: Command, number: u32) -> Result<Running, Error> {
        Running::start(command, &self.folder, number)
    }

    /// Publishes once.
    pub(super) async fn publish(&self) -> Result<Ended, Error> {
        self.spawn(self.command()?, 0)?.wait().await
    }

    /// Publishes once, and tells how long it took from its first call on.
    pub(super) async fn publish_timed(&self) -> Result<(Ended, Duration), Error> {
        let mut running = self.spawn(self.command()?, 0)?;
        let traffic = self.traffic();
        running.until(|| traffic.calls() > 0).await?;
        let began = Instant::now();
        let ended = running.wait().await?;
        Ok((ended, began.elapsed()))
    }

    /// Publishes until it is finished: nothing is unknown any more, and nobody else holds the store.
    pub(super) async fn finish(&self) -> Result<Ended, Error> {
        let mut ended = self.publish().await?;
        for _ in 0..RESUMPTIONS {
            let open = ended.publication.is_none_or(|counts| counts.unknown > 0);
            if ended.status == Some(0) || !open {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            ended = self.publish().await?;
        }
        Ok(ended)
    }

    /// Stops the register, and removes the folder's run store unless it is to be kept.
    pub(super) async fn stop(self) {
        self.server.stop().await;
        if let Some(store) = self.store.filter(|_| !self.stage.keeps()) {
            // What cannot be removed is removed with the stage.
            let _ = std::fs::remove_dir_all(store);
        }
    }
}

impl Running {
    fn start(mut command: Command, folder: &Path, number: u32) -> Result<Self, Error> {
        let out = folder.join(if number == 0 { "out.json".into() } else { format!("out-{number}.json") });
        let file = File::create(&out).map_err(|error| cannot("write", &out, &error))?;
        command.stdout(Stdio::from(file));
        let child = command.spawn().map_err(|error| Error::Unexpected(chain(&error)))?;
        Ok(Self(child, out))
    }

    /// Waits until something holds; false if the child ended before.
    pub(super) async fn until(&mut self, mut holds: impl FnMut() -> bool) -> Result<bool, Error> {
        let began = Instant::now();
        while !holds() {
            if self.ended()? {
                return Ok(false);
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::Unexpected(format!("a publication took longer than {PATIENCE:?}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(true)
    }

    fn ended(&mut self) -> Result<bool, Error> {
        Ok(self.0.try_wait().map_err(|error| Error::Unexpected(chain(&error)))?.is_some())
    }

    /// Sends SIGKILL; tells whether it was SIGKILL that ended the child.
    pub(super) fn kill(mut self) -> Result<bool, Error> {
        // One that has just ended cannot be killed: its status tells.
        let _ = self.0.kill();
        let status = self.0.wait().map_err(|error| Error::Unexpected(chain(&error)))?;
        Ok(status.code().is_none())
    }

    pub(super) async fn wait(mut self) -> Result<Ended, Error> {
        self.until(|| false).await?;
        let status = self.0.wait().map_err(|error| Error::Unexpected(chain(&error)))?.code();
        let out = std::fs::read_to_string(&self.1).unwrap_or_default();
        let summary: Value = serde_json::from_str(&out).unwrap_or_default();
        let publication =
            summary.get("publication").and_then(|counts| serde_json::from_value(counts.clone()).ok());
        let log = self.1.with_file_name("job.log");
        let log = std::fs::read_to_string(log).unwrap_or_default();
        Ok(Ended { status, publication, last_word: log.lines().next_back().unwrap_or_default().to_owned() })
    }
}

impl Ended {
    /// Runs a command to its end.
    pub(super) async fn of(command: Command, folder: &Path) -> Result<Self, Error> {
        Running::start(command, folder, 0)?.wait().await
    }
}

/// This program, led to the stage; its log goes to `job.log` in a folder.
pub(super) fn child(stage: &Stage, folder: &Path, arguments: &[&str]) -> Result<Command, Error> {
    let program = std::env::current_exe().map_err(|error| Error::Unexpected(chain(&error)))?;
    let log = folder.join("job.log");
    let log = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(|error| cannot("write", &log, &error))?;
    let mut command = Command::new(program);
    // Nothing of the person's own set-up may bend the settings. What leads to an S3 run store stays.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BESTAND_") {
            command.env_remove(&name);
        }
    }
    for (name, value) in &stage.environment {
        command.env(name, value);
    }
    if stage.keeps_runs_in_a_bucket() {
        // There a killed publication's lease is waited for: short ones let many kills strike.
        command.env("BESTAND__RUN_STORE__LEASE_SECS", "3");
        command.env("BESTAND__CENTRAL_REGISTER__REQUEST_TIMEOUT_SECS", "1");
    }
    command
        .args(arguments)
        .arg("--settings")
        .arg(stage.folder.join("bestand.toml"))
        .args(["--log-format", "json"])
        .current_dir(folder)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stderr(Stdio::from(log));
    Ok(command)
}
