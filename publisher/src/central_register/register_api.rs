//! The client of the Register API (`publisher/openapi/register-api.yaml`).

mod answers;
mod auth;
mod client_certificate;
mod failure;
mod options;
mod retry_after;
mod token_file;
mod transport;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bestand_model::asset::{AssetKey, PublishedAsset};
use bestand_model::identifiers::AccountId;
use reqwest::Method;
use serde_json::json;
use tokio::sync::OnceCell;

use super::{
    ApplyError, CentralRegister, ChangeBatch, ChangeResult, Cursor, ListScope, Page, RegisterError,
    RegisterIdentity, RunEvidence,
};
use crate::run_store::Tenure;
pub use options::{ClientCertificate, RegisterApiOptions, RegisterAuth, RetryPolicy};

use answers::{AccountsAnswer, AssetsAnswer, ResultsAnswer};
use failure::{Effect, Failure};
use transport::{Answer, Call, Transport};

/// The contract's version that this client speaks.
const API_VERSION: &str = "1";

/// A central register behind the Register API.
pub struct RegisterApi {
    transport: Transport,
    /// What the register said of itself at first: page and batch sizes, and which promises hold.
    identity: OnceCell<RegisterIdentity>,
    /// What allows to write; without one nothing does but the caller's word.
    tenure: Option<Arc<Tenure>>,
    request_timeout: Duration,
}

impl fmt::Debug for RegisterApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterApi").field("transport", &self.transport).finish_non_exhaustive()
    }
}

impl RegisterApi {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`RegisterError::Setup`] when the address, the extra roots or the client certificate make no sense, or when
    /// a secret would be sent in clear beyond this machine.
    pub fn new(options: RegisterApiOptions) -> Result<Self, RegisterError> {
        let request_timeout = options.request_timeout;
        let transport = Transport::new(options)?;
        Ok(Self { transport, identity: OnceCell::new(), tenure: None, request_timeout })
    }

    /// From here on writes only while the lease holds for longer than a request may take (SEMANTICS 3.7).
    #[must_use]
    pub fn under(self, tenure: Arc<Tenure>) -> Self {
        Self { tenure: Some(tenure), ..self }
    }

    fn may_write(&self) -> Result<(), RegisterError> {
        match &self.tenure {
            Some(tenure) if tenure.left() <= self.request_timeout => Err(RegisterError::NoLease),
            _ => Ok(()),
        }
    }

    /// The identity as it was first told; asks once.
    async fn known_identity(&self) -> Result<&RegisterIdentity, RegisterError> {
        self.identity.get_or_try_init(|| self.ask_identity()).await
    }

    async fn ask_identity(&self) -> Result<RegisterIdentity, RegisterError> {
        let call = Call::get("/v1/identity");
        let answer: Answer<RegisterIdentity> = self.transport.ask(&call).await?;
        let wrong = match &answer.value {
            identity if identity.api_version != API_VERSION => Some(format!(
                "it speaks version {:?} of the contract, not {API_VERSION}",
                identity.api_version
            )),
            identity if identity.capabilities.max_batch == 0 || identity.capabilities.max_page == 0 => {
                Some("max_batch and max_page must be at least 1".to_owned())
            }
            identity if identity.register_id.is_empty() || identity.environment.is_empty() => {
                Some("register_id and environment must not be empty".to_owned())
            }
            _ => None,
        };
        match wrong {
            Some(what) => Err(answer.nonsense(&call, what)),
            None => Ok(answer.value),
        }
    }

    /// Sends a batch until there is an answer, as long as that is harmless.
    async fn send(
        &self,
        call: &Call,
        batch: &ChangeBatch,
        may_repeat: bool,
    ) -> Result<Vec<ChangeResult>, ApplyError> {
        // What an earlier sending may have done stays true whatever a later one is answered.
        let mut maybe_applied = false;
        let once = || async {
            // Asked before each attempt: between two of them the process may have slept for hours.
            self.may_write().map_err(|error| Failure::unsent(error, false))?;
            let answer: Answer<ResultsAnswer> = self.transport.once(call).await?;
            answer.value.check(batch).map_err(|what| Failure::nonsense(answer.nonsense(call, what)))
        };
        let answered = self
            .transport
            .retrying(once, |failure: &Failure| {
                maybe_applied |= failure.effect == Effect::Maybe;
                // An answer that makes no sense may come from something on the way: worth another try here,
                // since the results are needed, and not for reads, which can simply fail.
                let transient = failure.transient || matches!(failure.error, RegisterError::Nonsense { .. });
                transient && (may_repeat || failure.effect == Effect::None)
            })
            .await;
        answered.map_err(|failure| match failure.error {
            error if maybe_applied => ApplyError::Unknown(error),
            RegisterError::Refused { status: 413, .. } => {
                ApplyError::TooLarge { changes: batch.changes.len() }
            }
            error => match error.status() {
                Some(status) if !failure.transient => ApplyError::Refused { status, source: error },
                _ => ApplyError::NotSent(error),
            },
        })
    }
}

#[async_trait]
impl CentralRegister for RegisterApi {
    async fn identity(&self) -> Result<RegisterIdentity, RegisterError> {
        let identity = self.ask_identity().await?;
        // The first answer stays: a register that changes while a run goes on is noticed by who compares.
        self.identity.get_or_init(async || identity.clone()).await;
        Ok(identity)
    }

