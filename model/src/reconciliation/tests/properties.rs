//! What holds of every estate.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::oracle::Oracle;
use super::small_estates::{estate, identification_rules, shuffled, story};
use super::support::*;
use crate::account::AccountState;
use crate::asset::AssetKey;
use crate::attribute::{self, is_technical};
use crate::change_set::{ChangeKind, WithheldReason};
use crate::coverage::{Coverage, Reason};
use crate::finding::FindingKind;
use crate::history::AccountHistory;
use crate::identification::IdentificationRules;
use crate::proof::{Answer, Elsewhere, Proofs};
use crate::reconciliation::{
    AccountReconciliation, Rules, UnplacedRecord, reconcile_not_aws, reconcile_unplaced,
};

fn counted<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    values.fold(BTreeMap::new(), |mut counts, value| {
        *counts.entry(value).or_default() += 1;
        counts
    })
}

/// Every party in exactly one asset, one change per key, findings with ids of their own, sealed changes.
fn assert_books_balance(estate: &Estate, result: &AccountReconciliation) {
    let items = estate.items.iter().map(crate::reconciliation::judge::item_name);
    assert_eq!(counted(items), counted(result.assets.iter().flat_map(|asset| asset.items.clone())));
    let rows = estate.records.iter().map(|record| record.row_key.clone());
    assert_eq!(counted(rows), counted(result.assets.iter().flat_map(|asset| asset.records.clone())));
    let entries = estate.published.iter().map(|entry| entry.asset_key);
    assert_eq!(counted(entries), counted(result.assets.iter().flat_map(|asset| asset.published.clone())));
    let keys: BTreeSet<AssetKey> = result.changes.iter().map(|change| change.asset_key).collect();
    assert_eq!(keys.len(), result.changes.len(), "one change per key");
    let ids: BTreeSet<&String> = result.findings.iter().map(|finding| &finding.finding_id).collect();
    assert_eq!(ids.len(), result.findings.len(), "an id per finding");
    for change in &result.changes {
        assert_eq!(change.digest, change.compute_digest());
        assert_eq!(change.kind == ChangeKind::Withheld, change.reason.is_some());
        assert_eq!(change.kind.is_sent(), change.precondition.is_some());
    }
}

fn assert_settled(result: &AccountReconciliation) {
    for change in &result.changes {
        assert!(!change.kind.is_sent(), "a second run still changes {change:?}\n{}", render(result));
    }
}

fn of_kind(result: &AccountReconciliation, kind: ChangeKind) -> BTreeSet<AssetKey> {
    result.changes.iter().filter(|change| change.kind == kind).map(|change| change.asset_key).collect()
}

/// Any answer at all.
fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => (-100_i64..10).prop_map(|hours| Answer::Deleted { at: at(hours) }),
        2 => Just(Answer::NeverHeardOf),
        1 => Just(Answer::Hinted),
        1 => Just(Answer::Sighted { by: "somebody".into() }),
        1 => Just(Answer::Unanswered { detail: "nobody".into() }),
    ]
}

fn answers_of(estate: &Estate, answers: &[Answer]) -> Proofs {
    let keys = estate.published.iter().map(|entry| entry.asset_key);
    Proofs { answers: keys.zip(answers.iter().cloned()).collect(), ..Proofs::default() }
}

