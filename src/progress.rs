//! Progress for people: a bar per phase on a terminal, one log line per phase elsewhere.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::telemetry::LogFormat;

/// How often a bar is drawn at least.
const TICK: Duration = Duration::from_millis(120);

/// Where progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    visible: bool,
}

impl Progress {
    /// Bars are shown to people at a terminal only, who did not ask for quiet.
    pub(crate) fn new(format: LogFormat, quiet: bool) -> Self {
        Self { visible: !quiet && format == LogFormat::Human && std::io::stderr().is_terminal() }
    }

    /// Begins a phase; `total` in `unit`s where it is known.
    pub(crate) fn phase(self, name: &'static str, unit: &'static str, total: Option<u64>) -> Phase {
        let bar = match (self.visible, total) {
            (false, _) => ProgressBar::hidden(),
            (true, Some(total)) => {
                let bar = ProgressBar::new(total);
                let template =
                    format!("{{msg:22}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left");
                set_style(&bar, &template);
                // What is left must go on counting while one account takes long.
                bar.enable_steady_tick(TICK);
                bar
            }
            (true, None) => {
                let bar = ProgressBar::new_spinner();
                set_style(&bar, &format!("{{msg:22}} {{spinner}} {{pos}} {unit}, {{per_sec}}, {{elapsed}}"));
                bar.enable_steady_tick(TICK);
                bar
            }
        };
        bar.set_message(name);
        Phase { name, unit, bar, visible: self.visible }
    }
}

fn set_style(bar: &ProgressBar, template: &str) {
    // The templates are constants; a wrong one leaves the default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// One phase of a run.
#[derive(Debug)]
pub(crate) struct Phase {
    name: &'static str,
    unit: &'static str,
    bar: ProgressBar,
    visible: bool,
}

impl Phase {
    /// Counts what was done.
    pub(crate) fn add(&self, count: u64) {
        self.bar.inc(count);
    }

    /// Sets how much was done in all.
    pub(crate) fn set(&self, count: u64) {
        self.bar.set_position(count);
    }

    /// Ends the phase with a word about its result.
    pub(crate) fn done(&self, result: &str) {
        let seconds = self.bar.elapsed().as_secs_f64();
        self.bar.finish_and_clear();
        if self.visible {
            // Above the next bar, so that the phases read as a list.
            self.bar.println(format!("{:22} {result} ({seconds:.1} s)", self.name));
        } else {
            let count = self.bar.position();
            let per_second = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
            tracing::info!(
                phase = self.name,
                seconds,
                count,
                unit = self.unit,
                per_second,
                result,
                "phase done"
            );
        }
    }
}
