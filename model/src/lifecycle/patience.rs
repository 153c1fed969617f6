//! How long absent assets are kept, type by type.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::absence::RetireRules;
use crate::identifiers::ResourceType;

/// A section of the settings: what differs for some types from how long absent assets are kept otherwise.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleRule {
    /// The types.
    pub types: Vec<ResourceType>,
    /// Complete looks in a row that must have found it absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub after_runs: Option<u32>,
    /// Hours since the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_hours: Option<u32>,
    /// Looks closer together than this count as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_look_interval_hours: Option<u32>,
}

/// How long absent assets of each type are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LifecycleRules {
    by_type: BTreeMap<ResourceType, LifecycleRule>,
}

impl LifecycleRules {
    /// Takes the settings' sections. Of a type that is named twice, which the settings refuse, the first counts.
    pub fn new(rules: &[LifecycleRule]) -> Self {
        let mut by_type = BTreeMap::new();
        for rule in rules {
            for kind in &rule.types {
                by_type.entry(kind.clone()).or_insert_with(|| rule.clone());
            }
        }
        Self { by_type }
    }

    /// Gives the rules that hold for an asset. Where its entry and its record name two types, the more patient of
    /// each number holds.
    pub fn of<'k>(
        &self,
        kinds: impl IntoIterator<Item = &'k ResourceType>,
        otherwise: RetireRules,
    ) -> RetireRules {
        let one = |kind: &ResourceType| match self.by_type.get(kind) {
            None => otherwise,
            Some(rule) => RetireRules {
                after_runs: rule.after_runs.unwrap_or(otherwise.after_runs),
                after_hours: rule.after_hours.unwrap_or(otherwise.after_hours),
                min_look_interval_hours: rule
                    .min_look_interval_hours
                    .unwrap_or(otherwise.min_look_interval_hours),
            },
        };
        let more_patient = |a: RetireRules, b: RetireRules| RetireRules {
            after_runs: a.after_runs.max(b.after_runs),
            after_hours: a.after_hours.max(b.after_hours),
            min_look_interval_hours: a.min_look_interval_hours.max(b.min_look_interval_hours),
        };
        kinds.into_iter().map(one).reduce(more_patient).unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::AssetHistory;

    fn rules() -> LifecycleRules {
        let rule = |kind: &str, hours, interval| LifecycleRule {
            types: vec![kind.into()],
            after_runs: None,
            after_hours: hours,
            min_look_interval_hours: interval,
        };
        LifecycleRules::new(&[rule("short", Some(6), Some(1)), rule("long", Some(96), None)])
    }

    fn of(kinds: &[&str]) -> RetireRules {
        let kinds: Vec<ResourceType> = kinds.iter().map(|kind| ResourceType::from(*kind)).collect();
        rules().of(&kinds, RetireRules::default())
    }

    #[test]
    fn semantics_5_2_a_type_has_its_own_patience_and_all_others_have_the_general_one() {
        let general = RetireRules::default();
        assert_eq!(of(&[]), general);
        assert_eq!(of(&["other"]), general);
        assert_eq!(of(&["long"]), RetireRules { after_hours: 96, ..general });
        assert_eq!(of(&["short"]), RetireRules { after_hours: 6, min_look_interval_hours: 1, ..general });
    }

    #[test]
    fn semantics_5_2_where_entry_and_record_name_two_types_the_more_patient_rules_hold() {
        assert_eq!(of(&["short", "other"]), RetireRules::default());
        assert_eq!(of(&["short", "long"]), of(&["long"]));
        assert_eq!(of(&["long", "short"]), of(&["long"]));
    }

    #[test]
    fn semantics_5_2_where_the_last_look_is_lost_its_interval_begins_anew() {
        let at = |hour: i64| jiff::Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap();
        let rules = RetireRules { after_runs: 3, after_hours: 0, min_look_interval_hours: 12 };
        let mut history = AssetHistory::default();
        rules.look(&mut history, at(0));
        for hour in 1..12 {
            history.last_look = None;
            rules.look(&mut history, at(hour));
        }
        assert_eq!(history.looks, 1);
        rules.look(&mut history, at(23));
        assert_eq!(history.looks, 2);
    }
}
