//! Showing who we are; secrets live here and come out only as sensitive headers.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use oauth2::basic::BasicClient;
use oauth2::{
    ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, RequestTokenError, Scope,
    TokenResponse, TokenUrl,
};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::super::RegisterError;
use super::RegisterAuth;
use super::failure::Failure;
use super::token_file::TokenFile;

/// Tokens are renewed so long before they end, or a fifth of their life if that is less.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// What identifies bestand to the register.
pub(super) enum Auth {
    None,
    ApiKey(SecretString),
    BearerFile(TokenFile),
    OAuth2(Box<Tokens>),
}

/// Tokens by OAuth 2 client credentials.
pub(super) struct Tokens {
    client: TokenClient,
    client_id: String,
    endpoint: String,
    client_secret: SecretString,
    scopes: Vec<String>,
    held: Mutex<Option<Token>>,
}

struct Token {
    secret: SecretString,
    renew_at: Option<Instant>,
}

/// The header of one request.
pub(super) type AuthHeader = Option<(HeaderName, HeaderValue)>;

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::ApiKey(_) => "api_key",
            Self::BearerFile(_) => "bearer_file",
            Self::OAuth2(_) => "oauth2",
        })
    }
}

impl Auth {
    pub(super) fn new(auth: RegisterAuth, base: &Url) -> Result<Self, RegisterError> {
        match auth {
            RegisterAuth::None => Ok(Self::None),
            RegisterAuth::ApiKey(key) => {
                must_be_private(base)?;
                sensitive(key.expose_secret())
                    .map_err(|_| RegisterError::Setup("the API key cannot be sent in a header".to_owned()))?;
                Ok(Self::ApiKey(key))
            }
            RegisterAuth::BearerFile(path) => {
                must_be_private(base)?;
                Ok(Self::BearerFile(TokenFile::new(path)))
            }
            RegisterAuth::OAuth2 { token_url, client_id, client_secret, scopes } => {
                let own = || super::transport::below(base, "/v1/oauth/token");
                let token_url = token_url.unwrap_or_else(own);
                must_be_private(base)?;
                must_be_private(&token_url)?;
                let endpoint = token_url.to_string();
                let client = BasicClient::new(ClientId::new(client_id.clone()))
                    .set_client_secret(ClientSecret::new(client_secret.expose_secret().to_owned()))
                    .set_token_uri(TokenUrl::from_url(token_url));
                let held = Mutex::new(None);
                Ok(Self::OAuth2(Box::new(Tokens {
                    client,
                    client_id,
                    endpoint,
                    client_secret,
                    scopes,
                    held,
                })))
            }
        }
    }

    /// The header for the next request; gets or renews a token where one is needed.
    pub(super) async fn header(&self, http: &reqwest::Client) -> Result<AuthHeader, Failure> {
        match self {
            Self::None => Ok(None),
            Self::ApiKey(key) => Ok(sensitive(key.expose_secret()).ok().map(|value| (API_KEY, value))),
            Self::BearerFile(file) => Ok(Some((AUTHORIZATION, file.bearer().await?))),
            Self::OAuth2(tokens) => {
                let bearer = tokens.bearer(http).await?;
                Ok(Some((AUTHORIZATION, bearer)))
            }
        }
    }

    /// Sees to it that the next header holds another token than `used`, which was refused; false if there is none.
    pub(super) async fn renew_after(&self, used: &AuthHeader) -> bool {
        let Some((_, used)) = used else { return false };
        match self {
            Self::None | Self::ApiKey(_) => false,
            // The same token again would be refused again.
            Self::BearerFile(file) => file.bearer().await.is_ok_and(|value| value != used),
            Self::OAuth2(tokens) => {
                let mut held = tokens.held.lock().await;
                // Unless it was renewed meanwhile.
                if held.as_ref().is_some_and(|token| bearer(&token.secret).is_ok_and(|value| value == used)) {
                    *held = None;
                }
                true
            }
        }
    }

