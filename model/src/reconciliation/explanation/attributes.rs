//! Attribute by attribute: what each source says, whose value stands after the change, and why the others' does not.
//!
//! What the change sets, and from where, is the change's own word. Only where it sets nothing is the source of what
//! stands there looked for, by the same rule of authority.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::asset::PublishedAsset;
use crate::attribute::{REGISTRATION, VERIFICATION, is_technical};
use crate::authority::{self, Authority, AuthorityTable, Sides, Values, resolve};
use crate::change_set::{Change, ChangeKind, Provenance};
use crate::reconciliation::subject::Subject;
use crate::reconciliation::values::{self, Spoken};

/// One attribute.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ExplainedAttribute {
    /// Its name.
    pub name: String,
    /// What the entry says once the change is applied; absent: nothing, or there is no entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Where that comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Provenance>,
    /// Whether the change sets it; else it stands there already.
    pub set_by_change: bool,
    /// What each source says: AWS Config, the source register, the last publication, and whoever else the rule names.
    pub says: Vec<SourceSays>,
}

impl ExplainedAttribute {
    /// Tells whether the sources are of different minds, or the change sets something.
    pub fn is_of_interest(&self) -> bool {
        self.set_by_change || self.says.iter().any(|says| !says.agrees)
    }
}

/// What one source says.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct SourceSays {
    /// The source.
    pub source: Provenance,
    /// Its value; null: it says that there is none.
    pub value: Value,
    /// How old that is, as the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// Whether it says the same as what stands.
    pub agrees: bool,
    /// Why its value does not stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

/// Why a source's value does not stand.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Another source has authority.
    Authority,
    /// It was seen only where not everything was seen, and is not believed.
    NotBelieved,
    /// The cell is empty, which leaves the value to others.
    EmptyCell,
    /// Its value is older than the rule allows.
    TooOld,
    /// Its value is not in its map.
    Unmapped,
    /// Its value is too long to be meant.
    TooLong,
    /// The rule does not name the source.
    NotNamed,
    /// The change puts another value in its place.
    Superseded,
    /// AWS Config has authority, and nothing live was seen: what was published last stays.
    NotSeenLive,
    /// Nothing is published, or the change is withheld.
    NothingChanges,
}

/// Explains every attribute that any source, the entry or the change names.
pub(super) fn explain(
    subject: &Subject<'_>,
    entry: Option<&PublishedAsset>,
    believed: bool,
    change: Option<&Change>,
    table: &AuthorityTable,
    now: Timestamp,
) -> Vec<ExplainedAttribute> {
    let kind = values::kind(subject, entry);
    let spoken = Spoken::of(subject, believed);
    let live = subject.item.map(|item| values::of_item(item, subject.record)).unwrap_or_default();
    let registered =
        subject.record.map(|record| values::of_record(record, subject.one_of_many)).unwrap_or_default();
    let published = entry.map(|entry| &entry.attributes);
    let names = live.keys().chain(registered.keys());
    let names = names.chain(published.into_iter().flat_map(Values::keys));
    let names: BTreeSet<&String> =
        names.chain(change.into_iter().flat_map(|change| change.after.attributes.keys())).collect();
    let sources = Sources {
        live: &live,
        registered: &registered,
        published,
        believed,
        change,
        authority: table.of(kind.as_ref()),
        sides: spoken.sides(entry, now),
    };
    names.into_iter().map(|name| sources.attribute(name)).collect()
}

struct Sources<'a> {
    live: &'a Values,
    registered: &'a Values,
    published: Option<&'a Values>,
    believed: bool,
    change: Option<&'a Change>,
    authority: Authority<'a>,
    sides: Sides<'a>,
}

