//! Which accounts of an organisation are asked for: by organisational unit, and by tag.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// What is asked of an account; empty: nothing, and so every account is read.
///
/// One rule: an account is read if it lies, at whatever depth, in an included unit (or none is named), lies in no
/// excluded unit, and has all the tags. An exclusion above or below an inclusion wins: which of them is nearer to
/// the account means nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Units whose accounts are read, with all that lies below them.
    pub include: Vec<UnitName>,
    /// Units whose accounts are left out, with all that lies below them.
    pub exclude: Vec<UnitName>,
    /// For each key the values of which the account must have one.
    pub tags: BTreeMap<String, BTreeSet<String>>,
}

impl Selection {
    /// Tells whether it matters in which unit an account lies.
    pub(crate) fn asks_for_units(&self) -> bool {
        !self.include.is_empty() || !self.exclude.is_empty()
    }

    /// Tells whether an account's tags are those that are asked for. Keys and values differ by their case, as
    /// they do in Organizations.
    pub(crate) fn takes_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.iter().all(|(key, values)| tags.get(key).is_some_and(|value| values.contains(value)))
    }
}

/// How the settings name an organisational unit, or the root.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum UnitName {
    /// Its id, such as `ou-ab12-cdefgh34` or `r-ab12`.
    Id(String),
    /// Its path by names from the root down, such as `Root/Verkehr/Nord`.
    Path(String),
}

/// The text names no unit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`{0}` is neither the id of an organisational unit (ou-ab12-cdefgh34, r-ab12) nor a path from the root down (Root/Verkehr/Nord)"
)]
pub struct NotAUnit(String);

impl FromStr for UnitName {
    type Err = NotAUnit;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let looks_like_id = (text.starts_with("ou-") || text.starts_with("r-")) && !text.contains('/');
        let name = if looks_like_id { Self::Id(text.to_owned()) } else { Self::Path(text.to_owned()) };
        let well_formed = match &name {
            Self::Id(id) => is_id(id),
            Self::Path(path) => path.split('/').all(|part| !part.trim().is_empty()),
        };
        if well_formed { Ok(name) } else { Err(NotAUnit(text.chars().take(80).collect())) }
    }
}

/// `r-` and 4 to 32 letters or digits; `ou-`, the root's, and 8 to 32 more.
fn is_id(text: &str) -> bool {
    let word = |part: &str, least: usize| {
        (least..=32).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => word(root, 4),
        ["ou", root, own] => word(root, 4) && word(own, 8),
        _ => false,
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text) | Self::Path(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_named_by_id_or_by_path() {
        for id in ["ou-ab12-cdefgh34", "r-ab12"] {
            assert_eq!(id.parse(), Ok(UnitName::Id(id.into())));
        }
        for path in ["Root", "Root/Verkehr/Nord", "Root/Öffentlicher Nahverkehr", "Root/ou-alt"] {
            assert_eq!(path.parse(), Ok(UnitName::Path(path.into())));
        }
        for neither in ["", " ", "/Verkehr", "Root//Nord", "Root/", "ou-ab12", "ou-AB12-cdefgh34", "r-1"] {
            assert!(neither.parse::<UnitName>().is_err(), "{neither}");
        }
    }

    #[test]
    fn every_key_must_have_one_of_its_values() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let selection = Selection {
            tags: BTreeMap::from([
                ("stage".into(), words(&["prod"])),
                ("line".into(), words(&["bus", "tram"])),
            ]),
            ..Selection::default()
        };
        let takes = |tags: &[(&str, &str)]| {
            selection.takes_tags(
                &tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            )
        };
        assert!(takes(&[("stage", "prod"), ("line", "tram"), ("more", "x")]));
        assert!(!takes(&[("stage", "prod")]));
        assert!(!takes(&[("stage", "prod"), ("line", "ferry")]));
        assert!(!takes(&[("Stage", "prod"), ("line", "bus")]), "keys differ by their case");
        assert!(!takes(&[]));
        assert!(Selection::default().takes_tags(&BTreeMap::new()));
    }
}
