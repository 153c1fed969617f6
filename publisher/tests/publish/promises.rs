//! The suite of promises, held against registers that keep them, that declare less, and that break one each.

use std::collections::BTreeSet;

use bestand_model::asset::{AssetKey, AssetState, KeyBasis, PublishedAsset};
use bestand_model::capability::Capability;
use bestand_model::identifiers::AccountId;
use bestand_publisher::central_register::promises::{
    Examination, Outcome, Promise, Subject, Unfit, Verdict, examine,
};
use bestand_publisher::central_register::{Capabilities, CentralRegister};
use jiff::Timestamp;

use crate::breaking::{Breach, Breaking};
use crate::drive::finish;
use crate::memory_register::{ENVIRONMENT, MemoryRegister, SOURCE};
use crate::writer::Writer;

pub(crate) fn account(number: u32) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn subject(name: &str) -> Subject<'static> {
    Subject {
        environment: ENVIRONMENT.into(),
        accounts: [account(1), account(2)],
        name: name.into(),
        at: Timestamp::UNIX_EPOCH,
        max_entries: 100,
        second: None,
        stranger: None,
        evidence: None,
    }
}

fn register(entries: &[PublishedAsset]) -> MemoryRegister {
    let mut register = MemoryRegister::new(entries);
    let capabilities = &mut register.identity.capabilities;
    (capabilities.max_batch, capabilities.max_page) = (5, 4);
    register
}

/// Examines with all helpers that there can be.
fn examined(register: &MemoryRegister, wrapped: &dyn CentralRegister, name: &str) -> Examination {
    let writer = Writer { register, source: SOURCE };
    let stranger = Writer { register, source: "stranger" };
    let subject = Subject { stranger: Some(&stranger), evidence: Some(&writer), ..subject(name) };
    finish(examine(wrapped, &subject)).unwrap()
}

fn broken(examination: &Examination) -> Vec<Promise> {
    let broken = examination.failures().filter(|verdict| matches!(verdict.outcome, Outcome::Broken { .. }));
    broken.map(|verdict| verdict.promise).collect()
}

/// All 32 ways to declare something and not the rest.
fn declarations() -> impl Iterator<Item = Capabilities> {
    (0..32_u32).map(|bits| {
        let has = |bit: u32| bits >> bit & 1 == 0;
        Capabilities {
            environment: has(0),
            list: has(1),
            preconditions: has(2),
            idempotency: has(3),
            read_back: has(4),
            max_batch: 5,
            max_page: 4,
        }
    })
}

#[test]
fn semantics_3_10_a_register_passes_as_far_as_it_declares() {
    for capabilities in declarations() {
        let mut register = register(&[]);
        register.identity.capabilities = capabilities;
        let writer = Writer { register: &register, source: SOURCE };
        let examination = examined(&register, &writer, "first");
        assert!(examination.passes(), "{capabilities:?}\n{examination}");
        for Verdict { promise, outcome } in &examination.verdicts {
            let claimed = promise.rests_on().is_none_or(|capability| capabilities.declares(capability));
            let expected = if claimed { Outcome::Kept } else { Outcome::NotClaimed };
            assert_eq!(*outcome, expected, "{promise} with {capabilities:?}");
        }
    }
}

#[test]
fn semantics_3_10_what_is_declared_and_not_kept_is_found() {
    // Each is weaker than it says, in the way in which a register that does not declare it may be.
    for (capability, promises) in [
        (
            Capability::Preconditions,
            &[
                Promise::CreateOfAnExistingKeyConflicts,
                Promise::StaleVersionsConflict,
                Promise::WhatIsNotThereIsNotChanged,
                Promise::OneOfTwoWritersWins,
                Promise::AnEntryShowsItsLastPlan,
            ][..],
        ),
        (Capability::Idempotency, &[Promise::AKeyAppliesOnce, Promise::AKeyStandsForOneChange]),
        (Capability::ReadBack, &[Promise::AnEntryShowsItsLastPlan]),
    ] {
        let mut register = register(&[]);
        let declared = register.identity.capabilities;
        let kept = &mut register.identity.capabilities;
        match capability {
            Capability::Preconditions => kept.preconditions = false,
            Capability::Idempotency => kept.idempotency = false,
            _ => kept.read_back = false,
        }
        let boaster = Breaking::new(&register, Breach::Declares(declared));
        let examination = examined(&register, &boaster, "first");
        assert_eq!(broken(&examination), promises, "{capability}\n{examination}");
    }
}

