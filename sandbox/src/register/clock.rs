//! The register's own clock.

use jiff::{SignedDuration, Timestamp, Unit};

/// Now, to the millisecond, for a register whose clock is ahead of the world's by so much.
///
/// A register is a foreign system with a time of its own: nobody hands it the run's instant.
#[expect(clippy::disallowed_methods, reason = "the register stands for a foreign system with its own clock")]
pub(super) fn now(ahead: SignedDuration) -> Timestamp {
    let now = Timestamp::now();
    let now = now.checked_add(ahead).unwrap_or(now);
    now.round(Unit::Millisecond).unwrap_or(now)
}
