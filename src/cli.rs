//! The command line: what can be asked, and how the answer is shown.

mod settings_command;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::run_summary::RunSummary;
use bestand_publisher::run_store::RunDirectory;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use settings_command::SettingsArgs;

use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::metrics::{Job, Recorder};
use crate::progress::Progress;
use crate::publish::{Approval, publish_run};
use crate::revert::revert;
use crate::run::{Ended, RunOptions, run};
use crate::settings;
use crate::telemetry::{self, LogFormat};
use crate::{change_list, clock, compose, doctor, explain, report, shell, summary};

/// Where the settings are looked for.
const SETTINGS_FILE: &str = "bestand.toml";
/// The variable that says otherwise.
const SETTINGS_VARIABLE: &str = "BESTAND_SETTINGS";

/// Keeps a central asset register true to what really runs in AWS.
///
/// bestand reads what lives in every AWS account through AWS Config, reads what the source register says,
/// decides what the central register should say, publishes exactly that, and leaves a drift report. Absence is
/// concluded only where everything was seen.
#[derive(Debug, Parser)]
#[command(name = "bestand", version, after_help = after_help(), max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
struct Common {
    /// The settings file, or `env:NAME` where a variable holds their whole text; any key can be overridden by the
    /// environment (BESTAND__CENTRAL_REGISTER__URL).
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = SETTINGS_FILE,
        env = SETTINGS_VARIABLE
    )]
    settings: PathBuf,
    /// The id of the new run; default: the time and a random part.
    #[arg(long, global = true, value_name = "ID", value_parser = RunId::checked)]
    run_id: Option<RunId>,
    /// The form of log lines on standard error; default: human on a terminal, JSON elsewhere.
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormat>,
}

