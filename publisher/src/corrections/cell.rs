//! What a value looks like in a cell of a CSV, and as text that SQL compares with.

use serde_json::Value;

/// Gives a value's text; what is no single value is written as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Gives every text that a database may have for what was read as this value, once it is made text and trimmed.
pub(super) fn as_read(value: &Value) -> Vec<String> {
    match value {
        Value::Bool(true) => vec!["true".into(), "1".into()],
        Value::Bool(false) => vec!["false".into(), "0".into()],
        Value::Number(number) => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0").map(str::to_owned);
            std::iter::once(text).chain(whole).collect()
        }
        other => vec![text(other)],
    }
}
