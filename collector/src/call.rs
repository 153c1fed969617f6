//! Calls to AWS: paced, tried again, counted, and explained where they fail.
//!
//! The SDK's own retries are off. They share one token bucket per service over all accounts, so that one throttled
//! account would starve the others; and they do not tell what they did.

mod meter;
mod pace;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use bestand_model::coverage::Reason;

use crate::action::Action;
use crate::config_service::error::{CallError, explain};
use crate::credentials::RoleSession;

pub(crate) use meter::Meter;
pub(crate) use pace::Pace;

/// The first wait before a call is made again; each further one is twice as long, with jitter.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How patiently AWS is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// One attempt.
    pub(crate) attempt_timeout: Duration,
    /// A call with all its attempts: none begins after it.
    pub(crate) operation_timeout: Duration,
    /// The first one included.
    pub(crate) max_attempts: u32,
}

/// Makes calls of one kind to one place.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pace: Arc<Pace>,
    meter: Arc<Meter>,
    patience: Patience,
}

impl Line {
    pub(crate) fn new(pace: Arc<Pace>, meter: Arc<Meter>, patience: Patience) -> Self {
        Self { pace, meter, patience }
    }

    /// Makes a call, and makes it again where that may help.
    pub(crate) async fn call<T, E, F>(&self, action: Action, send: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.call_as(action, action.name(), send).await
    }

    /// Makes a call whose failures are told under a name of their own.
    pub(crate) async fn call_as<T, E, F>(
        &self,
        action: Action,
        name: &str,
        send: impl Fn() -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let first = Instant::now();
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(self.patience.max_attempts.saturating_sub(1) as usize)
            .with_jitter()
            .build();
        let mut again = false;
        loop {
            self.pace.ready().await;
            let began = Instant::now();
            self.meter.count(action, again);
            let failure = match send().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let error = explain(name, &failure);
            if error.reason == Reason::Throttled {
                self.pace.throttled(began);
            }
            let Some(wait) = waits.next().filter(|_| error.is_passing()) else { return Err(error) };
            if first.elapsed() + wait >= self.patience.operation_timeout {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            again = true;
        }
    }
}

/// Makes calls with a role session, and renews the session in time.
#[derive(Clone, Debug)]
pub(crate) struct RoleLine {
    session: Arc<RoleSession>,
    line: Line,
}

impl RoleLine {
    pub(crate) fn new(session: Arc<RoleSession>, line: Line) -> Self {
        Self { session, line }
    }

    /// Makes a call. A session that AWS calls expired is renewed once, whatever our clock says.
    pub(crate) async fn call<T, E, F>(&self, action: Action, send: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        self.session.keep_fresh().await?;
        let key_id = self.session.key_id();
        match self.line.call(action, &send).await {
            Err(error) if error.session_expired() => {
                self.session.replace(&key_id).await?;
                self.line.call(action, &send).await
            }
            outcome => outcome,
        }
    }
}
