//! Reads settings: file, then environment; then the schema and the checks, all problems at once.

mod against_schema;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde_json::Value;
use url::Url;

use super::{Settings, check};
use against_schema::against_schema;

/// What `BESTAND__CENTRAL_REGISTER__URL` begins with.
const ENVIRONMENT_PREFIX: &str = "BESTAND__";

/// What `--settings` begins with where the text stands in an environment variable: a container has no file of its own.
const IN_A_VARIABLE: &str = "env:";

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

/// Reads the settings, from a file or (`env:NAME`) a variable, and what the environment overrides in them.
pub(crate) fn load(path: &Path) -> Result<Settings, SettingsError> {
    load_where(path, |name| std::env::var(name).ok())
}

fn load_where(path: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
    let text = text_of(path, variable)?;
    // figment would report a syntax error without its place.
    if let Err(error) = text.parse::<toml::Table>() {
        return Err(SettingsError::NoToml { path: path.to_owned(), reason: place_of(&error, &text) });
    }
    let figment =
        Figment::new().merge(Toml::string(&text)).merge(Env::raw().filter_map(environment_key).split("__"));
    let value: Value = figment
        .extract()
        .map_err(|error| SettingsError::NoToml { path: path.to_owned(), reason: error.to_string() })?;

    let mut problems = against_schema(&value);
    let settings = if problems.is_empty() {
        match typed(&value) {
            Ok(settings) => {
                problems.extend(check::problems(&settings));
                Some(settings)
            }
            Err(untyped) => {
                problems.extend(untyped);
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

/// Gives the environment that settings name, even where they cannot be used otherwise.
pub(crate) fn environment(path: &Path) -> Option<String> {
    let told = std::env::var(format!("{ENVIRONMENT_PREFIX}ENVIRONMENT")).ok().or_else(|| {
        let table = text_of(path, |name| std::env::var(name).ok()).ok()?.parse::<toml::Table>().ok()?;
        table.get("environment")?.as_str().map(str::to_owned)
    });
    told.filter(|told| check::is_environment(told))
}

/// Gives the settings' whole text.
fn text_of(path: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<String, SettingsError> {
    let unreadable = |reason| SettingsError::Unreadable { path: path.to_owned(), reason };
    match path.to_str().and_then(|text| text.strip_prefix(IN_A_VARIABLE)) {
        Some(name) => variable(name).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
            unreadable(format!(
                "the variable {name} is not set, empty or no UTF-8: it should hold their whole text"
            ))
        }),
        None => std::fs::read_to_string(path).map_err(|error| {
            unreadable(match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "there is no such file; `bestand settings --default > bestand.toml` makes one to begin with"
                        .into()
                }
                _ => error.to_string(),
            })
        }),
    }
}

/// Takes variables of ours only, in whatever case the system has them.
fn environment_key(key: &figment::value::UncasedStr) -> Option<figment::value::Uncased<'_>> {
    let text = key.as_str();
    let rest = text.get(ENVIRONMENT_PREFIX.len()..).filter(|_| text.starts_with(ENVIRONMENT_PREFIX))?;
    Some(figment::value::Uncased::from_owned(rest.to_ascii_lowercase()))
}

/// Says where and what, without the line itself: a password may stand there.
fn place_of(error: &toml::de::Error, text: &str) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return error.message().to_owned();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    format!("line {line}, column {column}: {}", error.message())
}

/// Reads what fits the schema.
fn typed(value: &Value) -> Result<Settings, Vec<String>> {
    // An address that is none would be quoted, with the password in it.
    let addresses = ["/central_register/url", "/central_register/auth/token_url"];
    let problems: Vec<String> = addresses
        .iter()
        .filter_map(|pointer| {
            let error = value.pointer(pointer)?.as_str()?.parse::<Url>().err()?;
            Some(format!(
                "{}: this is no address: {error}",
                pointer.trim_start_matches('/').replace('/', ".")
            ))
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    serde_json::from_value(value.clone()).map_err(|error| vec![error.to_string()])
}

#[cfg(test)]
mod tests;
