//! Attribute by attribute: what each source says, whose value stands after the change, and why the others' does not.
//!
//! What the change sets, and from where, is the change's own word. Only where it sets nothing is the source of what
//! stands there looked for, by the same rule of authority.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::asset::PublishedAsset;
use crate::attribute::{REGISTRATION, VERIFICATION, is_technical, same_value};
use crate::authority::{Said, resolve};
use crate::change_set::{Change, ChangeKind, Provenance};
use crate::reconciliation::subject::Subject;
use crate::reconciliation::values::{self, Values};

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
    /// What each source says: AWS Config, the source register, the last publication.
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
) -> Vec<ExplainedAttribute> {
    let live = subject.item.map(|item| values::of_item(item, subject.record)).unwrap_or_default();
    let registered =
        subject.record.map(|record| values::of_record(record, subject.one_of_many)).unwrap_or_default();
    let published = entry.map(|entry| &entry.attributes);
    let names = live.keys().chain(registered.keys());
    let names = names.chain(published.into_iter().flat_map(Values::keys));
    let names: BTreeSet<&String> =
        names.chain(change.into_iter().flat_map(|change| change.after.attributes.keys())).collect();
    let sources = Sources { live: &live, registered: &registered, published, believed, change };
    names.into_iter().map(|name| sources.attribute(name)).collect()
}

struct Sources<'a> {
    live: &'a Values,
    registered: &'a Values,
    published: Option<&'a Values>,
    believed: bool,
    change: Option<&'a Change>,
}

impl Sources<'_> {
    fn attribute(&self, name: &str) -> ExplainedAttribute {
        let published = self.published.and_then(|values| values.get(name));
        let set = self.change.and_then(|change| {
            let value = change.after.attributes.get(name)?;
            Some((value, change.provenance.get(name).copied().unwrap_or(Provenance::Bestand)))
        });
        let stands = set.or_else(|| published.map(|value| (value, self.source_of(name, value))));
        let says = [
            (Provenance::ConfigService, self.live.get(name)),
            (Provenance::SourceRegister, self.registered.get(name)),
            (Provenance::LastPublished, published),
        ];
        let says = says.into_iter().filter_map(|(source, value)| Some((source, value?)));
        let says = says.map(|(source, value)| {
            // Who says that there is none agrees where nothing stands.
            let agrees = stands.map_or(value.is_null(), |(stands, _)| same_value(stands, value));
            let why = (!agrees).then(|| self.why(name, source, value, stands.map(|(_, source)| source)));
            SourceSays { source, value: value.clone(), agrees, why }
        });
        ExplainedAttribute {
            name: name.to_owned(),
            value: stands.map(|(value, _)| value.clone()),
            source: stands.map(|(_, source)| source),
            set_by_change: set.is_some(),
            says: says.collect(),
        }
    }

    /// Whose word an entry's value is: of those that say the same, the one with authority.
    fn source_of(&self, name: &str, value: &Value) -> Provenance {
        if matches!(name, REGISTRATION | VERIFICATION) {
            return Provenance::Bestand;
        }
        let live = self.live.get(name).filter(|_| self.believed);
        let said = Said { live, registered: self.registered.get(name) };
        match resolve(name, said) {
            Some((resolved, source)) if same_value(resolved, value) => source,
            _ => Provenance::LastPublished,
        }
    }

    fn why(&self, name: &str, source: Provenance, value: &Value, winner: Option<Provenance>) -> Why {
        let nothing_changes =
            self.change.is_none_or(|change| change.kind == ChangeKind::Withheld) || winner.is_none();
        match source {
            Provenance::LastPublished | Provenance::Bestand => Why::Superseded,
            Provenance::ConfigService if !self.believed => Why::NotBelieved,
            _ if nothing_changes => Why::NothingChanges,
            Provenance::SourceRegister if value.is_null() => Why::EmptyCell,
            Provenance::SourceRegister if !self.believed && is_technical(name) => Why::NotSeenLive,
            Provenance::ConfigService | Provenance::SourceRegister => Why::Authority,
        }
    }
}
