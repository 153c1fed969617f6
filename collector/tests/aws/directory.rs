//! The accounts of an organisation.

use bestand_collector::accounts::{AccountDirectory, DirectoryError, OrganizationsDirectory};
use bestand_model::account::{Account, AccountState};
use serde_json::{Value, json};

use super::fake::*;

async fn accounts(pages: Vec<Value>) -> Result<Vec<Account>, DirectoryError> {
    let fake = Fake::start().await;
    fake.on("ListAccounts", "", pages.into_iter().map(Reply::Json));
    OrganizationsDirectory::new(&fake.context(), 200).accounts().await
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
    for (fields, expected) in [
        (json!({"State": "ACTIVE"}), AccountState::Active),
        (json!({"State": "SUSPENDED"}), AccountState::Inactive),
        (json!({"State": "PENDING_CLOSURE"}), AccountState::Inactive),
        (json!({"State": "CLOSED"}), AccountState::Inactive),
        (json!({"State": "SOMETHING_NEW"}), AccountState::Inactive),
        // The retired field counts only where the new one is missing.
        (json!({"Status": "ACTIVE"}), AccountState::Active),
        (json!({"Status": "SUSPENDED"}), AccountState::Inactive),
        (json!({"Status": "ACTIVE", "State": "PENDING_CLOSURE"}), AccountState::Inactive),
        (json!({}), AccountState::Inactive),
    ] {
        let mut account = fields.clone();
        account["Id"] = json!("111111111111");
        let listed = accounts(vec![json!({"Accounts": [account]})]).await.unwrap();
        assert_eq!(listed[0].state, expected, "{fields}");
    }
}

#[tokio::test]
async fn half_a_directory_is_an_error() {
    let page = json!({"Accounts": [{"Id": "111111111111", "State": "ACTIVE"}], "NextToken": "same"});
    let repeated = accounts(vec![page.clone(), page]).await.unwrap_err();
    assert!(matches!(repeated, DirectoryError::RepeatedToken { accounts: 1 }), "{repeated}");

    let nonsense = accounts(vec![json!({"Accounts": [{"Id": "12", "State": "ACTIVE"}]})]).await.unwrap_err();
    assert!(matches!(nonsense, DirectoryError::NotAnAccount(_)), "{nonsense}");

    let fake = Fake::start().await;
    fake.on("ListAccounts", "", [error(400, "AccessDeniedException", "not a management account")]);
    let denied = OrganizationsDirectory::new(&fake.context(), 200).accounts().await.unwrap_err();
    assert!(denied.to_string().contains("AccessDeniedException"), "{denied}");
}
