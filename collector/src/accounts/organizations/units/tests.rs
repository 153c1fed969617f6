use super::*;

fn tree() -> Units {
    let mut units = Units::default();
    for (id, name, parent) in [
        ("r-ab12", "Root", None),
        ("ou-ab12-verkehr0", "Verkehr", Some("r-ab12")),
        ("ou-ab12-nord0000", "Nord", Some("ou-ab12-verkehr0")),
        ("ou-ab12-sued0000", "Süd", Some("ou-ab12-verkehr0")),
        ("ou-ab12-labor000", "Labor", Some("r-ab12")),
        ("ou-ab12-nord1111", "Nord", Some("ou-ab12-labor000")),
    ] {
        units.add(id, name, parent).unwrap();
    }
    units
}

fn names(names: &[&str]) -> Vec<UnitName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn problems(include: &[&str], exclude: &[&str]) -> Vec<String> {
    match tree().resolve(&names(include), &names(exclude)) {
        Err(DirectoryError::NoSuchUnits(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_lies_in_its_unit_and_in_all_above() {
    let mut units = tree();
    let account: AccountId = "111111111111".parse().unwrap();
    assert_eq!(units.path_of(&account), None);
    assert_eq!(units.chain_of(&account), None);
    units.place(account.clone(), "ou-ab12-nord0000");
    assert_eq!(units.path_of(&account), Some("Root/Verkehr/Nord"));
    assert_eq!(units.chain_of(&account).unwrap(), ["ou-ab12-nord0000", "ou-ab12-verkehr0", "r-ab12"]);
}

#[test]
fn an_id_and_a_path_name_the_same_unit() {
    let found =
        tree().resolve(&names(&["Root/Verkehr/Nord", "r-ab12"]), &names(&["ou-ab12-nord0000"])).unwrap();
    assert_eq!(found.0, Ids::from(["ou-ab12-nord0000".into(), "r-ab12".into()]));
    assert_eq!(found.1, Ids::from(["ou-ab12-nord0000".into()]));
}

#[test]
fn a_unit_that_is_not_there_is_named_with_those_that_are_near() {
    let problems = problems(&["Root/Verkehr/Nrod", "Root"], &["ou-ab12-nord9999", "Verkehr/Nord"]);
    assert_eq!(problems.len(), 3, "all at once: {problems:?}");
    assert!(problems[0].starts_with("accounts.organizational_units.include: "), "{problems:?}");
    assert!(problems[0].contains(
        "no organisational unit `Root/Verkehr/Nrod`; there are `Root/Verkehr/Nord` (ou-ab12-nord0000)"
    ));
    assert!(problems[1].starts_with("accounts.organizational_units.exclude: "), "{problems:?}");
    assert!(problems[1].contains("there are `Root/Labor/Nord` (ou-ab12-nord1111), `Root/Verkehr/Nord`"));
    // A path that leaves out the root: the units of that name come first.
    assert!(problems[2].contains("there are `Root/Labor/Nord` (ou-ab12-nord1111), `Root/Verkehr/Nord`"));
}

#[test]
fn a_path_is_taken_letter_by_letter() {
    assert!(problems(&["Root/verkehr"], &[])[0].contains("there are `Root/Verkehr`"));
}

#[test]
fn two_units_with_one_path_must_be_named_by_id() {
    let mut units = tree();
    units.add("ou-ab12-slash000", "Verkehr/Nord", Some("r-ab12")).unwrap();
    let error = units.resolve(&names(&["Root/Verkehr/Nord"]), &[]).unwrap_err().to_string();
    assert!(error.contains("several units: name the id, ou-ab12-nord0000 or ou-ab12-slash000"), "{error}");
    units.resolve(&names(&["ou-ab12-slash000"]), &[]).unwrap();
}

#[test]
fn a_unit_that_moves_while_the_tree_is_read_is_told() {
    let error = tree().add("ou-ab12-nord0000", "Nord", Some("ou-ab12-labor000")).unwrap_err().to_string();
    assert!(error.contains("ou-ab12-nord0000 (Root/Verkehr/Nord) is there twice"), "{error}");
}
