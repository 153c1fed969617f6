//! What an account was judged by and no other file of the run directory holds: a line of
//! `judged/<account>.ndjson.zst`.
//!
//! With the records, the inventory, the published entries, the ledger and the settings of the same run these are
//! all inputs of [`reconcile`](crate::reconciliation::reconcile): whoever has them comes to the same result, and can
//! show how. A new input of the judgement needs a line here, or the replay shows another digest than the plan has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountState;
use crate::asset::{AssetKey, PublishedAsset};
use crate::asset_record::AssetRecord;
use crate::coverage::{Coverage, Reason};
use crate::history::{AccountHistory, AssetHistory, ScopeHistory};
use crate::identifiers::AssetId;
use crate::last_published::{LastPublished, Publications, PublishedMemory};
use crate::proof::{Answer, Elsewhere, Proofs};
use crate::reconciliation::{Rules, StrayRows, UnplacedRecord};
use crate::shared_identity::{SharedIdentities, SharedName};

/// A line of the file. The head comes first; the order of the others says nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum JudgedLine {
    /// What holds for all.
    Head(Head),
    /// What earlier runs saw of an asset.
    Asset {
        /// The asset.
        asset_key: AssetKey,
        /// Looks and sightings before this run.
        #[serde(flatten)]
        history: AssetHistory,
    },
    /// A finding that was open before this run.
    Finding {
        /// Its id.
        finding_id: String,
        /// When it was first found.
        since: Timestamp,
    },
    /// What the last complete listing of a scope gave.
    Scope(ScopeHistory),
    /// A row without account that was placed in this one.
    Record(AssetRecord),
    /// A row that was placed nowhere; only where no account is.
    Unplaced(UnplacedRecord),
    /// An entry that lies in no account and goes with such a row.
    Entry(PublishedAsset),
    /// An asset id of an entry that a row which is not matched with it still names.
    Stray {
        /// The id.
        asset_id: AssetId,
    },
    /// A name that rows share, one of them here.
    Shared(SharedName),
    /// Which publications count for what is remembered.
    Publications(Publications),
    /// What bestand itself published last of an entry that somebody else may have touched.
    LastPublished(LastPublished),
    /// What AWS answered about an asset.
    Answer {
        /// The asset.
        asset_key: AssetKey,
        /// The answer.
        #[serde(flatten)]
        answer: Answer,
    },
    /// Where else an asset was seen.
    Elsewhere {
        /// The asset.
        asset_key: AssetKey,
        /// The place.
        #[serde(flatten)]
        place: Elsewhere,
    },
}

/// What holds for all lines.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head {
    /// The version of this file's form.
    pub schema_version: u32,
    /// Whether the account could be read; absent for what belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<AccountState>,
    /// Why something may lie where nobody looked, for what belongs to no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Reason>,
    /// A stray row names no asset id, and may speak of anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stray_nameless: bool,
}

/// What an account, or what belongs to none, was judged by.
#[derive(Clone, Copy, Debug)]
pub struct JudgedBy<'a> {
    /// Whether the account could be read; none for what belongs to no account.
    pub state: Option<AccountState>,
    /// What is known of everything, for what belongs to no account.
    pub coverage: Coverage,
    /// What earlier runs left, and the scopes as this run finalised them.
    pub history: &'a AccountHistory,
    /// Every record that was judged: of the names that rows share only theirs count.
    pub named: &'a [AssetRecord],
    /// Rows without account that were placed here.
    pub records: &'a [AssetRecord],
    /// Rows that were placed nowhere.
    pub unplaced: &'a [UnplacedRecord],
    /// Entries that joined from where no account is.
    pub joined: &'a [PublishedAsset],
    /// Every entry that was judged: of the stray rows only what names one of them counts.
    pub published: &'a [PublishedAsset],
    /// All stray rows of the run.
    pub stray_rows: &'a StrayRows,
    /// All names of the run that rows share.
    pub shared: &'a SharedIdentities,
    /// What is remembered of what was published.
    pub memory: &'a PublishedMemory,
    /// What was found out about single assets.
    pub proofs: &'a Proofs,
}

/// No answers, for what nobody is asked about.
static NO_PROOFS: Proofs = Proofs { answers: BTreeMap::new(), elsewhere: BTreeMap::new() };
/// Nothing is remembered.
static NO_MEMORY: LazyLock<PublishedMemory> = LazyLock::new(PublishedMemory::default);

impl<'a> JudgedBy<'a> {
    /// What was judged by nothing but the rules, what earlier runs left, and what other files hold.
    pub fn rules_and_history(rules: &'a Rules, history: &'a AccountHistory) -> Self {
        Self {
            state: None,
            coverage: Coverage::Complete,
            history,
            named: &[],
            records: &[],
            unplaced: &[],
            joined: &[],
            published: &[],
            stray_rows: &rules.stray_rows,
            shared: &rules.shared,
            memory: &NO_MEMORY,
            proofs: &NO_PROOFS,
        }
    }

