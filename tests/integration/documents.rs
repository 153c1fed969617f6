//! What the documents promise is there: every reason of the ledger has its row, and every test that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

use bestand_model::capability::Capability;
use bestand_model::coverage::Reason;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all test functions below a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn the_table_of_reasons_has_every_reason_with_a_test_that_exists() {
    let text = std::fs::read_to_string(root().join("docs/SEMANTICS.md")).unwrap();
    let section = text.split_once("### The reasons of the ledger").unwrap().1;
    let section = section.split_once("**2.13").unwrap().0;
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let mut tests = BTreeSet::new();
    for folder in ["tests", "model/src", "collector/tests", "collector/src"] {
        functions(&root().join(folder), &mut tests);
    }
    let told: Vec<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let expected: Vec<&str> = Reason::ALL.into_iter().map(Reason::code).collect();
    assert_eq!(told, expected);
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        let test = row[3].trim_matches('`');
        assert!(tests.contains(test), "{}: no test is named {test}", row[0]);
    }
}

#[test]
fn the_table_of_capabilities_has_every_one_with_tests_that_exist() {
    let text = std::fs::read_to_string(root().join("docs/SEMANTICS.md")).unwrap();
    let section = text.split_once("**3.10 Capabilities.**").unwrap().1.split_once("**3.11").unwrap().0;
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let told: Vec<&str> = rows.iter().map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(told, Capability::ALL.map(Capability::code));
    let mut tests = BTreeSet::new();
    for folder in ["tests", "publisher/tests", "publisher/src"] {
        functions(&root().join(folder), &mut tests);
    }
    let named: Vec<&str> = section.split('`').filter(|word| word.starts_with("semantics_3_10_")).collect();
    assert!(named.len() > rows.len() && rows.iter().all(|row| row.contains("`semantics_3_10_")), "{named:?}");
    for test in named {
        assert!(test == "semantics_3_10_*" || tests.contains(test), "no test is named {test}");
    }
}
