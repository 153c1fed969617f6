use std::path::Path;
use std::sync::Mutex;

use bestand_model::asset::KeyBasis;
use bestand_model::coverage::{AccountCoverage, CoverageLine, Reason};
use bestand_model::identification::IdentificationRules;
use bestand_model::identifiers::RunId;
use bestand_publisher::run_store::RunStore;

use super::super::ledgers::Ledger;
use super::super::place::Extra;
use super::*;
use crate::telemetry::LogFormat;

const INSTANCE: &str = "AWS::EC2::Instance";
const ID: &str = "i-0abc1234def567890";

/// Answers everything, and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    asked: Mutex<Vec<(AccountId, AssetKey)>>,
}

impl Witness for Scripted {
    async fn ask(&self, account: &Account, questions: &[Question]) -> BTreeMap<AssetKey, Answer> {
        let keys = || questions.iter().map(|question| question.asset_key);
        self.asked.lock().unwrap().extend(keys().map(|key| (account.id.clone(), key)));
        keys().map(|key| (key, Answer::NeverHeardOf)).collect()
    }
}

fn id(digit: u8) -> AccountId {
    digit.to_string().repeat(12).parse().unwrap()
}

fn key(number: u8) -> AssetKey {
    AssetKey::mint("test", &KeyBasis::Row(&number.to_string()))
}

fn missing(number: u8, resource_id: &str) -> Missing {
    let question = Question {
        asset_key: key(number),
        region: "eu-central-1".into(),
        resource_type: INSTANCE.into(),
        resource_id: resource_id.into(),
        arn: None,
    };
    let resource = Some((question.resource_type.clone(), question.resource_id.clone()));
    Missing { asset_key: key(number), resource, arn: None, keys: Vec::new(), question: Some(question) }
}

fn item(account: u8, resource_id: &str) -> ConfigurationItem {
    ConfigurationItem::named(id(account), "eu-west-1".into(), INSTANCE.into(), resource_id.into())
}

/// Three accounts, of which the third has an instance; what of it the first misses is looked for.
async fn proofs_with(
    state: AccountState,
    reason: Option<Reason>,
    sought: Vec<Missing>,
) -> (Proofs, Vec<(AccountId, AssetKey)>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    let store = RunStore::open(&url, Path::new(".")).unwrap();
    let directory = store.create_run(&RunId::new("run")).unwrap();
    let mut spool = directory.spool(Spool::Inventory, id(3).as_str()).unwrap();
    spool.push(&item(3, ID)).unwrap();
    spool.finish().unwrap();

    let mut line = CoverageLine::complete(id(3), Some("eu-west-1".into()), Some(INSTANCE.into()));
    if let Some(reason) = reason {
        line.set_incomplete(reason, "");
    }
    let accounts = [
        Account::new(id(1), AccountState::Active),
        Account::new(id(2), AccountState::Active),
        Account::new(id(3), state),
    ];
    let case = |account, lines: Vec<CoverageLine>| Case {
        account,
        ledger: Ledger { coverage: AccountCoverage::new(lines), scopes: Vec::new() },
        extra: Extra::default(),
    };
    // The second has no inventory at all: nobody could enter it.
    let cases = [case(&accounts[0], vec![]), case(&accounts[1], vec![]), case(&accounts[2], vec![line])];
    let witness = Scripted::default();
    let progress = Progress::new(LogFormat::Json, false);
    let mut gathered = gather(
        &directory,
        &IdentificationRules::default(),
        progress,
        2,
        &witness,
        &cases,
        &[(&cases[0], sought)],
    )
    .await
    .unwrap();
    (gathered.remove(&id(1)).unwrap(), witness.asked.into_inner().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn semantics_2_4_what_lives_elsewhere_is_found_and_all_else_is_asked_for() {
    let sought = vec![missing(1, ID), missing(2, "i-00000000000000002")];
    let (proofs, asked) = proofs_with(AccountState::Active, None, sought).await;
    let place = proofs.elsewhere.get(&key(1)).unwrap();
    assert_eq!((&place.account_id, place.region.as_str(), place.doubtful), (&id(3), "eu-west-1", false));
    assert_eq!(asked, [(id(1), key(2))]);
    assert_eq!(proofs.answers, BTreeMap::from([(key(2), Answer::NeverHeardOf)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn semantics_2_4_an_old_row_elsewhere_is_doubtful() {
    for (state, reason) in [
        (AccountState::Active, Some(Reason::RecorderStopped)),
        (AccountState::Inactive, None),
        (AccountState::Decommissioned, None),
    ] {
        let (proofs, asked) = proofs_with(state, reason, vec![missing(1, ID)]).await;
        assert!(proofs.elsewhere[&key(1)].doubtful, "{state:?}");
        assert_eq!(asked, [], "it is not absent: nobody needs to be asked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn semantics_2_12_where_nobody_can_be_asked_nobody_is() {
    let gone = Missing { question: None, ..missing(1, "i-00000000000000009") };
    let (proofs, asked) = proofs_with(AccountState::Active, None, vec![gone]).await;
    assert_eq!((proofs, asked), (Proofs::default(), vec![]));
}
