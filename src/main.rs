//! The `bestand` command: keeps a central asset register true to what really runs in AWS.

mod change_list;
mod cli;
mod clock;
mod compose;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod error;
mod exit_status;
mod explain;
#[cfg(feature = "demo")]
mod labelled;
mod metrics;
#[cfg(feature = "demo")]
mod ordeal;
mod plan;
mod progress;
mod publish;
mod report;
mod revert;
mod run;
mod secrets;
mod settings;
mod shell;
mod signals;
mod summary;
mod telemetry;

fn main() -> std::process::ExitCode {
    cli::main().code().into()
}
