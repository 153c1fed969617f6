use std::fmt::Write as _;

use super::*;

/// Parts that hold what may be a secret, or what a register has no business with.
const FORBIDDEN: [&str; 12] = [
    "environment",
    "environmentvariables",
    "variables",
    "userdata",
    "policy",
    "policydocument",
    "assumerolepolicydocument",
    "inlinepolicies",
    "containerdefinitions",
    "secretstring",
    "masteruserpassword",
    "stagevariables",
];

#[test]
fn the_shipped_list_names_many_types_and_every_path_is_one() {
    let shipped = shipped_attributes();
    assert!(shipped.len() >= 30, "{}", shipped.len());
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
    for (resource_type, paths) in shipped_attributes() {
        for path in paths {
            for part in path.to_lowercase().split('.') {
                assert!(!FORBIDDEN.contains(&part) && !part.contains("password"), "{resource_type} {path}");
            }
        }
    }
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
fn the_documentation_shows_the_shipped_list() {
    let document = include_str!("../../../../docs/ATTRIBUTES.md");
    let mut table = String::from("| type | attributes |\n|---|---|\n");
    for (resource_type, paths) in shipped_attributes() {
        let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
        writeln!(table, "| `{resource_type}` | {} |", paths.join(", ")).unwrap();
    }
    assert!(document.contains(&table), "docs/ATTRIBUTES.md should hold this table:\n{table}");
}
