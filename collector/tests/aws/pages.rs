//! Whole answers of AWS Config, page by page, with the quirks of its pages: a directory per case.
//!
//! `select.<region>.<number>.json` are the pages in order, the last of which stays; `counts.<region>.json` and
//! `recorders.json` the other answers; `expected.json` has what is found, by ARN, else by id, what the ledger says
//! by region and type, and the tokens of the questions in eu-central-1.

use std::collections::BTreeMap;
use std::path::Path;

use bestand_model::coverage::Reason;
use serde::Deserialize;
use serde_json::Value;

use super::fake::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Expected {
    found: Vec<String>,
    ledger: BTreeMap<String, String>,
    tokens: Option<Vec<Option<String>>>,
}

fn read(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

async fn collect(case: &Path, wanted: &Expected) -> Expected {
    let mut pages: BTreeMap<String, BTreeMap<u32, Reply>> = BTreeMap::new();
    let fake = Fake::start().await;
    for file in std::fs::read_dir(case).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        match name.split('.').collect::<Vec<_>>().as_slice() {
            ["select", region, number, "json"] => {
                let of_region = pages.entry((*region).to_owned()).or_default();
                of_region.insert(number.parse().unwrap(), Reply::Json(read(&file.path())));
            }
            ["counts", region, "json"] => {
                fake.on("GetDiscoveredResourceCounts", region, [Reply::Json(read(&file.path()))]);
            }
            ["recorders", "json"] => {
                fake.on("DescribeConfigurationRecorders", "", [Reply::Json(read(&file.path()))]);
            }
            ["expected", "json"] => {}
            _ => panic!("{name} is none of the files of a case"),
        }
    }
    fake.regions(&pages.keys().map(String::as_str).collect::<Vec<_>>());
    for (region, pages) in pages {
        fake.on("SelectResourceConfig", &region, pages.into_values());
    }
    let collected = fake.collect().await;
    let name = |item: &bestand_model::configuration_item::ConfigurationItem| {
        item.arn.as_ref().map_or_else(|| item.resource_id.to_string(), ToString::to_string)
    };
    let mut found: Vec<_> = collected.items.iter().map(name).collect();
    found.sort();
    let says = |scope: &String| {
        let (region, of) = scope.split_once(' ').unwrap();
        collected.line(Some(region), Some(of)).reason.map_or("complete", Reason::code).to_owned()
    };
    let ledger = wanted.ledger.keys().map(|scope| (scope.clone(), says(scope))).collect();
    let asked = fake.calls().into_iter().filter(|call| call.operation == "SelectResourceConfig");
    let token = |call: Call| {
        let body: Value = serde_json::from_str(&call.body).unwrap();
        body["NextToken"].as_str().map(str::to_owned)
    };
    let tokens = asked.filter(|call| call.region == FRANKFURT).map(token).collect();
    Expected { found, ledger, tokens: wanted.tokens.is_some().then_some(tokens) }
}

#[tokio::test]
async fn every_quirk_of_pages_is_read_as_its_case_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let wanted: Expected = serde_json::from_value(read(&case.join("expected.json"))).unwrap();
        let got = collect(&case, &wanted).await;
        if got != wanted {
            wrong.push(format!("{}: {got:#?} instead of {wanted:#?}", case.display()));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 17, "only {seen} cases");
}
