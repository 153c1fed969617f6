//! What a schema cannot say: how settings fit together.

mod accounts;
mod authority;
mod exceptions;
mod identification;
mod lifecycle;
mod required;
mod secrets;

use bestand_model::identifiers::AccountId;
use bestand_publisher::run_store::{Encryption, RunStore};

use super::{CollectionSource, Settings};

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings) -> Vec<String> {
    let mut problems = Vec::new();
    names(settings, &mut problems);
    accounts::problems(&settings.accounts, &mut problems);
    source_register(settings, &mut problems);
    identification::problems(settings, &mut problems);
    authority::problems(settings, &mut problems);
    required::problems(settings, &mut problems);
    exceptions::problems(settings, &mut problems);
    central_register(settings, &mut problems);
    secrets::problems(settings, &mut problems);
    attributes(settings, &mut problems);
    collection(settings, &mut problems);
    lifecycle::problems(settings, &mut problems);
    run_store(settings, &mut problems);
    for (index, gap) in settings.coverage.accepted.iter().enumerate() {
        if gap.because.trim().is_empty() {
            problems.push(format!("coverage.accepted.{index}.because: say why the gap is accepted"));
        }
        if let Some(account) = &gap.account
            && let Err(error) = account.parse::<AccountId>()
        {
            problems.push(format!("coverage.accepted.{index}.account: {error}"));
        }
    }
    problems
}

fn collection(settings: &Settings, problems: &mut Vec<String>) {
    let collection = &settings.collection;
    let name = collection.aggregator.as_ref().map_or("", |aggregator| aggregator.name.trim());
    if collection.source == CollectionSource::Aggregator && name.is_empty() {
        problems
            .push("collection.aggregator.name: name the aggregator, or leave collection.source out".into());
    }
}

fn run_store(settings: &Settings, problems: &mut Vec<String>) {
    let store = &settings.run_store;
    let timeout = settings.central_register.as_ref().map_or(0, |register| register.request_timeout_secs);
    if store.lease_secs < 2 * timeout {
        problems.push(format!(
            "run_store.lease_secs: {} is less than twice central_register.request_timeout_secs ({timeout}): nothing could be sent while it is renewed",
            store.lease_secs
        ));
    }
    if !RunStore::is_bucket(&store.url) && store.encryption != Encryption::BucketDefault {
        problems.push("run_store.encryption: only S3 encrypts; leave it out for a folder".into());
    }
}

/// Tells whether a text can name an environment.
pub(super) fn is_environment(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=40).contains(&text.len()) && text.chars().all(plain)
}

fn names(settings: &Settings, problems: &mut Vec<String>) {
    let environment = &settings.environment;
    if !is_environment(environment) {
        problems.push(format!("environment: `{environment}` must have 1 to 40 letters, digits, `-` or `_`"));
    }
    if settings.aws.region.trim().is_empty() {
        problems.push("aws.region: must not be empty".into());
    }
    for (index, region) in settings.regions.include.iter().enumerate() {
        if region.as_str().is_empty() || region.as_str() == "global" {
            problems.push(format!("regions.include.{index}: `{region}` is no region that can be read"));
        }
    }
}

/// What every row must be found by.
const IDENTIFYING: [&str; 2] = ["arn", "resource_id"];

fn source_register(settings: &Settings, problems: &mut Vec<String>) {
    let register = &settings.source_register;
    match (&register.table, &register.query) {
        (Some(_), Some(_)) => {
            problems.push("source_register: set either `table` or `query`, not both".into())
        }
        (None, None) => problems.push("source_register: set `table` or `query`".into()),
        (Some(text), None) | (None, Some(text)) if text.trim().is_empty() => {
            problems.push("source_register: `table` or `query` must not be empty".into());
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    if !register.columns.contains_key("asset_id") {
        problems.push(
            "source_register.columns: map `asset_id` to the column that holds the register's own key".into(),
        );
    }
    let by_rule = settings.identification.iter().any(|rule| !rule.pairs.is_empty());
    if !by_rule && !IDENTIFYING.iter().any(|name| register.columns.contains_key(*name)) {
        problems.push(
            "source_register.columns: map `arn` or `resource_id`: without one no row can be identified"
                .into(),
        );
    }
    for reserved in ["registration", "verification", "tags", "created_at"] {
        if register.columns.contains_key(reserved) {
            problems.push(format!(
                "source_register.columns.{reserved}: bestand itself sets this attribute; choose another name"
            ));
        }
    }
}

fn central_register(settings: &Settings, problems: &mut Vec<String>) {
    let Some(register) = &settings.central_register else { return };
    if !matches!(register.url.scheme(), "http" | "https") {
        problems.push(format!(
            "central_register.url: `{}` must begin with https:// (or http://)",
            register.url.scheme()
        ));
    }
    if register.url.password().is_some() {
        problems.push("central_register.url: must not hold a password; use central_register.auth".into());
    }
}

fn attributes(settings: &Settings, problems: &mut Vec<String>) {
    for (kind, paths) in &settings.collection.attributes {
        for path in paths {
            let well_formed = path.strip_prefix("configuration.").is_some_and(|rest| {
                !rest.is_empty()
                    && rest.split('.').all(|part| {
                        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
                    })
            });
            if !well_formed {
                problems.push(format!(
                    "collection.attributes.{kind}: `{path}` must be a path below the configuration, such as `configuration.ebsOptimized`"
                ));
            }
        }
    }
}
