//! Misbehaviour to order, so that callers can be tested against it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::problem::Problem;
use super::{MAX_BODY_BYTES, Register};

/// All misbehaviour of a register; by default none.
#[derive(Debug, Clone, Default)]
pub struct RegisterFaults {
    /// Tried in order; the first that concerns a call and is not used up is taken.
    pub faults: Vec<RegisterFault>,
    /// The environment the register says it belongs to, in place of its own.
    pub claimed_environment: Option<String>,
    /// How long tokens live; by default an hour.
    pub token_lifetime: Option<Duration>,
}

impl RegisterFaults {
    /// Misbehaves in one way only.
    #[must_use]
    pub fn one(on: FaultyCalls, after: u32, times: u32, kind: FaultKind) -> Self {
        Self { faults: vec![RegisterFault { on, after, times, kind }], ..Self::default() }
    }
}

/// One kind of misbehaviour, and when it happens.
#[derive(Debug, Clone)]
pub struct RegisterFault {
    /// The calls concerned.
    pub on: FaultyCalls,
    /// How many of them go well first.
    pub after: u32,
    /// How many go wrong then; the rest goes well.
    pub times: u32,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// Calls that a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultyCalls {
    /// Every call.
    All,
    /// `/v1/identity`.
    Identity,
    /// `/v1/accounts` and `/v1/assets`, lookups included.
    Reads,
    /// `/v1/changes`.
    Changes,
    /// `/v1/runs`.
    Runs,
    /// `/v1/oauth/token`.
    Tokens,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub enum FaultKind {
    /// 503 with `Retry-After`; nothing is done.
    Unavailable {
        /// Seconds in `Retry-After`.
        retry_after_secs: u32,
    },
    /// 429 with `Retry-After`; nothing is done.
    TooManyRequests {
        /// Seconds in `Retry-After`.
        retry_after_secs: u32,
    },
    /// The connection is dropped; nothing is done.
    DropBefore,
    /// The call is carried out, then the connection is dropped without a byte of an answer.
    DropAfter,
    /// The call is carried out, but its answer is held back that long.
    Hang(Duration),
    /// A web page with status 200, as from a proxy in the way; nothing is done.
    Html,
    /// The call is carried out; its answer ends in the middle, and says that it is whole.
    CutJson,
}

/// Faults with what is left of them.
pub(super) struct Injector {
    faults: Vec<(RegisterFault, AtomicU32)>,
}

impl Injector {
    pub(super) fn new(faults: RegisterFaults) -> Self {
        Self { faults: faults.faults.into_iter().map(|fault| (fault, AtomicU32::new(0))).collect() }
    }

    /// The fault for a call, which is counted for every fault that concerns it.
    fn next(&self, method: &Method, path: &str) -> Option<FaultKind> {
        let mut chosen = None;
        for (fault, calls) in &self.faults {
            if !fault.on.concerns(method, path) {
                continue;
            }
            let call = calls.fetch_add(1, Ordering::Relaxed);
            let faulty = fault.after..fault.after.saturating_add(fault.times);
            if faulty.contains(&call) && chosen.is_none() {
                chosen = Some(fault.kind);
            }
        }
        chosen
    }
}

impl FaultyCalls {
    fn concerns(self, method: &Method, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Identity => path == "/v1/identity",
            Self::Reads => path.starts_with("/v1/assets") || path.starts_with("/v1/accounts"),
            Self::Changes => path == "/v1/changes" && method == Method::POST,
            Self::Runs => path.starts_with("/v1/runs/"),
            Self::Tokens => path == "/v1/oauth/token",
        }
    }
}

/// The middleware in front of every call.
pub(super) async fn inject(State(register): State<Arc<Register>>, request: Request, next: Next) -> Response {
    let Some(fault) = register.faults.next(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    match fault {
        FaultKind::Unavailable { retry_after_secs } => Problem::unavailable(retry_after_secs).into_response(),
        FaultKind::TooManyRequests { retry_after_secs } => {
            Problem::too_many_requests(retry_after_secs).into_response()
        }
        FaultKind::DropBefore => dropped(),
        FaultKind::DropAfter => {
            next.run(request).await;
            dropped()
        }
        FaultKind::Hang(time) => {
            let response = next.run(request).await;
            tokio::time::sleep(time).await;
            response
        }
        FaultKind::Html => {
            Html("<html><body><h1>Gateway portal</h1>Please sign in.</body></html>").into_response()
        }
        FaultKind::CutJson => cut(next.run(request).await).await,
    }
}

/// A body that fails before its first byte: hyper then closes the connection without sending the head.
fn dropped() -> Response {
    let failing = futures::stream::once(async { Err::<&str, _>(std::io::Error::other("dropped to order")) });
    Body::from_stream(failing).into_response()
}

async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(mut bytes) = to_bytes(body, MAX_BODY_BYTES).await else { return dropped() };
    bytes.truncate(bytes.len() / 2);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(bytes))
}
