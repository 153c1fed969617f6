use super::*;

fn load_text(text: &str) -> Result<Settings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bestand.toml");
    std::fs::write(&path, text).unwrap();
    load(&path).map_err(|error| match error {
        SettingsError::Wrong { problems, .. } => problems,
        other => vec![other.to_string()],
    })
}

#[test]
fn the_shipped_default_is_in_order() {
    assert_eq!(load_text(super::super::DEFAULT).map(|settings| settings.environment), Ok("staging".into()));
}

#[test]
fn the_shipped_default_says_what_the_code_does_without_it() {
    let bare = r#"
        environment = "staging"
        accounts = { source = "list", list = [{ id = "111111111111", name = "regio-bus-nord" }], role = { name = "bestand-reader", external_id = "change-me" } }
        [source_register]
        url = "sqlite://itk.db"
        table = "assets"
        [source_register.columns]
        asset_id = "id"
        arn = "arn"
        resource_id = "resource_id"
        account_id = "account"
        region = "region"
        resource_type = "type"
        name = "name"
        owner = "owner"
        environment = "env"
        lifecycle = "status"
    "#;
    let digest = |text| load_text(text).map(|settings| settings.digest());
    assert_eq!(digest(bare), digest(super::super::DEFAULT));
}

#[test]
fn every_problem_is_listed_at_once_with_its_key() {
    let problems = load_text(
        r#"
        environmnt = "staging"
        [accounts]
        source = "somewhere"
        role = { name = 7 }
        [collection]
        concurrency = 0
        [source_register]
        url = "sqlite://itk.db"
        columns = { asset_id = "id" }
        min_source_share = 2.0
        "#,
    )
    .unwrap_err();
    let all = problems.join("\n");
    for expected in [
        "environmnt",
        "\"environment\"",
        "accounts.source",
        "accounts.role.name",
        "collection.concurrency",
        "min_source_share",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_checked_too() {
    let problems = load_text(
        r#"
        environment = "sta ging"
        [accounts]
        source = "list"
        list = [{ id = "12345" }, { id = "12345" }]
        role = { name = "bad name" }
        [collection]
        attributes = { "AWS::EC2::Instance" = ["tags"] }
        [source_register]
        url = "sqlite://itk.db"
        columns = { name = "name", tags = "tags" }
        [central_register]
        kind = "register_api"
        url = "ftp://register.example"
        auth = { kind = "api_key", key = {} }
        [[coverage.accepted]]
        reason = "recorder_absent"
        because = " "
        until = "2027-01-01T00:00:00Z"
        "#,
    )
    .unwrap_err();
    let all = problems.join("\n");
    let expected = [
        "environment: ",
        "accounts.list.0.id: ",
        "is there twice",
        "accounts.role.name",
        "collection.attributes.AWS::EC2::Instance",
        "set `table` or `query`",
        "map `asset_id`",
        "map `arn` or `resource_id`",
        "source_register.columns.tags",
        "central_register.url",
        "central_register.auth.key",
        "coverage.accepted.0.because",
    ];
    for expected in expected {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
}

#[test]
fn a_syntax_error_tells_its_line() {
    let problems = load_text("environment = \n").unwrap_err();
    assert!(problems.join("").contains("line 1"), "{problems:?}");
}

#[test]
fn a_missing_file_tells_how_to_make_one() {
    let error = load(Path::new("/nowhere/bestand.toml")).unwrap_err();
    assert!(error.to_string().contains("bestand settings --default"), "{error}");
}

#[test]
fn the_digest_does_not_depend_on_a_password() {
    let with = |url: &str| {
        let text = super::super::DEFAULT.replace("sqlite://itk.db\"\n#", &format!("{url}\"\n#"));
        load_text(&text.replace("url = \"sqlite://itk.db\"", &format!("url = \"{url}\""))).unwrap().digest()
    };
    assert_eq!(with("postgres://itk:one@db/itk"), with("postgres://itk:two@db/itk"));
    assert_ne!(with("postgres://itk:one@db/itk"), with("postgres://itk:one@other/itk"));
}
