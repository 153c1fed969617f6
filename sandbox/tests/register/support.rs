//! A register in a folder of its own, and a plain HTTP client in front of it.

use std::path::{Path, PathBuf};

use bestand_sandbox::register::{Credential, RegisterFaults, RegisterOptions, RegisterServer};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "111111111111";

/// A server with its folder.
pub(crate) struct Fixture {
    pub(crate) server: RegisterServer,
    folder: TempDir,
}

pub(crate) fn options(folder: &Path) -> RegisterOptions {
    RegisterOptions {
        database: folder.join("register.db"),
        register_id: "register-1".into(),
        environment: "staging".into(),
        listen: ([127, 0, 0, 1], 0).into(),
        credentials: Vec::new(),
        faults: RegisterFaults::default(),
    }
}

impl Fixture {
    pub(crate) async fn open() -> Self {
        Self::with(Vec::new(), RegisterFaults::default()).await
    }

    pub(crate) async fn with(credentials: Vec<Credential>, faults: RegisterFaults) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = RegisterOptions { credentials, faults, ..options(folder.path()) };
        Self { server: RegisterServer::start(options).await.unwrap(), folder }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("register.db")
    }

    pub(crate) fn api(&self) -> Api {
        Api::new(self.server.url(), None)
    }

    pub(crate) fn api_with_key(&self, key: &str) -> Api {
        Api::new(self.server.url(), Some(key))
    }

    /// The same files under a new server.
    pub(crate) async fn restarted(self) -> Self {
        let Self { server, folder } = self;
        server.stop().await;
        Self { server: RegisterServer::start(options(folder.path())).await.unwrap(), folder }
    }
}

/// A caller.
#[derive(Clone)]
pub(crate) struct Api {
    http: Client,
    url: String,
    key: Option<String>,
}

impl Api {
    fn new(url: &str, key: Option<&str>) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        Self { http, url: url.to_owned(), key: key.map(str::to_owned) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.header("x-api-key", key),
            None => request,
        }
    }

    pub(crate) async fn send(request: RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status >= 400 {
            let media_type = response.headers()["content-type"].to_str().unwrap();
            assert_eq!(media_type, "application/problem+json", "status {status}");
        }
        (status, response.json().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        Self::send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        Self::send(self.request(Method::PUT, path).json(body)).await
    }

    /// Sends changes and gives their results.
    pub(crate) async fn apply(&self, changes: Vec<Value>) -> Vec<Value> {
        let (status, body) = self.post("/v1/changes", &batch(changes)).await;
        assert_eq!(status, 200, "{body}");
        body["results"].as_array().unwrap().clone()
    }

    /// Sends one change, which must be applied, and gives the new version.
    pub(crate) async fn must_apply(&self, change: Value) -> String {
        let result = self.apply(vec![change]).await.remove(0);
        assert_eq!(result["status"], "applied", "{result}");
        result["version"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn asset(&self, number: u32) -> Value {
        let (status, asset) = self.get(&format!("/v1/assets/{}", key(number))).await;
        assert_eq!(status, 200, "{asset}");
        asset
    }
}

/// The key of the asset with that number.
pub(crate) fn key(number: u32) -> String {
    format!("00000000-0000-5000-8000-{number:012x}")
}

pub(crate) fn batch(changes: Vec<Value>) -> Value {
    json!({ "plan_digest": "plan-1", "run_id": "run-1", "changes": changes })
}

pub(crate) fn create(idempotency_key: &str, number: u32, patch: Value) -> Value {
    json!({
        "idempotency_key": idempotency_key, "kind": "create", "asset_key": key(number),
        "precondition": { "absent": true }, "patch": patch,
    })
}

pub(crate) fn update(idempotency_key: &str, number: u32, version: &str, patch: Value) -> Value {
    json!({
        "idempotency_key": idempotency_key, "kind": "update", "asset_key": key(number),
        "precondition": { "version": version }, "patch": patch,
    })
}

pub(crate) fn retire(idempotency_key: &str, number: u32, version: &str) -> Value {
    json!({
        "idempotency_key": idempotency_key, "kind": "retire", "asset_key": key(number),
        "precondition": { "version": version },
    })
}

/// Status and code of a result.
pub(crate) fn verdict(result: &Value) -> (&str, &str) {
    (result["status"].as_str().unwrap(), result["code"].as_str().unwrap_or(""))
}
