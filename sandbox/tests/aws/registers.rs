use crate::support::{Fixture, start};
use bestand_sandbox::{PlantedKind, Sandbox, SandboxOptions};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use std::collections::{BTreeMap, BTreeSet};

async fn register(fixture: &Fixture) -> SqliteConnection {
    let options =
        SqliteConnectOptions::new().filename(fixture.directory.path().join("itk.db")).read_only(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn the_source_register_has_the_rows_that_the_truth_says() {
    let fixture = start(12, 3000, "none").await;
    let truth = fixture.sandbox.truth();
    let mut register = register(&fixture).await;
    let counts =
        sqlx::query("select count(*), sum(1 - is_aws) from assets").fetch_one(&mut register).await.unwrap();
    assert_eq!(
        (counts.get::<i64, _>(0), counts.get::<i64, _>(1)),
        (truth.records_total as i64, truth.non_aws_records as i64)
    );
    for types in &truth.inventoried_only {
        let rows = sqlx::query("select 1 from assets where type = ?")
            .bind(types)
            .fetch_all(&mut register)
            .await
            .unwrap();
        assert!(rows.is_empty(), "{types}");
    }
}

#[tokio::test]
async fn every_live_resource_has_one_record_unless_something_was_planted() {
    let fixture = start(3, 1500, "none").await;
    let mut register = register(&fixture).await;
    let rows = sqlx::query(
        "select arn, account, region, type, resource_id, name, instance_type from assets where is_aws = 1",
    )
    .fetch_all(&mut register)
    .await
    .unwrap();
    let (mut by_arn, mut by_id) =
        (BTreeMap::<String, usize>::new(), BTreeMap::<[Option<String>; 3], usize>::new());
    for row in &rows {
        match row.get::<Option<String>, _>("arn") {
            Some(arn) => *by_arn.entry(arn).or_default() += 1,
            None => {
                *by_id.entry(["account", "type", "resource_id"].map(|column| row.get(column))).or_default() +=
                    1
            }
        }
    }
    let truth = fixture.sandbox.truth();
    let furniture: BTreeSet<&str> = truth.inventoried_only.iter().map(String::as_str).collect();
    let planted: BTreeMap<_, _> = truth
        .planted
        .iter()
        .map(|planted| ((planted.account_id.clone(), planted.resource_id.clone()), planted.kind))
        .collect();
    let mut seen = 0;
    for account in fixture.accounts() {
        let caller = fixture.assume(&account).await;
        for region in ["eu-central-1", "eu-west-1", "us-east-1"] {
            let expression = "SELECT *, configurationItemStatus";
            for row in fixture.select(&caller.at(region), expression).await {
                let text = |name: &str| row[name].as_str().map(str::to_owned);
                let kind = text("resourceType").unwrap();
                let twice = row["awsRegion"] == "global" && region != "eu-central-1";
                let status = text("configurationItemStatus").unwrap();
                if furniture.contains(kind.as_str())
                    || twice
                    || crate::support::NOT_LIVE.contains(&status.as_str())
                {
                    continue;
                }
                let arn = text("arn").unwrap_or_default();
                let id = [Some(account.clone()), Some(kind), text("resourceId")];
                let records = by_arn.get(&arn).unwrap_or(&0) + by_id.get(&id).unwrap_or(&0);
                let expected = match planted.get(&(Some(account.clone()), text("resourceId"))) {
                    Some(PlantedKind::Unregistered) => 0,
                    Some(PlantedKind::Duplicate) => 2,
                    _ => 1,
                };
                assert_eq!(records, expected, "{row}");
                seen += 1;
            }
        }
    }
    assert!(seen > 900, "{seen}");
}

#[tokio::test]
async fn planted_records_say_what_the_truth_says() {
    let fixture = start(12, 3000, "none").await;
    let mut register = register(&fixture).await;
    for planted in &fixture.sandbox.truth().planted {
        let Some(id) = &planted.asset_id else {
            assert_eq!(planted.kind, PlantedKind::Unregistered);
            continue;
        };
        let query =
            sqlx::query("select status, instance_type, account, arn, resource_id from assets where id = ?");
        let row = query.bind(id).fetch_one(&mut register).await.unwrap();
        let (status, instance_type): (String, Option<String>) = (row.get("status"), row.get("instance_type"));
        match planted.kind {
            PlantedKind::RetiredButLive => assert_eq!(status, "retired"),
            PlantedKind::Planned => assert_eq!(status, "planned"),
            PlantedKind::Divergent => {
                assert_eq!(instance_type, planted.registered);
                assert_ne!(planted.registered, planted.live);
            }
            PlantedKind::RejectedRecord => {
                let (account, arn, resource_id): (Option<String>, Option<String>, Option<String>) =
                    (row.get("account"), row.get("arn"), row.get("resource_id"));
                let nonsense = account.as_deref() == Some("12345") || arn.as_deref() == Some("arn:nonsense");
                assert!(nonsense || (arn.is_none() && resource_id.is_none()));
            }
            _ => assert_eq!(status, "active"),
        }
    }
}

#[tokio::test]
async fn the_central_register_survives_a_restart_and_the_source_register_is_written_anew() {
    let fixture = start(2, 200, "none").await;
    let directory = fixture.directory;
    fixture.sandbox.stop().await;
    let central = directory.path().join("register.db");
    let made = std::fs::metadata(&central).unwrap().created().unwrap();
    std::fs::write(directory.path().join("itk.db"), "scribble").unwrap();
    let options = SandboxOptions { accounts: 2, resources: 200, ..SandboxOptions::new(directory.path()) };
    let sandbox = Sandbox::start(options).await.unwrap();
    assert_eq!(std::fs::metadata(&central).unwrap().created().unwrap(), made);
    assert!(std::fs::read(directory.path().join("itk.db")).unwrap().starts_with(b"SQLite format 3"));
    sandbox.stop().await;
}

#[tokio::test]
async fn the_settings_are_toml_that_fits_the_sandbox() {
    let fixture = start(2, 200, "none").await;
    let settings: toml::Table = fixture.sandbox.settings_toml().parse().unwrap();
    assert_eq!(settings["environment"].as_str(), Some("staging"));
    assert_eq!(settings["central_register"]["url"].as_str(), Some(fixture.sandbox.register_url()));
    assert_eq!(
        settings["accounts"]["role"]["external_id"].as_str(),
        Some(fixture.sandbox.truth().external_id.as_str())
    );
    let url = settings["source_register"]["url"].as_str().unwrap();
    let path = url.strip_prefix("sqlite://").unwrap();
    assert!(std::path::Path::new(path).is_absolute() && std::path::Path::new(path).exists(), "{url}");
    let mut register = register(&fixture).await;
    let row = sqlx::query("select * from assets limit 1").fetch_one(&mut register).await.unwrap();
    for (attribute, column) in settings["source_register"]["columns"].as_table().unwrap() {
        assert!(row.try_get_raw(column.as_str().unwrap()).is_ok(), "{attribute}");
    }
}

#[tokio::test]
async fn an_estate_without_accounts_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let options = SandboxOptions { accounts: 0, ..SandboxOptions::new(directory.path()) };
    assert!(Sandbox::start(options).await.unwrap_err().to_string().contains("not 0"));
}
