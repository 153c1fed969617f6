//! The accounts of an organisation: all of them, their places in it, and those that are asked for.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::accounts::{AccountDirectory, DirectoryError, OrganizationsDirectory, Selection};
use bestand_collector::collector::{Collector, Interest};
use bestand_model::account::{Account, AccountState};
use bestand_model::coverage::Reason;
use serde_json::{Value, json};

use super::fake::*;

/// Unit, name, the unit above, and the accounts that lie in it; in the order in which they are asked for.
const TREE: [(&str, &str, &str, &[&str]); 6] = [
    ("r-ab12", "Root", "", &["100000000000"]),
    ("ou-ab12-verkehr0", "Verkehr", "r-ab12", &["200000000000"]),
    ("ou-ab12-labor000", "Labor", "r-ab12", &["300000000000"]),
    ("ou-ab12-nord0000", "Nord", "ou-ab12-verkehr0", &["211111111111", "222222222222"]),
    ("ou-ab12-sued0000", "Süd", "ou-ab12-verkehr0", &["233333333333"]),
    ("ou-ab12-test0000", "Test", "ou-ab12-nord0000", &["244444444444"]),
];

const ALL: [&str; 7] = [
    "100000000000",
    "200000000000",
    "211111111111",
    "222222222222",
    "233333333333",
    "244444444444",
    "300000000000",
];

fn listed(ids: &[&str]) -> Vec<Value> {
    ids.iter().map(|id| json!({"Id": id, "Name": format!("n-{id}"), "State": "ACTIVE"})).collect()
}

/// An organisation with the tree above.
async fn organisation() -> Fake {
    let fake = Fake::start().await;
    fake.on("ListAccounts", "", [Reply::Json(json!({"Accounts": listed(&ALL)}))]);
    fake.on("ListRoots", "", [Reply::Json(json!({"Roots": [{"Id": "r-ab12", "Name": "Root"}]}))]);
    fake.on(
        "ListOrganizationalUnitsForParent",
        "",
        TREE.map(|(parent, ..)| Reply::Json(units_below(parent))),
    );
    let accounts = TREE.map(|(_, _, _, ids)| Reply::Json(json!({"Accounts": listed(ids)})));
    fake.on("ListAccountsForParent", "", accounts);
    fake
}

fn units_below(parent: &str) -> Value {
    let units = TREE.iter().filter(|(_, _, above, _)| *above == parent);
    let units: Vec<_> = units.map(|(id, name, ..)| json!({"Id": id, "Name": name})).collect();
    json!({ "OrganizationalUnits": units })
}

fn selection(include: &[&str], exclude: &[&str], tags: &[(&str, &[&str])]) -> Selection {
    let units = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    Selection {
        include: units(include),
        exclude: units(exclude),
        tags: tags.iter().map(|(key, values)| ((*key).to_owned(), words(values))).collect(),
    }
}

async fn read(fake: &Fake, selection: Selection) -> Result<Vec<Account>, DirectoryError> {
    OrganizationsDirectory::new(&fake.context(), selection, 200).accounts().await
}

/// The accounts that are read; all others are left out, and none is unknown.
async fn taken(fake: &Fake, selection: Selection) -> Vec<String> {
    let accounts = read(fake, selection).await.unwrap();
    assert_eq!(accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), ALL);
    let (active, others): (Vec<_>, Vec<_>) =
        accounts.into_iter().partition(|account| account.state == AccountState::Active);
    assert!(others.iter().all(|account| account.state == AccountState::LeftOut), "{others:?}");
    active.into_iter().map(|account| account.id.to_string()).collect()
}

async fn accounts(pages: Vec<Value>) -> Result<Vec<Account>, DirectoryError> {
    let fake = Fake::start().await;
    fake.on("ListAccounts", "", pages.into_iter().map(Reply::Json));
    read(&fake, Selection::default()).await
}

#[tokio::test]
async fn pages_may_be_empty_and_only_a_missing_token_ends_the_listing() {
    let listed = accounts(vec![
        json!({"Accounts": [{"Id": "222222222222", "Name": "b", "State": "ACTIVE"}], "NextToken": "1"}),
        json!({"Accounts": [], "NextToken": "2"}),
        json!({"Accounts": [{"Id": "111111111111", "Name": "a", "State": "ACTIVE"}]}),
    ])
    .await
    .unwrap();
    let names: Vec<_> = listed.iter().filter_map(|account| account.name.as_deref()).collect();
    assert_eq!(names, ["a", "b"], "by rising id");
}

