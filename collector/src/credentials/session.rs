//! One session of a member account's role, made by an explicit `AssumeRole` and renewed before it ends.
//!
//! The SDK's own provider for roles hides a denial inside a connection failure, and its shared cache holds 64
//! identities: with more accounts it would assume roles over and over.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::Client;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{AccountId, RunId};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::action::{Action, session_policy};
use crate::call::Line;
use crate::config_service::error::CallError;

/// The longest that a chained role session may last; asking for more fails.
const SESSION_SECS: i32 = 3600;
/// How long before its end a session is renewed.
const RENEWAL_SKEW: Duration = Duration::from_secs(5 * 60);
/// The longest session name that STS takes.
const MAX_SESSION_NAME: usize = 64;

/// What it takes to assume an account's role.
#[derive(Clone)]
pub(crate) struct SessionRequest {
    pub(crate) account_id: AccountId,
    pub(crate) partition: String,
    pub(crate) role_name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) run_id: RunId,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl SessionRequest {
    fn role_arn(&self) -> String {
        format!("arn:{}:iam::{}:role/{}", self.partition, self.account_id, self.role_name)
    }
}

/// A role session that stays valid as long as somebody calls [`RoleSession::keep_fresh`] before each use.
pub(crate) struct RoleSession {
    sts: Client,
    line: Line,
    request: SessionRequest,
    current: RwLock<Arc<Issued>>,
    /// Held while renewing, so that many regions cause one `AssumeRole`.
    renewing: Mutex<()>,
}

/// Credentials as STS gave them.
struct Issued {
    credentials: Credentials,
    renew_at: Option<SystemTime>,
    ends_at: Option<SystemTime>,
}

impl RoleSession {
    /// Assumes the role.
    ///
    /// # Errors
    /// [`Reason::RoleDenied`] and the role's ARN where STS refuses; else why STS could not be asked.
    pub(crate) async fn open(
        sts: Client,
        line: Line,
        request: SessionRequest,
    ) -> Result<Arc<Self>, CallError> {
        let issued = assume(&sts, &line, &request).await?;
        let current = RwLock::new(Arc::new(issued));
        Ok(Arc::new(Self { sts, line, request, current, renewing: Mutex::new(()) }))
    }

    /// Renews the session if it ends soon.
    ///
    /// # Errors
    /// Where it cannot be renewed and has ended.
    pub(crate) async fn keep_fresh(&self) -> Result<(), CallError> {
        let now = SystemTime::from((self.request.clock)());
        let due = |issued: &Issued| issued.renew_at.is_some_and(|at| at <= now);
        if !due(&self.current()) {
            return Ok(());
        }
        let _one_at_a_time = self.renewing.lock().await;
        if !due(&self.current()) {
            return Ok(());
        }
        match self.assume_again().await {
            Err(_) if self.current().ends_at.is_some_and(|end| now < end) => Ok(()),
            outcome => outcome,
        }
    }

    /// Renews a session that AWS calls expired, unless somebody else just did.
    ///
    /// # Errors
    /// Where the role cannot be assumed any more.
    pub(crate) async fn replace(&self, expired_key_id: &str) -> Result<(), CallError> {
        let _one_at_a_time = self.renewing.lock().await;
        if self.key_id() != expired_key_id {
            return Ok(());
        }
        self.assume_again().await
    }

    /// Gives the access key id of the current session: no secret.
    pub(crate) fn key_id(&self) -> String {
        self.current().credentials.access_key_id().to_owned()
    }

    fn current(&self) -> Arc<Issued> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn assume_again(&self) -> Result<(), CallError> {
        let issued = Arc::new(assume(&self.sts, &self.line, &self.request).await?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = issued;
        Ok(())
    }
}

async fn assume(sts: &Client, line: &Line, request: &SessionRequest) -> Result<Issued, CallError> {
    let role_arn = request.role_arn();
    let now = SystemTime::from((request.clock)());
    let name = format!("{} {role_arn}", Action::AssumeRole);
    let answer = line
        .call_as(Action::AssumeRole, &name, || {
            sts.assume_role()
                .role_arn(&role_arn)
                .role_session_name(session_name(&request.run_id))
                .set_external_id(request.external_id.clone())
                .policy(session_policy())
                .duration_seconds(SESSION_SECS)
                .send()
        })
        .await?;
    let Some(issued) = answer.credentials() else {
        let detail = format!("{name}: the answer holds no credentials");
        return Err(CallError::nonsense(Reason::ServiceError, detail));
    };
    let ends_at = SystemTime::try_from(*issued.expiration()).ok();
    let credentials = Credentials::new(
        issued.access_key_id(),
        issued.secret_access_key(),
        Some(issued.session_token().to_owned()),
        ends_at,
        "bestand-role-session",
    );
    // A session shorter than it should be (only test endpoints give such) is renewed in its last fifth.
    let renew_at = ends_at.map(|end| {
        let lifetime = end.duration_since(now).unwrap_or(Duration::ZERO);
        end - RENEWAL_SKEW.min(lifetime / 5)
    });
    Ok(Issued { credentials, renew_at, ends_at })
}

/// Gives the session's name, which shows in the account's CloudTrail: 2 to 64 of `[\w+=,.@-]`.
fn session_name(run_id: &RunId) -> String {
    let name = format!("bestand-{run_id}");
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' })
        .take(MAX_SESSION_NAME)
        .collect()
}

/// Hands the session's current credentials to the SDK, which needs no cache for them.
#[derive(Clone, Debug)]
pub(crate) struct SessionCredentials(pub(crate) Arc<RoleSession>);

impl ProvideCredentials for SessionCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        // Each attempt of a call asks anew, and a call may take longer than a session has left.
        future::ProvideCredentials::new(async {
            if let Err(error) = self.0.keep_fresh().await {
                tracing::debug!(detail = %error.detail, "role session not renewed");
            }
            Ok(self.0.current().credentials.clone())
        })
    }
}

impl fmt::Debug for RoleSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleSession").field("role_arn", &self.request.role_arn()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_one_that_sts_takes() {
        assert_eq!(session_name(&RunId::from("20261123T060000Z-1a2b")), "bestand-20261123T060000Z-1a2b");
        let odd = session_name(&RunId::from("ü/ 'x'".repeat(30).as_str()));
        assert_eq!(odd.len(), MAX_SESSION_NAME);
        assert!(odd.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)), "{odd}");
    }
}
