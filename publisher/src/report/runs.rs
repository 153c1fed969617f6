//! `index.html` of a run store: its runs, the newest first, so that a folder or a bucket can be browsed.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;

use askama::Template;
use bestand_model::change_set::ChangeCounts;
use bestand_model::identifiers::RunId;
use bestand_model::run_summary::RunSummary;

use super::past::SUCCESS;
use super::text::{count, duration, instant, visible};
use super::{ReportError, html, style};

/// So many runs are listed.
const MAX_RUNS: usize = 1_000;

/// The list of a store's runs. It is filled from the history, the oldest line first, and holds a bounded part of it.
#[derive(Debug, Default)]
pub struct RunsIndex {
    rows: VecDeque<Row>,
    left_out: u64,
}

/// One run as its row shows it.
#[derive(Debug)]
struct Row {
    run_id: RunId,
    /// The file that tells most of it, beside the index; none where the run was cleared away.
    link: Option<String>,
    command: String,
    started: String,
    took: String,
    status: String,
    class: &'static str,
    meaning: &'static str,
    drift: String,
    gaps: String,
    planned: String,
    applied: String,
    judged: bool,
}

impl RunsIndex {
    /// Takes the summary of a run, and what its exit status means. A run that stands several times in the history counts
    /// as it stands there last.
    pub fn add(&mut self, summary: &RunSummary, meaning: &'static str) {
        let judged = summary.plan_digest.is_some();
        let figure = |number: u64| if judged { count(number) } else { String::new() };
        let reverted = summary.reverts.as_ref().map(|run| format!(" {run}")).unwrap_or_default();
        let row = Row {
            run_id: summary.run_id.clone(),
            link: None,
            command: visible(&format!("{}{reverted}", summary.command)),
            started: instant(summary.started_at),
            took: summary.ended_at.map_or_else(String::new, |end| duration(summary.started_at, end)),
            status: summary.exit_status.to_string(),
            class: match summary.exit_status {
                20 => "part",
                status if SUCCESS.contains(&status) => "full",
                _ => "blind",
            },
            meaning,
            drift: figure(summary.findings.drift),
            gaps: figure(summary.coverage.gaps),
            planned: if judged { planned(summary.changes) } else { String::new() },
            applied: summary.publication.map_or_else(String::new, |counts| count(counts.applied)),
            judged,
        };
        self.rows.retain(|own| own.run_id != row.run_id);
        self.rows.push_back(row);
        if self.rows.len() > MAX_RUNS {
            self.rows.pop_front();
            self.left_out += 1;
        }
    }

    /// Writes the page. `present` are the runs whose folders are there: those that the history does not know were killed
    /// before they ended.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write(
        mut self,
        out: &mut dyn Write,
        environment: &str,
        present: &[RunId],
    ) -> Result<(), ReportError> {
        let folders: BTreeSet<&RunId> = present.iter().collect();
        let known: BTreeSet<RunId> = self.rows.iter().map(|row| row.run_id.clone()).collect();
        for row in &mut self.rows {
            if folders.contains(&row.run_id) {
                row.link = Some(link(&row.run_id, if row.judged { "report.html" } else { "run.json" }));
            }
        }
        // Of older runs than the list goes back to, the history may tell what the list leaves out.
        let oldest = self.rows.front().filter(|_| self.left_out > 0).map(|row| row.run_id.clone());
        let unknown = present.iter().filter(|run| !known.contains(run));
        let unended: Vec<&RunId> =
            unknown.filter(|run| oldest.as_ref().is_none_or(|own| own < run)).collect();
        let style = style::STYLE;
        Page {
            style,
            policy: html::style_policy(style),
            environment: visible(environment),
            rows: self.rows.iter().rev().collect(),
            unended: unended
                .iter()
                .rev()
                .take(MAX_RUNS)
                .map(|run| (visible(run.as_str()), link(run, "run.json")))
                .collect(),
            left_out: self.left_out,
        }
        .write_into(out)?;
        out.flush()?;
        Ok(())
    }
}

fn planned(changes: ChangeCounts) -> String {
    format!("+{} ~{} \u{2212}{}", count(changes.create), count(changes.update), count(changes.retire))
}

/// A run's id is a safe folder name, and may still hold what an address must not.
fn link(run_id: &RunId, file: &str) -> String {
    let mut address = String::from("runs/");
    for byte in run_id.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{address}/{file}")
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Page<'a> {
    style: &'static str,
    policy: String,
    environment: String,
    rows: Vec<&'a Row>,
    unended: Vec<(String, String)>,
    left_out: u64,
}
