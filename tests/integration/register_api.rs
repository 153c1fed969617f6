//! The client of the Register API against the reference server: the contract as both sides read it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bestand_model::asset::{AssetKey, AssetPatch, AssetState, KeyBasis, PublishedAsset};
use bestand_model::change_set::{Change, ChangeKind, Precondition};
use bestand_model::identifiers::{AccountId, RunId};
use bestand_model::run_summary::Override;
use bestand_publisher::central_register::{
    ApplyError, CentralRegister, ChangeBatch, ChangeResult, ListScope, RegisterApi, RegisterApiOptions,
    RegisterAuth, RegisterError, ResultStatus, RetryPolicy, RunEvidence, SentChange,
};
use bestand_sandbox::register::{
    Credential, FaultKind, FaultyCalls, RegisterFaults, RegisterOptions, RegisterServer, Role,
};
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

const PLAN: &str = "3f1c";

struct Fixture {
    server: RegisterServer,
    folder: TempDir,
}

impl Fixture {
    async fn start(credentials: Vec<Credential>, faults: RegisterFaults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RegisterOptions {
            database: folder.path().join("register.db"),
            register_id: "register-1".into(),
            environment: "staging".into(),
            listen: ([127, 0, 0, 1], 0).into(),
            credentials,
            faults,
        };
        Self { server: RegisterServer::start(options).await.unwrap(), folder }
    }

    fn client(&self, auth: RegisterAuth) -> RegisterApi {
        let mut options = RegisterApiOptions::new(self.server.url().parse().unwrap(), auth);
        options.request_timeout = Duration::from_secs(2);
        options.retry = RetryPolicy { first_delay: Duration::from_millis(1), ..RetryPolicy::default() };
        RegisterApi::new(options).unwrap()
    }
}

async fn open() -> (Fixture, RegisterApi) {
    faulty(RegisterFaults::default()).await
}

async fn faulty(faults: RegisterFaults) -> (Fixture, RegisterApi) {
    let fixture = Fixture::start(Vec::new(), faults).await;
    let client = fixture.client(RegisterAuth::None);
    (fixture, client)
}

fn account(number: u32) -> AccountId {
    format!("{number:012}").parse().unwrap()
}

fn key(number: u32) -> AssetKey {
    AssetKey::mint("staging", &KeyBasis::Row(&number.to_string()))
}

fn planned(kind: ChangeKind, number: u32, precondition: Precondition, after: AssetPatch) -> Change {
    let change = Change {
        kind,
        asset_key: key(number),
        account_id: after.account_id.clone(),
        precondition: Some(precondition),
        before: AssetPatch::default(),
        after,
        reason: None,
        would_be: None,
        ground: None,
        provenance: BTreeMap::new(),
        digest: String::new(),
    };
    change.sealed()
}

fn create(number: u32, owner: Option<AccountId>) -> Change {
    let attributes =
        [("name".to_owned(), json!(format!("asset <{number}>"))), ("seats".to_owned(), json!(48.5))];
    let after =
        AssetPatch { state: Some(AssetState::Active), account_id: owner, attributes: attributes.into() };
    planned(ChangeKind::Create, number, Precondition::Absent(true), after)
}

fn update(number: u32, version: &str, attributes: Value) -> Change {
    let attributes = serde_json::from_value(attributes).unwrap();
    let after = AssetPatch { attributes, ..AssetPatch::default() };
    planned(ChangeKind::Update, number, Precondition::Version(version.into()), after)
}

fn retire(number: u32, version: &str) -> Change {
    let after = AssetPatch { state: Some(AssetState::Retired), ..AssetPatch::default() };
    planned(ChangeKind::Retire, number, Precondition::Version(version.into()), after)
}

fn batch(changes: impl IntoIterator<Item = Change>) -> ChangeBatch {
    let changes = changes.into_iter().map(|change| SentChange::of(&change, PLAN).unwrap()).collect();
    ChangeBatch { plan_digest: PLAN.into(), run_id: RunId::from("run-1"), changes }
}

async fn apply(client: &RegisterApi, changes: impl IntoIterator<Item = Change>) -> Vec<ChangeResult> {
    client.apply(&batch(changes)).await.unwrap()
}