/// What a job says.
#[derive(Args, Clone, Copy, Debug, Default)]
struct Said {
    /// Says nothing but errors: no list, no table, no progress, no log lines, no metrics.
    #[arg(long, short)]
    quiet: bool,
    /// Prints the summary, run.json, as one JSON document on standard output, also where the run fails.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The scheduled job: plan, gate, publish, report.
    Run {
        /// Nothing of ours is expected in the central register yet.
        #[arg(long)]
        first_run: bool,
        /// End with status 10 if there is drift.
        #[arg(long)]
        fail_on_drift: bool,
        #[command(flatten)]
        said: Said,
    },
    /// The dry run: all but publishing. The run directory holds the plan and the report.
    ///
    /// Without [central_register] in the settings it gives the drift report alone: a good way to begin.
    Plan {
        /// End with status 41 if the gate refuses the plan, rather than only writing it down.
        #[arg(long)]
        fail_on_gate: bool,
        /// End with status 10 if there is drift.
        #[arg(long)]
        fail_on_drift: bool,
        /// Nothing of ours is expected in the central register yet.
        #[arg(long)]
        first_run: bool,
        /// Only these accounts; all others are `not_requested`, and nothing is concluded of them.
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        accounts: Vec<AccountId>,
        #[command(flatten)]
        said: Said,
    },
    /// Publishes the plan of a run exactly, or goes on where its publication was interrupted.
    Publish {
        /// The run: the name of a folder below runs/ of the run store.
        #[arg(value_name = "RUN", value_parser = RunId::checked)]
        run: RunId,
        /// Lets a plan through a limit that it met; the reason is kept as evidence.
        #[arg(long, value_name = "CODE", value_delimiter = ',', requires = "because")]
        accept_gate: Vec<String>,
        /// Why it is let through.
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
        /// Nothing of ours is expected in the central register yet.
        #[arg(long)]
        first_run: bool,
        #[command(flatten)]
        said: Said,
    },
    /// Plans the way back from a run: what restores every entry to what it said before that run changed it.
    ///
    /// Nothing is changed: look at the plan, then publish it. Entries that moved since are left alone, and entries that
    /// the run made are retired. The same gate holds as for any plan.
    Revert {
        /// The run to revert: the name of a folder below runs/ of the run store.
        #[arg(value_name = "RUN", value_parser = RunId::checked)]
        run: RunId,
        #[command(flatten)]
        said: Said,
    },
    /// Writes the report of a run again, in the forms that are asked for, into a folder.
    ///
    /// It reads the run directory alone, and asks neither AWS nor a register. A run that is not whole, or was changed
    /// after it ended, is refused.
    Report {
        /// The run: the name of a folder below runs/ of the run store.
        #[arg(value_name = "RUN", value_parser = RunId::checked, required_unless_present = "schema")]
        run: Option<RunId>,
        /// Only these forms; default: all but evidence.
        #[arg(long, value_name = "FORM", value_delimiter = ',', value_enum)]
        format: Vec<report::Format>,
        /// Puts into the evidence all that the run was judged by: inventory, records, entries and their history.
        #[arg(long)]
        with_inputs: bool,
        /// Compares with this earlier run: what was opened, closed and changed since (since.csv, since.json). The forms
        /// are then written only where --format asks for them.
        #[arg(long, value_name = "OLDER", value_parser = RunId::checked)]
        since: Option<RunId>,
        /// The folder; it is made where there is none. Default: bestand-report-RUN.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Prints the JSON schema of a line of report.jsonl instead.
        #[arg(long, conflicts_with_all = ["run", "format", "out", "with_inputs", "since"])]
        schema: bool,
    },
    /// Checks an evidence pack: every file against the manifest, and the run against itself. It needs no settings.
    ///
    /// It says what is wrong, a line each, and ends with status 44 then. That nobody made another pack altogether is
    /// known only by the digest that `report --format evidence` printed: give it with --digest.
    Verify {
        /// The file: evidence-RUN.zip.
        #[arg(value_name = "PACK")]
        pack: PathBuf,
        /// The SHA-256 that the pack's manifest must have.
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
    },
    /// Tells why an asset was judged as it was: by which rule it was identified, what was seen, whose value won, what
    /// is planned and why it is withheld.
    ///
    /// It judges the account again from the run directory alone, and proves it: the change must have the digest that
    /// the plan has. Without KEY the whole run is judged again and proven. It asks neither AWS nor a register. The
    /// exit status is 44 where something does not come out as it was planned.
    Explain {
        /// The run: the name of a folder below runs/ of the run store.
        #[arg(value_name = "RUN", value_parser = RunId::checked, required_unless_present = "schema")]
        run: Option<RunId>,
        /// An ARN, an asset id, a resource id, a name, an asset key or a finding's id.
        #[arg(value_name = "KEY")]
        key: Option<String>,
        /// Prints one JSON document rather than text (docs/EXPLAIN.md).
        #[arg(long)]
        json: bool,
        /// Prints the JSON schema of these documents.
        #[arg(long, exclusive = true)]
        schema: bool,
    },
    /// Checks every account's role, recorder and permissions, the registers and the run store. It changes nothing.
    Doctor {
        /// Only these accounts.
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        accounts: Vec<AccountId>,
        /// Only what failed in this run: tells of each of its gaps whether it is mended.
        #[arg(long, value_name = "RUN", value_parser = RunId::checked)]
        run: Option<RunId>,
        /// Prints one JSON document rather than a table.
        #[arg(long)]
        json: bool,
    },
    /// Shows and checks settings, and makes a run store ready.
    Settings(SettingsArgs),
    /// An AWS organisation, a source register and a central register on loopback, until stopped.
    #[cfg(feature = "demo")]
    Sandbox(crate::demo::SandboxArgs),
    /// The sandbox, and `run` against it: the whole job on an embedded estate, no AWS needed.
    #[cfg(feature = "demo")]
    Demo(crate::demo::DemoArgs),
    /// Labelled estates over several days, a run a day, held against the truth: precision and recall of every finding.
    #[cfg(feature = "demo")]
    Labelled(crate::labelled::LabelledArgs),
    /// A plan published under kills, faults and other writers: what was lost and what was doubled, in figures.
    #[cfg(feature = "demo")]
    Ordeal(crate::ordeal::OrdealArgs),
    /// Prints the completion script for a shell, such as for `source <(bestand completions bash)`.
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL", value_enum)]
        shell: clap_complete::Shell,
    },
    /// Prints the manual page of bestand, or of one of its commands, such as for `bestand man plan | man -l -`.
    Man {
        /// The command.
        #[arg(value_name = "COMMAND")]
        of: Option<String>,
    },
}

impl Command {
    /// Gives what metrics are told of, and what it is to say.
    fn job(&self) -> Option<(Job, Said)> {
        match self {
            Self::Run { said, .. } => Some((Job::Run, *said)),
            Self::Plan { said, .. } => Some((Job::Plan, *said)),
            Self::Publish { said, .. } => Some((Job::Publish, *said)),
            Self::Revert { said, .. } => Some((Job::Revert, *said)),
            _ => None,
        }
    }
}

