//! A source's words, and what they are called in the central register.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::attribute::folded;

/// A value map, looked up whatever the spelling. A word that is already the central register's own stands for
/// itself, unless the map says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueMap(BTreeMap<String, Value>);

impl ValueMap {
    /// Takes a map; gives none for an empty one, which maps nothing rather than everything to nothing.
    pub(super) fn new(map: &BTreeMap<String, String>) -> Option<Self> {
        let mut words = BTreeMap::new();
        for (word, meaning) in map {
            words.entry(key(word)).or_insert_with(|| Value::from(meaning.as_str()));
        }
        for meaning in map.values() {
            words.entry(key(meaning)).or_insert_with(|| Value::from(meaning.as_str()));
        }
        (!words.is_empty()).then_some(Self(words))
    }

    pub(super) fn get(&self, value: &Value) -> Option<&Value> {
        self.0.get(&folded(value)?)
    }
}

/// The form in which a word is looked up.
pub(super) fn key(word: &str) -> String {
    folded(&Value::from(word)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn semantics_4_3_words_are_found_whatever_their_spelling_and_nothing_else_is() {
        let map = BTreeMap::from([("PRD".to_owned(), "production".to_owned()), ("1".into(), "test".into())]);
        let map = ValueMap::new(&map).unwrap();
        assert_eq!(map.get(&json!(" prd ")), Some(&json!("production")));
        assert_eq!(map.get(&json!(1)), Some(&json!("test")));
        assert_eq!(map.get(&json!("Production")), Some(&json!("production")), "its own word");
        for unmapped in [json!("QS"), json!(["PRD"]), json!({}), json!(null), json!(true)] {
            assert_eq!(map.get(&unmapped), None, "{unmapped}");
        }
        assert_eq!(ValueMap::new(&BTreeMap::new()), None);
    }

    #[test]
    fn semantics_4_3_what_the_map_says_goes_before_a_word_of_its_own() {
        let map = BTreeMap::from([("A".to_owned(), "B".to_owned()), ("B".into(), "C".into())]);
        assert_eq!(ValueMap::new(&map).unwrap().get(&json!("b")), Some(&json!("C")));
    }
}