    /// The text with every secret in it blotted out: registers and proxies have been seen to echo requests.
    pub(super) fn blot(&self, text: &str, used: &AuthHeader) -> String {
        let mut text = text.to_owned();
        let mut blot = |secret: &str| {
            if !secret.is_empty() {
                text = text.replace(secret, "[secret]");
            }
        };
        if let Some(value) = used.as_ref().and_then(|(_, value)| value.to_str().ok()) {
            blot(value.strip_prefix("Bearer ").unwrap_or(value));
        }
        match self {
            // A token from a file is in the header.
            Self::None | Self::BearerFile(_) => {}
            Self::ApiKey(key) => blot(key.expose_secret()),
            Self::OAuth2(tokens) => text = tokens.blot(text),
        }
        text
    }
}

impl Tokens {
    /// The text without the client's secret, in the forms that it has on the way to the issuer.
    fn blot(&self, text: String) -> String {
        let secret = self.client_secret.expose_secret();
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let basic = BASE64_STANDARD.encode(format!("{}:{}", encoded(&self.client_id), encoded(secret)));
        let forms = [basic, secret.to_owned(), encoded(secret)];
        forms.iter().filter(|form| !form.is_empty()).fold(text, |text, form| text.replace(form, "[secret]"))
    }

    async fn bearer(&self, http: &reqwest::Client) -> Result<HeaderValue, Failure> {
        // Held over the request on purpose: callers that come meanwhile want this very token.
        let mut held = self.held.lock().await;
        if let Some(token) = held.as_ref()
            && token.renew_at.is_none_or(|at| Instant::now() < at)
        {
            return bearer(&token.secret).map_err(|_| self.failed("the token cannot be sent", false));
        }
        let token = self.fetch(http).await?;
        let header = bearer(&token.secret).map_err(|_| self.failed("the token cannot be sent", false))?;
        *held = Some(token);
        Ok(header)
    }

    async fn fetch(&self, http: &reqwest::Client) -> Result<Token, Failure> {
        let send = |request: HttpRequest| exchange(http.clone(), request);
        let scopes = self.scopes.iter().cloned().map(Scope::new);
        let asked_at = Instant::now();
        let request = self.client.exchange_client_credentials().add_scopes(scopes);
        let answer = request.request_async(&send).await.map_err(|error| match error {
            RequestTokenError::Request(Unanswered { reason, transient }) => self.failed(&reason, transient),
            RequestTokenError::ServerResponse(refusal) => self.failed(&self.blot(refusal.to_string()), false),
            // What could not be read may hold a token: it is not shown.
            RequestTokenError::Parse(..) => self.failed("its answer makes no sense", false),
            RequestTokenError::Other(reason) => self.failed(&reason, false),
        })?;
        let renew_at =
            answer.expires_in().map(|life| asked_at + life.saturating_sub(RENEW_BEFORE.min(life / 5)));
        Ok(Token { secret: SecretString::from(answer.access_token().secret().as_str()), renew_at })
    }

    fn failed(&self, reason: &str, transient: bool) -> Failure {
        let (endpoint, reason) = (self.endpoint.clone(), reason.to_owned());
        Failure::unsent(RegisterError::Token { endpoint, reason }, transient)
    }
}

/// The issuer did not answer in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
struct Unanswered {
    reason: String,
    transient: bool,
}

async fn exchange(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let network = |error: reqwest::Error| {
        let reason = if error.is_timeout() { "it took too long" } else { "it cannot be reached" };
        Unanswered { reason: format!("{reason}: {}", error.without_url()), transient: true }
    };
    let request = reqwest::Request::try_from(request).map_err(network)?;
    let response = http.execute(request).await.map_err(network)?;
    let status = response.status();
    if status.as_u16() == 429 || status.is_server_error() {
        return Err(Unanswered {
            reason: format!("it answered with status {}", status.as_u16()),
            transient: true,
        });
    }
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(network)?;
    let mut answer = HttpResponse::new(body.to_vec());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

pub(super) fn bearer(token: &SecretString) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

fn sensitive(text: &str) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Secrets are sent in clear to this machine only.
fn must_be_private(url: &Url) -> Result<(), RegisterError> {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || loopback {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    Err(RegisterError::Setup(format!("a secret would be sent to {host} without TLS: use https")))
}