impl Sources<'_> {
    fn attribute(&self, name: &str) -> ExplainedAttribute {
        let published = self.published.and_then(|values| values.get(name));
        let set = self.change.and_then(|change| {
            let value = change.after.attributes.get(name)?;
            Some((value, change.provenance.get(name).cloned().unwrap_or(Provenance::Bestand)))
        });
        let set_by_change = set.is_some();
        let stands = set.or_else(|| published.map(|value| (value, self.source_of(name, value))));
        let resolved = resolve(self.authority, name, &self.sides);
        let always = [
            (Provenance::ConfigService, self.live.get(name)),
            (Provenance::SourceRegister, self.registered.get(name)),
            (Provenance::LastPublished, published),
        ];
        let named: Vec<&Provenance> = always.iter().map(|(source, _)| source).collect();
        // Tags, the default and what stands in the register speak only where a rule lets them.
        let mut others: Vec<(Provenance, Value)> = Vec::new();
        let losers = resolved.losers.iter().map(|loser| (&loser.source, loser.value.as_ref()));
        for (source, value) in losers.chain(resolved.winner.iter().map(|of| (of, resolved.value.as_ref()))) {
            if let Some(value) = value.filter(|_| !named.contains(&source) && *source != Provenance::Bestand)
            {
                others.push((source.clone(), value.clone()));
            }
        }
        let always = always.iter().filter_map(|(source, value)| Some((source.clone(), (*value)?.clone())));
        let says: Vec<SourceSays> = always
            .chain(others)
            .map(|(source, value)| {
                // Who says that there is none agrees where nothing stands.
                let same = |stands: &Value| self.authority.same(name, stands, &value);
                let agrees = stands.as_ref().map_or(value.is_null(), |(stands, _)| same(stands));
                let loser = resolved.losers.iter().find(|loser| loser.source == source);
                let by_rule = loser.and_then(|loser| why_by_rule(loser.why));
                let why =
                    by_rule.or_else(|| (!agrees).then(|| self.why(name, &source, &value, stands.is_some())));
                let at = match loser {
                    Some(loser) => loser.at,
                    None => resolved.at.filter(|_| resolved.winner.as_ref() == Some(&source)),
                };
                SourceSays { source, value, at, agrees, why: why.filter(|_| !agrees) }
            })
            .collect();
        ExplainedAttribute {
            name: name.to_owned(),
            value: stands.as_ref().map(|(value, _)| (*value).clone()),
            source: stands.map(|(_, source)| source),
            set_by_change,
            says,
        }
    }

    /// Whose word an entry's value is: of those that say the same, the one with authority.
    fn source_of(&self, name: &str, value: &Value) -> Provenance {
        if matches!(name, REGISTRATION | VERIFICATION) {
            return Provenance::Bestand;
        }
        let resolved = resolve(self.authority, name, &self.sides);
        match (resolved.value, resolved.winner) {
            (Some(said), Some(source)) if self.authority.same(name, &said, value) => source,
            _ => Provenance::LastPublished,
        }
    }

    fn why(&self, name: &str, source: &Provenance, value: &Value, something_stands: bool) -> Why {
        let nothing_changes =
            self.change.is_none_or(|change| change.kind == ChangeKind::Withheld) || !something_stands;
        match source {
            Provenance::LastPublished | Provenance::Bestand | Provenance::CentralRegister => Why::Superseded,
            Provenance::ConfigService | Provenance::Tag(_) if !self.believed => Why::NotBelieved,
            _ if nothing_changes => Why::NothingChanges,
            Provenance::SourceRegister if value.is_null() => Why::EmptyCell,
            Provenance::SourceRegister if !self.believed && is_technical(name) => Why::NotSeenLive,
            Provenance::ConfigService
            | Provenance::Tag(_)
            | Provenance::SourceRegister
            | Provenance::Default => Why::Authority,
        }
    }
}

/// What the rule of authority itself has against a source's word.
fn why_by_rule(why: authority::Why) -> Option<Why> {
    match why {
        authority::Why::Outranked => None,
        authority::Why::TooOld => Some(Why::TooOld),
        authority::Why::Unmapped => Some(Why::Unmapped),
        authority::Why::TooLong => Some(Why::TooLong),
        authority::Why::NotNamed => Some(Why::NotNamed),
        authority::Why::Empty
        | authority::Why::Silent
        | authority::Why::NotRead
        | authority::Why::LeftAlone => None,
    }
}