#[test]
fn an_examination_leaves_nothing_active_and_the_next_one_finds_all_in_order() {
    let register = register(&[]);
    let writer = Writer { register: &register, source: SOURCE };
    for name in ["first", "second"] {
        let examination = examined(&register, &writer, name);
        assert!(examination.passes(), "{examination}");
        for source in [SOURCE, "stranger"] {
            let owned = register.owned(source);
            assert!(!owned.is_empty());
            assert!(owned.iter().all(|entry| entry.state == AssetState::Retired), "{source}");
        }
    }
}

#[test]
fn every_breach_is_found_and_the_promise_named() {
    let mut found = BTreeSet::new();
    for (breach, promises) in Breach::each() {
        let register = register(&[]);
        let breaking = Breaking::new(&register, breach);
        let examination = examined(&register, &breaking, "first");
        let broken = broken(&examination);
        assert_eq!(broken, promises, "{breach:?}\n{examination}");
        found.extend(broken);
    }
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        Promise::ALL,
        "every promise has somebody who breaks it"
    );
}

#[test]
fn what_is_claimed_and_cannot_be_examined_is_no_pass() {
    let register = register(&[]);
    let writer = Writer { register: &register, source: SOURCE };
    let bare = Subject { max_entries: 5, ..subject("first") };
    let examination = finish(examine(&writer, &bare)).unwrap();
    let failures: Vec<Promise> = examination.failures().map(|verdict| verdict.promise).collect();
    let expected = [
        Promise::StrangersEntriesAreNotShown,
        Promise::PagesHoldEveryEntryOnce,
        Promise::StrangersEntriesAreNotChanged,
        Promise::ATooLargeBatchIsNotApplied,
        Promise::LaterEvidenceReplacesEarlier,
    ];
    assert_eq!(failures, expected, "{examination}");
    let unexamined =
        examination.failures().all(|verdict| matches!(verdict.outcome, Outcome::NotExamined { .. }));
    assert!(unexamined && !examination.passes(), "{examination}");
}

#[test]
fn what_cannot_be_left_retired_is_told() {
    let register = register(&[]);
    let breaking = Breaking::new(&register, Breach::RetiresNothing);
    let examination = examined(&register, &breaking, "first");
    let active: Vec<AssetKey> = register
        .owned(SOURCE)
        .into_iter()
        .filter(|entry| entry.state == AssetState::Active)
        .map(|entry| entry.asset_key)
        .collect();
    assert!(!active.is_empty());
    assert_eq!(examination.left_active, active);
}

#[test]
fn nothing_is_written_where_somebody_lives_or_somewhere_else_was_meant() {
    let somebodys = PublishedAsset {
        asset_key: AssetKey::mint(ENVIRONMENT, &KeyBasis::Row("somebody's")),
        version: "1".into(),
        state: AssetState::Active,
        account_id: Some(account(2)),
        attributes: Default::default(),
        last_plan: None,
        last_writer: None,
        updated_at: None,
    };
    let register = register(std::slice::from_ref(&somebodys));
    let writer = Writer { register: &register, source: SOURCE };
    let unfit = |subject: Subject<'_>| finish(examine(&writer, &subject)).unwrap_err();
    let in_use = unfit(subject("first"));
    assert!(matches!(in_use, Unfit::InUse { account: of, .. } if of == account(2)));
    let elsewhere = Subject { environment: "production".into(), ..subject("first") };
    assert!(matches!(unfit(elsewhere), Unfit::Environment { .. }));
    let one_account = Subject { accounts: [account(1), account(1)], ..subject("first") };
    assert!(matches!(unfit(one_account), Unfit::Subject(_)));
    assert!(matches!(unfit(subject("no name")), Unfit::Subject(_)));
    assert!(matches!(unfit(subject("")), Unfit::Subject(_)));
    assert!(register.carried_out().is_empty());
    assert_eq!(register.owned(SOURCE), [somebodys]);
}

#[test]
fn every_promise_has_a_name_and_a_sentence_of_its_own() {
    let names: BTreeSet<_> = Promise::ALL.iter().map(|promise| promise.name()).collect();
    let sentences: BTreeSet<_> = Promise::ALL.iter().map(|promise| promise.sentence()).collect();
    assert_eq!((names.len(), sentences.len()), (Promise::ALL.len(), Promise::ALL.len()));
    for capability in Capability::ALL {
        assert!(Promise::ALL.iter().any(|promise| promise.rests_on() == Some(capability)), "{capability}");
    }
}
