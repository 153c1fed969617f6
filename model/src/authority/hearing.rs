//! What each source says of one attribute of one asset.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::table::{Authority, RankedSource, Ruling};
use super::told_time::ToldTime;
use crate::asset::PublishedAsset;
use crate::attribute::{self, is_blank, is_technical};
use crate::provenance::Provenance;

/// Attribute values by name. A missing name says nothing; null says that there is none.
pub type Values = BTreeMap<String, Value>;

/// What the live resource says.
#[derive(Clone, Copy, Debug)]
pub enum Live<'a> {
    /// It was seen in a complete scope, and reports this.
    Seen(&'a Values),
    /// It was not seen, or not so that it is believed: it may say anything.
    NotSeen,
    /// It is no AWS resource: there is nobody to ask.
    NoResource,
}

/// The parties that speak of one asset.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// The live resource.
    pub live: Live<'a>,
    /// The row of the source register. It was read, or there would be no plan: no row is no silence of a row.
    pub registered: Option<&'a Values>,
    /// When the row was last edited, as it says.
    pub registered_at: ToldTime,
    /// The entry in the central register.
    pub published: Option<&'a PublishedAsset>,
    /// When the entry was last written, as the register says.
    pub published_at: ToldTime,
    /// The instant of the run.
    pub now: Timestamp,
}

impl Sides<'_> {
    /// Tells whether an attribute is left alone whoever has authority over it: nothing was seen, and what stands in
    /// the entry of the resource itself stays (SEMANTICS 1, 2.9).
    pub(super) fn leave_alone(&self, name: &str) -> bool {
        matches!(self.live, Live::NotSeen) && self.published.is_some() && is_technical(name)
    }
}

/// A source's word on one attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word<'a> {
    /// A value, and what it is called here.
    Value { raw: &'a Value, value: &'a Value },
    /// There is none.
    Empty(&'a Value),
    /// A value that the source's map does not have.
    Unmapped(&'a Value),
    /// A value too long to be meant.
    TooLong(&'a Value, usize),
    /// It was asked, and does not report the attribute.
    Silent,
    /// It may have something to say, and was not heard.
    Unread,
    /// It never speaks of such an attribute.
    Never,
}

/// A source's word with what decides whether it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    pub(super) source: &'a Provenance,
    pub(super) word: Word<'a>,
    pub(super) at: Option<Timestamp>,
    pub(super) is_too_old: bool,
    pub(super) empty_counts: bool,
}

static NONE: Value = Value::Null;

/// Asks one source.
pub(super) fn hear<'a>(
    ruling: &'a Ruling,
    ranked: &'a RankedSource,
    name: &str,
    sides: &Sides<'a>,
    max_bytes: usize,
) -> Heard<'a> {
    let said = match &ranked.source {
        Provenance::ConfigService => match sides.live {
            Live::Seen(values) => values.get(name).ok_or(Word::Silent),
            // AWS Config knows nothing of an asset's place in the organisation but its name.
            Live::NotSeen if is_technical(name) || name == attribute::NAME => Err(Word::Unread),
            Live::NotSeen | Live::NoResource => Err(Word::Never),
        },
        Provenance::Tag(key) => match sides.live {
            Live::Seen(values) => match values.get(attribute::TAGS).and_then(Value::as_object) {
                Some(tags) => Ok(tags.get(key).unwrap_or(&NONE)),
                None => Err(Word::Unread),
            },
            Live::NotSeen => Err(Word::Unread),
            Live::NoResource => Err(Word::Never),
        },
        Provenance::SourceRegister => match sides.registered {
            Some(values) => values.get(name).ok_or(Word::Silent),
            None => Err(Word::Unread),
        },
        Provenance::CentralRegister => {
            let found = sides.published.and_then(|entry| entry.attributes.get(name));
            found.filter(|value| !is_blank(value)).ok_or(Word::Silent)
        }
        Provenance::Default => ruling.default.as_ref().ok_or(Word::Silent),
        Provenance::LastPublished | Provenance::Bestand => Err(Word::Never),
    };
    let at = match &ranked.source {
        Provenance::ConfigService | Provenance::Tag(_) => said.is_ok().then_some(sides.now),
        Provenance::SourceRegister => said.is_ok().then(|| sides.registered_at.believed()).flatten(),
        Provenance::CentralRegister => said.is_ok().then(|| sides.published_at.believed()).flatten(),
        Provenance::Default | Provenance::LastPublished | Provenance::Bestand => None,
    };
    let word = match said {
        Err(word) => word,
        Ok(raw) if is_blank(raw) => Word::Empty(raw),
        // What stands there already, however long, is not published again.
        Ok(raw) if ranked.source == Provenance::CentralRegister => Word::Value { raw, value: raw },
        Ok(raw) => mapped(ranked, raw, max_bytes),
    };
    Heard {
        source: &ranked.source,
        word,
        at,
        is_too_old: ranked.max_age.zip(at).is_some_and(|(max, at)| sides.now.duration_since(at) > max),
        empty_counts: !ranked.next_if_empty,
    }
}