#[tokio::test]
async fn whatever_is_not_plainly_active_is_inactive() {
    for (fields, expected, closed) in [
        (json!({"State": "ACTIVE"}), AccountState::Active, false),
        (json!({"State": "SUSPENDED"}), AccountState::Inactive, false),
        (json!({"State": "PENDING_CLOSURE"}), AccountState::Inactive, false),
        (json!({"State": "PENDING_ACTIVATION"}), AccountState::Inactive, false),
        (json!({"State": "CLOSED"}), AccountState::Inactive, true),
        (json!({"State": "SOMETHING_NEW"}), AccountState::Inactive, false),
        // The retired field counts only where the new one is missing.
        (json!({"Status": "ACTIVE"}), AccountState::Active, false),
        (json!({"Status": "SUSPENDED"}), AccountState::Inactive, false),
        (json!({"Status": "ACTIVE", "State": "PENDING_CLOSURE"}), AccountState::Inactive, false),
        (json!({"Status": "SUSPENDED", "State": "CLOSED"}), AccountState::Inactive, true),
        (json!({}), AccountState::Inactive, false),
    ] {
        let mut account = fields.clone();
        account["Id"] = json!("111111111111");
        let listed = accounts(vec![json!({"Accounts": [account]})]).await.unwrap();
        assert_eq!((listed[0].state, listed[0].closed), (expected, closed), "{fields}");
    }
}

#[tokio::test]
async fn half_a_directory_is_an_error() {
    let page = json!({"Accounts": [{"Id": "111111111111", "State": "ACTIVE"}], "NextToken": "same"});
    let repeated = accounts(vec![page.clone(), page]).await.unwrap_err();
    assert!(matches!(repeated, DirectoryError::RepeatedToken { items: 2, .. }), "{repeated}");
    assert!(repeated.to_string().contains("organizations:ListAccounts: a page token came twice"));

    let nonsense = accounts(vec![json!({"Accounts": [{"Id": "12", "State": "ACTIVE"}]})]).await.unwrap_err();
    assert!(matches!(nonsense, DirectoryError::NotAnAccount(_)), "{nonsense}");

    let fake = Fake::start().await;
    fake.on("ListAccounts", "", [error(400, "AccessDeniedException", "not a management account")]);
    let denied = read(&fake, Selection::default()).await.unwrap_err();
    assert!(denied.to_string().contains("AccessDeniedException"), "{denied}");
}

#[tokio::test]
async fn an_account_tells_its_name_address_place_and_when_it_joined() {
    let fake = organisation().await;
    let account = json!({"Id": "222222222222", "Name": "regio-bus-nord", "Email": "aws+nord@example.org",
        "State": "ACTIVE", "JoinedTimestamp": 1_646_092_800.0});
    let homeless = json!({"Id": "999999999999", "Name": "", "Email": "", "State": "ACTIVE"});
    fake.on("ListAccounts", "", [Reply::Json(json!({"Accounts": [account, homeless]}))]);
    let accounts = read(&fake, Selection::default()).await.unwrap();
    let expected = Account {
        name: Some("regio-bus-nord".into()),
        email: Some("aws+nord@example.org".into()),
        ou_path: Some("Root/Verkehr/Nord".into()),
        joined_at: Some("2022-03-01T00:00:00Z".parse().unwrap()),
        ..Account::new("222222222222".parse().unwrap(), AccountState::Active)
    };
    let unplaced = Account::new("999999999999".parse().unwrap(), AccountState::Active);
    assert_eq!(accounts, [expected, unplaced], "where nothing is selected, nothing is left out");
}

#[tokio::test]
async fn semantics_2_8_a_unit_takes_in_all_that_lies_below_it() {
    let everything = taken(&organisation().await, Selection::default()).await;
    assert_eq!(everything, ALL);
    let verkehr = ["200000000000", "211111111111", "222222222222", "233333333333", "244444444444"];
    for name in ["Root/Verkehr", "ou-ab12-verkehr0"] {
        assert_eq!(taken(&organisation().await, selection(&[name], &[], &[])).await, verkehr);
    }
    let two = selection(&["Root/Labor", "Root/Verkehr/Süd"], &[], &[]);
    assert_eq!(taken(&organisation().await, two).await, ["233333333333", "300000000000"]);
}

