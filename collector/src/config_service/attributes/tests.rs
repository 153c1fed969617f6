use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

/// Words for what may be a secret, or what a register has no business with. They may stand nowhere in a path.
const FORBIDDEN_WORDS: [&str; 14] = [
    "accesskey",
    "activation",
    "apikey",
    "certificatebody",
    "connectionstring",
    "credential",
    "customdata",
    "password",
    "privatekey",
    "secret",
    "templatebody",
    "token",
    "userdata",
    "username",
];

/// Parts that hold such things, or hold what holds them.
const FORBIDDEN_PARTS: [&str; 16] = [
    "assumerolepolicydocument",
    "certificate",
    "command",
    "containerdefinitions",
    "content",
    "definitionstring",
    "environment",
    "environmentvariables",
    "inlinepolicies",
    "input",
    "parameters",
    "policy",
    "policydocument",
    "script",
    "stagevariables",
    "variables",
];

/// What contains such a word and is none.
const HARMLESS: [&str; 3] = [
    // Where a REST API looks for a key, not the key.
    "configuration.apiKeySource",
    // Whether the metadata service asks for a token.
    "configuration.metadataOptions.httpTokens",
    // Who works at a desk is what a register wants to know of it.
    "configuration.UserName",
];

#[test]
fn the_shipped_list_names_many_types_and_every_path_is_one() {
    let shipped = shipped_attributes();
    assert!(shipped.len() >= 150, "{}", shipped.len());
    assert_eq!(
        shipped.len(),
        list(SHIPPED).len() + list(SHIPPED_FOR_BATCH_GET).len(),
        "a type is in both lists"
    );
    assert_eq!(shipped_paths().len(), shipped.len());
    for (resource_type, paths) in &shipped {
        assert!(!paths.is_empty(), "{resource_type}");
        assert!(query::is_askable(resource_type));
        for path in paths {
            assert!(AttributePath::parse(path).is_some(), "{resource_type} {path}");
        }
        let kept = AttributeList::new(&BTreeMap::new()).of(resource_type).len();
        assert_eq!(kept, paths.len(), "{resource_type} does not fit into one query, or names a path twice");
    }
}

#[test]
fn promise_7_the_shipped_list_asks_for_nothing_secret() {
    let mut harmless = BTreeSet::new();
    for (resource_type, paths) in shipped_attributes() {
        for path in paths {
            let small = path.to_lowercase();
            let mut parts = small.split('.').skip(1).peekable();
            while let Some(part) = parts.next() {
                // `Command.Name` names the kind of a job, `Command` has its arguments.
                let named = part == "command" && parts.peek() == Some(&"name");
                assert!(named || !FORBIDDEN_PARTS.contains(&part), "{resource_type} {path}");
            }
            if HARMLESS.contains(&path.as_str()) {
                harmless.insert(path);
            } else {
                let word = FORBIDDEN_WORDS.iter().find(|word| small.contains(*word));
                assert_eq!(word, None, "{resource_type} {path}");
            }
        }
    }
    assert_eq!(harmless.len(), HARMLESS.len(), "an exception that nothing needs");
}

#[test]
fn the_configuration_as_a_whole_is_never_asked_for() {
    for wrong in [
        "",
        "configuration",
        "configuration.",
        "configuration..x",
        "configuration.*",
        "supplementaryConfiguration",
        "tags.key",
        "configuration.a b",
        "configuration.x', resourceId",
    ] {
        assert_eq!(AttributePath::parse(wrong), None, "{wrong}");
    }
    let resource_type = ResourceType::from("AWS::EC2::Instance");
    let extra = vec![
        "configuration".to_owned(),
        "configuration.keyName".to_owned(),
        "configuration.keyName".to_owned(),
    ];
    let list = AttributeList::new(&BTreeMap::from([(resource_type.clone(), extra)]));
    let texts: Vec<_> = list.of(&resource_type).iter().map(|path| path.text.clone()).collect();
    assert_eq!(texts.iter().filter(|text| *text == "configuration.keyName").count(), 1);
    assert!(!texts.contains(&"configuration".to_owned()));
    assert!(texts.contains(&"configuration.instanceType".to_owned()), "the shipped ones stay");
}

#[test]
fn a_type_that_nobody_listed_has_no_attributes() {
    assert!(AttributeList::new(&BTreeMap::new()).of(&ResourceType::from("AWS::New::Thing")).is_empty());
}

#[test]
fn no_expression_is_too_long_whatever_is_added() {
    let long = |number: usize| format!("configuration.a{number:03}.{}", "x".repeat(number % 120 + 1));
    let added: Vec<String> = (0..200).map(long).collect();
    let shipped = shipped_attributes();
    let extra = shipped.keys().map(|kind| (kind.clone(), added.clone())).collect();
    let list = AttributeList::new(&extra);
    for (resource_type, paths) in &shipped {
        let kept = list.of(resource_type);
        let of = query::TypeQuery { resource_type: resource_type.clone(), attributes: Arc::clone(&kept) };
        let length = query::Query::new(vec![of]).expression.len();
        assert!(length <= query::MAX_CHARACTERS, "{resource_type}: {length}");
        assert!(length > query::MAX_CHARACTERS - 300, "{resource_type}: there is room for more");
        for path in paths {
            assert!(kept.iter().any(|kept| kept.text == *path), "{resource_type} {path} had to make room");
        }
    }
    for number in [1, 2_000] {
        let queries = query::pack(shipped.keys().map(|kind| (kind, number)), &list);
        assert_eq!(queries.iter().map(|query| query.types.len()).sum::<usize>(), shipped.len());
        assert!(queries.iter().all(|query| query.expression.len() <= query::MAX_CHARACTERS));
    }
}

/// Run with `BESTAND_WRITE_DOCS=1`, it writes the table instead of comparing it.
#[test]
fn the_documentation_shows_the_shipped_list() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/ATTRIBUTES.md");
    let document = std::fs::read_to_string(file).unwrap();
    let (before, _) = document.split_once("| type |").unwrap();
    let mut expected = format!("{before}| type | path | attributes |\n|---|---|---|\n");
    let shipped = shipped_attributes();
    for (resource_type, path) in shipped_paths() {
        let paths: Vec<_> = shipped[&resource_type].iter().map(|path| format!("`{path}`")).collect();
        let path = serde_json::to_value(path).unwrap();
        let path = path.as_str().unwrap();
        writeln!(expected, "| `{resource_type}` | `{path}` | {} |", paths.join(", ")).unwrap();
    }
    if std::env::var_os("BESTAND_WRITE_DOCS").is_some() {
        std::fs::write(file, &expected).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap();
    assert!(
        written == expected,
        "docs/ATTRIBUTES.md is not up to date: run this test with BESTAND_WRITE_DOCS=1"
    );
}
