//! Who wins: a total function from what the sources say to one value, or to leaving the entry as it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hearing::{Heard, Sides, Word, hear};
use super::table::{Authority, RankedSource};
use crate::attribute::is_blank;
use crate::provenance::Provenance;

/// The whole provenance of one asset: by attribute, who won, who lost, and why.
pub type AttributeStory = BTreeMap<String, Resolved>;

/// What one attribute shall say, and why.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Resolved {
    /// The value; none where nobody has any to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Who gave it: `last_published` where the entry is left as it is, none where nothing stands there either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<Provenance>,
    /// How old the winner's value is, as the winner says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Everybody else that the rule names, and whoever spoke without being named, in the order of the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losers: Vec<Loser>,
}

/// A source whose word does not count.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Loser {
    /// Which.
    pub source: Provenance,
    /// What it says in its own words, if it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// How old that is, as the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Why it does not count.
    pub why: Why,
}

/// Why a source's word does not count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A source before it has a value.
    Outranked,
    /// It says that there is none.
    Empty,
    /// Its value is older than the rule allows.
    TooOld,
    /// Its value is not in its map.
    Unmapped,
    /// Its value is too long to be meant.
    TooLong,
    /// It does not report the attribute.
    Silent,
    /// It was not heard: the resource was not seen, its tags were not read, or no row is there.
    NotRead,
    /// The entry is left as it is, because somebody before it was not heard or is not believed.
    LeftAlone,
    /// It says something, and the rule does not name it.
    NotNamed,
}

impl Why {
    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Outranked => "outranked",
            Self::Empty => "empty",
            Self::TooOld => "too_old",
            Self::Unmapped => "unmapped",
            Self::TooLong => "too_long",
            Self::Silent => "silent",
            Self::NotRead => "not_read",
            Self::LeftAlone => "left_alone",
            Self::NotNamed => "not_named",
        }
    }
}

/// A value that is not believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Of which attribute.
    pub attribute: String,
    /// What is wrong.
    pub problem: Problem,
    /// Who says it.
    pub source: Provenance,
    /// What it says.
    pub value: Value,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Problem {
    /// Its source's map does not have it.
    Unmapped,
    /// It has so many bytes as JSON text.
    TooLong(usize),
    /// A time that lies in the future.
    InTheFuture,
    /// What should be a time is none.
    NoTime,
}

impl Problem {
    /// Gives the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unmapped => "unmapped",
            Self::TooLong(_) => "too_long",
            Self::InTheFuture => "in_the_future",
            Self::NoTime => "no_time",
        }
    }
}

/// Gives the place of the winner in what was heard; none where the entry is left as it is.
fn decide(heard: &[Heard<'_>], name: &str, sides: &Sides<'_>) -> Option<usize> {
    if sides.leave_alone(name) {
        return None;
    }
    let exists = sides.published.is_some();
    let (mut old, mut empty) = (None, None);
    let (mut doubtful, mut unheard_live) = (false, false);
    for (index, of) in heard.iter().enumerate() {
        match of.word {
            // The default stands in for nobody who might have a word.
            Word::Value { .. } if *of.source == Provenance::Default && unheard_live => {}
            Word::Value { .. } if of.is_too_old => old = old.or(Some(index)),
            Word::Value { .. } => return Some(index),
            Word::Empty(_) if of.empty_counts && !of.is_too_old => return Some(index),
            Word::Empty(_) => empty = empty.or(Some(index)),
            Word::Unmapped(_) => doubtful = true,
            Word::TooLong(..) => return None,
            // Whoever was not heard may have a word, and it may be the one that stands there.
            Word::Unread if exists => return None,
            Word::Unread => unheard_live |= of.source.is_live(),
            Word::Silent | Word::Never => {}
        }
    }
    // An old value is better than none. An empty cell clears what stands there, but not past a value that
    // somebody wrote and nobody understands.
    old.or(empty.filter(|_| !doubtful))
}

/// Asks every source that the ruling names.
fn hear_all<'a>(authority: Authority<'a>, name: &str, sides: &Sides<'a>, heard: &mut Vec<Heard<'a>>) {
    let ruling = authority.ruling(name);
    heard.clear();
    heard.extend(ruling.sources.iter().map(|of| hear(ruling, of, name, sides, authority.max_bytes())));
}

