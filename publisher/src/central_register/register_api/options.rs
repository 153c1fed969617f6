//! How the client is set up.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// How bestand shows who it is.
#[derive(Clone, Debug, Default)]
pub enum RegisterAuth {
    /// Not at all.
    #[default]
    None,
    /// `X-API-Key`.
    ApiKey(SecretString),
    /// A bearer token from a file that somebody else renews; read anew for each request.
    BearerFile(PathBuf),
    /// OAuth 2 client credentials.
    OAuth2 {
        /// Where tokens are given; without it the register's own `/v1/oauth/token`.
        token_url: Option<Url>,
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: SecretString,
        /// The scopes to ask for; may be empty.
        scopes: Vec<String>,
    },
}

/// A certificate by which bestand shows who it is when the connection is made.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate and those between it and its authority, in PEM.
    pub chain_pem: Vec<u8>,
    /// The certificate's private key, in PEM.
    pub key_pem: SecretString,
}

/// How often, and how long apart, a request is sent again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How often a request is sent at most, the first time included.
    pub attempts: usize,
    /// The wait after the first attempt; doubled each time, with jitter.
    pub first_delay: Duration,
    /// The longest wait of our own choosing.
    pub max_delay: Duration,
    /// The longest wait that the register may ask for by `Retry-After`.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

/// Everything a client is made from.
#[derive(Clone, Debug)]
pub struct RegisterApiOptions {
    /// The register's address; may have a path, below which the contract's paths lie.
    pub url: Url,
    /// How bestand shows who it is.
    pub auth: RegisterAuth,
    /// Shown besides, to the register and to the token's issuer.
    pub client_certificate: Option<ClientCertificate>,
    /// Certificates, in PEM, of authorities to trust besides the system's.
    pub extra_roots_pem: Option<Vec<u8>>,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long one request may take in all.
    pub request_timeout: Duration,
    /// When to try again.
    pub retry: RetryPolicy,
}

impl RegisterApiOptions {
    /// The default timeouts and retries.
    #[must_use]
    pub fn new(url: Url, auth: RegisterAuth) -> Self {
        Self {
            url,
            auth,
            client_certificate: None,
            extra_roots_pem: None,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            retry: RetryPolicy::default(),
        }
    }
}
