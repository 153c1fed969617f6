//! AWS Config in one account and region: what it records, what it counts, what it has.
//!
//! The types of the AWS SDK end here.

pub(crate) mod attributes;
pub(crate) mod counts;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod query;
pub(crate) mod recorder;
pub(crate) mod select;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_config::Client;
use aws_sdk_config::config::retry::RetryPartition;
use aws_sdk_config::config::{Builder, IdentityCache};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use bestand_model::identifiers::{AccountId, Region};

use crate::credentials::{AwsContext, RoleSession, SessionCredentials, retries, timeouts};
use crate::throttle::Limiter;
use error::{CallError, explain};

pub use attributes::{shipped_attributes, shipped_paths};

/// How patiently AWS is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) per_second: u32,
    pub(crate) attempt_timeout: Duration,
    pub(crate) operation_timeout: Duration,
    pub(crate) max_attempts: u32,
}

/// A client of AWS Config in one account and region, with its own limit and its own retry budget: a throttled
/// account must not starve the others.
pub(crate) struct RegionClient {
    client: Client,
    caller: Caller,
}

impl RegionClient {
    pub(crate) fn new(
        context: &AwsContext,
        session: &Arc<RoleSession>,
        account_id: &AccountId,
        region: &Region,
        patience: Patience,
    ) -> Self {
        let config = Builder::from(context.sdk_config())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .credentials_provider(SessionCredentials(Arc::clone(session)))
            .identity_cache(IdentityCache::no_cache())
            .retry_partition(RetryPartition::custom(format!("{account_id}/{region}")).build())
            .retry_config(retries(patience.max_attempts))
            .timeout_config(timeouts(patience.attempt_timeout, patience.operation_timeout))
            .build();
        Self {
            client: Client::from_conf(config),
            caller: Caller::new(
                Arc::clone(session),
                Limiter::per_second(patience.per_second, patience.per_second),
            ),
        }
    }

    /// Gives how many calls were made, without retries.
    pub(crate) fn calls(&self) -> u64 {
        self.caller.calls()
    }
}

/// Makes calls with a role session: waits for its turn, renews the session in time, explains failures.
#[derive(Debug)]
pub(crate) struct Caller {
    session: Arc<RoleSession>,
    limiter: Limiter,
    calls: AtomicU64,
}

impl Caller {
    pub(crate) fn new(session: Arc<RoleSession>, limiter: Limiter) -> Self {
        Self { session, limiter, calls: AtomicU64::new(0) }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes a call. A session that AWS calls expired is renewed once, whatever our clock says.
    pub(crate) async fn call<T, E, F>(&self, action: &str, send: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let mut renewed = false;
        loop {
            self.session.keep_fresh().await?;
            self.limiter.ready().await;
            self.calls.fetch_add(1, Ordering::Relaxed);
            let key_id = self.session.key_id();
            match send().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => {
                    let error = explain(action, &failure);
                    if renewed || !error.session_expired() {
                        return Err(error);
                    }
                    renewed = true;
                    self.session.replace(&key_id).await?;
                }
            }
        }
    }
}

impl fmt::Debug for RegionClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegionClient").finish_non_exhaustive()
    }
}
