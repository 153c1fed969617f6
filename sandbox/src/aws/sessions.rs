//! Who calls: the management account's own keys, and the sessions that AssumeRole gave out.

use super::{answer::Protocol, error::AwsError, request::Call, session_policy::SessionPolicy};
use crate::{
    clock,
    estate::code::{base32, hash},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The account and rights of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The index of the account; the management account's is 0.
    pub(crate) account: usize,
    /// Whether these are the management account's own keys.
    pub(crate) base: bool,
    pub(crate) arn: String,
    pub(crate) user_id: String,
    pub(crate) policy: Option<Arc<SessionPolicy>>,
}

/// The keys of a session, as AssumeRole hands them out.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
}

struct Session {
    caller: Caller,
    token: String,
    expires: Timestamp,
}

/// Every session that was given out.
pub(crate) struct Sessions {
    seed: u64,
    clock_ahead: SignedDuration,
    base_key: String,
    base: Caller,
    sessions: Mutex<HashMap<String, Session>>,
    given: AtomicU64,
}

/// How long an expired session is remembered, so that its keys are called expired and not unknown.
const MEMORY_HOURS: i64 = 1;

impl Sessions {
    pub(crate) fn new(seed: u64, clock_ahead: SignedDuration, base_key: String, base: Caller) -> Self {
        Self { seed, clock_ahead, base_key, base, sessions: Mutex::default(), given: AtomicU64::new(0) }
    }

    /// Gives out a session.
    pub(crate) fn open(&self, caller: Caller, lasts: SignedDuration) -> Keys {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let now = clock::now(self.clock_ahead);
        let expires = now.checked_add(lasts).unwrap_or(now);
        let secret = |salt| base32(hash(&[self.seed, number, salt]));
        let access_key = format!("ASIA{}{}", &secret(50)[..8], &base32(number)[..8]);
        let keys = Keys {
            access_key: access_key.clone(),
            secret: format!("{}{}{}", secret(51), secret(52), secret(53)),
            token: format!("IQoJ{}{}{}", secret(54), secret(55), secret(56)),
            expires,
        };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let horizon = now.checked_sub(SignedDuration::from_hours(MEMORY_HOURS)).unwrap_or(now);
        sessions.retain(|_, session| session.expires > horizon);
        sessions.insert(access_key, Session { caller, token: keys.token.clone(), expires });
        keys
    }

    /// Finds the caller of a call by its access key.
    ///
    /// # Errors
    /// Missing, unknown and expired keys, each with the code that the service's protocol has for it.
    pub(crate) fn caller(&self, call: &Call) -> Result<Caller, AwsError> {
        let protocol = call.service.protocol();
        let Some(key) = call.access_key.as_deref() else {
            return Err(match protocol {
                Protocol::Json => {
                    AwsError::new("MissingAuthenticationTokenException", "the request is not signed")
                }
                Protocol::Query => {
                    AwsError::with_status(403, "MissingAuthenticationToken", "the request is not signed")
                }
                Protocol::Ec2 => AwsError::with_status(401, "AuthFailure", "the request is not signed"),
            });
        };
        if key == self.base_key {
            return Ok(self.base.clone());
        }
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(key).filter(|session| call.session_token.as_ref() == Some(&session.token));
        let Some(session) = session else {
            let message = "the security token included in the request is invalid";
            return Err(match protocol {
                Protocol::Json => AwsError::new("UnrecognizedClientException", message),
                Protocol::Query => AwsError::with_status(403, "InvalidClientTokenId", message),
                Protocol::Ec2 => AwsError::with_status(401, "AuthFailure", message),
            });
        };
        if session.expires <= clock::now(self.clock_ahead) {
            let message = "the security token included in the request is expired";
            return Err(match protocol {
                Protocol::Json => AwsError::new("ExpiredTokenException", message),
                Protocol::Query => AwsError::with_status(403, "ExpiredToken", message),
                Protocol::Ec2 => AwsError::new("RequestExpired", message),
            });
        }
        Ok(session.caller.clone())
    }
}
