//! What the schema has against the settings.

use jsonschema::ValidationError;
use serde_json::{Value, json};

use super::schema;

/// Where people put secrets, rightly or not: what stands there is never quoted.
const NOT_QUOTED: [&str; 2] = ["central_register", "source_register"];

/// Lists everything that the schema has against the settings, with the path of each key.
pub(super) fn against_schema(value: &Value) -> Vec<String> {
    let schema = schema();
    let Ok(validator) = jsonschema::validator_for(&schema) else {
        return vec!["the settings' own schema is broken: please report this".into()];
    };
    let mut problems: Vec<String> =
        validator.iter_errors(value).flat_map(|error| told(&schema, "", &error)).collect();
    problems.sort();
    problems.dedup();
    problems
}

/// Words one problem, below a key.
fn told(schema: &Value, below: &str, error: &ValidationError<'_>) -> Vec<String> {
    let path = error.instance_path().to_string();
    let key = path.trim_start_matches('/').replace('/', ".");
    let key = [below, &key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    let may_quote = !NOT_QUOTED.iter().any(|table| key.split('.').next() == Some(table));
    let rule = schema.pointer(error.schema_path().as_str().trim_start_matches('#'));
    if let Some(problems) = of_the_rule_meant(schema, rule, &key, error.instance()) {
        return problems;
    }
    let message = match (choices(rule), may_quote) {
        (Some(choices), true) => format!("{} must be {choices}", error.instance()),
        (Some(choices), false) => format!("must be {choices}"),
        (None, true) => cut(&error.to_string()),
        (None, false) => cut(&error.masked_with("this").to_string()),
    };
    vec![if key.is_empty() { message } else { format!("{key}: {message}") }]
}

/// Holds a value against the one of several rules that is meant: that none of them fits helps nobody.
fn of_the_rule_meant(
    schema: &Value,
    rules: Option<&Value>,
    key: &str,
    instance: &Value,
) -> Option<Vec<String>> {
    let rules = rules?.as_array()?;
    let meant = match rules.as_slice() {
        // What may be left out; TOML has no null.
        [rule, null] if null.get("type")? == "null" => rule,
        rules => {
            let kind_of = |rule: &Value| rule.pointer("/properties/kind/const").cloned();
            let kinds: Option<Vec<String>> =
                rules.iter().map(|rule| kind_of(rule).map(|kind| kind.to_string())).collect();
            let kinds = kinds.filter(|kinds| !kinds.is_empty())?;
            let chosen = instance.get("kind");
            match rules.iter().find(|rule| chosen.is_some() && kind_of(rule).as_ref() == chosen) {
                Some(rule) => rule,
                None => return Some(vec![format!("{key}.kind: must be {}", kinds.join(" or "))]),
            }
        }
    };
    let alone = json!({ "$defs": schema.get("$defs"), "allOf": [meant] });
    let validator = jsonschema::validator_for(&alone).ok()?;
    let problems: Vec<String> =
        validator.iter_errors(instance).flat_map(|error| told(&alone, key, &error)).collect();
    (!problems.is_empty()).then_some(problems)
}

/// Names the words that a key may have, where the schema's rule at that place is a choice of words.
fn choices(rule: Option<&Value>) -> Option<String> {
    let words: Option<Vec<&str>> =
        rule?.as_array()?.iter().map(|choice| choice.get("const").and_then(Value::as_str)).collect();
    let words: Vec<String> = words?.into_iter().map(|word| format!("{word:?}")).collect();
    Some(words.join(" or "))
}

/// A message may quote the whole value.
fn cut(message: &str) -> String {
    const MOST: usize = 300;
    if message.chars().count() <= MOST {
        return message.to_owned();
    }
    message.chars().take(MOST).chain("...".chars()).collect()
}
