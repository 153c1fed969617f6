//! What lives elsewhere is misplaced and not absent.

use std::collections::BTreeMap;

use serde_json::json;

use super::proof::*;
use super::support::*;
use crate::attribute;
use crate::change_set::{ChangeKind, WithheldReason};
use crate::configuration_item::ConfigurationItem;
use crate::coverage::Reason;
use crate::finding::FindingKind;
use crate::history::AssetHistory;
use crate::proof::{Elsewhere, Proofs};
use crate::reconciliation::AccountReconciliation;

fn instance(region: &str) -> ConfigurationItem {
    let mut live = item(region, INSTANCE, ID);
    live.arn = Some(format!("arn:aws:ec2:{region}:111122223333:instance/{ID}").parse().unwrap());
    live
}

/// An instance that the register has in `eu`; both regions were seen.
fn instance_in_eu() -> Estate {
    let mut entry = entry_of("eu", INSTANCE, ID);
    let arn = instance("eu").arn.unwrap();
    entry.attributes.insert(attribute::ARN.into(), arn.as_str().into());
    entry.asset_key = key();
    let lines = ["eu", "us"].map(|region| complete(region, Some(INSTANCE)));
    Estate::seen().lines(lines).published([entry])
}

#[test]
fn semantics_2_4_what_lives_in_another_region_is_misplaced_and_not_absent() {
    let moved = instance_in_eu().items([instance("us")]);
    // Even where a record speaks of it there: there is but one of that id.
    let recorded = moved.clone().records([by_id("a", Some("us"), INSTANCE, ID)]);
    for estate in [moved, recorded] {
        let result = estate.round(&deleted(at(-2)), &patient(), at(100));
        let finding = result.findings.iter().find(|finding| finding.kind == FindingKind::Misplaced).unwrap();
        assert_eq!(finding.evidence["seen_in"], json!({"account_id": account(), "region": "us"}));
        let change = result.changes.iter().find(|change| change.asset_key == key()).unwrap();
        assert_eq!(verdict(change), withheld(WithheldReason::Misplaced));
        assert_eq!(change.would_be, Some(ChangeKind::Retire));
        assert_eq!(result.history.assets[&key()].looks, 0);
    }
}

#[test]
fn semantics_2_4_what_another_account_shows_is_misplaced_too() {
    let elsewhere = |doubtful| Elsewhere { doubtful, account_id: other_account(), region: "us".into() };
    let run = |estate: &Estate, doubtful| {
        let elsewhere = BTreeMap::from([(key(), elsewhere(doubtful))]);
        estate.round(&Proofs { elsewhere, ..deleted(at(-2)) }, &patient(), at(100))
    };
    let sure = run(&instance_in_eu(), false);
    assert_eq!(only(&sure), withheld(WithheldReason::Misplaced));
    assert_eq!(sure.findings[0].evidence["seen_in"]["account_id"], other_account().as_str());
    // An old row there proves less, and vetoes as well.
    let doubtful = run(&instance_in_eu(), true);
    assert_eq!(
        (findings(&doubtful), doubtful.history.assets[&key()].looks),
        (vec![FindingKind::Unverified], 0)
    );
    // So does any in a scope that is only busy.
    let busy = instance_in_eu().lines([gap("eu", Some(INSTANCE), Reason::CountMismatch)]);
    assert_eq!(findings(&run(&busy, false)), [FindingKind::Unverified]);
}

#[test]
fn semantics_2_4_a_namesake_in_another_region_counts_until_it_is_known_to_be_another() {
    let namesake = gone().items([item("us", QUEUE, "q")]);
    let of = |result: &AccountReconciliation| {
        result.changes.iter().find(|change| change.asset_key == key()).map(verdict).unwrap()
    };
    let misplaced = withheld(WithheldReason::Misplaced);
    assert_eq!(of(&namesake.run(&patient(), at(100))), misplaced);
    // A record speaks of it: it is an asset of its own.
    let recorded = namesake.clone().records([by_id("a", Some("us"), QUEUE, "q")]);
    assert_eq!(of(&recorded.run(&patient(), at(100))), RETIRED_PATIENTLY);
    // Both were seen at once.
    let mut both = patient();
    let known = AssetHistory { first_seen: Some(at(-30)), ..AssetHistory::default() };
    both.assets.insert(arn_key(&arn("us", QUEUE, "q")), known);
    assert_eq!(of(&namesake.run(&both, at(100))), RETIRED_PATIENTLY);
    // It turned up when the other was gone already.
    let mut later = patient();
    let known = AssetHistory { first_seen: Some(at(-20)), ..AssetHistory::default() };
    later.assets.insert(arn_key(&arn("us", QUEUE, "q")), known);
    assert_eq!(of(&namesake.run(&later, at(100))), misplaced);
}
