//! Whose credentials AWS is called with: the job's own, and one role session per account.

mod session;

use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::error::SdkError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bestand_model::identifiers::{self, AccountId};
use bestand_model::run_summary::AwsCalls;

use crate::action::Action;
use crate::call::{Line, Meter, Pace, Patience};
use crate::config_service::error::explain;

use session::SessionCredentials;
pub(crate) use session::{RoleSession, SessionRequest};

/// How long establishing a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one attempt of a call may take where the settings say nothing (STS, Organizations).
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a call may take with all its attempts where the settings say nothing.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ATTEMPTS: u32 = 5;
/// Where S3 is, for this process alone.
const S3_ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";
/// How patiently AWS is called where the settings say nothing.
const PATIENCE: Patience = Patience {
    attempt_timeout: ATTEMPT_TIMEOUT,
    operation_timeout: OPERATION_TIMEOUT,
    max_attempts: MAX_ATTEMPTS,
};
/// `AssumeRole` calls a second over all accounts: a tenth of what AWS allows an account by default.
const ASSUME_ROLE_PER_SECOND: u32 = 50;

/// How AWS is reached: endpoints, the job's own credentials, and the one HTTP client that all calls share.
/// Made once; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct AwsContext {
    config: SdkConfig,
    meter: Arc<Meter>,
    sts: Arc<Pace>,
}

/// Where S3 is, if not where AWS has it, and with whose credentials it is asked.
#[derive(Clone, Debug)]
pub struct BucketAccess {
    /// `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// The job's own.
    pub credentials: Option<SharedCredentialsProvider>,
}

/// Who the job's own credentials belong to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CallerIdentity {
    /// The account.
    pub account_id: AccountId,
    /// The user's or role session's ARN.
    pub arn: String,
}

/// Why the job's own credentials cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Nothing in the chain gives credentials.
    #[error(
        "found no AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
         or give the task a role ({0})"
    )]
    Missing(String),
    /// AWS does not take them.
    #[error("AWS does not accept the credentials: {0}")]
    Refused(String),
    /// STS could not be asked.
    #[error("cannot ask STS whose credentials these are: {0}")]
    Unreachable(String),
}

impl AwsContext {
    /// Reads the standard chain: environment, profile, web identity, container, instance; and the endpoint
    /// variables. Nothing is called yet, and missing credentials are no error yet.
    pub async fn load(region: &str) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(http_client())
            .retry_config(retries(MAX_ATTEMPTS))
            .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
            .load()
            .await;
        Self::new(config)
    }

    fn new(config: SdkConfig) -> Self {
        let sts = Pace::new(ASSUME_ROLE_PER_SECOND, ASSUME_ROLE_PER_SECOND);
        Self { config, meter: Arc::default(), sts: Arc::new(sts) }
    }

    /// Talks to one endpoint with fixed keys, whatever the environment says: for the sandbox and for tests.
    pub fn at_endpoint(
        region: &str,
        endpoint_url: &str,
        access_key_id: &str,
        secret_access_key: &str,
    ) -> Self {
        let keys = Credentials::new(access_key_id, secret_access_key, None, None, "bestand-endpoint");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(endpoint_url)
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(http_client())
            .retry_config(retries(MAX_ATTEMPTS))
            .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
            .build();
        Self::new(config)
    }

    /// Asks STS whose credentials these are: the check before anything else.
    ///
    /// # Errors
    /// When there are none, AWS refuses them, or STS cannot be reached.
    pub async fn caller_identity(&self) -> Result<CallerIdentity, CredentialsError> {
        // By the SDK's own means: what it says of credentials that are not there is told apart here.
        self.meter.count(Action::GetCallerIdentity, false);
        let answer = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let identity = answer.map_err(|error| {
            let detail = explain(Action::GetCallerIdentity.name(), &error).detail;
            match &error {
                SdkError::ServiceError(context) if context.raw().status().is_client_error() => {
                    CredentialsError::Refused(detail)
                }
                SdkError::DispatchFailure(failure) if failure.is_other() => CredentialsError::Missing(detail),
                SdkError::ConstructionFailure(_) => CredentialsError::Missing(detail),
                _ => CredentialsError::Unreachable(detail),
            }
        })?;
        let account_id = identity.account().unwrap_or_default().parse().map_err(
            |error: bestand_model::identifiers::NotAnAccountId| {
                CredentialsError::Unreachable(error.to_string())
            },
        )?;
        Ok(CallerIdentity { account_id, arn: identity.arn().unwrap_or_default().to_owned() })
    }

    /// Gives how S3 is reached, for whoever keeps files there.
    pub fn bucket_access(&self) -> BucketAccess {
        let of_s3 = std::env::var(S3_ENDPOINT).ok().filter(|url| !url.trim().is_empty());
        BucketAccess {
            endpoint_url: of_s3.or_else(|| self.config.endpoint_url().map(str::to_owned)),
            credentials: self.config.credentials_provider(),
        }
    }

    /// Gives how often AWS was called so far.
    pub fn calls(&self) -> AwsCalls {
        self.meter.read()
    }

    /// Gives the configuration as it was loaded, with the SDK's own retries.
    pub(crate) fn sdk(&self) -> &SdkConfig {
        &self.config
    }

    /// Gives the configuration of clients that call with the job's own credentials.
    pub(crate) fn home(&self, patience: Option<Patience>) -> SdkConfig {
        let attempt = patience.unwrap_or(PATIENCE).attempt_timeout;
        // Calls are tried again by their line.
        self.config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(attempt, attempt))
            .build()
    }

    /// Gives the configuration of clients that call a region with a role session.
    pub(crate) fn member(
        &self,
        session: &Arc<RoleSession>,
        region: &identifiers::Region,
        patience: Patience,
    ) -> SdkConfig {
        self.home(Some(patience))
            .into_builder()
            .region(Region::new(region.as_str().to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(SessionCredentials(Arc::clone(session))))
            // The SDK's cache holds 64 identities and then assumes roles over and over; the session caches itself.
            .identity_cache(IdentityCache::no_cache())
            .build()
    }

    /// Makes a line of calls with a pace.
    pub(crate) fn line(&self, pace: Arc<Pace>, patience: Option<Patience>) -> Line {
        Line::new(pace, Arc::clone(&self.meter), patience.unwrap_or(PATIENCE))
    }

    /// Makes the line on which roles are assumed: one for all accounts.
    pub(crate) fn sts_line(&self, patience: Patience) -> Line {
        self.line(Arc::clone(&self.sts), Some(patience))
    }

    /// Gives the region that belongs to the job itself.
    pub(crate) fn home_region(&self) -> identifiers::Region {
        identifiers::Region::new(self.config.region().map_or("us-east-1", |region| region.as_ref()))
    }
}

/// Gives the SDK's retries, for what it calls by itself to find credentials.
fn retries(max_attempts: u32) -> RetryConfig {
    RetryConfig::standard().with_max_attempts(max_attempts.max(1))
}

/// Gives all four timeouts: the SDK by itself waits for an answer for ever.
fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(attempt))
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// Makes the HTTP client: every client of its own would open its own connections and read the root
/// certificates again.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}
