//! What holds of lives, histories, adoption and ephemeral resources, whatever the estate.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::small_estates::*;
use super::support::*;
use crate::adoption::{AdoptBy, Adoption};
use crate::asset::AssetKey;
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::ephemeral::{EphemeralRule, EphemeralRules, Treatment};
use crate::finding::FindingKind;
use crate::history::{AccountHistory, AssetHistory};
use crate::lifecycle::{LifecycleRule, LifecycleRules, Stage};
use crate::reconciliation::{AccountReconciliation, Rules};

fn of_kind(result: &AccountReconciliation, kind: ChangeKind) -> BTreeSet<AssetKey> {
    result.changes.iter().filter(|change| change.kind == kind).map(|change| change.asset_key).collect()
}

fn with_rules(estate: &Estate, rules: Rules) -> Estate {
    Estate { rules, ..estate.clone() }
}

/// What may happen to what a store remembers.
#[derive(Clone, Debug)]
enum Mishap {
    /// Nothing.
    Kept,
    /// All of it is lost.
    Lost,
    /// Of each asset some of it is lost.
    Cut([bool; 5]),
    /// The run is made again within the hour.
    Again(u8),
    /// The last writing is lost.
    SetBack,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => Just(Mishap::Kept),
        1 => Just(Mishap::Lost),
        2 => any::<[bool; 5]>().prop_map(Mishap::Cut),
        1 => (1_u8..4).prop_map(Mishap::Again),
        1 => Just(Mishap::SetBack),
    ]
}

fn cut(history: &mut AccountHistory, lost: [bool; 5]) {
    for of in history.assets.values_mut() {
        let [first, last_seen, since, last_look, looks] = lost;
        *of = AssetHistory {
            first_seen: of.first_seen.filter(|_| !first),
            last_seen: of.last_seen.filter(|_| !last_seen),
            absent_since: of.absent_since.filter(|_| !since),
            last_look: of.last_look.filter(|_| !last_look),
            looks: if looks { 0 } else { of.looks },
            planned_since: of.planned_since,
        };
    }
}

