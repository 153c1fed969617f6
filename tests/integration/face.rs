//! What a person meets first: help, the shipped settings, and what is said of wrong ones.

use std::path::Path;

use serde_json::Value;

/// The command in a folder, with nothing of the machine's own set-up.
fn bestand(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("bestand"));
    command.env_clear().envs(environment.iter().copied()).current_dir(folder).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The message of the one log line that a failing command ends with.
fn message(stderr: &str) -> String {
    let line: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert!(!line["next_step"].as_str().unwrap().is_empty());
    line["message"].as_str().unwrap().to_owned()
}

#[test]
fn help_names_every_exit_status_and_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (status, help, _) = bestand(folder.path(), &["--help"], &[]);
    assert_eq!(status, 0);
    for (code, words) in [
        (0, "done"),
        (1, "unexpected"),
        (2, "settings"),
        (10, "drift"),
        (20, "gaps"),
        (30, "source register"),
        (31, "no account"),
        (32, "central register"),
        (40, "publication incomplete"),
        (41, "gate"),
        (42, "another run"),
        (43, "environment"),
        (44, "plan tampered"),
        (45, "run store"),
        (130, "interrupted"),
        (143, "terminated"),
    ] {
        let line = help.lines().find(|line| line.trim_start().starts_with(&format!("{code} ")));
        assert!(line.is_some_and(|line| line.contains(words)), "{code} {words}\n{help}");
    }
    for command in ["run", "plan", "publish", "explain", "doctor", "settings", "sandbox", "demo"] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{command} "))), "{command}");
    }
    for arguments in
        [vec![], vec!["nonsense"], vec!["publish"], vec!["publish", "x", "--accept-gate", "first_run"]]
    {
        let (status, stdout, stderr) = bestand(folder.path(), &arguments, &[]);
        assert_eq!((status, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains("Usage:"), "{stderr}");
    }
    assert_eq!(bestand(folder.path(), &["publish", "../etc"], &[]).0, 2, "no id leads out of the run store");
}

#[test]
fn the_shipped_settings_fit_their_own_schema_and_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (status, default, _) = bestand(folder.path(), &["settings", "--default"], &[]);
    assert_eq!(status, 0);
    std::fs::write(folder.path().join("bestand.toml"), &default).unwrap();
    let (status, said, stderr) = bestand(folder.path(), &["settings", "--check"], &[]);
    assert_eq!((status, said.as_str()), (0, "bestand.toml is in order\n"), "{stderr}");

    let (status, schema, _) = bestand(folder.path(), &["settings", "--schema"], &[]);
    assert_eq!(status, 0);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let as_json = |text: &str| serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(&as_json(&default)).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");

    // What is only commented is right as well: a person uncomments it as it stands.
    let mut all = String::new();
    for line in default.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is_setting = bare.starts_with('[')
            || bare.split_once(" = ").is_some_and(|(key, value)| {
                let key = key.trim_matches('"');
                !key.is_empty()
                    && !value.is_empty()
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c))
            });
        let continued = bare.starts_with("  {") || bare == "]";
        if (is_setting || continued) && line != "accepted = []" {
            all.push_str(bare);
            all.push('\n');
        }
    }
    assert!(all.contains("[central_register]") && all.contains("[types]"), "{all}");
    std::fs::write(folder.path().join("bestand.toml"), &all).unwrap();
    let (status, said, stderr) = bestand(folder.path(), &["settings", "--check"], &[]);
    assert_eq!((status, said.as_str()), (0, "bestand.toml is in order\n"), "{stderr}\n{all}");
}

/// Whether a schema says what it is for: itself, or the type that it refers to.
fn is_described(schema: &Value, types: &Value) -> bool {
    let referred = schema["$ref"].as_str().and_then(|name| types.get(name.rsplit('/').next()?));
    schema["description"].is_string()
        || referred.is_some_and(|of| of["description"].is_string())
        || ["anyOf", "allOf"].iter().any(|name| {
            schema[name].as_array().is_some_and(|all| all.iter().any(|one| is_described(one, types)))
        })
}

/// Every property of a schema, wherever it stands, that an editor could only name.
fn undescribed(path: &str, schema: &Value, types: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                // The word that chooses a variant: the variant is described.
                if !is_described(property, types) && property.get("const").is_none() {
                    found.push(format!("{path}.{name}"));
                }
            }
            members
                .iter()
                .for_each(|(name, member)| undescribed(&format!("{path}.{name}"), member, types, found));
        }
        Value::Array(all) => all.iter().for_each(|one| undescribed(path, one, types, found)),
        _ => {}
    }
}