/// Looks long past, so that every absence is ready to retire.
fn patient(estate: &Estate) -> AccountHistory {
    let first = estate.run(&AccountHistory::default(), at(-100)).history;
    estate.run(&first, at(-50)).history
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_party_ends_in_exactly_one_outcome(estate in estate()) {
        assert_books_balance(&estate, &estate.once());
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(estate in estate(), seed in any::<u64>()) {
        let other = Estate {
            items: shuffled(&estate.items, seed),
            records: shuffled(&estate.records, seed),
            published: shuffled(&estate.published, seed),
            lines: shuffled(&estate.lines, seed),
            ..estate.clone()
        };
        prop_assert_eq!(estate.once(), other.once());
    }

    #[test]
    fn running_again_on_its_own_output_changes_nothing(story in story()) {
        let mut history = AccountHistory::default();
        let mut register = None;
        let mut hour = 0;
        for (hours, mut estate) in story {
            hour += hours;
            estate.published = register.unwrap_or(estate.published);
            let result = estate.run(&history, at(hour));
            assert_books_balance(&estate, &result);
            apply(&mut estate.published, &result.changes);
            let again = estate.run(&result.history, at(hour));
            assert_books_balance(&estate, &again);
            // An entry that said of its place what was no longer true held another one back, for one run.
            apply(&mut estate.published, &again.changes);
            let again = estate.run(&again.history, at(hour));
            assert_settled(&again);
            assert_books_balance(&estate, &again);
            // A run repeated within the hour is no further look.
            for (key, asset) in &again.history.assets {
                let before = result.history.assets.get(key).map(|asset| asset.looks);
                prop_assert!(before.is_none_or(|looks| asset.looks <= looks));
            }
            history = again.history;
            register = Some(estate.published);
        }
    }

    #[test]
    fn less_coverage_never_creates_an_absence_a_retire_or_a_technical_change(
        estate in estate(),
        dark in prop::collection::vec(any::<bool>(), 16),
        reason in prop::sample::select(vec![Reason::Throttled, Reason::RecorderStopped, Reason::TypeNeverSeen]),
    ) {
        let history = patient(&estate);
        let more = estate.run(&history, at(0));
        let mut darker = estate.clone();
        // What is dark already is not made darker by a milder reason.
        let seen = |line: &crate::coverage::CoverageLine| line.coverage().is_complete();
        for (line, _) in darker.lines.iter_mut().zip(dark).filter(|(line, dark)| *dark && seen(line)) {
            line.set_incomplete(reason, "");
        }
        let less = darker.run(&history, at(0));
        prop_assert!(of_kind(&less, ChangeKind::Retire).is_subset(&of_kind(&more, ChangeKind::Retire)));
        let absent = |result: &AccountReconciliation| -> BTreeSet<Vec<String>> {
            let keys: BTreeSet<_> = result.findings.iter()
                .filter(|finding| matches!(finding.kind, FindingKind::Absent | FindingKind::Divergent))
                .map(|finding| [finding.kind.code(), &finding.finding_id].map(str::to_owned).to_vec())
                .collect();
            keys
        };
        prop_assert!(absent(&less).is_subset(&absent(&more)));
        for change in less.changes.iter().filter(|change| change.kind == ChangeKind::Update) {
            let before = more.changes.iter().find(|other| other.asset_key == change.asset_key);
            let technical = change.after.attributes.iter().filter(|(name, _)| is_technical(name));
            for (name, value) in technical {
                let known = before.and_then(|before| before.after.attributes.get(name));
                prop_assert_eq!(known, Some(value), "{}", name);
            }
            if change.after.state.is_some() || change.after.account_id.is_some() {
                prop_assert_eq!(before.map(|before| &before.after.state), Some(&change.after.state));
            }
        }
        // Without a record nothing new is published out of less.
        let without_record = |result: &AccountReconciliation| -> BTreeSet<AssetKey> {
            let alone = result.assets.iter().filter(|asset| asset.records.is_empty()).map(|asset| asset.asset_key);
            alone.filter(|key| of_kind(result, ChangeKind::Create).contains(key)).collect()
        };
        prop_assert!(without_record(&less).is_subset(&without_record(&more)));
    }

    #[test]
    fn semantics_8_3_wider_rules_never_gain_an_absence_or_a_retire(estate in estate(), wider in identification_rules()) {
        let mut estate = estate;
        // A record that names nothing is known by no rule at all, until one gives it a place where it could be.
        estate.records.retain(|record| record.arn.is_some() || record.resource_id.is_some());
        let history = patient(&estate);
        let narrow = Estate { rules: rules(), ..estate.clone() };
        let identification = IdentificationRules::new(&wider);
        let wide = Estate { rules: Rules { identification, ..rules() }, ..estate.clone() };
        let (narrow, wide) = (narrow.run(&history, at(0)), wide.run(&history, at(0)));
        // Only where a rule finds out that the row means something else does the entry stand for itself, and nothing
        // but its own place has to be seen.
        let rows = |result: &AccountReconciliation, key: &AssetKey| -> usize {
            let asset = result.assets.iter().find(|asset| asset.published.contains(key));
            asset.map_or(0, |asset| asset.records.len())
        };
        let retired = of_kind(&narrow, ChangeKind::Retire);
        for key in of_kind(&wide, ChangeKind::Retire) {
            let lost_its_row = rows(&narrow, &key) > 0 && rows(&wide, &key) == 0;
            prop_assert!(retired.contains(&key) || lost_its_row, "{}\n---\n{}", render(&wide), render(&narrow));
        }
        let absent = |result: &AccountReconciliation| -> BTreeSet<Vec<String>> {
            let keys: BTreeSet<AssetKey> = result.findings.iter()
                .filter(|finding| finding.kind == FindingKind::Absent)
                .filter_map(|finding| finding.asset_key)
                .collect();
            let absent = result.assets.iter().filter(|asset| keys.contains(&asset.asset_key));
            absent.flat_map(|asset| asset.records.iter().map(|row| vec![row.clone()])).collect()
        };
        // Where a rule tells two records apart that claimed one place, one of them may well be absent.
        let ambiguous: BTreeSet<Vec<String>> = narrow.assets.iter()
            .filter(|asset| asset.records.len() > 1)
            .flat_map(|asset| asset.records.iter().map(|row| vec![row.clone()]))
            .collect();
        let before: BTreeSet<_> = absent(&narrow).union(&ambiguous).cloned().collect();
        prop_assert!(absent(&wide).is_subset(&before), "{}\n---\n{}", render(&wide), render(&narrow));
    }

    #[test]
    fn semantics_2_4_without_answers_nothing_is_retired_that_was_ever_seen(story in story()) {
        let mut history = AccountHistory::default();
        let mut hour = 0;
        for (hours, estate) in story {
            hour += hours;
            let result = estate.round(&Proofs::default(), &history, at(hour));
            assert_books_balance(&estate, &result);
            let asked: BTreeSet<AssetKey> =
                result.missing.iter().filter(|of| of.question.is_some()).map(|of| of.asset_key).collect();
            for key in of_kind(&result, ChangeKind::Retire) {
                // What nobody can be asked for, and what was never more than a row's word.
                let entry = estate.published.iter().find(|entry| entry.asset_key == key).unwrap();
                prop_assert!(!asked.contains(&key));
                let seen = entry.attributes.get(attribute::VERIFICATION) == Some(&"live".into());
                prop_assert!(!seen || estate.state == AccountState::Decommissioned);
            }
            history = result.history;
        }
    }

    #[test]
    fn semantics_2_4_more_sightings_never_add_a_retire(
        estate in estate(),
        answers in prop::collection::vec(answer(), 4),
        sighted in prop::collection::vec(any::<bool>(), 4),
    ) {
        let history = patient(&estate);
        let fewer = answers_of(&estate, &answers);
        let mut more = fewer.clone();
        for (entry, _) in estate.published.iter().zip(sighted).filter(|(_, sighted)| *sighted) {
            more.answers.insert(entry.asset_key, Answer::Sighted { by: "somebody".into() });
        }
        let (fewer, more) = (estate.round(&fewer, &history, at(0)), estate.round(&more, &history, at(0)));
        assert_books_balance(&estate, &more);
        prop_assert!(of_kind(&more, ChangeKind::Retire).is_subset(&of_kind(&fewer, ChangeKind::Retire)));
        // Nor does anything live elsewhere.
        let place = Elsewhere { doubtful: false, account_id: other_account(), region: "eu".into() };
        let elsewhere = estate.published.iter().map(|entry| (entry.asset_key, place.clone())).collect();
        let everywhere = Proofs { elsewhere, ..answers_of(&estate, &answers) };
        prop_assert_eq!(of_kind(&estate.round(&everywhere, &history, at(0)), ChangeKind::Retire), BTreeSet::new());
    }

    #[test]
    fn semantics_2_4_less_coverage_never_adds_a_retire_whatever_is_proven(
        estate in estate(),
        answers in prop::collection::vec(answer(), 4),
        dark in prop::collection::vec(any::<bool>(), 16),
        reason in prop::sample::select(Reason::ALL.to_vec()),
    ) {
        let history = patient(&estate);
        let proofs = answers_of(&estate, &answers);
        let more = estate.round(&proofs, &history, at(0));
        let mut darker = estate.clone();
        // What is dark already is not made darker by a milder reason.
        let seen = |line: &crate::coverage::CoverageLine| line.coverage().is_complete();
        for (line, _) in darker.lines.iter_mut().zip(dark).filter(|(line, dark)| *dark && seen(line)) {
            line.set_incomplete(reason, "");
        }
        let less = darker.round(&proofs, &history, at(0));
        assert_books_balance(&darker, &less);
        prop_assert!(of_kind(&less, ChangeKind::Retire).is_subset(&of_kind(&more, ChangeKind::Retire)));
    }

    #[test]
    fn semantics_2_4_a_deletion_never_retires_something_live(estate in estate(), hours in 0_i64..200) {
        let history = patient(&estate);
        let deleted = vec![Answer::Deleted { at: at(-hours) }; 4];
        let result = estate.round(&answers_of(&estate, &deleted), &history, at(0));
        let retired = of_kind(&result, ChangeKind::Retire);
        for asset in result.assets.iter().filter(|asset| retired.contains(&asset.asset_key)) {
            prop_assert!(asset.items.is_empty(), "{}", render(&result));
        }
        // Nor is anything proven that is not missing.
        let missing = estate.round(&Proofs::default(), &history, at(0)).missing;
        let missing: BTreeSet<AssetKey> = missing.iter().map(|of| of.asset_key).collect();
        prop_assert!(retired.is_subset(&missing));
    }

    #[test]
    fn nothing_is_retired_that_a_naive_reading_of_the_rules_would_keep(story in story()) {
        let mut oracle = Oracle::default();
        let mut history = AccountHistory::default();
        let mut register = None;
        let mut hour = 0;
        for (hours, mut estate) in story {
            hour += hours;
            estate.published = register.unwrap_or(estate.published);
            // The oracle knows rows by their keys.
            estate.records.sort_by(|a, b| a.row_key.cmp(&b.row_key));
            estate.records.dedup_by(|a, b| a.row_key == b.row_key);
            // It knows the built-in rules only.
            estate.rules = rules();
            let result = estate.run(&history, at(hour));
            let retires = of_kind(&result, ChangeKind::Retire);
            for entry in &estate.published {
                let allowed = oracle.may_retire(&estate, &result, entry, &history, hour);
                let ambiguous = result.changes.iter().any(|change| {
                    change.asset_key == entry.asset_key && change.reason == Some(WithheldReason::Ambiguous)
                });
                let retired = retires.contains(&entry.asset_key);
                prop_assert!(allowed || !retired, "hour {}: {:?}\n{}", hour, entry, render(&result));
                // Nor is anything kept for ever without a cause.
                // What was once seen and has lost its place or id cannot be asked for.
                let nameless = entry.region().is_none() || entry.resource_id().is_none();
                let doubtful = entry.arn().is_some() || nameless;
                prop_assert!(retired || !allowed || ambiguous || doubtful, "{:?}\n{}", entry, render(&result));
            }
            apply(&mut estate.published, &result.changes);
            history = result.history;
            register = Some(estate.published);
        }
    }

    #[test]
    fn what_belongs_to_no_account_settles_too(
        estate in estate(),
        sighted in prop::collection::vec(any::<bool>(), 6),
        complete in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let coverage = if complete { Coverage::Complete } else { Coverage::Incomplete(Reason::RoleDenied) };
        let mut nowhere = estate.clone();
        nowhere.items.clear();
        nowhere.published.iter_mut().for_each(|entry| entry.account_id = None);
        let rows: Vec<_> = estate.records.iter().zip(sighted).map(|(record, sighted)| UnplacedRecord {
            record: crate::asset_record::AssetRecord { account_id: None, ..record.clone() },
            sighted,
            claimed_in: BTreeSet::new(),
        }).collect();
        let none = AccountHistory::default();
        let unplaced = |rows: &[UnplacedRecord], register: &[_], history: &AccountHistory| {
            reconcile_unplaced(rows, register, &Default::default(), coverage, &rules(), history, at(0))
        };
        let first = unplaced(&rows, &nowhere.published, &none);
        assert_books_balance(&nowhere, &first);
        prop_assert_eq!(&first, &unplaced(&shuffled(&rows, seed), &shuffled(&nowhere.published, seed), &none));
        let mut register = nowhere.published.clone();
        apply(&mut register, &first.changes);
        let again = unplaced(&rows, &register, &first.history);
        apply(&mut register, &again.changes);
        assert_settled(&unplaced(&rows, &register, &again.history));

        let rows: Vec<_> = estate.records.iter()
            .map(|record| crate::asset_record::AssetRecord { aws: false, ..record.clone() }).collect();
        let first = reconcile_not_aws(&rows, &nowhere.published, &Default::default(), &rules(), &none, at(0));
        assert_books_balance(&nowhere, &first);
        let other = reconcile_not_aws(&shuffled(&rows, seed), &shuffled(&nowhere.published, seed), &Default::default(), &rules(), &none, at(0));
        prop_assert_eq!(&first, &other);
        let mut register = nowhere.published.clone();
        apply(&mut register, &first.changes);
        let again = reconcile_not_aws(&rows, &register, &Default::default(), &rules(), &first.history, at(0));
        // Rows that quarrelled over an entry may have one left over, for one run.
        apply(&mut register, &again.changes);
        assert_settled(&reconcile_not_aws(&rows, &register, &Default::default(), &rules(), &again.history, at(0)));
    }
}
