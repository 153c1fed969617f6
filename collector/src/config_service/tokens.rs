//! Page tokens: only the missing one ends a listing, and none may come twice.

use std::collections::HashSet;

use bestand_model::coverage::Reason;

use super::error::CallError;
use crate::action::Action;

/// Where a listing stands. The SDK's own paginators end silently where a token comes twice.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    seen: HashSet<String>,
    next: Option<String>,
    ended: bool,
}

impl Tokens {
    /// Gives the token to ask the next page with; none for the first.
    pub(crate) fn next(&self) -> Option<String> {
        self.next.clone()
    }

    /// Tells whether the listing has ended.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes the token that came with a page.
    ///
    /// # Errors
    /// [`Reason::Truncated`] when it came before.
    pub(crate) fn take(&mut self, action: Action, token: Option<String>) -> Result<(), CallError> {
        match token.filter(|token| !token.is_empty()) {
            None => self.ended = true,
            Some(token) if !self.seen.insert(token.clone()) => {
                let detail = format!("{action}: a page token came twice");
                return Err(CallError::nonsense(Reason::Truncated, detail));
            }
            token => self.next = token,
        }
        Ok(())
    }
}
