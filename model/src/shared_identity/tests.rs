use super::*;
use crate::asset_record::Lifecycle;

fn record(asset_id: &str, account: Option<&str>, arn: Option<&str>) -> AssetRecord {
    AssetRecord {
        row_key: asset_id.into(),
        aws: true,
        asset_id: Some(asset_id.into()),
        arn: arn.map(|arn| arn.parse().unwrap()),
        resource_id: None,
        account_id: account.map(|account| account.parse().unwrap()),
        region: None,
        resource_type: None,
        lifecycle: Lifecycle::Active,
        attributes: BTreeMap::new(),
    }
}

fn found(records: &[AssetRecord]) -> SharedIdentities {
    let mut census = IdentityCensus::default();
    records.iter().for_each(|record| census.add(record));
    let mut shared = SharedIdentities::default();
    if census.needs_a_second_look() {
        records.iter().for_each(|record| shared.add(&census, record));
    }
    shared
}

#[test]
fn one_asset_id_on_two_rows_is_shared_wherever_they_are() {
    let rows = [record("A", Some("111111111111"), None), record("A", None, None), record("B", None, None)];
    let shared = found(&rows);
    assert_eq!(shared.of_asset_id(&rows[0]).map(|sharing| sharing.count), Some(2));
    assert_eq!(shared.of_asset_id(&rows[2]), None);
}

#[test]
fn one_arn_in_two_accounts_is_shared_and_in_one_account_it_is_not() {
    let arn = Some("arn:aws:s3:::fahrplan");
    let here = record("A", Some("111111111111"), arn);
    let there = record("B", Some("222222222222"), arn);
    let again = record("C", Some("111111111111"), arn);
    assert_eq!(found(&[here.clone(), again]).of_arn(&here), None);
    assert_eq!(found(&[here.clone(), there]).of_arn(&here).map(|sharing| sharing.count), Some(2));
}

#[test]
fn ids_that_only_look_alike_are_told() {
    // The second one begins with a Cyrillic letter.
    let rows = [record("A-7", None, None), record("\u{410}-7", None, None), record("A-1", None, None)];
    let shared = found(&rows);
    assert_eq!(shared.alike(&rows[0]).len(), 1);
    assert_eq!(shared.alike(&rows[1]).len(), 1);
    assert_eq!(shared.alike(&rows[2]).len(), 0);
    assert!(found(&[record("l", None, None), record("1", None, None)]).alike(&rows[0]).is_empty());
}

#[test]
fn an_estate_of_plain_and_different_names_needs_no_second_look() {
    let mut census = IdentityCensus::default();
    [record("A", None, None), record("B", None, None)].iter().for_each(|record| census.add(record));
    assert!(!census.needs_a_second_look());
}

#[test]
fn many_rows_with_one_name_are_counted_and_the_first_of_them_are_named() {
    let arn = Some("arn:aws:s3:::fahrplan");
    let row = |at: usize| AssetRecord {
        row_key: format!("row {at:06}"),
        ..record("n/a", Some(if at == 150 { "222222222222" } else { "111111111111" }), arn)
    };
    let mut rows: Vec<_> = (0..100_000).map(row).collect();
    let shared = found(&rows);
    rows.reverse();
    assert_eq!(shared.of_records(&rows), found(&rows).of_records(&rows), "in whatever order they come");
    let of_id = shared.of_asset_id(&rows[0]).unwrap();
    assert_eq!((of_id.count, of_id.rows.len()), (100_000, MOST_NAMED));
    // The one row of another account is not among the first, and counts.
    assert!(of_id.rows.iter().all(|row| row.row.as_str() < "row 000100"));
    assert_eq!(shared.of_arn(&rows[0]).map(|sharing| sharing.count), Some(100_000));
    // One of each name, not one of each row.
    assert_eq!(shared.of_records(&rows).len(), 2);
}

#[test]
fn ids_that_look_alike_stay_few_however_many_rows_have_them() {
    let mut rows: Vec<_> = (0..1_000)
        .map(|at| AssetRecord { row_key: format!("row {at:04}"), ..record("A-7", None, None) })
        .collect();
    rows.push(AssetRecord { row_key: "last".into(), ..record("\u{410}-7", None, None) });
    let shared = found(&rows);
    let alike = |at: usize| shared.alike(&rows[at]).iter().map(|row| row.row.as_str()).collect::<Vec<_>>();
    assert_eq!((alike(0), alike(1_000)), (vec!["last"], vec!["row 0000"]));
}