fn after_help() -> String {
    format!(
        "{}\n\nBegin with `bestand demo`, or with:\n  \
         bestand settings --default > bestand.toml   and edit it\n  \
         bestand settings --check\n  \
         bestand doctor                              what would stand in the way\n  \
         bestand plan                                a drift report, nothing is changed\n  \
         bestand settings --init-store\n  \
         bestand run --first-run",
        ExitStatus::table()
    )
}

/// Parses, runs, prints once; gives the exit status.
pub(crate) fn main() -> ExitStatus {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error),
    };
    let format = LogFormat::or_default(cli.common.log_format);
    let (job, said) = cli.command.job().unzip();
    let said = said.unwrap_or_default();
    telemetry::start(format, said.quiet);
    let recorder = job.map(Recorder::begin);
    let result = work(&cli, format, recorder.as_ref());
    let status = match &result {
        Ok(status) => *status,
        Err(error) => error.exit_status(),
    };
    if let (LogFormat::Json, false, Some(recorder)) = (format, said.quiet, &recorder) {
        recorder.write(status, &cli.common.settings, clock::now());
    }
    match result {
        Ok(status) => status,
        Err(error) => fail(format, &error),
    }
}

/// A command line that asks for help, or makes no sense.
fn unparsed(error: &clap::Error) -> ExitStatus {
    // Where it cannot be printed nobody is listening.
    let _ = error.print();
    if !error.use_stderr() {
        return ExitStatus::Done;
    }
    if let (LogFormat::Json, Some(job)) = (LogFormat::or_default(None), Job::named_in(std::env::args())) {
        let settings = std::env::var_os(SETTINGS_VARIABLE).unwrap_or_else(|| SETTINGS_FILE.into());
        Recorder::begin(job).write(ExitStatus::Usage, Path::new(&settings), clock::now());
    }
    ExitStatus::Usage
}

fn work(cli: &Cli, format: LogFormat, recorder: Option<&Recorder>) -> Result<ExitStatus, Error> {
    #[cfg(feature = "demo")]
    clock::check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Unexpected(format!("cannot start: {error}")))?;
    let result = runtime.block_on(dispatch(cli, format, recorder));
    // A blocking call that is still under way must not hold the exit up.
    runtime.shutdown_background();
    result
}

