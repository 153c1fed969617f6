//! Pages under writes: whatever is created, retired and moved meanwhile, what stayed is listed exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bestand_sandbox::register::{book, book_by_audit};
use serde_json::{Value, json};

use crate::support::{Api, Fixture, create, key, retire, update};

const PAGE: usize = 3;

/// Numbers that look like chance, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A second writer's doings, and what he knows of his entries: version and account.
struct Meddler {
    api: Api,
    dice: Dice,
    entries: BTreeMap<u32, (u32, Option<String>)>,
    accounts: [Option<String>; 3],
    /// Keys are scattered over the whole range, so that new ones come before and behind where a list stands.
    range: u32,
    /// Numbers of entries that are not his.
    taken: BTreeSet<u32>,
    writes: u32,
}

impl Meddler {
    fn new(api: Api, seed: u32) -> Self {
        let account = |number: u32| Some(format!("{:012}", 10 * u64::from(seed) + u64::from(number)));
        let accounts = [account(1), account(2), None];
        let (dice, range) = (Dice(seed.into()), 1_000 * seed);
        Self { api, dice, entries: BTreeMap::new(), accounts, range, taken: BTreeSet::new(), writes: 0 }
    }

    async fn create_in(&mut self, account: Option<String>) {
        let number = self.range + self.dice.below(1_000);
        if self.entries.contains_key(&number) || self.taken.contains(&number) {
            return;
        }
        self.write(number, 0, create(&format!("c{number}"), number, json!({ "account_id": account }))).await;
        self.entries.insert(number, (1, account));
    }

    async fn write(&mut self, number: u32, version: u32, change: Value) {
        assert_eq!(self.api.must_apply(change).await, (version + 1).to_string(), "{number}");
        self.writes += 1;
    }

    /// Creates an entry somewhere, or retires, revives, edits or moves one.
    async fn meddle(&mut self) {
        let somewhere = usize::try_from(self.dice.below(3)).unwrap();
        if self.dice.below(3) == 0 {
            return self.create_in(self.accounts[somewhere].clone()).await;
        }
        let at = usize::try_from(self.dice.below(u32::try_from(self.entries.len()).unwrap())).unwrap();
        let (&number, (version, account)) = self.entries.iter().nth(at).unwrap();
        let (version, mut account) = (*version, account.clone());
        let (name, found) = (format!("m{number}-{version}"), version.to_string());
        let change = match self.dice.below(4) {
            0 => retire(&name, number, &found),
            1 => update(&name, number, &found, json!({ "state": "active" })),
            2 => update(&name, number, &found, json!({ "attributes": { "n": version } })),
            _ => {
                account = self.accounts[somewhere].clone();
                update(&name, number, &found, json!({ "account_id": account }))
            }
        };
        self.write(number, version, change).await;
        self.entries.insert(number, (version + 1, account));
    }

    fn in_account(&self, account: &Option<String>) -> BTreeSet<String> {
        let here = self.entries.iter().filter(|(_, (_, of))| of == account);
        here.map(|(number, _)| key(*number)).collect()
    }
}

/// One page: its keys, and the cursor of the next.
async fn page(api: &Api, account: &Option<String>, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let account = account.as_deref().unwrap_or("none");
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let (status, page) = api.get(&format!("/v1/assets?account_id={account}&limit={PAGE}{cursor}")).await;
    assert_eq!(status, 200, "{page}");
    let keys = page["assets"].as_array().unwrap().iter();
    let keys: Vec<_> = keys.map(|asset| asset["asset_key"].as_str().unwrap().to_owned()).collect();
    assert!(keys.len() <= PAGE);
    (keys, page["next_cursor"].as_str().map(str::to_owned))
}

/// Holds a whole list against what stayed in the account all the time and what was ever in it.
fn check(listed: &[String], stayed: &BTreeSet<String>, ever: &BTreeSet<String>) {
    assert!(listed.is_sorted_by(|one, next| one < next), "in order, and none twice: {listed:?}");
    let listed: BTreeSet<_> = listed.iter().cloned().collect();
    assert!(listed.is_superset(stayed), "missing: {:?}", stayed.difference(&listed));
    assert!(listed.is_subset(ever), "never there: {:?}", listed.difference(ever));
}

#[tokio::test]
async fn what_stays_is_listed_once_whatever_is_created_retired_and_moved_between_pages() {
    for seed in 1..=25 {
        let fixture = Fixture::open().await;
        let api = fixture.api();
        let mut meddler = Meddler::new(api.clone(), seed);
        for number in 0..30 {
            meddler.create_in(meddler.accounts[number % 3].clone()).await;
        }
        for account in meddler.accounts.clone() {
            let mut stayed = meddler.in_account(&account);
            let (mut ever, mut listed, mut cursor) = (stayed.clone(), Vec::new(), None);
            loop {
                let (keys, next) = page(&api, &account, cursor.as_deref()).await;
                listed.extend(keys);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
                for _ in 0..meddler.dice.below(6) {
                    meddler.meddle().await;
                    let now = meddler.in_account(&account);
                    stayed.retain(|key| now.contains(key));
                    ever.extend(now);
                }
            }
            assert!(listed.len() > PAGE, "seed {seed}: more than a page");
            check(&listed, &stayed, &ever);
        }
        let found = book(&fixture.database()).await.unwrap();
        assert_eq!(book_by_audit(&fixture.database()).await.unwrap(), found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_is_listed_once_while_another_writes_at_the_same_time() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let account = Some("111111111111".to_owned());
    let staying: BTreeSet<u32> = (0..60).map(|n| 90_000 + 7 * n).collect();
    let changes =
        staying.iter().map(|n| create(&format!("s{n}"), *n, json!({ "account_id": account }))).collect();
    assert!(api.apply(changes).await.iter().all(|result| result["status"] == "applied"));

    let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let meddling = tokio::spawn({
        let (stop, writes) = (stop.clone(), writes.clone());
        let mut meddler = Meddler::new(api.clone(), 90);
        meddler.accounts[0] = account.clone();
        meddler.taken = staying.clone();
        let account = account.clone();
        async move {
            meddler.create_in(account).await;
            while !stop.load(Ordering::Relaxed) {
                meddler.meddle().await;
                writes.store(meddler.writes, Ordering::Relaxed);
            }
        }
    });
    for _ in 0..10 {
        let (mut listed, mut cursor) = (Vec::new(), None);
        loop {
            let (keys, next) = page(&api, &account, cursor.as_deref()).await;
            listed.extend(keys);
            cursor = next;
            if cursor.is_none() {
                break;
            }
            // No page without something written before the next one.
            let written = writes.load(Ordering::Relaxed);
            while writes.load(Ordering::Relaxed) == written {
                assert!(!meddling.is_finished(), "the other writer failed");
                tokio::task::yield_now().await;
            }
        }
        assert!(listed.is_sorted_by(|one, next| one < next), "in order, and none twice: {listed:?}");
        let stayed = staying.iter().filter(|n| listed.contains(&key(**n))).count();
        assert_eq!(stayed, staying.len());
    }
    stop.store(true, Ordering::Relaxed);
    meddling.await.unwrap();
    let found = book(&fixture.database()).await.unwrap();
    assert_eq!(book_by_audit(&fixture.database()).await.unwrap(), found);
}
