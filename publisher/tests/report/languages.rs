//! Every word of the page has its German: what is missing in either language, or in neither used, is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bestand_model::accepted_gap::AcceptedGapUse;
use bestand_model::capability::Capability;
use bestand_model::change_set::ChangeCounts;
use bestand_model::coverage::CrossCheck;
use bestand_model::exception::{ExceptionState, ExceptionUse};
use bestand_model::gate::GateVerdict;
use serde_json::Value;

use crate::markup::Page;
use crate::sample::{Sample, started};
use crate::{MANY, html};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn german() -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(folder("templates/german.json")).unwrap()).unwrap()
}

/// The texts of a folder's files with this ending; of Rust without comments and tests.
fn sources(name: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = files.filter(|path| path.extension().is_some_and(|own| own == ending));
    wanted
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            (path, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// The string literals of a source.
fn literals(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rest = code;
    while let Some((_, inside)) = rest.split_once('"') {
        let mut escaped = false;
        let end = inside.find(|own: char| {
            let ends = own == '"' && !escaped;
            escaped = own == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { break };
        found.insert(inside[..end].to_owned());
        rest = &inside[end + 1..];
    }
    found
}

/// The literals that a function of the script gets as its first argument.
fn first_arguments(code: &str, function: &str) -> BTreeSet<String> {
    let call = format!("{function}(\"");
    let calls = code.match_indices(&call).filter(|(at, _)| {
        !code[..*at].ends_with(|own: char| own.is_ascii_alphanumeric() || own == '.' || own == '_')
    });
    calls
        .map(|(at, _)| {
            let rest = &code[at + call.len()..];
            rest[..rest.find('"').unwrap()].to_owned()
        })
        .collect()
}

/// Keys in what a text is made of.
fn keys(made: &Value, found: &mut BTreeSet<String>) {
    match made {
        Value::String(key) => {
            found.insert(key.clone());
        }
        Value::Array(parts) => parts.iter().for_each(|part| keys(part, found)),
        Value::Object(fields) => {
            if let Some(Value::Array(parts)) = fields.get("all") {
                parts.iter().for_each(|part| keys(part, found));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn used_by(page: &str, found: &mut BTreeSet<String>) {
    let page = Page::parse(page);
    for (made, text) in page.told() {
        if made.is_empty() {
            // What is set apart inside a text is told by the test of the templates.
            found.insert(text.to_owned());
        } else {
            keys(&serde_json::from_str(made).unwrap(), found);
        }
    }
}

/// Reports that show what there is to show.
fn pages() -> Vec<String> {
    let full = Sample::new(600).with_past();
    let mut odd = Sample::new(600);
    let states =
        [ExceptionState::InUse, ExceptionState::Unused, ExceptionState::NotJudged, ExceptionState::Expired];
    odd.summary.exceptions = states
        .into_iter()
        .enumerate()
        .map(|(index, state)| ExceptionUse {
            index,
            names: "name = \"x\"".into(),
            because: "because".into(),
            owner: "owner".into(),
            until: started(),
            state,
            findings: 1,
        })
        .collect();
    odd.summary.accepted_gaps = states
        .into_iter()
        .enumerate()
        .map(|(index, state)| AcceptedGapUse {
            index,
            names: "reason = \"throttled\"".into(),
            because: "because".into(),
            until: started(),
            state,
            scopes: 1,
        })
        .collect();
    odd.summary.not_promised = Capability::ALL.to_vec();
    odd.summary.gate = GateVerdict::default();
    odd.summary.changes = ChangeCounts::default();
    odd.summary.findings.drift += 1;
    odd.summary.findings.by_kind.values_mut().for_each(|number| *number += 1);
    odd.summary.overrides[0].by = None;
    let line = odd.coverage.iter_mut().find(|line| line.resource_type.is_none()).unwrap();
    line.cross_check = Some(CrossCheck { found: 10, unrecorded: 1, phantom: 1 });
    let mut empty = Sample::new(0);
    (empty.accounts, empty.coverage, empty.summary.next_steps) = Default::default();
    (empty.summary.publication, empty.summary.ended_at) = (None, None);
    empty.summary.overrides.clear();
    vec![html(&full, MANY).0, html(&full, 10).0, html(&odd, MANY).0, html(&empty, MANY).0]
}

#[test]
fn every_word_that_a_page_shows_has_its_german() {
    let german = german();
    let mut used = BTreeSet::new();
    for page in pages() {
        used_by(&page, &mut used);
    }
    for (_, code) in sources("src/report", "rs").iter().filter(|(path, _)| path.ends_with("words.rs")) {
        used.extend(literals(code));
    }
    for (_, code) in sources("templates", "js") {
        for function in ["t", "word", "add"] {
            used.extend(first_arguments(&code, function));
        }
    }
    used.remove("");
    // The texts of elements in which something is set apart end at it here.
    used.retain(|key| !key.starts_with("Written by bestand"));
    let missing: Vec<&String> = used.iter().filter(|key| !german.contains_key(*key)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(used.len() > 250, "{}", used.len());
}

#[test]
fn every_german_word_has_an_english_one_that_is_used() {
    let mut everything = String::new();
    for (name, ending) in [("src/report", "rs"), ("templates", "html"), ("templates", "js")] {
        for (_, text) in sources(name, ending) {
            everything.push_str(&text.replace("<code>", "`").replace("</code>", "`"));
        }
    }
    // The model's own words.
    Capability::ALL.into_iter().for_each(|capability| everything.push_str(capability.without()));
    let unused: Vec<String> = german().into_keys().filter(|key| !everything.contains(key.as_str())).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn both_languages_have_the_same_parts() {
    for (english, german) in german() {
        assert!(!german.trim().is_empty(), "{english}");
        for mark in ["{}", "|", "`"] {
            assert_eq!(english.matches(mark).count(), german.matches(mark).count(), "{english}: {german}");
        }
    }
}