/// A writing whose looks are lost may be missed; a sighting that nobody wrote down is another matter.
fn set_back(history: &mut AccountHistory, before: &AccountHistory) {
    for (key, of) in history.assets.iter_mut().filter(|(_, of)| of.looks > 0) {
        *of = before.assets.get(key).cloned().unwrap_or_default();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn semantics_5_1_a_stage_is_what_register_and_history_say_after_the_plan(story in story()) {
        let mut history = AccountHistory::default();
        let mut register = None;
        let mut hour = 0;
        let nothing = AssetHistory::default();
        for (hours, mut estate) in story {
            hour += hours;
            estate.published = register.unwrap_or(estate.published);
            let before = estate.published.clone();
            let result = estate.run(&history, at(hour));
            apply(&mut estate.published, &result.changes);
            for asset in &result.assets {
                let key = asset.asset_key;
                let change = result.changes.iter().find(|change| change.asset_key == key);
                if change.is_some_and(|change| change.reason == Some(WithheldReason::Ambiguous)) {
                    continue;
                }
                let state = |register: &[crate::asset::PublishedAsset]| {
                    register.iter().find(|entry| entry.asset_key == key).map(|entry| entry.state)
                };
                let was = Stage::of(state(&before), history.assets.get(&key).unwrap_or(&nothing));
                let is = Stage::of(state(&estate.published), result.history.assets.get(&key).unwrap_or(&nothing));
                prop_assert_eq!((asset.life.before, asset.life.after), (was, is), "{}", render(&result));
            }
            history = result.history;
            register = Some(estate.published);
        }
    }

    #[test]
    fn semantics_5_2_lost_or_repeated_history_only_delays(
        story in story(),
        mishaps in prop::collection::vec(mishap(), 7),
        after_runs in 1_u32..4,
        after_hours in prop::sample::select(vec![0_u32, 24, 48]),
        interval in prop::sample::select(vec![0_u32, 12, 24]),
    ) {
        let rule = LifecycleRule {
            types: vec![QUEUE.into(), ROLE.into()],
            after_runs: Some(after_runs),
            after_hours: Some(after_hours),
            min_look_interval_hours: Some(interval.max(1)),
        };
        let rules = Rules { lifecycle: LifecycleRules::new(&[rule]), ..rules() };
        let mut whole = AccountHistory::default();
        let mut broken = AccountHistory::default();
        let mut hour = 0;
        for ((hours, estate), mishap) in story.into_iter().zip(mishaps) {
            hour += hours;
            let mut estate = with_rules(&estate, rules.clone());
            // What was never more than a row's word, and cannot be asked for, has nothing but its history.
            estate.published.retain(|entry| entry.attributes.get(attribute::VERIFICATION) == Some(&"live".into()));
            let reference = estate.run(&whole, at(hour));
            let mut result = estate.run(&broken, at(hour));
            let repeats = if let Mishap::Again(times) = mishap { times } else { 0 };
            for minute in 1..=repeats {
                let later = at(hour).checked_add(jiff::SignedDuration::from_mins(i64::from(minute))).unwrap();
                result = estate.run(&result.history, later);
            }
            let early = of_kind(&result, ChangeKind::Retire);
            prop_assert!(early.is_subset(&of_kind(&reference, ChangeKind::Retire)), "{}", render(&result));
            let before = std::mem::replace(&mut broken, result.history);
            match mishap {
                Mishap::Kept | Mishap::Again(_) => {}
                Mishap::Lost => broken = AccountHistory::default(),
                Mishap::Cut(lost) => cut(&mut broken, lost),
                Mishap::SetBack => set_back(&mut broken, &before),
            }
            whole = reference.history;
        }
    }

    #[test]
    fn semantics_3_3_an_entry_that_bestand_never_wrote_is_adopted_as_stated_or_left_alone(
        story in story(),
        strangers in prop::collection::vec(any::<bool>(), 4),
        ways in prop::collection::vec(prop::sample::select(AdoptBy::ALL.to_vec()), 0..4),
    ) {
        let rules = Rules { adoption: Adoption::new(&ways), ..rules() };
        let mut history = AccountHistory::default();
        let mut hour = 0;
        for (hours, estate) in story {
            hour += hours;
            let mut estate = with_rules(&estate, rules.clone());
            for (entry, _) in estate.published.iter_mut().zip(&strangers).filter(|(_, stranger)| **stranger) {
                *entry = foreign(entry.clone());
            }
            let result = estate.run(&history, at(hour));
            for entry in estate.published.iter().filter(|entry| !entry.bears_our_mark()) {
                let known = history.assets.get(&entry.asset_key).is_some_and(|of| of.first_seen.is_some());
                let asset = result.assets.iter().find(|of| of.published.contains(&entry.asset_key)).unwrap();
                let change = result.changes.iter().find(|change| change.asset_key == entry.asset_key);
                let touched = change.is_some_and(|change| change.kind.is_sent());
                let matched = !asset.items.is_empty() || !asset.records.is_empty();
                prop_assert!(!touched || known || (matched && !ways.is_empty()), "{}", render(&result));
                // Whoever has such an entry gets no second one.
                let made = of_kind(&result, ChangeKind::Create);
                prop_assert!(!made.contains(&asset.asset_key));
            }
            let foreigners = estate.published.iter().filter(|entry| !entry.bears_our_mark()).count();
            let left = result.findings.iter().filter(|of| of.kind == FindingKind::NotOurs).count();
            prop_assert!(left <= foreigners);
            history = result.history;
        }
    }

    #[test]
    fn semantics_5_4_ephemeral_rules_hide_nothing_and_add_nothing(
        story in story(),
        kinds in prop::collection::vec(prop::sample::select(vec![QUEUE, BUCKET, ROLE, SUBNET]), 1..3),
        together in any::<bool>(),
    ) {
        let treat = if together { Treatment::Aggregate } else { Treatment::LeaveOut };
        let types = kinds.into_iter().map(Into::into).collect();
        let ephemeral = EphemeralRules::new(&[EphemeralRule { types, tag: None, treat }]);
        let mut history = AccountHistory::default();
        let mut hour = 0;
        for (hours, estate) in story {
            hour += hours;
            let plain = estate.run(&history, at(hour));
            let rules = Rules { ephemeral: ephemeral.clone(), ..estate.rules.clone() };
            let ruled = with_rules(&estate, rules).run(&history, at(hour));
            prop_assert_eq!(of_kind(&ruled, ChangeKind::Retire), of_kind(&plain, ChangeKind::Retire));
            prop_assert!(of_kind(&ruled, ChangeKind::Create).is_subset(&of_kind(&plain, ChangeKind::Create)));
            prop_assert!(of_kind(&ruled, ChangeKind::Update).is_subset(&of_kind(&plain, ChangeKind::Update)));
            prop_assert_eq!(&ruled.history.assets, &plain.history.assets);
            prop_assert_eq!(ruled.totals.owned_in_complete_scopes, plain.totals.owned_in_complete_scopes);
            // Every resource is left out or counted once, and all other findings are the same.
            let single = |result: &AccountReconciliation| -> BTreeMap<FindingKind, usize> {
                result.findings.iter().filter(|of| of.asset_key.is_some()).fold(BTreeMap::new(), |mut all, of| {
                    *all.entry(of.kind).or_default() += 1;
                    all
                })
            };
            let (mut plainly, mut ruledly) = (single(&plain), single(&ruled));
            let left = ruled.changes.iter().filter(|of| of.reason == Some(WithheldReason::Ephemeral)).count();
            let usual = plainly.remove(&FindingKind::Unregistered).unwrap_or_default();
            let still = ruledly.remove(&FindingKind::Unregistered).unwrap_or_default();
            // One that shares its key with ambiguous ones is withheld as they are.
            let quarrels =
                ruled.changes.iter().filter(|of| of.reason == Some(WithheldReason::Ambiguous)).count();
            prop_assert!((still + left..=still + left + quarrels).contains(&usual));
            prop_assert_eq!(plainly, ruledly);
            let counted: u64 = ruled.findings.iter().filter_map(|of| of.evidence.get("count")?.as_u64()).sum();
            prop_assert_eq!(counted, if together { (usual - still) as u64 } else { 0 });
            history = plain.history;
        }
    }
}
