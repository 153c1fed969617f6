//! The reference register and the client of the Register API keep every promise of the trait.

use std::path::PathBuf;

use bestand_model::identifiers::RunId;
use bestand_publisher::central_register::promises::{EvidenceReader, Outcome, Subject, examine};
use bestand_publisher::central_register::{
    CentralRegister, RegisterApi, RegisterApiOptions, RegisterAuth, RegisterError, RunEvidence,
};
use bestand_sandbox::register::{
    Credential, MAX_BATCH, MAX_PAGE, RegisterFaults, RegisterOptions, RegisterServer, book,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// The register's own file: evidence of runs as it keeps it.
struct File(PathBuf);

impl EvidenceReader for File {
    fn evidence<'a>(&'a self, run: &'a RunId) -> BoxFuture<'a, Result<Option<RunEvidence>, RegisterError>> {
        Box::pin(async move {
            let options = SqliteConnectOptions::new().filename(&self.0).read_only(true);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let kept: Option<(String,)> = sqlx::query_as("SELECT evidence FROM runs WHERE run_id = ?")
                .bind(run.as_str())
                .fetch_optional(&mut connection)
                .await
                .unwrap();
            Ok(kept.map(|(text,)| {
                let mut evidence: Value = serde_json::from_str(&text).unwrap();
                evidence["run_id"] = json!(run);
                serde_json::from_value(evidence).unwrap()
            }))
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn semantics_3_10_the_register_api_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("register.db");
    let server = RegisterServer::start(RegisterOptions {
        database: database.clone(),
        register_id: "register-1".into(),
        environment: "staging".into(),
        listen: ([127, 0, 0, 1], 0).into(),
        credentials: vec![Credential::api_key("bestand", "key-b"), Credential::api_key("other", "key-o")],
        faults: RegisterFaults::default(),
    })
    .await
    .unwrap();
    let client = |key: &str| {
        let auth = RegisterAuth::ApiKey(key.into());
        RegisterApi::new(RegisterApiOptions::new(server.url().parse().unwrap(), auth)).unwrap()
    };
    let (register, second, stranger) = (client("key-b"), client("key-b"), client("key-o"));
    let evidence = File(database.clone());
    for name in ["first", "second"] {
        let subject = Subject {
            environment: "staging".into(),
            accounts: ["000000000001", "000000000002"].map(|account| account.parse().unwrap()),
            name: name.into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            max_entries: MAX_PAGE.max(MAX_BATCH) + 10,
            second: Some(&second),
            stranger: Some(&stranger),
            evidence: Some(&evidence),
        };
        let examination = examine(&register, &subject).await.unwrap();
        assert!(examination.passes(), "{examination}");
        assert!(
            examination.verdicts.iter().all(|verdict| verdict.outcome == Outcome::Kept),
            "all is declared: {examination}"
        );
    }
    let declared = register.capabilities().await.unwrap();
    assert_eq!(declared.missing(), []);
    let left = book(&database).await.unwrap();
    assert!(left.entries.len() > 2 * MAX_PAGE);
    assert!(left.entries.values().all(|entry| entry.state == "retired"));
}