#[tokio::test]
async fn semantics_2_8_an_exclusion_wins_at_any_depth() {
    let below = selection(&["Root/Verkehr"], &["Root/Verkehr/Nord"], &[]);
    assert_eq!(taken(&organisation().await, below).await, ["200000000000", "233333333333"]);
    // Also where the inclusion lies nearer to the account.
    let above = selection(&["Root/Verkehr/Nord/Test", "Root/Labor"], &["ou-ab12-nord0000"], &[]);
    assert_eq!(taken(&organisation().await, above).await, ["300000000000"]);
    let alone = selection(&[], &["Root/Verkehr"], &[]);
    assert_eq!(taken(&organisation().await, alone).await, ["100000000000", "300000000000"]);
    let root = selection(&["Root/Labor"], &["r-ab12"], &[]);
    assert!(taken(&organisation().await, root).await.is_empty());
}

#[tokio::test]
async fn a_unit_that_does_not_exist_ends_the_run_and_names_its_neighbours() {
    let typo = selection(&["Root/Verkehr/Nrod"], &["ou-ab12-labor999"], &[]);
    let error = read(&organisation().await, typo).await.unwrap_err();
    assert!(matches!(&error, DirectoryError::NoSuchUnits(problems) if problems.len() == 2), "{error}");
    let text = error.to_string();
    for told in ["`Root/Verkehr/Nrod`", "`Root/Verkehr/Nord` (ou-ab12-nord0000)", "`ou-ab12-labor999`"] {
        assert!(text.contains(told), "{told} is missing in {text}");
    }
}

#[tokio::test]
async fn semantics_2_8_tags_are_asked_for_only_where_they_decide() {
    let fake = organisation().await;
    let tags = |pairs: &[(&str, &str)]| {
        let tags: Vec<_> = pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({ "Tags": tags })
    };
    let first_of_two = json!({"Tags": [{"Key": "stage", "Value": "prod"}], "NextToken": "1"});
    let replies = [first_of_two, tags(&[("line", "tram")]), tags(&[("line", "tram"), ("stage", "test")])];
    fake.on("ListTagsForResource", "", replies.into_iter().map(Reply::Json));
    let wanted = selection(
        &["Root/Verkehr/Nord"],
        &["Root/Verkehr/Nord/Test"],
        &[("stage", &["prod"]), ("line", &["bus", "tram"])],
    );
    assert_eq!(taken(&fake, wanted).await, ["211111111111"]);
    assert_eq!(fake.count("ListTagsForResource"), 3, "two accounts, one of them with two pages");

    let denied = organisation().await;
    denied.on("ListTagsForResource", "", [error(400, "AccessDeniedException", "no tags")]);
    let told = read(&denied, selection(&[], &[], &[("stage", &["prod"])])).await.unwrap_err().to_string();
    assert!(told.contains("organizations:ListTagsForResource: AccessDeniedException"), "{told}");
    assert_eq!(organisation().await.count("ListTagsForResource"), 0);
}

#[tokio::test]
async fn without_leave_to_read_the_tree_only_the_places_are_missing() {
    for operation in ["ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"] {
        let fake = organisation().await;
        fake.on(operation, "", [error(400, "AccessDeniedException", "not allowed")]);
        let accounts = read(&fake, Selection::default()).await.unwrap();
        assert_eq!(accounts.len(), ALL.len());
        assert!(accounts.iter().all(|account| account.ou_path.is_none()), "half a tree is none");
        assert!(accounts.iter().all(|account| account.state == AccountState::Active));

        // Where units are asked for, nobody can tell which accounts to read.
        let told = read(&fake, selection(&["Root"], &[], &[])).await.unwrap_err().to_string();
        assert!(told.contains(operation) && told.contains("AccessDeniedException"), "{told}");
    }
}

