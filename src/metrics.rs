//! A job's metrics, as one line in CloudWatch's embedded metric format: the last but one that the job says where no
//! person reads along (docs/LOGGING.md).

mod table;

use std::cell::OnceCell;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use bestand_model::run_summary::RunSummary;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::exit_status::ExitStatus;
use crate::{settings, summary};

use table::METRICS;

/// Where CloudWatch keeps them.
const NAMESPACE: &str = "bestand";
/// What tells series apart. Nothing that grows with the organisation: each value is a series that is paid for.
const DIMENSIONS: [&str; 2] = ["Environment", "Command"];
/// The environment's name where the settings do not tell it.
const UNKNOWN: &str = "unknown";

/// The commands that have metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    Run,
    Plan,
    Publish,
    Revert,
}

impl Job {
    const ALL: [Self; 4] = [Self::Run, Self::Plan, Self::Publish, Self::Revert];

    const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Plan => "plan",
            Self::Publish => "publish",
            Self::Revert => "revert",
        }
    }

    /// Finds the job in a command line that cannot be parsed.
    pub(crate) fn named_in(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        arguments.find_map(|argument| Self::ALL.into_iter().find(|job| job.name() == argument))
    }
}

/// Gathers what a job tells of itself, however it ends.
#[derive(Debug)]
pub(crate) struct Recorder {
    job: Job,
    began: Instant,
    summary: OnceCell<RunSummary>,
}

/// What the metrics are taken from.
#[derive(Debug)]
struct Figures<'a> {
    job: Job,
    status: ExitStatus,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    /// `run.json` as this job leaves it; absent where it ended before there was a run.
    summary: Option<&'a RunSummary>,
}

impl Recorder {
    pub(crate) fn begin(job: Job) -> Self {
        Self { job, began: Instant::now(), summary: OnceCell::new() }
    }

    /// Takes the summary that the job leaves.
    pub(crate) fn keep(&self, summary: &RunSummary) {
        // A job leaves one.
        let _ = self.summary.set(summary.clone());
    }

    /// Writes the line to standard error. Where that fails nobody is listening.
    pub(crate) fn write(&self, status: ExitStatus, settings: &Path, now: Timestamp) {
        let summary = self.summary.get();
        let figures = Figures {
            job: self.job,
            status,
            seconds: self.began.elapsed().as_secs_f64(),
            peak_memory_bytes: summary::peak_memory_bytes(),
            summary,
        };
        let environment = summary
            .map(|summary| summary.environment.clone())
            .or_else(|| settings::environment(settings))
            .unwrap_or_else(|| UNKNOWN.to_owned());
        // In one piece, so that no other line can get into it.
        let line = format!("{}\n", document(&figures, &environment, now));
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// Renders one document. What is not known is left out: a nought would say that there is none.
fn document(figures: &Figures<'_>, environment: &str, now: Timestamp) -> Value {
    let mut definitions = Vec::new();
    let mut root = Map::new();
    for metric in METRICS {
        if let Some(value) = (metric.value)(figures) {
            definitions.push(json!({"Name": metric.name, "Unit": metric.unit.name()}));
            root.insert(metric.name.to_owned(), value);
        }
    }
    let [environment_key, command_key] = DIMENSIONS;
    root.insert(environment_key.to_owned(), json!(environment));
    root.insert(command_key.to_owned(), json!(figures.job.name()));
    if let Some(summary) = figures.summary {
        // To find the run by; no dimension.
        root.insert("RunId".to_owned(), json!(summary.run_id));
    }
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [DIMENSIONS], "Metrics": definitions});
    root.insert(
        "_aws".to_owned(),
        json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]}),
    );
    Value::Object(root)
}

#[cfg(test)]
mod tests;
