//! Who may see and change what.

use bestand_sandbox::register::{Credential, RegisterFaults, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Api, Fixture, create, key, retire, update, verdict};

async fn staffed() -> Fixture {
    let credentials = vec![
        Credential::api_key("bestand", "key-b"),
        Credential::api_key("other", "key-o"),
        Credential::api_key("erika", "key-k").with_role(Role::Keeper),
        Credential::api_key("bestand", "key-r").with_role(Role::Reader),
        Credential::bearer("bestand", "fixed-token"),
        Credential::oauth_client("bestand", "client", "s3cret+/ü"),
    ];
    Fixture::with(credentials, RegisterFaults::default()).await
}

#[tokio::test]
async fn nobody_is_let_in_without_a_credential() {
    let fixture = staffed().await;
    for api in [fixture.api(), fixture.api_with_key("wrong"), fixture.api_with_key("")] {
        for path in ["/v1/identity", "/v1/accounts", "/v1/assets?account_id=none", "/v1/runs/r"] {
            let (status, problem) = api.get(path).await;
            assert_eq!(status, 401, "{path}");
            assert_eq!(problem["type"], "urn:register-api:problem:unauthorized");
        }
        assert_eq!(api.post("/v1/changes", &json!({})).await.0, 401);
    }
    let refused = fixture.api().request(Method::GET, "/v1/identity").send().await.unwrap();
    assert!(refused.headers().contains_key("www-authenticate"));
    for header in ["Bearer wrong", "Basic a2V5OmI=", "fixed-token"] {
        let request = fixture.api().request(Method::GET, "/v1/identity").header("authorization", header);
        assert_eq!(Api::send(request).await.0, 401, "{header}");
    }
    let contract = fixture.api().request(Method::GET, "/openapi.yaml").send().await.unwrap();
    assert!(contract.text().await.unwrap().starts_with("openapi: 3.1.0"));
}

#[tokio::test]
async fn identity_says_as_whom_one_writes() {
    let fixture = staffed().await;
    for (key, source) in [("key-b", "bestand"), ("key-o", "other"), ("key-k", "erika")] {
        let (_, identity) = fixture.api_with_key(key).get("/v1/identity").await;
        assert_eq!(identity["source"], source);
        assert_eq!(
            (&identity["register_id"], &identity["environment"]),
            (&json!("register-1"), &json!("staging"))
        );
    }
    let request =
        fixture.api().request(Method::GET, "/v1/identity").header("authorization", "bearer fixed-token");
    assert_eq!(Api::send(request).await.1["source"], "bestand");
}

