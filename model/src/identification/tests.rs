//! Rules of the settings, by themselves.

use std::collections::BTreeMap;

use super::*;
use crate::asset_record::Lifecycle;
use crate::configuration_item::{CollectionPath, ConfigurationItem, Tags};

pub(crate) const INSTANCE: &str = "AWS::EC2::Instance";
pub(crate) const GROUP: &str = "AWS::AutoScaling::AutoScalingGroup";

pub(crate) fn rule(name: &str, types: &[&str], pairs: &[(&str, &str)]) -> IdentificationRule {
    let pair = |(record, item): &(&str, &str)| Pairing {
        record: record.parse().unwrap(),
        item: item.parse().unwrap(),
    };
    IdentificationRule {
        name: name.into(),
        types: types.iter().map(|kind| (*kind).into()).collect(),
        record_types: Vec::new(),
        pairs: pairs.iter().map(pair).collect(),
        many: false,
    }
}

pub(crate) fn by_tag() -> IdentificationRule {
    rule("inventory-id", &[INSTANCE], &[("asset_id | fold_case", "tag:inventory-id | trim | fold_case")])
}

fn by_name() -> IdentificationRule {
    rule("by-name", &[INSTANCE], &[("name", "name")])
}

fn group() -> IdentificationRule {
    IdentificationRule {
        record_types: vec![GROUP.into()],
        many: true,
        ..rule("group", &[INSTANCE], &[("name", "tag:group")])
    }
}

fn instance(id: &str, name: &str, tags: &[(&str, &str)]) -> ConfigurationItem {
    ConfigurationItem {
        account_id: "111111111111".parse().unwrap(),
        region: "eu".into(),
        resource_type: INSTANCE.into(),
        resource_id: id.into(),
        arn: Some(format!("arn:aws:ec2:eu:111111111111:instance/{id}").parse().unwrap()),
        arn_built: false,
        resource_name: (!name.is_empty()).then(|| name.to_owned()),
        created_at: None,
        tags: Tags::Collected(
            tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ),
        attributes: BTreeMap::new(),
        captured_at: None,
        status: None,
        path: CollectionPath::Select,
        recorded_in: None,
    }
}

fn record(asset_id: &str, name: &str) -> AssetRecord {
    AssetRecord {
        row_key: asset_id.into(),
        aws: true,
        asset_id: Some(asset_id.into()),
        arn: None,
        resource_id: None,
        account_id: Some("111111111111".parse().unwrap()),
        region: None,
        resource_type: None,
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::from([("name".to_owned(), name.into())]),
    }
}

/// Writes what came of it: `record>item rule`, `{records|items}`, `record?`, `item?`.
fn identified(rules: &[IdentificationRule], items: &[ConfigurationItem], records: &[AssetRecord]) -> String {
    let rules = IdentificationRules::new(rules);
    let items: Vec<_> = items.iter().collect();
    let records: Vec<_> = records.iter().collect();
    let index = ItemIndex::new(&items, &rules);
    let result = identify(&index, &records);
    let record = |index: usize| records[index].row_key.clone();
    let item = |index: usize| items[index].resource_id.to_string();
    let mut lines: Vec<String> = result
        .pairs
        .iter()
        .map(|pair| format!("{}>{} {}", record(pair.record), item(pair.item), pair.rule))
        .collect();
    for tangle in &result.tangles {
        let records: Vec<_> = tangle.records.iter().map(|at| record(*at)).collect();
        let items: Vec<_> = tangle.items.iter().map(|at| item(*at)).collect();
        lines.push(format!("{{{}|{}}}", records.join(" "), items.join(" ")));
    }
    lines.extend(result.records_alone.iter().map(|at| format!("{}?", record(*at))));
    lines.extend(result.items_alone.iter().map(|at| format!("{}?", item(*at))));
    lines.join(", ")
}

#[test]
fn semantics_8_1_the_first_rule_that_finds_exactly_one_wins() {
    let items = [instance("i-1", "web", &[("inventory-id", " itk-1 ")]), instance("i-2", "db", &[])];
    let records = [record("ITK-1", "db"), record("ITK-2", "db")];
    assert_eq!(
        identified(&[by_tag(), by_name()], &items, &records),
        "ITK-1>i-1 inventory-id, ITK-2>i-2 by-name"
    );
    let other_order = identified(&[by_name(), by_tag()], &items, &records);
    assert_eq!(other_order, "{ITK-1 ITK-2|i-2}, i-1?", "both are called db");
}

#[test]
fn semantics_8_1_a_later_rule_decides_among_several_and_only_among_them() {
    let tag = [("inventory-id", "ITK-1")];
    let items = [instance("i-1", "web", &tag), instance("i-2", "db", &tag), instance("i-3", "log", &[])];
    let rules = [by_tag(), by_name()];
    assert_eq!(identified(&rules, &items, &[record("ITK-1", "db")]), "ITK-1>i-2 by-name, i-1?, i-3?");
    assert_eq!(
        identified(&rules, &items, &[record("ITK-1", "log")]),
        "{ITK-1|i-1 i-2 i-3}",
        "two rules that mean different items"
    );
    assert_eq!(identified(&rules, &items, &[record("ITK-1", "other")]), "{ITK-1|i-1 i-2}, i-3?");
}

