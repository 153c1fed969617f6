//! What a single call says of its action. Pure.

use bestand_model::coverage::Reason;
use serde::Serialize;

use crate::action::Action;
use crate::config_service::error::CallError;

/// Whether an action works.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// AWS answered.
    Works,
    /// A policy forbids it.
    Denied,
    /// It failed in another way.
    Failed,
    /// A call before it got no answer: this one would have waited as long.
    NotTried,
}

/// What became of one action.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ActionCheck {
    /// The action.
    pub action: Action,
    /// Whether it works.
    pub status: ActionStatus,
    /// What AWS said, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a run would be incomplete for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl ActionCheck {
    /// Judges a call.
    pub(super) fn of<T>(action: Action, outcome: &Result<T, CallError>) -> Self {
        match outcome {
            Ok(_) => Self { action, status: ActionStatus::Works, detail: None, reason: None },
            // Whoever is told that there is no recorder was let in.
            Err(error) if error.reason == Reason::RecorderAbsent => {
                Self { action, status: ActionStatus::Works, detail: None, reason: None }
            }
            Err(error) => {
                let denied = matches!(error.reason, Reason::RoleDenied | Reason::RegionDenied);
                let status = if denied { ActionStatus::Denied } else { ActionStatus::Failed };
                Self { action, status, detail: Some(error.detail.clone()), reason: Some(error.reason) }
            }
        }
    }

    /// Stands for a call that was not made.
    pub(super) fn not_tried(action: Action) -> Self {
        Self { action, status: ActionStatus::NotTried, detail: None, reason: None }
    }

    /// Tells whether somebody has to mend it.
    pub fn is_broken(&self) -> bool {
        matches!(self.status, ActionStatus::Denied | ActionStatus::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reason: Reason) -> ActionCheck {
        ActionCheck::of::<()>(Action::Select, &Err(CallError::nonsense(reason, "what AWS said")))
    }

    #[test]
    fn a_denial_is_told_apart_from_a_failure_and_no_recorder_is_an_answer() {
        for (reason, status) in [
            (Reason::RoleDenied, ActionStatus::Denied),
            (Reason::RegionDenied, ActionStatus::Denied),
            (Reason::Throttled, ActionStatus::Failed),
            (Reason::ServiceError, ActionStatus::Failed),
            (Reason::RecorderAbsent, ActionStatus::Works),
        ] {
            assert_eq!(check(reason).status, status, "{reason}");
        }
        assert_eq!(check(Reason::RoleDenied).detail.as_deref(), Some("what AWS said"));
        assert_eq!(ActionCheck::of(Action::Select, &Ok(())).status, ActionStatus::Works);
        assert!(!ActionCheck::not_tried(Action::Select).is_broken());
    }
}
