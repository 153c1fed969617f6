//! The sandbox's clock: it plays AWS, which has a clock of its own.

use jiff::{SignedDuration, Timestamp};

/// The present instant of a sandbox whose clock is ahead of the world's by so much.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands for AWS and is not handed the run's clock")]
pub(crate) fn now(ahead: SignedDuration) -> Timestamp {
    let now = Timestamp::now();
    now.checked_add(ahead).unwrap_or(now)
}
