//! Lists: complete, in order, stable under writes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Api, Fixture, create, key, retire};

const OTHER: &str = "222222222222";

async fn fill(api: &Api, numbers: impl Iterator<Item = u32>, account: Option<&str>) {
    let changes: Vec<_> =
        numbers.map(|n| create(&format!("c{n}"), n, json!({ "account_id": account }))).collect();
    for batch in changes.chunks(500) {
        assert!(api.apply(batch.to_vec()).await.iter().all(|result| result["status"] == "applied"));
    }
}

fn keys(page: &Value) -> Vec<String> {
    let assets = page["assets"].as_array().unwrap();
    assets.iter().map(|asset| asset["asset_key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_are_stable_under_writes() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    // Even numbers are there from the beginning to the end; odd ones appear while the list is read.
    fill(&api, (0..100).map(|n| 2 * n), Some(ACCOUNT)).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (status, page) = api.get(&format!("/v1/assets?account_id={ACCOUNT}&limit=7{cursor}")).await;
        assert_eq!(status, 200);
        assert!(keys(&page).len() <= 7);
        seen.extend(keys(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        // Before and behind where the list stands; and some of what was and will be read is retired.
        fill(&api, [4 * pages + 1, 199 - 4 * pages].into_iter(), Some(ACCOUNT)).await;
        for number in [2 * pages, 198 - 2 * pages] {
            let version = api.asset(number).await["version"].as_str().unwrap().to_owned();
            api.must_apply(retire(&format!("r{pages}-{number}"), number, &version)).await;
        }
        pages += 1;
    }
    assert!(pages > 10, "the list had many pages");
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted, seen, "in order, and none twice");
    let seen: BTreeSet<_> = seen.into_iter().collect();
    assert!(
        (0..100).all(|n| seen.contains(&key(2 * n))),
        "none of those that were there all the time is missing"
    );
}

#[tokio::test]
async fn lists_are_by_account_and_hold_retired_entries() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    fill(&api, 0..3, Some(ACCOUNT)).await;
    fill(&api, 3..4, Some(OTHER)).await;
    fill(&api, 4..6, None).await;
    api.must_apply(retire("r0", 0, "1")).await;
    api.must_apply(retire("r3", 3, "1")).await;
    api.must_apply(retire("r4", 4, "1")).await;

    let (_, page) = api.get(&format!("/v1/assets?account_id={ACCOUNT}")).await;
    assert_eq!(keys(&page), [key(0), key(1), key(2)]);
    assert_eq!(page["assets"][0]["state"], "retired");
    let (_, page) = api.get("/v1/assets?account_id=none").await;
    assert_eq!(keys(&page), [key(4), key(5)]);
    let (_, page) = api.get("/v1/assets?account_id=333333333333").await;
    assert_eq!(page, json!({ "assets": [] }));

    let (_, accounts) = api.get("/v1/accounts").await;
    let expected = json!({
        "accounts": [
            { "account_id": ACCOUNT, "assets": 3, "active": 2 },
            { "account_id": OTHER, "assets": 1, "active": 0 },
        ],
        "without_account": { "assets": 2, "active": 1 },
    });
    assert_eq!(accounts, expected);
}

#[tokio::test]
async fn accounts_come_in_pages_too() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    for n in 0..5_u32 {
        fill(&api, n..=n, Some(&format!("{:012}", n + 1))).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (_, page) = api.get(&format!("/v1/accounts?limit=2{cursor}")).await;
        seen.extend(page["accounts"].as_array().unwrap().iter().map(|account| account["account_id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<_> = (1..=5).map(|n| json!(format!("{n:012}"))).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn more_than_a_page_is_cut_to_a_page() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    fill(&api, 0..1001, None).await;
    for limit in ["", "&limit=1001", "&limit=99999999999999999999999"] {
        let (_, page) = api.get(&format!("/v1/assets?account_id=none{limit}")).await;
        assert_eq!(keys(&page).len(), 1000);
        assert_eq!(page["next_cursor"], key(999));
    }
    let (_, page) = api.get(&format!("/v1/assets?account_id=none&cursor={}", key(999))).await;
    assert_eq!((keys(&page), page.get("next_cursor")), (vec![key(1000)], None));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_so() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    for path in [
        "/v1/assets".to_owned(),
        "/v1/assets?account_id=".to_owned(),
        "/v1/assets?without_account=true".to_owned(),
        "/v1/assets?account_id=12".to_owned(),
        format!("/v1/assets?account_id={ACCOUNT}&limit=0"),
        format!("/v1/assets?account_id={ACCOUNT}&limit=-1"),
        format!("/v1/assets?account_id={ACCOUNT}&limit="),
        format!("/v1/assets?account_id={ACCOUNT}&cursor=made-up"),
        "/v1/accounts?cursor=made-up".to_owned(),
        "/v1/assets/no-uuid".to_owned(),
        "/v1/runs/.hidden".to_owned(),
    ] {
        assert_eq!(api.get(&path).await.0, 400, "{path}");
    }
    assert_eq!(api.get("/v1/nothing").await.0, 404);
    assert_eq!(api.post("/v1/identity", &json!({})).await.0, 405);
    let deletion =
        api.request(reqwest::Method::DELETE, &format!("/v1/assets/{}", key(1))).send().await.unwrap();
    assert_eq!(deletion.status(), 405);
    assert_eq!(deletion.headers()["allow"], "GET,HEAD");
}

#[tokio::test]
async fn a_lookup_gives_each_entry_once_and_leaves_out_the_unknown() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    fill(&api, 0..3, None).await;
    let asked = json!({ "asset_keys": [key(2), key(9), key(0), key(2).to_uppercase()] });
    let (_, found) = api.post("/v1/assets/lookup", &asked).await;
    assert_eq!(keys(&found), [key(0), key(2)]);
    assert_eq!(api.post("/v1/assets/lookup", &json!({ "asset_keys": [] })).await.1, json!({ "assets": [] }));
    assert_eq!(api.post("/v1/assets/lookup", &json!({ "asset_keys": ["x"] })).await.0, 400);
    assert_eq!(api.post("/v1/assets/lookup", &json!({ "asset_keys": "x" })).await.0, 400);
}
