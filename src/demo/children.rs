//! The programs that the demo runs: the sandbox, and the job against it.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bestand_sandbox::Faults;

use super::{EstateArgs, Ready};
use crate::error::Error;
use crate::exit_status::ExitStatus;
use crate::signals;
use crate::telemetry::LogFormat;

/// How often a child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A sandbox that ends with the demo: it is ours alone, and nothing is lost by ending it at once.
pub(super) struct Sandbox {
    child: Child,
    ready: Ready,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    /// Starts a sandbox with these faults over a directory; its settings and its truth are written there.
    pub(super) fn start(estate: &EstateArgs, faults: &Faults, directory: &Path) -> Result<Self, Error> {
        let mut command = Command::new(program()?);
        command
            .args(["sandbox", "--json"])
            .args(["--accounts", &estate.accounts.to_string()])
            .args(["--resources", &estate.resources.to_string()])
            .args(["--seed", &estate.seed.to_string()])
            .args(["--faults", &faults.to_string()])
            .arg("--directory")
            .arg(directory)
            .arg("--truth")
            .arg(directory.join("truth.json"))
            .arg("--settings-out")
            .arg(directory.join("bestand.toml"))
            .stdout(Stdio::piped())
            .stdin(Stdio::null());
        let mut child = spawn(&mut command)?;
        let stdout =
            child.stdout.take().ok_or_else(|| Error::Unexpected("the sandbox has no output".into()))?;
        let mut line = String::new();
        let read = std::io::BufReader::new(stdout).read_line(&mut line);
        if read.map_err(|error| Error::Unexpected(error.to_string()))? == 0 {
            return Err(Error::Unexpected("the sandbox did not start; its error stands above".into()));
        }
        let ready = serde_json::from_str(&line).map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(Self { child, ready })
    }

    /// Makes the run store ready.
    pub(super) async fn init_store(&self, settings: &Path) -> Result<ExitStatus, Error> {
        let mut command = self.command(&["settings", "--init-store"], settings, None)?;
        ended(spawn(command.stdout(Stdio::null()))?).await
    }

    /// Runs a command of the job to its end.
    pub(super) async fn job(
        &self,
        arguments: &[&str],
        settings: &Path,
        format: Option<LogFormat>,
    ) -> Result<ExitStatus, Error> {
        ended(spawn(&mut self.command(arguments, settings, format)?)?).await
    }

    fn command(
        &self,
        arguments: &[&str],
        settings: &Path,
        format: Option<LogFormat>,
    ) -> Result<Command, Error> {
        let mut command = Command::new(program()?);
        command.args(arguments).arg("--settings").arg(settings);
        if let Some(format) = format {
            command.args(["--log-format", if format == LogFormat::Json { "json" } else { "human" }]);
        }
        // Nothing of the person's own AWS set-up may lead out of the sandbox.
        let inherited: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        for name in inherited.iter().filter(|name| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.envs(self.ready.environment.iter().cloned()).env("NO_PROXY", "127.0.0.1");
        Ok(command)
    }
}

/// The demo runs this very program.
fn program() -> Result<std::path::PathBuf, Error> {
    std::env::current_exe().map_err(|error| Error::Unexpected(error.to_string()))
}

fn spawn(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|error| Error::Unexpected(error.to_string()))
}

/// Waits for a job. A signal is passed on: the job knows how to end, and a publication needs its open batches.
async fn ended(mut child: Child) -> Result<ExitStatus, Error> {
    let stop = signals::stop_requested();
    tokio::pin!(stop);
    let mut stopped = None;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| Error::Unexpected(error.to_string()))? {
            return match stopped {
                Some(error) => Err(error),
                None => exit_status(status),
            };
        }
        tokio::select! {
            signal = &mut stop, if stopped.is_none() => {
                // A terminal has told the child already; a second word does no harm.
                let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
                stopped = Some(signal);
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

fn exit_status(status: std::process::ExitStatus) -> Result<ExitStatus, Error> {
    let code = status.code();
    ExitStatus::ALL
        .into_iter()
        .find(|status| Some(i32::from(status.code())) == code)
        .ok_or_else(|| Error::Unexpected(format!("the job ended with {status}")))
}