#[test]
fn an_editor_can_complete_the_settings_from_their_schema() {
    let folder = tempfile::tempdir().unwrap();
    let print = |argument: &str| bestand(folder.path(), &["settings", argument], &[]).1;
    let schema: Value = serde_json::from_str(&print("--schema")).unwrap();
    let mut lacking = Vec::new();
    undescribed("", &schema, &schema["$defs"], &mut lacking);
    assert_eq!(lacking, Vec::<String>::new());
    // Defaults, and the words that there are to choose from, with what each means.
    assert_eq!(schema.pointer("/$defs/Collection/properties/concurrency/default"), Some(&Value::from(32)));
    let sources = schema.pointer("/$defs/CollectionSource/oneOf").unwrap().as_array().unwrap();
    assert!(
        sources.iter().all(|one| one["const"].is_string() && one["description"].is_string()),
        "{sources:?}"
    );
    // Where an editor finds it: the shipped settings say so in their first line, as Taplo wants it.
    let default = print("--default");
    assert_eq!(default.lines().next(), Some("#:schema ./bestand.schema.json"));
    assert!(default.contains("`bestand settings --schema > bestand.schema.json`"));
}

#[test]
fn every_problem_of_the_settings_is_listed_at_once_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("bestand.toml"), text).unwrap();
    let check = |environment: &[(&str, &str)]| bestand(folder.path(), &["settings", "--check"], environment);

    let (status, _, stderr) = check(&[]);
    assert_eq!(status, 2);
    assert!(message(&stderr).contains("bestand settings --default > bestand.toml"), "{stderr}");

    write("environment = \"staging\"\n[accounts\n");
    let (status, _, stderr) = check(&[]);
    assert_eq!(status, 2);
    assert!(message(&stderr).contains("line 2"), "{stderr}");

    // The form: an unknown key, a wrong type, a value out of range, two missing keys.
    write(
        "[accounts]\nsource = \"list\"\nlist = []\nrole = { name = \"r\" }\n\
         [collection]\nconcurrency = \"many\"\n\
         [gate]\nmax_retire_shares = 0.1\nmax_retire_share = 3.5\n\
         [source_register]\nurl = \"sqlite://itk.db\"\ntable = \"t\"\n",
    );
    let (status, _, stderr) = check(&[]);
    assert_eq!(status, 2);
    let text = message(&stderr);
    for problem in [
        "5 problems",
        "collection.concurrency:",
        "gate: ",
        "max_retire_shares",
        "gate.max_retire_share:",
        "source_register: ",
        "\"columns\"",
        "\"environment\"",
    ] {
        assert!(text.contains(problem), "no {problem} in: {text}");
    }

    // The sense: what only looking at several keys together shows.
    let (_, default, _) = bestand(folder.path(), &["settings", "--default"], &[]);
    let text = default
        .replace("\"111111111111\"", "\"11111111111\"")
        .replace("environment = \"staging\"", "environment = \"sta ging\"")
        .replace("asset_id = \"id\"", "asset = \"id\"")
        .replace("table = \"assets\"", "table = \"assets\"\nquery = \"select 1\"");
    write(&text);
    let (status, _, stderr) = check(&[]);
    assert_eq!(status, 2);
    let text = message(&stderr);
    for problem in [
        "4 problems",
        "accounts.list.0.id:",
        "environment:",
        "source_register.columns:",
        "source_register: set either",
    ] {
        assert!(text.contains(problem), "no {problem} in: {text}");
    }
}

#[test]
fn the_environment_overrides_any_key_and_is_checked_like_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, default, _) = bestand(folder.path(), &["settings", "--default"], &[]);
    std::fs::write(folder.path().join("other.toml"), default).unwrap();
    let check = |environment: &[(&str, &str)]| {
        bestand(folder.path(), &["settings", "--check", "--settings", "other.toml"], environment)
    };
    assert_eq!(check(&[("BESTAND__GATE__MAX_RETIRE_COUNT", "7")]).0, 0);
    for (name, value, path) in [
        ("BESTAND__GATE__MAX_RETIRE_COUNT", "some", "gate.max_retire_count:"),
        ("BESTAND__GATE__MAX_RETIRE", "7", "gate: "),
        ("BESTAND__ENVIRONMENT", "", "environment:"),
        ("BESTAND__CENTRAL_REGISTER__URL", "https://register.example", "central_register: "),
    ] {
        let (status, _, stderr) = check(&[(name, value)]);
        assert_eq!(status, 2, "{name}");
        assert!(message(&stderr).contains(path), "{name}: {stderr}");
    }
    // Where the file lies is said by the environment too.
    assert_eq!(bestand(folder.path(), &["settings", "--check"], &[("BESTAND_SETTINGS", "other.toml")]).0, 0);
    // A store takes the environment that is in force.
    let init = [("BESTAND__ENVIRONMENT", "rehearsal"), ("BESTAND_SETTINGS", "other.toml")];
    let (status, said, _) = bestand(folder.path(), &["settings", "--init-store"], &init);
    assert_eq!(status, 0);
    assert!(said.contains("`rehearsal`"), "{said}");
    let (status, _, stderr) =
        bestand(folder.path(), &["settings", "--init-store"], &[("BESTAND_SETTINGS", "other.toml")]);
    assert_eq!(status, 43, "a store is given away once: {stderr}");
}