/// Gives the winning value and its source; nothing where the entry is left as it is.
pub(crate) fn winner<'a>(
    authority: Authority<'a>,
    name: &str,
    sides: &Sides<'a>,
    suspects: &mut Vec<Suspect>,
) -> Option<(&'a Value, &'a Provenance)> {
    let mut heard = Vec::with_capacity(2);
    hear_all(authority, name, sides, &mut heard);
    for of in &heard {
        let (value, problem) = match of.word {
            Word::Unmapped(raw) => (raw, Problem::Unmapped),
            Word::TooLong(raw, bytes) => (raw, Problem::TooLong(bytes)),
            _ => continue,
        };
        let (attribute, source) = (name.to_owned(), of.source.clone());
        suspects.push(Suspect { attribute, problem, source, value: value.clone() });
    }
    let won = heard.get(decide(&heard, name, sides)?)?;
    match won.word {
        Word::Value { value, .. } | Word::Empty(value) => Some((value, won.source)),
        _ => None,
    }
}

/// Tells the whole story of one attribute: whoever is named or spoke is the winner or a loser with a reason.
pub fn resolve(authority: Authority<'_>, name: &str, sides: &Sides<'_>) -> Resolved {
    let mut heard = Vec::new();
    hear_all(authority, name, sides, &mut heard);
    let won = decide(&heard, name, sides);
    let losers = heard.iter().enumerate().filter(|(index, _)| Some(*index) != won);
    let mut losers: Vec<Loser> = losers.map(|(index, of)| of.loser(index, won)).collect();
    losers.extend(not_named(authority, name, sides));
    let winner = won.and_then(|index| heard.get(index));
    let published =
        || sides.published.and_then(|entry| entry.attributes.get(name)).filter(|value| !is_blank(value));
    match winner {
        Some(of) => {
            Resolved { value: of.value().cloned(), winner: Some(of.source.clone()), at: of.at, losers }
        }
        None => Resolved {
            value: published().cloned(),
            winner: published().map(|_| Provenance::LastPublished),
            at: published().and_then(|_| sides.published_at.believed()),
            losers,
        },
    }
}

/// AWS Config and the source register are heard even where the rule does not name them.
fn not_named(authority: Authority<'_>, name: &str, sides: &Sides<'_>) -> Vec<Loser> {
    let ruling = authority.ruling(name);
    let unnamed = |source: &Provenance| ruling.ranked(source).is_none();
    [Provenance::ConfigService, Provenance::SourceRegister]
        .into_iter()
        .filter(unnamed)
        .filter_map(|source| {
            let ranked = RankedSource { source, next_if_empty: true, max_age: None, map: None };
            let of = hear(ruling, &ranked, name, sides, usize::MAX);
            let value = of.raw().cloned()?;
            Some(Loser { at: of.at, value: Some(value), why: Why::NotNamed, source: ranked.source })
        })
        .collect()
}

impl<'a> Heard<'a> {
    fn value(&self) -> Option<&'a Value> {
        match self.word {
            Word::Value { value, .. } | Word::Empty(value) => Some(value),
            Word::Unmapped(_) | Word::TooLong(..) | Word::Silent | Word::Unread | Word::Never => None,
        }
    }

    fn raw(&self) -> Option<&'a Value> {
        match self.word {
            Word::Value { raw, .. } | Word::Empty(raw) | Word::Unmapped(raw) | Word::TooLong(raw, _) => {
                Some(raw)
            }
            Word::Silent | Word::Unread | Word::Never => None,
        }
    }

    fn loser(&self, index: usize, won: Option<usize>) -> Loser {
        let why = match self.word {
            Word::Silent | Word::Never => Why::Silent,
            Word::Unread => Why::NotRead,
            Word::Empty(_) => Why::Empty,
            Word::Unmapped(_) => Why::Unmapped,
            Word::TooLong(..) => Why::TooLong,
            Word::Value { .. } if self.is_too_old => Why::TooOld,
            Word::Value { .. } if won.is_some_and(|won| won < index) => Why::Outranked,
            Word::Value { .. } => Why::LeftAlone,
        };
        Loser { source: self.source.clone(), value: self.raw().cloned(), at: self.at, why }
    }
}
