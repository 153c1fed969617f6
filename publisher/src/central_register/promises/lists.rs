//! Lists.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::asset::{AssetKey, AssetState};
use serde_json::json;

use super::bench::{Case, Flaw, ensure};
use crate::central_register::{ListScope, ResultStatus};

pub(super) async fn accounts(case: &Case<'_>) -> Result<(), Flaw> {
    case.made(1).await?;
    // Of the other account everything is retired then, by this and every earlier examination.
    let short_lived = case.applied(case.create_in(2, Some(case.other_account()))).await?;
    case.applied(case.retire("retire", &short_lived)).await?;
    let listed = case.register().accounts().await?;
    for account in [case.account(), case.other_account()] {
        ensure(listed.contains(account), || format!("account {account} is not listed"))?;
    }
    ensure(listed.is_sorted_by(|one, next| one < next), || {
        "accounts are listed twice, or not in order".to_owned()
    })
}

pub(super) async fn retired(case: &Case<'_>) -> Result<(), Flaw> {
    let entry = case.applied(case.create_in(1, Some(case.other_account()))).await?;
    case.applied(case.retire("retire", &entry)).await?;
    let listed = case.bench.list(&ListScope::Account(case.other_account().clone())).await?;
    let found = listed.iter().find(|listed| listed.asset_key == entry.asset_key);
    match found.map(|entry| entry.state) {
        Some(AssetState::Retired) => Ok(()),
        Some(AssetState::Active) => Err(Flaw::Broken("a retired entry is listed as active".to_owned())),
        None => Err(Flaw::Broken("a retired entry is not listed".to_owned())),
    }
}

pub(super) async fn apart(case: &Case<'_>) -> Result<(), Flaw> {
    let places = [Some(case.account()), Some(case.other_account()), None];
    let mut made = Vec::new();
    for (number, account) in places.into_iter().enumerate() {
        made.push(case.applied(case.create_in(number, account)).await?);
    }
    for (number, account) in places.into_iter().enumerate() {
        let scope = account.cloned().map_or(ListScope::WithoutAccount, ListScope::Account);
        let listed = case.bench.list(&scope).await?;
        for (other, entry) in made.iter().enumerate() {
            let is_there = listed.iter().any(|listed| listed.asset_key == entry.asset_key);
            ensure(is_there == (other == number), || {
                let how = if is_there { "gives" } else { "leaves out" };
                format!("the list of {scope} {how} an entry of {:?}", entry.account_id)
            })?;
        }
    }
    // Whoever comes next finds nothing active in the other account.
    case.applied(case.retire("retire", &made[1])).await.map(drop)
}

pub(super) async fn pages(case: &Case<'_>) -> Result<(), Flaw> {
    let capabilities = case.bench.identity.capabilities;
    let scope = ListScope::Account(case.account().clone());
    let number = capabilities.max_page.saturating_add(2);
    if number > case.bench.subject.max_entries {
        let why = format!("more than one page takes {number} entries, and the subject allows fewer");
        return Err(Flaw::NotExamined(why));
    }
    let keys: BTreeSet<AssetKey> = (0..number).map(|number| case.key(number)).collect();
    let creates: Vec<_> = (0..number).map(|number| case.create(number)).collect();
    for creates in creates.chunks(capabilities.max_batch) {
        let results = case.send("plan", creates.to_vec()).await?;
        if results.iter().any(|result| result.status != ResultStatus::Applied) {
            return Err(Flaw::NotExamined("not every entry could be made".to_owned()));
        }
    }

    let mut seen: BTreeMap<AssetKey, usize> = BTreeMap::new();
    let page = case.register().list(&scope, None).await?;
    ensure(page.items.len() <= capabilities.max_page, || {
        format!("a page holds {} entries, more than max_page", page.items.len())
    })?;
    page.items.iter().for_each(|entry| *seen.entry(entry.asset_key).or_default() += 1);
    // Others write while a list is read: what was listed may change its place, and so may what comes.
    meanwhile(case, &keys, &seen).await?;
    let mut cursor = page.next;
    let mut pages = 1;
    while let Some(next) = cursor {
        let page = case.register().list(&scope, Some(next)).await?;
        page.items.iter().for_each(|entry| *seen.entry(entry.asset_key).or_default() += 1);
        cursor = page.next;
        pages += 1;
        // Entries of earlier examinations are there, too, and some pages may be empty; but it must end.
        ensure(pages <= MAX_PAGES, || format!("the list has not ended after {MAX_PAGES} pages"))?;
    }
    if let Some(key) = keys.iter().find(|key| !seen.contains_key(key)) {
        return Err(Flaw::Broken(format!("entry {key} was not listed while others were written")));
    }
    // Those of earlier promises and examinations as well: nobody else writes here.
    match seen.iter().find(|(_, times)| **times > 1) {
        Some((key, times)) => {
            Err(Flaw::Broken(format!("entry {key} was listed {times} times while others were written")))
        }
        None => Ok(()),
    }
}

const MAX_PAGES: usize = 10_000;

/// Retires an entry that was listed and updates one that was not.
async fn meanwhile(
    case: &Case<'_>,
    keys: &BTreeSet<AssetKey>,
    seen: &BTreeMap<AssetKey, usize>,
) -> Result<(), Flaw> {
    if let Some(key) = keys.iter().find(|key| seen.contains_key(key)) {
        let entry = case.entry(*key).await?;
        case.applied(case.retire("meanwhile-retire", &entry)).await?;
    }
    if let Some(key) = keys.iter().find(|key| !seen.contains_key(key)) {
        let entry = case.entry(*key).await?;
        case.applied(case.update("meanwhile-update", &entry, &[("name", json!("another name"))])).await?;
    }
    Ok(())
}
