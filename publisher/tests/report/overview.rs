//! The findings in one picture, by account and owner, and what is planned for each.

use serde_json::json;

use crate::markup::Page;
use crate::sample::{HOSTILE, Sample, finding};
use crate::{MANY, html, render};

/// The text of one breakdown.
fn table(text: &str, from: &str, to: &str) -> String {
    let after = text.split_once("Each name shows its findings").unwrap().1;
    let from = after.split_once(from).unwrap().1;
    from.split_once(to).unwrap().0.to_owned()
}

#[test]
fn the_picture_has_a_part_for_everything_that_there_is() {
    let page = html(&Sample::new(600), MANY).0;
    let told =
        "All findings as parts of one bar: 180 high, 168 medium, 180 low, 12 only to know, 60 unverified.";
    assert!(page.contains(told));
    for class in ["high", "medium", "low", "info", "unverified"] {
        assert_eq!(
            page.matches(&format!("class=\"part-{class}\"")).count(),
            2,
            "{class}: in the bar, and in the legend"
        );
    }
    assert!(!page.contains("class=\"part-ignored\""));
    assert!(
        !html(&Sample::new(0), MANY).0.contains("id=\"picture-title\""),
        "of nothing there is no picture"
    );
}

#[test]
fn findings_are_counted_by_severity_account_and_owner() {
    let page = Page::parse(&html(&Sample::new(600), MANY).0);
    let text = page.text();
    assert!(
        table(&text, "By severity", "By account").contains("high 180 medium 168 low 180 info 72"),
        "{text}"
    );
    assert!(table(&text, "By account", "By owner").contains("no account 60"));
    let owners = table(&text, "By owner", "Changes in the central");
    assert!(owners.contains("nobody") && owners.contains("team-bus@example.org"), "{owners}");
    let values = page.values_of("data-value");
    for value in ["high", "absent", "none", "100000000000", "=team-bahn@example.org"] {
        assert!(values.contains(&value), "{value}: {values:?}");
    }
}

#[test]
fn of_many_owners_the_largest_are_written_out_and_the_rest_is_counted() {
    let sample = Sample::new(0);
    let mut findings = (0..30_000).map(|number| {
        let mut own = finding(number);
        own.owner = Some(format!("owner-{}", if number % 3 == 0 { 0 } else { number }));
        own
    });
    let text = Page::parse(&render(&sample, &mut findings, 10).0).text();
    let owners = table(&text, "By owner", "Changes in the central");
    assert!(owners.contains("owner-0"), "{owners}");
    assert!(owners.contains("And 9,985 more owners with 9,985 findings"), "{owners}");
    assert!(
        owners.contains("more owners than are told apart here: together they have 10,001 findings"),
        "{owners}"
    );
}

#[test]
fn what_cannot_be_filtered_by_is_no_link() {
    let sample = Sample::new(0);
    let with = |owner: &str| {
        let mut own = finding(0);
        own.owner = Some(owner.to_owned());
        Page::parse(&render(&sample, &mut [own].into_iter(), 10).0)
    };
    let owners = |page: &Page| page.values_of("data-field").iter().filter(|field| **field == "owner").count();
    assert_eq!(owners(&with("plain")), 1);
    assert_eq!(owners(&with("a\u{202e}b\0")), 0, "it is shown by its codes");
    assert_eq!(owners(&with(&"x".repeat(65_536))), 0, "it is cut");
    for hostile in HOSTILE {
        let shown = with(hostile).text();
        assert!(shown.contains("By owner"), "{hostile}");
        assert!(with(hostile).attributes().iter().all(|name| !name.starts_with("on") && *name != "style"));
    }
}

#[test]
fn each_finding_tells_what_is_planned_for_its_asset() {
    let sample = Sample::new(60);
    let page = Page::parse(&html(&sample, MANY).0);
    let changes: Vec<_> = sample.planned().collect();
    let mut told = 0;
    for row in page.findings() {
        let change = changes.iter().find(|change| row["asset_key"] == json!(change.asset_key));
        match change {
            Some(change) => {
                told += 1;
                assert_eq!(row["planned"]["kind"], json!(change.kind));
                assert_eq!(row["planned"]["reason"], json!(change.reason));
                let name = change.after.attributes["name"].as_str().unwrap();
                assert_eq!(row["planned"]["sets"]["name"], json!(["before", name]));
            }
            None => assert!(row.get("planned").is_none(), "{row}"),
        }
    }
    assert_eq!(told, changes.len());
    assert!(told > 30);
}
