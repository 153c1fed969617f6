//! The contract that a register shows is the one in the repository.

use reqwest::Method;

use crate::support::Fixture;

const CONTRACT: &str = include_str!("../../../publisher/openapi/register-api.yaml");

#[tokio::test]
async fn the_register_shows_its_contract_byte_for_byte_and_keeps_that_version() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let shown = api.request(Method::GET, "/openapi.yaml").send().await.unwrap();
    assert_eq!(
        (shown.status().as_u16(), &shown.headers()["content-type"]),
        (200, &"application/yaml".parse().unwrap())
    );
    assert_eq!(shown.bytes().await.unwrap(), CONTRACT);

    let version = CONTRACT.lines().find_map(|line| line.strip_prefix("  version: \"")).unwrap();
    let (_, identity) = api.get("/v1/identity").await;
    assert_eq!(identity["api_version"].as_str(), version.split('.').next());
    // The addresses in it are relative to where it was read, so that they lead back here.
    assert!(CONTRACT.contains("servers:\n  - url: /\n"));
}

#[tokio::test]
async fn every_call_of_the_contract_is_offered_and_no_other_path() {
    let fixture = Fixture::open().await;
    let api = fixture.api();
    let mut calls = 0;
    let mut path = "";
    for line in
        CONTRACT.lines().skip_while(|line| *line != "paths:").take_while(|line| *line != "components:")
    {
        if let Some(found) = line.strip_prefix("  /").and_then(|rest| rest.strip_suffix(':')) {
            path = found;
        }
        let Some(method @ ("get" | "put" | "post" | "delete" | "patch")) =
            line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(':'))
        else {
            continue;
        };
        let method: Method = method.to_uppercase().parse().unwrap();
        let concrete = path.replace("{asset_key}", "no-key").replace("{run_id}", ".none");
        let answer = api.request(method.clone(), &format!("/{concrete}")).send().await.unwrap();
        assert!(![404, 405].contains(&answer.status().as_u16()), "{method} /{path}: {}", answer.status());
        calls += 1;
    }
    assert!(calls >= 9, "{calls} calls were found");
    assert_eq!(api.get("/v1/openapi.yaml").await.0, 404);
}
