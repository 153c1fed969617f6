//! JSON that lies inside an HTML page.
//!
//! A parser of HTML ends a script element at `</script` and begins to read it differently at `<!--`, whatever
//! the JSON around it says. So the characters that mean something in HTML are written as JSON escapes: they
//! can stand only inside JSON's strings, where the escape means the same.

use std::borrow::Cow;

use bestand_model::finding::Finding;
use serde::Serialize;
use serde_json::Value;

use super::ReportError;

/// Longer texts are cut in the page; `report.jsonl` has them whole.
const MAX_TEXT_CHARACTERS: usize = 2_000;

/// The evidence of one finding may be so large in the page, in bytes of JSON.
const MAX_EVIDENCE_BYTES: usize = 8_192;

/// Renders a finding for the page, overlong texts cut.
///
/// # Errors
/// It has no JSON form.
pub(super) fn finding(finding: &Finding) -> Result<String, ReportError> {
    let mut value =
        serde_json::to_value(finding).map_err(|source| ReportError::Json { what: "finding", source })?;
    cut_texts(&mut value);
    let evidence_bytes = finding.evidence.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>();
    if evidence_bytes > MAX_EVIDENCE_BYTES
        && let Some(evidence) = value.get_mut("evidence")
    {
        *evidence = serde_json::json!({ "left_out": format!("{evidence_bytes} bytes: see report.jsonl") });
    }
    for side in ["live", "registered", "published"] {
        if let Some(own) = value.get_mut(side)
            && weight(own) > MAX_EVIDENCE_BYTES
        {
            *own = Value::String(format!("left out here, {} bytes: see report.jsonl", weight(own)));
        }
    }
    json(&value, "finding")
}

/// Renders a value for the page.
///
/// # Errors
/// It has no JSON form.
pub(super) fn json(value: &impl Serialize, what: &'static str) -> Result<String, ReportError> {
    let plain = serde_json::to_string(value).map_err(|source| ReportError::Json { what, source })?;
    Ok(escape(&plain).into_owned())
}

/// Escapes JSON so that it may lie inside a script element. U+2028 and U+2029 end a line in older readers of
/// JavaScript.
fn escape(json: &str) -> Cow<'_, str> {
    if !json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) => cut(text),
        Value::Array(values) => values.iter_mut().for_each(cut_texts),
        Value::Object(fields) => fields.values_mut().for_each(cut_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn cut(text: &mut String) {
    // A text of fewer bytes has fewer characters: most need not be counted.
    if text.len() <= MAX_TEXT_CHARACTERS {
        return;
    }
    let characters = text.chars().count();
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARACTERS) {
        text.truncate(end);
        text.push_str(&format!("… (cut here, {characters} characters: see report.jsonl)"));
    }
}

/// Tells about how many bytes a value takes as JSON, without rendering it.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 5,
        Value::String(text) => text.len() + 2,
        Value::Array(values) => values.iter().map(|value| weight(value) + 1).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + weight(value) + 4).sum::<usize>() + 2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_html_is_escaped_and_reads_the_same() {
        let hostile = "</script><!-- & \u{2028}\u{2029} \" \\";
        let text = json(&hostile, "text").unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_say_so() {
        let mut text = "ä".repeat(MAX_TEXT_CHARACTERS + 1);
        cut(&mut text);
        assert!(text.starts_with("ää") && text.ends_with("(cut here, 2001 characters: see report.jsonl)"));
        let mut fits = "ä".repeat(MAX_TEXT_CHARACTERS);
        cut(&mut fits);
        assert_eq!(fits.chars().count(), MAX_TEXT_CHARACTERS);
    }
}