fn statuses(results: &[ChangeResult]) -> Vec<(ResultStatus, &str)> {
    results.iter().map(|result| (result.status, result.code.as_deref().unwrap_or_default())).collect()
}

async fn list_all(client: &RegisterApi, of: &ListScope) -> Vec<PublishedAsset> {
    let (mut assets, mut cursor) = (Vec::new(), None);
    loop {
        let page = client.list(of, cursor).await.unwrap();
        assets.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return assets;
        }
    }
}

#[tokio::test]
async fn what_was_published_is_listed_and_looked_up() {
    let (_fixture, client) = open().await;
    let identity = client.identity().await.unwrap();
    assert_eq!((identity.register_id.as_str(), identity.environment.as_str()), ("register-1", "staging"));
    assert_eq!((identity.source.as_str(), identity.capabilities.missing()), ("bestand", vec![]));

    // More than a page of one account, a few of another, some of none.
    let owner = |number: u32| (number >= 20).then(|| account(if number < 30 { 2 } else { 1 }));
    let changes: Vec<_> = (0..1_230).map(|number| create(number, owner(number))).collect();
    for changes in changes.chunks(identity.capabilities.max_batch) {
        let results = apply(&client, changes.to_vec()).await;
        assert!(results.iter().all(|result| result.status == ResultStatus::Applied && !result.replayed));
    }
    assert_eq!(client.accounts().await.unwrap(), [account(1), account(2)]);
    let first = client.list(&ListScope::Account(account(1)), None).await.unwrap();
    assert_eq!((first.items.len(), first.next.is_some()), (1_000, true));
    for (scope, expected) in [
        (ListScope::Account(account(1)), 30..1_230),
        (ListScope::Account(account(2)), 20..30),
        (ListScope::Account(account(3)), 0..0),
        (ListScope::WithoutAccount, 0..20),
    ] {
        let mut keys: Vec<_> = expected.map(key).collect();
        keys.sort();
        let listed = list_all(&client, &scope).await;
        assert_eq!(listed.iter().map(|asset| asset.asset_key).collect::<Vec<_>>(), keys, "{scope}");
    }

    let wanted: Vec<_> = (25..1_225).chain([9_999]).map(key).collect();
    let found = client.look_up(&wanted).await.unwrap();
    assert_eq!(found.len(), 1_200);
    let asset = found.iter().find(|asset| asset.asset_key == key(25)).unwrap();
    assert_eq!(
        (asset.version.as_str(), asset.state, asset.account_id.as_ref()),
        ("1", AssetState::Active, Some(&account(2)))
    );
    assert_eq!((asset.last_plan.as_deref(), asset.last_writer.as_deref()), (Some(PLAN), Some("bestand")));
    assert_eq!(asset.attributes["name"], "asset <25>");
    assert_eq!(asset.attributes["seats"], 48.5);
    assert!(asset.updated_at.is_some());
}

#[tokio::test]
async fn an_asset_lives_from_create_to_retire_and_back() {
    let (_fixture, client) = open().await;
    apply(&client, [create(1, Some(account(1)))]).await;
    apply(&client, [update(1, "1", json!({ "name": null, "owner": "bus" }))]).await;
    let results = apply(&client, [retire(1, "2")]).await;
    assert_eq!(results[0].version.as_deref(), Some("3"));
    let retired = client.look_up(&[key(1)]).await.unwrap().remove(0);
    assert_eq!(retired.state, AssetState::Retired);
    assert_eq!(
        retired.attributes,
        [("owner".to_owned(), json!("bus")), ("seats".to_owned(), json!(48.5))].into()
    );
    assert_eq!(
        list_all(&client, &ListScope::Account(account(1))).await,
        [retired],
        "lists give retired entries too"
    );

    let mut back = update(1, "3", json!({}));
    back.after.state = Some(AssetState::Active);
    apply(&client, [back.sealed()]).await;
    assert_eq!(client.look_up(&[key(1)]).await.unwrap()[0].state, AssetState::Active);
}

