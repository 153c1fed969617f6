//! Which publications there were, in a file so small that it is always read: it tells for which entries the memory
//! of what was published has to be read at all.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::asset::PublishedAsset;

/// `history/published/_publications.json`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Publications {
    /// By plan digest.
    #[serde(default)]
    plans: BTreeMap<String, Standing>,
    /// As whom bestand writes, as the register itself says at each run: the store keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writer: Option<String>,
    /// Files with entries that somebody else wrote between two of our writes.
    #[serde(default)]
    shared: BTreeSet<String>,
}

/// How far a publication is noted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was begun; what was applied may not be noted yet.
    Begun,
    /// All that it applied is noted.
    Noted,
}

impl Publications {
    /// Tells as whom bestand writes in the register.
    #[must_use]
    pub fn written_by(mut self, writer: Option<&str>) -> Self {
        self.writer = writer.map(str::to_owned);
        self
    }

    /// Notes that a plan is about to be sent, before anything of it is. A plan that is noted already stays so.
    pub fn begin(&mut self, plan: &str) {
        self.plans.entry(plan.to_owned()).or_insert(Standing::Begun);
    }

    /// Notes how far a plan's changes are noted, and which of its files hold entries that others write too.
    pub fn end(&mut self, plan: &str, standing: Standing, shared: impl IntoIterator<Item = String>) {
        self.plans.insert(plan.to_owned(), standing);
        self.shared.extend(shared);
    }

    /// Gives what is known of some plans alone.
    #[must_use]
    pub fn only(&self, plans: &BTreeSet<&str>) -> Self {
        let plans = self.plans.iter().filter(|(plan, _)| plans.contains(plan.as_str()));
        Self {
            plans: plans.map(|(plan, standing)| (plan.clone(), *standing)).collect(),
            writer: self.writer.clone(),
            shared: BTreeSet::new(),
        }
    }

    /// Tells whether bestand sent a plan.
    pub fn made(&self, plan: &str) -> bool {
        self.plans.contains_key(plan)
    }

    /// Tells whether everything that a plan applied is noted.
    pub fn is_noted(&self, plan: &str) -> bool {
        self.plans.get(plan) == Some(&Standing::Noted)
    }

    /// Tells whether a file holds entries whose versions tell nothing.
    pub fn is_shared(&self, file: &str) -> bool {
        self.shared.contains(file)
    }

    /// Tells whether bestand wrote an entry last: by one of its plans, or by its name.
    pub fn wrote(&self, entry: &PublishedAsset) -> bool {
        self.by_our_plan(entry) || self.by_our_name(entry)
    }

    /// Tells whether somebody else may have written an entry: unless one of our plans, by our own name, wrote last.
    pub fn needs_memory(&self, entry: &PublishedAsset) -> bool {
        !(self.by_our_plan(entry) && self.by_our_name(entry))
    }

    fn by_our_plan(&self, entry: &PublishedAsset) -> bool {
        entry.last_plan.as_deref().is_some_and(|plan| self.made(plan))
    }

    fn by_our_name(&self, entry: &PublishedAsset) -> bool {
        self.writer.is_some() && entry.last_writer == self.writer
    }
}
