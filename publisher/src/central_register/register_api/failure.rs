//! One attempt that failed: what it may have done, and whether another makes sense.

use std::time::Duration;

use super::super::RegisterError;

/// What a failed attempt may have done at the register.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    /// Surely nothing.
    None,
    /// Nobody knows.
    Maybe,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: RegisterError,
    pub(super) effect: Effect,
    /// Whether the same request may well succeed later.
    pub(super) transient: bool,
}

impl Failure {
    /// The request could not even be made.
    pub(super) fn unsent(error: RegisterError, transient: bool) -> Self {
        Self { error, effect: Effect::None, transient }
    }

    /// The network failed. Only if no connection came about is it sure that nothing was sent.
    pub(super) fn network(call: String, source: reqwest::Error) -> Self {
        // The address is not for messages: the path is in `call`.
        let source = source.without_url();
        if source.is_builder() {
            return Self::unsent(RegisterError::Unreachable { call, source }, false);
        }
        if source.is_connect() {
            return Self::unsent(RegisterError::Unreachable { call, source }, true);
        }
        let timeout = source.is_timeout();
        let error = RegisterError::Lost { call, timeout, source };
        Self { error, effect: Effect::Maybe, transient: true }
    }

    /// The register, or something on the way to it, answered with an error.
    pub(super) fn refused(error: RegisterError, status: u16, retry_after: Option<Duration>) -> Self {
        let (effect, transient) = match status {
            429 => (Effect::None, true),
            // By the contract nothing was done. A proxy's 503 tells nothing of the sort, and has no such header.
            503 if retry_after.is_some() => (Effect::None, true),
            408 | 500..=599 => (Effect::Maybe, true),
            _ => (Effect::None, false),
        };
        Self { error, effect, transient }
    }

    /// The answer makes no sense, so it does not tell what was done either.
    pub(super) fn nonsense(error: RegisterError) -> Self {
        Self { error, effect: Effect::Maybe, transient: false }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match &self.error {
            RegisterError::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<Failure> for RegisterError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
