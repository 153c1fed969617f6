//! The tree of organisational units, with the accounts that lie in them.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::identifiers::AccountId;

use crate::accounts::{DirectoryError, UnitName};

/// So many units are named to somebody who named one that is not there.
const MOST_NAMED: usize = 8;

/// Ids of units.
type Ids = BTreeSet<String>;

/// The tree as it was read.
#[derive(Debug, Default)]
pub(super) struct Units {
    units: BTreeMap<String, Unit>,
    accounts: BTreeMap<AccountId, String>,
}

#[derive(Debug)]
struct Unit {
    parent: Option<String>,
    path: String,
}

impl Units {
    /// Adds a unit below a parent that is there already, or a root.
    ///
    /// # Errors
    /// The unit was added before: it moved while the tree was read, and where its accounts lie is not known.
    pub(super) fn add(&mut self, id: &str, name: &str, parent: Option<&str>) -> Result<(), DirectoryError> {
        let above = parent.and_then(|parent| self.units.get(parent)).map(|parent| parent.path.as_str());
        let path = above.map_or_else(|| name.to_owned(), |above| format!("{above}/{name}"));
        let unit = Unit { parent: parent.map(str::to_owned), path };
        match self.units.insert(id.to_owned(), unit) {
            None => Ok(()),
            Some(before) => Err(DirectoryError::Unreadable(format!(
                "the organisational unit {id} ({}) is there twice: the organisation changed while it was read",
                before.path
            ))),
        }
    }

    /// Notes in which unit an account lies. One that moves while the tree is read lies where it was seen last.
    pub(super) fn place(&mut self, account: AccountId, unit: &str) {
        self.accounts.insert(account, unit.to_owned());
    }

    /// Gives the path of the unit in which an account lies.
    pub(super) fn path_of(&self, account: &AccountId) -> Option<&str> {
        let unit = self.accounts.get(account)?;
        self.units.get(unit).map(|unit| unit.path.as_str())
    }

    /// Gives the units in which an account lies: its own, and all above it.
    pub(super) fn chain_of(&self, account: &AccountId) -> Option<Vec<&str>> {
        let own = self.accounts.get(account)?;
        let chain = std::iter::successors(Some(own), |unit| self.units.get(*unit)?.parent.as_ref());
        Some(chain.map(String::as_str).collect())
    }

    /// Finds the units that the settings include and exclude.
    ///
    /// # Errors
    /// A name that belongs to no unit, or to several: all of them at once.
    pub(super) fn resolve(
        &self,
        include: &[UnitName],
        exclude: &[UnitName],
    ) -> Result<(Ids, Ids), DirectoryError> {
        let mut problems = Vec::new();
        let mut all = |names: &[UnitName], key: &str| {
            let mut ids = Ids::new();
            for name in names {
                match self.find(name) {
                    Ok(id) => drop(ids.insert(id.to_owned())),
                    Err(problem) => problems.push(format!("accounts.organizational_units.{key}: {problem}")),
                }
            }
            ids
        };
        let found = (all(include, "include"), all(exclude, "exclude"));
        if problems.is_empty() { Ok(found) } else { Err(DirectoryError::NoSuchUnits(problems)) }
    }

    fn find(&self, name: &UnitName) -> Result<&str, String> {
        let found: Vec<&str> = match name {
            UnitName::Id(id) => self.units.get_key_value(id).map(|(id, _)| id.as_str()).into_iter().collect(),
            // A name may hold a slash, so two units can have the same path.
            UnitName::Path(path) => {
                let same = self.units.iter().filter(|(_, unit)| unit.path == *path);
                same.map(|(id, _)| id.as_str()).collect()
            }
        };
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(format!("there is no organisational unit `{name}`; {}", self.near(name))),
            several => {
                Err(format!("`{name}` is the path of several units: name the id, {}", several.join(" or ")))
            }
        }
    }

    /// Names units that may have been meant.
    fn near(&self, name: &UnitName) -> String {
        let mut units: Vec<(&str, &str)> =
            self.units.iter().map(|(id, unit)| (unit.path.as_str(), id.as_str())).collect();
        // Whatever shares the longer beginning is nearer; below a path that is there in part, its own units are.
        let wanted = name.to_string().to_lowercase();
        let last = wanted.rsplit('/').next().unwrap_or_default();
        units.sort_by_key(|(path, id)| {
            let own = match name {
                UnitName::Id(_) => (*id).to_owned(),
                UnitName::Path(_) => path.to_lowercase(),
            };
            let same_name = matches!(name, UnitName::Path(_)) && own.rsplit('/').next() == Some(last);
            let shared = own.chars().zip(wanted.chars()).take_while(|(left, right)| left == right).count();
            (!same_name, std::cmp::Reverse(shared), *path)
        });
        let more = units.len().saturating_sub(MOST_NAMED);
        let named: Vec<String> =
            units.iter().take(MOST_NAMED).map(|(path, id)| format!("`{path}` ({id})")).collect();
        if named.is_empty() {
            return "the organisation has none".to_owned();
        }
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("there are {}{more}", named.join(", "))
    }
}

#[cfg(test)]
mod tests;
