//! The job's own AWS credentials for `object_store`, kept until shortly before they end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use object_store::aws::AwsCredential;
use object_store::{CredentialProvider, Error as StoreError};
use tokio::sync::Mutex;

/// They are asked for anew so long before they end: a request may be repeated with what it began with.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Gives what the SDK's chain gives.
#[derive(Debug)]
pub(super) struct SdkCredentials {
    provider: SharedCredentialsProvider,
    held: Mutex<Option<Held>>,
}

struct Held {
    credential: Arc<AwsCredential>,
    ends: Option<SystemTime>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl SdkCredentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, held: Mutex::new(None) }
    }
}

#[async_trait]
impl CredentialProvider for SdkCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // Held over the request on purpose: callers that come meanwhile want these very credentials.
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref()
            && held.ends.is_none_or(is_far_off)
        {
            return Ok(Arc::clone(&held.credential));
        }
        let found = self
            .provider
            .provide_credentials()
            .await
            .map_err(|error| StoreError::Unauthenticated { path: String::new(), source: Box::new(error) })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *held = Some(Held { credential: Arc::clone(&credential), ends: found.expiry() });
        Ok(credential)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "credentials end by AWS's time of day, whatever the run's clock says"
)]
fn is_far_off(end: SystemTime) -> bool {
    end.duration_since(SystemTime::now()).is_ok_and(|left| left > RENEW_BEFORE)
}
