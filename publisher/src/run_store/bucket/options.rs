//! How the bucket is reached, and how its objects are encrypted.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ClientOptions, Error as StoreError, RetryConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credentials::SdkCredentials;
use crate::run_store::RunStoreError;
use crate::run_store::location::BucketAddress;

/// One request's time.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_secs(90);
const RETRIES: usize = 8;

/// How S3 encrypts what it keeps. The bucket's own default holds where nothing is said.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Encryption {
    /// As the bucket says.
    #[default]
    BucketDefault,
    /// With keys that S3 keeps itself (SSE-S3).
    S3,
    /// With a key of KMS (SSE-KMS).
    Kms {
        /// The key's ARN or id; left out: the account's own key for S3.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// Whether S3 asks KMS once per bucket and while, not once per object.
        #[serde(default = "yes")]
        bucket_key: bool,
    },
}

impl Encryption {
    /// What `object_store` calls it.
    fn headers(&self) -> Vec<(&'static str, String)> {
        const KIND: &str = "aws_server_side_encryption";
        match self {
            Self::BucketDefault => Vec::new(),
            Self::S3 => vec![(KIND, "AES256".to_owned())],
            Self::Kms { key, bucket_key } => {
                let mut headers = vec![(KIND, "aws:kms".to_owned())];
                headers.extend(key.clone().map(|key| ("aws_sse_kms_key_id", key)));
                headers.push(("aws_sse_bucket_key_enabled", bucket_key.to_string()));
                headers
            }
        }
    }
}

fn yes() -> bool {
    true
}

/// How a bucket is reached.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// The bucket's region.
    pub region: String,
    /// Another address than AWS's own.
    pub endpoint_url: Option<String>,
    /// Whose credentials are used.
    pub credentials: SharedCredentialsProvider,
    /// How objects are encrypted.
    pub encryption: Encryption,
}

impl BucketOptions {
    pub(super) fn client(self, address: &BucketAddress) -> Result<AmazonS3, RunStoreError> {
        let unusable =
            |error: StoreError| RunStoreError::Url { url: address.url(), reason: error.to_string() };
        let options =
            ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES,
            retry_timeout: RETRY_TIMEOUT,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&address.bucket)
            .with_region(self.region)
            .with_credentials(Arc::new(SdkCredentials::new(self.credentials)))
            .with_client_options(options)
            .with_retry(retry);
        if let Some(url) = self.endpoint_url {
            // An address of one's own is for tests and for endpoints inside a network, which may speak plainly.
            builder = builder.with_allow_http(url.starts_with("http://")).with_endpoint(url);
        } else if !address.bucket.contains('.') {
            builder = builder.with_virtual_hosted_style_request(true);
        }
        for (key, value) in self.encryption.headers() {
            let key: AmazonS3ConfigKey = key.parse().map_err(unusable)?;
            builder = builder.with_config(key, value);
        }
        builder.build().map_err(unusable)
    }
}
