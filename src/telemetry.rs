//! Log lines on standard error: for people on a terminal, JSON elsewhere.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    /// People sit at terminals.
    pub(crate) fn or_default(chosen: Option<Self>) -> Self {
        chosen.unwrap_or(if std::io::stderr().is_terminal() { Self::Human } else { Self::Json })
    }
}

/// Starts logging. `RUST_LOG` narrows or widens what is said; by default AWS's own crates say only warnings. Who wants
/// quiet hears of errors alone.
pub(crate) fn start(format: LogFormat, quiet: bool) {
    let filter = if quiet {
        EnvFilter::new("error")
    } else {
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,bestand=info"))
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(false).with_span_list(false).init()
        }
        LogFormat::Human => {
            let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colour).with_target(false).compact().init();
        }
    }
}
