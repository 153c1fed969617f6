//! Whole estates as tables.

use super::support::*;
use crate::asset::AssetState;
use crate::asset_record::{AssetRecord, Lifecycle, RejectedRecord};
use crate::coverage::Reason;

#[test]
fn an_estate_of_which_everything_was_seen() {
    let planned = AssetRecord { lifecycle: Lifecycle::Planned, ..by_id("planned", Some("us"), QUEUE, "p") };
    let retired = AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("let-go", Some("us"), QUEUE, "r") };
    let running = AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("running", Some("us"), QUEUE, "z") };
    let mut was_retired = entry_of("us", BUCKET, "back");
    was_retired.state = AssetState::Retired;
    let estate = Estate::seen()
        .items([
            item("eu", QUEUE, "new"),
            item("eu", QUEUE, "same"),
            item("eu", SUBNET, "furniture"),
            item("eu", SUBNET, "furniture-of-note"),
            item("us", QUEUE, "z"),
            item("us", BUCKET, "back"),
            item("global", ROLE, "admin"),
        ])
        .records([
            by_arn("same", &arn("eu", QUEUE, "same")),
            by_arn("note", &arn("eu", SUBNET, "furniture-of-note")),
            by_id("gone", Some("eu"), QUEUE, "gone"),
            by_id("never", Some("eu"), QUEUE, "never"),
            by_arn("role", &arn("global", ROLE, "admin")),
            planned,
            retired,
            running,
        ])
        .published([
            entry_of("eu", QUEUE, "same"),
            entry_of("eu", QUEUE, "gone"),
            entry_of("eu", QUEUE, "forgotten"),
            entry_of("us", QUEUE, "r"),
            was_retired,
        ]);
    assert_reads(
        &estate.once(),
        "entry: absent: withheld(grace)
        eu/AWS::EC2::Subnet/furniture: unregistered: withheld(type_not_published)
        eu/AWS::SQS::Queue/new: unregistered: create registration=unregistered verification=live
        gone + entry: absent: withheld(grace)
        let-go + entry: -: withheld(grace)
        never: absent: withheld(not_live)
        note + eu/AWS::EC2::Subnet/furniture-of-note: -: create asset_id=note registration=registered verification=live
        planned: -: withheld(planned)
        role + global/AWS::IAM::Role/admin: -: create asset_id=role registration=registered verification=live
        running + us/AWS::SQS::Queue/z: retired_but_live: create asset_id=running registration=registered verification=live
        same + eu/AWS::SQS::Queue/same + entry: -: update asset_id=same
        us/AWS::S3::Bucket/back + entry: unregistered: update Active registration=unregistered",
    );
}

#[test]
fn an_estate_of_which_nothing_was_seen() {
    let mut estate = Estate::seen()
        .records([
            by_arn("a", &arn("eu", QUEUE, "a")),
            by_id("b", None, QUEUE, "b"),
            AssetRecord { lifecycle: Lifecycle::Planned, ..by_id("c", Some("eu"), QUEUE, "c") },
            AssetRecord { lifecycle: Lifecycle::Retired, ..by_id("d", Some("eu"), QUEUE, "d") },
        ])
        .published([entry_of("eu", QUEUE, "a"), entry_of("eu", QUEUE, "d"), entry_of("eu", BUCKET, "e")]);
    estate.rejected = vec![RejectedRecord {
        row_key: "row 7".into(),
        asset_id: None,
        account_id: Some(account()),
        reason: "column `arn` holds `arn:nonsense`".into(),
    }];
    let denied = crate::coverage::CoverageLine::incomplete(account(), None, None, Reason::RoleDenied, "");
    estate.lines = vec![denied];
    assert_reads(
        &estate.daily(9),
        r#"a + entry: unverified: update asset_id=a
        b: unverified: create asset_id=b registration=registered verification=unverified
        c: -: withheld(planned)
        d + entry: unverified: update asset_id=d
        entry: unverified: withheld(unverified)
        rejected_record: "row 7""#,
    );
}

#[test]
fn an_estate_with_one_stopped_region() {
    let stopped = [gap("us", None, Reason::RecorderStopped)];
    let mut estate = Estate::seen()
        .items([item("eu", QUEUE, "here"), item("us", QUEUE, "old"), item("us", QUEUE, "nobodys")])
        .records([
            by_id("here", Some("eu"), QUEUE, "here"),
            by_id("old", Some("us"), QUEUE, "old"),
            by_id("wide", None, QUEUE, "wide"),
        ])
        .published([
            entry_of("us", QUEUE, "old"),
            entry_of("us", QUEUE, "unseen"),
            entry_of("eu", QUEUE, "gone"),
        ]);
    estate.lines.retain(|line| line.region != Some("us".into()));
    assert_reads(
        &estate.lines(stopped).daily(2),
        "entry: absent: retire
        entry: unverified: withheld(unverified)
        here + eu/AWS::SQS::Queue/here: -: create asset_id=here registration=registered verification=live
        old + us/AWS::SQS::Queue/old + entry: unverified: update asset_id=old
        us/AWS::SQS::Queue/nobodys: unverified: withheld(unverified)
        wide: unverified: create asset_id=wide registration=registered verification=unverified",
    );
}
