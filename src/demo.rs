//! `bestand sandbox` and `bestand demo`. The demo runs this very program twice: as the sandbox, and as `run`
//! against it, so that nothing of the job is short-circuited and its memory is its own.

use std::io::BufRead as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bestand_sandbox::{Faults, Sandbox, SandboxOptions};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::cli::print;
use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::signals;
use crate::telemetry::LogFormat;

/// The estate, for both commands.
#[derive(Args, Clone, Debug)]
pub(crate) struct EstateArgs {
    /// Active accounts.
    #[arg(long, value_name = "N", default_value_t = 12)]
    accounts: usize,
    /// Live resources in all of them.
    #[arg(long, value_name = "N", default_value_t = 6000)]
    resources: usize,
    /// What the estate is derived from: the same seed gives the same estate.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What goes wrong, as a comma list; `none` for nothing.
    #[arg(long, value_name = "F,..", default_value = "account_denied,recorder_stopped", long_help = Faults::HELP)]
    faults: Faults,
}

/// `bestand sandbox`.
#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    #[command(flatten)]
    estate: EstateArgs,
    /// Where the registers lie; the central one survives from one start to the next.
    #[arg(long, value_name = "DIR", default_value = "bestand-demo")]
    directory: PathBuf,
    /// Writes what was planted, as JSON.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Writes settings that fit.
    #[arg(long, value_name = "FILE")]
    settings_out: Option<PathBuf>,
    /// Prints what one needs to use it as one JSON line rather than for a shell.
    #[arg(long)]
    json: bool,
}

/// `bestand demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    estate: EstateArgs,
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = "bestand-demo")]
    directory: PathBuf,
    /// `same`: the same registers again, as the next scheduled run would find them.
    #[arg(value_enum)]
    again: Option<Again>,
}

/// Whether the demo begins anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Again {
    /// Over the registers of the last demo.
    Same,
}

/// What a sandbox tells the one who started it.
#[derive(Debug, Deserialize, Serialize)]
struct Ready {
    environment: Vec<(String, String)>,
    register_url: String,
}

/// Runs a sandbox until it is stopped.
pub(crate) async fn sandbox(asked: &SandboxArgs) -> Result<ExitStatus, Error> {
    let options = SandboxOptions {
        accounts: asked.estate.accounts,
        resources: asked.estate.resources,
        seed: asked.estate.seed,
        faults: asked.estate.faults.clone(),
        directory: asked.directory.clone(),
        listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
        environment: "staging".into(),
    };
    let sandbox = Sandbox::start(options).await.map_err(|error| Error::Usage(chain(&error)))?;
    if let Some(path) = &asked.truth {
        let truth =
            serde_json::to_string(sandbox.truth()).map_err(|error| Error::Unexpected(error.to_string()))?;
        write(path, &truth)?;
    }
    if let Some(path) = &asked.settings_out {
        write(path, &sandbox.settings_toml())?;
    }
    let ready = Ready {
        environment: sandbox.environment_variables(),
        register_url: sandbox.register_url().to_owned(),
    };
    if asked.json {
        print(&serde_json::to_string(&ready).map_err(|error| Error::Unexpected(error.to_string()))?);
    } else {
        for (name, value) in &ready.environment {
            print(&format!("export {name}={value}"));
        }
        print(&format!("# the central register is {}; Ctrl-C stops the sandbox", ready.register_url));
    }
    // Being stopped is how a sandbox ends.
    let _ = signals::stop_requested().await;
    sandbox.stop().await;
    Ok(ExitStatus::Done)
}

/// Runs the whole job against a sandbox.
pub(crate) async fn demo(asked: &DemoArgs, format: Option<LogFormat>) -> Result<ExitStatus, Error> {
    let again = asked.again == Some(Again::Same);
    let settings = asked.directory.join("bestand.toml");
    if again && !settings.exists() {
        return Err(Error::Usage(format!(
            "{} holds no demo yet: run `bestand demo` first",
            asked.directory.display()
        )));
    }
    if !again {
        clear(&asked.directory)?;
    }
    std::fs::create_dir_all(&asked.directory).map_err(|error| cannot("make", &asked.directory, &error))?;
    let program = std::env::current_exe().map_err(|error| Error::Unexpected(error.to_string()))?;
    let (sandbox, ready) = start_sandbox(&program, asked, &settings)?;
    let _sandbox = Ended(sandbox);

    let job = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).arg("--settings").arg(&settings);
        if let Some(format) = format {
            command.args(["--log-format", if format == LogFormat::Json { "json" } else { "human" }]);
        }
        // Nothing of the person's own AWS set-up may lead out of the sandbox.
        let inherited: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        for name in inherited.iter().filter(|name| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.envs(ready.environment.iter().cloned()).env("NO_PROXY", "127.0.0.1");
        command
    };
    let init = spawn(job(&["settings", "--init-store"]).stdout(Stdio::null()))?;
    let status = ended(init).await?;
    if status != ExitStatus::Done {
        return Ok(status);
    }
    let arguments: &[&str] = if again { &["run"] } else { &["run", "--first-run"] };
    ended(spawn(&mut job(arguments))?).await
}

/// A sandbox that ends with the demo: it is ours alone, and nothing is lost by ending it at once.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command) -> Result<Child, Error> {
    command.spawn().map_err(|error| Error::Unexpected(error.to_string()))
}

/// How often a child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

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

fn start_sandbox(program: &Path, asked: &DemoArgs, settings: &Path) -> Result<(Child, Ready), Error> {
    let estate = &asked.estate;
    let mut command = Command::new(program);
    command
        .args(["sandbox", "--json"])
        .args(["--accounts", &estate.accounts.to_string()])
        .args(["--resources", &estate.resources.to_string()])
        .args(["--seed", &estate.seed.to_string()])
        .args(["--faults", &estate.faults.to_string()])
        .arg("--directory")
        .arg(&asked.directory)
        .arg("--truth")
        .arg(asked.directory.join("truth.json"))
        .arg("--settings-out")
        .arg(settings)
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    let mut child = spawn(&mut command)?;
    let stdout = child.stdout.take().ok_or_else(|| Error::Unexpected("the sandbox has no output".into()))?;
    let mut line = String::new();
    let read = std::io::BufReader::new(stdout).read_line(&mut line);
    if read.map_err(|error| Error::Unexpected(error.to_string()))? == 0 {
        return Err(Error::Unexpected("the sandbox did not start; its error stands above".into()));
    }
    let ready = serde_json::from_str(&line).map_err(|error| Error::Unexpected(error.to_string()))?;
    Ok((child, ready))
}

/// Removes what an earlier demo left, and nothing else that may lie in the directory.
fn clear(directory: &Path) -> Result<(), Error> {
    for name in ["itk.db", "register.db", "register.db-wal", "register.db-shm", "truth.json", "bestand.toml"]
    {
        let path = directory.join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot("remove", &path, &error)),
        }
    }
    let runs = directory.join("store");
    match std::fs::remove_dir_all(&runs) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(cannot("remove", &runs, &error)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Usage(format!("cannot {what} {}: {error}", path.display()))
}

fn exit_status(status: std::process::ExitStatus) -> Result<ExitStatus, Error> {
    let code = status.code();
    ExitStatus::ALL
        .into_iter()
        .find(|status| Some(i32::from(status.code())) == code)
        .ok_or_else(|| Error::Unexpected(format!("the job ended with {status}")))
}
