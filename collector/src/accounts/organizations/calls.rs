//! The calls to Organizations, and what their answers say. All of them are here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_organizations::types;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bestand_model::account::{Account, AccountState};
use bestand_model::identifiers::{AccountId, NotAnAccountId};
use jiff::Timestamp;

use super::units::Units;
use crate::accounts::DirectoryError;
use crate::action::Action;
use crate::call::{Line, Pace};
use crate::credentials::AwsContext;

/// Calls a second to everything else: a unit takes two of them, and an account one where tags are asked for.
const OTHER_CALLS_PER_SECOND: u32 = 5;
/// Calls that may come at once before a limit holds: four hundred accounts are listed without waiting.
const BURST: u32 = 20;
/// The largest page that Organizations gives.
const PAGE_SIZE: i32 = 20;

/// The client with its lines.
#[derive(Debug)]
pub(super) struct Calls {
    client: Client,
    list_accounts: Line,
    others: Line,
}

impl Calls {
    pub(super) fn new(context: &AwsContext, list_accounts_per_second: u32) -> Self {
        let line = |per_second| context.line(Arc::new(Pace::new(per_second, BURST)), None);
        Self {
            client: Client::new(&context.home(None)),
            list_accounts: line(list_accounts_per_second),
            others: line(OTHER_CALLS_PER_SECOND),
        }
    }

    /// Lists every account of the organisation, whatever its state.
    pub(super) async fn accounts(&self) -> Result<BTreeMap<AccountId, Account>, DirectoryError> {
        let listed = every_page(
            Action::ListAccounts,
            &self.list_accounts,
            |token| self.client.list_accounts().max_results(PAGE_SIZE).set_next_token(token).send(),
            |page| (page.accounts.unwrap_or_default(), page.next_token),
        )
        .await?;
        let mut accounts = BTreeMap::new();
        for listed in &listed {
            let account = account(listed)?;
            accounts.insert(account.id.clone(), account);
        }
        Ok(accounts)
    }

    /// Reads the tree of units from the root down, with the accounts that lie in each.
    pub(super) async fn units(&self) -> Result<Units, DirectoryError> {
        let mut units = Units::default();
        let mut open = VecDeque::new();
        for root in self.roots().await? {
            let (id, name) = (root.id.unwrap_or_default(), root.name.unwrap_or_default());
            units.add(&id, &name, None)?;
            open.push_back(id);
        }
        while let Some(parent) = open.pop_front() {
            for unit in self.units_below(&parent).await? {
                let (id, name) = (unit.id.unwrap_or_default(), unit.name.unwrap_or_default());
                units.add(&id, &name, Some(&parent))?;
                open.push_back(id);
            }
            for listed in self.accounts_in(&parent).await? {
                units.place(account_id(listed.id())?, &parent);
            }
        }
        Ok(units)
    }

    /// Reads an account's tags.
    pub(super) async fn tags(&self, account: &AccountId) -> Result<BTreeMap<String, String>, DirectoryError> {
        let tags = every_page(
            Action::ListAccountTags,
            &self.others,
            |token| {
                let request = self.client.list_tags_for_resource().resource_id(account.as_str());
                request.set_next_token(token).send()
            },
            |page| (page.tags.unwrap_or_default(), page.next_token),
        )
        .await?;
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn roots(&self) -> Result<Vec<types::Root>, DirectoryError> {
        every_page(
            Action::ListRoots,
            &self.others,
            |token| self.client.list_roots().max_results(PAGE_SIZE).set_next_token(token).send(),
            |page| (page.roots.unwrap_or_default(), page.next_token),
        )
        .await
    }

    async fn units_below(&self, parent: &str) -> Result<Vec<types::OrganizationalUnit>, DirectoryError> {
        every_page(
            Action::ListOrganizationalUnits,
            &self.others,
            |token| {
                let request = self.client.list_organizational_units_for_parent().parent_id(parent);
                request.max_results(PAGE_SIZE).set_next_token(token).send()
            },
            |page| (page.organizational_units.unwrap_or_default(), page.next_token),
        )
        .await
    }

    async fn accounts_in(&self, parent: &str) -> Result<Vec<types::Account>, DirectoryError> {
        every_page(
            Action::ListAccountsForParent,
            &self.others,
            |token| {
                let request = self.client.list_accounts_for_parent().parent_id(parent);
                request.max_results(PAGE_SIZE).set_next_token(token).send()
            },
            |page| (page.accounts.unwrap_or_default(), page.next_token),
        )
        .await
    }
}

/// Asks page by page to the end. Empty pages with a token happen: only the missing token ends a listing, and a
/// token that comes twice would never end it.
async fn every_page<Page, Asking, Error, Item>(
    action: Action,
    line: &Line,
    ask: impl Fn(Option<String>) -> Asking,
    open: impl Fn(Page) -> (Vec<Item>, Option<String>),
) -> Result<Vec<Item>, DirectoryError>
where
    Asking: Future<Output = Result<Page, SdkError<Error, HttpResponse>>>,
    Error: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let mut all = Vec::new();
    let mut seen_tokens = BTreeSet::new();
    let mut token: Option<String> = None;
    loop {
        let page = line.call(action, || ask(token.clone())).await;
        let page = page.map_err(|error| DirectoryError::Unreadable(error.detail))?;
        let (items, next) = open(page);
        all.extend(items);
        let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(all) };
        if !seen_tokens.insert(next.clone()) {
            return Err(DirectoryError::RepeatedToken { action: action.name(), items: all.len() });
        }
        token = Some(next);
    }
}

fn account_id(id: Option<&str>) -> Result<AccountId, DirectoryError> {
    let id = id.unwrap_or_default().parse();
    id.map_err(|error: NotAnAccountId| DirectoryError::NotAnAccount(error.to_string()))
}

fn account(listed: &types::Account) -> Result<Account, DirectoryError> {
    let id = account_id(listed.id())?;
    // `Status` was retired on 2026-09-09; endpoints that do not know `State` yet still answer with it.
    let status = listed.status().map(|status| status.as_str());
    let told = listed.state().map(|state| state.as_str()).or(status);
    let state = match told {
        Some("ACTIVE") => AccountState::Active,
        // Also what AWS may add: an account that is not plainly active is never concluded about.
        Some(_) | None => AccountState::Inactive,
    };
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Account {
        name: text(listed.name()),
        email: text(listed.email()),
        joined_at: listed.joined_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        closed: told == Some("CLOSED"),
        ..Account::new(id, state)
    })
}