#[tokio::test]
async fn a_record_that_moved_meanwhile_is_left_alone() {
    let credentials = vec![
        Credential::api_key("bestand", "key-b"),
        Credential::api_key("other", "key-o"),
        Credential::api_key("erika", "key-k").with_role(Role::Keeper),
    ];
    let fixture = Fixture::start(credentials, RegisterFaults::default()).await;
    let as_key = |key: &str| fixture.client(RegisterAuth::ApiKey(key.into()));
    let (ours, theirs, keeper) = (as_key("key-b"), as_key("key-o"), as_key("key-k"));
    apply(&ours, [create(1, None)]).await;
    apply(&theirs, [create(2, None)]).await;
    apply(&keeper, [update(1, "1", json!({ "owner": "by hand" }))]).await;

    let results = apply(
        &ours,
        [update(1, "1", json!({ "owner": "bus" })), retire(2, "1"), create(1, None), retire(3, "1")],
    )
    .await;
    let expected = [
        (ResultStatus::Conflicted, "version_mismatch"),
        (ResultStatus::Rejected, "not_owner"),
        // The very create of before: its key is known.
        (ResultStatus::Applied, ""),
        (ResultStatus::Conflicted, "not_found"),
    ];
    assert_eq!(statuses(&results), expected);
    assert!(results[2].replayed);
    let asset = client_asset(&ours, 1).await;
    assert_eq!(
        (asset.attributes["owner"].as_str(), asset.last_writer.as_deref()),
        (Some("by hand"), Some("erika"))
    );
    assert!(ours.look_up(&[key(2)]).await.unwrap().is_empty());
    assert_eq!(list_all(&ours, &ListScope::WithoutAccount).await.len(), 1);
    // A keeper's credential shows everybody's entries: bestand does not take them for its own.
    let error = keeper.list(&ListScope::WithoutAccount, None).await.unwrap_err();
    assert!(matches!(error, RegisterError::Nonsense { .. }), "{error:?}");

    let error = as_key("wrong").apply(&batch([create(5, None)])).await.unwrap_err();
    assert!(matches!(&error, ApplyError::NotSent(cause) if cause.status() == Some(401)), "{error:?}");
}

