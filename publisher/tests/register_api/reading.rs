//! Reads: tried again where that helps, and never believed blindly.

use std::time::{Duration, Instant};

use bestand_publisher::central_register::{
    CentralRegister, ListScope, RegisterApi, RegisterAuth, RegisterError,
};
use serde_json::json;

use crate::scripted::{Reply, Scripted, asset, html, identity, key, key_text, ok, options, problem, status};

const ASSETS: &str = "/v1/assets";

async fn list(client: &RegisterApi) -> Result<usize, RegisterError> {
    Ok(client.list(&ListScope::WithoutAccount, None).await?.items.len())
}

/// The answer of a list to which the script gives one reply for ever.
async fn list_error(reply: Reply) -> RegisterError {
    let register = Scripted::start().await.on(ASSETS, [reply]);
    list(&register.client()).await.unwrap_err()
}

fn nonsense(error: RegisterError) -> (String, String) {
    match error {
        RegisterError::Nonsense { what, excerpt, .. } => (what, excerpt),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn unknown_members_are_tolerated() {
    let register = Scripted::start().await.on(ASSETS, [ok(json!({ "assets": [asset(1)], "unheard_of": 1 }))]);
    let client = register.client();
    let identity = client.identity().await.unwrap();
    assert_eq!((identity.register_id.as_str(), identity.capabilities.max_batch), ("register-1", 2));
    let page = client.list(&ListScope::WithoutAccount, None).await.unwrap();
    assert_eq!((page.items[0].asset_key, page.items[0].attributes["owner"].as_str()), (key(1), Some("bus")));
    assert!(page.next.is_none());
    let asked = register.asked(ASSETS);
    assert_eq!(asked[0].line, "GET /v1/assets?limit=3&account_id=none");
    assert!(asked[0].headers["user-agent"].starts_with("bestand/"));
}

#[tokio::test]
async fn a_storm_of_refusals_is_waited_out() {
    let good = ok(json!({ "assets": [] }));
    for code in [429, 500, 502, 503, 504] {
        let storm = vec![status(code, &[], json!({})); 3].into_iter().chain([good.clone()]);
        let register = Scripted::start().await.on(ASSETS, storm);
        assert_eq!(list(&register.client()).await.unwrap(), 0);
        assert_eq!(register.asked(ASSETS).len(), 4, "status {code}");
    }
    for trouble in [Reply::Drop, Reply::Cut, Reply::Hang] {
        let register = Scripted::start().await.on(ASSETS, [trouble, good.clone()]);
        assert_eq!(list(&register.client()).await.unwrap(), 0);
        assert_eq!(register.asked(ASSETS).len(), 2);
    }
}

#[tokio::test]
async fn retry_after_is_honoured_and_capped() {
    for (asked, least) in [("1", 1000), ("3600", 1200)] {
        let wait = status(503, &[("retry-after", asked)], json!({}));
        let register = Scripted::start().await.on(ASSETS, [wait, ok(json!({ "assets": [] }))]);
        let client = register.client();
        client.identity().await.unwrap();
        let began = Instant::now();
        list(&client).await.unwrap();
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(least) && took < Duration::from_secs(5), "{asked}: {took:?}");
    }
}

#[tokio::test]
async fn in_the_end_the_last_refusal_is_told_with_the_registers_words() {
    let register = Scripted::start().await.on(ASSETS, [problem(500, "the disk is full", "ask Erika")]);
    let error = list(&register.client()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the central register answered GET /v1/assets with status 500: the disk is full: ask Erika"
    );
    assert_eq!((error.status(), register.asked(ASSETS).len()), (Some(500), 4));

    let wait = status(429, &[("retry-after", "0")], json!({}));
    let register = Scripted::start().await.on(ASSETS, [wait]);
    let error = list(&register.client()).await.unwrap_err();
    assert!(matches!(error, RegisterError::Refused { status: 429, retry_after: Some(Duration::ZERO), .. }));
}

#[tokio::test]
async fn what_will_not_get_better_is_asked_once() {
    for code in [400, 401, 403, 404, 409, 302] {
        let reply = status(code, &[("location", "/v1/elsewhere")], json!({ "title": "no" }));
        let register = Scripted::start().await.on(ASSETS, [reply]);
        assert_eq!(list(&register.client()).await.unwrap_err().status(), Some(code));
        assert_eq!(register.asked(ASSETS).len(), 1, "status {code}");
        assert!(register.asked("/v1/elsewhere").is_empty(), "redirects are not followed");
    }
}

#[tokio::test]
async fn a_register_that_is_not_there_is_unreachable() {
    // Taken and given back, so that nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = RegisterApi::new(options(&format!("http://127.0.0.1:{port}"), RegisterAuth::None)).unwrap();
    let error = client.identity().await.unwrap_err();
    assert!(matches!(error, RegisterError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "cannot reach the central register for GET /v1/identity");
}

#[tokio::test]
async fn a_lost_answer_is_told_as_such() {
    let error = list_error(Reply::Hang).await;
    assert!(matches!(error, RegisterError::Lost { timeout: true, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the central register's answer to GET /v1/assets was lost: it took too long"
    );
    for trouble in [Reply::Drop, Reply::Cut] {
        let error = list_error(trouble).await;
        assert!(matches!(error, RegisterError::Lost { timeout: false, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn nonsense_is_shown_in_short() {
    let (what, excerpt) = nonsense(list_error(html(200)).await);
    assert!(what.contains("expected value"), "{what}");
    assert!(
        excerpt.starts_with("<html><body>Please sign in.") && excerpt.chars().count() == 200,
        "{excerpt}"
    );

    let cut = Reply::Text(200, vec![], r#"{"assets": [{"asset_key""#.to_owned());
    assert!(nonsense(list_error(cut).await).0.contains("EOF"));
    let mut bad = asset(1);
    bad["state"] = "asleep".into();
    assert!(nonsense(list_error(ok(json!({ "assets": [bad] }))).await).0.contains("asleep"));
    let mut bad = asset(1);
    bad["version"] = 7.into();
    assert!(nonsense(list_error(ok(json!({ "assets": [bad] }))).await).0.contains("expected a string"));
}

#[tokio::test]
async fn entries_of_others_are_not_taken_for_ours() {
    let mut foreign = asset(2);
    foreign["source"] = "other".into();
    let (what, _) = nonsense(list_error(ok(json!({ "assets": [asset(1), foreign.clone()] }))).await);
    assert_eq!(what, format!("entry {} belongs to \"other\", not to \"bestand\"", key_text(2)));
    let mut elsewhere = asset(2);
    elsewhere["account_id"] = "111111111111".into();
    let (what, _) = nonsense(list_error(ok(json!({ "assets": [asset(1), elsewhere] }))).await);
    assert_eq!(what, format!("entry {} does not belong to entries without an account", key_text(2)));

    let register = Scripted::start().await.on("/v1/assets/lookup", [ok(json!({ "assets": [foreign] }))]);
    let (what, _) = nonsense(register.client().look_up(&[key(2)]).await.unwrap_err());
    assert!(what.contains("belongs to \"other\""), "{what}");
}

#[tokio::test]
async fn pages_are_followed_and_a_circle_is_noticed() {
    let page = |next: &str| ok(json!({ "assets": [], "next_cursor": next }));
    let register = Scripted::start().await.on(ASSETS, [page("a b&c"), page("b"), page("a b&c")]);
    let client = register.client();
    let (mut cursor, mut pages) = (None, 0);
    let error = loop {
        match client.list(&ListScope::WithoutAccount, cursor).await {
            Ok(page) => cursor = Some(page.next.unwrap()),
            Err(error) => break error,
        }
        pages += 1;
    };
    assert!(matches!(error, RegisterError::RepeatedCursor { .. }), "{error:?}");
    assert_eq!(pages, 2);
    let second = &register.asked(ASSETS)[1].line;
    assert_eq!(second, "GET /v1/assets?limit=3&account_id=none&cursor=a+b%26c");
}

#[tokio::test]
async fn accounts_of_all_pages_are_given_in_order() {
    let accounts = "/v1/accounts";
    let page = |ids: &[&str], next: Option<&str>| {
        let counts: Vec<_> =
            ids.iter().map(|id| json!({ "account_id": id, "assets": 1, "active": 0 })).collect();
        let none = json!({ "assets": 0, "active": 0 });
        ok(json!({ "accounts": counts, "without_account": none, "next_cursor": next }))
    };
    let (one, two) = ("111111111111", "222222222222");
    let register = Scripted::start()
        .await
        .on(accounts, [page(&[two], Some("x")), page(&[], Some("y")), page(&[one], None)]);
    let found = register.client().accounts().await.unwrap();
    assert_eq!(found.iter().map(|id| id.as_str()).collect::<Vec<_>>(), [one, two]);

    let register = Scripted::start().await.on(accounts, [page(&[one], Some("x"))]);
    let error = register.client().accounts().await.unwrap_err();
    assert!(matches!(error, RegisterError::RepeatedCursor { .. }), "{error:?}");
    let register = Scripted::start().await.on(accounts, [page(&["12"], None)]);
    assert!(nonsense(register.client().accounts().await.unwrap_err()).0.contains("twelve digits"));
}

#[tokio::test]
async fn lookups_are_cut_to_what_the_register_takes() {
    let lookup = "/v1/assets/lookup";
    let replies = [
        ok(json!({ "assets": [asset(1), asset(2)] })),
        ok(json!({ "assets": [] })),
        ok(json!({ "assets": [asset(5)] })),
    ];
    let register = Scripted::start().await.on(lookup, replies);
    let found = register.client().look_up(&[1, 2, 3, 4, 5].map(key)).await.unwrap();
    assert_eq!(found.iter().map(|asset| asset.asset_key).collect::<Vec<_>>(), [1, 2, 5].map(key));
    let bodies: Vec<_> = register.asked(lookup).into_iter().map(|asked| asked.body).collect();
    assert_eq!(bodies[0], format!(r#"{{"asset_keys":["{}","{}"]}}"#, key_text(1), key_text(2)));
    assert_eq!(bodies.len(), 3);

    for strange in [json!([asset(9)]), json!([asset(1), asset(1)])] {
        let register = Scripted::start().await.on(lookup, [ok(json!({ "assets": strange }))]);
        let (what, _) = nonsense(register.client().look_up(&[1, 2].map(key)).await.unwrap_err());
        assert!(what.contains("was not asked for, or comes twice"), "{what}");
    }
}

#[tokio::test]
async fn an_identity_that_cannot_be_worked_with_is_refused() {
    for (path, value, complaint) in [
        ("/api_version", json!("2"), "version \"2\" of the contract"),
        ("/capabilities/max_batch", json!(0), "at least 1"),
        ("/capabilities/max_page", json!(0), "at least 1"),
        ("/environment", json!(""), "must not be empty"),
        ("/capabilities/idempotency", json!("yes"), "expected a boolean"),
    ] {
        let mut odd = identity();
        *odd.pointer_mut(path).unwrap() = value;
        let register = Scripted::start().await.on("/v1/identity", [ok(odd)]);
        let (what, _) = nonsense(register.client().identity().await.unwrap_err());
        assert!(what.contains(complaint), "{what}");
    }
}