fn mapped<'a>(ranked: &'a RankedSource, raw: &'a Value, max_bytes: usize) -> Word<'a> {
    if let Some(bytes) = longer_than(raw, max_bytes) {
        return Word::TooLong(raw, bytes);
    }
    match &ranked.map {
        None => Word::Value { raw, value: raw },
        Some(map) => map.get(raw).map_or(Word::Unmapped(raw), |value| Word::Value { raw, value }),
    }
}

/// What the live resource itself says of an attribute, where a record is held against it.
pub(crate) struct LiveWord<'a> {
    pub(crate) source: &'a Provenance,
    pub(crate) raw: &'a Value,
    /// What it is called here; none if its map does not have it.
    pub(crate) value: Option<&'a Value>,
}

impl<'t> Authority<'t> {
    /// Gives the first live source in the ruling that has a value; AWS Config's word, be it "none", where none has.
    pub(crate) fn live_word<'a>(&self, name: &str, live: &'a Values) -> Option<LiveWord<'a>>
    where
        't: 'a,
    {
        let tags = || live.get(attribute::TAGS).and_then(Value::as_object);
        let ruling = self.ruling(name);
        let mut spoken = ruling.sources.iter().filter_map(|ranked| {
            let raw = match &ranked.source {
                Provenance::ConfigService => live.get(name)?,
                Provenance::Tag(key) => tags()?.get(key)?,
                _ => return None,
            };
            (!is_blank(raw)).then_some(LiveWord { source: &ranked.source, raw, value: ranked.called(raw) })
        });
        spoken.next().or_else(|| {
            let raw = live.get(name)?;
            Some(LiveWord { source: &Provenance::ConfigService, raw, value: Some(raw) })
        })
    }

    /// Gives what the source register's value is called here; none if its map does not have it.
    pub(crate) fn registered_word<'a>(&self, name: &str, raw: &'a Value) -> Option<&'a Value>
    where
        't: 'a,
    {
        match self.ruling(name).ranked(&Provenance::SourceRegister) {
            Some(ranked) => ranked.called(raw),
            None => Some(raw),
        }
    }
}

impl RankedSource {
    fn called<'a>(&'a self, raw: &'a Value) -> Option<&'a Value> {
        match &self.map {
            None => Some(raw),
            Some(map) => map.get(raw),
        }
    }
}

/// Gives the length as JSON text.
pub(super) fn json_bytes(value: &Value) -> usize {
    value.to_string().len()
}

/// Gives the length if it is above the limit. Most values are so short that nobody need write them out to know.
fn longer_than(value: &Value, max_bytes: usize) -> Option<usize> {
    if at_most(value) <= max_bytes {
        return None;
    }
    Some(json_bytes(value)).filter(|bytes| *bytes > max_bytes)
}

/// More than the JSON text can be long: each byte may need an escape of six.
fn at_most(value: &Value) -> usize {
    const ESCAPED: usize = 6;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
        Value::String(text) => text.len() * ESCAPED + 2,
        Value::Array(list) => list.iter().map(|value| at_most(value) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() * ESCAPED + at_most(value) + 4).sum::<usize>() + 2
        }
    }
}