#[tokio::test]
async fn a_writer_neither_sees_nor_changes_what_another_owns() {
    let fixture = staffed().await;
    let (ours, theirs) = (fixture.api_with_key("key-b"), fixture.api_with_key("key-o"));
    ours.must_apply(create("k1", 1, json!({ "account_id": ACCOUNT }))).await;
    theirs.must_apply(create("k1", 2, json!({ "account_id": ACCOUNT }))).await;

    let results = ours
        .apply(vec![
            update("k2", 2, "1", json!({ "attributes": { "a": 1 } })),
            retire("k3", 2, "1"),
            create("k4", 2, json!({})),
        ])
        .await;
    for result in &results {
        assert_eq!(verdict(result), ("rejected", "not_owner"));
        assert_eq!(result.get("version"), None, "nothing of the entry is told");
    }
    assert_eq!(ours.get(&format!("/v1/assets/{}", key(2))).await.0, 404);
    let keys = |body: &Value| -> Vec<String> {
        body["assets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|asset| asset["asset_key"].as_str().unwrap().to_owned())
            .collect()
    };
    let (_, listed) = ours.get(&format!("/v1/assets?account_id={ACCOUNT}")).await;
    assert_eq!(keys(&listed), [key(1)]);
    let (_, found) = ours.post("/v1/assets/lookup", &json!({ "asset_keys": [key(1), key(2)] })).await;
    assert_eq!(keys(&found), [key(1)]);
    let (_, accounts) = theirs.get("/v1/accounts").await;
    assert_eq!(accounts["accounts"], json!([{ "account_id": ACCOUNT, "assets": 1, "active": 1 }]));
    assert_eq!(theirs.asset(2).await["version"], "1");
}

#[tokio::test]
async fn a_keeper_edits_entries_of_every_writer_and_leaves_a_name() {
    let fixture = staffed().await;
    let (ours, keeper) = (fixture.api_with_key("key-b"), fixture.api_with_key("key-k"));
    ours.must_apply(create("k1", 1, json!({ "attributes": { "owner": "bus" } }))).await;
    keeper.must_apply(update("k1", 1, "1", json!({ "attributes": { "owner": "rail" } }))).await;

    let asset = ours.asset(1).await;
    assert_eq!(asset["attributes"]["owner"], "rail");
    assert_eq!((&asset["source"], &asset["last_writer"]), (&json!("bestand"), &json!("erika")));
    let late = ours.apply(vec![update("k2", 1, "1", json!({ "attributes": { "owner": "bus" } }))]).await;
    assert_eq!(verdict(&late[0]), ("conflicted", "version_mismatch"));
}

#[tokio::test]
async fn a_reader_changes_nothing() {
    let fixture = staffed().await;
    fixture.api_with_key("key-b").must_apply(create("k1", 1, json!({}))).await;
    let reader = fixture.api_with_key("key-r");
    assert_eq!(reader.asset(1).await["version"], "1");
    let (status, problem) =
        reader.post("/v1/changes", &crate::support::batch(vec![retire("k", 1, "1")])).await;
    assert_eq!((status, &problem["type"]), (403, &json!("urn:register-api:problem:forbidden")));
    assert_eq!(reader.put("/v1/runs/r", &json!({})).await.0, 403);
    assert_eq!(reader.asset(1).await["state"], "active");
}

async fn token(fixture: &Fixture, authorization: Option<&str>, form: &str) -> (u16, Value) {
    let mut request = fixture.api().request(Method::POST, "/v1/oauth/token");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body(form.to_owned()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn client_credentials_give_a_token() {
    let fixture = staffed().await;
    let secret = "s3cret%2B%2F%C3%BC";
    let in_body = format!("grant_type=client_credentials&client_id=client&client_secret={secret}");
    // "client" and the form-encoded secret, in base64.
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("client:{secret}"))
    );
    for (authorization, form) in
        [(None, in_body.as_str()), (Some(basic.as_str()), "grant_type=client_credentials")]
    {
        let (status, answer) = token(&fixture, authorization, form).await;
        assert_eq!((status, &answer["token_type"]), (200, &json!("Bearer")), "{answer}");
        assert_eq!(answer["expires_in"], 3600);
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let request = fixture.api().request(Method::GET, "/v1/identity").header("authorization", bearer);
        assert_eq!(Api::send(request).await.1["source"], "bestand");
    }
    for (authorization, form, status, error) in [
        (None, "", 400, "invalid_request"),
        (None, "grant_type=password&client_id=client&client_secret=x", 400, "unsupported_grant_type"),
        (None, "grant_type=client_credentials", 401, "invalid_client"),
        (None, "grant_type=client_credentials&client_id=client&client_secret=wrong", 401, "invalid_client"),
        (Some("Basic !!!"), "grant_type=client_credentials", 401, "invalid_client"),
        (Some(basic.as_str()), in_body.as_str(), 400, "invalid_request"),
    ] {
        let (answered, body) = token(&fixture, authorization, form).await;
        assert_eq!((answered, body["error"].as_str().unwrap()), (status, error), "{form}");
    }
}

#[tokio::test]
async fn a_token_ends() {
    let client = Credential::oauth_client("bestand", "client", "secret");
    let lifetime = std::time::Duration::from_millis(30);
    let faults = RegisterFaults { token_lifetime: Some(lifetime), ..RegisterFaults::default() };
    let fixture = Fixture::with(vec![client], faults).await;
    let form = "grant_type=client_credentials&client_id=client&client_secret=secret";
    let (_, answer) = token(&fixture, None, form).await;
    tokio::time::sleep(lifetime * 2).await;
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let request = fixture.api().request(Method::GET, "/v1/identity").header("authorization", bearer);
    assert_eq!(Api::send(request).await.0, 401);
}
