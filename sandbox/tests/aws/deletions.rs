use crate::support::start;
use bestand_sandbox::{PlantedKind, Retirable};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn what_was_deleted_just_now_is_gone_everywhere_and_half_of_it_is_proven() {
    let (before, after) = (start(2, 1200, "none").await, start(2, 1200, "deletions").await);
    let known: BTreeSet<_> = before.sandbox.truth().retirable.iter().map(|one| &one.resource_id).collect();
    let new: Vec<&Retirable> =
        after.sandbox.truth().retirable.iter().filter(|one| !known.contains(&one.resource_id)).collect();
    let deleted = before.sandbox.truth().live_total - after.sandbox.truth().live_total;
    assert!(deleted > 10 && new.len() as u64 == deleted, "{deleted} {}", new.len());
    assert_eq!(before.sandbox.truth().records_total, after.sandbox.truth().records_total);
    let mut proven = 0;
    for one in new {
        let text = |part: &Option<String>| part.clone().unwrap();
        // A record that names no region speaks of a resource that lies in one all the same.
        let Some(region) = one.region.clone() else { continue };
        let (account, kind, id) = (text(&one.account_id), text(&one.resource_type), text(&one.resource_id));
        assert!(before.sandbox.is_live(&account, &region, &kind, &id), "{one:?}");
        assert!(!after.sandbox.is_live(&account, &region, &kind, &id), "{one:?}");
        let at = if region == "global" { "eu-central-1" } else { &region };
        let caller = after.assume(&account).await.at(at);
        let body = json!({"resourceType": kind, "resourceIds": [id], "includeDeletedResources": true});
        let answer = after.config_ok(&caller, "ListDiscoveredResources", body).await;
        let found = answer["resourceIdentifiers"].as_array().unwrap();
        let at = found.first().map(|item| item["resourceDeletionTime"].as_f64().unwrap() as i64);
        assert_eq!(at, one.deletion_time, "{one:?}");
        proven += usize::from(at.is_some());
        let keys = json!({"resourceKeys": [{"resourceType": kind, "resourceId": id}]});
        let got = after.config_ok(&caller, "BatchGetResourceConfig", keys).await;
        assert_eq!(got["baseConfigurationItems"], json!([]));
    }
    assert!(proven > 2 && (proven as u64) < deleted, "{proven} of {deleted}");
    let counts = |fixture: &crate::support::Fixture, kind| {
        fixture.sandbox.truth().planted.iter().filter(|planted| planted.kind == kind).count() as u64
    };
    assert_eq!(counts(&after, PlantedKind::Absent), counts(&before, PlantedKind::Absent) + deleted);
}
