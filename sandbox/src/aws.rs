//! AWS as it looks from outside: its wire protocols over the estate.
//!
//! One endpoint serves every service, account and region. The service is told apart by the `X-Amz-Target`
//! header or the `Action` and `Version` of a form, the region by the credential scope of the signature, the
//! account by the access key. Signatures themselves are not verified: whoever can reach the sandbox may call.

mod answer;
mod config_service;
mod disturbance;
mod ec2;
mod error;
mod organizations;
mod request;
mod select;
mod session_policy;
mod sessions;
mod sts;
mod tagging;
mod token;
mod xml;

use crate::estate::Estate;
use answer::{Answer, Protocol};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::Response,
};
pub(crate) use config_service::AGGREGATOR;
use disturbance::{Disturbance, Met};
use error::AwsError;
use jiff::SignedDuration;
use request::{Call, Service};
use select::SelectCache;
use sessions::{Caller, Sessions};
use std::sync::Arc;
use token::Tokens;
use tokio::sync::watch;

/// The keys that the management account's own calls are made with.
pub(crate) const BASE_ACCESS_KEY: &str = "AKIABESTANDSANDBOX00";
/// Their secret, which nothing verifies.
pub(crate) const BASE_SECRET_KEY: &str = "sandbox-secret-that-nothing-verifies";
/// The role that every member account trusts the management account with.
pub(crate) const ROLE_NAME: &str = "bestand-reader";

const MAX_BODY_BYTES: usize = 1 << 20;

/// The services over one estate.
pub(crate) struct Aws {
    estate: Arc<Estate>,
    sessions: Sessions,
    tokens: Tokens,
    select_cache: SelectCache,
    disturbance: Disturbance,
    role_name: String,
    external_id: String,
    /// Turns true when the sandbox stops: answers that never come end then.
    stopping: watch::Receiver<bool>,
}

impl Aws {
    /// Sets the services up.
    pub(crate) fn new(
        estate: Arc<Estate>,
        clock_ahead: SignedDuration,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let management = &estate.accounts[0].id;
        let base = Caller {
            account: 0,
            base: true,
            arn: format!("arn:aws:iam::{management}:user/bestand"),
            user_id: "AIDABESTANDSANDBOX000".to_owned(),
            policy: None,
        };
        Self {
            sessions: Sessions::new(estate.seed, clock_ahead, BASE_ACCESS_KEY.to_owned(), base),
            tokens: Tokens::new(estate.seed),
            select_cache: SelectCache::default(),
            disturbance: Disturbance::default(),
            role_name: ROLE_NAME.to_owned(),
            external_id: external_id(estate.seed),
            stopping,
            estate,
        }
    }

    /// The services as an HTTP application.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(serve).with_state(Arc::new(self))
    }

    async fn answer(&self, request: Request) -> Answer {
        let latency = self.estate.placement.faults().latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
            let error =
                AwsError::with_status(413, "RequestEntityTooLarge", "the body is too large or broken");
            return error.answer(Protocol::Json);
        };
        let call = match Call::read(&parts.headers, &body) {
            Ok(call) => call,
            Err((protocol, error)) => return error.answer(protocol),
        };
        self.call(&call).await.unwrap_or_else(|error| error.answer(call.service.protocol()))
    }

    async fn call(&self, call: &Call) -> Result<Answer, AwsError> {
        let caller = self.sessions.caller(call)?;
        match self.disturbance.meet(&self.estate.placement, caller.account, call) {
            Met::Nothing => {}
            Met::Error(error) => return Err(error),
            Met::Silence => self.keep_silent().await,
        }
        authorize(&caller, call)?;
        match call.service {
            Service::Sts => self.sts(&caller, call),
            Service::Ec2 => self.ec2(&caller, call),
            Service::Config => self.config_service(&caller, call),
            Service::Tagging => self.tagging(&caller, call),
            Service::Organizations => self.organizations(&caller, call),
        }
    }

    async fn keep_silent(&self) {
        let mut stopping = self.stopping.clone();
        // An error means that the sandbox is gone already.
        let _stopped = stopping.wait_for(|stopping| *stopping).await;
    }
}

async fn serve(State(aws): State<Arc<Aws>>, request: Request) -> Response<Body> {
    aws.answer(request).await.into_http()
}

/// The external id that the roles of this estate ask for.
pub(crate) fn external_id(seed: u64) -> String {
    format!("bestand-sandbox-{seed}")
}

/// Refuses what the session policy of the caller does not allow.
fn authorize(caller: &Caller, call: &Call) -> Result<(), AwsError> {
    let action = format!("{}:{}", call.service.prefix(), call.operation);
    // Nobody can be forbidden to ask who they are.
    let free = action == "sts:GetCallerIdentity";
    if free || caller.policy.as_ref().is_none_or(|policy| policy.allows(&action)) {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to perform: {action} because no session policy allows the {action} action",
        caller.arn
    );
    Err(match call.service {
        Service::Sts => AwsError::with_status(403, "AccessDenied", message),
        Service::Ec2 => AwsError::with_status(403, "UnauthorizedOperation", message),
        Service::Config | Service::Tagging | Service::Organizations => {
            AwsError::new("AccessDeniedException", message)
        }
    })
}