#[test]
fn semantics_8_1_an_arn_goes_before_every_rule_unless_the_settings_place_it() {
    let items = [instance("i-1", "web", &[]), instance("i-2", "db", &[("inventory-id", "ITK-1")])];
    let mut of_i1 = record("ITK-1", "web");
    of_i1.arn = items[0].arn.clone();
    assert_eq!(identified(&[by_tag()], &items, &[of_i1.clone()]), "ITK-1>i-1 arn, i-2?");
    let arn_last = [by_tag(), rule("arn", &[], &[])];
    assert_eq!(identified(&arn_last, &items, &[of_i1]), "ITK-1>i-2 inventory-id, i-1?");
}

#[test]
fn semantics_8_1_a_type_that_the_record_names_is_the_type_that_it_means() {
    let items = [instance("i-1", "web", &[("inventory-id", "ITK-1")])];
    let mut volume = record("ITK-1", "");
    volume.resource_type = Some("AWS::EC2::Volume".into());
    assert_eq!(identified(&[by_tag()], &items, &[volume]), "ITK-1?, i-1?");
}

#[test]
fn semantics_8_1_two_records_that_mean_one_item_are_ambiguous() {
    let items = [instance("i-1", "web", &[])];
    let records = [record("ITK-1", "web"), record("ITK-2", "web"), record("ITK-3", "db")];
    assert_eq!(identified(&[by_name()], &items, &records), "{ITK-1 ITK-2|i-1}, ITK-3?");
}

#[test]
fn semantics_8_2_a_record_speaks_for_many_only_if_a_rule_says_so() {
    let tag = [("group", "web")];
    let items =
        [instance("i-1", "", &tag), instance("i-2", "", &tag), instance("i-3", "", &[("group", "db")])];
    let mut of_group = record("ITK-G", "web");
    of_group.resource_type = Some(GROUP.into());
    let records = [of_group.clone()];
    assert_eq!(identified(&[group()], &items, &records), "ITK-G>i-1 group, ITK-G>i-2 group, i-3?");
    let not_many = IdentificationRule { many: false, ..group() };
    assert_eq!(identified(&[not_many], &items, &records), "{ITK-G|i-1 i-2}, i-3?");
    let same_name_other_type = record("ITK-X", "web");
    assert_eq!(identified(&[group()], &items, &[same_name_other_type]), "ITK-X?, i-1?, i-2?, i-3?");
}

#[test]
fn semantics_8_2_who_speaks_of_one_knows_better_than_who_speaks_for_many() {
    let tag = [("group", "web")];
    let items = [instance("i-1", "", &tag), instance("i-2", "", &tag)];
    let mut of_group = record("ITK-G", "web");
    of_group.resource_type = Some(GROUP.into());
    let mut of_one = record("ITK-1", "");
    of_one.arn = items[0].arn.clone();
    let records = [of_group.clone(), of_one];
    assert_eq!(identified(&[group()], &items, &records), "ITK-G>i-2 group, ITK-1>i-1 arn");
    let other_group = AssetRecord { row_key: "ITK-H".into(), ..of_group.clone() };
    assert_eq!(identified(&[group()], &items, &[of_group, other_group]), "{ITK-G ITK-H|i-1 i-2}");
}

#[test]
fn a_rule_that_matches_everything_is_one_great_duplicate_and_costs_no_more() {
    // Pair by pair these would be 400 million claims.
    let count = 20_000;
    let items: Vec<_> = (0..count).map(|n| instance(&format!("i-{n}"), "x", &[])).collect();
    let records: Vec<_> = (0..count).map(|n| record(&format!("ITK-{n}"), "x")).collect();
    let rules = IdentificationRules::new(&[by_name()]);
    let (items, records): (Vec<_>, Vec<_>) = (items.iter().collect(), records.iter().collect());
    let index = ItemIndex::new(&items, &rules);
    let result = identify(&index, &records);
    let [tangle] = result.tangles.as_slice() else { panic!("{} tangles", result.tangles.len()) };
    assert_eq!((tangle.records.len(), tangle.items.len()), (count, count));
    assert!(result.pairs.is_empty() && result.items_alone.is_empty() && result.records_alone.is_empty());
}

#[test]
fn what_is_not_collected_is_told_per_type() {
    let mut dark = instance("i-1", "", &[]);
    dark.tags = Tags::NotCollected;
    let rules = IdentificationRules::new(&[by_tag()]);
    let items = [&dark];
    let index = ItemIndex::new(&items, &rules);
    assert_eq!(index.uncollected_for(&record("ITK-1", "")).len(), 1);
    let mut nameless = record("ITK-1", "");
    nameless.asset_id = None;
    assert!(index.uncollected_for(&nameless).is_empty(), "no rule reads such a record");
}

#[test]
fn rules_are_written_by_their_names() {
    let named = Rule::Named("inventory-id".into());
    assert_eq!(serde_json::to_value(&named).unwrap(), "inventory-id");
    assert_eq!(serde_json::from_value::<Rule>("arn".into()).unwrap(), Rule::Arn);
    assert_eq!(serde_json::from_value::<Rule>("inventory-id".into()).unwrap(), named);
}
