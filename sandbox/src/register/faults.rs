//! Misbehaviour to order, so that callers can be tested against it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
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
    /// Capabilities that it does not declare, such as `list`; it has them all the same.
    pub undeclared: Vec<&'static str>,
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
    /// The call waits that long before it is carried out.
    Delay(Duration),
    /// 500; nothing is done.
    ServerError,
    /// 413 where the body has more bytes than that, and nothing is done; all others are carried out.
    TooLarge {
        /// The most bytes.
        over_bytes: u64,
    },
    /// The call is carried out; its answer has status 207.
    MultiStatus,
}

/// What a register has seen so far, for those who wait for an instant.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    begun: AtomicU64,
    committed: AtomicU64,
    faults: AtomicU64,
}

impl Traffic {
    /// How many calls came, whatever became of them.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// How many batches of changes came.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// How many batches of changes were carried out, whether or not their answer left.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.0.committed.load(Ordering::Relaxed)
    }

    /// How many calls a fault struck.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.0.faults.load(Ordering::Relaxed)
    }

    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Faults with what is left of them.
pub(super) struct Injector {
    faults: Vec<(RegisterFault, AtomicU32)>,
    traffic: Traffic,
}

impl Injector {
    pub(super) fn new(faults: RegisterFaults, traffic: Traffic) -> Self {
        let faults = faults.faults.into_iter().map(|fault| (fault, AtomicU32::new(0))).collect();
        Self { faults, traffic }
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
    let traffic = &register.faults.traffic.0;
    let changes = FaultyCalls::Changes.concerns(request.method(), request.uri().path());
    Traffic::count(&traffic.calls);
    if changes {
        Traffic::count(&traffic.begun);
    }
    let fault = register.faults.next(request.method(), request.uri().path()).filter(|fault| match fault {
        FaultKind::TooLarge { over_bytes } => length(&request) > *over_bytes,
        _ => true,
    });
    if fault.is_some() {
        Traffic::count(&traffic.faults);
    }
    let carry_out = async {
        let response = next.run(request).await;
        if changes {
            Traffic::count(&traffic.committed);
        }
        response
    };
    match fault {
        None => carry_out.await,
        Some(FaultKind::Unavailable { retry_after_secs }) => {
            Problem::unavailable(retry_after_secs).into_response()
        }
        Some(FaultKind::TooManyRequests { retry_after_secs }) => {
            Problem::too_many_requests(retry_after_secs).into_response()
        }
        Some(FaultKind::DropBefore) => dropped(),
        Some(FaultKind::DropAfter) => {
            carry_out.await;
            dropped()
        }
        Some(FaultKind::Hang(time)) => {
            let response = carry_out.await;
            tokio::time::sleep(time).await;
            response
        }
        Some(FaultKind::Html) => {
            Html("<html><body><h1>Gateway portal</h1>Please sign in.</body></html>").into_response()
        }
        Some(FaultKind::CutJson) => cut(carry_out.await).await,
        Some(FaultKind::Delay(time)) => {
            tokio::time::sleep(time).await;
            carry_out.await
        }
        Some(FaultKind::ServerError) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(FaultKind::TooLarge { .. }) => Problem::too_large("too large to order").into_response(),
        Some(FaultKind::MultiStatus) => {
            let mut response = carry_out.await;
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::MULTI_STATUS;
            }
            response
        }
    }
}

/// How many bytes a request says that it has.
fn length(request: &Request) -> u64 {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
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
