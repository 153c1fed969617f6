//! How the keys of `[accounts]` fit together.

use std::collections::BTreeSet;

use bestand_collector::accounts::UnitName;
use bestand_model::identifiers::AccountId;

use super::super::accounts::{AccountSource, Accounts};

/// Lists every problem with its key path.
pub(super) fn problems(accounts: &Accounts, problems: &mut Vec<String>) {
    source(accounts, problems);
    units(accounts, problems);
    tags(accounts, problems);
    role(accounts, problems);
    decommissioned(accounts, problems);
}

fn source(accounts: &Accounts, problems: &mut Vec<String>) {
    ids("accounts.list", accounts.list.iter().map(|account| account.id.as_str()), problems);
    match accounts.source {
        AccountSource::List => {
            if accounts.list.is_empty() {
                problems.push(
                    "accounts.list: name at least one account, or set accounts.source = \"organizations\""
                        .into(),
                );
            }
            let units = &accounts.organizational_units;
            let selecting = [
                ("accounts.organizational_units.include", units.include.is_empty()),
                ("accounts.organizational_units.exclude", units.exclude.is_empty()),
                ("accounts.tags", accounts.tags.is_empty()),
            ];
            for (key, _) in selecting.iter().filter(|(_, empty)| !empty) {
                problems.push(format!(
                    "{key}: is used with accounts.source = \"organizations\" only; a list names its accounts itself"
                ));
            }
        }
        AccountSource::Organizations if !accounts.list.is_empty() => {
            problems.push(
                "accounts.list: is not used with accounts.source = \"organizations\"; remove one of them"
                    .into(),
            );
        }
        AccountSource::Organizations => {}
    }
}

/// Every id is one, and is there once.
fn ids<'a>(key: &str, ids: impl Iterator<Item = &'a str>, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, id) in ids.enumerate() {
        if let Err(error) = id.parse::<AccountId>() {
            problems.push(format!("{key}.{index}.id: {error}"));
        }
        if !seen.insert(id) {
            problems.push(format!("{key}.{index}.id: `{id}` is there twice"));
        }
    }
}

fn units(accounts: &Accounts, problems: &mut Vec<String>) {
    let units = &accounts.organizational_units;
    let mut seen = BTreeSet::new();
    for (key, names) in [("include", &units.include), ("exclude", &units.exclude)] {
        for (index, name) in names.iter().enumerate() {
            let key = format!("accounts.organizational_units.{key}.{index}");
            if let Err(error) = name.parse::<UnitName>() {
                problems.push(format!("{key}: {error}"));
            }
            if !seen.insert(name) {
                problems.push(format!("{key}: `{name}` is there twice"));
            }
        }
    }
}

fn tags(accounts: &Accounts, problems: &mut Vec<String>) {
    for (key, values) in &accounts.tags {
        if key.trim().is_empty() {
            problems.push("accounts.tags: a tag's key must not be empty".into());
        }
        let values = values.as_slice();
        if values.is_empty() {
            problems.push(format!("accounts.tags.{key}: name at least one value, or no account is read"));
        }
        if values.iter().collect::<BTreeSet<_>>().len() < values.len() {
            problems.push(format!("accounts.tags.{key}: a value is there twice"));
        }
    }
}

fn role(accounts: &Accounts, problems: &mut Vec<String>) {
    let role = &accounts.role.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    if role.is_empty() || role.len() > 512 || !role.chars().all(allowed) {
        problems.push(format!("accounts.role.name: `{role}` is no role name"));
    }
    if let Some(id) = &accounts.role.external_id
        && !(2..=1224).contains(&id.len())
    {
        problems.push("accounts.role.external_id: AWS asks for 2 to 1224 characters".into());
    }
}

/// These are evidence for retiring what was in the account: nothing about them may be vague.
fn decommissioned(accounts: &Accounts, problems: &mut Vec<String>) {
    let named = &accounts.decommissioned;
    ids("accounts.decommissioned", named.iter().map(|account| account.id.as_str()), problems);
    for (index, account) in named.iter().enumerate() {
        let key = format!("accounts.decommissioned.{index}");
        if account.because.trim().is_empty() {
            problems.push(format!("{key}.because: say why what was in the account may be retired"));
        }
        if account.by.trim().is_empty() {
            problems.push(format!("{key}.by: say who decided it"));
        }
        if accounts.list.iter().any(|listed| listed.id == account.id) {
            problems.push(format!("{key}.id: `{}` is in accounts.list, and so is to be read", account.id));
        }
    }
}
