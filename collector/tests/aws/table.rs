//! No call of the SDK goes round the table of actions: read off the source itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bestand_collector::action::Action;

fn sources(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.insert(path.clone(), std::fs::read_to_string(path).unwrap());
        }
    }
}

/// The text before each parenthesis that is open at a place, the innermost first, with the place of the parenthesis.
fn enclosing(text: &str, place: usize) -> Vec<(usize, &str)> {
    let (mut depth, mut open) = (0, Vec::new());
    for (at, letter) in text[..place].char_indices().rev() {
        match letter {
            ')' => depth += 1,
            '(' if depth > 0 => depth -= 1,
            '(' => open.push((at, &text[..at])),
            _ => {}
        }
    }
    open
}

/// `SelectResourceConfig` as the SDK's method spells it.
fn method(operation: &str) -> String {
    let mut name = String::new();
    for letter in operation.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    format!(".{name}(")
}

#[test]
fn every_request_is_sent_on_a_line_that_names_its_action() {
    let mut found = BTreeMap::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let (mut sent, mut unpaced) = (0, Vec::new());
    for (path, text) in &found {
        assert!(!text.contains("into_paginator"), "{}: pages are asked for by hand", path.display());
        for (place, _) in text.match_indices(".send()") {
            sent += 1;
            let open = enclosing(text, place);
            // A helper that walks pages takes the action and the line, and is held to the same.
            let line = open.iter().find(|(_, before)| {
                [".call", ".call_as", " every_page"].iter().any(|taker| before.ends_with(taker))
            });
            match line {
                Some((open, _)) => names_its_operation(path, &text[*open..place]),
                None => unpaced.push(text[..place].rsplit('.').next().unwrap().to_owned()),
            }
        }
    }
    assert!(sent > 15, "{sent}");
    // Neither is made in an account that is read: STS tells who the job is, and Secrets Manager is no part of the table.
    unpaced.sort_unstable();
    assert_eq!(unpaced, ["get_caller_identity()", "secret_id(id)"], "they have nothing to wait for");
}

/// A call may not be made under the name of another action.
#[track_caller]
fn names_its_operation(path: &Path, call: &str) {
    let Some(named) = call.trim_start_matches('(').trim_start().strip_prefix("Action::") else {
        // A macro chooses both together.
        return;
    };
    let name: String = named.chars().take_while(char::is_ascii_alphanumeric).collect();
    let action = Action::ALL.into_iter().find(|action| format!("{action:?}") == name).unwrap();
    let method = method(action.operation());
    assert!(call.contains(&method), "{}: {action} does not call {method}: {call}", path.display());
}
