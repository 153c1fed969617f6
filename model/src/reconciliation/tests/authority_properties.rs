//! What holds of every estate by any rules of authority.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::small_estates::{estate, shuffled};
use super::support::*;
use crate::asset::PublishedAsset;
use crate::attribute::is_technical;
use crate::authority::{AuthorityRule, AuthorityTable, DEFAULT_MAX_ATTRIBUTE_BYTES, problems};
use crate::change_set::{Change, ChangeKind};
use crate::configuration_item::Tags;
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::proof::Proofs;
use crate::reconciliation::{AccountReconciliation, Rules};

const NAMES: [&str; 3] = ["environment", "name", "configuration.x"];

fn source() -> impl Strategy<Value = Value> {
    let from = prop::sample::select(vec![
        "config_service",
        "source_register",
        "central_register",
        "tag:stage",
        "tag:name",
    ]);
    (from, any::<bool>(), prop::option::of(any::<bool>()), prop::option::of(1..60_u32)).prop_map(
        |(from, mapped, empty, days)| {
            let mut source = json!({ "from": from });
            if mapped && from != "central_register" {
                source["map"] = json!({ "x": "production", "a": "test", "PRD": "production" });
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

/// Any rules, some for one type only.
fn any_rules() -> impl Strategy<Value = Rules> {
    let rule = (prop::collection::vec(source(), 0..4), any::<bool>(), any::<bool>(), any::<bool>());
    prop::collection::vec(prop::option::of(rule), NAMES.len()).prop_map(|all| {
        let written = NAMES.iter().zip(all).filter_map(|(name, rule)| {
            let (mut sources, default, ignore_case, typed) = rule?;
            let mut seen = BTreeSet::new();
            sources.retain(|source| seen.insert(source["from"].to_string()));
            let mut rule = json!({ "attribute": name, "compare": { "ignore_case": ignore_case } });
            if default {
                sources.push(json!("default"));
                rule["default"] = json!("unknown");
            }
            if typed {
                rule["types"] = json!([QUEUE]);
            }
            rule["sources"] = json!(sources);
            Some(rule)
        });
        let written: Vec<AuthorityRule> = serde_json::from_value(json!(written.collect::<Vec<_>>())).unwrap();
        assert_eq!(problems(&written, DEFAULT_MAX_ATTRIBUTE_BYTES), Vec::<String>::new());
        Rules { authority: AuthorityTable::new(&written, DEFAULT_MAX_ATTRIBUTE_BYTES), ..rules() }
    })
}

fn word() -> impl Strategy<Value = Option<Value>> {
    prop::option::of(prop::sample::select(vec![
        json!(null),
        json!("PRD"),
        json!("a"),
        json!("QS"),
        json!(" x "),
    ]))
}

/// An estate with tags, environments and times, read at the hour 0.
fn weighed() -> impl Strategy<Value = Estate> {
    let tags = prop::option::of(prop::collection::btree_map("stage|name", "x|PRD|QS|", 0..3));
    let times =
        prop::option::of(prop::sample::select(vec!["2027-01-14", "2020-01-01", "2031-01-01", "soon"]));
    let extra =
        (tags, word(), times, word(), prop::option::of(prop::sample::select(vec![-1_i64, -2_000, 900])));
    (estate(), prop::collection::vec(extra, 6)).prop_map(|(mut estate, extra)| {
        for (item, (tags, ..)) in estate.items.iter_mut().zip(&extra) {
            item.tags = tags.clone().map_or(Tags::NotCollected, Tags::Collected);
        }
        for (record, (_, environment, edited, ..)) in estate.records.iter_mut().zip(&extra) {
            let edited = edited.map(Value::from);
            record.attributes.extend(environment.clone().map(|value| ("environment".to_owned(), value)));
            record.attributes.extend(edited.map(|value| ("updated_at".to_owned(), value)));
        }
        for (entry, (.., environment, hours)) in estate.published.iter_mut().zip(&extra) {
            entry.attributes.extend(environment.clone().map(|value| ("environment".to_owned(), value)));
            entry.updated_at = hours.map(at);
        }
        estate
    })
}

fn run(estate: &Estate, rules: &Rules, history: &AccountHistory) -> AccountReconciliation {
    estate.round_by(rules, &Proofs::default(), history, at(0))
}

/// Applies changes as the register does, which dates what it wrote.
fn write(register: &mut Vec<PublishedAsset>, changes: &[Change]) {
    apply(register, changes);
    let written: BTreeSet<_> =
        changes.iter().filter(|change| change.kind.is_sent()).map(|change| change.asset_key).collect();
    for entry in register.iter_mut().filter(|entry| written.contains(&entry.asset_key)) {
        entry.updated_at = Some(at(0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn semantics_4_2_running_again_on_its_own_output_changes_nothing_by_any_rules(
        rules in any_rules(),
        estate in weighed(),
        seed in any::<u64>(),
    ) {
        let mut after = estate.clone();
        let first = run(&estate, &rules, &AccountHistory::default());
        let other = Estate {
            items: shuffled(&estate.items, seed),
            records: shuffled(&estate.records, seed),
            published: shuffled(&estate.published, seed),
            ..estate
        };
        prop_assert_eq!(&first, &run(&other, &rules, &AccountHistory::default()));
        write(&mut after.published, &first.changes);
        let again = run(&after, &rules, &first.history);
        // An entry that said of its place what was no longer true held another one back, for one run.
        write(&mut after.published, &again.changes);
        for change in &run(&after, &rules, &again.history).changes {
            prop_assert!(!change.kind.is_sent(), "a third run still changes {:?}", change);
        }
        let ids = |result: &AccountReconciliation| -> BTreeSet<String> {
            let suspect = result.findings.iter().filter(|finding| finding.kind == FindingKind::SuspectValue);
            // What the register says of its own time changed with the writing.
            suspect.filter(|of| of.published.is_none()).map(|of| of.finding_id.clone()).collect()
        };
        // Rows that quarrel over what the first run made of one of them are not weighed any more.
        prop_assert!(ids(&again).is_subset(&ids(&first)), "findings keep their ids");
    }

    #[test]
    fn semantics_4_4_another_spelling_in_the_registers_changes_nothing_by_any_rules(
        rules in any_rules(),
        estate in weighed(),
    ) {
        let mut spelled = estate.clone();
        let first = run(&estate, &rules, &AccountHistory::default());
        write(&mut spelled.published, &first.changes);
        let plain = spelled.clone();
        let pad = |value: &mut Value| {
            if let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) {
                *value = json!(format!(" {text}  "));
            }
        };
        for entry in &mut spelled.published {
            let (names, values): (Vec<_>, Vec<_>) =
                entry.attributes.iter_mut().filter(|(name, _)| NAMES.contains(&name.as_str())).unzip();
            values.into_iter().for_each(pad);
            prop_assert!(names.len() <= NAMES.len());
        }
        for record in &mut spelled.records {
            record.attributes.iter_mut().filter(|(name, _)| NAMES.contains(&name.as_str())).for_each(|(_, value)| pad(value));
        }
        let again = run(&spelled, &rules, &first.history);
        // What was held back for one run, and rows that quarrel from now on, are no matter of spelling.
        let plain = run(&plain, &rules, &first.history);
        let divergent = |result: &AccountReconciliation| -> BTreeSet<String> {
            let of_kind = result.findings.iter().filter(|finding| finding.kind == FindingKind::Divergent);
            of_kind.map(|finding| finding.finding_id.clone()).collect()
        };
        prop_assert_eq!(divergent(&plain), divergent(&again));
        let sent = |result: &AccountReconciliation| -> BTreeSet<_> {
            let sent = result.changes.iter().filter(|change| change.kind.is_sent());
            sent.map(|change| (change.asset_key, change.kind)).collect()
        };
        prop_assert!(sent(&again).is_subset(&sent(&plain)), "spelling changes {:?}", again.changes);
    }

    #[test]
    fn semantics_4_2_less_coverage_never_publishes_another_word_for_what_was_seen(
        rules in any_rules(),
        estate in weighed(),
        dark in prop::collection::vec(any::<bool>(), 16),
    ) {
        let mut after = estate.clone();
        let first = run(&estate, &rules, &AccountHistory::default());
        write(&mut after.published, &first.changes);
        for (line, _) in after.lines.iter_mut().zip(dark).filter(|(_, dark)| *dark) {
            line.set_incomplete(Reason::Throttled, "");
        }
        // Everything was just published: what is not seen now gives no reason to change any value.
        let less = run(&after, &rules, &first.history);
        let rows = |result: &AccountReconciliation, key| -> Vec<String> {
            let asset = result.assets.iter().find(|asset| asset.published.contains(&key) || asset.asset_key == key);
            asset.map(|asset| asset.records.clone()).unwrap_or_default()
        };
        for change in less.changes.iter().filter(|change| change.kind == ChangeKind::Update) {
            let before = first.changes.iter().find(|before| before.asset_key == change.asset_key);
            let withheld = before.is_none_or(|before| before.kind == ChangeKind::Withheld);
            if withheld || rows(&first, change.asset_key) != rows(&less, change.asset_key) {
                // What was withheld was not published, and where another row speaks of it people's words come from there.
                continue;
            }
            let touched: Vec<_> = change.after.attributes.keys().filter(|name| {
                is_technical(name) || NAMES.contains(&name.as_str())
            }).collect();
            prop_assert!(touched.is_empty(), "{:?}", change);
        }
    }
}
