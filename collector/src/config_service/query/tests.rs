use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::config_service::attributes::shipped_attributes;

fn wanted(names: &[(&str, u64)]) -> BTreeMap<ResourceType, u64> {
    names.iter().map(|(name, count)| (ResourceType::from(*name), *count)).collect()
}

fn packed(wanted: &BTreeMap<ResourceType, u64>, attributes: &AttributeList) -> Vec<Query> {
    pack(wanted.iter().map(|(of, count)| (of, *count)), attributes)
}

#[test]
fn small_types_share_a_query_with_the_union_of_their_attributes() {
    let wanted = wanted(&[("AWS::EC2::VPC", 3), ("AWS::EC2::Subnet", 9)]);
    let queries = packed(&wanted, &AttributeList::new(&BTreeMap::new()));
    assert_eq!(queries.len(), 1);
    let expression = &queries[0].expression;
    assert!(
        expression.ends_with(" WHERE resourceType IN ('AWS::EC2::Subnet', 'AWS::EC2::VPC')"),
        "{expression}"
    );
    assert_eq!(expression.matches("configuration.cidrBlock").count(), 1, "{expression}");
    assert!(
        expression.contains("configuration.isDefault")
            && expression.contains("configuration.mapPublicIpOnLaunch")
    );
    assert!(
        !expression.contains(" configuration,") && !expression.contains('*'),
        "never the whole: {expression}"
    );
}

#[test]
fn a_large_type_has_a_query_of_its_own() {
    let wanted =
        wanted(&[("AWS::EC2::Instance", LARGE + 1), ("AWS::EC2::Subnet", 9), ("AWS::EC2::VPC", LARGE)]);
    let types: Vec<Vec<String>> = packed(&wanted, &AttributeList::new(&BTreeMap::new()))
        .iter()
        .map(|query| query.types.iter().map(|of| of.resource_type.to_string()).collect())
        .collect();
    assert_eq!(types, [vec!["AWS::EC2::Instance"], vec!["AWS::EC2::Subnet", "AWS::EC2::VPC"]]);
}

#[test]
fn a_type_that_advanced_queries_may_not_serve_has_a_query_of_its_own() {
    let wanted =
        wanted(&[("AWS::Cognito::IdentityPool", 1), ("AWS::Cognito::UserPool", 1), ("AWS::EC2::VPC", 1)]);
    let queries = packed(&wanted, &AttributeList::new(&BTreeMap::new()));
    let types: Vec<usize> = queries.iter().map(|query| query.types.len()).collect();
    assert_eq!(types, [1, 2]);
    assert_eq!(queries[0].types[0].resource_type.as_str(), "AWS::Cognito::UserPool");
}

#[test]
fn all_shipped_types_at_once_take_few_queries() {
    let attributes = AttributeList::new(&BTreeMap::new());
    let wanted: BTreeMap<_, _> = shipped_attributes().into_keys().map(|of| (of, 1)).collect();
    let queries = packed(&wanted, &attributes);
    assert!(queries.len() <= wanted.len() / 6, "{} queries for {} types", queries.len(), wanted.len());
}

#[test]
fn an_expression_has_room_for_an_account() {
    let wanted: BTreeMap<_, _> = shipped_attributes().into_keys().map(|of| (of, 1)).collect();
    let account: AccountId = "111122223333".parse().unwrap();
    for query in packed(&wanted, &AttributeList::new(&BTreeMap::new())) {
        let expression = query.of_account(&account);
        assert!(expression.ends_with(") AND accountId = '111122223333'"), "{expression}");
        assert_eq!(expression.len(), query.expression.len() + ACCOUNT_CHARACTERS);
        assert!(expression.len() <= EXPRESSION_CHARACTERS);
    }
}

#[test]
fn a_name_that_could_end_the_literal_is_never_asked_for() {
    for wrong in ["", "AWS::EC2::Inst'ance", "x' OR resourceId LIKE 'i-%", "AWS EC2", "ü", &"x".repeat(300)]
    {
        assert!(!is_askable(&ResourceType::from(wrong)), "{wrong}");
    }
    assert!(is_askable(&ResourceType::from("AWS::EC2::Instance")));
}

#[test]
fn what_does_not_fit_into_a_query_is_left_out_of_the_list() {
    let resource_type = ResourceType::from("AWS::EC2::Instance");
    let many = (0..400).map(|number| format!("configuration.attribute{number}")).collect();
    let attributes = AttributeList::new(&BTreeMap::from([(resource_type.clone(), many)]));
    let queries = packed(&BTreeMap::from([(resource_type, 1)]), &attributes);
    assert!(queries[0].expression.len() <= MAX_CHARACTERS);
    assert!(queries[0].types[0].attributes.len() > 100);
}

proptest! {
    #[test]
    fn every_type_is_asked_for_exactly_once_and_no_query_is_too_long(
        types in proptest::collection::btree_map("[A-Z][A-Za-z]{2,20}::[A-Za-z]{1,20}::[A-Za-z]{1,60}", 0_u64..3000, 0..120),
        extra in proptest::collection::vec("configuration(\\.[a-zA-Z]{1,30}){1,4}", 0..60),
    ) {
        let wanted: BTreeMap<_, _> =
            types.iter().map(|(name, count)| (ResourceType::from(name.as_str()), *count)).collect();
        let extras = wanted.keys().enumerate().map(|(index, of)| {
            let skipped = extra.iter().skip(index % (extra.len() + 1)).cloned().collect();
            (of.clone(), skipped)
        });
        let attributes = AttributeList::new(&extras.collect());
        let queries = packed(&wanted, &attributes);
        let mut asked: Vec<_> =
            queries.iter().flat_map(|query| query.types.iter()).map(|of| of.resource_type.clone()).collect();
        asked.sort();
        prop_assert_eq!(asked, wanted.keys().cloned().collect::<Vec<_>>());
        for query in &queries {
            prop_assert!(query.expression.len() <= MAX_CHARACTERS, "{}", query.expression.len());
            prop_assert!(query.types.len() == 1 || query.types.iter().all(|of| wanted[&of.resource_type] <= LARGE));
            for path in query.types.iter().flat_map(|of| of.attributes.iter()) {
                prop_assert!(query.expression.contains(path.text.as_str()));
            }
        }
    }
}
