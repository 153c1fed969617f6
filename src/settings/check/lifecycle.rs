//! How `[[lifecycle]]`, `[[ephemeral]]` and `central_register.adopt` fit together.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::ephemeral::EphemeralRule;
use bestand_model::identifiers::ResourceType;
use bestand_model::lifecycle::LifecycleRule;

use super::super::Settings;

/// Lists every problem with its key path.
pub(super) fn problems(settings: &Settings, problems: &mut Vec<String>) {
    patience(&settings.lifecycle, problems);
    ephemeral(&settings.ephemeral, problems);
    if let Some(register) = &settings.central_register
        && register.adopt.iter().collect::<BTreeSet<_>>().len() < register.adopt.len()
    {
        problems.push("central_register.adopt: a way is there twice".into());
    }
}

fn patience(rules: &[LifecycleRule], problems: &mut Vec<String>) {
    let mut named: BTreeMap<&ResourceType, usize> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let key = format!("lifecycle.{index}");
        no_types(&key, &rule.types, problems);
        for kind in &rule.types {
            if let Some(first) = named.insert(kind, index) {
                problems.push(format!(
                    "{key}.types: `{kind}` is named in lifecycle.{first} already; name each type once"
                ));
            }
        }
        let LifecycleRule { types: _, after_runs, after_hours, min_look_interval_hours } = rule;
        if after_runs.is_none() && after_hours.is_none() && min_look_interval_hours.is_none() {
            problems.push(format!(
                "{key}: set after_runs, after_hours or min_look_interval_hours, or take the section out"
            ));
        }
    }
}

fn ephemeral(rules: &[EphemeralRule], problems: &mut Vec<String>) {
    // By type: the tags that earlier sections ask for, and the section that takes all of the type.
    let mut tags: BTreeMap<(&ResourceType, &str), usize> = BTreeMap::new();
    let mut takes_all: BTreeMap<&ResourceType, usize> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let key = format!("ephemeral.{index}");
        no_types(&key, &rule.types, problems);
        if rule.tag.as_ref().is_some_and(|tag| tag.trim().is_empty()) {
            problems.push(format!("{key}.tag: must not be empty; without a tag leave the key out"));
        }
        for kind in &rule.types {
            if let Some(first) = takes_all.get(kind) {
                problems.push(format!(
                    "{key}.types: `{kind}` never gets here: ephemeral.{first} takes all of the type; put that section last, or take one of them out"
                ));
                continue;
            }
            match &rule.tag {
                None => {
                    takes_all.insert(kind, index);
                }
                Some(tag) => {
                    if let Some(first) = tags.insert((kind, tag), index) {
                        problems.push(format!(
                            "{key}.types: `{kind}` with the tag `{tag}` is named in ephemeral.{first} already"
                        ));
                    }
                }
            }
        }
    }
}

fn no_types(key: &str, types: &[ResourceType], problems: &mut Vec<String>) {
    if types.is_empty() || types.iter().any(|kind| kind.as_str().trim().is_empty()) {
        problems.push(format!("{key}.types: name at least one type, such as `AWS::EC2::Instance`"));
    }
}

#[cfg(test)]
mod tests {
    use bestand_model::ephemeral::Treatment;

    use super::*;

    fn kept(types: &[&str], after_hours: Option<u32>) -> LifecycleRule {
        LifecycleRule {
            types: types.iter().map(|kind| ResourceType::from(*kind)).collect(),
            after_runs: None,
            after_hours,
            min_look_interval_hours: None,
        }
    }

    fn come_and_go(types: &[&str], tag: Option<&str>) -> EphemeralRule {
        EphemeralRule {
            types: types.iter().map(|kind| ResourceType::from(*kind)).collect(),
            tag: tag.map(str::to_owned),
            treat: Treatment::LeaveOut,
        }
    }

    fn found(look: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
        let mut problems = Vec::new();
        look(&mut problems);
        problems
    }

    #[test]
    fn a_type_has_one_patience_and_every_section_says_something() {
        let rules =
            [kept(&["a", "b"], Some(1)), kept(&["b"], Some(2)), kept(&["c"], None), kept(&[], Some(1))];
        let problems = found(|problems| patience(&rules, problems));
        let keys =
            ["lifecycle.1.types: `b` is named in lifecycle.0", "lifecycle.2: set", "lifecycle.3.types: name"];
        assert_eq!(problems.len(), keys.len(), "{problems:?}");
        assert!(problems.iter().zip(keys).all(|(problem, key)| problem.starts_with(key)), "{problems:?}");
        assert_eq!(found(|problems| patience(&rules[..1], problems)), Vec::<String>::new());
    }

    #[test]
    fn an_ephemeral_section_that_never_decides_is_a_problem() {
        let rules = [
            come_and_go(&["a", "b"], Some("group")),
            come_and_go(&["a"], Some("other")),
            come_and_go(&["b"], Some("group")),
            come_and_go(&["a"], None),
            come_and_go(&["a"], Some("late")),
            come_and_go(&["c"], Some(" ")),
        ];
        let problems = found(|problems| ephemeral(&rules, problems));
        let keys = ["ephemeral.2.types: `b` with the tag", "ephemeral.4.types: `a` never", "ephemeral.5.tag"];
        assert_eq!(problems.len(), keys.len(), "{problems:?}");
        assert!(problems.iter().zip(keys).all(|(problem, key)| problem.starts_with(key)), "{problems:?}");
    }
}
