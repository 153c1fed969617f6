//! Finds the columns that the settings name among those that the database has.

use std::collections::BTreeMap;

/// A column of the register, with what the database's half of the reader knows about it.
#[derive(Clone, Debug)]
pub(super) struct AvailableColumn<K> {
    /// The name as the database spells it.
    pub(super) name: String,
    /// How it is read, or why it cannot be.
    pub(super) kind: Result<K, String>,
}

/// A column that bestand reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MappedColumn<K> {
    /// The name as the database spells it.
    pub(super) name: String,
    /// How it is read.
    pub(super) kind: K,
}

/// Finds every mapped column, in the mapping's order.
///
/// A name that fits exactly wins; without one, a name that differs only in case will do.
///
/// # Errors
/// Lists every column that does not exist, is ambiguous or cannot be read.
pub(super) fn resolve<K: Clone>(
    mapping: &BTreeMap<String, String>,
    available: &[AvailableColumn<K>],
) -> Result<Vec<MappedColumn<K>>, Vec<String>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut missing = false;
    for (attribute, wanted) in mapping {
        match candidates(wanted, available).as_slice() {
            [] => {
                missing = true;
                problems.push(format!("column `{wanted}` (for `{attribute}`) does not exist"));
            }
            [column] => match &column.kind {
                Ok(kind) => found.push(MappedColumn { name: column.name.clone(), kind: kind.clone() }),
                Err(why) => {
                    problems.push(format!("column `{wanted}` (for `{attribute}`) cannot be read: {why}"))
                }
            },
            _ => problems.push(format!("column `{wanted}` (for `{attribute}`) exists more than once")),
        }
    }
    if missing {
        let names: Vec<_> = available.iter().map(|column| format!("`{}`", column.name)).collect();
        problems.push(format!("the columns there are: {}", names.join(", ")));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn candidates<'a, K>(wanted: &str, available: &'a [AvailableColumn<K>]) -> Vec<&'a AvailableColumn<K>> {
    let exact: Vec<_> = available.iter().filter(|column| column.name == wanted).collect();
    if !exact.is_empty() {
        return exact;
    }
    available.iter().filter(|column| column.name.to_lowercase() == wanted.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn available(names: &[&str]) -> Vec<AvailableColumn<()>> {
        names.iter().map(|&name| AvailableColumn { name: name.to_owned(), kind: Ok(()) }).collect()
    }

    fn mapping(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(attribute, column)| (attribute.to_owned(), column.to_owned())).collect()
    }

    #[test]
    fn all_missing_columns_are_listed_at_once_with_those_there_are() {
        let wrong = mapping(&[("asset_id", "id"), ("owner", "besitzer"), ("name", "bezeichnung")]);
        let problems = resolve(&wrong, &available(&["id", "titel"])).unwrap_err().join("; ");
        assert_eq!(
            problems,
            "column `bezeichnung` (for `name`) does not exist; column `besitzer` (for `owner`) does not exist; \
             the columns there are: `id`, `titel`"
        );
    }

    #[test]
    fn an_exact_name_wins_over_one_that_differs_in_case() {
        let found = resolve(&mapping(&[("name", "Name")]), &available(&["name", "Name"])).unwrap();
        assert_eq!(found[0].name, "Name");
        let found = resolve(&mapping(&[("name", "NAME")]), &available(&["name"])).unwrap();
        assert_eq!(found[0].name, "name");
        let problems = resolve(&mapping(&[("name", "NAME")]), &available(&["name", "Name"])).unwrap_err();
        assert!(problems[0].contains("more than once"), "{problems:?}");
    }
}
