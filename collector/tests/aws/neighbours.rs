//! Accounts do not get into each other's way.

use std::collections::BTreeMap;

use bestand_collector::collector::{Collector, CollectorSettings, Interest};
use bestand_model::account::{Account, AccountState};
use futures::StreamExt as _;

use super::fake::*;

/// More than the SDK's own cache of identities holds.
const ACCOUNTS: u64 = 200;
/// Whose account is slow.
const SLOW: u64 = 77;

fn id(number: u64) -> String {
    format!("{:012}", 700_000_000_000 + number)
}

fn key_id(number: u64) -> String {
    format!("ASIA{}", id(number))
}

/// Collects all accounts, 32 at a time; gives what each asked, in order, and how often roles were assumed.
async fn calls(slow: bool) -> (BTreeMap<String, Vec<(String, String)>>, usize) {
    let fake = Fake::start().await;
    for number in 0..ACCOUNTS {
        let reply = assumed(&key_id(number), "2099-01-01T00:00:00Z");
        fake.on_body("AssumeRole", &format!("{}%3Arole", id(number)), [reply]);
    }
    fake.on("GetDiscoveredResourceCounts", "", [counts(&[(INSTANCE, 1)])]);
    fake.on("SelectResourceConfig", "", [page(&[row_of_nobody()], None)]);
    if slow {
        fake.slow_down(&key_id(SLOW));
    }
    let settings = CollectorSettings { max_attempts: 8, ..settings() };
    let collector = Collector::new(fake.context(), settings);
    let collected: Vec<_> = futures::stream::iter(0..ACCOUNTS)
        .map(|number| {
            let collector = collector.clone();
            async move {
                let account = Account::new(id(number).parse().unwrap(), AccountState::Active);
                collector.collect(&account, &Interest::default(), &mut Items::default()).await.unwrap()
            }
        })
        .buffer_unordered(32)
        .collect()
        .await;
    assert_eq!(collected.iter().map(|account| account.items).sum::<u64>(), ACCOUNTS);
    assert!(collected.iter().all(|account| account.lines.iter().all(|line| line.reason.is_none())));

    let mut by_key: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for call in fake.calls().into_iter().filter(|call| call.operation != "AssumeRole") {
        by_key.entry(call.key_id).or_default().push((call.operation, call.body));
    }
    (by_key, fake.count("AssumeRole"))
}

/// A row that does not say whose it is fits every account.
fn row_of_nobody() -> String {
    format!("{{\"resourceType\": \"{INSTANCE}\", \"resourceId\": \"i-1\"}}")
}

#[tokio::test]
async fn an_account_that_is_throttled_changes_no_other_accounts_calls() {
    let (quiet, assumed) = calls(false).await;
    let (throttled, assumed_beside) = calls(true).await;
    assert_eq!((assumed, assumed_beside), (200, 200), "one session per account, however many there are");
    let slow = key_id(SLOW);
    assert!(throttled[&slow].len() > quiet[&slow].len(), "the slow account was tried again");
    for (key_id, calls) in &quiet {
        if *key_id != slow {
            assert_eq!(throttled.get(key_id), Some(calls), "{key_id}");
        }
    }
}
