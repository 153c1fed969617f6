//! A clock that is ahead of the world's, so that days of a rehearsal pass in seconds. Only in builds with the
//! `demo` feature: in the image there is no such thing.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;

/// The variable that sets it: a duration such as `+24h`, or the instant that it now is, as
/// `2026-12-01T06:00:00Z`. The clock runs on from there.
pub(crate) const DEMO_CLOCK: &str = "BESTAND_DEMO_CLOCK";

static AHEAD: OnceLock<SignedDuration> = OnceLock::new();

/// Reads the variable once.
///
/// # Errors
/// When it says neither an instant nor a duration: a clock that nobody asked for would be worse than none.
#[expect(clippy::disallowed_methods, reason = "how far ahead an instant lies is measured once, at the start")]
pub(crate) fn check() -> Result<(), Error> {
    let Some(text) = std::env::var_os(DEMO_CLOCK) else { return Ok(()) };
    let text = text.to_string_lossy();
    let ahead = read(&text, Timestamp::now()).ok_or_else(|| {
        Error::Usage(format!(
            "{DEMO_CLOCK} is `{text}`: write a duration such as +24h, or an instant such as 2026-12-01T06:00:00Z"
        ))
    })?;
    AHEAD.get_or_init(|| ahead);
    Ok(())
}

/// How far this process's clock is ahead of the world's.
pub(crate) fn ahead() -> SignedDuration {
    AHEAD.get().copied().unwrap_or(SignedDuration::ZERO)
}

fn read(text: &str, now: Timestamp) -> Option<SignedDuration> {
    match text.parse::<Timestamp>() {
        Ok(instant) => Some(instant.duration_since(now)),
        Err(_) => text.parse::<SignedDuration>().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_or_an_instant_sets_the_clock_and_nothing_else_does() {
        let now: Timestamp = "2026-11-25T06:00:00Z".parse().unwrap();
        assert_eq!(read("+24h", now), Some(SignedDuration::from_hours(24)));
        assert_eq!(read("-90m", now), Some(SignedDuration::from_mins(-90)));
        assert_eq!(read("2026-11-27T06:00:00Z", now), Some(SignedDuration::from_hours(48)));
        assert_eq!(read("tomorrow", now), None);
        assert_eq!(read("", now), None);
    }
}
