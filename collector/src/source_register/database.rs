//! Picks the database by the URL's scheme. Messages here never repeat the URL: it may hold a password.

use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::sqlite::SqliteConnectOptions;

use super::postgres_access::PostgresAccess;
use super::settings::{SignIn, SourceRegisterSettings};

/// The database, with all that it takes to connect.
pub(super) enum Database {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PostgresAccess>),
}

/// Gives the database and its name for messages.
///
/// # Errors
/// What is wrong, without the URL.
pub(super) fn database(settings: &SourceRegisterSettings) -> Result<(Database, String), String> {
    let url = settings.url.expose_secret();
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("sqlite") => {
            let options = sqlite(url, settings)?;
            let name = format!("SQLite {}", options.get_filename().display());
            Ok((Database::Sqlite(Box::new(options)), name))
        }
        Some("postgres" | "postgresql") => {
            let access = PostgresAccess::new(url, &settings.sign_in, settings.extra_roots.as_deref())?;
            let name = access.name();
            Ok((Database::Postgres(Box::new(access)), name))
        }
        Some(other) if other.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
            Err(format!(
                "the `url` has the scheme `{other}`: a source register is `sqlite://` or `postgres://`"
            ))
        }
        Some(_) | None => {
            Err("the `url` has no scheme: a source register is `sqlite://` or `postgres://`".to_owned())
        }
    }
}

fn sqlite(url: &str, settings: &SourceRegisterSettings) -> Result<SqliteConnectOptions, String> {
    let unfit = |_| "the `url` is no SQLite URL: expected sqlite://path".to_owned();
    let options = SqliteConnectOptions::from_str(url).map_err(unfit)?;
    match settings.sign_in {
        SignIn::AsInUrl => {}
        SignIn::Password(_) => return Err("SQLite asks for no `password`".to_owned()),
        SignIn::Iam(_) => return Err("SQLite knows no `iam_authentication`".to_owned()),
    }
    if settings.extra_roots.is_some() {
        return Err("SQLite is a file: it has no use for `extra_roots`".to_owned());
    }
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err("the `url` names a SQLite database in memory: there is nothing to read in it".to_owned());
    }
    // Reading must never make a file, nor write one, whatever the URL asks for.
    Ok(options.read_only(true).create_if_missing(false).shared_cache(false))
}