async fn dispatch(cli: &Cli, format: LogFormat, recorder: Option<&Recorder>) -> Result<ExitStatus, Error> {
    let (_, said) = cli.command.job().unzip();
    let said = said.unwrap_or_default();
    let progress = Progress::new(format, said.quiet);
    let load = || settings::load(&cli.common.settings).map_err(Error::from);
    match &cli.command {
        Command::Run { first_run, fail_on_drift, .. } => {
            let options = RunOptions {
                publish: true,
                run_id: cli.common.run_id.clone(),
                first_run: *first_run,
                fail_on_drift: *fail_on_drift,
                ..RunOptions::default()
            };
            show(run(&load()?, &options, progress).await?, recorder, format, said, Listed::Changes)
        }
        Command::Plan { fail_on_gate, fail_on_drift, first_run, accounts, .. } => {
            let options = RunOptions {
                publish: false,
                run_id: cli.common.run_id.clone(),
                first_run: *first_run,
                fail_on_gate: *fail_on_gate,
                fail_on_drift: *fail_on_drift,
                only: accounts.clone(),
            };
            show(run(&load()?, &options, progress).await?, recorder, format, said, Listed::Changes)
        }
        Command::Publish { run, accept_gate, because, first_run, .. } => {
            let approval =
                Approval { accepted: accept_gate.clone(), because: because.clone(), first_run: *first_run };
            show(
                publish_run(&load()?, run, &approval, progress).await?,
                recorder,
                format,
                said,
                Listed::Nothing,
            )
        }
        Command::Revert { run, .. } => show(
            revert(&load()?, run, cli.common.run_id.clone(), progress).await?,
            recorder,
            format,
            said,
            Listed::Changes,
        ),
        Command::Doctor { accounts, run, json } => {
            let asked = doctor::Asked {
                accounts: accounts.clone(),
                run: run.clone(),
                session: cli.common.run_id.clone(),
            };
            let report = doctor::doctor(&load()?, &asked, progress).await?;
            let unexpected = |error: serde_json::Error| Error::Unexpected(error.to_string());
            print(&if *json {
                serde_json::to_string_pretty(&report).map_err(unexpected)?
            } else {
                doctor::table(&report)
            });
            Ok(report.exit_status)
        }
        Command::Report { run: Some(run), format, out, with_inputs, since, schema: false } => {
            let asked = report::Asked {
                run,
                formats: format,
                out: out.as_deref(),
                with_inputs: *with_inputs,
                since: since.as_ref(),
            };
            for line in report::report(&load()?, &asked).await? {
                print(&line);
            }
            Ok(ExitStatus::Done)
        }
        Command::Verify { pack, digest } => {
            let (lines, status) = tokio::task::block_in_place(|| report::verify(pack, digest.as_deref()))?;
            print(&lines.join("\n"));
            Ok(status)
        }
        Command::Report { .. } => {
            print(&serde_json::to_string_pretty(&report::schema()).unwrap_or_default());
            Ok(ExitStatus::Done)
        }
        Command::Explain { run: Some(run), key, json, schema: false } => {
            let store = compose::run_store(&load()?).await?;
            let answer = tokio::task::block_in_place(|| explain::explain(&store, run, key.as_deref()))?;
            print(&if *json { answer.json()? } else { answer.text(explain::Style::of_stdout()) });
            Ok(answer.exit_status())
        }
        Command::Explain { .. } => {
            print(&serde_json::to_string_pretty(&explain::schema()).unwrap_or_default());
            Ok(ExitStatus::Done)
        }
        Command::Settings(asked) => settings_command::carry_out(asked, &cli.common.settings).await,
        #[cfg(feature = "demo")]
        Command::Sandbox(asked) => crate::demo::sandbox(asked).await,
        #[cfg(feature = "demo")]
        Command::Demo(asked) => crate::demo::demo(asked, cli.common.log_format).await,
        #[cfg(feature = "demo")]
        Command::Labelled(asked) => crate::labelled::labelled(asked).await,
        #[cfg(feature = "demo")]
        Command::Ordeal(asked) => crate::ordeal::ordeal(asked).await,
        Command::Completions { shell } => {
            print(&shell::completions(*shell, Cli::command())?);
            Ok(ExitStatus::Done)
        }
        Command::Man { of } => {
            print(&shell::man(Cli::command(), of.as_deref())?);
            Ok(ExitStatus::Done)
        }
    }
}

/// What a person is shown besides the table.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Listed {
    /// The plan's changes.
    Changes,
    /// The plan was shown when it was made.
    Nothing,
}

/// Shows the summary: changes and a table for people, one JSON line elsewhere.
fn show(
    Ended { summary, directory, failure }: Ended,
    recorder: Option<&Recorder>,
    format: LogFormat,
    said: Said,
    listed: Listed,
) -> Result<ExitStatus, Error> {
    if let Some(recorder) = recorder {
        recorder.keep(&summary);
    }
    let as_json = || serde_json::to_string(&summary).map_err(|error| Error::Unexpected(error.to_string()));
    // Who asks for the document gets it of a run that failed as well.
    if said.json {
        print(&as_json()?);
    }
    if let Some(error) = failure {
        return Err(error);
    }
    match format {
        _ if said.json || said.quiet => {}
        LogFormat::Human => {
            if listed == Listed::Changes {
                list_changes(&summary, &directory);
            }
            print(&summary::table(&summary, &directory));
        }
        LogFormat::Json => print(&as_json()?),
    }
    ExitStatus::of_code(summary.exit_status)
        .ok_or_else(|| Error::Unexpected(format!("exit status {} is unknown", summary.exit_status)))
}

fn list_changes(summary: &RunSummary, directory: &RunDirectory) {
    match change_list::text(summary, directory, explain::Style::of_stdout()) {
        Ok(Some(text)) => print(&text),
        Ok(None) => {}
        // The run is done, and has its report: only this way to look at it is closed.
        Err(error) => tracing::warn!(error = chain(&error), "the changes cannot be listed here"),
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints an error once, with its causes and what to do.
fn fail(format: LogFormat, error: &Error) -> ExitStatus {
    let status = error.exit_status();
    match format {
        LogFormat::Json => {
            tracing::error!(exit_status = status.code(), next_step = error.next_step(), "{}", chain(error));
        }
        LogFormat::Human => {
            let bold = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let word = if bold { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" };
            let _ = writeln!(std::io::stderr(), "{word} {}\nnext: {}", chain(error), error.next_step());
        }
    }
    status
}
