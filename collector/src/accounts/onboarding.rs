//! Whether an account is so new that its role may still be on its way.

use jiff::{SignedDuration, Timestamp};

/// Tells whether the account joined within the window before `now`. An account whose joining nobody dates, or
/// dates in the future, is not new: what cannot be entered is then told as what it is.
pub(crate) fn is_onboarding(joined_at: Option<Timestamp>, now: Timestamp, window: SignedDuration) -> bool {
    joined_at.is_some_and(|joined| joined <= now && now.duration_since(joined) < window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_new_for_the_set_time_and_no_longer() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        let joined = |text: &str| Some(text.parse().unwrap());
        for (joined_at, window, expected) in [
            (joined("2026-11-23T08:59:59Z"), day, true),
            (joined("2026-11-23T09:00:00Z"), day, true),
            (joined("2026-11-22T09:00:01Z"), day, true),
            (joined("2026-11-22T09:00:00Z"), day, false),
            (joined("2026-11-23T09:00:01Z"), day, false),
            (joined("2026-11-23T08:59:59Z"), SignedDuration::ZERO, false),
            (None, day, false),
        ] {
            assert_eq!(is_onboarding(joined_at, now, window), expected, "{joined_at:?} {window}");
        }
    }
}
