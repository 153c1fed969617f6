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
fn settings_can_stand_in_a_variable_whole() {
    let load = |variable: Option<&str>| {
        load_where(Path::new("env:SETTINGS"), |name| {
            variable.filter(|_| name == "SETTINGS").map(str::to_owned)
        })
    };
    assert_eq!(load(Some(super::super::DEFAULT)).unwrap().environment, "staging");
    for nothing in [None, Some(""), Some(" \n")] {
        let told = load(nothing).unwrap_err().to_string();
        assert!(
            told.starts_with("cannot read the settings env:SETTINGS: the variable SETTINGS is not set"),
            "{told}"
        );
    }
    let told = load(Some("environment = \"staging\"\nenvironment = 1")).unwrap_err().to_string();
    assert!(told.starts_with("the settings env:SETTINGS are no valid TOML: line 2"), "{told}");
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
fn a_secret_lies_in_exactly_one_place() {
    let with = |place: &str| {
        let auth = format!("auth = {{ kind = \"api_key\", key = {place} }}");
        let register = "[central_register]\nkind = \"register_api\"\nurl = \"https://register.example\"\n";
        load_text(&format!("{}\n{register}{auth}\n", super::super::DEFAULT))
    };
    let arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:register-AbCdEf";
    for place in [
        "{ env = \"KEY\" }".to_owned(),
        "{ file = \"key\" }".to_owned(),
        "{ secrets_manager = \"bestand/register\" }".to_owned(),
        format!("{{ secrets_manager = \"{arn}\", json_key = \"password\" }}"),
    ] {
        assert_eq!(with(&place).map(|settings| settings.secrets().len()), Ok(1), "{place}");
    }
    for (place, words) in [
        ("{}", "central_register.auth.key: name exactly one place"),
        ("{ env = \"KEY\", file = \"key\" }", "name exactly one place"),
        ("{ file = \"key\", secrets_manager = \"x\" }", "name exactly one place"),
        ("{ json_key = \"x\" }", "name exactly one place"),
        ("{ env = \"KEY\", json_key = \"x\" }", "auth.key.json_key: only a secret in Secrets Manager"),
        ("{ secrets_manager = \" \" }", "auth.key.secrets_manager: must not be empty"),
        ("{ secrets_manager = \"x\", json_key = \"\" }", "auth.key.json_key: must not be empty"),
        ("{ env = \"\" }", "auth.key.env: must not be empty"),
        ("{ secrets_manager = \"arn:aws:iam::111111111111:role/x\" }", "is no secret's ARN"),
        ("{ secrets_manager = \"arn:aws:secretsmanager::111111111111:secret:x\" }", "is no secret's ARN"),
        ("{ vault = \"x\" }", "central_register.auth.key: Additional properties are not allowed ('vault'"),
    ] {
        let problems = with(place).unwrap_err().join("\n");
        assert!(problems.contains(words), "{place}: {words} is missing in\n{problems}");
    }
}

#[test]
fn what_auth_and_certificate_need_of_each_other_and_of_addresses_is_told() {
    let with = |url: &str, keys: &str| {
        let register = format!("[central_register]\nkind = \"register_api\"\nurl = \"{url}\"\n{keys}\n");
        load_text(&format!("{}\n{register}", super::super::DEFAULT))
    };
    let certificate = "client_certificate = { certificate = \"chain.pem\", key = { file = \"key.pem\" } }";
    let mutual = "auth = { kind = \"mutual_tls\" }";
    let oauth2 =
        "auth = { kind = \"oauth2\", client_id = \"bestand\", client_secret = { env = \"SECRET\" } }";
    for keys in [certificate.to_owned(), format!("{mutual}\n{certificate}")] {
        assert_eq!(with("https://register.example", &keys).unwrap().secrets().len(), 1, "{keys}");
    }
    let both = format!("{oauth2}\n{certificate}");
    assert_eq!(with("https://register.example", &both).unwrap().secrets().len(), 2);
    for (url, keys, words) in [
        (
            "http://localhost:1",
            certificate,
            "central_register.client_certificate: a certificate is shown over TLS",
        ),
        (
            "https://register.example",
            "auth = { kind = \"oauth2\", client_id = \"b\", client_secret = { env = \"S\" }, token_url = \"https://b:x@issuer\" }",
            "central_register.auth.token_url: must not hold a user or password",
        ),
        ("https://register.example", mutual, "central_register.client_certificate: `mutual_tls` shows a"),
        ("https://register.example", "client_certificate = { certificate = \"x\" }", "\"key\" is a required"),
        (
            "https://register.example",
            "client_certificate = { certificate = \"x\", key = {} }",
            "central_register.client_certificate.key: name exactly one place",
        ),
    ] {
        let problems = with(url, keys).unwrap_err().join("\n");
        assert!(problems.contains(words), "{words} is missing in\n{problems}");
    }
}

#[test]
fn a_password_stands_beside_the_url_of_postgresql_or_nowhere() {
    let with = |url: &str| {
        let url = format!("url = \"{url}\"\npassword = {{ env = \"ITK_PASSWORD\" }}");
        load_text(&super::super::DEFAULT.replace("url = \"sqlite://itk.db\"", &url))
    };
    assert!(with("postgres://itk@db/itk").is_ok());
    assert!(with("postgresql://itk@db/itk?sslmode=require").is_ok());
    for (url, words) in [
        ("sqlite://itk.db", "source_register.password: only PostgreSQL"),
        (
            "postgres://itk:hunter2@db/itk",
            "source_register.password: source_register.url holds a password as well",
        ),
        ("postgres://itk@db/itk?password=hunter2", "source_register.url holds a password as well"),
    ] {
        let problems = with(url).unwrap_err().join("\n");
        assert!(problems.contains(words) && !problems.contains("hunter2"), "{url}: {problems}");
    }
}

#[test]
fn what_is_wrong_with_the_registers_is_told_without_what_stands_there() {
    let register = |keys: &str| format!("{}\n[central_register]\n{keys}\n", super::super::DEFAULT);
    let api = "kind = \"register_api\"\nurl = \"https://register.example\"";
    for (text, words) in [
        (register(&format!("{api}\nauth = {{ kind = \"api_key\", key = \"hunter2\" }}")), "auth.key: "),
        (register(&format!("{api}\nauth = {{ kind = \"bearer\", token = \"hunter2\" }}")), "\"bearer_file\""),
        (
            register(&format!("{api}\nauth = {{ kind = \"none\", key = \"hunter2\" }}")),
            "'key' was unexpected",
        ),
        (register(&format!("{api}\nauth = \"hunter2\"")), "central_register.auth.kind: must be"),
        (
            register(&format!("{api}\nclient_certificate = \"hunter2\"")),
            "central_register.client_certificate: ",
        ),
        (register("kind = \"hunter2\"\nurl = \"https://register.example\""), "must be \"register_api\""),
        (
            register("kind = \"register_api\"\nurl = \"https://me:hunter2@register:99999\""),
            "central_register.url: ",
        ),
        (register("kind = \"register_api\"\nurl = https://me:hunter2@register"), "line "),
        (
            super::super::DEFAULT.replace("url = \"sqlite", "password = \"hunter2\"\nurl = \"sqlite"),
            "password: ",
        ),
        (
            super::super::DEFAULT.replace("\"sqlite://itk.db\"", "[\"postgres://a:hunter2@b\"]"),
            "register.url: ",
        ),
    ] {
        let problems = load_text(&text).unwrap_err().join("\n");
        assert!(problems.contains(words), "{words} is missing in\n{problems}");
        assert!(!problems.contains("hunter2"), "{problems}");
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

#[test]
fn settings_that_are_kept_hold_no_password_and_have_the_same_digest() {
    let mut settings = load_text(super::super::DEFAULT).unwrap();
    settings.central_register = serde_json::from_value(serde_json::json!({
        "kind": "register_api", "url": "https://bestand:hunter2@register.example/v1"
    }))
    .unwrap();
    for url in [
        "postgres://itk:hunter2@db/itk",
        "postgres://itk@db/itk?sslmode=require&password=hunter2",
        "postgres://db/itk?PASSWORD=hunter2",
        "no address: hunter2",
    ] {
        settings.source_register.url = url.to_owned();
        let kept = serde_json::to_string(&settings.shown()).unwrap();
        assert!(!kept.contains("hunter2"), "{kept}");
        let back: Settings = serde_json::from_str(&kept).unwrap();
        assert_eq!(back.digest(), settings.digest());
    }
    settings.source_register.url =
        "postgres://itk:hunter2@db/itk?sslmode=require&password=hunter2".to_owned();
    assert_eq!(settings.shown().source_register.url, "postgres://itk@db/itk?sslmode=require");
}

#[test]
fn accounts_that_contradict_each_other_are_told_all_at_once() {
    let with = |accounts: &str| {
        let start = super::super::DEFAULT.find("source = \"list\"").unwrap();
        let end = super::super::DEFAULT.find("[regions]").unwrap();
        let text = super::super::DEFAULT.replace(&super::super::DEFAULT[start..end], accounts);
        load_text(&text).map(drop).err().unwrap_or_default().join("\n")
    };
    let listed = with(
        r#"
        source = "list"
        list = [{ id = "111111111111" }]
        role = { name = "bestand-reader" }
        organizational_units = { include = ["Root//Nord"], exclude = ["ou-ab12", "Root//Nord"] }
        tags = { stage = [], line = ["bus", "bus"] }
        decommissioned = [
          { id = "111111111111", since = "2026-10-01T00:00:00Z", because = " ", by = "" },
          { id = "12", since = "2026-10-01T00:00:00Z", because = "OPS-42", by = "m.muster" },
          { id = "12", since = "2026-10-01T00:00:00Z", because = "OPS-42", by = "m.muster" },
        ]
        "#,
    );
    for expected in [
        "accounts.organizational_units.include: is used with",
        "accounts.organizational_units.exclude: is used with",
        "accounts.tags: is used with",
        "accounts.organizational_units.include.0: `Root//Nord` is neither",
        "accounts.organizational_units.exclude.0: `ou-ab12` is neither",
        "accounts.organizational_units.exclude.1: `Root//Nord` is there twice",
        "accounts.tags.stage: name at least one value",
        "accounts.tags.line: a value is there twice",
        "accounts.decommissioned.0.because",
        "accounts.decommissioned.0.by",
        "accounts.decommissioned.0.id: `111111111111` is in accounts.list",
        "accounts.decommissioned.1.id: `12` is no account id",
        "accounts.decommissioned.2.id: `12` is there twice",
    ] {
        assert!(listed.contains(expected), "{expected} is missing in\n{listed}");
    }

    let vague = with(
        r#"
        source = "organizations"
        role = { name = "bestand-reader" }
        onboarding_hours = 1000
        tags = { stage = 7 }
        decommissioned = [{ id = "222222222222", since = "soon" }]
        "#,
    );
    for expected in [
        "accounts.onboarding_hours",
        "accounts.tags.stage",
        "accounts.decommissioned.0",
        "\"because\"",
        "\"by\"",
    ] {
        assert!(vague.contains(expected), "{expected} is missing in\n{vague}");
    }

    let fine = with(
        r#"
        source = "organizations"
        role = { name = "bestand-reader" }
        organizational_units = { include = ["Root/Verkehr", "ou-ab12-cdefgh34"], exclude = ["r-ab12"] }
        tags = { stage = "prod", line = ["bus", "tram"] }
        decommissioned = [{ id = "222222222222", since = "2026-10-01T00:00:00Z", because = "OPS-42", by = "m.muster" }]
        "#,
    );
    assert_eq!(fine, "");
}

#[test]
fn rules_about_tags_and_attributes_that_cannot_be_meant_so_are_told_with_their_key() {
    let text = |rules: &str| format!("{}\n{rules}", super::super::DEFAULT);
    let problems = load_text(&text(
        r#"
        [[required]]
        name = "cost-centre"
        tag = "cost-centre"
        attribute = "cost_centre"
        [[required]]
        name = "cost-centre"
        tag = "cost-centre"
        pattern = "("
        [[required]]
        name = "criticality"
        attribute = "criticality"
        "#,
    ))
    .unwrap_err();
    let all = problems.join("\n");
    for expected in [
        "required.0: set either `tag` or `attribute`",
        "required.1.name: there is another rule",
        "required.1.pattern: ",
        "required.2.attribute: nobody reports `criticality`",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
    let good = "[[required]]\nname = \"owner\"\nattribute = \"owner\"\nenvironments = [\"production\"]\n";
    assert!(load_text(&text(good)).is_ok());
}

/// The default with its commented examples of a section switched on.
fn with_examples(section: &str) -> String {
    let mut in_example = false;
    let lines = super::super::DEFAULT.lines().map(|line| {
        let text = line.strip_prefix("# ").unwrap_or(line);
        in_example = text.starts_with(section) || in_example && line.starts_with("# ");
        if in_example { text } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn semantics_7_1_the_examples_of_exceptions_are_in_order() {
    let settings = load_text(&with_examples("[[exceptions]]")).unwrap();
    let names: Vec<String> = settings.exceptions.iter().map(|rule| rule.names()).collect();
    assert_eq!(
        names,
        [
            "kind = \"unregistered\", account = \"111111111111\", region = \"eu-central-1\", \
             type = \"AWS::EC2::*\", name = \"lasttest-*\"",
            "finding = \"0123456789abcdef\""
        ]
    );
    assert!(!crate::compose::exceptions(&settings).is_empty());
    // The run directory keeps the settings as JSON, for `explain`.
    let kept: Settings = serde_json::from_value(serde_json::to_value(settings.shown()).unwrap()).unwrap();
    assert_eq!(kept.exceptions, settings.exceptions);
}

#[test]
fn exceptions_that_cannot_be_meant_so_are_told_all_at_once() {
    let with = |text: &str| {
        let at = super::super::DEFAULT.find("[retire]").unwrap();
        let (before, after) = super::super::DEFAULT.split_at(at);
        load_text(&format!("{before}{text}\n{after}")).map(drop).err().unwrap_or_default().join("\n")
    };
    let until = "until = \"2027-03-31T00:00:00Z\"";
    let all = with(&format!(
        r#"
        [[exceptions]]
        because = "OPS-7"
        owner = "m.muster"
        {until}
        [[exceptions]]
        name = "*"
        because = ""
        owner = " "
        {until}
        [[exceptions]]
        kind = "absent"
        because = "OPS-7"
        owner = "m.muster"
        {until}
        [[exceptions]]
        kind = "absent"
        because = "OPS-8"
        owner = "e.beispiel"
        {until}
        "#
    ));
    for expected in [
        "exceptions.0: names nothing",
        "exceptions.1: names nothing",
        "exceptions.1.because: must not be empty",
        "exceptions.1.owner: must not be empty",
        "exceptions.3: names the same as exceptions.2",
    ] {
        assert!(all.contains(expected), "{expected} is missing in\n{all}");
    }
    let shape = with("[[exceptions]]\nkind = \"gone\"\nnmae = \"x\"\nuntil = \"in March\"");
    for expected in ["exceptions.0", "gone", "nmae", "\"because\"", "\"owner\""] {
        assert!(shape.contains(expected), "{expected} is missing in\n{shape}");
    }
}

/// The default with its examples of authority switched on.
fn with_authority() -> String {
    let mut in_example = false;
    let lines = super::super::DEFAULT.lines().map(|line| {
        let text = line.strip_prefix("# ").unwrap_or(line);
        in_example = text == "[[authority]]" || in_example && line.starts_with("# ");
        if in_example || text.starts_with("updated_at = ") { text } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn semantics_4_1_the_examples_of_authority_are_in_order() {
    let settings = load_text(&with_authority()).unwrap();
    let attributes: Vec<&str> = settings.authority.iter().map(|rule| rule.attribute.as_str()).collect();
    assert_eq!(attributes, ["environment", "environment", "cost_centre", "configuration.size"]);
    let rules = crate::compose::rules(
        &settings,
        bestand_model::reconciliation::StrayRows::default(),
        Default::default(),
    );
    assert_ne!(rules.authority, bestand_model::authority::AuthorityTable::default());
}

#[test]
fn semantics_4_2_the_age_of_a_row_needs_the_column_that_tells_it() {
    let text = with_authority().replace("updated_at = ", "edited = ");
    let problems = load_text(&text).unwrap_err().join("\n");
    assert!(problems.starts_with("authority.2.sources.0.next_if_older_than_days: "), "{problems}");
    assert!(problems.contains("updated_at"), "{problems}");
}

#[test]
fn semantics_4_1_a_source_that_nobody_knows_and_a_word_too_many_are_told_with_their_place() {
    let nobody = with_authority().replace("\"central_register\"]", "\"central\"]");
    let problems = load_text(&nobody).unwrap_err().join("\n");
    assert!(problems.contains("central"), "{problems}");
    let broken = with_authority()
        .replace("external = \"report\"", "external = \"ignore\"")
        .replace("unit = \"GiB\"", "unit = \"Gi\"");
    let problems = load_text(&broken).unwrap_err().join("\n");
    for expected in ["authority.2.external", "authority.3.compare.unit"] {
        assert!(problems.contains(expected), "{expected} is missing in\n{problems}");
    }
    let contradiction =
        with_authority().replace("types = [\"AWS::EC2::Instance\", \"AWS::RDS::DBInstance\"]", "");
    let problems = load_text(&contradiction).unwrap_err().join("\n");
    assert!(problems.contains("authority.1.attribute: "), "{problems}");
}

#[test]
fn rules_of_identification_that_cannot_be_meant_so_are_told_with_their_key() {
    let check =
        |rules: &str| load_text(&format!("{}\n{rules}", super::super::DEFAULT)).map_err(|all| all.join("\n"));
    let wrong = check(
        r#"
        [[identification]]
        name = "everything"
        [[identification]]
        name = "all-of-a-region"
        match = [{ record = "region", item = "region" }]
        [[identification]]
        name = "fleet"
        match = [{ record = "name", item = "tag:fleet" }]
        many = true
        [[identification]]
        name = "fleet"
        match = [{ record = "name", item = "tag:fleet" }]
        [[identification]]
        name = "arn"
        types = ["AWS::EC2::Instance"]
        [[identification]]
        name = "odd"
        types = ["AWS::EC2::Instance"]
        match = [
          { record = "tag:x", item = "name" },
          { record = "nowhere", item = "configuration.no.such" },
          { record = "name | fold_case", item = "name" },
        ]
        [[identification]]
        name = "resource_id_without_region"
        match = [{ record = "name", item = "configuration.imageId" }]
        [[identification]]
        name = "group"
        record_types = ["AWS::AutoScaling::AutoScalingGroup"]
        match = [{ record = "owner", item = "tag:owner" }]
        "#,
    )
    .unwrap_err();
    for expected in [
        "identification.0.match: without anything to compare it would match everything",
        "identification.1.match: every resource of an account, region or type says the same",
        "identification.2.types: a rule with `many` must name the types",
        "identification.3.name: there is another rule `fleet`",
        "identification.3: compares the same as identification.2 for the same types, and they differ in `many`",
        "identification.4: `arn` is built in and only takes its place here",
        "identification.5.match.0.record: a record has no tags",
        "identification.5.match.1.record: `nowhere` is no column",
        "identification.5.match.1.item: `configuration.no.such` is not collected of AWS::EC2::Instance",
        "identification.5.match.2: only one side is folded",
        "identification.6.name: `resource_id_without_region` must be",
        "identification.6.match.0.item: `configuration.imageId` is collected of some types only",
        "identification.7.types: name the types of resources that such a record means",
    ] {
        assert!(wrong.contains(expected), "{expected} is missing in\n{wrong}");
    }
    let broken =
        check("[[identification]]\nname = \"x\"\nmatch = [{ record = \"name | shout\", item = \"name\" }]\n");
    assert!(broken.unwrap_err().contains("`shout` is no function"));
    let fine = "[[identification]]\nname = \"by-host\"\ntypes = [\"AWS::EC2::Instance\"]\n\
                match = [{ record = \"name\", item = \"configuration.privateDnsName | until:.\" }]\n";
    assert_eq!(check(fine).unwrap().identification.len(), 1);
}
