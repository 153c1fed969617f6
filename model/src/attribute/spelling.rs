//! Whether two values say the same: what is spelling only is neither drift nor a reason for an update.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use super::quantity::{Quantity, Unit};

/// What counts as spelling only, besides what always does.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compare {
    /// Capital letters.
    pub ignore_case: bool,
    /// Units of size or of time; a bare number is in this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

impl Compare {
    /// Tells whether two values say the same. Always spelling: space around and between words, Unicode's ways to
    /// write one character, numbers and truth values as text, offsets of timestamps, the order of lists.
    pub fn same(self, left: &Value, right: &Value) -> bool {
        if left == right {
            return true;
        }
        if let (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) =
            (left, right)
            && text.trim() == number.to_string()
        {
            return true;
        }
        self.canon(left) == self.canon(right)
    }

    fn canon(self, value: &Value) -> Canon {
        match value {
            Value::Null => Canon::Null,
            Value::Bool(truth) => Canon::Text(truth.to_string()),
            Value::Number(number) => self.canon_text(&number_text(number)),
            Value::String(text) => self.canon_text(text),
            Value::Array(list) => {
                let mut list: Vec<Canon> = list.iter().map(|value| self.canon(value)).collect();
                list.sort_unstable();
                Canon::List(list)
            }
            Value::Object(members) => {
                Canon::Object(members.iter().map(|(name, value)| (name.clone(), self.canon(value))).collect())
            }
        }
    }

    fn canon_text(self, text: &str) -> Canon {
        if let Some(quantity) = self.unit.and_then(|unit| Quantity::parse(text, unit)) {
            return Canon::Quantity(quantity);
        }
        let text = plain(text);
        if let Some(instant) = instant(&text) {
            return Canon::Instant(instant);
        }
        Canon::Text(if self.ignore_case { without_case(&text) } else { text })
    }
}

/// A value without its spelling.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Canon {
    Null,
    Text(String),
    Instant(Timestamp),
    Quantity(Quantity),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// Tells whether two values say the same where no rule says more.
pub fn same_value(left: &Value, right: &Value) -> bool {
    Compare::default().same(left, right)
}

/// Writes a scalar so that all its spellings, capital letters among them, are one text: the key of a value map.
pub(crate) fn folded(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(without_case(&plain(text))),
        Value::Number(number) => Some(number_text(number)),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Tells whether two different texts look the same to a reader (UTS 39).
pub fn looks_alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            let (left, right) = (plain(left), plain(right));
            left != right && skeleton(&left).eq(skeleton(&right))
        }
        _ => false,
    }
}

/// Trims, makes one space of many, and composes characters (NFC).
fn plain(text: &str) -> String {
    let composed = if text.is_ascii() { text.to_owned() } else { text.nfc().collect() };
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Upper case first: it alone makes `SS` of `ß`.
fn without_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.to_uppercase().to_lowercase().nfc().collect()
}

/// A register may give 1 back as 1.0. Beyond what an integer of 64 bits holds nobody writes a number out.
fn number_text(number: &Number) -> String {
    const WHOLE: f64 = 9.0e18;
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(0.0) => "0".into(),
        Some(value) if value.fract() == 0.0 && value.abs() < WHOLE => format!("{value:.0}"),
        _ => number.to_string(),
    }
}

/// Reads RFC 3339, and nothing that is only like it: versions and dates are text.
fn instant(text: &str) -> Option<Timestamp> {
    let at = |index: usize, expected: &[u8]| {
        text.as_bytes().get(index).is_some_and(|byte| expected.contains(byte))
    };
    let like =
        text.len() >= 20 && at(4, b"-") && at(7, b"-") && at(10, b"Tt") && at(13, b":") && at(16, b":");
    if like { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
