use super::*;
use crate::asset_record::Lifecycle;
use crate::configuration_item::Tags;
use crate::identification::tests::rule;
use uuid::Uuid;

const QUEUE: &str = "AWS::SQS::Queue";

fn account(digit: u8) -> AccountId {
    digit.to_string().repeat(12).parse().unwrap()
}

fn item(digit: u8, region: &str, arn: Option<&str>) -> ConfigurationItem {
    ConfigurationItem {
        arn: arn.map(|arn| arn.parse().unwrap()),
        ..ConfigurationItem::named(account(digit), region.into(), QUEUE.into(), "q".into())
    }
}

fn record(arn: Option<&str>, region: Option<&str>) -> AssetRecord {
    AssetRecord {
        row_key: "a".into(),
        aws: true,
        asset_id: None,
        arn: arn.map(|arn| arn.parse().unwrap()),
        resource_id: Some("q".into()),
        account_id: None,
        region: region.map(Into::into),
        resource_type: Some(QUEUE.into()),
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::new(),
    }
}

/// Gives the account that the row is placed in, else whether it was sighted and how many accounts claim it.
fn placed(
    record: AssetRecord,
    items: &[ConfigurationItem],
    complete: bool,
) -> Result<AccountId, (bool, usize)> {
    let mut placement = Placement::new(vec![record], &IdentificationRules::default());
    assert!(!placement.is_empty());
    items.iter().for_each(|item| placement.see(item));
    match placement.finish(complete) {
        (mut placed, unplaced) if unplaced.is_empty() => Ok(placed.remove(0).account_id.unwrap()),
        (_, unplaced) => Err((unplaced[0].sighted, unplaced[0].claimed_in.len())),
    }
}

#[test]
fn semantics_2_14_an_arn_places_a_row_even_while_something_is_dark() {
    let arn = Some("arn:aws:s3:::q");
    for complete in [true, false] {
        assert_eq!(placed(record(arn, None), &[item(1, "eu", arn)], complete), Ok(account(1)));
    }
}

#[test]
fn semantics_2_14_an_id_places_a_row_only_when_everything_was_seen() {
    assert_eq!(placed(record(None, None), &[item(1, "eu", None)], true), Ok(account(1)));
    assert_eq!(placed(record(None, None), &[item(1, "eu", None)], false), Err((true, 0)));
}

#[test]
fn semantics_2_14_a_row_claimed_in_two_accounts_is_placed_in_none() {
    let items = [item(1, "eu", None), item(2, "eu", None)];
    assert_eq!(placed(record(None, None), &items, true), Err((true, 2)));
    assert_eq!(placed(record(None, None), &items, false), Err((true, 0)));
    let arn = Some("arn:aws:s3:::q");
    let items = [item(1, "eu", arn), item(2, "eu", arn)];
    assert_eq!(placed(record(arn, None), &items, false), Err((true, 2)));
}

#[test]
fn semantics_2_14_a_region_that_a_row_names_tells_accounts_apart() {
    let items = [item(1, "eu", None), item(2, "us", None)];
    assert_eq!(placed(record(None, Some("us")), &items, true), Ok(account(2)));
    assert_eq!(placed(record(None, Some("ap")), &items, true), Err((true, 0)), "seen, but not there");
}

#[test]
fn semantics_2_14_another_arn_is_another_resource_of_that_id() {
    let items = [item(1, "eu", Some("arn:aws:sqs:eu:111111111111:q"))];
    let record = record(Some("arn:aws:sqs:eu:222222222222:q"), None);
    assert_eq!(placed(record, &items, true), Err((true, 0)));
}

#[test]
fn semantics_2_14_another_arn_is_no_other_resource_where_bestand_built_it() {
    let built = ConfigurationItem { arn_built: true, ..item(1, "eu", Some("arn:aws:sqs:eu:111111111111:q")) };
    let record = record(Some("arn:aws:sqs:eu:222222222222:q"), None);
    assert_eq!(placed(record, &[built], true), Ok(account(1)));
}

#[test]
fn a_row_of_which_nothing_was_seen_stays_unplaced() {
    assert_eq!(placed(record(None, None), &[], true), Err((false, 0)));
}

#[test]
fn semantics_3_1_keys_claimed_twice_are_found_over_all_accounts() {
    let key = |number| AssetKey(Uuid::from_u128(number));
    let mut census = KeyCensus::default();
    [1, 2, 3, 2, 2].into_iter().for_each(|number| census.add(key(number)));
    assert_eq!(census.claimed_twice(), BTreeSet::from([key(2)]));
}

fn tagged(digit: u8, region: &str, id: &str) -> ConfigurationItem {
    let tags = Tags::Collected(BTreeMap::from([("id".to_owned(), id.to_owned())]));
    ConfigurationItem { tags, ..item(digit, region, None) }
}

/// A row that names nothing but its asset id, and how a rule about the tag `id` places it.
fn placed_by_tag(many: bool, items: &[ConfigurationItem], complete: bool) -> (Vec<AccountId>, usize) {
    let rule = IdentificationRule { many, ..rule("by-tag", &[QUEUE], &[("asset_id", "tag:id")]) };
    let row = AssetRecord { asset_id: Some("A".into()), resource_id: None, ..record(None, None) };
    let mut placement = Placement::new(vec![row], &IdentificationRules::new(&[rule]));
    items.iter().for_each(|item| placement.see(item));
    let (placed, unplaced) = placement.finish(complete);
    let claims = unplaced.iter().map(|of| of.claimed_in.len()).sum();
    (placed.into_iter().map(|record| record.account_id.unwrap()).collect(), claims)
}

#[test]
fn semantics_2_14_a_rule_places_a_row_only_when_everything_that_it_reads_was_seen() {
    let here = [tagged(1, "eu", "A"), tagged(2, "eu", "B")];
    assert_eq!(placed_by_tag(false, &here, true), (vec![account(1)], 0));
    assert_eq!(placed_by_tag(false, &here, false), (vec![], 0));
    let untold = [tagged(1, "eu", "A"), item(2, "eu", None)];
    assert_eq!(
        placed_by_tag(false, &untold, true),
        (vec![], 0),
        "whose tags were not collected may be the one"
    );
}

#[test]
fn semantics_2_14_a_row_that_a_rule_finds_in_two_accounts_is_a_duplicate_unless_it_may_speak_for_many() {
    let both = [tagged(1, "eu", "A"), tagged(2, "us", "A")];
    assert_eq!(placed_by_tag(false, &both, true), (vec![], 2));
    assert_eq!(placed_by_tag(true, &both, true), (vec![account(1), account(2)], 0));
}
