//! Where a text occurs in a run: every spool is streamed, and only lines in which the text stands are read at all.

use std::collections::BTreeSet;

use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::asset_record::RecordLine;
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::finding::Finding;
use bestand_model::judged::JudgedLine;
use bestand_model::reconciliation::{Explainer, Found, named_by};
use bestand_publisher::report::visible;
use bestand_publisher::run_store::{RunDirectory, RunStoreError, Spool};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::run::Run;
use crate::error::Error;
use crate::plan::EXCEPTIONS;

/// Assets that are listed where a text means several.
const MOST_CHOICES: usize = 50;

/// Where a text occurs.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Accounts that were judged, and what belongs to none.
    pub(super) judged: BTreeSet<String>,
    /// Accounts that records name, but that the run did not judge.
    not_judged: BTreeSet<String>,
}

/// The one part of a change that it is looked for by.
#[derive(Deserialize)]
struct Keyed {
    asset_key: AssetKey,
}

/// Finds every account in which a text names something.
pub(super) fn places(run: &Run, key: &str) -> Result<Places, Error> {
    let mut places = Places::default();
    let mut names: BTreeSet<String> = run.judged.iter().cloned().collect();
    names.extend(run.directory.names(Spool::Records)?);
    for name in names {
        if occurs(&run.directory, &name, key)? {
            let judged = run.judged.contains(&name);
            if judged { &mut places.judged } else { &mut places.not_judged }.insert(name);
        }
    }
    Ok(places)
}

fn occurs(directory: &RunDirectory, name: &str, key: &str) -> Result<bool, RunStoreError> {
    let any = Any { directory, name, key };
    Ok(any.of(Spool::Findings, |finding: &Finding| named_by::finding(finding, key).is_some())?
        || any.of(Spool::Changes, |change: &Keyed| named_by::asset_key(change.asset_key, key).is_some())?
        || any.of(Spool::Published, |entry: &PublishedAsset| named_by::entry(entry, key).is_some())?
        || any.of(Spool::Records, |line: &RecordLine| {
            match line {
                RecordLine::Rejected { rejected } => named_by::rejected(rejected, key),
                RecordLine::Record(record) => named_by::record(record, key),
            }
            .is_some()
        })?
        || any.of(Spool::Judged, |line: &JudgedLine| {
            match line {
                JudgedLine::Record(record) => named_by::record(record, key),
                JudgedLine::Unplaced(unplaced) => named_by::record(&unplaced.record, key),
                JudgedLine::Entry(entry) => named_by::entry(entry, key),
                JudgedLine::Asset { asset_key, .. } => named_by::asset_key(*asset_key, key),
                JudgedLine::LastPublished(_)
                | JudgedLine::Publications(_)
                | JudgedLine::Shared(_)
                | JudgedLine::Head(_)
                | JudgedLine::Finding { .. }
                | JudgedLine::Scope(_)
                | JudgedLine::Stray { .. }
                | JudgedLine::Answer { .. }
                | JudgedLine::Elsewhere { .. } => None,
            }
            .is_some()
        })?
        || any.of(Spool::Inventory, |item: &ConfigurationItem| named_by::item(item, key).is_some())?)
}

struct Any<'a> {
    directory: &'a RunDirectory,
    name: &'a str,
    key: &'a str,
}

impl Any<'_> {
    fn of<T: DeserializeOwned>(&self, spool: Spool, is: impl Fn(&T) -> bool) -> Result<bool, RunStoreError> {
        if !self.directory.exists(spool, self.name)? {
            return Ok(false);
        }
        for line in self.directory.read_with::<T>(spool, self.name, self.key)? {
            if is(&line?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Says that a text was found nowhere, and where it was looked for.
pub(super) fn nothing(run: &Run, key: &str, places: &Places) -> Error {
    let (key, run_id) = (visible(key), run.directory.run_id());
    if let Some(account) = places.not_judged.first() {
        return Error::NoSuchKey(format!(
            "`{key}` is in the records of account {account}, which run `{run_id}` did not judge: it was left out on the command line"
        ));
    }
    let over = Any { directory: &run.directory, name: EXCEPTIONS, key: &key };
    if over.of(Spool::Findings, |finding: &Finding| finding.finding_id == key).unwrap_or(false) {
        return Error::NoSuchKey(format!(
            "`{key}` is the finding of an exception whose time is over: it is about the settings and no asset, and the report has all that there is to tell of it"
        ));
    }
    Error::NoSuchKey(format!(
        "run `{run_id}` has nothing that is called `{key}`: no record, live resource, published entry, change or finding of {} accounts and of what belongs to none has it as ARN, asset id, asset key, resource id, row, name or finding id",
        run.judged.iter().filter(|name| !name.starts_with('_')).count()
    ))
}

/// What a text was found to mean, as a list to choose from.
#[derive(Debug)]
pub(super) struct Choices {
    key: String,
    /// Asset keys; of what is no asset the finding's id.
    distinct: BTreeSet<String>,
    lines: Vec<String>,
}

impl Choices {
    pub(super) fn new(key: &str) -> Self {
        Self { key: visible(key), distinct: BTreeSet::new(), lines: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.distinct.is_empty()
    }

    /// Tells whether all that was found is one asset.
    pub(super) fn are_one(&self) -> bool {
        self.distinct.len() == 1
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.distinct.len() > MOST_CHOICES
    }

    pub(super) fn add(&mut self, explainer: &Explainer<'_>, found: &Found<'_>) {
        if self.are_too_many() {
            return;
        }
        let (own, line) = match (found.asset, found.finding) {
            (Some(asset), _) => {
                let identity = explainer.identify(asset);
                let parts = [
                    identity.asset_id.map(|id| id.to_string()),
                    identity.arn.map(|arn| arn.to_string()),
                    identity.account_id.map(|id| id.to_string()),
                    identity.region.map(|region| region.to_string()),
                    identity.resource_type.map(|kind| kind.to_string()),
                    identity.resource_id.map(|id| id.to_string()),
                    identity.name.map(|name| format!("\"{name}\"")),
                ];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                (identity.asset_key.to_string(), parts.join("  "))
            }
            (None, Some(finding)) => (finding.finding_id.clone(), finding.kind.to_string()),
            (None, None) => return,
        };
        if self.distinct.insert(own.clone()) {
            self.lines.push(visible(&format!("{own}  {line}")));
        }
    }

    pub(super) fn error(&self) -> Error {
        let shown = self.lines.iter().take(MOST_CHOICES);
        let list: Vec<String> = shown.map(|line| format!("  {line}")).collect();
        let (count, more) = if self.are_too_many() {
            (format!("more than {MOST_CHOICES}"), "\n  ...")
        } else {
            (self.lines.len().to_string(), "")
        };
        Error::AmbiguousKey(format!("`{}` may mean {count} assets:\n{}{more}", self.key, list.join("\n")))
    }
}
