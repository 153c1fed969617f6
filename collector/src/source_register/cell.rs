//! One value of one row, on its way from SQL to JSON.

use serde_json::{Number, Value};

/// The longest value that a row may hold, in bytes: a register's row describes an asset, it is no document store.
pub(super) const LONGEST_VALUE_BYTES: usize = 64 * 1024;

/// A value as the row gives it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    /// The value: text is trimmed, and empty text is null.
    pub(super) value: Value,
    /// Whether the column holds numbers, which lose the zeros that an account id begins with.
    pub(super) numeric: bool,
}

/// A value, or what is wrong with it.
pub(super) type CellResult = Result<Cell, String>;

/// How a column's text form is to be understood.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TextForm {
    /// As it is.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number with a fraction, possibly infinite.
    Float,
    /// An exact number, kept as text because JSON's readers would round it.
    Decimal,
    /// JSON.
    Json,
}

impl Cell {
    /// The row says that there is none.
    pub(super) const NONE: Self = Self { value: Value::Null, numeric: false };

    /// Takes a value that is no number.
    pub(super) fn plain(value: Value) -> Self {
        Self { value, numeric: false }
    }

    /// Takes a whole number.
    pub(super) fn integer(number: i64) -> Self {
        Self { value: Value::from(number), numeric: true }
    }

    /// Takes a number; what JSON has no number for becomes text.
    pub(super) fn float(number: f64) -> Self {
        let value = Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number);
        Self { value, numeric: true }
    }

    /// Takes text as the database stores it, in whatever bytes that is.
    ///
    /// # Errors
    /// The text is too long, not UTF-8, has a NUL character, or is not what its column promises.
    pub(super) fn from_bytes(bytes: &[u8], form: TextForm) -> CellResult {
        if bytes.len() > LONGEST_VALUE_BYTES {
            return Err(too_long());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not valid UTF-8".to_owned())?;
        if text.contains('\0') {
            return Err("has a NUL character".to_owned());
        }
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::NONE);
        }
        match form {
            TextForm::Text => Ok(Self::plain(Value::from(text))),
            TextForm::Decimal => Ok(Self { value: Value::from(text), numeric: true }),
            TextForm::Boolean => text
                .parse()
                .map(|truth: bool| Self::plain(Value::from(truth)))
                .map_err(|_| unexpected(text, "true or false")),
            TextForm::Integer => {
                text.parse().map(Self::integer).map_err(|_| unexpected(text, "a whole number"))
            }
            TextForm::Float => text.parse().map(Self::float).map_err(|_| unexpected(text, "a number")),
            TextForm::Json => {
                let value: Value = serde_json::from_str(text).map_err(|_| unexpected(text, "JSON"))?;
                if has_nul(&value) {
                    return Err("has a NUL character".to_owned());
                }
                Ok(Self::plain(value))
            }
        }
    }

    /// Gives the value as text, `None` where there is none.
    pub(super) fn text(&self) -> Option<String> {
        match &self.value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// Says that a value exceeds [`LONGEST_VALUE_BYTES`].
pub(super) fn too_long() -> String {
    format!("is longer than {} KiB", LONGEST_VALUE_BYTES / 1024)
}

fn unexpected(text: &str, expected: &str) -> String {
    format!("is `{}`, not {expected}", beginning(text))
}

/// Gives the first 80 characters: reasons are read by people.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, member)| name.contains('\0') || has_nul(member)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(bytes: &[u8], form: TextForm) -> Result<Value, String> {
        Cell::from_bytes(bytes, form).map(|cell| cell.value)
    }

    #[test]
    fn text_is_trimmed_and_empty_text_is_none() {
        assert_eq!(value(b"  Linie 5 \n", TextForm::Text), Ok(json!("Linie 5")));
        assert_eq!(value(b"  ", TextForm::Text), Ok(Value::Null));
        assert_eq!(value(b"", TextForm::Json), Ok(Value::Null));
    }

    #[test]
    fn numbers_keep_their_exactness() {
        assert_eq!(value(b"9007199254740993", TextForm::Integer), Ok(json!(9_007_199_254_740_993_i64)));
        assert_eq!(
            value(b"1234567890.123456789012345", TextForm::Decimal),
            Ok(json!("1234567890.123456789012345"))
        );
        assert_eq!(value(b"0.1", TextForm::Float), Ok(json!(0.1)));
        assert_eq!(value(b"Infinity", TextForm::Float), Ok(json!("inf")));
    }

    #[test]
    fn what_is_no_proper_text_is_refused() {
        assert!(value(b"a\0b", TextForm::Text).unwrap_err().contains("NUL"));
        assert!(value(b"\xff\xfe", TextForm::Text).unwrap_err().contains("UTF-8"));
        assert!(value(&vec![b'x'; LONGEST_VALUE_BYTES + 1], TextForm::Text).unwrap_err().contains("64 KiB"));
        assert!(value(&vec![b'x'; LONGEST_VALUE_BYTES], TextForm::Text).is_ok());
        assert!(value(br#"{"a":["\u0000"]}"#, TextForm::Json).unwrap_err().contains("NUL"));
        assert!(value(b"{", TextForm::Json).unwrap_err().contains("JSON"));
    }
}
