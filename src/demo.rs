//! `bestand sandbox` and `bestand demo`. The demo runs this very program: as the sandbox, and as `run` against it,
//! so that nothing of the job is short-circuited and its memory is its own.

mod children;
mod reasons;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use bestand_sandbox::register::Credential;
use bestand_sandbox::{Fault, Faults, REGISTER_KEY, Sandbox, SandboxOptions};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::cli::print;
use crate::clock;
use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::signals;
use crate::telemetry::LogFormat;
use reasons::Reasons;

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
    /// Lets only writers who know their key into the central register, as `X-API-Key` or as the secret of the OAuth 2
    /// client of that name; may be given more than once. The settings use the first one's.
    #[arg(long, value_name = "WRITER=KEY", value_parser = WriterKey::parse)]
    register_key: Vec<WriterKey>,
    /// Prints what one needs to use it as one JSON line rather than for a shell.
    #[arg(long)]
    json: bool,
}

/// A writer of the central register, and the key by which it is known.
#[derive(Clone)]
pub(crate) struct WriterKey {
    writer: String,
    key: String,
}

impl fmt::Debug for WriterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=[secret]", self.writer)
    }
}

impl WriterKey {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((writer, key)) if !writer.is_empty() && !key.is_empty() => {
                Ok(Self { writer: writer.to_owned(), key: key.to_owned() })
            }
            _ => Err("give the writer's name and its key, as in bestand=KEY".to_owned()),
        }
    }

    fn credentials(&self) -> [Credential; 2] {
        let (writer, key) = (self.writer.as_str(), self.key.as_str());
        [Credential::api_key(writer, key), Credential::oauth_client(writer, writer, key)]
    }
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
        register_credentials: asked.register_key.iter().flat_map(WriterKey::credentials).collect(),
        clock_ahead: clock::ahead(),
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
    let mut environment = sandbox.environment_variables();
    environment.extend(asked.register_key.first().map(|first| (REGISTER_KEY.to_owned(), first.key.clone())));
    let ready = Ready { environment, register_url: sandbox.register_url().to_owned() };
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

/// Runs the whole job against a sandbox, in as many steps as the faults need.
pub(crate) async fn demo(asked: &DemoArgs, format: Option<LogFormat>) -> Result<ExitStatus, Error> {
    let again = asked.again == Some(Again::Same);
    let (directory, settings) = (&asked.directory, asked.directory.join("bestand.toml"));
    if again && !settings.exists() {
        return Err(Error::Usage(format!(
            "{} holds no demo yet: run `bestand demo` first",
            asked.directory.display()
        )));
    }
    if !again {
        clear(&asked.directory)?;
    }
    std::fs::create_dir_all(directory).map_err(|error| cannot("make", directory, &error))?;
    let faults = &asked.estate.faults;
    let mut reasons = Reasons::default();
    let mut first = !again;
    if first && (faults.has(Fault::Collapsed) || faults.deletions) {
        say(
            format,
            "first a healthy day: only against an earlier look can a scope collapse and a resource go",
        );
        let mut healthy = Faults::none();
        healthy.latency = faults.latency;
        let sandbox = children::Sandbox::start(&asked.estate, &healthy, directory)?;
        let status = first_run(&sandbox, &settings, format).await?;
        if !matches!(status, ExitStatus::Done | ExitStatus::Gaps) {
            return Ok(status);
        }
        reasons.add("run of a healthy day", directory)?;
        first = false;
        say(format, "then the faults: the same registers, as the next scheduled run finds them");
    }
    let sandbox = children::Sandbox::start(&asked.estate, faults, directory)?;
    let status = if first {
        first_run(&sandbox, &settings, format).await?
    } else {
        sandbox.job(&["run"], &settings, format).await?
    };
    if !matches!(status, ExitStatus::Done | ExitStatus::Gaps | ExitStatus::PublicationIncomplete) {
        return Ok(status);
    }
    reasons.add("run with the faults", directory)?;
    if faults.has(Fault::AggregatorStale) || faults.has(Fault::AggregatorFailed) {
        say(format, "last a plan by way of the aggregator, whose copies are not all up to date");
        let settings = aggregator_settings(directory)?;
        if matches!(sandbox.job(&["plan"], &settings, format).await?, ExitStatus::Done | ExitStatus::Gaps) {
            reasons.add("plan by the aggregator", directory)?;
        }
    }
    let told = match LogFormat::or_default(format) {
        LogFormat::Human => reasons.table(),
        LogFormat::Json => reasons.json(),
    };
    if let Some(told) = told {
        print(&told);
    }
    Ok(status)
}

/// Makes the run store ready and publishes for the first time.
async fn first_run(
    sandbox: &children::Sandbox,
    settings: &Path,
    format: Option<LogFormat>,
) -> Result<ExitStatus, Error> {
    match sandbox.init_store(settings).await? {
        ExitStatus::Done => sandbox.job(&["run", "--first-run"], settings, format).await,
        status => Ok(status),
    }
}

/// Says what comes next: to people in the open, else in the log.
fn say(format: Option<LogFormat>, text: &str) {
    match LogFormat::or_default(format) {
        LogFormat::Human => print(text),
        LogFormat::Json => tracing::info!("{text}"),
    }
}

/// Copies the settings, with the aggregator in the place of the accounts' own AWS Config.
fn aggregator_settings(directory: &Path) -> Result<PathBuf, Error> {
    let read = |name: &str| {
        let path = directory.join(name);
        std::fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))
    };
    let truth: serde_json::Value =
        serde_json::from_str(&read("truth.json")?).map_err(|error| Error::Unexpected(error.to_string()))?;
    let name = &truth["aggregator_name"];
    let collection = format!("[collection]\nsource = \"aggregator\"\naggregator = {{ name = {name} }}\n");
    let copy = directory.join("bestand-aggregator.toml");
    write(&copy, &format!("{}\n{collection}", read("bestand.toml")?))?;
    Ok(copy)
}

/// Removes what an earlier demo left, and nothing else that may lie in the directory.
fn clear(directory: &Path) -> Result<(), Error> {
    for name in [
        "itk.db",
        "register.db",
        "register.db-wal",
        "register.db-shm",
        "truth.json",
        "bestand.toml",
        "bestand-aggregator.toml",
    ] {
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
