//! One request and its answer, and how often it is tried.

use std::fmt;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::super::{Cursor, RegisterError};
use super::answers::Problem;
use super::auth::{Auth, AuthHeader};
use super::client_certificate::{identity, with_causes};
use super::failure::Failure;
use super::retry_after::retry_after;
use super::{RegisterApiOptions, RetryPolicy};

/// More than any page or batch has; an answer that goes on for ever must not fill the memory.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Longest excerpt of an answer in an error, in characters.
const MAX_EXCERPT: usize = 200;

/// A call of the contract.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Call {
    pub(super) fn new(method: Method, path: &str) -> Self {
        Self { method, path: path.to_owned(), query: Vec::new(), body: None }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn cursor(self, cursor: Option<&Cursor>) -> Self {
        match cursor {
            Some(cursor) => self.query("cursor", cursor.as_str()),
            None => self,
        }
    }

    /// Adds an identifier to the path; the address takes care of characters that have a meaning there.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        self.path.push_str(segment);
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, RegisterError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| RegisterError::Setup(format!("{self} cannot be written as JSON: {error}")))?;
        self.body = Some(body);
        Ok(self)
    }
}

/// A path of the contract below the register's address, which may have a path itself.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}{path}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// An answer, with what is needed to complain about it.
pub(super) struct Answer<T> {
    pub(super) value: T,
    excerpt: String,
}

impl<T> Answer<T> {
    /// The error that says what is wrong with the answer although it could be read.
    pub(super) fn nonsense(&self, call: &Call, what: String) -> RegisterError {
        RegisterError::Nonsense { call: call.to_string(), what, excerpt: self.excerpt.clone() }
    }
}

/// The way to the register.
pub(super) struct Transport {
    http: Client,
    base: Url,
    auth: Auth,
    retry: RetryPolicy,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base.as_str();
        f.debug_struct("Transport").field("base", &base).field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(options: RegisterApiOptions) -> Result<Self, RegisterError> {
        let RegisterApiOptions {
            url,
            auth,
            client_certificate,
            extra_roots_pem,
            connect_timeout,
            request_timeout,
            retry,
        } = options;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(RegisterError::Setup("the address must begin with https:// or http://".to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RegisterError::Setup("the address must not hold a user or password".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(RegisterError::Setup("the address must end with its path".to_owned()));
        }
        let setup = |what: &str, error: reqwest::Error| {
            RegisterError::Setup(format!("{what}: {}", with_causes(&error)))
        };
        // No redirects: they would turn a POST into a GET and carry the key to another host.
        let mut http = Client::builder()
            .user_agent(concat!("bestand/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(connect_timeout)
            .timeout(request_timeout);
        if let Some(pem) = extra_roots_pem {
            let roots = Certificate::from_pem_bundle(&pem)
                .map_err(|error| setup("the extra roots are no PEM certificates", error))?;
            if roots.is_empty() {
                return Err(RegisterError::Setup("the extra roots hold no certificate".to_owned()));
            }
            http = http.tls_certs_merge(roots);
        }
        if let Some(certificate) = &client_certificate {
            http = http.identity(identity(certificate, &url)?);
        }
        let http = http.build().map_err(|error| setup("the HTTP client", error))?;
        let auth = Auth::new(auth, &url)?;
        Ok(Self { http, base: url, auth, retry })
    }

    /// Makes a call that may be made any number of times.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, RegisterError> {
        self.retrying(|| self.once(call), |failure| failure.transient).await.map_err(Into::into)
    }

    /// Tries as long as `again` says so and the policy allows.
    pub(super) async fn retrying<T, Attempt: Future<Output = Result<T, Failure>>>(
        &self,
        attempt: impl FnMut() -> Attempt,
        again: impl FnMut(&Failure) -> bool,
    ) -> Result<T, Failure> {
        let RetryPolicy { attempts, first_delay, max_delay, max_retry_after } = self.retry;
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(first_delay)
            .with_max_delay(max_delay)
            .with_max_times(attempts.saturating_sub(1));
        attempt
            .retry(delays)
            .sleep(tokio::time::sleep)
            .when(again)
            .adjust(|failure, delay| {
                let asked = failure.retry_after().map(|asked| asked.min(max_retry_after));
                delay.map(|delay| asked.map_or(delay, |asked| asked.max(delay)))
            })
            .notify(|failure, delay| {
                tracing::warn!(error = %failure.error, ?delay, "the central register is asked again");
            })
            .await
    }

    /// Makes a call once; twice if a token turned out to be no good any more.
    pub(super) async fn once<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, Failure> {
        let header = self.auth.header(&self.http).await?;
        let answered = self.exchange(call, &header).await;
        let unknown = answered.as_ref().err().is_some_and(|failure| failure.error.status() == Some(401));
        if !(unknown && self.auth.renew_after(&header).await) {
            return answered;
        }
        let header = self.auth.header(&self.http).await?;
        self.exchange(call, &header).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        call: &Call,
        header: &AuthHeader,
    ) -> Result<Answer<T>, Failure> {
        let network = |error| Failure::network(call.to_string(), error);
        let mut request = self
            .http
            .request(call.method.clone(), below(&self.base, &call.path))
            .header(ACCEPT, "application/json, application/problem+json");
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut response = request.send().await.map_err(network)?;
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(network)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER_BYTES {
                let what = format!("it is longer than {MAX_ANSWER_BYTES} bytes");
                return Err(self.nonsense(call, what, &body, header));
            }
        }
        if !status.is_success() {
            let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
            let shown = |text: Option<String>| text.map(|text| cut(&self.auth.blot(&text, header)));
            let error = RegisterError::Refused {
                call: call.to_string(),
                status: status.as_u16(),
                title: shown(problem.title).or_else(|| canonical(status)),
                detail: shown(problem.detail),
                retry_after: wait,
            };
            return Err(Failure::refused(error, status.as_u16(), wait));
        }
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Answer { value, excerpt: self.excerpt(&body, header) }),
            Err(error) => Err(self.nonsense(call, error.to_string(), &body, header)),
        }
    }

    fn nonsense(&self, call: &Call, what: String, body: &[u8], header: &AuthHeader) -> Failure {
        let what = cut(&self.auth.blot(&what, header));
        let excerpt = self.excerpt(body, header);
        Failure::nonsense(RegisterError::Nonsense { call: call.to_string(), what, excerpt })
    }

    /// The beginning of an answer. Secrets are blotted out before it is cut, lest half of one is left.
    fn excerpt(&self, body: &[u8], header: &AuthHeader) -> String {
        let beginning = &body[..body.len().min(16 * MAX_EXCERPT)];
        cut(&self.auth.blot(&String::from_utf8_lossy(beginning), header))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_EXCERPT).collect()
}

fn canonical(status: StatusCode) -> Option<String> {
    status.canonical_reason().map(str::to_owned)
}
