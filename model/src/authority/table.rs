//! The rules compiled: what decides on a type's attribute is looked up, not searched for.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;

use super::ExternalPolicy;
use super::rule::{AuthorityRule, DEFAULT_MAX_ATTRIBUTE_BYTES};
use super::value_map::ValueMap;
use crate::attribute::{self, Compare, is_technical};
use crate::identifiers::ResourceType;
use crate::provenance::Provenance;

/// Whose value wins, per attribute and type.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorityTable {
    technical: Ruling,
    organisational: Ruling,
    rulings: Vec<Ruling>,
    /// For types that no rule names.
    others: Names,
    by_type: BTreeMap<ResourceType, Names>,
    max_attribute_bytes: usize,
}

/// What decides on one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    pub(super) sources: Vec<RankedSource>,
    pub(super) default: Option<Value>,
    compare: Compare,
    external: ExternalPolicy,
}

/// A source with its conditions, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RankedSource {
    pub(super) source: Provenance,
    pub(super) next_if_empty: bool,
    pub(super) max_age: Option<SignedDuration>,
    pub(super) map: Option<ValueMap>,
}

/// Which ruling is for which name: indices into the table's list.
#[derive(Clone, Debug, Default, PartialEq)]
struct Names {
    exact: BTreeMap<String, usize>,
    prefixes: BTreeMap<String, usize>,
}

impl Default for AuthorityTable {
    fn default() -> Self {
        Self::new(&[], DEFAULT_MAX_ATTRIBUTE_BYTES)
    }
}

impl AuthorityTable {
    /// Compiles rules that [`problems`](super::problems) has nothing against. What it has something against decides
    /// nothing here that it must not: identity and bestand's marks stay as shipped, and of two rules the first wins.
    pub fn new(rules: &[AuthorityRule], max_attribute_bytes: usize) -> Self {
        let technical = Ruling::shipped([Provenance::ConfigService, Provenance::SourceRegister]);
        let organisational = Ruling::shipped([Provenance::SourceRegister, Provenance::ConfigService]);
        let rulings = rules
            .iter()
            .map(|rule| {
                let shipped = if is_technical(&rule.attribute) { &technical } else { &organisational };
                Ruling::new(rule, shipped)
            })
            .collect();
        let names = |kind: Option<&ResourceType>| {
            let mut names = Names::default();
            for (index, rule) in rules.iter().enumerate() {
                if rule.types.is_empty() || kind.is_some_and(|kind| rule.types.contains(kind)) {
                    names.add(rule, index);
                }
            }
            names
        };
        let kinds = rules.iter().flat_map(|rule| &rule.types);
        let by_type = kinds.map(|kind| (kind.clone(), names(Some(kind)))).collect();
        let others = names(None);
        Self { technical, organisational, rulings, others, by_type, max_attribute_bytes }
    }

    /// Gives what decides on the attributes of one type.
    pub fn of(&self, kind: Option<&ResourceType>) -> Authority<'_> {
        let names = kind.and_then(|kind| self.by_type.get(kind)).unwrap_or(&self.others);
        Authority { table: self, names }
    }

    /// Gives what is done about an attribute that somebody else changed.
    pub fn external(&self, kind: Option<&ResourceType>, attribute: &str) -> ExternalPolicy {
        self.of(kind).ruling(attribute).external
    }

    /// Tells whether any rule asks how old a source's value is.
    pub(crate) fn asks_the_age_of(&self, source: &Provenance) -> bool {
        let mut asked = self.rulings.iter().flat_map(|ruling| &ruling.sources);
        asked.any(|asked| asked.source == *source && asked.max_age.is_some())
    }
}

/// Whose value wins for one type's attributes.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'t> {
    table: &'t AuthorityTable,
    names: &'t Names,
}

impl<'t> Authority<'t> {
    /// Gives what decides on an attribute.
    pub fn ruling(&self, name: &str) -> &'t Ruling {
        let table = self.table;
        let shipped = if is_technical(name) { &table.technical } else { &table.organisational };
        self.names.get(name).and_then(|index| table.rulings.get(index)).unwrap_or(shipped)
    }

    /// Tells whether two values of an attribute say the same.
    pub fn same(&self, name: &str, left: &Value, right: &Value) -> bool {
        left == right || self.ruling(name).compare.same(left, right)
    }

    /// Names attributes that may have a value though neither AWS Config nor the record reports any such.
    pub(crate) fn named(&self) -> impl Iterator<Item = &'t String> {
        self.names.exact.keys()
    }

    /// Gives the length, as JSON text, up to which a value is published.
    pub fn max_bytes(&self) -> usize {
        self.table.max_attribute_bytes
    }

    pub(crate) fn table(&self) -> &'t AuthorityTable {
        self.table
    }
}

impl Ruling {
    fn shipped(sources: [Provenance; 2]) -> Self {
        let ranked =
            |source| RankedSource { next_if_empty: next_if_empty(&source), source, max_age: None, map: None };
        Self {
            sources: sources.into_iter().map(ranked).collect(),
            default: None,
            compare: Compare::default(),
            external: ExternalPolicy::default(),
        }
    }

    fn new(rule: &AuthorityRule, shipped: &Self) -> Self {
        const DAY_HOURS: i64 = 24;
        let mut sources: Vec<RankedSource> = Vec::new();
        for source in rule.sources() {
            // What is published already must not be mapped again.
            let maps = source.from.is_live() || source.from == Provenance::SourceRegister;
            let days = source.next_if_older_than_days.map(i64::from);
            if sources.iter().all(|known| known.source != source.from) {
                sources.push(RankedSource {
                    next_if_empty: source.next_if_empty.unwrap_or_else(|| next_if_empty(&source.from)),
                    max_age: days.map(|days| SignedDuration::from_hours(days * DAY_HOURS)),
                    map: ValueMap::new(&source.map).filter(|_| maps),
                    source: source.from,
                });
            }
        }
        if sources.is_empty() {
            sources.clone_from(&shipped.sources);
        }
        Self { sources, default: rule.default.clone(), compare: rule.compare, external: rule.external }
    }

    /// Gives the source that is asked first.
    pub fn first(&self) -> Option<&Provenance> {
        self.sources.first().map(|ranked| &ranked.source)
    }

    /// Gives a source's place in the ruling, if it has one.
    pub(super) fn ranked(&self, source: &Provenance) -> Option<&RankedSource> {
        self.sources.iter().find(|ranked| ranked.source == *source)
    }
}

/// AWS Config's "none" is knowledge; people leave cells empty.
fn next_if_empty(source: &Provenance) -> bool {
    *source != Provenance::ConfigService
}

impl Names {
    fn add(&mut self, rule: &AuthorityRule, index: usize) {
        match rule.prefix() {
            // A name under an earlier prefix is that rule's already.
            None if self.of_prefix(&rule.attribute).is_none()
                && !attribute::is_identity_or_mark(&rule.attribute) =>
            {
                self.exact.entry(rule.attribute.clone()).or_insert(index);
            }
            None => {}
            Some(prefix) => {
                self.prefixes.entry(prefix.to_owned()).or_insert(index);
            }
        }
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.exact.get(name).copied().or_else(|| self.of_prefix(name))
    }

    /// Prefixes end with a dot: only a name's own levels are looked up.
    fn of_prefix(&self, name: &str) -> Option<usize> {
        if self.prefixes.is_empty() {
            return None;
        }
        let ends = name.match_indices('.').map(|(dot, _)| dot + 1);
        ends.filter_map(|end| self.prefixes.get(name.get(..end)?).copied()).min()
    }
}
