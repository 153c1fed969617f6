//! Which reasons of the ledger the demo showed, and in which of its steps.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Table};

use crate::error::Error;

/// The scopes that each step of the demo left incomplete, by reason.
#[derive(Default)]
pub(super) struct Reasons {
    steps: Vec<&'static str>,
    by_reason: BTreeMap<String, BTreeMap<usize, u64>>,
}

impl Reasons {
    /// Takes in what the newest run under a directory says.
    pub(super) fn add(&mut self, step: &'static str, directory: &Path) -> Result<(), Error> {
        let at = self.steps.len();
        self.steps.push(step);
        for (reason, scopes) in newest(directory)? {
            self.by_reason.entry(reason).or_default().insert(at, scopes);
        }
        Ok(())
    }

    /// Gives the table; a single step has told everything by itself.
    pub(super) fn table(&self) -> Option<String> {
        if self.steps.len() < 2 {
            return None;
        }
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table
            .set_header(std::iter::once("scopes by reason").chain(self.steps.iter().copied()).map(Cell::new));
        for (reason, steps) in &self.by_reason {
            let scopes = (0..self.steps.len())
                .map(|at| steps.get(&at).map_or_else(String::new, |scopes| scopes.to_string()));
            table.add_row(std::iter::once(reason.clone()).chain(scopes).collect::<Vec<_>>());
        }
        Some(table.to_string())
    }

    /// Gives the same as one JSON line.
    pub(super) fn json(&self) -> Option<String> {
        if self.steps.len() < 2 {
            return None;
        }
        let by_reason: BTreeMap<&str, BTreeMap<&str, u64>> = self
            .by_reason
            .iter()
            .map(|(reason, steps)| {
                (reason.as_str(), steps.iter().map(|(at, scopes)| (self.steps[*at], *scopes)).collect())
            })
            .collect();
        Some(serde_json::json!({ "reasons": by_reason }).to_string())
    }
}

/// Reads the newest run's reasons. Run ids sort by time.
fn newest(directory: &Path) -> Result<BTreeMap<String, u64>, Error> {
    let runs = directory.join("store").join("runs");
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::Unexpected(format!("cannot read the newest run under {}: {error}", runs.display()))
    };
    let entries = std::fs::read_dir(&runs).map_err(|error| unreadable(&error))?;
    let newest = entries.flatten().map(|entry| entry.path()).max();
    let newest = newest.ok_or_else(|| unreadable(&"there is none"))?;
    let text = std::fs::read(newest.join("run.json")).map_err(|error| unreadable(&error))?;
    let run: serde_json::Value = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
    let by_reason = run["coverage"]["by_reason"].as_object().into_iter().flatten();
    Ok(by_reason.filter_map(|(reason, scopes)| Some((reason.clone(), scopes.as_u64()?))).collect())
}
