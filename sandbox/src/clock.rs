//! The sandbox's clock: it plays AWS, which has a clock of its own.

use jiff::Timestamp;

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "the sandbox stands for AWS and is not handed the run's clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
