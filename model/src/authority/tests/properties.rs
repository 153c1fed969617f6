//! What holds of every rule and whatever the sources say.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::authority::*;
use crate::change_set::Provenance;

const NAMES: [&str; 4] = ["environment", "name", "configuration.x", "owner"];

fn source() -> impl Strategy<Value = Value> {
    let from =
        prop::sample::select(vec!["config_service", "source_register", "central_register", "tag:a", "tag:b"]);
    (from, any::<bool>(), prop::option::of(any::<bool>()), prop::option::of(1..60_u32)).prop_map(
        |(from, mapped, empty, days)| {
            let mut source = json!({ "from": from });
            if mapped && from != "central_register" {
                source["map"] = json!({ "x": "production", "Y": "test" });
            }
            if let Some(empty) = empty {
                source["next_if_empty"] = json!(empty);
            }
            if let Some(days) = days {
                source["next_if_older_than_days"] = json!(days);
            }
            source
        },
    )
}

/// Rules for every name, in order by construction.
fn any_rules() -> impl Strategy<Value = Vec<AuthorityRule>> {
    let rule = (prop::collection::vec(source(), 0..5), any::<bool>(), any::<bool>());
    prop::collection::vec(prop::option::of(rule), NAMES.len()).prop_map(|all| {
        let rules = NAMES.iter().zip(all).filter_map(|(name, rule)| {
            let (mut sources, default, ignore_case) = rule?;
            let mut seen = BTreeSet::new();
            sources.retain(|source| seen.insert(source["from"].to_string()));
            let mut rule = json!({ "attribute": name, "compare": { "ignore_case": ignore_case } });
            if default {
                sources.push(json!("default"));
                rule["default"] = json!("unknown");
            }
            rule["sources"] = json!(sources);
            Some(rule)
        });
        let rules: Vec<AuthorityRule> = serde_json::from_value(json!(rules.collect::<Vec<_>>())).unwrap();
        assert_eq!(problems(&rules, DEFAULT_MAX_ATTRIBUTE_BYTES), Vec::<String>::new());
        rules
    })
}

fn word() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![json!(null), json!(" "), json!("X"), json!("y"), json!("QS"), json!(1)])
}

fn spoken() -> impl Strategy<Value = Option<Values>> {
    let times = prop::sample::select(vec!["2026-11-22", "2026-01-01", "2031-01-01", "soon"]);
    let tags = prop::option::of(prop::collection::btree_map("[ab]", "[XyQ]?", 0..3));
    let all = prop::collection::vec(prop::option::of(word()), NAMES.len());
    prop::option::weighted(0.8, (all, tags, prop::option::of(times))).prop_map(|parts| {
        let (words, tags, edited) = parts?;
        let mut values: Values =
            NAMES.iter().zip(words).filter_map(|(name, word)| Some(((*name).to_owned(), word?))).collect();
        values.extend(tags.map(|tags| ("tags".to_owned(), json!(tags))));
        values.extend(edited.map(|edited| ("updated_at".to_owned(), json!(edited))));
        Some(values)
    })
}

fn asset() -> impl Strategy<Value = Asset> {
    let written = prop::sample::select(vec![None, Some(-1_i64), Some(-100), Some(900)]);
    (spoken(), any::<bool>(), spoken(), spoken(), written).prop_map(
        |(mut live, is_resource, registered, published, days)| {
            // AWS Config knows nothing else.
            let knows = ["name", "configuration.x", "tags"];
            live.iter_mut().for_each(|live| live.retain(|name, _| knows.contains(&name.as_str())));
            let mut published = published.map(entry);
            if let Some(entry) = &mut published {
                entry.updated_at = days.map(|days| now() + jiff::SignedDuration::from_hours(24 * days));
            }
            Asset { is_resource: is_resource || live.is_some(), live, registered, published }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn semantics_4_2_authority_is_total_and_tells_of_everybody(rules in any_rules(), asset in asset()) {
        let table = AuthorityTable::new(&rules, DEFAULT_MAX_ATTRIBUTE_BYTES);
        let authority = table.of(None);
        for name in NAMES {
            let told = resolve(authority, name, &asset.sides());
            prop_assert_eq!(&told, &resolve(authority, name, &asset.sides()));
            // Everybody named, and whoever spoke, is in the story once.
            let mut named: Vec<String> =
                authority.ruling(name).sources.iter().map(|of| of.source.to_string()).collect();
            for (source, spoke) in [
                ("config_service", asset.live.as_ref().is_some_and(|live| live.contains_key(name))),
                ("source_register", asset.registered.as_ref().is_some_and(|row| row.contains_key(name))),
            ] {
                if spoke && !named.iter().any(|name| name == source) {
                    named.push(source.to_owned());
                }
            }
            let winner = told.winner.iter().filter(|winner| **winner != Provenance::LastPublished);
            let mut in_story: Vec<String> = winner.map(ToString::to_string).collect();
            in_story.extend(told.losers.iter().map(|loser| loser.source.to_string()));
            named.sort();
            in_story.sort();
            prop_assert_eq!(&in_story, &named);
            // What is published is what the story tells.
            let mut suspects = Vec::new();
            let sides = asset.sides();
            let light = winner_of(authority, name, &sides, &mut suspects);
            match &told.winner {
                None | Some(Provenance::LastPublished) => prop_assert_eq!(light, None),
                Some(winner) => prop_assert_eq!(light, told.value.clone().map(|value| (value, winner.clone()))),
            }
            let unmapped = told.losers.iter().filter(|loser| loser.why == Why::Unmapped).count();
            prop_assert_eq!(suspects.len(), unmapped, "a finding for each value that no map has");
            // No unmapped word is ever published.
            let maps = |source: &Provenance| authority.ruling(name).ranked(source).is_some_and(|of| of.map.is_some());
            if told.winner.as_ref().is_some_and(maps) {
                let words = [json!(null), json!(" "), json!(""), json!("production"), json!("test")];
                prop_assert!(words.contains(told.value.as_ref().unwrap()), "{:?}", told);
            }
        }
    }

    #[test]
    fn semantics_4_2_not_to_see_a_resource_never_changes_what_it_says_of_itself(
        rules in any_rules(),
        asset in asset(),
    ) {
        let table = AuthorityTable::new(&rules, DEFAULT_MAX_ATTRIBUTE_BYTES);
        let unseen = Asset { live: None, is_resource: true, ..asset.clone() };
        prop_assume!(asset.published.is_some() && asset.live.is_some());
        for name in NAMES {
            let seen = resolve(table.of(None), name, &asset.sides());
            let told = resolve(table.of(None), name, &unseen.sides());
            if seen.winner.as_ref().is_some_and(Provenance::is_live) {
                let left = matches!(told.winner, None | Some(Provenance::LastPublished));
                // Only a source before it that was heard all the same may speak, and it had no better word then.
                prop_assert!(left || told.value == seen.value, "{:?} {:?}", seen, told);
            }
            if told.winner == Some(Provenance::Default) {
                prop_assert_eq!(seen.winner, Some(Provenance::Default));
            }
        }
    }
}

fn winner_of(
    authority: Authority<'_>,
    name: &str,
    sides: &Sides<'_>,
    suspects: &mut Vec<Suspect>,
) -> Option<(Value, Provenance)> {
    winner(authority, name, sides, suspects).map(|(value, source)| (value.clone(), source.clone()))
}
