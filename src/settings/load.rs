//! Reads settings: file, then environment; then the schema and the checks, all problems at once.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde_json::Value;

use super::{Settings, check};

/// What `BESTAND__CENTRAL_REGISTER__URL` begins with.
const ENVIRONMENT_PREFIX: &str = "BESTAND__";

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// No file.
    #[error("cannot read the settings {}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No TOML, or an environment variable that does not fit.
    #[error("the settings {} are no valid TOML: {reason}", path.display())]
    NoToml {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
    /// Everything that is wrong.
    #[error("the settings {} have {} problem{}:\n{}", path.display(), problems.len(), if problems.len() == 1 { "" } else { "s" }, problems.iter().map(|problem| format!("  - {problem}")).collect::<Vec<_>>().join("\n"))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Each with its key path.
        problems: Vec<String>,
    },
}

/// Gives the JSON schema of the settings file.
pub(crate) fn schema() -> Value {
    schemars::schema_for!(Settings).to_value()
}

/// Reads the settings file and what the environment overrides in it.
pub(crate) fn load(path: &Path) -> Result<Settings, SettingsError> {
    let unreadable = |error: std::io::Error| SettingsError::Unreadable {
        path: path.to_owned(),
        reason: match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such file; `bestand settings --default > bestand.toml` makes one to begin with"
                    .into()
            }
            _ => error.to_string(),
        },
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    // figment would report a syntax error without its place.
    if let Err(error) = text.parse::<toml::Table>() {
        return Err(SettingsError::NoToml { path: path.to_owned(), reason: error.to_string() });
    }
    let figment =
        Figment::new().merge(Toml::string(&text)).merge(Env::raw().filter_map(environment_key).split("__"));
    let value: Value = figment
        .extract()
        .map_err(|error| SettingsError::NoToml { path: path.to_owned(), reason: error.to_string() })?;

    let mut problems = against_schema(&value);
    let settings = if problems.is_empty() {
        match serde_path(&value) {
            Ok(settings) => {
                problems.extend(check::problems(&settings));
                Some(settings)
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    } else {
        None
    };
    match settings {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => Err(SettingsError::Wrong { path: path.to_owned(), problems }),
    }
}

/// Takes variables of ours only, in whatever case the system has them.
fn environment_key(key: &figment::value::UncasedStr) -> Option<figment::value::Uncased<'_>> {
    let text = key.as_str();
    let rest = text.get(ENVIRONMENT_PREFIX.len()..).filter(|_| text.starts_with(ENVIRONMENT_PREFIX))?;
    Some(figment::value::Uncased::from_owned(rest.to_ascii_lowercase()))
}

fn serde_path(value: &Value) -> Result<Settings, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

/// Lists everything that the schema has against the settings, with the path of each key.
fn against_schema(value: &Value) -> Vec<String> {
    let schema = schema();
    let Ok(validator) = jsonschema::validator_for(&schema) else {
        return vec!["the settings' own schema is broken: please report this".into()];
    };
    let mut problems: Vec<String> = validator
        .iter_errors(value)
        .map(|error| {
            let path = error.instance_path().to_string();
            let key = path.trim_start_matches('/').replace('/', ".");
            let message = choices(&schema, error.schema_path().as_str()).map_or_else(
                || cut(&error.to_string()),
                |choices| format!("{} must be {choices}", error.instance()),
            );
            if key.is_empty() { message } else { format!("{key}: {message}") }
        })
        .collect();
    problems.sort();
    problems.dedup();
    problems
}

/// Names the words that a key may have, where the schema's rule at that place is a choice of words.
fn choices(schema: &Value, path: &str) -> Option<String> {
    let choices = schema.pointer(path.trim_start_matches('#'))?.as_array()?;
    let words: Option<Vec<&str>> =
        choices.iter().map(|choice| choice.get("const").and_then(Value::as_str)).collect();
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

#[cfg(test)]
mod tests;
