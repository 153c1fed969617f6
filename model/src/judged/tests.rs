use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::asset::AssetState;
use crate::asset_record::Lifecycle;
use crate::shared_identity::IdentityCensus;

fn key(number: u128) -> AssetKey {
    AssetKey(Uuid::from_u128(number))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn record(row_key: &str) -> AssetRecord {
    AssetRecord {
        row_key: row_key.into(),
        aws: true,
        asset_id: Some(row_key.into()),
        arn: None,
        resource_id: None,
        account_id: None,
        region: Some("eu".into()),
        resource_type: None,
        lifecycle: Lifecycle::Planned,
        attributes: BTreeMap::from([("size".to_owned(), 0.1.into()), ("none".to_owned(), ().into())]),
    }
}

fn entry(number: u128, asset_id: &str) -> PublishedAsset {
    PublishedAsset {
        asset_key: key(number),
        version: "7".into(),
        state: AssetState::Retired,
        account_id: None,
        attributes: BTreeMap::from([("asset_id".to_owned(), asset_id.into())]),
        last_plan: None,
        last_writer: Some("somebody".into()),
        updated_at: Some(at(3)),
    }
}

/// Something in each part, so that a part that is not written shows.
fn history() -> AccountHistory {
    AccountHistory {
        assets: BTreeMap::from([
            (key(1), AssetHistory { first_seen: Some(at(0)), last_seen: Some(at(1)), ..Default::default() }),
            (key(2), AssetHistory { absent_since: Some(at(2)), looks: 3, ..Default::default() }),
        ]),
        scopes: vec![ScopeHistory {
            region: "eu".into(),
            resource_type: "AWS::SQS::Queue".into(),
            collected: 12,
            collapsed_times: 1,
            collapsed_to: Some(2),
            last_collapse: Some(at(4)),
        }],
        findings: BTreeMap::from([("0123456789abcdef".to_owned(), at(5))]),
    }
}

#[test]
fn what_an_account_was_judged_by_is_read_back_as_it_was_written() {
    let (history, records, joined) = (history(), [record("ITK-1")], [entry(3, "ITK-1")]);
    let unplaced = [UnplacedRecord {
        record: record("ITK-2"),
        sighted: true,
        claimed_in: BTreeSet::from(["111122223333".parse().unwrap(), "444455556666".parse().unwrap()]),
    }];
    let published = [entry(4, "ITK-3"), entry(5, "ITK-4"), entry(3, "ITK-1")];
    let mut stray_rows = StrayRows::default();
    ["ITK-3", "ITK-9"].iter().for_each(|id| stray_rows.add(Some(&(*id).into())));
    let place =
        Elsewhere { doubtful: true, account_id: "444455556666".parse().unwrap(), region: "us".into() };
    let proofs = Proofs {
        answers: BTreeMap::from([
            (key(1), Answer::Deleted { at: at(9) }),
            (key(2), Answer::Unanswered { detail: "denied".into() }),
        ]),
        elsewhere: BTreeMap::from([(key(4), place)]),
    };
    let mut census = IdentityCensus::default();
    let rows = [record("ITK-1"), record("ITK-1"), record("ITK-5"), record("ITK-5")];
    rows.iter().for_each(|row| census.add(row));
    let mut shared = SharedIdentities::default();
    rows.iter().for_each(|row| shared.add(&census, row));
    let mut publications = Publications::default();
    publications.begin("plan");
    let line = LastPublished {
        asset_key: key(4),
        plan: "plan".into(),
        planned_at: at(6),
        version: None,
        shared: true,
        state: Some(AssetState::Active),
        attributes: BTreeMap::from([("owner".to_owned(), ().into())]),
    };
    let memory = PublishedMemory::new(publications, [line]);
    let by = JudgedBy {
        named: &records,
        shared: &shared,
        memory: &memory,
        state: Some(AccountState::Decommissioned),
        coverage: Coverage::Incomplete(Reason::ScopeUnknown),
        history: &history,
        records: &records,
        unplaced: &unplaced,
        joined: &joined,
        published: &published,
        stray_rows: &stray_rows,
        proofs: &proofs,
    };
    let mut back = Judged::default();
    for line in by.lines(1) {
        let text = serde_json::to_string(&line).unwrap();
        back.take(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));
    }
    assert_eq!(back.head.state, by.state);
    assert_eq!((back.head.schema_version, back.coverage()), (1, by.coverage));
    assert_eq!(back.history, history);
    assert_eq!(back.records, records);
    assert_eq!(back.unplaced, unplaced);
    assert_eq!(back.joined, joined);
    assert_eq!(back.proofs, proofs);
    assert_eq!(back.memory().lines().collect::<Vec<_>>(), memory.lines().collect::<Vec<_>>());
    assert_eq!(
        back.shared.of_asset_id(&rows[0]).map(|sharing| sharing.count),
        Some(2),
        "a row of this account shares its name"
    );
    assert!(back.shared.of_asset_id(&rows[2]).is_none(), "no row here has this name");
    let stray = |id: &str| back.stray_rows.may_speak_of(Some(&id.into()));
    assert!(stray("ITK-3"), "a stray row names this entry");
    assert!(!stray("ITK-4") && !stray("ITK-9"), "no entry, no line");
    assert!(!back.stray_rows.may_speak_of(None));
}

#[test]
fn a_stray_row_without_name_may_speak_of_anything_after_reading_back_too() {
    let mut stray_rows = StrayRows::default();
    stray_rows.add(None);
    let (history, shared) = (AccountHistory::default(), SharedIdentities::default());
    let by = JudgedBy {
        state: None,
        coverage: Coverage::Complete,
        history: &history,
        named: &[],
        records: &[],
        unplaced: &[],
        joined: &[],
        published: &[],
        stray_rows: &stray_rows,
        shared: &shared,
        memory: &PublishedMemory::default(),
        proofs: &Proofs::default(),
    };
    let mut back = Judged::default();
    by.lines(1).for_each(|line| back.take(line));
    assert!(back.stray_rows.may_speak_of(None));
    assert_eq!((back.head.state, back.coverage()), (None, Coverage::Complete));
}