async fn client_asset(client: &RegisterApi, number: u32) -> PublishedAsset {
    client.look_up(&[key(number)]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles_a_change() {
    for kind in [FaultKind::DropAfter, FaultKind::CutJson, FaultKind::Hang(Duration::from_secs(60))] {
        let (_fixture, client) = faulty(RegisterFaults::one(FaultyCalls::Changes, 0, 1, kind)).await;
        let results = apply(&client, (0..50).map(|number| create(number, None))).await;
        assert!(
            results.iter().all(|result| result.status == ResultStatus::Applied && result.replayed),
            "{kind:?}"
        );
        let assets = list_all(&client, &ListScope::WithoutAccount).await;
        assert_eq!(assets.len(), 50);
        assert!(assets.iter().all(|asset| asset.version == "1"), "each was applied once");
    }
    for kind in [FaultKind::DropBefore, FaultKind::Html, FaultKind::Unavailable { retry_after_secs: 0 }] {
        let (_fixture, client) = faulty(RegisterFaults::one(FaultyCalls::Changes, 0, 2, kind)).await;
        let results = apply(&client, [create(1, None)]).await;
        assert_eq!((results[0].status, results[0].replayed), (ResultStatus::Applied, false), "{kind:?}");
    }
}

#[tokio::test]
async fn what_became_of_a_batch_without_an_answer_is_settled_by_reading_back() {
    let faults = RegisterFaults::one(FaultyCalls::Changes, 0, 100, FaultKind::DropAfter);
    let (_fixture, client) = faulty(faults).await;
    let error = client.apply(&batch([create(1, None)])).await.unwrap_err();
    assert!(matches!(error, ApplyError::Unknown(_)), "{error:?}");
    let asset = client_asset(&client, 1).await;
    assert_eq!((asset.last_plan.as_deref(), asset.version.as_str()), (Some(PLAN), "1"));

    let faults =
        RegisterFaults::one(FaultyCalls::Changes, 0, 100, FaultKind::TooManyRequests { retry_after_secs: 0 });
    let (_fixture, client) = faulty(faults).await;
    let error = client.apply(&batch([create(1, None)])).await.unwrap_err();
    assert!(matches!(error, ApplyError::NotSent(_)), "{error:?}");
    assert!(client.look_up(&[key(1)]).await.unwrap().is_empty());
}

#[tokio::test]
async fn reads_outlast_a_register_in_trouble() {
    let wait = FaultKind::TooManyRequests { retry_after_secs: 1 };
    let (_fixture, client) = faulty(RegisterFaults::one(FaultyCalls::Reads, 0, 1, wait)).await;
    client.identity().await.unwrap();
    let began = Instant::now();
    assert!(client.accounts().await.unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After is honoured");

    for kind in [FaultKind::DropAfter, FaultKind::Unavailable { retry_after_secs: 0 }] {
        let (_fixture, client) = faulty(RegisterFaults::one(FaultyCalls::All, 0, 3, kind)).await;
        assert!(client.accounts().await.unwrap().is_empty());
    }
    let (_fixture, client) = faulty(RegisterFaults::one(FaultyCalls::Identity, 0, 1, FaultKind::Html)).await;
    let error = client.identity().await.unwrap_err();
    assert!(
        matches!(&error, RegisterError::Nonsense { excerpt, .. } if excerpt.starts_with("<html>")),
        "{error:?}"
    );
}

#[tokio::test]
async fn tokens_are_fetched_and_renewed() {
    let credentials = || vec![Credential::oauth_client("bestand", "client", "s3cret: +/ü")];
    let auth = |secret: &str| RegisterAuth::OAuth2 {
        token_url: None,
        client_id: "client".into(),
        client_secret: secret.into(),
        scopes: vec![],
    };
    for lifetime in [None, Some(Duration::from_millis(1_100)), Some(Duration::from_millis(300))] {
        let faults = RegisterFaults { token_lifetime: lifetime, ..RegisterFaults::default() };
        let fixture = Fixture::start(credentials(), faults).await;
        let client = fixture.client(auth("s3cret: +/ü"));
        for number in 0..4 {
            let results = apply(&client, [create(number, None)]).await;
            assert_eq!(results[0].status, ResultStatus::Applied);
            tokio::time::sleep(Duration::from_millis(350)).await;
        }
        let error = fixture.client(auth("wrong")).identity().await.unwrap_err();
        assert!(
            matches!(&error, RegisterError::Token { reason, .. } if reason.contains("invalid_client")),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("wrong"));
    }
}

#[tokio::test]
async fn evidence_of_a_run_stays_with_the_register_of_its_environment() {
    let (fixture, client) = open().await;
    let at = "2026-11-23T02:00:00Z".parse().unwrap();
    let by_hand = Override {
        code: "max_retire_count".into(),
        because: "depot closed".into(),
        by: Some("arn:aws:sts::111111111111:assumed-role/ops/erika".into()),
        at,
        plan_digest: PLAN.into(),
    };
    let mut evidence = RunEvidence {
        run_id: RunId::from("20261123T020000Z-1a2b"),
        environment: "staging".into(),
        plan_digest: Some(PLAN.into()),
        command: "run".into(),
        tool_version: "0.1.0".into(),
        started_at: at,
        ended_at: None,
        totals: [("applied".to_owned(), json!(3))].into(),
        overrides: vec![by_hand],
    };
    client.record_run(&evidence).await.unwrap();
    evidence.ended_at = Some(at);
    client.record_run(&evidence).await.unwrap();
    let options =
        SqliteConnectOptions::new().filename(fixture.folder.path().join("register.db")).read_only(true);
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let kept: Vec<(String, String)> =
        sqlx::query_as("SELECT run_id, evidence FROM runs").fetch_all(&mut database).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].0, evidence.run_id.as_str());
    let kept: Value = serde_json::from_str(&kept[0].1).unwrap();
    assert_eq!(kept, serde_json::to_value(&evidence).unwrap());
    assert_eq!(kept["overrides"][0]["because"], "depot closed");

    evidence.environment = "production".into();
    let error = client.record_run(&evidence).await.unwrap_err();
    assert!(error.to_string().ends_with("this is staging, the run says production"), "{error}");
}