    async fn accounts(&self) -> Result<Vec<AccountId>, RegisterError> {
        let limit = self.known_identity().await?.capabilities.max_page;
        let mut accounts = BTreeSet::new();
        let mut cursor: Option<Cursor> = None;
        loop {
            let call = Call::get("/v1/accounts").query("limit", limit).cursor(cursor.as_ref());
            let answer: Answer<AccountsAnswer> = self.transport.ask(&call).await?;
            accounts.extend(answer.value.accounts.into_iter().map(|account| account.account_id));
            cursor = next_cursor(&call, cursor, answer.value.next_cursor)?;
            if cursor.is_none() {
                return Ok(accounts.into_iter().collect());
            }
        }
    }

    async fn list(
        &self,
        of: &ListScope,
        page: Option<Cursor>,
    ) -> Result<Page<PublishedAsset>, RegisterError> {
        let identity = self.known_identity().await?;
        let call = Call::get("/v1/assets").query("limit", identity.capabilities.max_page);
        let (call, account) = match of {
            ListScope::Account(account) => (call.query("account_id", account), Some(account)),
            ListScope::WithoutAccount => (call.query("account_id", "none"), None),
        };
        let call = call.cursor(page.as_ref());
        let answer: Answer<AssetsAnswer> = self.transport.ask(&call).await?;
        if let Some(foreign) = answer.value.assets.iter().find(|asset| asset.account_id.as_ref() != account) {
            let what = format!("entry {} does not belong to {of}", foreign.asset_key);
            return Err(answer.nonsense(&call, what));
        }
        if let Err(what) = answer.value.check_source(&identity.source) {
            return Err(answer.nonsense(&call, what));
        }
        let next = next_cursor(&call, page, answer.value.next_cursor)?;
        Ok(Page { items: answer.value.assets.into_iter().map(PublishedAsset::from).collect(), next })
    }

    async fn look_up(&self, keys: &[AssetKey]) -> Result<Vec<PublishedAsset>, RegisterError> {
        let identity = self.known_identity().await?;
        let mut found = Vec::new();
        for keys in keys.chunks(identity.capabilities.max_batch) {
            let call = Call::new(Method::POST, "/v1/assets/lookup").json(&json!({ "asset_keys": keys }))?;
            let answer: Answer<AssetsAnswer> = self.transport.ask(&call).await?;
            let mut asked: BTreeSet<_> = keys.iter().collect();
            if let Some(other) = answer.value.assets.iter().find(|asset| !asked.remove(&asset.asset_key)) {
                let what = format!("entry {} was not asked for, or comes twice", other.asset_key);
                return Err(answer.nonsense(&call, what));
            }
            if let Err(what) = answer.value.check_source(&identity.source) {
                return Err(answer.nonsense(&call, what));
            }
            found.extend(answer.value.assets.into_iter().map(PublishedAsset::from));
        }
        Ok(found)
    }

    async fn apply(&self, batch: &ChangeBatch) -> Result<Vec<ChangeResult>, ApplyError> {
        let capabilities = self.known_identity().await.map_err(ApplyError::NotSent)?.capabilities;
        if batch.changes.is_empty() {
            return Ok(Vec::new());
        }
        if batch.changes.len() > capabilities.max_batch {
            return Err(ApplyError::TooLarge { changes: batch.changes.len() });
        }
        let call = Call::new(Method::POST, "/v1/changes").json(batch).map_err(ApplyError::NotSent)?;
        self.send(&call, batch, capabilities.idempotency).await
    }

    async fn record_run(&self, evidence: &RunEvidence) -> Result<(), RegisterError> {
        let call = Call::new(Method::PUT, "/v1/runs/").segment(evidence.run_id.as_str()).json(evidence)?;
        self.may_write()?;
        // What is answered is what was sent: that it is JSON shows that the register itself answered.
        self.transport.ask::<serde_json::Map<String, serde_json::Value>>(&call).await.map(drop)
    }
}

fn next_cursor(
    call: &Call,
    before: Option<Cursor>,
    given: Option<String>,
) -> Result<Option<Cursor>, RegisterError> {
    let Some(given) = given else { return Ok(None) };
    let repeated = || RegisterError::RepeatedCursor { call: call.to_string() };
    Cursor::after(before, given).map(Some).ok_or_else(repeated)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bestand_model::identifiers::RunId;

    use super::*;

    /// Nobody listens at the address: whatever is sent would end in another error.
    async fn sent_with(left: Duration) -> ApplyError {
        let mut options = RegisterApiOptions::new("http://127.0.0.1:1/".parse().unwrap(), RegisterAuth::None);
        options.request_timeout = Duration::from_secs(60);
        options.retry.attempts = 1;
        let api = RegisterApi::new(options).unwrap().under(Arc::new(Tenure::until(Instant::now() + left)));
        let batch = ChangeBatch { plan_digest: "p".into(), run_id: RunId::new("r"), changes: Vec::new() };
        let call = Call::new(Method::POST, "/v1/changes").json(&batch).unwrap();
        api.send(&call, &batch, true).await.unwrap_err()
    }

    #[tokio::test]
    async fn semantics_3_7_nothing_is_sent_with_less_than_one_request_of_the_lease_left() {
        let nearly_over = sent_with(Duration::from_secs(59)).await;
        assert!(matches!(nearly_over, ApplyError::NotSent(RegisterError::NoLease)), "{nearly_over:?}");
        let held = sent_with(Duration::from_secs(3_600)).await;
        assert!(matches!(held, ApplyError::NotSent(RegisterError::Unreachable { .. })), "{held:?}");
    }
}
