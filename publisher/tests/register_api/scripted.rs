//! A server that answers by a script, and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bestand_model::asset::{AssetKey, AssetPatch};
use bestand_model::change_set::{ChangeKind, Precondition};
use bestand_model::identifiers::RunId;
use bestand_publisher::central_register::{
    ChangeBatch, RegisterApi, RegisterApiOptions, RegisterAuth, RetryPolicy, SentChange,
};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// One answer of the script.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, headers, text.
    Text(u16, Vec<(&'static str, String)>, String),
    /// 401; and while the request is under way the file gets another text.
    Refuse(PathBuf, String),
    /// Nothing within any patience.
    Hang,
    /// The connection ends without an answer.
    Drop,
    /// The connection ends in the middle of the body.
    Cut,
}

pub(crate) fn ok(body: Value) -> Reply {
    status(200, &[], body)
}

pub(crate) fn status(status: u16, headers: &[(&'static str, &str)], body: Value) -> Reply {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Reply::Text(status, headers, body.to_string())
}

pub(crate) fn html(code: u16) -> Reply {
    let page = format!("<html><body>{}</body></html>", "Please sign in. ".repeat(40));
    Reply::Text(code, vec![("content-type", "text/html".to_owned())], page)
}

pub(crate) fn problem(code: u16, title: &str, detail: &str) -> Reply {
    status(code, &[], json!({ "type": "urn:x", "title": title, "status": code, "detail": detail }))
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

#[derive(Default)]
struct Script {
    /// Answers by path; the last one of a path is repeated for ever.
    replies: BTreeMap<String, VecDeque<Reply>>,
    asked: Vec<Asked>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Arc<Mutex<Script>>,
    pub(crate) url: String,
}

impl Scripted {
    /// A register that knows who it is, and nothing else yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let scripted = Self { script: Arc::default(), url };
        let router = Router::new().fallback(answer).with_state(Arc::clone(&scripted.script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        scripted.on("/v1/identity", [ok(identity())])
    }

    /// Sets the answers for a path; the last one is repeated for ever.
    pub(crate) fn on(self, path: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = replies.into_iter().collect();
        self.script.lock().unwrap().replies.insert(path.to_owned(), replies);
        self
    }

    /// What was asked of a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.script.lock().unwrap();
        let of_path = |asked: &&Asked| asked.line.split([' ', '?']).nth(1) == Some(path);
        script.asked.iter().filter(of_path).cloned().collect()
    }

    pub(crate) fn client(&self) -> RegisterApi {
        self.client_as(RegisterAuth::None)
    }

    pub(crate) fn client_as(&self, auth: RegisterAuth) -> RegisterApi {
        RegisterApi::new(options(&self.url, auth)).unwrap()
    }
}

/// Short patience, so that tests are quick.
pub(crate) fn options(url: &str, auth: RegisterAuth) -> RegisterApiOptions {
    RegisterApiOptions {
        connect_timeout: Duration::from_millis(500),
        request_timeout: Duration::from_millis(300),
        retry: RetryPolicy {
            attempts: 4,
            first_delay: Duration::from_millis(1),
            max_delay: Duration::from_millis(5),
            max_retry_after: Duration::from_millis(1200),
        },
        ..RegisterApiOptions::new(url.parse().unwrap(), auth)
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let asked = Asked { line: format!("{} {}", parts.method, parts.uri), headers: headers.collect(), body };
    let reply = {
        let mut script = script.lock().unwrap();
        script.asked.push(asked);
        match script.replies.get_mut(parts.uri.path()) {
            Some(replies) if replies.len() > 1 => replies.pop_front(),
            Some(replies) => replies.front().cloned(),
            None => None,
        }
    };
    match reply.unwrap_or_else(|| problem(404, "not in the script", parts.uri.path())) {
        Reply::Text(code, headers, text) => {
            let json = [("content-type", "application/json")];
            let mut response = (StatusCode::from_u16(code).unwrap(), json, text).into_response();
            for (name, value) in headers {
                let value = HeaderValue::from_str(&value).unwrap();
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
            response
        }
        Reply::Refuse(path, text) => {
            std::fs::write(path, text).unwrap();
            (StatusCode::UNAUTHORIZED, "{}").into_response()
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drop => broken(vec![]),
        Reply::Cut => broken(vec![Ok(r#"{"results": ["#)]),
    }
}

fn broken(mut chunks: Vec<Result<&'static str, std::io::Error>>) -> Response {
    chunks.push(Err(std::io::Error::other("by the script")));
    // One chunk at a time, so that those before the break are sent.
    let chunks = stream::unfold(chunks.into_iter(), async |mut chunks| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        chunks.next().map(|chunk| (chunk, chunks))
    });
    Body::from_stream(chunks).into_response()
}

pub(crate) fn identity() -> Value {
    json!({
        "register_id": "register-1", "environment": "staging", "name": "Register", "api_version": "1",
        "source": "bestand", "unheard_of": { "x": 1 },
        "capabilities": {
            "environment": true, "list": true, "preconditions": true, "idempotency": true, "read_back": true,
            "max_batch": 2, "max_page": 3, "unheard_of": true,
        },
    })
}

pub(crate) fn key(number: u32) -> AssetKey {
    serde_json::from_value(json!(key_text(number))).unwrap()
}

pub(crate) fn key_text(number: u32) -> String {
    format!("00000000-0000-5000-8000-{number:012x}")
}

pub(crate) fn asset(number: u32) -> Value {
    json!({
        "asset_key": key_text(number), "source": "bestand", "state": "active", "account_id": null, "version": "1",
        "attributes": { "owner": "bus" }, "last_plan": null, "last_run": null, "last_writer": "bestand",
        "created_at": "2026-11-23T02:00:00Z", "updated_at": "2026-11-23T02:00:00Z", "unheard_of": 1,
    })
}

pub(crate) fn batch(numbers: impl IntoIterator<Item = u32>) -> ChangeBatch {
    let change = |number| SentChange {
        idempotency_key: format!("k{number}"),
        kind: ChangeKind::Update,
        asset_key: key(number),
        precondition: Precondition::Version("1".into()),
        patch: AssetPatch {
            attributes: [("owner".to_owned(), json!("bus")), ("old".to_owned(), Value::Null)].into(),
            ..AssetPatch::default()
        },
    };
    let changes = numbers.into_iter().map(change).collect();
    ChangeBatch { plan_digest: "plan-1".into(), run_id: RunId::from("run-1"), changes }
}

pub(crate) fn applied(number: u32) -> Value {
    json!({
        "idempotency_key": format!("k{number}"), "asset_key": key_text(number), "status": "applied",
        "replayed": false, "version": "2", "unheard_of": 1,
    })
}

pub(crate) fn results(numbers: impl IntoIterator<Item = u32>) -> Value {
    json!({ "results": numbers.into_iter().map(applied).collect::<Vec<_>>() })
}
