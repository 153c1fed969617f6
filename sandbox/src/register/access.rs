//! Who calls: credentials, roles, tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::Register;
use super::problem::Problem;

/// As whom everybody writes when the register asks for no credential.
const OPEN_SOURCE_NAME: &str = "bestand";

/// How long a token lives unless the faults say otherwise.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// What a credential may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owns entries under its name, sees and changes only these.
    Writer,
    /// Sees and changes the entries of every writer.
    Keeper,
    /// Sees a writer's entries and changes nothing.
    Reader,
}

/// A secret that is kept only as its digest, so that it can neither be shown nor lost.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[derive(Debug, Clone)]
enum Proof {
    ApiKey(SecretDigest),
    Bearer(SecretDigest),
    Client { id: String, secret: SecretDigest },
}

/// Something a caller shows to be known, and as whom it is then known.
#[derive(Debug, Clone)]
pub struct Credential {
    name: String,
    role: Role,
    proof: Proof,
}

impl Credential {
    /// A key that the writer `name` sends as `X-API-Key`.
    #[must_use]
    pub fn api_key(name: &str, key: &str) -> Self {
        Self::writer(name, Proof::ApiKey(SecretDigest::of(key)))
    }

    /// A fixed token that the writer `name` sends as `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(name: &str, token: &str) -> Self {
        Self::writer(name, Proof::Bearer(SecretDigest::of(token)))
    }

    /// An OAuth 2 client that gets its tokens from the register and writes as `name`.
    #[must_use]
    pub fn oauth_client(name: &str, client_id: &str, client_secret: &str) -> Self {
        let secret = SecretDigest::of(client_secret);
        Self::writer(name, Proof::Client { id: client_id.to_owned(), secret })
    }

    fn writer(name: &str, proof: Proof) -> Self {
        Self { name: name.to_owned(), role: Role::Writer, proof }
    }

    /// Gives the credential another role.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    fn caller(&self) -> Caller {
        Caller { name: self.name.clone(), role: self.role }
    }
}

/// Who makes the call at hand.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: Role,
}

impl Caller {
    /// The source whose entries the caller may see; `None` is every source.
    pub(super) fn visible_source(&self) -> Option<&str> {
        match self.role {
            Role::Writer | Role::Reader => Some(&self.name),
            Role::Keeper => None,
        }
    }

    pub(super) fn may_change(&self, source: &str) -> bool {
        self.visible_source().is_none_or(|own| own == source)
    }

    /// Refuses callers that may only read.
    pub(super) fn must_write(&self) -> Result<(), Problem> {
        match self.role {
            Role::Writer | Role::Keeper => Ok(()),
            Role::Reader => Err(Problem::forbidden("this credential may only read")),
        }
    }
}

impl FromRequestParts<Arc<Register>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, register: &Arc<Register>) -> Result<Self, Problem> {
        register.access.caller(&parts.headers)
    }
}

struct Grant {
    caller: Caller,
    ends: Instant,
}

/// The register's doorkeeper.
pub(super) struct Access {
    credentials: Vec<Credential>,
    token_lifetime: Duration,
    tokens: Mutex<BTreeMap<SecretDigest, Grant>>,
}

impl Access {
    pub(super) fn new(credentials: Vec<Credential>, token_lifetime: Option<Duration>) -> Self {
        let token_lifetime = token_lifetime.unwrap_or(TOKEN_LIFETIME);
        Self { credentials, token_lifetime, tokens: Mutex::new(BTreeMap::new()) }
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        if self.credentials.is_empty() {
            return Ok(Caller { name: OPEN_SOURCE_NAME.to_owned(), role: Role::Writer });
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(key) = text("x-api-key") {
            let shown = SecretDigest::of(key);
            return self
                .credentials
                .iter()
                .find(|credential| matches!(&credential.proof, Proof::ApiKey(key) if *key == shown))
                .map(Credential::caller)
                .ok_or_else(|| Problem::unauthorized("the API key is not known"));
        }
        let (scheme, token) = text(AUTHORIZATION.as_str())
            .and_then(|value| value.split_once(' '))
            .ok_or_else(|| Problem::unauthorized("send X-API-Key or Authorization: Bearer"))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Problem::unauthorized("send X-API-Key or Authorization: Bearer"));
        }
        self.bearer(token.trim())
            .ok_or_else(|| Problem::unauthorized("the token is not known or has expired"))
    }

    fn bearer(&self, token: &str) -> Option<Caller> {
        let shown = SecretDigest::of(token);
        let fixed = self
            .credentials
            .iter()
            .find(|credential| matches!(&credential.proof, Proof::Bearer(token) if *token == shown));
        if let Some(credential) = fixed {
            return Some(credential.caller());
        }
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        tokens.retain(|_, grant| grant.ends > now);
        tokens.get(&shown).map(|grant| grant.caller.clone())
    }

    /// Gives a new token to an OAuth 2 client, with its lifetime; `None` if the client is not known.
    pub(super) fn grant(&self, client_id: &str, client_secret: &str) -> Option<(String, Duration)> {
        let shown = SecretDigest::of(client_secret);
        let credential = self.credentials.iter().find(|credential| {
            matches!(&credential.proof, Proof::Client { id, secret } if id == client_id && *secret == shown)
        })?;
        let token = random_token();
        let grant = Grant { caller: credential.caller(), ends: Instant::now() + self.token_lifetime };
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(SecretDigest::of(&token), grant);
        Some((token, self.token_lifetime))
    }
}

/// A token nobody can guess: the standard library's hash keys come from the system's random source.
fn random_token() -> String {
    let mut digest = Sha256::new();
    for part in 0_u8..4 {
        digest.update(RandomState::new().hash_one(part).to_le_bytes());
    }
    hex(&digest.finalize())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_does_not_show_its_secret() {
        let credentials = [
            Credential::api_key("bestand", "hunter2"),
            Credential::bearer("bestand", "hunter2"),
            Credential::oauth_client("bestand", "client", "hunter2").with_role(Role::Keeper),
        ];
        let shown = format!("{credentials:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("Keeper") && shown.contains("client"), "{shown}");
    }

    #[test]
    fn tokens_differ_and_end() {
        assert_ne!(random_token(), random_token());
        let client = Credential::oauth_client("bestand", "client", "hunter2");
        let access = Access::new(vec![client.clone()], None);
        let (token, lifetime) = access.grant("client", "hunter2").unwrap();
        assert_eq!(lifetime, TOKEN_LIFETIME);
        assert_eq!(access.bearer(&token).unwrap().name, "bestand");
        assert!(access.grant("client", "hunter3").is_none());

        let short = Access::new(vec![client], Some(Duration::ZERO));
        let (token, _) = short.grant("client", "hunter2").unwrap();
        assert!(short.bearer(&token).is_none());
    }
}
