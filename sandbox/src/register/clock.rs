//! The register's own clock.

use jiff::{Timestamp, Unit};

/// Now, to the millisecond.
///
/// A register is a foreign system with a time of its own: nobody hands it the run's instant.
#[expect(clippy::disallowed_methods, reason = "the register stands for a foreign system with its own clock")]
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}