#[tokio::test]
async fn the_tree_comes_in_pages_too() {
    let fake = organisation().await;
    let mut replies: Vec<Value> = TREE.iter().map(|(parent, ..)| units_below(parent)).collect();
    let units = replies[0]["OrganizationalUnits"].clone();
    replies.splice(
        0..1,
        [
            json!({"OrganizationalUnits": [units[0]], "NextToken": "1"}),
            json!({"OrganizationalUnits": [], "NextToken": "2"}),
            json!({"OrganizationalUnits": [units[1]]}),
        ],
    );
    fake.on("ListOrganizationalUnitsForParent", "", replies.into_iter().map(Reply::Json));
    assert_eq!(taken(&fake, selection(&["Root/Labor"], &[], &[])).await, ["300000000000"]);

    let endless = json!({"OrganizationalUnits": [], "NextToken": "same"});
    fake.on("ListOrganizationalUnitsForParent", "", [Reply::Json(endless)]);
    let repeated = read(&fake, selection(&["Root/Labor"], &[], &[])).await.unwrap_err();
    assert!(matches!(repeated, DirectoryError::RepeatedToken { .. }), "{repeated}");
}

#[tokio::test]
async fn semantics_2_8_what_aws_has_closed_is_inactive_wherever_it_lies() {
    let fake = organisation().await;
    let mut all = listed(&ALL);
    all[0]["State"] = json!("CLOSED");
    all[2]["State"] = json!("SUSPENDED");
    fake.on("ListAccounts", "", [Reply::Json(json!({ "Accounts": all }))]);
    fake.on("ListTagsForResource", "", [Reply::Json(json!({"Tags": []}))]);
    let wanted = selection(&["Root/Verkehr/Nord"], &[], &[("stage", &["prod"])]);
    let states: BTreeMap<_, _> =
        read(&fake, wanted).await.unwrap().into_iter().map(|own| (own.id.to_string(), own.state)).collect();
    assert_eq!(states["100000000000"], AccountState::Inactive, "outside of what is included");
    assert_eq!(states["211111111111"], AccountState::Inactive, "inside, and without the tag");
    assert_eq!(states["222222222222"], AccountState::LeftOut);
    assert_eq!(fake.count("ListTagsForResource"), 2, "of active accounts only");
}

#[tokio::test]
async fn semantics_2_8_an_account_that_is_in_no_unit_is_not_entered_by_chance() {
    let fake = organisation().await;
    let mut all = listed(&ALL);
    all.push(json!({"Id": "999999999999", "State": "ACTIVE"}));
    fake.on("ListAccounts", "", [Reply::Json(json!({ "Accounts": all }))]);
    let accounts = read(&fake, selection(&[], &["Root/Labor"], &[])).await.unwrap();
    assert_eq!(accounts.last().map(|account| account.state), Some(AccountState::LeftOut));
}

#[tokio::test]
async fn an_account_that_is_left_out_is_not_called() {
    let fake = Fake::start().await;
    let collector = Collector::new(fake.context(), settings());
    let own = account(AccountState::LeftOut);
    let collected = collector.collect(&own, &Interest::default(), &mut Items::default()).await.unwrap();
    let reasons: Vec<_> = collected.lines.iter().map(|line| (line.region.clone(), line.reason)).collect();
    assert_eq!(reasons, [(None, Some(Reason::NotRequested))]);
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn a_role_that_a_new_account_does_not_have_yet_is_onboarding() {
    let denied = || sts_error(403, "AccessDenied", "not authorized to perform sts:AssumeRole");
    // The fake's present is 2026-11-23T09:00:00Z, and accounts are new for 24 h.
    for (joined_at, reply, expected) in [
        (Some("2026-11-22T09:00:01Z"), denied(), Reason::Onboarding),
        (Some("2026-11-22T09:00:00Z"), denied(), Reason::RoleDenied),
        (None, denied(), Reason::RoleDenied),
        (Some("2026-11-23T08:00:00Z"), sts_error(400, "Throttling", "slow down"), Reason::Throttled),
    ] {
        let fake = Fake::start().await;
        fake.on("AssumeRole", "", [reply]);
        let collector = Collector::new(fake.context(), settings());
        let own =
            Account { joined_at: joined_at.map(|at| at.parse().unwrap()), ..account(AccountState::Active) };
        let collected = collector.collect(&own, &Interest::default(), &mut Items::default()).await.unwrap();
        let [line] = collected.lines.as_slice() else { panic!("{:?}", collected.lines) };
        assert_eq!(line.reason, Some(expected), "{joined_at:?} {:?}", line.detail);
        if expected == Reason::Onboarding {
            let detail = line.detail.as_deref().unwrap();
            assert!(detail.contains("joined at 2026-11-22T09:00:01Z, less than 24 h ago"), "{detail}");
            assert!(detail.contains("AccessDenied") && !expected.is_gap());
        }
    }
}