    /// Gives the lines of the file, one by one: an account may have half a million of them.
    pub fn lines(self, schema_version: u32) -> impl Iterator<Item = JudgedLine> + use<'a> {
        let head = Head {
            schema_version,
            state: self.state,
            coverage: match self.coverage {
                Coverage::Complete => None,
                Coverage::Incomplete(reason) => Some(reason),
            },
            stray_nameless: self.stray_rows.has_nameless(),
        };
        let history = self.history;
        let assets = history.assets.iter();
        let assets =
            assets.map(|(key, history)| JudgedLine::Asset { asset_key: *key, history: history.clone() });
        let findings = history.findings.iter();
        let findings =
            findings.map(|(id, since)| JudgedLine::Finding { finding_id: id.clone(), since: *since });
        let named = self.published.iter().filter_map(PublishedAsset::asset_id);
        let stray: BTreeSet<AssetId> = named.filter(|id| self.stray_rows.names(id)).collect();
        let stray = stray.into_iter();
        let named = self.named.iter().chain(self.unplaced.iter().map(|unplaced| &unplaced.record));
        let shared = self.shared.of_records(named).into_iter();
        let mut remembered = self.memory.lines().peekable();
        let publications = remembered.peek().map(|_| self.memory.publications_of(self.published));
        let answers = self.proofs.answers.iter();
        let answers =
            answers.map(|(key, answer)| JudgedLine::Answer { asset_key: *key, answer: answer.clone() });
        let elsewhere = self.proofs.elsewhere.iter();
        let elsewhere =
            elsewhere.map(|(key, place)| JudgedLine::Elsewhere { asset_key: *key, place: place.clone() });
        std::iter::once(JudgedLine::Head(head))
            .chain(history.scopes.iter().cloned().map(JudgedLine::Scope))
            .chain(self.records.iter().cloned().map(JudgedLine::Record))
            .chain(self.unplaced.iter().cloned().map(JudgedLine::Unplaced))
            .chain(self.joined.iter().cloned().map(JudgedLine::Entry))
            .chain(stray.map(|asset_id| JudgedLine::Stray { asset_id }))
            .chain(shared.map(JudgedLine::Shared))
            .chain(publications.map(JudgedLine::Publications))
            .chain(remembered.cloned().map(JudgedLine::LastPublished))
            .chain(answers)
            .chain(elsewhere)
            .chain(findings)
            .chain(assets)
    }
}

/// The file, read back.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// What holds for all.
    pub head: Head,
    /// What earlier runs left.
    pub history: AccountHistory,
    /// Rows without account that were placed here.
    pub records: Vec<AssetRecord>,
    /// Rows that were placed nowhere.
    pub unplaced: Vec<UnplacedRecord>,
    /// Entries that joined from where no account is.
    pub joined: Vec<PublishedAsset>,
    /// The stray rows that count here.
    pub stray_rows: StrayRows,
    /// The names that rows share, one of them here.
    pub shared: SharedIdentities,
    publications: Publications,
    last_published: Vec<LastPublished>,
    /// What was found out about single assets.
    pub proofs: Proofs,
}

impl Judged {
    /// Takes a line.
    pub fn take(&mut self, line: JudgedLine) {
        match line {
            JudgedLine::Head(head) => {
                if head.stray_nameless {
                    self.stray_rows.add(None);
                }
                self.head = head;
            }
            JudgedLine::Asset { asset_key, history } => {
                self.history.assets.insert(asset_key, history);
            }
            JudgedLine::Finding { finding_id, since } => {
                self.history.findings.insert(finding_id, since);
            }
            JudgedLine::Scope(scope) => self.history.scopes.push(scope),
            JudgedLine::Record(record) => self.records.push(record),
            JudgedLine::Unplaced(unplaced) => self.unplaced.push(unplaced),
            JudgedLine::Entry(entry) => self.joined.push(entry),
            JudgedLine::Stray { asset_id } => self.stray_rows.add(Some(&asset_id)),
            JudgedLine::Shared(name) => self.shared.take(name),
            JudgedLine::Publications(publications) => self.publications = publications,
            JudgedLine::LastPublished(line) => self.last_published.push(line),
            JudgedLine::Answer { asset_key, answer } => {
                self.proofs.answers.insert(asset_key, answer);
            }
            JudgedLine::Elsewhere { asset_key, place } => {
                self.proofs.elsewhere.insert(asset_key, place);
            }
        }
    }

    /// Gives what is remembered of what was published.
    pub fn memory(&self) -> PublishedMemory {
        PublishedMemory::new(self.publications.clone(), self.last_published.iter().cloned())
    }

    /// Gives what is known of everything, for what belongs to no account.
    pub fn coverage(&self) -> Coverage {
        self.head.coverage.map_or(Coverage::Complete, Coverage::Incomplete)
    }
}

#[cfg(test)]
mod tests;
